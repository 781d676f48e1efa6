"""A quota per subscriber: at most so many connections of one client address through a NAT (RFC 6888 REQ-4, RFC 8512 limit-per-subscriber)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from .blocks import Block
from .reading import addresses, entries, get, known_keys, need, word
from .scenario import Client, Nat, Scenario
from .sets import minus, size, spend, within


def can_refuse(scenario: Scenario, nat: Nat) -> bool:
    """Whether some client address has more sockets towards all that it reaches than the quota."""
    if nat.quota is None:
        return False
    there = {c.reaches: sum(d.size for d in scenario.destinations(c)) for c in {c.reaches: c for c in scenario.inside(nat)}.values()}
    return any(size(c.ports) * there[c.reaches] > nat.quota for c in scenario.inside(nat))


def capped(scenario: Scenario, nat: Nat, value: Any, where: str) -> tuple[int, Scenario, Nat]:
    """Subscribers that a bound counts by their quota: the most connections they have; and the scenario and the NAT without them."""
    need(not value or nat.quota is not None, f"{where}: {nat.name} has no quota")
    return counted_apart(scenario, nat, value, where, lambda some: sum(n for _, n in some) * (nat.quota or 0))


Worth = Callable[[list[tuple[Client, int]]], int]


def counted_apart(scenario: Scenario, nat: Nat, value: Any, where: str, worth: Worth) -> tuple[int, Scenario, Nat]:
    """Client addresses that a bound counts by themselves, by what so many of each client set are worth; and the scenario and the NAT
    without them."""
    clients, some = dict(scenario.clients), []
    for i, item in enumerate(entries(value, where)):
        here = f"{where}[{i}]"
        known_keys(item, "client addresses", here)
        name = word(get(item, "client", here), here)
        need(name in nat.inside and name in clients, f"{here}: {name[:40]!r} is not inside {nat.name}, or counted before")
        mine = addresses(get(item, "addresses", here), here)
        need(within(mine, clients[name].addresses), f"{here}: addresses that {name} does not have, or counted before")
        some.append((clients[name], size(mine)))
        left = minus(clients[name].addresses, mine)
        if left:
            clients[name] = replace(clients[name], addresses=left)
        else:
            del clients[name]
    rest = replace(nat, inside=nat.inside & clients.keys())
    return worth(some), replace(scenario, clients=clients, nats={**scenario.nats, nat.name: rest}), rest


def within_quota(nat: Nat, blocks: Iterable[Block]) -> None:
    """No client address has more connections in these blocks than the quota."""
    if nat.quota is None:
        return
    change: dict[int, int] = {}
    for block in blocks:
        for dests, rects, _ in block.pieces():
            towards = sum(d.size for d in dests)
            for from_, ports in rects:
                spend(1 + len(from_))
                for lo, hi in from_:
                    change[lo] = change.get(lo, 0) + towards * size(ports)
                    change[hi + 1] = change.get(hi + 1, 0) - towards * size(ports)
    live = 0
    for at in sorted(change):
        live += change[at]
        need(live <= nat.quota, f"{nat.name}: {live:,} connections of one client address pass the quota of {nat.quota:,}")


def passes(scenario: Scenario, nat: Nat, value: Any, demand: dict[tuple[str, str], int], where: str) -> bool:
    """Whether these client sets, whole, want more through the NAT than their quotas allow."""
    names = [word(get(item, "client", where), where) for item in entries(value, where)]
    bound, rest, _ = capped(scenario, nat, value, where)
    spend(len(names) * len(demand))
    whole = [n for n in names if n not in rest.clients]
    need(len(whole) == len(names), f"{where}: the demand of a client set is of all its addresses")
    return sum(n for (c, _), n in demand.items() if c in whole) > bound
