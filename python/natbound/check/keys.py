"""Clash-scope keys: how many there are among some destinations, and how many mappings, of what weight, one source endpoint has under each.

A flow has a mapping: its own (edm, eim-if-possible), its source's towards that address (adm), or its source's (eim), always within one
protocol. Its weight is the number of flows that it carries under the key.
"""

from __future__ import annotations

import itertools
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from .design import Plan
from .scenario import Client, Scenario
from .servers import Dest, Server
from .sets import Box, Set, Span, boxes, size, spend, union

EVERY: Span = (0, 0)  # a side that is not looked at


@dataclass(frozen=True)
class Cell:
    """Part of what lies under one key: so many addresses (all alike) with so many ports each."""

    server: Server
    atom: int
    addresses: int
    ports: int


@dataclass(frozen=True)
class Key:
    """A kind of clash-scope key: `number` keys that are alike, towards these addresses."""

    number: int
    addresses: Set
    cells: tuple[Cell, ...]


def by_address(dests: list[Dest]) -> list[tuple[Span, list[Dest]]]:
    """Runs of addresses, each with the destinations that lie there."""
    cuts = sorted({lo for d in dests for lo, _ in d.addresses} | {hi + 1 for d in dests for _, hi in d.addresses})
    found: list[list[Dest]] = [[] for _ in cuts]
    for d in dests:
        for lo, hi in d.addresses:
            first, after = bisect_left(cuts, lo), bisect_left(cuts, hi + 1)
            spend(after - first)
            for k in range(first, after):
                found[k].append(d)
    return [((cuts[k], cuts[k + 1] - 1), here) for k, here in enumerate(found) if here]


def _at_endpoints(span: Span, here: list[Dest], atom: int) -> list[Key]:
    """Keys are (address, port), whatever the protocol: ports where the same destinations meet are alike."""
    cuts = sorted({lo for d in here for lo, _ in d.ports} | {hi + 1 for d in here for _, hi in d.ports})
    out = []
    spend(len(cuts) * sum(len(d.ports) for d in here))
    for lo, after in itertools.pairwise(cuts):
        cells = tuple(Cell(d.server, atom, 1, 1) for d in here if any(a <= lo <= b for a, b in d.ports))
        if cells:
            out.append(Key((span[1] - span[0] + 1) * (after - lo), (span,), cells))
    return out


def keys_of(plan: Plan, dests: list[Dest]) -> list[Key]:
    """The keys among these destinations, which must not overlap."""
    if plan.scope == "endpoint" and plan.scope_protocol:
        return [Key(d.size, d.addresses, (Cell(d.server, i, 1, 1),)) for i, d in enumerate(dests)]
    out: list[Key] = []
    whole: dict[int, list[Cell]] = {}
    for atom, (span, here) in enumerate(by_address(dests)):
        if plan.scope == "endpoint":
            out += _at_endpoints(span, here, atom)
            continue
        wide = span[1] - span[0] + 1
        under: dict[int, list[Cell]] = {}
        for d in here:
            protocol = d.server.protocol if plan.scope_protocol else 0
            if plan.scope == "address":
                under.setdefault(protocol, []).append(Cell(d.server, atom, 1, size(d.ports)))
            else:
                whole.setdefault(protocol, []).append(Cell(d.server, atom, wide, size(d.ports)))
        out += [Key(wide, (span,), tuple(cells)) for cells in under.values()]
    everywhere = union(s for d in dests for s in d.addresses)
    return out + [Key(1, everywhere, tuple(cells)) for cells in whole.values()]


def weights(scenario: Scenario, plan: Plan, client: Client, key: Key) -> list[tuple[int, int]]:
    """The mappings of one source endpoint of the client set under one such key: (weight, how many), heaviest first."""
    found: Counter[int] = Counter()
    shared: Counter[tuple[int, int]] = Counter()
    wide: dict[tuple[int, int], int] = {}
    spend(len(key.cells))
    for cell in key.cells:
        if not scenario.reached(client, cell.server):
            continue
        if plan.mapping == "eim":
            shared[cell.server.protocol, 0] += cell.addresses * cell.ports
        elif plan.mapping == "adm":
            shared[cell.server.protocol, cell.atom] += cell.ports
            wide[cell.server.protocol, cell.atom] = cell.addresses
        else:
            found[1] += cell.addresses * cell.ports
    for place, weight in shared.items():
        found[weight] += wide.get(place, 1)
    return sorted(found.items(), reverse=True)


def mapping_side(plan: Plan, dests: Iterable[Dest], *, key: bool = False, mapping: bool = False) -> list[Box]:
    """Destinations as boxes (protocol, address, port) in which only what the clash-scope key, the mapping, or either looks at is kept."""
    protocol = mapping or plan.scope_protocol
    address = (key and plan.scope != "none") or (mapping and plan.mapping != "eim")
    port = (key and plan.scope == "endpoint") or (mapping and plan.mapping in ("edm", "eim-if-possible"))
    out: dict[Box, None] = {}
    for d in dests:
        side = (d.server.protocol, d.server.protocol) if protocol else EVERY
        for box in boxes((side,), d.addresses if address else (EVERY,), d.ports if port else (EVERY,)):
            out[box] = None
    return list(out)
