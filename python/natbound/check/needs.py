"""A demand that needs more mappings than there can be, where a mapping may carry several connections.

One mapping carries at most a connection to each endpoint of a server set (eim), to each of its ports on one address (adm), or one alone. So n
connections of a pair need n over that, rounded up; and pairs that can't share a mapping (other clients, other protocols; under adm other
addresses) need theirs beside one another's. Every mapping has an external endpoint to itself under one clash-scope key at least.
"""

from __future__ import annotations

import itertools
from typing import Any

from .alone import read_pairs
from .keys import keys_of
from .pool import Way
from .reading import flag, get, known_keys, need
from .scenario import Nat, Scenario
from .servers import Dest, Server
from .sets import boxes, meet, part, size, spend, union, volume


def _carries(nat: Nat, server: Server) -> int:
    mapping = nat.plan.mapping
    return size(server.ports) * (size(server.addresses) if mapping == "eim" else 1) if mapping in ("eim", "adm") else 1


def _share(nat: Nat, one: Server, other: Server) -> bool:
    """Whether one mapping could carry connections of one client to both."""
    if one.protocol != other.protocol or nat.plan.mapping not in ("eim", "adm"):
        return False
    return nat.plan.mapping == "eim" or bool(meet(one.addresses, other.addresses))


def too_many_mappings(scenario: Scenario, nat: Nat, value: Any, demand: dict[tuple[str, str], int], where: str) -> bool:
    """Whether the pairs need more mappings than the NAT's limit on them, or than there are places for them."""
    known_keys(value, "pairs limit", where)
    pairs = read_pairs(scenario, get(value, "pairs", where), where)
    need(nat.translates and all(name in nat.inside for name, _ in pairs), f"{where}: a client that is not inside {nat.name}")
    of_client: dict[str, list[Server]] = {}
    for name, to in pairs:
        of_client.setdefault(name, []).append(scenario.servers[to])
    for mine in of_client.values():
        spend(len(mine) ** 2)
        need(not any(_share(nat, a, b) for a, b in itertools.combinations(mine, 2)), f"{where}: pairs that can share mappings")
    wanted = sum(-(-demand[name, to] // _carries(nat, scenario.servers[to])) for name, to in pairs)
    if flag(value.get("limit", False), where):
        need(nat.mappings is not None, f"{where}: {nat.name} has no limit on mappings")
        return wanted > (nat.mappings or 0)
    ports = union(s for name in of_client for s in nat.plan.permitted(scenario.clients[name].ports))
    pool = part(nat.pool, 0, 1) if Way(scenario, nat).gives == "lowest" else nat.pool
    servers = {v.name: v for mine in of_client.values() for v in mine}
    room = 0
    for key in keys_of(nat.plan, [Dest(v, v.addresses, v.ports) for v in servers.values()]):
        kept = [box for h in nat.holes.of(key.cells[0].server.protocol) for box in boxes(meet(h.addresses, pool), meet(h.ports, ports))]
        room += key.number * (size(pool) * size(ports) - volume(kept))
    return wanted > room
