"""Connections through a NAT that deals its ports out in sets, one by one: certificates count subscribers and their sets, and any layout will do.

Subscribers are the client addresses in order, and get the sets in order (deterministic ones their own, then dynamic ones; under paired pooling those of the
address that the certificate puts them on). The k-th port of a subscriber has the k-th external endpoint of its sets, towards every destination, so that a
mapping of any type keeps its endpoint.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from natbound.check.port_set_room import paired
from natbound.check.port_sets import Dealt, check_dealt, on_addresses
from natbound.check.reading import entries
from natbound.check.scenario import Nat, Scenario
from natbound.check.sets import begin, size
from natbound.errors import Unsupported
from natbound.tuples import Backends, Ranks, Run, Towards


def dealt_runs(world: Scenario, body: Mapping[str, Any], backends: Backends) -> Iterator[Run]:
    """All of them. Raises Unsupported where the k-th port can't have the k-th endpoint everywhere (see `_plain`)."""
    demand = bool(body.get("demand"))
    for i, value in enumerate(entries(body["port-sets"], "port-sets")):
        nat, said, items = check_dealt(world, value, demand, f"port-sets[{i}]")
        _plain(world, nat, items, demand)
        layout = _Layout(world, nat, backends)
        if paired(nat):
            layout.on = _starts(nat, on_addresses(nat, value["addresses"], items, f"port-sets[{i}].addresses"), items)
        yield from layout.runs(items, said)


def _starts(nat: Nat, packed: list[tuple[int, list[tuple[Dealt, int]]]], items: list[Dealt]) -> dict[int, Iterator[int]]:
    """By item (its id), the number of the first set of each of its subscribers, one after the other."""
    assert nat.port_sets is not None
    each = len(nat.port_sets.firsts)

    def of(item: Dealt) -> Iterator[int]:
        address = 0
        for addresses, on_each in packed:
            before = 0
            for other, many in on_each:
                if other is item:
                    for k in range(addresses):
                        yield from ((address + k) * each + before + j * item.sets for j in range(many))
                before += many * other.sets
            address += addresses

    return {id(item): of(item) for item in items}


def _plain(world: Scenario, nat: Nat, items: list[Dealt], demand: bool) -> None:
    own = nat.plan.mapping in ("edm", "eim-if-possible")
    servers = [d.server for item in items for d in world.destinations(item.client)]
    several = not nat.plan.scope_protocol and len({v.protocol for v in servers}) > 1
    under_one = nat.plan.scope != "endpoint" if own else nat.plan.mapping == "adm" and nat.plan.scope == "none"
    if several or under_one or (not own and (demand or nat.mappings is not None)):
        raise Unsupported(
            f"{nat.name} deals its ports out in sets, and mappings of one port share a clash-scope key: there they are counted, not listed"
        )


class _Layout:
    """Who has which sets, as they are dealt."""

    def __init__(self, world: Scenario, nat: Nat, backends: Backends) -> None:
        assert nat.port_sets is not None
        self.world, self.nat, self.sets, self.backends = world, nat, nat.port_sets, backends
        self.pool = Ranks(nat.pool)
        self.next_set = 0
        self.on: dict[int, Iterator[int]] = {}
        self.next_address: dict[str, int] = {}

    def runs(self, items: list[Dealt], said: int) -> Iterator[Run]:
        """The first `said` connections of what these subscribers hold, or what their flows say."""
        demand = any(item.flows for item in items)
        if not demand and sum(self._each(item) * item.many for item in items) < said:
            raise Unsupported(f"{self.nat.name} deals its ports out in sets, and which mappings its limits leave is counted, not listed")
        for item in items:
            kinds = [Towards(dests, self.backends) for dests, _ in item.flows]
            shares = self._even([n for _, n in item.flows], item.many)
            if not demand:
                each = self._each(item)
                kinds = [Towards(self.world.destinations(item.client), self.backends)]
                shares = self._filled(min(said, each * item.many), each, item.many)
                said -= min(said, each * item.many)
            addresses, ports = Ranks(item.client.addresses), Ranks(item.client.ports)
            for many in shares:
                begin()  # what a step may cost is limited, subscriber by subscriber
                rank = self.next_address.get(item.client.name, 0)
                self.next_address[item.client.name] = rank + 1
                own = list(self._sets_of(item, rank))
                for to, n in zip(kinds, many, strict=True):
                    yield from self._carried(item.client.name, addresses.address(rank), ports, own, to, n)

    def _each(self, item: Dealt) -> int:
        most = min(size(item.client.ports), self.sets.ports(item.sets)) * sum(d.size for d in self.world.destinations(item.client))
        return most if self.nat.quota is None else min(most, self.nat.quota)

    def _filled(self, all_: int, each: int, many: int) -> Iterator[list[int]]:
        for k in range(many):
            yield [max(0, min(each, all_ - k * each))]

    def _even(self, kinds: list[int], many: int) -> Iterator[list[int]]:
        """One flow to the next subscriber each, kind after kind."""
        for k in range(many):
            before, here = 0, []
            for n in kinds:
                here.append(n // many + ((k - before) % many < n % many))
                before += n
            yield here

    def _sets_of(self, item: Dealt, rank: int) -> Iterator[tuple[int, int, int]]:
        """Of the next subscriber, each set's address in the pool, lowest port and size."""
        rule, more = self.sets, item.sets
        firsts, wide = rule.firsts, rule.size
        if rule.deterministic and item.sets:
            before = rule.order[: rule.order.index(item.client.name)]
            there, on = divmod(sum(size(self.world.clients[name].addresses) for name in before) + rank, len(firsts))
            yield there, firsts[on], wide
            more -= 1
        if rule.more is not None:
            firsts, wide = rule.more.firsts, rule.more.size
        first = next(self.on[id(item)]) if self.on and more else self.next_set
        for number in range(first, first + more):
            there, on = divmod(number, len(firsts))
            yield there, firsts[on], wide
        self.next_set += more

    def _carried(self, client: str, address: str, ports: Ranks, own: list[tuple[int, int, int]], to: Towards, n: int) -> Iterator[Run]:
        """n connections: the first ports to every destination, and one more to the rest."""
        full, rest = divmod(n, to.size)
        at = end = 0
        for there, low, wide in own:
            begins, end = end, end + wide
            while at < min(end, full + (rest > 0)):
                length = min(end, full) - at if at < full else 1
                first = low + at - begins
                via = [(self.nat.name, self.pool.address(there), list(range(first, first + length)))]
                ends: Any = to.all if at < full else [to[k] for k in range(rest)]
                yield Run(client, address, ports.run(at, length), via, ends)
                at += length
