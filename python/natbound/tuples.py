"""The connections of a certificate one by one: who sends, what carries it at each NAT that it passes, and where it goes.

They are read off the certificate's blocks, which are runs of units, one run at a time, so that the first of 10^15 are there at once.
"""

from __future__ import annotations

import functools
import ipaddress
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Any, NamedTuple

from natbound.check.blocks import Block, read_block
from natbound.check.holes import PROTOCOLS
from natbound.check.scenario import read_scenario
from natbound.check.servers import Dest, listed_backends
from natbound.check.sets import Set, begin, part, size
from natbound.errors import Unsupported

Endpoint = tuple[str, int]
End = tuple[str, str, Endpoint, Endpoint | None]  # protocol, server set, its endpoint, the backend
FEW = 65536  # destinations that are kept, and not made again for each source


def address_text(a: int) -> str:
    """An address on the checker's axis, where a.b.c.d is ::ffff:a.b.c.d, as it is written."""
    return str(ipaddress.IPv4Address(a & 0xFFFFFFFF) if a >> 32 == 0xFFFF else ipaddress.IPv6Address(a))


class Tuple(NamedTuple):
    """One connection. `via`: for each NAT that it passes, the innermost first, its name and the endpoint that it has outside of it."""

    protocol: str
    client: str  # the client set
    source: Endpoint
    via: tuple[tuple[str, str, int], ...]
    server: str  # the server set
    destination: Endpoint
    backend: Endpoint | None = None  # that serves it, where a destination NAT stands before the server set

    @property
    def row(self) -> dict[str, Any]:
        """As a line of JSON, or with its last stage as a line of CSV."""
        address, on = self.source
        return {
            "protocol": self.protocol, "client": self.client, "client_address": address, "client_port": on,
            "via": [{"nat": n, "address": a, "port": p} for n, a, p in self.via],
            "server": self.server, "server_address": self.destination[0], "server_port": self.destination[1],
            **({"backend_address": self.backend[0], "backend_port": self.backend[1]} if self.backend else {}),
        }  # fmt: skip


class Run(NamedTuple):
    """Connections from the ports of one address: the first port with the first outside port of each stage, and so on, to all the destinations."""

    client: str
    address: str
    ports: list[int]
    via: list[tuple[str, str, list[int]]]
    to: Iterable[End]  # to be gone through for each port

    def units(self) -> Iterator[tuple[int, tuple[tuple[str, str, int], ...]]]:
        """Each port, and what it has outside."""
        if len(self.via) == 1:  # most: no loop over stages
            nat, address, ports = self.via[0]
            return ((p, ((nat, address, q),)) for p, q in zip(self.ports, ports, strict=True))
        stages = [[(n, a, q) for q in ports] for n, a, ports in self.via]
        return zip(self.ports, zip(*stages, strict=True), strict=True) if stages else ((p, ()) for p in self.ports)


def tuples(certificate: Mapping[str, Any]) -> Iterator[Tuple]:
    """Every connection of a certificate of kind fits, maximum, bounds, multiple or multiple-bounds, lazily; as many as its `connections`.

    Raises Unsupported where a NAT deals its ports out in sets and one port's mappings share clash-scope keys: there they are only counted.
    """
    new = functools.partial(tuple.__new__, Tuple)  # half the time of Tuple(...)
    for run in runs(certificate):
        client, address, to = run.client, run.address, run.to
        for on, via in run.units():
            source = address, on
            for protocol, server, end, backend in to:
                yield new((protocol, client, source, via, server, end, backend))


def runs(certificate: Mapping[str, Any]) -> Iterator[Run]:
    """The same by runs of ports; raises as `tuples` does."""
    body = certificate if "blocks" in certificate else certificate.get("fits", {})
    if "blocks" not in body:
        raise Unsupported(f"a certificate of kind {certificate.get('kind')} lists no connections")
    begin()
    world = read_scenario(certificate["scenario"])
    backends = Backends(certificate["scenario"]["servers"])
    for i, value in enumerate(body["blocks"]):
        begin()  # what checking a block may cost is limited, block by block
        yield from _of_block(read_block(world, value, f"blocks[{i}]"), backends)
    if body.get("port-sets"):
        from natbound.dealt_tuples import dealt_runs

        yield from dealt_runs(world, body, backends)


def _of_block(stages: list[Block], backends: Backends) -> Iterator[Run]:
    """Cut where a source's or an external address ends, or the destination of a spread block, so that in each run only ports move."""
    block = stages[0]
    to = Towards(block.dests, backends)
    own, on = Ranks(block.addresses), Ranks(block.ports)
    wide, rows = size(block.ports), size(block.addresses)
    outside = [(s, size(s.via[1]), Ranks(s.via[0]), Ranks(s.via[1])) for s in stages if s.nat is not None]
    at = 0
    while at < block.count:
        begin()
        row, port = divmod(block.first + at, wide)
        port = (port + block.shift) % wide
        length = min(block.count - at, wide - (block.first + at) % wide, wide - port, *(n - (s.via[2] + at) % n for s, n, _, _ in outside))
        dest, row = divmod(row, rows) if block.spread else (0, row)
        via = []
        for s, n, addresses, ports in outside:
            there, first = divmod(s.via[2] + at, n)
            via.append((s.nat.name if s.nat else "", addresses.address(there), ports.run(first, length)))
        ends: Iterable[Any] = [to[dest]] if block.spread else to.all
        yield Run(block.client.name, own.address(row), on.run(port, length), via, ends)
        at += length


class Towards:
    """Destinations by rank."""

    def __init__(self, dests: list[Dest], backends: Backends) -> None:
        self.servers, self.backends = [d.server for d in dests], backends
        self.size = sum(d.size for d in dests)
        self.sizes = list(accumulate(d.size for d in dests))
        self.dests = [(Ranks(d.addresses), Ranks(d.ports), size(d.ports)) for d in dests]
        self.kept: list[End] | None = None

    def __getitem__(self, rank: int) -> End:
        which = bisect_right(self.sizes, rank)
        rank -= self.sizes[which - 1] if which else 0
        addresses, ports, n = self.dests[which]
        server = self.servers[which]
        end = addresses.address(rank // n), ports[rank % n]
        return PROTOCOLS[server.protocol], server.name, end, self.backends.of(server.name, end)

    def __iter__(self) -> Iterator[End]:
        return (self[rank] for rank in range(self.size))

    @property
    def all(self) -> Iterable[End]:
        """All of them, in order: a list where they are few."""
        if self.size > FEW:
            return self
        if self.kept is None:
            self.kept = list(self)
        return self.kept


class Backends:
    """Which backend serves an endpoint of a server set: each endpoint that is used has one of its own, so that no two connections of one outside
    endpoint come to the same. A certificate never uses more endpoints than there are backends."""

    def __init__(self, servers: Iterable[Any]) -> None:
        self.sets = {
            v["name"]: [(Ranks(a), Ranks(p), size(p)) for a, p in listed_backends(v, "servers")] for v in servers if v.get("backends")
        }
        self.given: dict[str, dict[Endpoint, int]] = {name: {} for name in self.sets}

    def of(self, server: str, end: Endpoint) -> Endpoint | None:
        """None where the servers are reached as they are."""
        if server not in self.sets:
            return None
        given = self.given[server]
        rank = given.setdefault(end, len(given))
        for addresses, ports, n in self.sets[server]:
            if rank < addresses.ends[-1] * n:
                return addresses.address(rank // n), ports[rank % n]
            rank -= addresses.ends[-1] * n
        return None


@dataclass
class Ranks:
    """The elements of a set by rank; addresses as text, of which the last one is kept."""

    set: Set
    ends: list[int] = field(init=False)
    last: tuple[int, str] = (-1, "")

    def __post_init__(self) -> None:
        self.ends = list(accumulate(hi - lo + 1 for lo, hi in self.set))

    def __getitem__(self, rank: int) -> int:
        which = bisect_right(self.ends, rank)
        return self.set[which][0] + rank - (self.ends[which - 1] if which else 0)

    def run(self, rank: int, length: int) -> list[int]:
        """So many of them, from this one on."""
        return [x for lo, hi in part(self.set, rank, length) for x in range(lo, hi + 1)]

    def address(self, rank: int) -> str:
        """As text."""
        if self.last[0] != rank:
            self.last = rank, address_text(self[rank])
        return self.last[1]
