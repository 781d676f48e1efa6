"""A clash: two ways out of the network share external endpoints, so that two flows get one tuple.

A way out is a NAT that is inside none, or clients that nothing translates. Towards each destination a tuple is one flow, so ways that share
endpoints have together no more flows than the endpoints of all of them.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any

from .reading import entries, get, known_keys, need
from .scenario import Client, Nat, Scenario
from .servers import Dest
from .sets import Box, Set, Undecided, boxes, covers, element, size, spend, union, volume


@dataclass(frozen=True)
class WayOut:
    """Who sends from which endpoints to which servers."""

    name: str
    endpoints: tuple[Box, ...]
    reaches: frozenset[str]
    clients: frozenset[str]  # client sets (and inner NATs) that send through it


def ways_out(scenario: Scenario) -> list[WayOut]:
    """All of them."""

    def reached(clients: list[Client]) -> frozenset[str]:
        spend(len(clients) * len(scenario.servers))
        return frozenset(v.name for v in scenario.servers.values() if any(scenario.reached(c, v) for c in clients))

    out = []
    for c in scenario.clients.values():
        if scenario.nat_of(c) is None and not c.inner:
            out.append(WayOut(c.name, tuple(boxes(c.addresses, c.ports)), reached([c]), frozenset([c.name])))
    for n in scenario.nats.values():
        if n.name in scenario.clients:
            continue
        if not n.translates:
            own = [box for c in scenario.inside(n) for box in boxes(c.addresses, c.ports)]
            out.append(WayOut(n.name, tuple(own), reached(scenario.inside(n)), n.inside))
            continue
        given: Set = union(s for c in scenario.inside(n) for s in n.plan.permitted(c.ports))
        out.append(WayOut(n.name, tuple(boxes(n.pool, given)), reached(scenario.inside(n)), n.inside))
    return out


def clusters(scenario: Scenario) -> list[list[WayOut]]:
    """Ways out that share clients, or endpoints towards some destination, directly or by others; most stand alone."""
    ways = ways_out(scenario)
    spread = sum(len(w.clients) for w in ways) != len({c for w in ways for c in w.clients})
    if not spread and volume([b for w in ways for b in w.endpoints]) == sum(volume(list(w.endpoints)) for w in ways):
        return [[w] for w in ways]
    group = {w.name: {w.name} for w in ways}
    for a, b in itertools.combinations(ways, 2):
        spend(len(a.endpoints) * len(b.endpoints))
        shared = volume([*a.endpoints, *b.endpoints]) < volume(list(a.endpoints)) + volume(list(b.endpoints))
        if ((shared and a.reaches & b.reaches) or a.clients & b.clients) and group[a.name] is not group[b.name]:
            group[a.name] |= group[b.name]
            for name in group[b.name]:
                group[name] = group[a.name]
    return [[w for w in ways if w.name in names] for names in {id(g): g for g in group.values()}.values()]


def together(scenario: Scenario, alone: dict[str, int], joint: dict[frozenset[str], int]) -> int:
    """What all ways out have at most, where each by itself has so many, and some NATs together so many."""
    out = 0
    for some in clusters(scenario):
        each = sum(alone[w.name] for w in some)
        if len(some) > 1:
            spend(len(some) * len(scenario.servers))
            tuples = sum(
                size(v.addresses) * size(v.ports) * volume([b for w in some if v.name in w.reaches for b in w.endpoints])
                for v in scenario.servers.values()
            )
            clients = [scenario.clients[name] for name in {name for w in some for name in w.clients}]
            each = min(each, tuples, sum(c.sockets * sum(d.size for d in scenario.destinations(c)) for c in clients))
            each = min(each, joint.get(frozenset(w.name for w in some), each))
        out += each
    return out


def once_alone(scenario: Scenario) -> None:
    """No two ways out share endpoints."""
    for some in clusters(scenario):
        boxes_ = [list(w.endpoints) for w in some]
        apart = volume([b for each in boxes_ for b in each]) == sum(map(volume, boxes_))
        need(apart, f"{', '.join(w.name for w in some[:3])} share external endpoints: two flows may get one tuple")


def once_behind(scenario: Scenario) -> None:
    """No external endpoint is given towards two endpoints with the same backends, which might be sent to one of them."""
    for v in scenario.servers.values():
        if v.backends is None or size(v.addresses) * size(v.ports) == 1:
            continue
        for w in ways_out(scenario):
            plan = scenario.nats[w.name].plan if w.name in scenario.nats else None
            apart = plan is not None and plan.scope == "none" and plan.mapping == "edm"
            need(apart or v.name not in w.reaches, f"{v.name}: two flows of one external endpoint may be sent to one backend")


def check_clash(scenario: Scenario, value: Any) -> None:
    """Two flows that get one external endpoint: each the first of its way out towards one destination, or towards two with the same backends."""
    from .guaranteed import flows_of, numbers
    from .replay import Script, Table

    steps = entries(value, "clash")
    need(len(steps) == 2, "clash: two flows are wanted")
    names, ends, servers = [], [], []
    tables: dict[str, Table] = {}
    for i, step in enumerate(steps):
        where = f"clash[{i}]"
        known_keys(step, "open to draws step nat", where)
        nat: Nat | None = None
        if (name := get(step, "nat", where)) is not None:
            need(isinstance(name, str) and name in scenario.nats and name not in scenario.clients, f"{where}: no outermost NAT")
            nat = scenario.nats[name]
            if nat.port_sets is not None:
                raise Undecided(f"{where}: this checker does not step port sets beside NATs that share endpoints")
        names.append(name if nat else get(get(step, "open", where), "client", where))
        flows = list(flows_of(scenario, nat, "open", {k: v for k, v in step.items() if k != "nat"}, where))
        need(len(flows) == 1, f"{where}: one flow is wanted")
        flow = flows[0]
        if nat is None:
            at = flow[1:3]
        else:
            table = tables.setdefault(nat.name, Table(scenario, nat))
            need(table.open(flow, Script(numbers(step.get("draws", []), where))), f"{where}: the flow is refused")
            rank, port = table.live[flow]
            at = element(nat.pool, rank), port
        ends.append(((flow[0], *flow[3:]), at))
        there = ((flow[0],) * 2, (flow[3],) * 2, (flow[4],) * 2)
        servers.append(next(v for v in scenario.servers.values() if covers(list(Dest(v, v.addresses, v.ports).boxes), [there])))
    need(ends[0][1] == ends[1][1], "clash: the two flows have different external endpoints")
    if ends[0][0] == ends[1][0]:
        need(len(set(names)) == 2, "clash: two ways out are wanted")
    else:
        need(servers[0] is servers[1] and servers[0].backends is not None, "clash: the two flows have different tuples")


def once_outside(scenario: Scenario, blocks: list[Any]) -> None:
    """No two connections have one tuple outside, where ways out share endpoints. `blocks`: of the last stages."""
    if all(len(some) == 1 for some in clusters(scenario)):
        return
    taken = [b.carriers(lambda ds: [box for d in ds for box in d.boxes]) for b in blocks]
    need(volume([x for t in taken for x in t]) == sum(map(volume, taken)), "two connections have one tuple outside")
