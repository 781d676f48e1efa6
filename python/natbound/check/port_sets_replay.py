"""guaranteed where ports are dealt out in deterministic sets: each client address has a NAT of its own, and the table alone is common. (Of sets
on demand see sets_on_demand.py.)"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from .design import PortClass
from .holes import PROTOCOLS
from .pool import Draw
from .replay import Flow, Table
from .scenario import Client, Nat, Scenario
from .search import least_of_search
from .sets import PORTS, Undecided, element, meet, rank_of, size, spend


def first_number(scenario: Scenario, nat: Nat, client: Client) -> int:
    """The number of the set of a client set's first address."""
    assert nat.port_sets is not None
    names = nat.port_sets.order
    return sum(size(scenario.clients[name].addresses) for name in names[: names.index(client.name)])


def behind(scenario: Scenario, nat: Nat, client: Client, rank: int, where: int, first: int, wide: int) -> tuple[Scenario, Nat]:
    """The client set's address of that rank, by itself behind the NAT that a set makes: so many ports from the first on, on the pool's address."""
    span = ((first, first + wide - 1),)
    outside, own = element(nat.pool, where), element(client.addresses, rank)
    plan = replace(nat.plan, classes=(PortClass(((0, PORTS - 1),), span),), preserved=meet(nat.plan.preserved, span))
    pool = ((outside, outside),)
    made = replace(nat, pool=pool, plan=plan, table=None, mappings=None, port_sets=None, holes=replace(nat.holes, pool=pool))
    return replace(scenario, clients={client.name: replace(client, addresses=((own, own),))}, nats={nat.name: made}), made


def alone(scenario: Scenario, nat: Nat, client: Client, rank: int) -> tuple[Scenario, Nat]:
    """The client set's address of that rank behind its deterministic set."""
    assert nat.port_sets is not None
    where, place = divmod(first_number(scenario, nat, client) + rank, len(nat.port_sets.firsts))
    return behind(scenario, nat, client, rank, where, nat.port_sets.firsts[place], nat.port_sets.size)


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


def least_of_own(scenario: Scenario, nat: Nat, client: Client) -> int | None:
    """As least_of_search, over the deterministic sets of a client set's addresses."""
    found = (least_of_search(*alone(scenario, nat, client, rank)) for rank in distinct(scenario, nat, client))
    return min((x for x in found if x is not None), default=None)


class DealtTable:
    """One NAT's table, as replay.Table, with a part for each subscriber."""

    def __init__(self, scenario: Scenario, nat: Nat) -> None:
        if nat.mappings is not None and nat.plan.mapping in ("eim", "adm"):
            raise Undecided(f"{nat.name}: a limit on mappings that subscribers share is not stepped here")
        self.scenario, self.nat, self.live = scenario, nat, set[Flow]()
        limits = [x for x in (nat.table, nat.mappings) if x is not None]
        self.most = min(limits, default=None)
        self.parts: dict[int, Table] = {}

    def part(self, address: int) -> Table:
        """The subscriber's own."""
        if address not in self.parts:
            self.parts[address] = Table(*alone(self.scenario, self.nat, *whose(self.scenario, self.nat, address)))
        return self.parts[address]

    def open(self, f: Flow, draw: Draw) -> bool:
        """Opens a flow that is not live; False: it fails."""
        own = self.part(f[1])
        if self.most is not None and len(self.live) >= self.most and f not in self.live:
            return False
        held = own.open(f, draw)
        if held:
            self.live.add(f)
        return held

    def close(self, f: Flow) -> None:
        """The flow is gone at once."""
        self.part(f[1]).close(f)
        self.live.discard(f)


def whose(scenario: Scenario, nat: Nat, address: int) -> tuple[Client, int]:
    """The client set of an address inside, and the rank of the address there."""
    spend(len(scenario.clients))
    client = next(c for c in scenario.inside(nat) if meet(c.addresses, ((address, address),)))
    rank = rank_of(client.addresses, address)
    assert rank is not None
    return client, rank
