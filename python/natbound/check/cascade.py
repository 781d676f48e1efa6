"""A cascade: a NAT inside another.

To the outer one the inner one is a set of clients: its pool is their addresses, what it may give are their ports. So each NAT can be looked
at by itself, and what goes through one is at most what it holds and at most what the NATs and clients inside it send.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

from .reading import need
from .sets import ALL_PORTS, meet, minus, spend, union

if TYPE_CHECKING:
    from .scenario import Client, Nat, Scenario


def inner_first(nats: dict[str, Nat]) -> list[Nat]:
    """Each NAT before the one that it is inside."""
    outer = {name: n.name for n in nats.values() for name in n.inside if name in nats}
    depth: dict[str, int] = {}
    for name in nats:
        way = [name]
        while way[-1] in outer and outer[way[-1]] not in depth:
            way.append(outer[way[-1]])
            spend(1)
            need(len(way) <= len(nats), f"{name}: is behind itself")
        top = depth[outer[way[-1]]] + 1 if way[-1] in outer else 0
        for k, n in enumerate(reversed(way)):
            depth[n] = top + k
    return sorted(nats.values(), key=lambda n: -depth[n.name])


def with_stages(scenario: Scenario) -> Scenario:
    """The scenario with a set of clients for each NAT that is inside another."""
    clients = dict(scenario.clients)
    inner = {name for n in scenario.nats.values() for name in n.inside if name in scenario.nats}
    for nat in inner_first(scenario.nats):
        if nat.name in inner:
            spend(len(nat.inside))
            clients[nat.name] = _stands(scenario, nat, [clients[name] for name in sorted(nat.inside)])
    return replace(scenario, clients=clients)


def _stands(scenario: Scenario, nat: Nat, inside: list[Client]) -> Client:
    given = union(s for c in inside for s in nat.plan.permitted(c.ports))
    if nat.holes.each:  # what is kept on every address, from all protocols that there are
        kept = ALL_PORTS
        for protocol in {v.protocol for v in scenario.servers.values()}:
            for _, there in nat.holes.alike(protocol, nat.pool):
                kept = meet(kept, there)
        given = minus(given, kept)
    reaches = frozenset() if any(not c.reaches for c in inside) else frozenset(v for c in inside for v in c.reaches)
    return replace(inside[0], name=nat.name, addresses=nat.pool, ports=given, reaches=reaches, inner=True)


def at_stages(scenario: Scenario, demand: Counter[tuple[str, str]]) -> Counter[tuple[str, str]]:
    """A demand with what it makes each inner NAT send to the one around it."""
    out = Counter(demand)
    for nat in inner_first(scenario.nats):
        if nat.name in scenario.clients:
            spend(len(nat.inside) * len(scenario.servers))
            for to in scenario.servers:
                if wanted := sum(out[name, to] for name in nat.inside):
                    out[nat.name, to] = wanted
    return out


def sent(scenario: Scenario, bounds: dict[str, int]) -> dict[str, int]:
    """What goes through each outermost NAT at most, where each by itself has its bound."""
    there = {c.name: c.sockets * sum(d.size for d in scenario.destinations(c)) for c in scenario.clients.values() if not c.inner}
    through = most_through(scenario, there, bounds)
    return {n.name: through[n.name] for n in scenario.nats.values() if n.name not in scenario.clients}


def most_through(scenario: Scenario, there: dict[str, int], bounds: dict[str, int]) -> dict[str, int]:
    """By NAT: what its clients (`there`) and the NATs inside it send, and no more than its own bound."""
    out = dict(there)
    for nat in inner_first(scenario.nats):
        inside = sum(out[name] for name in nat.inside)
        # a NAT with clients alone inside has counted them in its bound
        nested = any(name in scenario.nats for name in nat.inside)
        own = bounds.get(nat.name)
        out[nat.name] = inside if own is None else min(own, inside) if nested else own
    return out
