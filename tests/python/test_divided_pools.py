"""Demands on NATs that share external endpoints: by Hall's condition for each destination, worked out here."""

from __future__ import annotations

import random
import sys
from fractions import Fraction
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))

import natbound
from attack import accepted

PORTS = 10


def network(pools: list[str], servers: int = 1, clients: list[dict[str, Any]] | None = None) -> natbound.Scenario:
    """A client set of 40 sockets inside each NAT, whose pools have ten ports an address."""
    inside = [{"name": f"c{i}", "addresses": f"10.0.{i}.1-10.0.{i}.4", "ports": "5000-5009"} for i in range(len(pools))]
    return natbound.Scenario(
        {
            "clients": inside + (clients or []),
            "nats": [{"name": f"n{i}", "inside": [f"c{i}"], "external-ip-address-pool": pool, "design": "ideal",
                      "port-set-restrict": {"start-port-number": 2000, "end-port-number": 2000 + PORTS - 1}}
                     for i, pool in enumerate(pools)],
            "servers": [{"name": f"s{k}", "addresses": f"198.51.100.{k + 1}", "ports": 80} for k in range(servers)],
        }
    )  # fmt: skip


def span(first: int, last: int) -> str:
    return f"203.0.113.{first}-203.0.113.{last}"


def test_two_nats_of_overlapping_pools_are_settled() -> None:
    """Towards one destination: neither has more than its pool, nor both more than the union."""
    rng = random.Random(7)
    fitting = refused = 0
    for _ in range(60):
        low, shared, high = rng.randint(0, 2), rng.randint(1, 2), rng.randint(0, 1)
        first, second = (1, low + shared), (low + 1, low + shared + high)
        room = [PORTS * (b - a + 1) for a, b in (first, second)]
        union = PORTS * (low + shared + high)
        servers = rng.choice([1, 2])
        scenario = network([span(*first), span(*second)], servers)
        wanted = [rng.randint(1, min(40, r + 1)) for r in room]
        demand = [{"from": f"c{i}", "to": f"s{k}", "connections": w} for i, w in enumerate(wanted) for k in range(servers)]
        true = all(w <= min(40, r) for w, r in zip(wanted, room, strict=True)) and sum(wanted) <= union
        found = scenario.capacity(demand, engine="flow")
        assert found.fits is true, (first, second, wanted, found.sets_it)
        accepted(found.evidence.to_dict())
        assert found.multiple.exact
        fitting, refused = fitting + true, refused + (not true)
    assert min(fitting, refused) > 10


def test_half_of_what_two_nats_of_one_address_hold() -> None:
    scenario = network([span(1, 1), span(1, 1)])
    for each, fits in ((2, True), (5, True), (6, False)):
        assert scenario.capacity([{"from": f"c{i}", "to": "s0", "connections": each} for i in range(2)]).fits is fits
    assert scenario.capacity(10).multiple.fraction == "1/1"


def test_a_chain_of_three_nats() -> None:
    """The one in the middle shares with both."""
    scenario = network([span(1, 2), span(2, 3), span(3, 4)])
    for wanted, fits in (((10, 20, 10), True), ((20, 10, 10), True), ((20, 10, 11), False), ((13, 14, 13), True), ((13, 14, 14), False)):
        demand = [{"from": f"c{i}", "to": "s0", "connections": w} for i, w in enumerate(wanted)]
        found = scenario.capacity(demand, engine="flow")
        assert found.fits is fits, (wanted, found.sets_it)
        accepted(found.evidence.to_dict())


def test_a_routed_client_keeps_its_own_endpoints() -> None:
    """A client that nothing translates has an address of the pool, and uses 4 of its ports."""
    scenario = network([span(1, 2)], clients=[{"name": "host", "addresses": "203.0.113.2", "ports": "2000-2003"}])
    for wanted, fits in ((16, True), (17, False)):
        demand = [{"from": "c0", "to": "s0", "connections": wanted}, {"from": "host", "to": "s0", "connections": 4}]
        found = scenario.capacity(demand, engine="flow")
        assert found.fits is fits, (wanted, found.sets_it)
        accepted(found.evidence.to_dict())


def test_each_server_set_may_have_a_division_of_its_own() -> None:
    """Each NAT has all of the pool towards a destination of its own; not with a table, which counts for both: left open, though it fits."""
    scenario = network([span(1, 1), span(1, 1)], servers=2)
    demand = [{"from": "c0", "to": "s0", "connections": 10}, {"from": "c1", "to": "s1", "connections": 10}]
    found = scenario.capacity(demand, engine="flow")
    assert found.fits is True
    accepted(found.evidence.to_dict())
    assert scenario.capacity([*demand, {"from": "c1", "to": "s0", "connections": 1}], engine="flow").fits is False
    limited = scenario.with_settings("nats.n0.connection-limits.limit-per-instance=10")
    assert limited.capacity(demand, engine="flow").fits is None


Room = tuple[int, int, int]  # of two NATs of a group, and of both together


def carried(k: Fraction, wanted: list[list[int]], room: list[Room]) -> bool:
    """Whether every group has room for that multiple, by Hall's condition."""
    times = [[k.numerator * w // k.denominator for w in group] for group in wanted]
    return all(x <= min(40, a) and y <= min(40, b) and x + y <= both for (x, y), (a, b, both) in zip(times, room, strict=True))


def test_the_multiple_of_groups_that_share_nothing_is_the_least_of_theirs() -> None:
    """Each group: two NATs that overlap."""
    rng = random.Random(11)
    for _ in range(12):
        pools: list[str] = []
        wanted: list[list[int]] = []
        room: list[Room] = []
        for g in range(3):
            low, high = rng.randint(1, 2), rng.randint(1, 2)
            first = 10 * g + 1
            pools += [span(first, first + low), span(first + low, first + low + high)]
            wanted.append([rng.randint(1, 9), rng.randint(1, 9)])
            room.append((PORTS * (low + 1), PORTS * (high + 1), PORTS * (low + high + 1)))
        demand = [{"from": f"c{2 * g + i}", "to": "s0", "connections": wanted[g][i]} for g in range(3) for i in (0, 1)]
        scenario = network(pools)
        whole = scenario.capacity(demand, engine="flow").multiple
        alone = [scenario.capacity(demand[2 * g : 2 * g + 2], engine="flow").multiple for g in range(3)]
        assert whole.exact
        accepted(whole.evidence.to_dict())
        assert carried(Fraction(whole.fraction), wanted, room)
        assert not carried(Fraction(whole.next), wanted, room)
        assert min(Fraction(one.next) for one in alone) == Fraction(whole.next)
