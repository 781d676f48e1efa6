"""guaranteed where port sets are dealt on demand (port blocks; RFC 7422's dynamic part).

A connection that fails finds its subscriber's sets full: its own (where there is one) with at least `own` live, and j on demand with at least `each`
live in each, `own` and `each` being what least_of_search says of one address behind the NAT that one set is to it. And it gets no other: j is the
most that a subscriber may have; or every set is dealt, and one live flow at least keeps each. To be dealt set number i + 1 a subscriber had i full
towards one clash-scope key, so it holds no more than 1 + (its sockets there, or its quota, - own - 1) div each; what all the others can't hold together the one
who fails holds itself.

Under paired pooling a subscriber's sets lie on one external address, so that the others need hold no more than the sets of that one; while it holds none
it is given another address, if the design falls back on others (a trace says which was drawn first).

A table of a trace: a subscriber's flows go into its sets in the order in which it was dealt them, and a set without a flow goes back; the free set
of the lowest number is dealt next.
"""

from __future__ import annotations

from .keys import keys_of, weights
from .pool import Draw, Way
from .port_set_room import paired, sets_of_an_address, supply
from .port_sets_replay import DealtTable, behind, least_of_own, whose
from .replay import Flow, Table
from .scenario import Client, Nat, Scenario
from .search import least_of_search
from .servers import Dest
from .sets import Undecided, meet, size, spend


def on_demand(nat: Nat) -> bool:
    """Whether client addresses share sets."""
    return nat.port_sets is not None and (not nat.port_sets.deterministic or nat.port_sets.more is not None)


def shared(nat: Nat) -> tuple[int, tuple[int, ...]]:
    """Of the sets on demand: how many ports each has, and where those of an address begin."""
    assert nat.port_sets is not None
    more = nat.port_sets.more
    return (nat.port_sets.size, nat.port_sets.firsts) if more is None else (more.size, more.firsts)


def least_in_shared(scenario: Scenario, nat: Nat, client: Client) -> int | None:
    """As least_of_search, over the sets that an address of the client set may be dealt."""
    wide, firsts = shared(nat)
    scaled = any(r.step == "scaled" for r in nat.plan.rounds)
    seen, found = set(), []
    for first in firsts:
        spend(4 + len(client.ports))
        own = tuple((lo - first, hi - first) for lo, hi in meet(client.ports, ((first, first + wide - 1),)))
        if (own, first if scaled else 0) not in seen:
            seen.add((own, first if scaled else 0))
            found.append(least_of_search(*behind(scenario, nat, client, 0, 0, first, wide)))
    return min((x for x in found if x is not None), default=None)


def sockets(scenario: Scenario, nat: Nat, client: Client) -> int:
    """The most mappings of one address under one clash-scope key, and no more than its quota."""
    keys = keys_of(nat.plan, [Dest(v, v.addresses, v.ports) for v in scenario.servers.values()])
    there = size(client.ports) * max((sum(n for _, n in weights(scenario, nat.plan, client, k)) for k in keys), default=0)
    return there if nat.quota is None else min(there, nat.quota)


def least_on_demand(scenario: Scenario, nat: Nat) -> int | None:
    """A lower bound of the live flows with which a connection finds no port; None: none ever does."""
    if nat.holes.each:
        raise Undecided(f"{nat.name}: this checker does not decide guaranteed with sets on demand of which static mappings keep ports")
    there = supply(scenario, nat)
    most = min(there.each - there.own, there.shared)
    kinds: list[tuple[Client, int, int | None, int]] = []  # sockets beyond its own set's, and what each other set takes; the most of them
    for client in scenario.inside(nat):
        own = least_of_own(scenario, nat, client) if there.own else 0
        left = 0 if own is None else sockets(scenario, nat, client) - own
        if own is None or left <= 0:
            continue  # its own set never fails it
        each = least_in_shared(scenario, nat, client)
        holds = min(most, 1 + (left - 1) // each if each else most if each == 0 else 1)
        kinds.append((client, own, each, holds))
    held = sum(size(client.addresses) * holds for client, _, _, holds in kinds)
    best: int | None = None
    for client, own, each, holds in kinds:
        for j, live in ((most, 0), *((j, sets - j) for j, sets in short_of(nat, there.shared, held - holds))):
            if j > most or live < 0 or (j and each is None):
                continue
            full = own + j * (each or 0)
            if sockets(scenario, nat, client) > full:
                best = full + live if best is None else min(best, full + live)
    return best


def short_of(nat: Nat, shared: int, others: int) -> list[tuple[int, int]]:
    """With how many sets a subscriber fails for want of another at least, where the others hold so many; and how many sets are then held in all."""
    if not paired(nat):
        return [(max(0, shared - others), shared)]
    here, least = sets_of_an_address(nat), int(nat.plan.fallback)
    return [(max(least, here - others), here), *([(0, shared)] if least and others >= shared else [])]


class OnDemandTable(DealtTable):
    """One NAT's table, as replay.Table, with a part for each set that a subscriber holds."""

    def __init__(self, scenario: Scenario, nat: Nat) -> None:
        super().__init__(scenario, nat)
        if nat.holes.each:
            raise Undecided(f"{nat.name}: this checker does not step sets on demand of which static mappings keep ports")
        self.supply = supply(scenario, nat)
        self.held: dict[int, list[tuple[int | None, Table]]] = {}  # by client address: numbers (None: its own) and tables
        self.free: set[int] = set()  # that were used before
        self.next: dict[int, int] = {}  # by where they begin: the first of those that were never used
        self.way = Way(scenario, nat)

    def open(self, f: Flow, draw: Draw) -> bool:
        """Opens a flow that is not live; False: it fails."""
        if f in self.live:
            return super().open(f, draw)
        if self.most is not None and len(self.live) >= self.most:
            return False
        held = self.held.setdefault(f[1], [])
        if not held and self.supply.own:
            held.append((None, self.part(f[1])))
        if self.nat.quota is not None and sum(len(t.live) for _, t in held) >= self.nat.quota:
            return False
        tables = [t for _, t in held]
        own = [t for t in tables if any(self.nat.plan.mapping != "adm" or g[3] == f[3] for g in t.sources.get(f[:3], ()))]
        if own and self.nat.plan.mapping in ("eim", "adm"):  # they share its endpoint, or clash there
            tables = own
        elif self.nat.plan.mapping == "eim-if-possible":
            tables = own + [t for t in tables if t not in own]
        else:
            own = []
        for table in tables:
            if table.open(f, draw):
                self.live.add(f)
                return True
        if (own and tables is own) or len(held) >= self.supply.each:
            return False
        number = self.deal(f, draw, held)
        if number is None:
            return False
        client, rank = whose(self.scenario, self.nat, f[1])
        wide, firsts = shared(self.nat)
        table = Table(*behind(self.scenario, self.nat, client, rank, number // len(firsts), firsts[number % len(firsts)], wide))
        if not table.open(f, draw):
            return False
        self.free.discard(number)
        first = number - number % sets_of_an_address(self.nat) if paired(self.nat) else 0
        self.next[first] = max(self.next.get(first, first), number + 1)
        held.append((number, table))
        self.live.add(f)
        return True

    def deal(self, f: Flow, draw: Draw, held: list[tuple[int | None, Table]]) -> int | None:
        """The free set of the lowest number, of all or (paired pooling) on the subscriber's external address."""
        if not paired(self.nat):
            return self.lowest(0, self.supply.shared)
        here, pool = sets_of_an_address(self.nat), size(self.nat.pool)
        if held:
            rank = (held[0][0] or 0) // here
        else:
            if self.way.starts == "any" and self.nat.plan.pool_choice == "hash":
                raise Undecided(f"{self.nat.name}: the address that an unknown hash gives a subscriber: this checker does not decide that")
            rank = self.way.start(f[1], f[3], draw)
        for i in range(pool if self.nat.plan.fallback and not held else 1):
            first = (rank + i) % pool * here
            number = self.lowest(first, first + here)
            if number is not None:
                return number
        return None

    def lowest(self, first: int, end: int) -> int | None:
        """The free set of the lowest number from first on, before end."""
        spend(len(self.free))
        number = min((n for n in self.free if first <= n < end), default=self.next.get(first, first))
        return number if number < end else None

    def close(self, f: Flow) -> None:
        """The flow is gone at once, and its set with it, if it was the last there."""
        for place in self.held.get(f[1], []):
            number, table = place
            if f in table.live:
                table.close(f)
                self.live.discard(f)
                if number is not None and not table.live:
                    self.held[f[1]].remove(place)
                    self.free.add(number)
                return
        super().close(f)


def least_of_searches(scenario: Scenario, nat: Nat) -> int | None:
    """As least_of_search, for a NAT that deals out its ports, too."""
    if nat.port_sets is None:
        return least_of_search(scenario, nat)
    if on_demand(nat):
        return least_on_demand(scenario, nat)
    return min((x for c in scenario.inside(nat) if (x := least_of_own(scenario, nat, c)) is not None), default=None)


def table_of(scenario: Scenario, nat: Nat) -> Table | DealtTable:
    """The table that a trace is stepped on."""
    if nat.port_sets is None:
        return Table(scenario, nat)
    return OnDemandTable(scenario, nat) if on_demand(nat) else DealtTable(scenario, nat)
