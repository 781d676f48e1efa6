"""Servers as a certificate's scenario has them: their endpoints, what they hold, and what is behind them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .holes import PROTOCOLS
from .reading import addresses, count, entries, get, known_keys, need, ports, word
from .sets import Box, Set, boxes, size, total, volume


@dataclass(frozen=True)
class Server:
    """A set of destination endpoints."""

    name: str
    addresses: Set
    ports: Set
    protocol: int  # place in PROTOCOLS
    per_endpoint: int | None = None  # the most connections of one endpoint
    per_address: int | None = None  # of one address
    backends: int | None = None  # endpoints to which a destination NAT sends its connections

    @property
    def crowded(self) -> bool:
        """Whether there are fewer backends than endpoints."""
        return self.backends is not None and self.backends < size(self.addresses) * size(self.ports)


@dataclass(frozen=True)
class Dest:
    """Endpoints of one server set."""

    server: Server
    addresses: Set
    ports: Set

    @property
    def size(self) -> int:
        """How many endpoints."""
        return size(self.addresses) * size(self.ports)

    @property
    def boxes(self) -> list[Box]:
        """As boxes (protocol, address, port)."""
        return boxes(((self.server.protocol, self.server.protocol),), self.addresses, self.ports)


def read_server(value: Any, where: str) -> Server:
    known_keys(value, "name addresses ports protocol connection-limits backends time-wait listen", where)
    # how often and how long, not what is possible: read, and not looked at
    known_keys(value.get("listen") or {}, "backlog accepts", where + ".listen")
    protocol = value.get("protocol", "tcp")
    need(protocol in PROTOCOLS, f"{where}.protocol: no such protocol")
    there = ports(get(value, "ports", where), where + ".ports")
    need(there[0][0] > 0 or protocol in ("icmp", "gre"), f"{where}.ports: 0 is not a port")
    return Server(
        word(get(value, "name", where), where),
        addresses(get(value, "addresses", where), where),
        there,
        PROTOCOLS.index(protocol),
        *_limits(value.get("connection-limits"), where + ".connection-limits"),
        sum(size(a) * size(p) for a, p in listed_backends(value, where)) or None,
    )


def listed_backends(value: Any, where: str) -> list[tuple[Set, Set]]:
    """The endpoints behind a server set: none, or one product."""
    if value.get("backends") is None:
        return []
    behind = known_keys(value["backends"], "addresses ports", where + ".backends")
    out = addresses(get(behind, "addresses", where), where), ports(get(behind, "ports", where), where)
    need(out[1][0][0] > 0, f"{where}.backends: 0 is not a port")
    return [out]


def _limits(value: Any, where: str) -> tuple[int | None, int | None]:
    """What a server holds: of each endpoint, of each address."""
    if value is None:
        return None, None
    known_keys(value, "limit-per-endpoint limit-per-address", where)
    names = ("limit-per-endpoint", "limit-per-address")
    endpoint, address = (None if value.get(k) is None else count(value[k], where) for k in names)
    need(endpoint is not None or address is not None, f"{where}: a limit is wanted")
    need(endpoint != 0 and address != 0, f"{where}: a limit of 0")
    return endpoint, address


def behind_their_sets(value: Any, servers: dict[str, Server]) -> None:
    """Nobody reaches backends but through their set."""
    behind: list[Box] = []
    for i, v in enumerate(entries(value, "scenario.servers")):
        kind = servers[v["name"]].protocol
        mine = [box for a, p in listed_backends(v, f"scenario.servers[{i}]") for box in boxes(((kind, kind),), a, p)]
        behind += mine
        if mine:
            others = [box for w in servers.values() if w.name != v["name"] for box in Dest(w, w.addresses, w.ports).boxes]
            need(volume(mine + others) == total(mine) + total(others), f"{v['name']}: its backends are reached otherwise, too")
    need(total(behind) == volume(behind), "scenario.servers: two server sets share backends")
