"""Server sets that a bound counts by their backends: behind a destination NAT each connection of one external endpoint leads to another backend.

A cut of the flow from sockets to external endpoints: those that are `closed` use the endpoints of `open` alone, each of which carries at most so
many connections to the set, and the `loose` ones carry at most so many each.
"""

from __future__ import annotations

from typing import Any

from .groups import stay_inside
from .left import Group, read_left, read_open
from .pool import Way
from .reading import count, entries, get, known_keys, need, word
from .scenario import Nat, Scenario
from .servers import Dest, Server
from .sets import boxes, covers, size, volume


def of_a_socket(nat: Nat, server: Server) -> int:
    """The most connections to the set of one socket: its mapping has one external endpoint (eim), or one towards each address (adm)."""
    backends = server.backends or 0
    if nat.plan.mapping == "eim":
        return min(backends, size(server.addresses) * size(server.ports))
    if nat.plan.mapping == "adm":
        return size(server.addresses) * min(backends, size(server.ports))
    return size(server.addresses) * size(server.ports)


def of_an_endpoint(nat: Nat, server: Server) -> int:
    """The most connections to the set of one external endpoint: one to each backend, and of one mapping alone under each clash-scope key."""
    backends = server.backends or 0
    if nat.plan.scope == "none" and nat.plan.mapping == "adm":
        return min(backends, size(server.ports))
    if nat.plan.mapping not in ("eim", "adm"):
        return min(backends, {"none": 1, "address": size(server.addresses)}.get(nat.plan.scope, backends))
    return backends


def by_backends(scenario: Scenario, nat: Nat, value: Any, where: str) -> dict[str, int]:
    """Server sets that a NAT's item counts by their backends, and the most connections to each."""
    out: dict[str, int] = {}
    for i, item in enumerate(entries(value, where)):
        here = f"{where}[{i}]"
        known_keys(item, "server closed open loose at-most", here)
        name = word(get(item, "server", here), here)
        need(name in scenario.servers and name not in out, f"{here}: no such server set, or a second time")
        server = scenario.servers[name]
        need(server.backends is not None and nat.translates, f"{here}: {name} has no backends")
        need(nat.name not in scenario.clients, f"{here}: {nat.name} is inside another NAT, which changes the endpoints that backends see")
        clients = {c.name: c for c in scenario.inside(nat) if scenario.reached(c, server)}
        group = Group(nat, [Dest(server, server.addresses, server.ports)], clients)
        open_ = read_open(get(item, "open", here), here + ".open")
        way = Way(scenario, nat)
        left = []
        for kind in ("closed", "loose"):
            for v in entries(get(item, kind, here), here):
                one = read_left(scenario, group, v, f"{here}.{kind}", "mappings")
                need(one.mappings == 1 and not one.to, f"{here}: sockets are wanted")
                if kind == "closed":
                    stay_inside(scenario, way, group, one, open_, here)
                left.append((kind, one))
        for client in clients.values():
            mine = [box for _, one in left if one.client is client for box in boxes(one.addresses, one.ports)]
            need(covers(mine, boxes(client.addresses, client.ports)), f"{here}: sockets of {client.name} are not mentioned")
        loose = sum(one.size for kind, one in left if kind == "loose")
        out[name] = volume(open_) * of_an_endpoint(nat, server) + loose * of_a_socket(nat, server)
        need(count(get(item, "at-most", here), here) == out[name], f"{here}: at most {out[name]:,}, not as it says")
    return out
