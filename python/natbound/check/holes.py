"""Static mappings: external endpoints that are taken for every destination, so that no search gives them and no connection holds them.

Where the clash scope leaves the protocol out, one mapping holds its endpoint for every protocol.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .reading import addresses, entries, get, known_keys, need, ports
from .sets import ALL_PORTS, Box, Set, boxes, meet, minus, spend, union, volume, within

PROTOCOLS = ("tcp", "udp", "icmp", "sctp", "dccp", "gre")


@dataclass(frozen=True)
class Hole:
    """Ports that are kept on addresses of the pool."""

    addresses: Set
    ports: Set
    protocol: int | None  # place in PROTOCOLS; None: every one


@dataclass(frozen=True)
class Holes:
    """Those of one NAT."""

    pool: Set
    each: tuple[Hole, ...] = ()

    def of(self, protocol: int) -> list[Hole]:
        """Those that a flow of the protocol meets."""
        spend(len(self.each))
        return [h for h in self.each if h.protocol in (None, protocol)]

    def on(self, protocol: int, address: int) -> Set:
        """The ports that are kept on one address."""
        return union(s for h in self.of(protocol) if meet(h.addresses, ((address, address),)) for s in h.ports)

    def boxes(self, protocol: int) -> list[Box]:
        """All that is kept, as boxes (address, port)."""
        return [box for h in self.of(protocol) for box in boxes(h.addresses, h.ports)]

    def alike(self, protocol: int, among: Set) -> list[tuple[Set, Set]]:
        """Some addresses of the pool, in parts on which the same ports are kept: (addresses, ports)."""
        found: dict[Set, Set] = {}
        cuts = sorted({x for s in (among, *(h.addresses for h in self.of(protocol))) for lo, hi in s for x in (lo, hi + 1)})
        for k, lo in enumerate(cuts[:-1]):
            here = meet(among, ((lo, cuts[k + 1] - 1),))
            if here:
                kept = self.on(protocol, here[0][0])
                found[kept] = union((*found.get(kept, ()), *here))
        return [(where, kept) for kept, where in found.items()]


def read_holes(value: Any, pool: Set, by_protocol: bool, where: str) -> Holes:
    """Reads `static-mappings`."""
    if value is None:
        return Holes(pool)
    out: list[Hole] = []
    for i, item in enumerate(entries(value, where)):
        here = f"{where}[{i}]"
        known_keys(item, "external-src-address external-src-port transport-protocol", here)
        there = pool if not item.get("external-src-address") else addresses(item["external-src-address"], here)
        need(within(there, pool), f"{here}: addresses outside the pool")
        on = ports(get(item, "external-src-port", here), here)
        protocol = item.get("transport-protocol")
        need(protocol is None or protocol in PROTOCOLS, f"{here}: no such protocol")
        number = None if protocol is None else PROTOCOLS.index(protocol)
        spend(len(out))
        for other in out:
            apart = None not in (number, other.protocol) and number != other.protocol
            need(apart or not meet(there, other.addresses) or not meet(on, other.ports), f"{here}: an endpoint is kept twice")
        out.append(Hole(there, on, number))
    for protocol in range(len(PROTOCOLS)):
        kept = [box for h in out if h.protocol in (None, protocol) for box in boxes(h.addresses, minus(h.ports, ((0, 0),)))]
        need(volume(kept) < volume(boxes(pool, minus(ALL_PORTS, ((0, 0),)))), f"{where}: nothing is left to give")
    return Holes(pool, tuple(h if by_protocol else Hole(h.addresses, h.ports, None) for h in out))
