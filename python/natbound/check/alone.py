"""A scenario of which less is looked at: without some server sets, or with some pairs of clients and servers alone.

Taking connections away lets no other one fit that did not before, but for a mapping that is shared: its address may be the one that the hash
picks for a destination that is not spoken of. There all of the pool is open.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from .cascade import inner_first, with_stages
from .reading import entries, get, known_keys, need, word
from .scenario import Client, Scenario
from .sets import spend

Pair = tuple[str, str]


def those_left(scenario: Scenario, clients: dict[str, Client]) -> Scenario:
    """The scenario with these clients, and without NATs with nobody inside."""
    nats = {}
    for n in scenario.nats.values():
        lent = n.plan.mapping in ("eim", "eim-if-possible") and n.plan.pool_choice == "hash" and not n.plan.hash_source_only
        plan = replace(n.plan, fallback=True) if lent else n.plan
        nats[n.name] = replace(n, inside=frozenset(n.inside & clients.keys()), plan=plan)
    return replace(scenario, clients=clients, nats={n.name: n for n in nats.values() if n.inside})


def without(scenario: Scenario, names: Iterable[str]) -> Scenario:
    """The scenario without these server sets, the clients that reach no other, and NATs with nobody inside."""
    servers = {n: v for n, v in scenario.servers.items() if n not in set(names)}
    spend(len(scenario.clients) * (1 + len(servers)))
    clients = {}
    for c in scenario.clients.values():
        reaches = frozenset(c.reaches & servers.keys())
        if not c.inner and servers and (reaches or not c.reaches):
            clients[c.name] = replace(c, reaches=reaches)
    return with_their_stages(replace(scenario, servers=servers), clients)


def pairs_alone(scenario: Scenario, pairs: list[Pair]) -> Scenario:
    """The scenario of these pairs alone, of clients that are no NATs: a NAT would send again what the clients inside it do."""
    need(not any(scenario.clients[name].inner for name, _ in pairs), "pairs: of clients, not of NATs")
    return with_their_stages(scenario, alone(scenario, pairs))


def with_their_stages(scenario: Scenario, clients: dict[str, Client]) -> Scenario:
    """The scenario of these clients, and of what the NATs that they are inside of are to the NATs around them."""
    for nat in inner_first(scenario.nats):
        if nat.name in scenario.clients and nat.inside & clients.keys():
            clients[nat.name] = scenario.clients[nat.name]
    # a NAT inside another gives fewer ports where some of its clients are gone
    return with_stages(those_left(scenario, clients))


def read_pairs(scenario: Scenario, value: Any, where: str) -> list[Pair]:
    """A list of {from, to}, each once, of clients that reach the servers."""
    out: dict[Pair, None] = {}
    for i, item in enumerate(entries(value, where)):
        here = f"{where}.pairs[{i}]"
        known_keys(item, "from to", here)
        name, to = word(get(item, "from", here), here), word(get(item, "to", here), here)
        need(name in scenario.clients and to in scenario.servers, f"{here}: a name that the scenario does not have")
        need(scenario.reached(scenario.clients[name], scenario.servers[to]), f"{here}: {name} does not reach {to}")
        out[name, to] = None
    need(out, f"{where}: no pairs")
    spend(len(out))
    return list(out)


def alone(scenario: Scenario, pairs: list[Pair]) -> dict[str, Client]:
    """The clients of these pairs, who reach their servers and no others."""
    reaches: dict[str, set[str]] = {}
    for name, to in pairs:
        reaches.setdefault(name, set()).add(to)
    return {n: replace(scenario.clients[n], reaches=frozenset(to)) for n, to in reaches.items()}
