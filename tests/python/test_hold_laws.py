"""Laws of holds in scenarios: what fills up from empty and what is left after a stop, against each law's own integral; insensitivity;
and what a wrong law is told."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import mpmath
import pytest
from natbound import InputError, Scenario, calculator

sys.path.insert(0, str(Path(__file__).parent))
from test_after import small

RATE = 5.0  # a second
# Each law with its survival function; all have a mean of 60 s.
LAWS: dict[str, tuple[Any, Callable[[float], float]]] = {
    "gamma": ({"law": "gamma", "mean": "60s", "cv": 0.5}, lambda x: float(mpmath.gammainc(4, x / 15, regularized=True))),
    "gamma, heavy": ({"law": "gamma", "mean": "60s", "cv": 2}, lambda x: float(mpmath.gammainc(0.25, x / 240, regularized=True))),
    "mixture": (
        {"law": "mixture", "means": ["10s", "210s"], "weights": [3, 1]},
        lambda x: 0.75 * math.exp(-x / 10) + 0.25 * math.exp(-x / 210),
    ),
    "histogram": (
        {"law": "histogram", "edges": ["0s", "40s", "160s"], "weights": [1, 1]},
        lambda x: 0.5 * max(0, 1 - x / 40) + 0.5 * min(1, max(0, (160 - x) / 120)),
    ),
    "empirical": ({"law": "empirical", "samples": ["20s", "100s"]}, lambda x: 0.5 * (x < 20) + 0.5 * (x < 100)),
}


@pytest.mark.parametrize("name", LAWS)
def test_what_fills_up_and_what_is_left(name: str) -> None:
    law, survival = LAWS[name]
    scenario = small(2000, [{"to": "A", "rate": f"{RATE}/s", "hold": law}])
    at, runs = [10.0, 50.0, 150.0], 100
    mean = float(mpmath.quad(survival, [0, 20, 40, 100, 160, 1000, 20000]))
    assert mean == pytest.approx(60, rel=1e-3)
    from_empty = scenario.after((), at, start=0, runs=runs)
    stopped = scenario.after(["traffic.rate=1e-6/s"], at, runs=runs, seed=2)
    for i, time in enumerate(at):
        come = RATE * float(mpmath.quad(survival, [0, min(20, time), min(40, time), min(100, time), time]))
        left = RATE * mean - come
        assert from_empty["live"][i] == pytest.approx(come, abs=4 * math.sqrt(come / runs))
        assert stopped["live"][i] == pytest.approx(left, abs=4 * math.sqrt((left + 1) / runs))


@pytest.mark.parametrize("name", LAWS)
def test_a_complete_search_knows_the_mean_alone(name: str) -> None:
    law, _ = LAWS[name]
    scenario = small(30, [{"to": "A", "rate": "30/min", "hold": law}])
    assert scenario.risk(tries=1).refusal_probability == pytest.approx(calculator.erlang_b(30, 30), rel=1e-9)
    low, high = scenario.simulate(arrivals=300_000).interval
    assert low * 0.97 < calculator.erlang_b(30, 30) < high * 1.03


def linux(hold: Any) -> Scenario:
    return small(2000, [{"to": "A", "rate": "15/s", "hold": hold}], design="linux-masquerade")


def test_a_search_in_windows_knows_the_law() -> None:
    """Gamma of cv 1 is exponential, and of cv 0.02 nearly constant; averages over states agree with counted refusals."""
    exponential, constant = (linux(law).risk(tries=1) for law in ("120s", {"law": "constant", "mean": "120s"}))
    for cv, like in ((1, exponential), (0.02, constant), (2, None)):
        scenario = linux({"law": "gamma", "mean": "120s", "cv": cv})
        risk = scenario.risk(tries=1)
        low, high = risk.interval
        counted = scenario.simulate(arrivals=400_000).interval
        assert low * 0.95 < counted[1]
        assert counted[0] < high * 1.05
        if like is not None:
            assert low * 0.95 < like.interval[1]
            assert like.interval[0] < high * 1.05


def test_likely_of_a_complete_search_is_the_same_for_all() -> None:
    found = [small(300, [{"to": "A", "rate": "2/s", "hold": law}]).answer().likely.connections for law, _ in LAWS.values()]
    assert found == pytest.approx([found[0]] * len(found), rel=1e-9)
    assert calculator.erlang_b(300, found[0]) == pytest.approx(1e-6, rel=1e-6)


def test_a_day_takes_each_law() -> None:
    rates = [1.0, 3.0]
    for law, survival in LAWS.values():
        found = small(2000, [{"to": "A", "rate": f"{RATE}/s", "hold": law}]).day(rates, period=600.0)
        rate = [2.5, 7.5]  # their mean is the scenario's; linear between, 300 s apart

        def at(t: float, rate: list[float] = rate) -> float:
            t = t % 600
            return rate[0] + (rate[1] - rate[0]) * (t / 300 if t < 300 else 2 - t / 300)

        time = found["times"][40]
        want = sum(at(time - (k + 0.5)) * survival(k + 0.5) for k in range(5000))
        assert found["live"][40] == pytest.approx(want, rel=2e-3)


def test_a_day_takes_each_entrys_own_law_and_what_is_kept_after_a_life() -> None:
    """m(t) = the sum over entries and ways to close of the integral of rate x survival: from tails written here, by steps of a second."""
    (gamma, of_gamma), (mixture, of_mixture) = LAWS["gamma, heavy"], LAWS["mixture"]
    scenario = small(
        2000,
        [
            {"to": "A", "rate": "2/s", "life": mixture, "ends": {"fin": "75%", "silence": "25%"}},
            {"to": "B", "rate": "3/s", "hold": gamma},
        ],
        nat={"timers": {"tcp-fin": "45s", "tcp-silence": "200s"}},
    )

    def of_life(u: float) -> float:
        return sum(share * (1.0 if u < kept else of_mixture(u - kept)) for share, kept in ((0.75, 45), (0.25, 200)))

    def level(t: float) -> float:
        return 0.5 + (t % 600) / 300 if t % 600 < 300 else 1.5 - (t % 600 - 300) / 300

    found = scenario.day([1.0, 3.0], period=600.0)
    ages = [i + 0.5 for i in range(5000)]
    live = [2 * of_life(u) + 3 * of_gamma(u) for u in ages]
    for k in (0, 40, 100):
        want = sum(level(found["times"][k] - u) * x for u, x in zip(ages, live, strict=True))
        assert found["live"][k] == pytest.approx(want, rel=1e-3)
    assert found["hold"] == pytest.approx((2 * (60 + 0.75 * 45 + 0.25 * 200) + 3 * 60) / 5)


@pytest.mark.parametrize(
    ("hold", "message"),
    [
        ({"law": "gamma", "mean": "60s"}, "cv goes with law: lognormal and law: gamma"),
        ({"law": "gamma", "mean": "60s", "cv": 0}, "is above 0 and at most 100"),
        ({"law": "exponential", "mean": "60s", "cv": 1}, "cv goes with"),
        ({"law": "mixture", "mean": "60s"}, "needs the means of its exponential parts"),
        ({"law": "mixture", "means": ["0s", "5s"]}, "the mean of a part is above 0"),
        ({"law": "mixture", "means": ["1s", "5s"], "weights": [1]}, "one weight a mean is wanted, and there are 2"),
        ({"law": "mixture", "means": ["1s", "5s"], "mean": "4s"}, "the mean of the means is 3s"),
        ({"law": "histogram", "edges": ["0s"], "weights": []}, "two at least"),
        ({"law": "histogram", "edges": ["0s", "5s", "5s"], "weights": [1, 1]}, "edges ascend"),
        ({"law": "histogram", "edges": ["0s", "5s"]}, "one weight a bin is wanted, and there are 1"),
        ({"law": "empirical", "edges": ["0s", "5s"], "samples": ["1s"]}, "edges go with law: histogram"),
        ({"law": "constant", "mean": "60s", "weights": [1]}, "weights go with samples, means or edges"),
    ],
)
def test_wrong_laws(hold: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        small(30, [{"to": "A", "rate": "30/min", "hold": hold}])


def test_what_is_listed_tells_the_law() -> None:
    for law, _ in LAWS.values():
        if law["law"] == "gamma":
            continue
        whole = small(30, [{"to": "A", "rate": "30/min", "hold": law}])
        bare = small(30, [{"to": "A", "rate": "30/min", "hold": {key: law[key] for key in law if key != "law"}}])
        assert bare.canonical == whole.canonical


def test_the_canonical_form_reads_back() -> None:
    for law, _ in LAWS.values():
        scenario = small(30, [{"to": "A", "rate": "30/min", "hold": law}])
        assert Scenario(scenario.canonical).canonical == scenario.canonical
