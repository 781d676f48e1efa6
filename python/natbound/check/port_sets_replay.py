"""guaranteed where ports are dealt out in deterministic sets: each client address has a NAT of its own, and the table alone is common."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from .design import PortClass
from .holes import PROTOCOLS
from .replay import Draw, Flow, Table
from .scenario import Client, Nat, Scenario
from .search import least_of_search
from .sets import PORTS, Undecided, element, meet, rank_of, size, spend


def deterministic(nat: Nat) -> None:
    """Nothing is decided here of sets that are dealt on demand."""
    if nat.port_sets is None or not nat.port_sets.deterministic:
        raise Undecided(f"{nat.name}: this checker does not decide guaranteed with sets that are dealt on demand")


def first_number(scenario: Scenario, nat: Nat, client: Client) -> int:
    """The number of the set of a client set's first address."""
    assert nat.port_sets is not None
    names = nat.port_sets.order
    return sum(size(scenario.clients[name].addresses) for name in names[: names.index(client.name)])


def alone(scenario: Scenario, nat: Nat, client: Client, rank: int) -> tuple[Scenario, Nat]:
    """The client set's address of that rank, by itself behind the NAT that its set makes."""
    assert nat.port_sets is not None
    where, place = divmod(first_number(scenario, nat, client) + rank, len(nat.port_sets.firsts))
    first = nat.port_sets.firsts[place]
    span = ((first, first + nat.port_sets.size - 1),)
    outside, own = element(nat.pool, where), element(client.addresses, rank)
    plan = replace(nat.plan, classes=(PortClass(((0, PORTS - 1),), span),), preserved=meet(nat.plan.preserved, span))
    pool = ((outside, outside),)
    made = replace(nat, pool=pool, plan=plan, table=None, mappings=None, port_sets=None, holes=replace(nat.holes, pool=pool))
    return replace(scenario, clients={client.name: replace(client, addresses=((own, own),))}, nats={nat.name: made}), made


def distinct(scenario: Scenario, nat: Nat, client: Client) -> Iterator[int]:
    """Ranks of client addresses among which each kind of set occurs: where in it the client's own ports lie, and those that static mappings keep (and,
    where a step is scaled, which it is)."""
    assert nat.port_sets is not None
    seen = set()
    scaled = any(r.step == "scaled" for r in nat.plan.rounds)
    start = first_number(scenario, nat, client)
    for rank in range(size(client.addresses) if nat.holes.each else min(size(client.addresses), len(nat.port_sets.firsts))):
        spend(4 + len(client.ports))
        where, place = divmod(start + rank, len(nat.port_sets.firsts))
        first = nat.port_sets.firsts[place]
        span = ((first, first + nat.port_sets.size - 1),)
        kept = [meet(nat.holes.on(p, element(nat.pool, where)), span) for p in range(len(PROTOCOLS))] if nat.holes.each else []
        shape = tuple(tuple((lo - first, hi - first) for lo, hi in s) for s in (meet(client.ports, span), *kept)), first if scaled else 0
        if shape not in seen:
            seen.add(shape)
            yield rank


def least_of_searches(scenario: Scenario, nat: Nat) -> int | None:
    """As least_of_search, over all subscribers. (With a dynamic part no fewer: it is asked only where a subscriber's own set has failed.)"""
    if nat.port_sets is None:
        return least_of_search(scenario, nat)
    deterministic(nat)
    found = (least_of_search(*alone(scenario, nat, c, rank)) for c in scenario.inside(nat) for rank in distinct(scenario, nat, c))
    return min((x for x in found if x is not None), default=None)


class DealtTable:
    """One NAT's table, as replay.Table, with a part for each subscriber."""

    def __init__(self, scenario: Scenario, nat: Nat) -> None:
        deterministic(nat)
        if nat.mappings is not None and nat.plan.mapping in ("eim", "adm"):
            raise Undecided(f"{nat.name}: a limit on mappings that subscribers share is not stepped here")
        self.scenario, self.nat, self.live = scenario, nat, set[Flow]()
        limits = [x for x in (nat.table, nat.mappings) if x is not None]
        self.most = min(limits, default=None)
        self.parts: dict[int, Table] = {}

    def part(self, address: int) -> Table:
        """The subscriber's own."""
        if address not in self.parts:
            spend(len(self.scenario.clients))
            client = next(c for c in self.scenario.inside(self.nat) if meet(c.addresses, ((address, address),)))
            rank = rank_of(client.addresses, address)
            assert rank is not None
            self.parts[address] = Table(*alone(self.scenario, self.nat, client, rank))
        return self.parts[address]

    def open(self, f: Flow, draw: Draw) -> bool:
        """Opens a flow that is not live; False: it fails."""
        own = self.part(f[1])
        if self.most is not None and len(self.live) >= self.most and f not in self.live:
            return False
        full = self.nat.quota is not None and own.subscribers.get(f[1], 0) >= self.nat.quota  # that dynamic sets don't change
        held = own.open(f, draw)
        if held:
            self.live.add(f)
        elif self.nat.port_sets is not None and self.nat.port_sets.more is not None and not full:
            raise Undecided(f"{self.nat.name}: this checker does not step a dynamic part beside deterministic sets")
        return held

    def close(self, f: Flow) -> None:
        """The flow is gone at once."""
        self.part(f[1]).close(f)
        self.live.discard(f)


def table_of(scenario: Scenario, nat: Nat) -> Table | DealtTable:
    """The table that a trace is stepped on."""
    return Table(scenario, nat) if nat.port_sets is None else DealtTable(scenario, nat)
