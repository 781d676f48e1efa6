"""Ports dealt out in sets (port-set): subscribers that are counted, and demands.

A demand. n subscribers with b sets each carry x flows of a kind, spread evenly over subscribers and keys (one flow to the next subscriber each,
kind after kind), if that many sockets, ports and quotas are there in all: no subscriber then has more than its own. And with y sets they carry no
more towards some servers than f (port_set_room.py), counted towards these alone, says of y sets dealt evenly: no other dealing of a concave f
gives more.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from .blocks import read_dests
from .keys import keys_of, mapping_side
from .port_set_room import Room, carried, cut, kept_of, paired, sets_of_an_address, supply
from .reading import count, entries, get, known_keys, need, word
from .scenario import Client, Nat, Scenario
from .servers import Dest
from .sets import Box, covers, size, spend, total, volume


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


def on_addresses(nat: Nat, value: Any, items: list[Dealt], where: str) -> list[tuple[int, list[tuple[Dealt, int]]]]:
    """Paired pooling: external addresses, and how many subscribers of which items have their sets on each of them."""
    room, out, left = sets_of_an_address(nat), [], [d.many if d.sets else 0 for d in items]
    for i, one in enumerate(entries(value, where)):
        here = f"{where}[{i}]"
        known_keys(one, "addresses subscribers", here)
        addresses, on_each, used = count(get(one, "addresses", here), here), [], 0
        for pair in entries(get(one, "subscribers", here), here):
            numbers = [count(x, here) for x in entries(pair, here)]
            need(len(numbers) == 2 and numbers[0] < len(items), f"{here}: [item of subscribers, how many on each] is wanted")
            index, many = numbers
            left[index] -= addresses * many
            used += many * items[index].sets
            on_each.append((items[index], many))
        need(used <= room, f"{here}: {used:,} sets on an address, which has {room:,}")
        out.append((addresses, on_each))
    need(sum(addresses for addresses, _ in out) <= size(nat.pool), f"{where}: more addresses than the pool has")
    need(not any(left), f"{where}: other subscribers than those that have sets")
    return out


def check_dealt(scenario: Scenario, value: Any, demand: bool, where: str) -> tuple[Nat, int, list[Dealt]]:
    """fits: an item of `port-sets`. Returns the NAT, its connections and who carries them."""
    known_keys(value, "nat connections subscribers addresses", where)
    name = word(get(value, "nat", where), where)
    need(name in scenario.nats and scenario.nats[name].port_sets is not None, f"{where}: no NAT {name[:40]!r} with port sets")
    nat = scenario.nats[name]
    said = count(get(value, "connections", where), where)
    items = [Dealt(scenario, nat, v, f"{where}[{i}]") for i, v in enumerate(entries(get(value, "subscribers", where), where))]
    there = supply(scenario, nat)
    dealt = sum(d.many * max(d.sets - there.own, 0) for d in items)
    need(dealt <= there.shared, f"{where}: more sets than the {there.shared:,} that {nat.name} deals")
    if paired(nat):
        on_addresses(nat, get(value, "addresses", where), items, where + ".addresses")
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


def carried_with(scenario: Scenario, nat: Nat, client: Client, room: Room, sets: int) -> int:
    """What the client set's addresses carry with so many sets, dealt evenly; with their own, of which static mappings keep ports."""
    kept = kept_of(scenario, nat, client)
    if len(kept) > 1 or () not in kept:
        return sum(room.most(1, ports) * many for ports, many in kept.items())
    full, more = divmod(sets, size(client.addresses))
    return more * room.most(full + 1) + (size(client.addresses) - more) * room.most(full)


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
        carries = carried_with(scenario, nat, client, room, y)
        need(wanted > carries, f"{here}: {y:,} sets carry {carries:,}, and {wanted:,} are wanted")
        least += y + 1 - there.own * many
        alone = alone or y >= many * there.each
    return alone or least > there.shared
