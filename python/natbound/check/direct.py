"""Clients inside no NAT: each socket may be live towards every endpoint that it reaches, or as many as backends tell apart."""

from __future__ import annotations

from typing import Any

from .reading import count, entries, get, known_keys, need, word
from .scenario import Client, Nat, Scenario
from .sets import size


def told_apart(scenario: Scenario, client: Client) -> int:
    """Endpoints that a client set reaches, or as many as backends tell apart."""
    return sum(d.server.backends or 0 if d.server.crowded else d.size for d in scenario.destinations(client))


def check_firewall(scenario: Scenario, nat: Nat, value: Any, where: str) -> int:
    """Returns the most connections through what translates nothing: of each address its sockets towards all, or the quota; and the table."""
    known_keys(value, "nat at-most", where)
    bound = 0
    for c in scenario.inside(nat):
        own = size(c.ports) * told_apart(scenario, c)
        bound += size(c.addresses) * (own if nat.quota is None else min(own, nat.quota))
    bound = bound if nat.table is None else min(bound, nat.table)
    need(count(get(value, "at-most", where), where) == bound, f"{where}: at most {bound:,} connections, not as it says")
    return bound


def check_direct(scenario: Scenario, value: Any) -> dict[str, int]:
    """Returns the most connections of each client set that is inside no NAT: its sockets times the endpoints that it reaches."""
    out: dict[str, int] = {}
    for i, item in enumerate(entries(value, "direct")):
        here = f"direct[{i}]"
        known_keys(item, "client sockets endpoints at-most", here)
        name = word(get(item, "client", here), here)
        need(name in scenario.clients and name not in out, f"{here}: no such client set, or a second time")
        client = scenario.clients[name]
        need(scenario.nat_of(client) is None, f"{here}: {name} is inside a NAT")
        endpoints = told_apart(scenario, client)
        need(count(get(item, "sockets", here), here) == client.sockets, f"{here}: {name} has {client.sockets:,} sockets")
        need(count(get(item, "endpoints", here), here) == endpoints, f"{here}: {name} reaches {endpoints:,} endpoints")
        out[name] = client.sockets * endpoints
        need(count(get(item, "at-most", here), here) == out[name], f"{here}: {client.sockets:,} times {endpoints:,} is another number")
    return out
