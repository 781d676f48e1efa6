"""The connections of a certificate one by one: who sends, what carries it at each NAT that it passes, and where it goes.

They are read off the certificate's blocks, which are runs of units, one at a time, so that the first of 10^15 are there at once.
"""

from __future__ import annotations

import functools
import ipaddress
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Any, NamedTuple

from natbound.check.blocks import Block, read_block
from natbound.check.holes import PROTOCOLS
from natbound.check.scenario import read_scenario
from natbound.check.sets import Set, begin, size
from natbound.errors import Unsupported


class Tuple(NamedTuple):
    """One connection. `via`: for each NAT that it passes, the innermost first, its name and the endpoint that it has outside of it."""

    protocol: str
    client: str  # the client set
    source: tuple[str, int]
    via: tuple[tuple[str, str, int], ...]
    server: str  # the server set
    destination: tuple[str, int]

    @property
    def row(self) -> dict[str, Any]:
        """As a line of JSON, or with its last stage as a line of CSV."""
        address, on = self.source
        return {
            "protocol": self.protocol, "client": self.client, "client_address": address, "client_port": on,
            "via": [{"nat": n, "address": a, "port": p} for n, a, p in self.via],
            "server": self.server, "server_address": self.destination[0], "server_port": self.destination[1],
        }  # fmt: skip


def tuples(certificate: Mapping[str, Any]) -> Iterator[Tuple]:
    """Every connection of a certificate of kind fits, maximum, bounds, multiple or multiple-bounds, lazily; as many as its `connections`.

    Raises Unsupported where a NAT deals its ports out in sets: there certificates count subscribers and their sets, and list no blocks.
    """
    body = certificate if "blocks" in certificate else certificate.get("fits", {})
    if "blocks" not in body:
        raise Unsupported(f"a certificate of kind {certificate.get('kind')} lists no connections")
    if body.get("port-sets"):
        raise Unsupported(
            "of a NAT that deals out its ports in sets, subscribers and sets are counted, and not listed: there are no tuples to list"
        )
    begin()
    world = read_scenario(certificate["scenario"])
    for i, value in enumerate(body["blocks"]):
        begin()  # what checking a block may cost is limited, block by block
        yield from _of_block(read_block(world, value, f"blocks[{i}]"))


def _of_block(stages: list[Block]) -> Iterator[Tuple]:
    block = stages[0]
    protocols = [d.server.protocol for d in block.dests]
    sizes = list(accumulate(d.size for d in block.dests))
    dests = [(_Ranks(d.addresses), _Ranks(d.ports), size(d.ports)) for d in block.dests]
    own, on = _Ranks(block.addresses), _Ranks(block.ports)
    carried = [(s.nat.name, _Ranks(s.via[0]), _Ranks(s.via[1])) if s.nat is not None else None for s in stages]

    @functools.lru_cache(maxsize=65536)
    def towards(rank: int) -> tuple[str, str, tuple[str, int]]:
        which = bisect_right(sizes, rank)
        rank -= sizes[which - 1] if which else 0
        addresses, ports, n = dests[which]
        name = PROTOCOLS[protocols[which]]
        return name, block.dests[which].server.name, (addresses.address(rank // n), ports[rank % n])

    for units in zip(*(s.units() for s in stages), strict=True):
        dest, row, port, _, _ = units[0]
        source = own.address(row), on[port]
        via = tuple((c[0], c[1].address(u[3]), c[2][u[4]]) for c, u in zip(carried, units, strict=True) if c is not None)
        for rank in (dest,) if block.spread else range(block.endpoints):
            protocol, server, to = towards(rank)
            yield Tuple(protocol, block.client.name, source, via, server, to)


@dataclass
class _Ranks:
    """The elements of a set by rank; addresses as text, of which the last one is kept."""

    set: Set
    ends: list[int] = field(init=False)
    last: tuple[int, str] = (-1, "")

    def __post_init__(self) -> None:
        self.ends = list(accumulate(hi - lo + 1 for lo, hi in self.set))

    def __getitem__(self, rank: int) -> int:
        which = bisect_right(self.ends, rank)
        return self.set[which][0] + rank - (self.ends[which - 1] if which else 0)

    def address(self, rank: int) -> str:
        if self.last[0] != rank:
            a = self[rank]
            self.last = rank, str(ipaddress.IPv4Address(a & 0xFFFFFFFF) if a >> 32 == 0xFFFF else ipaddress.IPv6Address(a))
        return self.last[1]
