"""Port contiguity (RFC 4787, 4.2.3): source ports 2k and 2k + 1 are partners, and so are such external ports of one address.

Where a NAT requires it, two mappings of partners have endpoints that are partners; a flow whose partner has a mapping gets the port beside it
or fails.
"""

from __future__ import annotations

from dataclasses import replace

from .blocks import Block, some_dests
from .holes import PROTOCOLS
from .reading import need
from .scenario import Nat, Scenario
from .sets import PORTS, Box, Set, Undecided, boxes, element, meet, minus, part, size, spend, union, volume

EVEN: Set = tuple((p, p) for p in range(0, PORTS, 2))
ODD: Set = tuple((p, p) for p in range(1, PORTS, 2))
MOST_ALONE = 1_000_000  # connections looked at one by one


def partners(ports: Set) -> Set:
    """Each port's partner."""
    below, above = meet(ports, ODD), meet(ports, EVEN)
    spend(len(below) + len(above))
    return union([*((a - 1, b - 1) for a, b in below), *((a + 1, b + 1) for a, b in above)])


def in_pairs(ports: Set) -> Set:
    """Those whose partner is there, too."""
    return meet(ports, partners(ports))


def numbers(ports: Set) -> Set:
    """The numbers k of ports 2k (or 2k + 1) of one parity, in the same order."""
    spend(len(ports))
    return union((a >> 1, b >> 1) for a, b in ports)


def _slice(big: Set, small: Set) -> int | None:
    """Where the smaller set begins in the larger one, by rank, if it is a run of its elements."""
    rank = size(meet(big, ((0, small[0][0]),))) - 1
    return rank if part(big, rank, size(small)) == small else None


def _alike(a: Block, b: Block) -> tuple[int, int] | None:
    """The units of `a`, from .. to, whose partners are those of `b` at the same places, and outside as well."""
    big, small = (a, b) if a.count >= b.count else (b, a)
    rows, out = _slice(big.addresses, small.addresses), _slice(big.via[0], small.via[0])
    if rows is None or out is None:
        return None
    first = small.first + rows * size(small.ports)  # as the larger one counts
    if small.via[2] + out * size(small.via[1]) - first != big.via[2] - big.first:
        return None
    lo, hi = max(first, big.first), min(first + small.count, big.first + big.count)
    back = 0 if big is a else first - small.first
    return (lo - back, hi - back) if lo < hi else None


def _sources(block: Block, protocol: int) -> list[Box]:
    """Its mappings of a protocol: address, number of the pair, in a box of the protocol."""
    if all(d.server.protocol != protocol for d in block.dests):
        return []
    rects = [r for _, some, _ in block.pieces() for r in some]
    return [((protocol, protocol), *box) for where, ports in rects for box in boxes(where, numbers(ports))]


def _one_by_one(nat: Nat, blocks: list[Block]) -> None:
    """Each mapping by itself."""
    if sum(b.count for b in blocks) > MOST_ALONE:
        raise Undecided("blocks of both parities, with more connections than this checker looks at one by one (1,000,000)")
    endpoints: dict[tuple[int, int, int], tuple[int, int]] = {}
    for block in blocks:
        for dest, row, port, out_row, out_port in block.units():
            spend(8 * len(block.dests))
            address, port = element(block.addresses, row), element(block.ports, port)
            at = element(block.via[0], out_row), element(block.via[1], out_port)
            for d in some_dests(block.dests, dest, 1) if block.spread else block.dests:
                endpoints[d.server.protocol, address, port] = at
    for (protocol, address, port), at in endpoints.items():
        other = endpoints.get((protocol, address, port ^ 1))
        need(other is None or other == (at[0], at[1] ^ 1), f"{nat.name}: mappings of two partners are apart")


def _parity(ports: Set) -> int | None:
    """0 or 1, where all ports are even, or odd."""
    spend(len(ports))
    kinds = {p for a, b in ports for p in (a & 1, (a & 1) ^ (b > a))}
    return kinds.pop() if len(kinds) == 1 else None


def together(nat: Nat, blocks: list[Block]) -> None:
    """Mappings of partners are on partners. (That a mapping has one endpoint is seen elsewhere.)"""
    if not nat.translates or nat.plan.contiguity != "require":
        return
    parities = [(_parity(b.ports), _parity(b.via[1])) for b in blocks]
    if any(b.spread for b in blocks) or any(p is None or p != q for p, q in parities):
        _one_by_one(nat, blocks)
        return
    even, odd = ([b for b, (p, _) in zip(blocks, parities) if p == k] for k in (0, 1))  # noqa: B905
    places: dict[tuple[Set, int, Set], list[Block]] = {}
    for b in odd:
        places.setdefault((numbers(b.ports), b.shift % size(b.ports), numbers(b.via[1])), []).append(b)
    for protocol in {d.server.protocol for b in blocks for d in b.dests}:
        ours = [[box for b in some for box in _sources(b, protocol)] for some in (even, odd)]
        both = volume(ours[0]) + volume(ours[1]) - volume(ours[0] + ours[1])
        matched: list[Box] = []
        for b in even:
            others = places.get((numbers(b.ports), b.shift % size(b.ports), numbers(b.via[1])), [])
            spend(8 * len(others))
            for other in others:
                if any(d.server.protocol == protocol for d in other.dests) and (found := _alike(b, other)) is not None:
                    lo, hi = found
                    matched += _sources(replace(b, first=lo, via=(*b.via[:2], b.via[2] + lo - b.first), count=hi - lo), protocol)
        need(volume(matched) == both, f"{nat.name}: mappings of two partners are apart")


def _keep_their_own(scenario: Scenario, nat: Nat) -> bool:
    """Whether each client has one address and ports that no other has, which are kept: so both of two partners sit on their own."""
    own = [s for c in scenario.inside(nat) for s in c.ports]
    kept = union(s for h in nat.holes.each for s in h.ports)
    alone = all(size(c.addresses) == 1 for c in scenario.inside(nat)) and size(union(own)) == sum(size((s,)) for s in own)
    return alone and not meet(union(own), kept) and not minus(union(own), nat.plan.preserved)


def least_beside(scenario: Scenario, nat: Nat, mappings: int) -> int | None:
    """With so few live, at least, a flow may find the port beside its partner's taken; None: it never does. `mappings`: the most of all clients."""
    if not nat.translates or nat.plan.contiguity != "require":
        return None
    paired = union(s for c in scenario.inside(nat) for s in in_pairs(c.ports))
    if not paired or mappings < 2 or _keep_their_own(scenario, nat):
        return None
    for a in nat.plan.classes:
        for b in nat.plan.classes:
            if meet(meet(a.source, paired), partners(b.source)) and a.ports != partners(b.ports):
                return 1
    for protocol in range(len(PROTOCOLS)):
        for _, kept in nat.holes.alike(protocol, nat.pool) if nat.holes.each else ():
            if kept != partners(kept):
                return 1
    return None if mappings < 3 else 2
