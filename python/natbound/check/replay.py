"""The design stepped concretely, flow by flow, with the random numbers of a trace: who gets which endpoint, and who fails."""

from __future__ import annotations

from bisect import insort
from dataclasses import dataclass, field

from .design import PortClass, Round
from .pool import Draw, Way
from .probes import rank_to_port, runs, scaled_ranks
from .reading import need
from .scenario import Nat, Scenario
from .sets import PORTS, Undecided, element, meet, part, rank_of, size, spend

Flow = tuple[int, int, int, int, int]  # protocol, source address and port, destination address and port
MOST_ROWS = 8192  # of 64 KB each


@dataclass
class Row:
    """The ports of one external address within one clash scope: taken or not, and by which mapping."""

    busy: bytearray = field(default_factory=lambda: bytearray(PORTS))
    holders: dict[int, tuple[tuple[int, ...], int]] = field(default_factory=dict)  # mapping, flows


class Script:
    """The numbers of one open, in order."""

    def __init__(self, numbers: list[int]) -> None:
        self.numbers, self.at = numbers, 0

    def __call__(self, values: int) -> int:
        need(self.at < len(self.numbers), "the trace draws fewer random numbers than the design")
        out = self.numbers[self.at]
        need(0 <= out < values, f"the trace draws {out}, and the design a number below {values:,}")
        self.at += 1
        return out


def in_ports(c: PortClass, first: int, last: int) -> list[tuple[int, int]]:
    """A run of ranks as runs of ports, in order; descending where last < first."""
    lo, hi = min(first, last), max(first, last)
    spans = part(c.ports, lo, hi - lo + 1)
    return list(spans) if first <= last else [(b, a) for a, b in reversed(spans)]


class Table:
    """One NAT's table."""

    def __init__(self, scenario: Scenario, nat: Nat) -> None:
        self.nat, self.plan = nat, nat.plan
        self.way = Way(scenario, nat)
        self.pool = size(nat.pool)
        self.live: dict[Flow, tuple[int, int]] = {}  # rank in the pool, port
        self.sources: dict[tuple[int, int, int], list[Flow]] = {}  # flows of one source, ascending
        self.rows: dict[tuple[tuple[int, int, int], int], Row] = {}
        self.mappings: dict[tuple[int, ...], int] = {}
        self.subscribers: dict[int, int] = {}  # flows of a source address
        self.hashed: dict[
            tuple[Flow, tuple[int, int]], int
        ] = {}  # what an unknown hash gave a flow: it is a function, so it gives the same again
        self.known: dict[int, tuple[PortClass, int, bool, list[Round]]] = {}
        plan = self.plan
        alone = plan.pool_choice == "first" or (plan.pool_choice == "hash" and plan.hash_source_only)
        # paired pooling takes a choice away: a client's live flows have the external address of its first
        self.pairs = plan.paired and self.pool > 1 and (plan.fallback or not alone)
        self.bound: dict[int, int] = {}

    def scope(self, f: Flow) -> tuple[int, int, int]:
        """The clash-scope key of a flow."""
        p = self.plan
        return (f[0] if p.scope_protocol else -1, f[3] if p.scope != "none" else -1, f[4] if p.scope == "endpoint" else -1)

    def mapping(self, f: Flow) -> tuple[int, ...]:
        """The mapping that carries a flow."""
        return f[:3] if self.plan.mapping == "eim" else f[:4] if self.plan.mapping == "adm" else f

    def row(self, f: Flow, rank: int) -> Row:
        """The ports that a flow may clash on."""
        key = (self.scope(f), rank)
        found = self.rows.get(key)
        if found is None:
            if len(self.rows) >= MOST_ROWS:
                raise Undecided("a trace towards more destinations than this checker steps (8,192)")
            found = self.rows[key] = Row()
            for lo, hi in self.nat.holes.on(f[0], element(self.nat.pool, rank)) if self.nat.holes.each else ():
                found.busy[lo : hi + 1] = b"\1" * (hi - lo + 1)
        return found

    def open(self, f: Flow, draw: Draw) -> bool:
        """Opens a flow that is not live. False: it fails, and nothing has changed (or an open flow would have been cut)."""
        need(f not in self.live, "a flow is opened that is live already")
        spend(4)
        if self.nat.quota is not None and self.subscribers.get(f[1], 0) >= self.nat.quota:
            return False
        if self.nat.table is not None and len(self.live) >= self.nat.table:
            return False  # refused, or let in by cutting a live flow: a trace has no closing ones
        own = self.sources.get(f[:3], [])
        if self.plan.mapping != "edm":
            for other in own:
                spend(1)
                if self.plan.mapping == "adm" and other[3] != f[3]:
                    continue
                at = self.live[other]
                holder = self.row(f, at[0]).holders.get(at[1])
                if holder is None or holder[0] == self.mapping(f):
                    self.insert(f, at)
                    return True
                if self.plan.mapping != "eim-if-possible":
                    return False  # a conflict: another mapping carries a flow to that destination there
                break
        if self.nat.mappings is not None and len(self.mappings) >= self.nat.mappings:
            return False  # one more mapping would be needed
        chosen = self.search(f, draw)
        if chosen is None:
            return False
        self.insert(f, chosen)
        return True

    def search(self, f: Flow, draw: Draw) -> tuple[int, int] | None:
        """The endpoint that the search gives, address by address."""
        partner = self.partner(f)
        beside = None if partner is None else self.plan.beside(f[2], partner[1])
        if partner is not None and self.plan.contiguity == "require":
            return None if beside is None or self.row(f, partner[0]).busy[beside] else (partner[0], beside)
        own = self.bound.get(f[1])
        rank = self.way.start(f[1], f[3], draw) if own is None else own
        if own is None and self.way.starts == "any" and self.plan.pool_choice == "hash":
            self.same_again(f, (-1, -1), rank)
        for i in range(self.pool if self.plan.fallback and own is None else 1):
            spend(2)
            here = (rank + i) % self.pool
            if beside is not None and partner is not None and partner[0] == here and not self.row(f, here).busy[beside]:
                return here, beside
            port = self.choose(f, self.row(f, here).busy, draw, i)
            if port >= 0:
                return here, port
        return None

    def partner(self, f: Flow) -> tuple[int, int] | None:
        """Port contiguity: where the mapping of the other source port of a pair 2k, 2k + 1 is."""
        if self.plan.contiguity == "none":
            return None
        flows = self.sources.get((f[0], f[1], f[2] ^ 1))
        return self.live[flows[0]] if flows else None

    def same_again(self, f: Flow, what: tuple[int, int], value: int) -> None:
        """A hash is a function of the flow."""
        need(self.hashed.setdefault((f, what), value) == value, "a hash gives one flow two values")

    def choose(self, f: Flow, busy: bytearray, draw: Draw, address: int) -> int:
        """The first free port of the sequence on one address, or -1."""
        plan, source = self.plan, f[2]
        known = self.known.get(source)
        if known is None:
            c = plan.class_of(source)
            n = size(c.ports)
            known = self.known[source] = c, n, bool(meet(plan.preserved, ((source, source),))), plan.rounds_in(n)
        c, n, kept, rounds = known
        if kept and not busy[source]:
            return source
        skip = int(kept and plan.first_choice_counts)
        for number, r in enumerate(rounds):
            if r.length(n) > skip:
                found = self.round(f, r, c, n, busy, draw, skip, (address, number))
                if found >= 0:
                    return found
            skip = 0
        return -1

    def round(self, f: Flow, r: Round, c: PortClass, n: int, busy: bytearray, draw: Draw, skip: int, place: tuple[int, int]) -> int:
        """The first free port of one round, or -1."""
        start = 0
        if r.drawn:
            start = draw(r.values(n))
            if r.start == "hash":
                self.same_again(f, place, start)
        elif r.start == "own-port":
            own = rank_of(c.ports, f[2])
            start = n - 1 if own is None else own
        if r.step == "independent":
            for i in range(skip, r.length(n)):
                port = rank_to_port(c.ports, (start if i == skip else draw(r.values(n))) % n)
                if not busy[port]:
                    return port
        elif r.step == "scaled":
            for rank in scaled_ranks(r, n, c.ports[0][0], start, skip):
                spend(2)
                if not busy[c.ports[0][0] + rank]:
                    return c.ports[0][0] + rank
        else:
            lowest, whole = c.ports[0][0], len(c.ports) == 1
            for a, b in runs(r, n, start, skip):
                spend(1)
                for first, last in ((lowest + a, lowest + b),) if whole else in_ports(c, a, b):
                    port = busy.find(0, first, last + 1) if first <= last else busy.rfind(0, last, first + 1)
                    if port >= 0:
                        return port
        return -1

    def insert(self, f: Flow, at: tuple[int, int]) -> None:
        """The flow is live there."""
        self.live[f] = at
        self.subscribers[f[1]] = self.subscribers.get(f[1], 0) + 1
        if self.pairs:
            self.bound.setdefault(f[1], at[0])
        own = self.sources.setdefault(f[:3], [])
        insort(own, f)
        row = self.row(f, at[0])
        row.busy[at[1]] = 1
        holder = row.holders.get(at[1])
        row.holders[at[1]] = (self.mapping(f), holder[1] + 1 if holder else 1)
        entry = self.mapping(f)
        self.mappings[entry] = self.mappings.get(entry, 0) + 1

    def close(self, f: Flow) -> None:
        """The flow is gone at once."""
        need(f in self.live, "a flow is closed that is not live")
        at = self.live.pop(f)
        self.subscribers[f[1]] -= 1
        if not self.subscribers[f[1]]:
            self.bound.pop(f[1], None)
        own = self.sources[f[:3]]
        own.remove(f)
        if not own:
            del self.sources[f[:3]]
        row = self.row(f, at[0])
        mapping, flows = row.holders.pop(at[1])
        if flows > 1:
            row.holders[at[1]] = (mapping, flows - 1)
        else:
            row.busy[at[1]] = 0
        entry = self.mapping(f)
        self.mappings[entry] -= 1
        if not self.mappings[entry]:
            del self.mappings[entry]
