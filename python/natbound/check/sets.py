"""Sets of addresses, ports and tuples as intervals, so that nothing is ever enumerated.

A set is a sorted tuple of pairs (first, last). Addresses of both families lie on one 128-bit axis: a.b.c.d is ::ffff:a.b.c.d (RFC 4291,
2.5.5.2). A box is a tuple of pairs, one a dimension; `volume` counts the points of a union of boxes.
"""

from __future__ import annotations

import threading
from bisect import bisect_left, bisect_right
from collections.abc import Iterable

Span = tuple[int, int]
Set = tuple[Span, ...]
Box = tuple[Span, ...]
Rect = tuple[Set, Set]  # addresses x ports

IPV4 = 0xFFFF << 32
PORTS = 65536
ALL_PORTS: Set = ((0, PORTS - 1),)
# Small steps of plain Python (a fraction of a microsecond each) that one certificate may cost: more is not decided here, so that a hostile
# one ends within about half a minute, in little memory.
MOST_WORK = 60_000_000


class Rejected(Exception):
    """The certificate is wrong, or says something that the rules here do not justify."""


class Undecided(Exception):
    """This checker cannot decide it."""


class _Meter(threading.local):
    """The steps that are left to this thread's certificate."""

    left = MOST_WORK


_meter = _Meter()


def begin() -> None:
    """A new certificate: all steps are left."""
    _meter.left = MOST_WORK


def spend(steps: int) -> None:
    """So many small steps come next: to be said before they are made, and before memory is taken for them."""
    _meter.left -= steps
    if _meter.left < 0:
        raise Undecided("too much work for this checker: too many addresses, pieces or steps")


def union(spans: Iterable[Span]) -> Set:
    """The set that spans in any order make up."""
    out: list[Span] = []
    given = sorted(spans)
    spend(len(given))
    for lo, hi in given:
        if out and lo <= out[-1][1] + 1:
            out[-1] = (out[-1][0], max(out[-1][1], hi))
        else:
            out.append((lo, hi))
    return tuple(out)


def size(s: Set) -> int:
    """How many elements."""
    return sum(hi - lo + 1 for lo, hi in s)


def _first(span: Span) -> int:
    return span[0]


def _last(span: Span) -> int:
    return span[1]


def meet(a: Set, b: Set) -> Set:
    """The elements of both."""
    if len(a) > len(b):
        a, b = b, a
    out, i, j = [], 0, 0
    if 16 * len(a) < len(b):  # of a long one the parts that matter alone
        spend(16 * len(a))
        return tuple(
            (max(lo, first), min(hi, last))
            for lo, hi in a
            for first, last in b[bisect_left(b, lo, key=_last) : bisect_right(b, hi, key=_first)]
        )
    spend(len(a) + len(b))
    while i < len(a) and j < len(b):
        lo, hi = max(a[i][0], b[j][0]), min(a[i][1], b[j][1])
        if lo <= hi:
            out.append((lo, hi))
        if a[i][1] < b[j][1]:
            i += 1
        else:
            j += 1
    return tuple(out)


def minus(a: Set, b: Set) -> Set:
    """The elements of a that are not in b."""
    spend(len(a) + len(b))
    out = []
    j = 0
    for lo, hi in a:
        while j < len(b) and b[j][1] < lo:
            j += 1
        k = j
        while k < len(b) and b[k][0] <= hi and lo <= hi:
            if lo < b[k][0]:
                out.append((lo, b[k][0] - 1))
            lo = b[k][1] + 1
            k += 1
        if lo <= hi:
            out.append((lo, hi))
    return tuple(out)


def within(a: Set, b: Set) -> bool:
    """Whether a is a subset of b."""
    return meet(a, b) == a


def part(s: Set, rank: int, length: int) -> Set:
    """The elements of ranks rank .. rank+length-1, counted from 0 in ascending order."""
    spend(len(s))
    out = []
    for lo, hi in s:
        if length <= 0:
            break
        here = hi - lo + 1
        if rank >= here:
            rank -= here
            continue
        take = min(length, here - rank)
        out.append((lo + rank, lo + rank + take - 1))
        length -= take
        rank = 0
    return tuple(out)


def element(s: Set, rank: int) -> int:
    """The element of that rank."""
    return part(s, rank, 1)[0][0]


def rank_of(s: Set, value: int) -> int | None:
    """The rank of an element, or None where it is not in the set."""
    before = 0
    for lo, hi in s:
        if lo <= value <= hi:
            return before + value - lo
        before += hi - lo + 1
    return None


def boxes(*sides: Set) -> list[Box]:
    """A product of sets as boxes."""
    out: list[Box] = [()]
    for side in sides:
        spend(len(out) * len(side))
        out = [(*box, span) for box in out for span in side]
    return out


def _one(box: Box) -> int:
    out = 1
    for lo, hi in box:
        out *= hi - lo + 1
    return out


def total(many: Iterable[Box]) -> int:
    """The sum of the boxes' sizes, each counted by itself."""
    return sum(map(_one, many))


def volume(many: Iterable[Box]) -> int:
    """The number of points in the union of boxes: cut into slabs along the side that cuts the fewest boxes, then each slab by itself."""

    def solve(here: list[Box]) -> int:
        spend(len(here) * 4)
        if len(here) <= 1 or not here[0]:
            return _one(here[0]) if here else 0
        if len(here[0]) == 1:
            return size(union(box[0] for box in here))
        best: tuple[int, int, list[int]] | None = None
        for side in range(len(here[0])):
            cuts = sorted({box[side][0] for box in here} | {box[side][1] + 1 for box in here})
            cost = sum(bisect_left(cuts, box[side][1] + 1) - bisect_left(cuts, box[side][0]) for box in here)
            if best is None or cost < best[0]:
                best = (cost, side, cuts)
        assert best is not None
        cost, side, cuts = best
        spend(cost + len(cuts))
        slabs: list[list[Box]] = [[] for _ in cuts]
        for box in here:
            rest = box[:side] + box[side + 1 :]
            for k in range(bisect_left(cuts, box[side][0]), bisect_left(cuts, box[side][1] + 1)):
                slabs[k].append(rest)
        return sum((cuts[k + 1] - cuts[k]) * solve(slab) for k, slab in enumerate(slabs) if slab)

    return solve(list(dict.fromkeys(many)))


def covers(whole: list[Box], piece: list[Box]) -> bool:
    """Whether the union of `piece` lies within the union of `whole`."""
    return volume(whole + piece) == volume(whole)
