"""NATs that clients are spread over, bounded as one: some by their limits, the others by groups over the endpoints of all of them."""

from __future__ import annotations

from typing import Any

from .groups import check_group, complete, one_of_each
from .left import whole
from .limit import limit
from .pool import Way
from .reading import count, entries, get, known_keys, need, word
from .scenario import Nat, Scenario
from .sets import covers, total, volume

Joint = dict[frozenset[str], int]


def _nat(scenario: Scenario, name: str, where: str) -> Nat:
    """A NAT that is inside no other, and deals its ports to connections one by one."""
    need(name in scenario.nats and name not in scenario.clients, f"{where}: no outermost NAT {name[:40]!r}")
    nat = scenario.nats[name]
    need(nat.translates and nat.port_sets is None, f"{where}: {name} translates nothing, or deals out its ports in sets")
    need(not nat.inside & scenario.nats.keys(), f"{where}: {name} has NATs inside")
    return nat


def _how(nat: Nat) -> tuple[str, str, bool]:
    """What tells mappings and keys apart."""
    mapping = "edm" if nat.plan.mapping == "eim-if-possible" else nat.plan.mapping
    return mapping, nat.plan.scope, nat.plan.scope_protocol


def _bound(scenario: Scenario, value: Any, where: str) -> tuple[frozenset[str], int]:
    """The NATs of an item, and what they have together at most."""
    known_keys(value, "nats at-most tables groups", where)
    names = [word(n, where) for n in entries(get(value, "nats", where), where)]
    need(len(names) == len(set(names)), f"{where}: a NAT is named twice")
    rest = {n: _nat(scenario, n, where) for n in names}
    bound = 0
    for item in entries(get(value, "tables", where), where):
        known_keys(item, "nat table", where)
        name = word(get(item, "nat", where), where)
        need(name in rest, f"{where}: {name[:40]!r} is none of the NATs, or a second time")
        most = count(get(item, "table", where), where)
        need(most in limit(scenario, rest.pop(name)), f"{where}: {name} has no such limit")
        bound += most
    need(len({_how(n) for n in rest.values()}) <= 1, f"{where}: the NATs tell mappings or keys apart in different ways")
    ways = [Way(scenario, n) for n in rest.values()]
    there = []
    for i, g in enumerate(entries(get(value, "groups", where), where)):
        here = f"{where}.groups[{i}]"
        need(ways, f"{here}: no NAT is left")
        group, at_most = check_group(scenario, ways, g, here)
        complete(scenario, group, here)
        there += whole(group.dests)
        bound += at_most
    need(total(there) == volume(there), f"{where}: a destination is in two groups")
    reached = [d for c in one_of_each([c for n in rest.values() for c in scenario.inside(n)]) for d in scenario.destinations(c)]
    need(covers(there, whole(reached)), f"{where}: a destination that is reached is in no group")
    need(count(get(value, "at-most", where), where) == bound, f"{where}: at most {bound:,} connections, not as it says")
    return frozenset(names), bound


def read_joint(scenario: Scenario, value: Any, where: str) -> Joint:
    """By the names of the NATs, what they have together at most."""
    out: Joint = {}
    for i, item in enumerate(entries(value, where)):
        names, bound = _bound(scenario, item, f"{where}[{i}]")
        need(names not in out, f"{where}[{i}]: these NATs, a second time")
        out[names] = bound
    return out
