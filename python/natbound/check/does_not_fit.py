"""does-not-fit: no more than N connections can be live together.

For each clash-scope key, live mappings hold distinct external endpoints. Those of a Hall set (`closed`) hold endpoints of `open` alone, so
they are at most |open|; the others (`loose`) at most all of them. Where a mapping carries several connections, level i bounds how many of
the heaviest mappings are live, and a mapping of weight W is paid for by the levels that speak of it: their weights add up to W at least.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from .alone import without
from .backends import by_backends
from .cascade import sent
from .clash import together
from .direct import check_direct, check_firewall
from .gated import read_gates, without_what_meets
from .groups import check_group, complete, one_of_each
from .joint import read_joint
from .left import whole
from .limit import limit
from .paired import counted_dealt
from .pool import Way
from .port_set_room import check_bound
from .quota import capped
from .reading import count, entries, get, known_keys, need, word
from .scenario import Nat, Scenario
from .server_limits import read_counted
from .sets import covers, total, volume
from .subscribers import cut


def check_nat(scenario: Scenario, nat: Nat, value: Any, where: str) -> int:
    """Returns the most connections through one NAT."""
    if nat.port_sets is not None and "groups" not in value:
        return check_bound(scenario, nat, value, where, limit(scenario, nat))
    if nat.port_sets is not None:  # whoever has which set, no more fit than if nothing said whose a port is
        nat = replace(nat, port_sets=None, plan=replace(nat.plan, pool_choice="random", hash="", fallback=True))
        scenario = replace(scenario, nats={**scenario.nats, nat.name: nat})
    if not nat.translates:
        return check_firewall(scenario, nat, value, where)
    known_keys(value, "nat at-most table quota backends subscribers paired groups", where)
    table = None if value.get("table") is None else count(value["table"], where)
    need(table is None or table in limit(scenario, nat), f"{where}: {nat.name} has no such limit")
    groups = []
    if "subscribers" in value:
        hashed = Way(scenario, nat).gives == "hashed"
        scenario, nat = cut(scenario, nat, value["subscribers"], hashed, where + ".subscribers")
    bound, scenario, nat = capped(scenario, nat, value.get("quota", []), where + ".quota")
    dealt, scenario, nat = counted_dealt(scenario, nat, value.get("paired", []), where + ".paired")
    bound += dealt
    crowded = by_backends(scenario, nat, value.get("backends", []), where + ".backends")
    if crowded:
        bound += sum(crowded.values())
        scenario = without(scenario, crowded)
        nat = scenario.nats.get(nat.name) or replace(nat, inside=frozenset())
    way = Way(scenario, nat)
    for i, g in enumerate(entries(get(value, "groups", where), where)):
        here = f"{where}.groups[{i}]"
        group, at_most = check_group(scenario, [way], g, here)
        complete(scenario, group, here)
        groups.append(group)
        bound += at_most
    there = [box for g in groups for box in whole(g.dests)]
    need(total(there) == volume(there), f"{where}: a destination is in two groups")
    reached = [d for c in one_of_each(scenario.inside(nat)) for d in scenario.destinations(c)]
    if table is None or groups or not reached:
        need(covers(there, whole(reached)), f"{where}: a destination that is reached is in no group")
        bound = bound if table is None else min(bound, table)
    else:
        bound = table
    need(count(get(value, "at-most", where), where) == bound, f"{where}: at most {bound:,} connections, not as it says")
    return bound


def check_does_not_fit(scenario: Scenario, body: Any) -> int:
    """Returns the number of connections that is not passed; rejects a body that does not show it."""
    said = count(get(body, "at-most", "does-not-fit"), "at-most")
    need("pairs" not in body, "pairs: without a demand")
    met = read_gates(scenario, body.get("gates", []), "gates")
    if met:
        scenario = without_what_meets(scenario, met)
    counted = read_counted(scenario, body.get("servers", []), "servers")
    if counted:
        scenario = without(scenario, counted)
    bounds: dict[str, int] = {}
    for i, item in enumerate(entries(get(body, "nats", "does-not-fit"), "nats")):
        name = word(get(item, "nat", f"nats[{i}]"), f"nats[{i}]")
        need(name in scenario.nats and name not in bounds, f"nats[{i}]: no such NAT, or a second time")
        bounds[name] = check_nat(scenario, scenario.nats[name], item, f"nats[{i}]")
    need(len(bounds) == len(scenario.nats), "a NAT is not mentioned")
    direct = check_direct(scenario, body.get("direct", []))
    routed = {c.name for c in scenario.clients.values() if scenario.nat_of(c) is None}
    need(set(direct) == routed, "a client set inside no NAT is not mentioned")
    joint = read_joint(scenario, body.get("together", []), "together")
    bound = together(scenario, {**sent(scenario, bounds), **direct}, joint) + sum(counted.values()) + sum(g.most for g in met)
    need(said == bound, f"the parts add up to {bound:,} and not to {said:,}")
    return said
