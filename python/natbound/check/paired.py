"""Paired pooling (RFC 4787 REQ-2): all live mappings of one client address have one external address.

So under each clash-scope key the client addresses of one external address have at most as many mappings as that has ports for them; and
what client addresses want must be packed into external addresses, each with so much room towards a server set.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from .blocks import Block
from .keys import keys_of, weights
from .quota import counted_apart
from .reading import count, get, known_keys, need, word
from .scenario import Client, Nat, Scenario
from .servers import Dest, Server
from .sets import Set, element, minus, size, spend, union


def one_address(nat: Nat, blocks: Iterable[Block]) -> None:
    """Each client address has one external address in all of these blocks."""
    if not nat.plan.paired:
        return
    given: dict[int, int] = {}
    for block in blocks:
        for _, row, out in block.rows():
            spend(2)
            source, at = element(block.addresses, row), element(block.via[0], out)
            need(given.setdefault(source, at) == at, f"{nat.name}: one client address has two external addresses (paired pooling)")


def _most_left(nat: Nat, server: Server, given: Set) -> int:
    """How many of these ports static mappings leave for flows to the server on the address of the pool that has the most."""
    return max(size(minus(given, kept)) for _, kept in nat.holes.alike(server.protocol, nat.pool))


def _on_one(scenario: Scenario, nat: Nat, client: Client) -> Callable[[int], int]:
    """The most connections of n addresses like these with one external address to themselves: concave in n."""
    families = []
    for key in keys_of(nat.plan, scenario.destinations(client)):
        room = _most_left(nat, key.cells[0].server, nat.plan.permitted(client.ports))
        families.append((key.number, room, weights(scenario, nat.plan, client, key)))

    def most(n: int) -> int:
        out = 0
        for keys, left, heaviest in families:
            for weight, each in heaviest:
                here = min(left, n * each * size(client.ports))
                out, left = out + keys * weight * here, left - here
        return out if nat.quota is None else min(out, n * nat.quota)

    return most


def counted_dealt(scenario: Scenario, nat: Nat, value: Any, where: str) -> tuple[int, Scenario, Nat]:
    """Client addresses that a bound counts as dealt evenly to the pool, only alike ones on one external address: the most connections they
    have; and the scenario and the NAT without them."""
    need(not value or nat.plan.paired, f"{where}: {nat.name} does not pair")
    pool = size(nat.pool)

    def dealt(counted: list[tuple[Client, int]]) -> int:
        kinds: dict[Any, tuple[Client, int]] = {}
        for client, addresses in counted:
            kind = client.ports, tuple(scenario.reached(client, v) for v in scenario.servers.values())
            kinds[kind] = client, kinds.get(kind, (client, 0))[1] + addresses
        out = 0
        for client, addresses in kinds.values():
            most, (each, odd) = _on_one(scenario, nat, client), divmod(addresses, pool)
            out += odd * most(each + 1) + (pool - odd) * most(each)
        return out

    return counted_apart(scenario, nat, value, where, dealt)


def room_towards(scenario: Scenario, nat: Nat, clients: list[Client], server: Server) -> int:
    """The most connections towards the server set that one external address carries: under each key one mapping a port."""
    given: Set = union(s for c in clients for s in nat.plan.permitted(c.ports))
    out = 0
    for key in keys_of(nat.plan, [Dest(server, server.addresses, server.ports)]):
        out += key.number * _most_left(nat, server, given) * max(weights(scenario, nat.plan, c, key)[0][0] for c in clients)
    return out


def too_few_bins(scenario: Scenario, nat: Nat, value: Any, demand: dict[tuple[str, str], int], where: str) -> bool:
    """Whether the client addresses that want something from one server set need more external addresses than there are.

    With a threshold of t: one that wants more than the room less t shares with none of those that want t or more; two that want more than
    half the room do not share; what the others want of t or more goes beside the second kind, or into addresses of its own (Martello and
    Toth's L2).
    """
    known_keys(value, "server threshold", where)
    name, t = word(get(value, "server", where), where), count(get(value, "threshold", where), where)
    need(nat.plan.paired, f"{where}: {nat.name} does not pair")
    need(name in scenario.servers, f"{where}: no server set {name[:40]!r}")
    server = scenario.servers[name]
    spend(len(demand))
    wanted = {c: n for (c, v), n in demand.items() if v == name and n and c in nat.inside and size(scenario.clients[c].addresses) == 1}
    clients = [scenario.clients[c] for c in wanted]
    need(clients, f"{where}: nobody wants {name}")
    need(all(scenario.reached(c, server) for c in clients), f"{where}: a client set does not reach {name}")
    room = room_towards(scenario, nat, clients, server)
    need(2 * t <= room, f"{where}: a threshold of more than half the room of {room:,}")
    large = [n for n in wanted.values() if 2 * n > room]
    beside = sum(room - n for n in large if n <= room - t)
    small = sum(n for n in wanted.values() if t <= n and 2 * n <= room)
    bins = len(large) + max(0, -(-(small - beside) // room) if room else 0)
    return bins > size(nat.pool)
