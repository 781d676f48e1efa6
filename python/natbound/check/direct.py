"""Clients inside no NAT: each socket may be live towards every endpoint that it reaches, or as many as backends tell apart."""

from __future__ import annotations

from typing import Any

from .reading import count, entries, get, known_keys, need, word
from .scenario import Scenario


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
        endpoints = sum(d.server.backends or 0 if d.server.crowded else d.size for d in scenario.destinations(client))
        need(count(get(item, "sockets", here), here) == client.sockets, f"{here}: {name} has {client.sockets:,} sockets")
        need(count(get(item, "endpoints", here), here) == endpoints, f"{here}: {name} reaches {endpoints:,} endpoints")
        out[name] = client.sockets * endpoints
        need(count(get(item, "at-most", here), here) == out[name], f"{here}: {client.sockets:,} times {endpoints:,} is another number")
    return out
