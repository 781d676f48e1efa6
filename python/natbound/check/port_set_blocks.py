"""Blocks through a NAT that deals out its ports in sets: each external endpoint lies in a set of the client address that uses it.

A run is so many client addresses, one after the other, of which the first uses the set of some number, the next the set after it, and so on. What
a block uses is a few runs where its rows of source ports and the sets go together; else a run is one address. Deterministic: each run says what
the arithmetic says. On demand: no set is in the runs of two addresses, and no address in runs of more sets than one may have.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from typing import NamedTuple

from .blocks import Block, rectangles
from .reading import need
from .scenario import Nat, Scenario
from .sets import Set, part, rank_of, size, spend, union


class Run(NamedTuple):
    """`many` addresses from `address` on, with sets from `number` on; `own`: deterministic ones (of a dynamic part they are told apart)."""

    own: bool
    address: int
    number: int
    many: int


class Places:
    """Which set a port is of, on each address of the pool."""

    def __init__(self, nat: Nat) -> None:
        sets = nat.port_sets
        assert sets is not None
        self.name = nat.name
        each = [(lo, lo + sets.size - 1, sets.deterministic, i) for i, lo in enumerate(sets.firsts)]
        if sets.more is not None:
            each += [(lo, lo + sets.more.size - 1, False, i) for i, lo in enumerate(sets.more.firsts)]
        self.each = sorted(each)
        self.firsts = [lo for lo, *_ in self.each]
        self.on_each = {True: len(sets.firsts), False: len(sets.more.firsts if sets.more else sets.firsts)}

    def of(self, ports: Set) -> list[tuple[bool, int]]:
        """The sets that these ports lie in, by kind and number on the address."""
        out = []
        for lo, hi in ports:
            at = lo
            while at <= hi:
                spend(2)
                k = bisect_right(self.firsts, at) - 1
                need(k >= 0 and at <= self.each[k][1], f"{self.name}: port {at} is in no port set")
                out.append(self.each[k][2:])
                at = self.each[k][1] + 1
        return list(dict.fromkeys(out))


def _addresses(s: Set, rank: int, many: int) -> Iterator[tuple[int, int, int]]:
    """Elements of these ranks as (how many before, first, how many in a row)."""
    done = 0
    for lo, hi in part(s, rank, many):
        yield done, lo, hi - lo + 1
        done += hi - lo + 1


def _whole_rows(places: Places, nat: Nat, block: Block) -> Iterator[Run] | None:
    """Where rows of source ports and of external ones go together: as many rows at once as follow one another."""
    n, m, v = size(block.ports), size(block.via[1]), block.via[2]
    if block.spread or block.first % n or block.count % n or m % n or v % n:
        return None
    spend(len(block.via[1]) * (m // n))
    there = [places.of(part(block.via[1], j * n, n)) for j in range(m // n)]
    if any(len(t) != len(there[0]) for t in there):
        return None
    return _of_rows(places, nat, block, there)


def _of_rows(places: Places, nat: Nat, block: Block, there: list[list[tuple[bool, int]]]) -> Iterator[Run]:
    n, per = size(block.ports), len(there)
    first, rows, v = block.first // n, block.count // n, block.via[2] // n
    for channel in range(len(there[0])):
        column = [t[channel] for t in there]
        own = column[0][0]
        if per == places.on_each[own] and column == [(own, j) for j in range(per)]:  # all sets of each address: they go on on the next
            for done, lo, many in _addresses(block.via[0], v // per, (v + rows - 1) // per - v // per + 1):
                begin, end = max(done * per, v % per), min((done + many) * per, v % per + rows)
                number = (rank_of(nat.pool, lo) or 0) * per + begin - done * per
                yield from _rows(block, own, first + begin - v % per, number, end - begin)
            continue
        at = 0
        while at < rows:
            where, j = divmod(v + at, per)
            end = j
            while end + 1 < per and column[end + 1] == (column[end][0], column[end][1] + 1):
                end += 1
            spend(4 + end - j)
            many = min(end - j + 1, rows - at)
            rank = rank_of(nat.pool, part(block.via[0], where, 1)[0][0]) or 0
            yield from _rows(block, column[j][0], first + at, rank * places.on_each[column[j][0]] + column[j][1], many)
            at += many


def _rows(block: Block, own: bool, row: int, number: int, many: int) -> Iterator[Run]:
    for done, lo, here in _addresses(block.addresses, row, many):
        yield Run(own, lo, number + done, here)


def _row_by_row(places: Places, nat: Nat, block: Block) -> Iterator[Run]:
    n, rows, k = size(block.ports), size(block.addresses), 0
    while k < block.count:
        u = block.first + k
        length = min(n - u % n, block.count - k)
        ((address, _),) = part(block.addresses, u // n % rows, 1)
        for where, ports in rectangles(*block.via[:2], 0, block.via[2] + k, length):
            for lo, hi in where:
                for a in range(lo, hi + 1):
                    for own, i in places.of(ports):
                        yield Run(own, address, (rank_of(nat.pool, a) or 0) * places.on_each[own] + i, 1)
        spend(8)
        k += length


def runs(nat: Nat, blocks: list[Block]) -> Iterator[Run]:
    """What the blocks use."""
    places = Places(nat)
    for block in blocks:
        yield from _whole_rows(places, nat, block) or _row_by_row(places, nat, block)


def numbered(scenario: Scenario, nat: Nat) -> list[tuple[int, int, int]]:
    """Client addresses lo to hi, and the number of the first: ascending addresses."""
    assert nat.port_sets is not None
    out, number = [], 0
    for name in nat.port_sets.order:
        for lo, hi in scenario.clients[name].addresses:
            out.append((lo, hi, number))
            number += hi - lo + 1
    return sorted(out)


def in_sets(scenario: Scenario, nat: Nat, blocks: list[Block]) -> None:
    """Rejects blocks that use another's sets, or too many."""
    assert nat.port_sets is not None
    order = numbered(scenario, nat)
    starts = [lo for lo, _, _ in order]
    shared: dict[int, list[tuple[int, int]]] = {}  # by number less address: the addresses
    for run in runs(nat, blocks):
        spend(2)
        if not run.own:
            shared.setdefault(run.number - run.address, []).append((run.address, run.address + run.many - 1))
            continue
        at = run.address
        while at < run.address + run.many:
            lo, hi, first = order[bisect_right(starts, at) - 1]
            good = lo <= at <= hi and run.number + at - run.address == first + at - lo
            need(good, f"{nat.name}: an external endpoint in the port set of another client address")
            at = hi + 1
    each = {by: union(some) for by, some in shared.items()}
    numbers = [(lo + by, hi + by) for by, some in each.items() for lo, hi in some]
    need(size(union(numbers)) == sum(hi - lo + 1 for lo, hi in numbers), f"{nat.name}: a port set of two client addresses")
    most = nat.port_sets.more.each if nat.port_sets.more else nat.port_sets.each
    change = sorted(x for some in each.values() for lo, hi in some for x in ((lo, 1), (hi + 1, -1)))
    spend(len(change))
    live = 0
    for _, by in change:  # at one address those that end come first
        live += by
        need(live <= most, f"{nat.name}: more port sets than the {most:,} that a client address may have")
