"""A limit on subscribers: at most so many client addresses have mappings at a NAT (RFC 8512 limit-subscribers)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from .blocks import Block
from .reading import count, entries, get, known_keys, need, word
from .scenario import Nat, Scenario
from .sets import Undecided, part, size, spend, union


def binding(scenario: Scenario, nat: Nat) -> int | None:
    """The limit, where there are more client addresses inside."""
    if nat.subscribers is None or sum(size(c.addresses) for c in scenario.inside(nat)) <= nat.subscribers:
        return None
    if nat.inside & scenario.nats.keys() or nat.name in scenario.clients or nat.port_sets is not None:
        raise Undecided(f"{nat.name}: a limit on subscribers in a cascade or with port sets: this checker does not decide that")
    return nat.subscribers


def most_of_all(scenario: Scenario, nat: Nat) -> int | None:
    """So many addresses, each with the most that any has."""
    most = binding(scenario, nat)
    if most is None:
        return None
    each = 0
    for c in scenario.inside(nat):
        own = size(c.ports) * sum(d.size for d in scenario.destinations(c))
        each = max(each, own if nat.quota is None else min(own, nat.quota))
    return most * each


def cut(scenario: Scenario, nat: Nat, value: Any, hashed: bool, where: str) -> tuple[Scenario, Nat]:
    """The scenario with fewer client addresses: of those that are alike at least as many as may be served, or all."""
    most = binding(scenario, nat)
    need(most is not None, f"{where}: no limit on subscribers binds")
    assert most is not None
    clients = dict(scenario.clients)
    kept: dict[Any, tuple[int, int]] = {}  # by what makes addresses alike: kept, and there
    named = set()
    for i, item in enumerate(entries(value, where)):
        here = f"{where}[{i}]"
        known_keys(item, "client addresses", here)
        name, many = word(get(item, "client", here), here), count(get(item, "addresses", here), here)
        need(name in nat.inside and name in clients and name not in named, f"{here}: {name[:40]!r} is not inside, or a second time")
        named.add(name)
        c = clients[name]
        need(many <= size(c.addresses), f"{here}: {name} has fewer addresses")
        alike = c.ports, frozenset(d.server.name for d in scenario.destinations(c))
        so_far, there = kept.get(alike, (0, 0))
        kept[alike] = so_far + many, there + size(c.addresses)
        if many:
            clients[name] = replace(c, addresses=part(c.addresses, 0, many))
        else:
            del clients[name]
    need(named == nat.inside, f"{where}: a client set inside {nat.name} is not mentioned")
    for so_far, there in kept.values():
        need(so_far >= (there if hashed else min(most, there)), f"{where}: fewer addresses than may be served")
    rest = replace(nat, inside=frozenset(nat.inside & clients.keys()))
    return replace(scenario, clients=clients, nats={**scenario.nats, nat.name: rest}), rest


def within_subscribers(nat: Nat, blocks: Iterable[Block]) -> None:
    """No more client addresses than the limit in these blocks."""
    if nat.subscribers is None:
        return
    spans = [span for b in blocks for _, rects, _ in b.pieces() for a, _ in rects for span in a]
    spend(len(spans))
    used = size(union(spans))
    need(used <= nat.subscribers, f"{nat.name}: {used:,} client addresses pass its limit of {nat.subscribers:,} subscribers")


def too_many_served(scenario: Scenario, value: Any, demand: dict[tuple[str, str], int], where: str) -> bool:
    """Whether client sets that are inside these NATs alone need more addresses for a demand than these may serve together."""
    known_keys(value, "nats limit addresses", where)
    names = [word(name, where) for name in entries(get(value, "nats", where), where)]
    need(names and len(set(names)) == len(names) and all(n in scenario.nats for n in names), f"{where}: NATs of the scenario, each once")
    limit = 0
    for name in names:
        nat = scenario.nats[name]
        need(not nat.inside & scenario.nats.keys() and name not in scenario.clients, f"{where}: {name} is in a cascade")
        need(nat.subscribers is not None, f"{where}: {name} has no limit on subscribers")
        limit += nat.subscribers or 0
    addresses = 0
    for client in scenario.clients.values():
        ways = scenario.nats_of(client)
        if not ways or not all(n.name in names for n in ways):
            continue
        spend(len(demand))
        wanted = {to: n for (name, to), n in demand.items() if name == client.name and n}
        each = [(n, size(client.ports) * size(v.addresses) * size(v.ports)) for to, n in wanted.items() for v in [scenario.servers[to]]]
        if all(n.quota for n in ways):
            each.append((sum(wanted.values()), sum(n.quota or 0 for n in ways)))
        addresses += max((-(-n // most) for n, most in each), default=0)
    need(count(get(value, "limit", where), where) == limit, f"{where}: they serve {limit:,} subscribers")
    need(count(get(value, "addresses", where), where) == addresses, f"{where}: the demand needs {addresses:,} addresses at least")
    return addresses > limit
