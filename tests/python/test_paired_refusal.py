"""Refusals under paired pooling: the formula beside the simulator, which deals clients flow by flow; and who takes the formula."""

import math
import random
from typing import Any

import natbound
import pytest
from natbound import calculator

SERVERS = [{"name": "S", "addresses": "198.51.100.1", "ports": 80}, {"name": "T", "addresses": "198.51.100.2-198.51.100.3", "ports": 80}]


def written(
    clients: int,
    addresses: int,
    ports: int,
    rates: tuple[float, ...],
    *,
    hold: Any = "30s",
    pool: Any = None,
    design: Any = None,
    **nat: Any,
) -> dict[str, Any]:
    """rates: of each client towards S (one endpoint) and T (two)."""
    return {
        "clients": [{"name": "A", "addresses": f"10.0.0.1-10.0.0.{clients}"}],
        "nats": [
            {
                "name": "n",
                "inside": ["A"],
                "external-ip-address-pool": f"203.0.113.1-203.0.113.{addresses}",
                "design": {
                    "base": "ideal",
                    "port-classes": [{"ports": f"2000-{1999 + ports}"}],
                    "pool": {"choice": "random", "paired": True, "fallback": False, **(pool or {})},
                    **(design or {}),
                },
                **nat,
            }
        ],
        "servers": SERVERS[: len(rates)],
        "traffic": [
            {"from": "A", "to": to["name"], "rate-per-client": f"{rate}/s", "hold": hold} for to, rate in zip(SERVERS, rates, strict=False)
        ],
    }


def scenario(*sizes: Any, **more: Any) -> natbound.Scenario:
    return natbound.Scenario(written(*sizes, **more))


@pytest.mark.parametrize("seed", range(8))
def test_the_formula_is_what_the_simulator_counts(seed: int) -> None:
    draw = random.Random(seed)
    clients, addresses, ports = draw.randint(4, 60), draw.randint(2, 5), draw.randint(2, 12)
    share = draw.uniform(0.5, 1.1) * ports * addresses / clients  # short busy periods: clients are dealt anew often
    load = min(share, 1.5)
    rates = (load / 30,) if seed % 2 else (load / 30, draw.uniform(0.4, 2) * load / 30)
    hold = ["30s", {"law": "constant", "mean": "30s"}, {"law": "lognormal", "mean": "30s", "cv": 2}][seed % 3]
    made = scenario(clients, addresses, ports, rates, hold=hold)
    found = made.risk(tries=1)
    assert "paired pooling" in found["method"]
    seen = made.simulate(arrivals=1_000_000, seed=seed)
    low, high = seen.interval
    value = found["refusal_probability"]
    # half as wide again as 95 %, for eight of them
    assert low - 0.5 * (high - low) <= value <= high + 0.5 * (high - low), (value, seen)
    if len(rates) == 1:
        assert value == pytest.approx(calculator.paired_refusal(ports, rates[0] * 30, clients, addresses), rel=1e-9)


def test_the_three_numbers_and_who_rests_on_them() -> None:
    made = scenario(200, 4, 60, (0.01,))
    likely = made.answer(remedies=False).likely
    each = calculator.load_for_paired(60, 200, 4, 1e-6)
    assert likely.connections == pytest.approx(200 * each, rel=1e-8)
    bad = calculator.load_for(60, 1e-6) * 200 / calculator.clients_on_fullest(200, 4)
    assert likely.worst_assignment == pytest.approx(min(bad, likely.connections), rel=1e-8)
    assert any("dealt to 4 addresses" in text for text in likely.assumptions)
    fewest = calculator.addresses_for_paired(60, 0.3, 200, 1e-6)
    assert next(x for x in made.size(1e-6).options if "addresses" in x)["addresses"] == fewest
    assert made.alert()["connections"] == pytest.approx(likely.connections * (1 - 1e-6), rel=1e-6)


def test_more_copies_and_load_of_a_destination() -> None:
    """Connections to T keep nobody from S, but they keep clients where they are."""
    alone = scenario(30, 3, 12, (0.01,)).risk(tries=1)["refusal_probability"]
    beside = next(k for k in scenario(30, 3, 12, (0.01, 0.02)).risk(tries=1)["kinds"] if k["to"] == "S")
    assert alone == pytest.approx(calculator.paired_refusal(12, 0.3, 30, 3), rel=1e-9)
    assert beside["refusal_probability"]["value"] == pytest.approx(alone, rel=0.2)
    even = scenario(30, 3, 12, (0.01, 0.02)).risk(tries=1)["refusal_probability"]
    assert even == pytest.approx(calculator.paired_refusal(12, 0.3, 30, 3, destinations=3), rel=1e-9)


def test_quota_and_table_are_bounds() -> None:
    for limit in ({"limit-per-instance": 30}, {"limit-per-subscriber": 3}):
        made = scenario(30, 3, 14, (0.03,), **{"connection-limits": limit})
        found, seen = made.risk(tries=1), made.simulate(arrivals=300_000)
        low, high = found["interval"]
        assert low * 0.97 <= seen.refusal_probability <= high * 1.03
        assert low < high


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"pool": {"fallback": True}}, "goes on to an address with room"),
        ({"pool": {"choice": "round-robin"}}, "round robin"),
        (
            {"rates": (0.01, 0.01), "design": {"mapping-type": "eim", "clash-scope": {"destination": "none", "protocol": True}}},
            "one flow each",
        ),
        ({"design": {"search": {"rounds": [{"start": "random", "step": "ascend", "probes": 2}]}}}, "find every free port"),
    ],
)
def test_what_has_no_law_is_counted(change: dict[str, Any], why: str) -> None:
    made = scenario(20, 3, 8, change.pop("rates", (0.01,)), **change)
    found = made.risk(tries=1)
    assert found["method"].startswith("counted")
    assert why in found["method"]


def test_clients_that_differ_are_counted() -> None:
    value = written(20, 3, 8, (0.01,))
    value["clients"].append({"name": "B", "addresses": "10.0.1.1-10.0.1.9"})
    value["nats"][0]["inside"].append("B")
    value["traffic"].append({"from": "B", "to": "S", "rate-per-client": "0.01/s", "hold": "30s"})
    alike = natbound.Scenario(value).risk(tries=1)
    assert alike["refusal_probability"] == pytest.approx(calculator.paired_refusal(8, 0.3, 29, 3), rel=1e-9)
    value["traffic"][-1]["rate-per-client"] = "0.02/s"
    assert "differ in what they send" in natbound.Scenario(value).risk(tries=1)["method"]


def test_bursts_are_counted() -> None:
    value = written(20, 3, 8, (0.01,))
    value["traffic"][0]["arrivals"] = {"law": "batches", "mean-batch": 3}
    assert "of Poisson arrivals" in natbound.Scenario(value).risk(tries=1)["method"]


def test_through_a_change_to_its_law() -> None:
    found = scenario(20, 3, 8, (0.01,)).after(["traffic.rate-per-client=0.02/s"], [2000.0])
    assert "paired pooling" in found.method
    low, high = found["refused"][0]["interval"]
    law = scenario(20, 3, 8, (0.02,)).risk()["refusal_probability"]
    assert low <= law <= high


def test_arrays_and_errors() -> None:
    found = calculator.paired_refusal(100, [[1.0], [3.0]], 90, [3, 4, 5])
    assert found.shape == (2, 3)
    assert found[1, 0] == pytest.approx(0.041281683647699, rel=1e-10)
    assert math.log(found[1, 0]) == pytest.approx(calculator.log_paired_refusal(100, 3, 90, 3), rel=1e-12)
    assert calculator.load_for_paired(100, 90, 3, found[1, 0]) == pytest.approx(3, rel=1e-11)
    with pytest.raises(ValueError, match=r"paired_refusal: ports = 2\.5"):
        calculator.paired_refusal(2.5, 1, 3, 3)
    with pytest.raises(ValueError, match="addresses_for_paired: target"):
        calculator.addresses_for_paired(2, 5, 3, 1e-3)
