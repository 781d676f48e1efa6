"""A block of a certificate: units (address x port, in order) of a client set, carried by units of a pool, in order.

A run of units is at most three rectangles of addresses x ports, and its destinations are a few boxes, so a block is never enumerated.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from .reading import addresses, count, entries, flag, get, known_keys, need, ports, word
from .scenario import Client, Nat, Scenario
from .servers import Dest
from .sets import (
    Box,
    Rect,
    Rejected,
    Set,
    boxes,
    part,
    size,
    spend,
    union,
    within,
)


def cyclic(s: Set, rank: int, length: int) -> Set:
    """The elements of ranks rank .. rank+length-1, counted round and round; length <= size(s)."""
    n = size(s)
    rank %= n
    head = min(length, n - rank)
    return union(part(s, rank, head) + part(s, 0, length - head))


def rectangles(where: Set, ports_: Set, shift: int, first: int, length: int) -> list[Rect]:
    """The units first .. first+length-1 of addresses x ports, the address slowest, each row's ports begun `shift` later."""
    n, end = size(ports_), first + length
    (row, column), (last, tail) = divmod(first, n), divmod(end, n)
    if row == last:
        return [(part(where, row, 1), cyclic(ports_, shift + column, length))]
    out = []
    if column:
        out.append((part(where, row, 1), cyclic(ports_, shift + column, n - column)))
        row += 1
    if row < last:
        out.append((part(where, row, last - row), ports_))
    if tail:
        out.append((part(where, last, 1), cyclic(ports_, shift, tail)))
    return out


def read_dests(scenario: Scenario, value: Any, where: str) -> list[Dest]:
    """A `to`: endpoints of the scenario's servers."""
    out = []
    for item in entries(value, where):
        known_keys(item, "server addresses ports", where)
        name = word(get(item, "server", where), where)
        need(name in scenario.servers, f"{where}: no server set {name[:40]!r}")
        server = scenario.servers[name]
        there, on = addresses(get(item, "addresses", where), where), ports(get(item, "ports", where), where)
        need(
            within(there, server.addresses) and within(on, server.ports),
            f"{where}: endpoints that {name} does not have",
        )
        out.append(Dest(server, there, on))
    need(out, f"{where}: destinations are wanted")
    return out


def some_dests(dests: list[Dest], first: int, length: int) -> list[Dest]:
    """The destination endpoints of ranks first .. first+length-1: in the order of the list, in each by address, then port."""
    spend(len(dests))
    out = []
    for d in dests:
        here = min(d.size - first, length)
        if here > 0:
            out += [Dest(d.server, where, on) for where, on in rectangles(d.addresses, d.ports, 0, first, here)]
            length -= here
        first = max(0, first - d.size)
    return out


@dataclass
class Block:
    """One block, with what it occupies: for runs of destinations, the rectangles of source endpoints."""

    client: Client
    nat: Nat | None
    dests: list[Dest]
    addresses: Set
    ports: Set
    shift: int
    first: int
    via: tuple[Set, Set, int]
    count: int
    preserve: bool
    spread: bool

    @property
    def translated(self) -> bool:
        """Whether another endpoint than its own carries each unit."""
        return self.nat is not None and self.nat.translates

    @property
    def endpoints(self) -> int:
        """|to|"""
        return sum(d.size for d in self.dests)

    @property
    def connections(self) -> int:
        """How many it carries."""
        return self.count if self.spread else self.count * self.endpoints

    def pieces(self) -> Iterator[tuple[list[Dest], list[Rect], list[Rect]]]:
        """Its connections as products of destinations and source endpoints, and the endpoints of the pool that carry them."""
        out = (*self.via[:2], 0)
        if not self.spread:
            taken = rectangles(self.addresses, self.ports, self.shift, self.first, self.count)
            yield self.dests, taken, rectangles(*out, self.via[2], self.count) if self.translated else taken
            return
        sockets, at, end = size(self.addresses) * size(self.ports), self.first, self.first + self.count
        while at < end:
            dest, unit = divmod(at, sockets)
            whole = 0 if unit else (end - at) // sockets
            length = whole * sockets or min(sockets - unit, end - at)
            here = rectangles(self.addresses, self.ports, self.shift, unit, min(length, sockets))
            outside = rectangles(*out, self.via[2] + at - self.first, length) if self.translated else here
            yield some_dests(self.dests, dest, max(whole, 1)), here, outside
            at += length

    def sources(self, side_of: Callable[[list[Dest]], list[Box]]) -> list[Box]:
        """Boxes (destination as `side_of` sees it, source address, source port)."""
        return [side + box for dests, rects, _ in self.pieces() for side in side_of(dests) for r in rects for box in boxes(*r)]

    def carriers(self, side_of: Callable[[list[Dest]], list[Box]]) -> list[Box]:
        """Boxes (destination as `side_of` sees it, external address, external port)."""
        return [side + box for dests, _, rects in self.pieces() for side in side_of(dests) for r in rects for box in boxes(*r)]

    def units(self) -> Iterator[tuple[int, int, int, int, int]]:
        """Ranks of (destination, source address, source port, external address, external port), every unit by itself."""
        n, m, rows = size(self.ports), size(self.via[1]), size(self.addresses)
        for k in range(self.count):
            row, port = divmod(self.first + k, n)
            dest, row = divmod(row, rows) if self.spread else (-1, row)
            out_row, out_port = divmod(self.via[2] + k, m)
            yield dest, row, (self.shift + port) % n, out_row, out_port

    def rows(self) -> Iterator[tuple[int, int, int]]:
        """(rank of the destination, of the source address, of the pool's address), each run of units within one row of both."""
        n, m, rows, k = size(self.ports), size(self.via[1]), size(self.addresses), 0
        while k < self.count:
            u, v = self.first + k, self.via[2] + k
            dest, row = divmod(u // n, rows) if self.spread else (-1, u // n)
            yield dest, row, v // m
            k += min(n - u % n, m - v % m)


def read_via(scenario: Scenario, client: Client, value: Any, where: str, keys: str = "") -> tuple[Nat | None, tuple[Set, Set, int] | None]:
    """What carries the units of a client set, or of the NAT that stands for one, at the NAT that it is inside."""
    nats = scenario.nats_of(client)
    if not nats:
        need(value is None, f"{where}: {client.name} is inside no NAT")
        return None, None
    out = known_keys(value, f"nat addresses ports first {keys}", where + ".via")
    named = get(out, "nat", where)
    nat = next((n for n in nats if n.name == named), None)
    if nat is None:
        raise Rejected(f"{where}: {client.name} is inside {nats[0].name} and not inside {str(named)[:40]!r}")
    via = addresses(get(out, "addresses", where), where), ports(get(out, "ports", where), where), count(out.get("first", 0), where)
    need(not nat.translates or within(via[0], nat.pool), f"{where}: addresses outside the pool of {nat.name}")
    return nat, via


def read_block(scenario: Scenario, value: Any, where: str) -> list[Block]:
    """Reads a block, as one for each NAT that its connections pass, the innermost first; every unit must lie in the scenario's sets."""
    known_keys(value, "to from via count preserve spread", where)
    source = known_keys(get(value, "from", where), "client addresses ports first shift", where + ".from")
    name = word(get(source, "client", where), where)
    need(name in scenario.clients and not scenario.clients[name].inner, f"{where}: no client set {name[:40]!r}")
    client = scenario.clients[name]
    dests = read_dests(scenario, get(value, "to", where), where + ".to")
    for d in dests:
        need(scenario.reached(client, d.server), f"{where}: {name} does not reach {d.server.name}")
    from_ = addresses(get(source, "addresses", where), where), ports(get(source, "ports", where), where)
    need(
        within(from_[0], client.addresses) and within(from_[1], client.ports),
        f"{where}: endpoints that {name} does not have",
    )
    units = count(get(value, "count", where), where)
    need(units > 0, f"{where}: no units")
    preserve, spread = flag(value.get("preserve", False), where), flag(value.get("spread", False), where)
    stages = value.get("via")
    several = isinstance(stages, list)
    need(
        not several or (len(stages) > 1 and not spread and not preserve),
        f"{where}.via: a list is of two NATs or more, and each keeps ports by itself",
    )
    out: list[Block] = []
    first, shift = count(source.get("first", 0), where), count(source.get("shift", 0), where)
    for i, stage in enumerate(stages if several else [stages]):
        nat, via = read_via(scenario, client, stage, where, "preserve" if several else "")
        keeps = flag(stage.get("preserve", False), where) if several else preserve
        need(not several or nat is not None, f"{where}.via: more NATs than {client.name} is behind")
        if nat is not None and not nat.translates:
            need(via == (*from_, first) and keeps and not shift, f"{where}.via: {nat.name} translates nothing")
        block = Block(client, nat, dests, *from_, shift, first, via or (*from_, 0), units, keeps, spread)
        sockets = size(from_[0]) * size(from_[1]) * (block.endpoints if spread else 1)
        need(first + units <= sockets, f"{where}: more units than the sources have")
        need(not via or via[2] + units <= size(via[0]) * size(via[1]), f"{where}: more units than the pool's part has")
        out.append(block)
        if nat is not None and via is not None and nat.name in scenario.clients:
            need(several and i + 1 < len(stages), f"{where}.via: {nat.name} is inside another NAT")
            client, from_, first, shift = scenario.clients[nat.name], via[:2], via[2], 0
        else:
            need(not several or i + 1 == len(stages), f"{where}.via: {nat.name if nat else name} is inside no NAT")
    return out
