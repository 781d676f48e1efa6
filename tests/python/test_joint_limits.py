"""Limits that one connection meets together: shared mappings in port blocks, own source ports, quotas beside ports. Against a history that is
stepped here, the sums over all states, and the simulator."""

from __future__ import annotations

import heapq
import random
from typing import Any

import natbound
import pytest
from natbound import calculator


def written(*, clients: int, own: int, destinations: int, rate: float, ports: int, blocks: tuple[int, int] | None = None,
             quota: int | None = None, mapping: str = "eim", hold: str = "1s") -> dict[str, Any]:  # fmt: skip
    nat: dict[str, Any] = {
        "name": "n", "inside": ["c"], "external-ip-address-pool": "203.0.113.1",
        "design": {"base": "ideal", "mapping-type": mapping, "clash-scope": {"destination": "none"}},
        "port-set-restrict": {"start-port-number": 2000, "end-port-number": 1999 + ports},
    }  # fmt: skip
    if blocks:
        nat["port-set"] = {"port-set-size": blocks[0], "port-sets-per-subscriber": blocks[1]}
    if quota:
        nat["connection-limits"] = {"limit-per-subscriber": quota}
    return {
        "clients": [{"name": "c", "addresses": f"10.0.0.1-10.0.0.{clients}", "ports": f"5000-{4999 + own}"}],
        "nats": [nat],
        "servers": [{"name": "s", "addresses": f"198.51.100.1-198.51.100.{destinations}", "ports": 80}],
        "traffic": [{"from": "c", "to": "s", "rate": f"{rate}/s", "hold": hold}],
    }


def scenario(**what: Any) -> natbound.Scenario:
    return natbound.Scenario(written(**what))


def stepped(*, clients: int, own: int, destinations: int, rate: float, ports: int, blocks: tuple[int, int] | None = None,
            quota: int | None = None, mapping: str = "eim", arrivals: int = 300_000) -> float:  # fmt: skip
    """The share refused of connections that find a source port of their own."""
    size, most = blocks or (1, ports)
    rng = random.Random(5)
    now, refused, offered, number = 0.0, 0, 0, 0
    ends: list[tuple[float, int, int, Any, int]] = []
    live: list[set[tuple[int, int]]] = [set() for _ in range(clients)]
    mapped: list[dict[Any, int]] = [{} for _ in range(clients)]

    def held() -> int:
        return sum(-(-len(m) // size) for m in mapped)

    for _ in range(arrivals):
        now += rng.expovariate(rate)
        while ends and ends[0][0] <= now:
            _, _, c, key, d = heapq.heappop(ends)
            p = key if mapping == "eim" else key[0]
            live[c].discard((p, d))
            mapped[c][key] -= 1
            if not mapped[c][key]:
                del mapped[c][key]
        c, d = rng.randrange(clients), rng.randrange(destinations)
        free = [p for p in range(own) if (p, d) not in live[c]]
        if not free:
            continue
        offered += 1
        p = rng.choice(free)
        key = p if mapping == "eim" else (p, d)
        needs = key not in mapped[c]
        full = needs and len(mapped[c]) % size == 0 and (len(mapped[c]) >= size * most or held() >= ports // size)
        if full or (quota and len(live[c]) >= quota):
            refused += 1
            continue
        live[c].add((p, d))
        mapped[c][key] = mapped[c].get(key, 0) + 1
        number += 1
        heapq.heappush(ends, (now + rng.expovariate(1), number, c, key, d))
    return refused / offered


@pytest.mark.parametrize("case", [
    {"clients": 2, "own": 8, "destinations": 6, "rate": 12, "ports": 12, "blocks": (2, 3)},  # each by itself
    {"clients": 3, "own": 8, "destinations": 4, "rate": 12, "ports": 6, "blocks": (3, 1)},  # short of blocks
    {"clients": 3, "own": 5, "destinations": 4, "rate": 20, "ports": 18, "blocks": (2, 3)},  # own ports end within a block
    {"clients": 2, "own": 4, "destinations": 3, "rate": 16, "ports": 16, "blocks": (4, 2), "mapping": "edm"},
    {"clients": 1, "own": 8, "destinations": 6, "rate": 6, "ports": 6},
    {"clients": 3, "own": 6, "destinations": 3, "rate": 12, "ports": 7, "quota": 5},
    {"clients": 3, "own": 6, "destinations": 3, "rate": 12, "ports": 7, "quota": 5, "mapping": "edm"},
])  # fmt: skip
def test_a_stepped_history_agrees(case: dict[str, Any]) -> None:
    found = scenario(**case).risk(tries=1)
    assert found.exact
    assert found.refusal_probability == pytest.approx(stepped(**case), rel=0.03)


def test_shared_mappings_keep_blocks() -> None:
    """Connections to several destinations share a port, and a port keeps its block."""
    s = scenario(clients=3, own=8, destinations=4, rate=12, ports=12, blocks=(2, 3))
    found, arrivals = s.risk(tries=1), 200_000
    seen = s.simulate(arrivals=arrivals).refused / arrivals
    assert not found.exact
    assert found.interval[0] <= seen <= found.interval[1]


def test_source_ports_too_few_for_the_blocks() -> None:
    """Two hundred source ports never need more than four blocks of 64."""
    case: dict[str, Any] = {"clients": 4, "own": 200, "destinations": 9, "rate": 1200, "ports": 1024}
    for mapping, nothing in (("eim", True), ("edm", False)):
        found = scenario(**case, mapping=mapping, blocks=(64, 4)).risk(tries=1)
        assert (found.refusal_probability == 0) == nothing


@pytest.mark.parametrize("rate", [20.0, 48.0, 90.0])
def test_a_quota_and_ports_on_one_destination(rate: float) -> None:
    found = scenario(clients=6, own=2000, destinations=1, rate=rate, ports=40, quota=12).risk(tries=1)
    assert found.exact
    assert found.interval_is == "exact"
    known = calculator.limits_in_sequence(6, rate / 6, quota=12, table=40)
    assert found.refusal_probability == pytest.approx(known.refusal, rel=1e-10)


def test_bounds_hold_where_limits_are_not_counted_together() -> None:
    """Two protocols have ports of their own and one quota; connections of one are held longer."""
    s = written(clients=5, own=31, destinations=2, rate=2, ports=40, quota=11)
    s["servers"].append({"name": "u", "addresses": "198.51.101.1", "ports": 53, "protocol": "udp"})
    s["traffic"] = [
        {"from": "c", "to": "u", "rate": "0.8/s", "hold": "60s"},
        {"from": "c", "to": "s", "rate": "2.3/s", "hold": "10s"},
    ]
    both = natbound.Scenario(s)
    found, seen = both.risk(tries=1), both.simulate(seed=3, arrivals=300_000)
    assert found.bounds[0] <= seen.interval[1]
    assert seen.interval[0] <= found.bounds[1]
    assert found.interval_is == "95 %"  # of another simulation, within the bounds
    assert found.interval[0] <= seen.interval[1]
    assert seen.interval[0] <= found.interval[1]
    rare = both.risk(0.2, tries=1)  # too rare to be simulated
    assert rare.interval_is == "bounds"


def test_mappings_of_one_address_in_a_scope_without_destinations_are_counted() -> None:
    """Each socket then has a mapping for each address: no sharing, and no formula here."""
    s = scenario(clients=2, own=100, destinations=3, rate=20, ports=20, mapping="adm")
    assert s.risk(tries=1).method.startswith("counted: ")
