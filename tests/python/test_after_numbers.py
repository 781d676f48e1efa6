"""Changes followed without ports: the number live of any law of holds, port sets by the flows in them, and bounds; against histories
stepped in plain Python and the long run."""

from __future__ import annotations

import heapq
import math
import random
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from natbound import Scenario, load
from natbound import calculator as c

sys.path.insert(0, str(Path(__file__).parent))
from dense_chains import small

EXAMPLES = Path(__file__).parents[2] / "examples"


def poisson_tail(n: int, mean: float) -> float:
    return sum(math.exp(-mean + k * math.log(mean) - math.lgamma(k + 1)) for k in range(n, n + 200))


def test_the_number_live_settles_at_erlangs_formula() -> None:
    """Holds of two parts, one of them a timer: any law has the same long run, and begins with it."""
    timers = {"timers": {"tcp-fin": "120s"}}
    scenario = small(400, [{"to": "A", "rate": "100/min", "life": "60s"}], nat=timers)
    found = scenario.after(["traffic.rate=150/min"], [0.0, 1200.0], seed=4)
    assert "the number live, stepped" in found.method
    assert found["refused"][0]["value"] == pytest.approx(c.erlang_b(400, 300), rel=1e-9)
    low, high = found["refused"][1]["interval"]
    assert low < c.erlang_b(400, 450) < high < 1.35 * low


@pytest.mark.parametrize("constant", [True, False])
def test_where_no_run_refuses_it_is_no_more_than_without_refusals(constant: bool) -> None:
    hold = {"law": "constant", "mean": "60s"} if constant else {"law": "gamma", "mean": "60s", "cv": 0.5}
    found = small(60, [{"to": "A", "rate": "20/min", "hold": hold}]).after(["traffic.rate=26/min"], [30.0])
    live = 20 + 6 * (0.5 if constant else 0.49)
    odds = found["refused"][0]
    assert odds["value"] is None
    assert poisson_tail(60, live) < odds["at_most"] < 1e-6
    assert found["first_refusal"]["at_most"]


def test_a_firewall_holds_no_more_than_its_table() -> None:
    """Only the number of entries matters: lives of 20 s, kept for 120."""
    scenario = load(EXAMPLES / "firewall.yaml")
    found = scenario.after(["traffic.rate=600/s"], [70.0, 1400.0])
    assert "the number live, stepped" in found.method
    assert all(live <= 65536 for live in found["live"])
    low, high = found["refused"][1]["interval"]
    assert low < c.erlang_b(65536, 84000) < high < 1.35 * low
    assert found["first_refusal"]["quantiles"][1]["time"] == pytest.approx(48, abs=4)  # 9,536 more at 200 a second


def test_a_table_that_is_never_full_is_no_reason_to_step() -> None:
    scenario = load(EXAMPLES / "home-lan.yaml")
    found = scenario.after(["nats.external-ip-address-pool=[203.0.113.9]"], [10.0], runs=2)
    assert "the whole network" not in found.method
    assert not any("upper bound" in note for note in found["notes"])


def test_plenty_of_ports_need_no_look_at_where_flows_lie() -> None:
    found = load(EXAMPLES / "cgnat.yaml").after(["nats.external-ip-address-pool=203.0.113.0-203.0.113.11"])
    assert found["runs"] == 0
    assert all(odds["at_most"] < 1e-280 for odds in found["refused"])
    assert found["live"] == pytest.approx([540_000] * 7, rel=1e-6)


BLOCKS = {"size": 4, "each": 2, "pool": 3, "subscribers": 3}


def blocks_history(rates: tuple[float, float], at: float, rng: random.Random) -> tuple[bool, bool]:
    """Subscribers towards two destinations, blocks kept until the last flow in them has gone; rates of each subscriber, a second. Whether a
    connection at that time would be refused, and whether one was since the change."""
    held: list[list[list[int]]] = [[] for _ in range(BLOCKS["subscribers"])]  # a block: flows by destination
    ends: list[tuple[float, int, int]] = []
    blocks: dict[int, tuple[int, list[int]]] = {}
    now, number, refused = -900.0, 0, False

    def place(who: int, to: int) -> list[int] | None:
        for block in held[who]:
            if block[to] < BLOCKS["size"]:
                return block
        if len(held[who]) < BLOCKS["each"] and sum(map(len, held)) < BLOCKS["pool"]:
            return [0, 0]
        return None

    def let_go(until: float) -> None:
        while ends and ends[0][0] <= until:
            _, who, flow = heapq.heappop(ends)
            to, block = blocks.pop(flow)[0], blocks_of[flow]
            block[to] -= 1
            if sum(block) == 0:
                held[who] = [b for b in held[who] if b is not block]

    blocks_of: dict[int, list[int]] = {}
    while True:
        rate = rates[now >= 0] * BLOCKS["subscribers"]
        later = now + rng.expovariate(rate)
        if now < 0 <= later:
            now = 0.0
            continue
        if later >= at:
            let_go(at)
            return place(rng.randrange(BLOCKS["subscribers"]), rng.randrange(2)) is None, refused
        now = later
        let_go(now)
        who, to = rng.randrange(BLOCKS["subscribers"]), rng.randrange(2)
        block = place(who, to)
        if block is None:
            refused = refused or now >= 0
            continue
        if not any(b is block for b in held[who]):
            held[who].append(block)
        block[to] += 1
        number += 1
        blocks[number], blocks_of[number] = (to, block), block
        heapq.heappush(ends, (now + rng.expovariate(1 / 60), who, number))


def dealt(rate: str) -> dict[str, Any]:
    return {
        "clients": [{"name": "clients", "addresses": "10.0.0.1-10.0.0.3", "ports": "1024-65535"}],
        "nats": [
            {
                "name": "nat",
                "inside": ["clients"],
                "external-ip-address-pool": ["203.0.113.1"],
                "design": "ideal",
                "port-set-restrict": {"start-port-number": 1024, "end-port-number": 1035},
                "port-set": {"port-set-size": 4, "port-sets-per-subscriber": 2},
            }
        ],
        "servers": [{"name": "A", "addresses": "198.51.100.1-198.51.100.2", "ports": 443}],
        "traffic": [{"from": "clients", "to": "A", "rate-per-client": rate, "hold": "60s"}],
    }


def test_port_sets_by_their_flows_are_plain_histories() -> None:
    at, runs = 40.0, 3000
    found = Scenario(dealt("4/min")).after(["traffic.rate-per-client=7/min"], [at], runs=20_000, seed=3)
    assert "numbers of flows in each port set" in found.method
    rng = random.Random(9)
    seen = np.array([blocks_history((4 / 60, 7 / 60), at, rng) for _ in range(runs)], dtype=float)
    want, come = seen.mean(axis=0)
    low, high = found["refused"][0]["interval"]
    error = math.hypot(math.sqrt(want * (1 - want) / runs), (high - low) / 4)
    assert abs(found["refused"][0]["value"] - want) < 4 * error
    assert found["first_refusal"]["by"][0] == pytest.approx(come, abs=4 * math.sqrt(0.25 / runs))


def test_port_sets_that_are_plenty_are_bounded() -> None:
    plenty = dealt("2/min")
    plenty["nats"][0]["port-set-restrict"] = {"start-port-number": 1024, "end-port-number": 1215}
    plenty["nats"][0]["port-set"] = {"port-set-size": 64, "port-sets-per-subscriber": 2}
    found = Scenario(plenty).after(["traffic.rate-per-client=4/min"], [60.0])
    assert found["runs"] == 0
    assert c.erlang_b(64, 2) < found["refused"][0]["at_most"] < 1e-4
    assert found["first_refusal"]["at_most"]
    assert not found["exact"]
    example = load(EXAMPLES / "cgnat-port-blocks.yaml").after(["traffic.0.rate-per-client=3/s"])
    assert all(odds["at_most"] < 1e-100 for odds in example["refused"])
