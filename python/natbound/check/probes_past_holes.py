"""The fewest distinct endpoints that a search finds free at best, on an address where static mappings keep some ports (probes.py: where none do).

Kept ports are busy without a live flow, so of each start of a round the ranks that are not kept count, and every start is looked at.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import accumulate

from .design import Plan, PortClass, Round
from .probes import fewest_endpoints, runs, scaled_ranks, starts_of
from .sets import Set, Undecided, meet, minus, rank_of, size, spend, union

MOST_STARTS = 1 << 20


def to_ranks(ports: Set, among: Set) -> Set:
    """The ranks of some of the ports."""
    out, before = [], 0
    for lo, hi in among:
        out += [(a - lo + before, b - lo + before) for a, b in meet(ports, ((lo, hi),))]
        before += hi - lo + 1
    return union(out)


def _starts(r: Round, n: int) -> range:
    """The starts of a round that differ in what they try."""
    if not r.drawn:
        return range(1)
    values = starts_of(r, n)
    many = min(values, n if r.width is None else r.width)
    if r.step == "scaled":
        many = values
    if many > MOST_STARTS:
        raise Undecided("a search of too many starts, past static mappings")
    return range(many)


def _seen(r: Round, n: int, lowest: int, start: int, skip: int) -> Set:
    if r.step == "scaled":
        spend(3 * min(r.length(n), n + 1))
        return union((k, k) for k in scaled_ranks(r, n, lowest, start, skip))
    return union((min(s), max(s)) for s in runs(r, n, start, skip))


def _tried(r: Round, c: PortClass, sources: Set, skip: int) -> Iterator[tuple[Set, Set]]:
    """For each start: the ranks that are tried, and the source ports that may have that start."""
    n, lowest = size(c.ports), c.ports[0][0]
    if r.start == "own-port" and not (r.step == "scaled" and skip):
        for lo, hi in sources:
            for port in range(lo, hi + 1):
                rank = rank_of(c.ports, port)
                yield _seen(r, n, lowest, n - 1 if rank is None else rank, skip), ((port, port),)
        return
    firsts = set()
    for start in _starts(r, n):
        if r.step == "independent":
            start %= n
            if start not in firsts:
                yield ((start, start),), sources
            firsts.add(start)
        elif r.step == "scaled":
            first = start * n >> (r.bits or 16)
            if first not in firsts:
                yield _seen(r, n, lowest, start, skip), sources
            firsts.add(first)
        else:
            yield _seen(r, n, lowest, start, skip), sources


def _of_round(r: Round, c: PortClass, sources: Set, own: bool, skip: int, kept: Set) -> int:
    """The fewest of one round; `own`: the flow's own port counts too."""
    n = size(c.ports)
    if r.length(n) <= skip:
        return 0
    flags = bytearray(n + 1)
    for lo, hi in kept:
        spend((hi - lo) // 64 + 1)
        flags[lo + 1 : hi + 2] = b"\1" * (hi - lo + 1)
    spend(n // 4)
    before = list(accumulate(flags))
    best = 1 << 17
    known: dict[Set, Set] = {}
    for seen, who in _tried(r, c, sources, skip):
        spend(6)
        fewest = sum(b - a + 1 - (before[b + 1] - before[a]) for a, b in seen)
        if own and fewest <= best:
            if who not in known:
                known[who] = to_ranks(who, c.ports)
            fewest += not meet(seen, known[who])
        best = min(best, fewest)
        if not best:
            break
    return best


def fewest_past(plan: Plan, c: PortClass, sources: Set, kept_ports: Set) -> int:
    """The fewest distinct ports, of those that are not kept, of one address that the sequence of a flow from one of these source ports tries."""
    if not meet(kept_ports, union((*c.ports, *sources))):
        return fewest_endpoints(plan, c, sources)
    n, kept, out = size(c.ports), to_ranks(kept_ports, c.ports), []
    keeps = meet(sources, plan.preserved)
    cases = ((minus(keeps, kept_ports), True, True), (meet(keeps, kept_ports), True, False), (minus(sources, plan.preserved), False, False))
    for group, first, own in cases:
        if not group:
            continue
        best = int(own)
        rounds = plan.rounds_in(n)
        for i, r in enumerate(rounds):
            skip = int(first and plan.first_choice_counts and i == 0)
            longer = any(_alike(r, o) and (o.length(n), -k) > (r.length(n), -i) for k, o in enumerate(rounds) if k)
            if not longer or skip:
                best = max(best, _of_round(r, c, group, own, skip, kept))
        out.append(best)
    return min(out)


def _alike(a: Round, b: Round) -> bool:
    """Whether the longer of two rounds tries at least what the other does, from the same starts."""
    return (a.start, a.step, a.bits, a.width) == (b.start, b.step, b.bits, b.width)
