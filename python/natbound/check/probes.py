"""Probe sequences: which ranks of a range a round tries, and the fewest distinct endpoints that any sequence of a flow can have.

A flow fails in its search only if every endpoint of its sequence is held, and one live flow holds one endpoint in its clash scope. So the
fewest distinct endpoints over all draws bound the live flows from below. The rounds draw independently, so the union of a sequence is at least
the largest of its rounds; of each round the least over its draws is taken, with the flow's own port where that is tried first.
"""

from __future__ import annotations

from collections.abc import Iterator

from .design import Plan, PortClass, Round
from .sets import Set, Span, element, meet, minus, part, rank_of, size, spend, union


def runs(r: Round, n: int, start: int, skip: int) -> list[Span]:
    """The ranks that one ascending or sweeping round tries, in order, as runs (first, last); a run with last < first descends."""
    length = r.length(n)
    out: list[Span] = []
    if r.step == "ascend-then-descend":
        if start + skip < min(n, start + length):
            out.append((start + skip, min(n, start + length) - 1))
        i = max(skip, n - start)
        if i < length:
            out.append((n - 1 - i, n - length))  # may be a run of one, or descend
        return out
    i = skip
    while i < length:
        at = start + i
        left = length - i
        if r.width is not None:
            if i - skip >= r.width:
                break  # all offsets were tried
            at %= r.width
            left = min(left, r.width - at)
        rank = at % n
        left = min(left, n - rank)
        out.append((rank, rank + left - 1))
        i += left
    return out


def scaled_next(r: Round, n: int, lowest: int, rank: int) -> int:
    """The rank after `rank`: the port plus one, as 16 bits, scaled into the range again."""
    return (lowest + rank + 1) % 65536 * n >> (r.bits or 16)


def scaled_ranks(r: Round, n: int, lowest: int, start: int, skip: int) -> Iterator[int]:
    """The ranks that a scaled round tries, in order; more than n + 1 of them bring nothing new."""
    rank = start * n >> (r.bits or 16) if skip == 0 else scaled_next(r, n, lowest, 0)
    for _ in range(min(r.length(n) - skip, n + 1)):
        yield rank
        rank = scaled_next(r, n, lowest, rank)


def starts_of(r: Round, n: int) -> int:
    """How many starts a round has that is not begun at the flow's own port."""
    return r.values(n) if r.drawn else 1


def _ascending(r: Round, n: int, skip: int) -> tuple[int, Set]:
    """(fewest distinct ranks, the ranks that occur in some run of just so many) of an ascending round that is not begun at the own port."""
    length, starts = r.length(n) - skip, starts_of(r, n)
    if r.width is None:
        last = skip + starts - 1 + length - 1
        return length, _modulo(((skip, last),), n)
    if length >= r.width:
        return min(n, r.width), ((0, min(n, r.width) - 1),)
    first = _modulo(((skip, skip + starts - 1),), r.width)
    best, where = length + 1, []
    plain = meet(first, ((0, r.width - length),))
    if plain:
        best, where = length, [s for lo, hi in plain for s in _modulo(((lo, hi + length - 1),), n)]
    for lo, hi in meet(first, ((r.width - length + 1, r.width - 1),)):
        for start in range(lo, hi + 1):  # the offset wraps within the run, and may meet its own beginning
            seen = union(runs(r, n, start - skip if start >= skip else start - skip + r.width, skip))
            if size(seen) < best:
                best, where = size(seen), []
            if size(seen) == best:
                where += seen
        where = list(union(where))
    return best, union(where)


def _modulo(spans: Set, n: int) -> Set:
    """The remainders by n of ranges of numbers."""
    out = []
    for lo, hi in spans:
        if hi - lo + 1 >= n:
            return ((0, n - 1),)
        a, b = lo % n, hi % n
        out += [(a, b)] if a <= b else [(a, n - 1), (0, b)]
    return union(out)


def _scaled(r: Round, n: int, lowest: int, skip: int) -> tuple[int, Set]:
    """As _ascending, for a scaled round: a walk over a fixed function, which ends in a cycle."""
    spend(8 * n)
    follow = [scaled_next(r, n, lowest, rank) for rank in range(n)]
    distinct = [0] * n  # ranks met by an endless walk from here
    for first in range(n):
        path: list[int] = []
        place: dict[int, int] = {}
        at = first
        while not distinct[at] and at not in place:
            place[at] = len(path)
            path.append(at)
            at = follow[at]
        cycle = len(path) - place[at] if at in place else 0
        for k in range(len(path) - 1, -1, -1):
            in_cycle = cycle and k >= place[at]
            distinct[path[k]] = cycle if in_cycle else distinct[follow[path[k]]] + 1
    values = 1 << (r.bits or 16)
    firsts = set(range(n)) if values >= n else {v * n // values for v in range(values)}
    if skip:
        firsts = {follow[0]}
    elif r.start == "first":
        firsts = {0}
    best = min(min(distinct[f], r.length(n) - skip) for f in firsts)
    reach = [0] * n  # so many more ranks of a shortest walk lie from here on
    for f in firsts:
        left, at = best, f
        if min(distinct[f], r.length(n) - skip) == best:
            while left > reach[at]:
                reach[at], left, at = left, left - 1, follow[at]
    return best, union((k, k) for k in range(n) if reach[k])


def ports_at(ports: Set, ranks: Set) -> Set:
    """The ports of those ranks."""
    return union(s for lo, hi in ranks for s in part(ports, lo, hi - lo + 1))


def _of_round(plan: Plan, r: Round, c: PortClass, sources: Set, kept: bool, skip: int) -> int:
    """The fewest distinct ports of a round and (kept) the own port, for flows from these source ports; 0 where no probe is made."""
    n, lowest = size(c.ports), c.ports[0][0]
    if r.length(n) <= skip:
        return 0
    if r.start == "own-port" and not (r.step == "scaled" and skip):
        best = None
        spend(size(sources) * (2 + len(c.ports) + (min(r.length(n), n + 1) if r.step == "scaled" else 0)))
        for lo, hi in sources:
            for port in range(lo, hi + 1):
                rank = rank_of(c.ports, port)
                start = n - 1 if rank is None else rank
                seen = (
                    union((k, k) for k in scaled_ranks(r, n, lowest, start, skip))
                    if r.step == "scaled"
                    else union(_up(runs(r, n, start, skip)))
                )
                extra = kept and (rank is None or not meet(seen, ((rank, rank),)))
                best = min(best or 1 << 17, size(seen) + extra)
        return best or 0
    ranks: tuple[tuple[int, int], ...]
    if r.step == "independent":
        fewest, ranks = 1, ((0, min(n, starts_of(r, n)) - 1),)
    elif r.step == "scaled":
        fewest, ranks = _scaled(r, n, lowest, skip)
    elif r.step == "ascend":
        fewest, ranks = _ascending(r, n, skip)
    else:
        fewest = r.length(n) - skip
        ranks = union(s for start in range(starts_of(r, n)) for s in _up(runs(r, n, start, skip)))
    if kept and not meet(ports_at(c.ports, ranks), sources):
        fewest += 1
    return fewest


def _up(spans: list[Span]) -> list[Span]:
    return [(min(s), max(s)) for s in spans]


def fewest_endpoints(plan: Plan, c: PortClass, sources: Set) -> int:
    """The fewest distinct ports of one address that the sequence of a flow from one of these source ports of the class tries."""
    n = size(c.ports)
    out = []
    for group, kept in ((meet(sources, plan.preserved), True), (minus(sources, plan.preserved), False)):
        if group:
            best = int(kept)
            for i, r in enumerate(plan.rounds_in(n)):
                skip = int(kept and plan.first_choice_counts and i == 0)
                best = max(best, _of_round(plan, r, c, group, kept, skip))
            out.append(best)
    return min(out)


def rank_to_port(ports: Set, rank: int) -> int:
    """The port of that rank."""
    return ports[0][0] + rank if len(ports) == 1 else element(ports, rank)
