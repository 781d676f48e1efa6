"""What subscribers of a NAT that deals out its ports can hold, by counting.

One subscriber. Any port of its sets may carry any of its mappings, so under one clash-scope key it has as many of them as its sockets and its
sets' ports allow (without those that static mappings keep), the heaviest first. That number f is concave in the sets that are dealt on demand: the
next one never adds more than the one before did. (A deterministic set, of another size, is every subscriber's from the start.)

All of them. They share nothing but the sets, so the most is the largest sum of f: each set goes where it adds most. Of deterministic sets each
subscriber's own is looked at for what static mappings keep of it; of those dealt on demand none is, which is a bound.

Under paired pooling a subscriber's sets lie on one external address. If the subscribers of each kind (the same source ports and servers) had the
pool for themselves, dealing them evenly to its addresses were best: n of them hold at most F(n) on one address, the sum of its largest gains
f(b) - f(b - 1), each n times there. That is the least over g of g x sets + n x (what of each gain lies above g), so concave in n.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from itertools import pairwise
from typing import Any, NamedTuple

from .holes import PROTOCOLS
from .keys import keys_of, weights
from .reading import count, get, known_keys, need
from .scenario import Client, Nat, Scenario
from .sets import Undecided, meet, rank_of, size, spend

Mappings = list[tuple[int, int]]  # (connections of each, how many)
Kept = tuple[int, ...]  # ports that static mappings keep, by protocol


def cut(some: Iterable[tuple[int, int]], mappings: int | None = None, connections: int | None = None) -> Mappings:
    """The first of these mappings, heaviest first, within both limits; the last may carry fewer connections."""
    out: Mappings = []
    for weight, many in sorted(some, reverse=True):
        take = many if mappings is None else min(many, mappings)
        if connections is not None and weight * take > connections:
            whole, rest = divmod(connections, weight)
            return out + [(w, n) for w, n in ((weight, whole), (rest, 1)) if w and n]
        if mappings is not None:
            mappings -= take
        if connections is not None:
            connections -= weight * take
        if take:
            out.append((weight, take))
    return out


def carried(some: Iterable[tuple[int, int]]) -> int:
    """Their connections."""
    return sum(w * n for w, n in some)


class Room:
    """f of a client set's subscribers towards what it reaches (or `reaches` alone). `apart`: no two mappings on one endpoint, whatever their keys."""

    def __init__(self, scenario: Scenario, nat: Nat, client: Client, reaches: frozenset[str] | None = None, *, apart: bool = False) -> None:
        assert nat.port_sets is not None
        self.ports, self.quota, self.sockets = nat.port_sets.ports, nat.quota, size(client.ports)
        self.client = client = client if reaches is None else replace(client, reaches=reaches)
        plan = nat.plan
        if apart and plan.mapping == "eim":
            plan = replace(plan, scope="none")
        elif apart and plan.mapping == "adm" and plan.scope == "endpoint":
            plan = replace(plan, scope="address")
        self.plan = plan
        dests = scenario.destinations(client)
        self.keys = [(key.number, weights(scenario, plan, client, key)) for key in keys_of(plan, dests)]
        self.protocols = [key.cells[0].server.protocol for key in keys_of(plan, dests)]

    def held(self, sets: int, kept: Kept = ()) -> Mappings:
        """What one subscriber holds at most with so many sets, of which static mappings keep so many ports (by protocol)."""
        spend(1 + len(self.keys))
        each: Mappings = []
        for (number, found), protocol in zip(self.keys, self.protocols, strict=True):
            ports = self.ports(sets) - (kept[protocol] if kept else 0)
            each += [(w, n * number) for w, n in cut(((w, self.sockets * n) for w, n in found), ports)]
        return each if self.quota is None else cut(each, None, self.quota)

    def most(self, sets: int, kept: Kept = ()) -> int:
        """How many connections that is."""
        return carried(self.held(sets, kept))


class Supply(NamedTuple):
    """The sets of a NAT: those that each subscriber has anyway, how many there are to be dealt, and the most of one subscriber with its own."""

    own: int
    shared: int
    each: int


def supply(scenario: Scenario, nat: Nat) -> Supply:
    """Of a NAT that deals out its ports."""
    rule = nat.port_sets
    assert rule is not None
    if not rule.deterministic:
        return Supply(0, size(nat.pool) * len(rule.firsts), rule.each)
    if rule.more is None:
        return Supply(1, 0, 1)
    return Supply(1, size(nat.pool) * len(rule.more.firsts), 1 + rule.more.each)


def paired(nat: Nat) -> bool:
    """Whether paired pooling says which sets go together: a subscriber may have several, from a pool of several addresses."""
    rule = nat.port_sets
    return rule is not None and nat.plan.paired and size(nat.pool) > 1 and (rule.more is not None or rule.each > 1)


def sets_of_an_address(nat: Nat) -> int:
    """Those that one external address has, of which none is anybody's own."""
    rule = nat.port_sets
    assert rule is not None
    if rule.deterministic or nat.holes.each:
        raise Undecided(
            f"{nat.name}: paired pooling of deterministic port sets, or beside static mappings: this checker does not decide that"
        )
    return len(rule.firsts)


def all_sets(scenario: Scenario, nat: Nat) -> int:
    """All that can be in use: those that subscribers have anyway, and those to be dealt."""
    there = supply(scenario, nat)
    return there.own * sum(size(c.addresses) for c in scenario.inside(nat)) + there.shared


def kept_of(scenario: Scenario, nat: Nat, client: Client) -> Counter[Kept]:
    """How many of the client set's addresses have a deterministic set of which static mappings keep so many ports."""
    sets = nat.port_sets
    assert sets is not None
    if not nat.holes.each or not sets.deterministic or sets.more is not None:
        return Counter({(): size(client.addresses)})
    if any(name not in scenario.clients for name in sets.order):
        raise Undecided(f"{nat.name}: whose sets static mappings keep ports of is not known without all clients")
    names, per = sets.order[: sets.order.index(client.name)], len(sets.firsts)
    first = sum(size(scenario.clients[name].addresses) for name in names)
    end, out = first + size(client.addresses), Counter[Kept]()
    cuts = sorted({x for s in (nat.pool, *(h.addresses for h in nat.holes.each)) for lo, hi in s for x in (lo, hi + 1)})
    for k, lo in enumerate(cuts[:-1]):
        if (low := rank_of(nat.pool, lo)) is None:
            continue
        high = low + cuts[k + 1] - 1 - lo
        there = [nat.holes.on(p, lo) for p in range(len(PROTOCOLS))]
        for i, at in enumerate(sets.firsts if low * per < end and (high + 1) * per > first else ()):
            spend(4 * len(there))
            many = min(high, (end - 1 - i) // per) - max(low, -(-(first - i) // per)) + 1
            if many > 0:
                out[tuple(size(meet(ports, ((at, at + sets.size - 1),))) for ports in there)] += many
    return out


def most_dealt(scenario: Scenario, nat: Nat) -> int:
    """The largest sum of f: of all the sets that a subscriber could get, those that add most."""
    there = supply(scenario, nat)
    gains: list[tuple[int, int]] = []
    base = 0
    for client in scenario.inside(nat):
        room = Room(scenario, nat, client)
        before = room.most(there.own)
        base += sum(room.most(there.own, kept) * many for kept, many in kept_of(scenario, nat, client).items())
        for b in range(there.own + 1, there.each + 1):
            now = room.most(b)
            if now == before:
                break
            gains.append((now - before, size(client.addresses)))
            before = now
    return base + carried(cut(gains, there.shared))


def most_evenly(scenario: Scenario, nat: Nat) -> int:
    """With paired pooling: what the subscribers of each kind hold at most if they have the pool for themselves, all kinds together."""
    kinds: dict[tuple[Any, ...], tuple[Client, int]] = {}
    for client in scenario.inside(nat):
        kind = client.ports, frozenset(d.server.name for d in scenario.destinations(client))
        kinds[kind] = client, size(client.addresses) + kinds.get(kind, (client, 0))[1]
    sets, pool, out = sets_of_an_address(nat), size(nat.pool), 0
    for client, many in kinds.values():
        room = Room(scenario, nat, client)
        held = [room.most(b) for b in range(supply(scenario, nat).each + 1)]
        gains = [after - before for before, after in pairwise(held)]
        need(gains == sorted(gains, reverse=True), f"{nat.name}: a later set adds more than one before")
        each, odd = divmod(many, pool)
        out += sum(times * carried(cut([(g, n) for g in gains if g], sets)) for n, times in ((each + 1, odd), (each, pool - odd)))
    return out


def check_bound(scenario: Scenario, nat: Nat, value: Any, where: str, limits: list[int]) -> int:
    """does-not-fit: the most connections through the NAT."""
    known_keys(value, "nat at-most table port-sets", where)
    need(count(get(value, "port-sets", where), where) == all_sets(scenario, nat), f"{where}: another number of sets")
    table = None if value.get("table") is None else count(value["table"], where)
    need(table is None or table in limits, f"{where}: {nat.name} has no such limit")
    bound = most_dealt(scenario, nat)
    if paired(nat):
        bound = min(bound, most_evenly(scenario, nat))
    bound = bound if table is None else min(bound, table)
    need(count(get(value, "at-most", where), where) == bound, f"{where}: at most {bound:,} connections, not as it says")
    return bound
