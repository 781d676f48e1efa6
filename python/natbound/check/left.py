"""What the levels of a bound speak of: mappings of some sockets of a client set, and external endpoints that are open to them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from .blocks import read_dests
from .reading import addresses, count, entries, get, known_keys, need, ports, word
from .scenario import Client, Nat, Scenario
from .servers import Dest
from .sets import Box, Set, boxes, covers, size, within


@dataclass
class Left:
    """Mappings of some sockets of a client set, of those towards `to` where that is given."""

    client: Client
    addresses: Set
    ports: Set
    mappings: int
    to: tuple[Dest, ...]
    level: int = 0

    @property
    def size(self) -> int:
        """How many mappings."""
        return size(self.addresses) * size(self.ports) * self.mappings


@dataclass
class Group:
    """A set of destinations with the levels that bound what goes there."""

    nat: Nat
    dests: list[Dest]
    clients: dict[str, Client]
    weights: list[int] = field(default_factory=list)  # of the levels
    items: list[Left] = field(default_factory=list)


def read_left(scenario: Scenario, group: Group, value: Any, where: str, unit: str) -> Left:
    """Reads a left item."""
    known_keys(value, f"client addresses ports to {unit}", where)
    name = word(get(value, "client", where), where)
    need(name in group.clients, f"{where}: {name[:40]!r} does not reach these destinations through {group.nat.name}")
    client = scenario.clients[name]
    from_ = addresses(get(value, "addresses", where), where), ports(get(value, "ports", where), where)
    need(within(from_[0], client.addresses) and within(from_[1], client.ports), f"{where}: sockets that {name} does not have")
    to = tuple(read_dests(scenario, value["to"], where)) if value.get("to") is not None else ()
    if to:
        need(covers(whole(group.dests), whole(to)), f"{where}: destinations outside the group")
    return Left(client, *from_, count(get(value, unit, where), where), to)


def whole(dests: Any) -> list[Box]:
    """Destinations as boxes."""
    return [box for d in dests for box in d.boxes]


def read_open(value: Any, where: str) -> list[Box]:
    """The external endpoints of a level."""
    out = []
    for item in entries(value, where):
        known_keys(item, "addresses ports", where)
        out += boxes(addresses(get(item, "addresses", where), where), ports(get(item, "ports", where), where))
    return out
