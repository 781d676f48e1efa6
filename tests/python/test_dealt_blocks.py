"""Port blocks dealt on demand: a scenario's odds against a stepped history of blocks, and what is asked around them."""

from __future__ import annotations

import heapq
import random
from typing import Any

import natbound
import pytest
from natbound import calculator

ARRIVALS = 120_000


def scenario(
    *, clients: int, pool: int, size: int, most: int, endpoints: int, rate: float, hold: str = "10s", **design: Any
) -> natbound.Scenario:
    """So many hosts behind pool x 8 ports in blocks, each with the same traffic towards so many endpoints."""
    return natbound.Scenario(
        {
            "clients": [{"name": "A", "addresses": f"10.0.0.1-10.0.0.{clients}", "ports": "1024-65535"}],
            "servers": [{"name": "C", "addresses": f"198.51.100.1-198.51.100.{endpoints}", "ports": 443}],
            "nats": [
                {"name": "cgn", "inside": ["A"], "external-ip-address-pool": f"203.0.113.1-203.0.113.{pool}", "design": {"base": "ideal", **design},
                 "port-set-restrict": {"start-port-number": 40000, "end-port-number": 40007},
                 "port-set": {"port-set-size": size, "port-sets-per-subscriber": most}}
            ],
            "traffic": [{"from": "A", "to": "C", "rate": f"{rate}/s", "hold": hold}],
        }
    )  # fmt: skip


def stepped(
    *, clients: int, blocks: int, size: int, most: int, endpoints: int, rate: float, hold: float, arrivals: int, reuse: bool, own: int = 0
) -> float:
    """The share refused when connections come and go: a host takes a free port of its own, else of the oldest of its blocks that has one (towards
    that endpoint, or with no reuse towards any), else a new block, which is free again when no connection is left in it."""
    rng = random.Random(3)
    own_busy = [[0] * endpoints for _ in range(clients)]
    held: list[list[list[int]]] = [[] for _ in range(clients)]
    ends: list[tuple[float, int, int, int, list[int]]] = []
    now, refused, used = 0.0, 0, 0
    for number in range(arrivals):
        now += rng.expovariate(rate)
        while ends and ends[0][0] <= now:
            _, _, host, to, place = heapq.heappop(ends)
            place[to] -= 1
            if place is not own_busy[host] and not any(place):
                held[host] = [block for block in held[host] if block is not place]
                used -= 1
        host, to = rng.randrange(clients), rng.randrange(endpoints)
        to = to if reuse else 0
        place = next((p for p, room in ((own_busy[host], own), *((b, size) for b in held[host])) if p[to] < room), None)
        if place is None and (len(held[host]) >= most or used >= blocks):
            refused += 1
            continue
        if place is None:
            place = [0] * endpoints
            held[host].append(place)
            used += 1
        place[to] += 1
        heapq.heappush(ends, (now + hold * rng.expovariate(1), number, host, to, place))
    return refused / arrivals


def agrees(found: Any, seen: float, exact: bool) -> None:
    """Within the noise where it is exact, else within what it says."""
    assert found.exact == exact
    if exact:
        assert found["refusal_probability"] == pytest.approx(seen, rel=0.06, abs=0.003)
    else:
        noise = 3 * (seen / ARRIVALS) ** 0.5
        assert found["interval"][0] - noise <= seen <= found["interval"][1] + noise
        assert found["refusal_probability"] == pytest.approx(seen, rel=0.5, abs=0.003)


@pytest.mark.parametrize("reuse", [True, False])
@pytest.mark.parametrize(("clients", "size", "most", "rate"), [(4, 2, 3, 2.0), (9, 4, 2, 3.0), (12, 4, 1, 2.0), (20, 2, 4, 4.0)])
def test_odds_are_those_of_a_history(clients: int, size: int, most: int, rate: float, reuse: bool) -> None:
    design = {} if reuse else {"clash-scope": {"destination": "none"}}
    found = scenario(clients=clients, pool=2, size=size, most=most, endpoints=3, rate=rate, hold="10s", **design).risk(tries=1)
    seen = stepped(
        clients=clients, blocks=16 // size, size=size, most=most, endpoints=3, rate=rate, hold=10, arrivals=ARRIVALS, reuse=reuse
    )
    agrees(found, seen, exact=most == 1 or clients * most <= 16 // size)


@pytest.mark.parametrize("reuse", [True, False])
@pytest.mark.parametrize(
    ("clients", "own", "blocks", "size", "most", "rate"),
    [(4, 3, 4, 1, 3, 2.5), (9, 2, 5, 3, 2, 4.0), (12, 4, 2, 2, 1, 4.0), (20, 2, 64, 1, 4, 7.0), (3, 5, 0, 2, 1, 1.5)],
)
def test_odds_beside_ports_of_ones_own(clients: int, own: int, blocks: int, size: int, most: int, rate: float, reuse: bool) -> None:
    """RFC 7422's dynamic part: as a history in which a block is taken once the own ports are used up."""
    design = {} if reuse else {"clash-scope": {"destination": "none"}}
    s = scenario(clients=clients, pool=1, size=own, most=1, endpoints=3, rate=rate, hold="10s", **design)
    document = s.canonical
    factor = -(-blocks * size // own)
    document["nats"][0]["port-set-restrict"] = {"start-port-number": 40000, "end-port-number": 39999 + own * clients + blocks * size}
    document["nats"][0]["port-set"] = {"port-set-size": own, "deterministic": True}
    if blocks:
        document["nats"][0]["port-set-restrict"]["end-port-number"] = 39999 + own * (clients + factor)
        document["nats"][0]["port-set"]["dynamic"] = {
            "address-pool-factor": factor,
            "port-set-size": size,
            "port-sets-per-subscriber": most,
        }
        blocks = own * factor // size
    found = natbound.Scenario(document).risk(tries=1)
    seen = stepped(clients=clients, blocks=blocks, size=size, most=most if blocks else 0, endpoints=3, rate=rate, hold=10, arrivals=ARRIVALS, reuse=reuse, own=own)  # fmt: skip
    agrees(found, seen, exact=clients * most <= blocks or not blocks)


def test_a_table_binds_beyond_one_set_each() -> None:
    """A limit that lies above a set for each subscriber and below all their sets is counted."""
    s = scenario(clients=2, pool=2, size=2, most=4, endpoints=1, rate=1, hold="6s")
    limited = s.with_settings("nats.connection-limits.limit-per-instance=6")
    assert limited.risk(tries=1)["refusal_probability"] > 1.2 * s.risk(tries=1)["refusal_probability"]


def test_one_scope_is_blocks_refused() -> None:
    s = scenario(clients=10, pool=2, size=4, most=2, endpoints=1, rate=2)
    assert s.risk(tries=1)["refusal_probability"] == pytest.approx(calculator.blocks_refused(4, 2, 4, 10, 2, kept=True).refusal, rel=0.02)
    one = scenario(clients=10, pool=2, size=4, most=1, endpoints=1, rate=2)  # it needs the one that it holds
    assert one.risk(tries=1)["refusal_probability"] == pytest.approx(calculator.blocks_refused(4, 1, 4, 10, 2).refusal, rel=1e-9)
    assert calculator.blocks_refused(4, 1, 4, 10, 2, kept=True) == calculator.blocks_refused(4, 1, 4, 10, 2)


def test_blocks_that_are_kept_refuse_far_more() -> None:
    """20 subscribers of 36 live each, blocks of 32: a third block is taken now and then, and kept."""
    kept, needed = (calculator.blocks_refused(32, 4, 36, 20, 36, kept=k) for k in (True, False))
    assert kept.refusal > 4 * needed.refusal
    seen = stepped(clients=20, blocks=36, size=32, most=4, endpoints=1, rate=720, hold=1, arrivals=300_000, reuse=True)
    assert kept.refusal == pytest.approx(seen, rel=0.3)
    most = int(calculator.subscribers_for(32, 4, 40, 36, 1e-3, kept=True))
    assert calculator.blocks_refused(32, 4, 40, most, 36, kept=True).refusal <= 1e-3
    assert calculator.blocks_refused(32, 4, 40, most + 1, 36, kept=True).refusal > 1e-3


def test_overloaded_pools_have_no_nan() -> None:
    # 200 subscribers want a block each all the time, and 126 have one
    found = calculator.blocks_refused(512, 8, 126, 200, 40)
    assert found.refusal == pytest.approx(74 / 200)
    assert found.mean_blocks == pytest.approx(126)


def test_likely_is_the_load_of_the_target() -> None:
    s = natbound.load("examples/cgnat-port-blocks.yaml")
    likely = s.answer(1e-6)["likely"]
    there = s.risk(likely["connections"] / s.risk()["load"], tries=1)
    assert there["worst_refusal_probability"]["value"] == pytest.approx(1e-6, rel=0.3)  # one subscriber is stepped


def test_what_is_not_counted_says_so() -> None:
    s = scenario(clients=4, pool=2, size=4, most=2, endpoints=1, rate=2).with_settings("nats.design=cilium")
    for ask in (s.alert, s.rules, s.size):
        with pytest.raises(natbound.Unsupported, match="a search that finds every free port"):
            ask()


@pytest.mark.parametrize("load", [300.0, 800.0, 1000.0, 5000.0, 2e4])
def test_one_subscriber_of_one_block_is_erlangs_system(load: float) -> None:
    """Also where so few as fit are too rare for a double (e^-770 at a load of 1,000)."""
    found = calculator.blocks_refused(64, 1, 2, 1, load)
    assert found.refusal == pytest.approx(float(calculator.erlang_b(64, load)), rel=1e-11)
