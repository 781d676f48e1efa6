"""A group of a bound: destinations whose clash-scope keys are alike, and levels of mappings that may use few external endpoints.

With several ways (NATs that clients are spread over) the endpoints of all of them are open to a client that is inside each: a socket with a
connection under a key has an endpoint of one of them at least, and carries no more there than one mapping would.
"""

from __future__ import annotations

from typing import Any

from .blocks import read_dests
from .keys import keys_of, mapping_side, weights
from .left import Group, Left, read_left, read_open, whole
from .pool import Way
from .reading import count, entries, get, known_keys, need
from .scenario import Client, Nat, Scenario
from .servers import Dest
from .sets import Box, boxes, covers, meet, spend, total, union, volume

Weights = list[tuple[int, int]]


def stay_inside(scenario: Scenario, way: Way, group: Group, item: Left, open_: list[Box], where: str) -> None:
    """Every external endpoint that the item's mappings may be given lies in `open`."""
    onto = way.plan.permitted(item.ports)
    dests = [d for d in (item.to or group.dests) if scenario.reached(item.client, d.server)]
    # where all of these ports are open on the whole pool, it does not matter which address a hash picks
    for protocol in {d.server.protocol for d in dests}:
        mine = open_ + way.nat.holes.boxes(protocol)  # static mappings are given to nobody
        if covers(mine, boxes(way.nat.pool, onto)):
            continue
        towards = union(s for d in dests if d.server.protocol == protocol for s in d.addresses)
        given = way.externals(item.client, item.addresses, [protocol], towards)
        need(covers(mine, boxes(given, onto)), f"{where}: {item.client.name} may use external endpoints that are not listed as open")


def cells(items: list[Left]) -> list[list[Left]]:
    """Which items meet at some socket: the distinct lists, with [] where a socket of the client set is in none."""
    client = items[0].client
    begin: dict[int, list[int]] = {}
    end: dict[int, list[int]] = {}
    for i, item in enumerate(items):
        for lo, hi in item.addresses:
            begin.setdefault(lo, []).append(i)
            end.setdefault(hi + 1, []).append(i)
    own = {lo: 1 for lo, _ in client.addresses}
    for _, hi in client.addresses:
        own[hi + 1] = -1  # sets are written without neighbours that touch
    now: set[int] = set()
    rows: set[frozenset[int]] = set()
    inside = 0
    for at in sorted({*begin, *end, *own}):
        now.difference_update(end.get(at, ()))
        now.update(begin.get(at, ()))
        inside += own.get(at, 0)
        spend(1 + len(now))
        if inside:
            rows.add(frozenset(now))
    found: set[frozenset[int]] = set()
    for row in rows:
        sets = [client.ports, *(items[i].ports for i in row)]
        for lo in {x for s in sets for first, last in s for x in (first, last + 1)}:
            if meet(client.ports, ((lo, lo),)):
                found.add(frozenset(i for i in row if meet(items[i].ports, ((lo, lo),))))
    return [[items[i] for i in sorted(f)] for f in found]


def heaviest_first(scenario: Scenario, nat: Nat, client: Client, dests: list[Dest]) -> list[Weights]:
    """The mappings of one socket of the client set under each kind of key among the destinations."""
    out: list[Weights] = []
    for key in keys_of(nat.plan, dests):
        found = weights(scenario, nat.plan, client, key)
        spend(len(out))
        if found and found not in out:
            out.append(found)
    return out


def paid_for(group: Group, at: list[Left], lists: list[Weights], where: str) -> None:
    """The levels that speak of a mapping weigh as much as it does, for every mapping of a socket where these items meet."""
    spoken = [0] * len(group.weights)
    for item in at:
        spoken[item.level] += item.mappings
    for found in lists:
        before = 0
        spend(len(found) * len(spoken))
        for weight, how_many in found:
            # of equal ones the last has the fewest levels
            before += how_many
            paid = sum(w for w, n in zip(group.weights, spoken) if n >= before)  # noqa: B905
            need(paid >= weight, f"{where}: mappings of {at[0].client.name if at else 'a client set'} are in no level")


def complete(scenario: Scenario, group: Group, where: str) -> None:
    """Every mapping that a client may have towards the group is spoken of in levels of enough weight."""
    alike: dict[frozenset[str], list[Weights]] = {}  # client sets that reach the same servers
    mentioned: dict[str, list[Left]] = {}
    for item in group.items:
        mentioned.setdefault(item.client.name, []).append(item)
    for client in group.clients.values():
        items = mentioned.get(client.name, [])
        need(items, f"{where}: {client.name} reaches these destinations and is not mentioned")
        bundles = list(dict.fromkeys(i.to for i in items))
        if client.reaches not in alike or bundles != [()]:
            spend(len(group.dests))
            reached = [d for d in group.dests if scenario.reached(client, d.server)]
        if bundles == [()]:
            if client.reaches not in alike:
                alike[client.reaches] = heaviest_first(scenario, group.nat, client, reached)
            for at in cells(items):
                need(at, f"{where}: sockets of {client.name} are not mentioned")
                paid_for(group, at, alike[client.reaches], where)
            continue
        need(() not in bundles, f"{where}: items of {client.name} with destinations and without")
        sides = [mapping_side(group.nat.plan, b, key=True, mapping=True) for b in bundles]
        need(volume([x for s in sides for x in s]) == sum(map(volume, sides)), f"{where}: one mapping is in two items")
        need(covers([x for b in bundles for x in whole(b)], whole(reached)), f"{where}: destinations of {client.name} are in no item")
        for bundle in bundles:
            lists = heaviest_first(scenario, group.nat, client, list(bundle))
            for at in cells([i for i in items if i.to == bundle]):
                need(at, f"{where}: sockets of {client.name} are not mentioned")
                paid_for(group, at, lists, where)


def check_group(scenario: Scenario, ways: list[Way], value: Any, where: str, unit: str = "mappings") -> tuple[Group, int]:
    """Returns the group and the number of connections that it bounds. With a demand the closed items alone count, each with all its sockets."""
    nat = ways[0].nat
    known_keys(value, "to keys levels at-most", where)
    dests = read_dests(scenario, get(value, "to", where), where + ".to")
    need(total(whole(dests)) == volume(whole(dests)), f"{where}: a destination occurs twice")
    spend(len(ways) * len(scenario.clients) * len(dests))
    reaching = [c for w in ways for c in scenario.inside(w.nat) if any(scenario.reached(c, d.server) for d in dests)]
    group = Group(nat, dests, {c.name: c for c in reaching})
    keys = count(get(value, "keys", where), where + ".keys")
    need(keys == volume(mapping_side(nat.plan, dests, key=True)), f"{where}: the number of clash-scope keys is another one")
    bound = 0
    for i, level in enumerate(entries(get(value, "levels", where), where)):
        here = f"{where}.levels[{i}]"
        known_keys(level, "weight closed open loose at-most", here)
        weight = count(get(level, "weight", here), here)
        need(weight > 0, f"{here}: a weight of 0")
        open_ = read_open(get(level, "open", here), here + ".open")
        closed = [read_left(scenario, group, v, here + ".closed", unit) for v in entries(get(level, "closed", here), here)]
        loose = [read_left(scenario, group, v, here + ".loose", "mappings") for v in entries(level.get("loose", []), here)]
        for item in closed:
            for way in ways:
                if item.client.name in way.nat.inside:
                    stay_inside(scenario, way, group, item, open_, here)
        need(unit == "mappings" or not loose, f"{here}: with a demand, the closed ones alone count")
        at_most = sum(item.size for item in loose) + volume(open_)
        if "at-most" in level:
            need(count(level["at-most"], here) == at_most, f"{here}: at most {at_most:,} mappings, not as it says")
        bound += weight * at_most
        group.weights.append(weight)
        for item in closed + loose:
            item.level = i
            group.items.append(item)
    need(group.weights, f"{where}: no levels")
    if "at-most" in value:
        need(count(value["at-most"], where) == keys * bound, f"{where}: at most {keys * bound:,} connections, not as it says")
    return group, keys * bound


def one_of_each(clients: list[Client]) -> list[Client]:
    """Of client sets that reach the same servers, one."""
    return list({c.reaches: c for c in clients}.values())
