"""Ports dealt out in sets (port-set): what subscribers can hold, by counting.

One subscriber. Any port of its sets may carry any of its mappings, so under one clash-scope key it has as many of them as its sockets and its
sets' ports allow, the heaviest first. That number f is concave in the sets that are dealt on demand: the next one never adds more than the one
before did. (A deterministic set, of another size, is every subscriber's from the start.)

All of them. They share nothing but the sets, so the most is the largest sum of f: each set goes where it adds most.

A demand. n subscribers with b sets each carry x flows of a kind, spread evenly over subscribers and keys (one flow to the next subscriber each,
kind after kind), if that many sockets, ports and quotas are there in all: no subscriber then has more than its own. And with y sets they carry no
more towards some servers than f, counted towards these alone, says of y sets dealt evenly: no other dealing of a concave f gives more.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from .blocks import read_dests
from .keys import keys_of, mapping_side, weights
from .reading import count, entries, get, known_keys, need, word
from .scenario import Client, Nat, Scenario
from .servers import Dest
from .sets import Box, covers, size, spend, total, volume

Mappings = list[tuple[int, int]]  # (connections of each, how many)


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

    def held(self, sets: int) -> Mappings:
        """What one subscriber holds at most with so many sets."""
        spend(1 + len(self.keys))
        each = [(w, n * number) for number, found in self.keys for w, n in cut(((w, self.sockets * n) for w, n in found), self.ports(sets))]
        return each if self.quota is None else cut(each, None, self.quota)

    def most(self, sets: int) -> int:
        """How many connections that is."""
        return carried(self.held(sets))


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


def all_sets(scenario: Scenario, nat: Nat) -> int:
    """All that can be in use: those that subscribers have anyway, and those to be dealt."""
    there = supply(scenario, nat)
    return there.own * sum(size(c.addresses) for c in scenario.inside(nat)) + there.shared


def most_dealt(scenario: Scenario, nat: Nat) -> int:
    """The largest sum of f: of all the sets that a subscriber could get, those that add most."""
    there = supply(scenario, nat)
    gains: list[tuple[int, int]] = []
    base = 0
    for client in scenario.inside(nat):
        room = Room(scenario, nat, client)
        before = room.most(there.own)
        base += before * size(client.addresses)
        for b in range(there.own + 1, there.each + 1):
            now = room.most(b)
            if now == before:
                break
            gains.append((now - before, size(client.addresses)))
            before = now
    return base + carried(cut(gains, there.shared))


def check_bound(scenario: Scenario, nat: Nat, value: Any, where: str, limits: list[int]) -> int:
    """does-not-fit: the most connections through the NAT."""
    known_keys(value, "nat at-most table port-sets", where)
    need(count(get(value, "port-sets", where), where) == all_sets(scenario, nat), f"{where}: another number of sets")
    table = None if value.get("table") is None else count(value["table"], where)
    need(table is None or table in limits, f"{where}: {nat.name} has no such limit")
    bound = most_dealt(scenario, nat)
    bound = bound if table is None else min(bound, table)
    need(count(get(value, "at-most", where), where) == bound, f"{where}: at most {bound:,} connections, not as it says")
    return bound


def whole(dests: Iterable[Dest]) -> list[Box]:
    """Destinations as boxes."""
    return [box for d in dests for box in d.boxes]


class Dealt:
    """An item of `subscribers`: so many addresses of a client set with so many sets each, and what they carry."""

    def __init__(self, scenario: Scenario, nat: Nat, value: Any, where: str) -> None:
        known_keys(value, "client subscribers sets flows", where)
        name = word(get(value, "client", where), where)
        need(name in nat.inside, f"{where}: {name[:40]!r} is not inside {nat.name}")
        self.client = scenario.clients[name]
        self.many, self.sets = (count(get(value, key, where), where) for key in ("subscribers", "sets"))
        need(self.sets <= supply(scenario, nat).each, f"{where}: more sets than a subscriber may have")
        self.room = Room(scenario, nat, self.client, apart=True)
        self.flows = []
        for i, f in enumerate(entries(value.get("flows", []), where)):
            known_keys(f, "to connections", f"{where}.flows[{i}]")
            dests = read_dests(scenario, get(f, "to", where), f"{where}.flows[{i}].to")
            self.flows.append((dests, count(get(f, "connections", where), where)))

    def check_flows(self, scenario: Scenario, where: str) -> None:
        """So many flows of each kind find sockets, ports and quotas."""
        room, plan = self.room, self.room.plan
        need(plan.mapping != "adm" or plan.scope != "address" or self.alone(), f"{where}: mappings that several flows share")
        under: list[tuple[list[Box], list[Box], int]] = []  # keys, destinations, flows
        for dests, many in self.flows:
            need(all(scenario.reached(self.client, d.server) for d in dests), f"{where}: servers that {self.client.name} does not reach")
            sides = mapping_side(plan, dests, key=True)
            own = volume(mapping_side(plan, dests, key=True, mapping=True))
            need(total(whole(dests)) == volume(whole(dests)), f"{where}: a destination occurs twice")
            need(many <= own * room.sockets * self.many, f"{where}: more flows than {self.client.name} has sockets for")
            need(alike(plan, dests), f"{where}: destinations of several kinds in one flow")
            under.append((sides, mapping_side(plan, dests, key=True, mapping=True), many))
        sides = [box for _, made, _ in under for box in made]
        need(sum(volume(made) for _, made, _ in under) == volume(sides), f"{where}: a mapping is in two flows")
        groups: list[tuple[list[Box], int]] = []
        for keys, _, many in under:
            for i, (others, before) in enumerate(groups):
                spend(1)
                if covers(others, keys) and covers(keys, others):
                    groups[i] = (others, before + many)
                    break
            else:
                groups.append((keys, many))
        need(
            sum(volume(k) for k, _ in groups) == volume([b for k, _ in groups for b in k]),
            f"{where}: flows that share a part of their keys",
        )
        for keys, many in groups:
            need(many <= volume(keys) * self.many * room.ports(self.sets), f"{where}: more flows than the sets have ports for")
        all_ = sum(many for _, many in self.flows)
        if room.quota is not None:
            need(plan.mapping != "eim", f"{where}: a quota on flows that share mappings")
            need(all_ <= self.many * room.quota, f"{where}: more flows than the quotas allow")

    def alone(self) -> bool:
        """Whether every flow has a mapping of its own."""
        dests = [d for dests, _ in self.flows for d in dests]
        return volume(mapping_side(self.room.plan, dests, mapping=True)) == volume(whole(dests))


def alike(plan: Any, dests: list[Dest]) -> bool:
    """Whether as many mappings lie under every key there: each box of keys then has its mappings in the same proportion."""
    each = set()
    for one in keys_of(plan, dests):
        each.add(sum(1 if plan.mapping == "eim" else cell.addresses * cell.ports for cell in one.cells))
    return len(each) <= 1 or plan.scope == "none"


def check_dealt(scenario: Scenario, value: Any, demand: bool, where: str) -> tuple[Nat, int, list[Dealt]]:
    """fits: an item of `port-sets`. Returns the NAT, its connections and who carries them."""
    known_keys(value, "nat connections subscribers", where)
    name = word(get(value, "nat", where), where)
    need(name in scenario.nats and scenario.nats[name].port_sets is not None, f"{where}: no NAT {name[:40]!r} with port sets")
    nat = scenario.nats[name]
    said = count(get(value, "connections", where), where)
    items = [Dealt(scenario, nat, v, f"{where}[{i}]") for i, v in enumerate(entries(get(value, "subscribers", where), where))]
    there = supply(scenario, nat)
    dealt = sum(d.many * max(d.sets - there.own, 0) for d in items)
    need(dealt <= there.shared, f"{where}: more sets than the {there.shared:,} that {nat.name} deals")
    for client in {d.client.name: d.client for d in items}.values():
        spend(len(items))
        need(
            sum(d.many for d in items if d.client.name == client.name) <= size(client.addresses),
            f"{where}: more than the addresses of {client.name}",
        )
    need(nat.table is None or said <= nat.table, f"{where}: {said:,} connections pass the table's {nat.table}")
    shared = nat.plan.mapping in ("eim", "adm")
    if demand:
        for d in items:
            d.check_flows(scenario, where)
        flows = sum(many for d in items for _, many in d.flows)
        need(nat.mappings is None or flows <= nat.mappings, f"{where}: {flows:,} mappings pass the limit")
        need(shared or flows == said, f"{where}: the flows are not {said:,}")
    else:
        held = [(w, n * d.many) for d in items for w, n in d.room.held(d.sets)]
        need(not any(d.flows for d in items), f"{where}: flows without a demand")
        need(said <= carried(cut(held, nat.mappings)), f"{where}: so many sets carry fewer than {said:,}")
    return nat, said, items


def check_demand(scenario: Scenario, nat: Nat, said: int, items: list[Dealt], demand: Mapping[tuple[str, str], int]) -> None:
    """The flows of the items are what the demand wants through the NAT; under eim mappings, of which one serves every endpoint of its protocol."""
    wanted = {pair: n for pair, n in demand.items() if n and pair[0] in nat.inside}
    need(said == sum(wanted.values()), f"{nat.name}: the demand wants another number through it")
    there: dict[tuple[str, Any], int] = {}
    for d in items:
        for dests, many in d.flows:
            kinds: set[Any] = {x.server.protocol if nat.plan.mapping == "eim" else x.server.name for x in dests}
            need(len(kinds) == 1, f"{nat.name}: flows of two kinds in one")
            place = d.client.name, kinds.pop()
            there[place] = there.get(place, 0) + many
            if nat.plan.mapping == "eim":
                mine = [x for x in scenario.destinations(d.client) if x.server.protocol == place[1]]
                need(covers(whole(dests), whole(mine)), f"{nat.name}: a mapping serves every endpoint that is reached")
    for (name, to), n in wanted.items():
        server = scenario.servers[to]
        need(scenario.reached(scenario.clients[name], server), f"{name} does not reach {to}")
        if nat.plan.mapping == "eim":
            enough = there.get((name, server.protocol), 0) * Dest(server, server.addresses, server.ports).size >= n
        else:
            enough = there.get((name, to), 0) == n
        need(enough, f"{nat.name}: other flows from {name} to {to} than are wanted")
    need(nat.plan.mapping == "eim" or sum(there.values()) == said, f"{nat.name}: flows that nobody wants")


def needed(scenario: Scenario, nat: Nat, wanted: Mapping[tuple[str, str], int], client: Client, to: frozenset[str]) -> tuple[int, Room]:
    """What is wanted towards these servers, counted as f counts it: flows, or under eim mappings (one carries a flow to each endpoint)."""
    room = Room(scenario, nat, client, to)
    if nat.plan.mapping != "eim":
        return sum(wanted.get((client.name, v), 0) for v in to), room
    each: dict[int, int] = {}
    for v in to:
        server = scenario.servers[v]
        here = -(-wanted.get((client.name, v), 0) // Dest(server, server.addresses, server.ports).size)
        each[server.protocol] = max(each.get(server.protocol, 0), here)
    coarse = volume(mapping_side(nat.plan, scenario.destinations(room.client), key=True, mapping=True))
    single = coarse == volume(mapping_side(nat.plan, scenario.destinations(room.client), mapping=True))
    need(single, f"{client.name}: a mapping that lies under several keys may share its endpoint with others")
    room.keys = [(number, [(1, sum(n for _, n in found))]) for number, found in room.keys]
    room.quota = None
    return sum(each.values()), room


def too_few(scenario: Scenario, nat: Nat, value: Any, demand: Mapping[tuple[str, str], int], where: str) -> bool:
    """does-not-fit with a demand: whether the sets that these client sets need at least are more than there are."""
    there = supply(scenario, nat)
    least, seen, alone = 0, set(), False
    for i, item in enumerate(entries(value, where)):
        here = f"{where}[{i}]"
        known_keys(item, "client to sets", here)
        name = word(get(item, "client", here), here)
        need(name in nat.inside and name not in seen, f"{here}: {name[:40]!r} is not inside {nat.name}, or counted before")
        seen.add(name)
        client = scenario.clients[name]
        to = frozenset(word(v, here) for v in entries(get(item, "to", here), here))
        need(to <= scenario.servers.keys() and to, f"{here}: no such servers")
        need(all(scenario.reached(client, scenario.servers[v]) for v in to), f"{here}: servers that {name} does not reach")
        many, y = size(client.addresses), count(get(item, "sets", here), here)
        need(y >= there.own * many, f"{here}: fewer sets than {name} has anyway")
        wanted, room = needed(scenario, nat, demand, client, to)
        full, more = divmod(y, many)
        carries = more * room.most(full + 1) + (many - more) * room.most(full)
        need(wanted > carries, f"{here}: {y:,} sets carry {carries:,}, and {wanted:,} are wanted")
        least += y + 1 - there.own * many
        alone = alone or y >= many * there.each
    return alone or least > there.shared
