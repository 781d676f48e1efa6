"""When the ports run out, for holds that have no formula: against the exponential chain, against histories stepped here in plain Python, and how
often the intervals cover."""

from __future__ import annotations

import heapq
import math
import random
import statistics
from typing import Any

import mpmath
import pytest
from natbound import InputError
from natbound.planning import exhaustion
from natbound.planning.histories import Histories, _binomial_cdf

EVENTS = ("full", "refusal")


@pytest.mark.parametrize("start", [0, 5])
def test_a_gamma_law_of_cv_1_is_the_exponential_one(start: int) -> None:
    """So the exact chain is the truth, also for what is left of those live at first; of 40 seeds 95 % of the intervals cover it."""
    exact = exhaustion(8, 1.0, 5.0, start=start, by=20.0)
    covered = {"mean": 0, "by": 0, "quantiles": 0}
    seeds = 40
    for seed in range(seeds):
        found = exhaustion(8, 1.0, 5.0, start=start, by=20.0, law="gamma", cv=1.0, seed=seed)
        for event in EVENTS:
            part, true = found[event], exact[event]
            covered["mean"] += part["interval"][0] <= true["mean"] <= part["interval"][1]
            covered["by"] += part["by"]["interval"][0] <= true["by"]["p"] <= part["by"]["interval"][1]
            covered["quantiles"] += sum(
                q["interval"][0] <= t["time"] <= q["interval"][1] for q, t in zip(part["quantiles"], true["quantiles"], strict=True)
            )
            assert part["mean"] == pytest.approx(true["mean"], rel=0.06)  # 10,000 histories: 4 standard errors
    for name, n in (("mean", 2 * seeds), ("by", 2 * seeds), ("quantiles", 6 * seeds)):
        assert covered[name] / n > 0.86, name  # the two events of a seed hang together


def stepped(ports: int, rate: float, draw: Any, left: Any, start: int, rng: random.Random) -> tuple[float, float]:
    """When all ports are busy and when one is refused, arrival by arrival."""
    leaving = [left(rng) for _ in range(start)]
    heapq.heapify(leaving)
    now, full = 0.0, 0.0 if start == ports else math.inf
    while True:
        now += rng.expovariate(rate)
        while leaving and leaving[0] <= now:
            heapq.heappop(leaving)
        if len(leaving) == ports:
            return full, now
        heapq.heappush(leaving, now + draw(rng))
        if len(leaving) == ports:
            full = min(full, now)


SIGMA = math.sqrt(math.log(5))  # lognormal, cv 2, mean 5
MU = math.log(5) - SIGMA**2 / 2


@pytest.mark.parametrize(
    ("law", "cv", "start", "draw", "left"),
    [
        ("lognormal", 2.0, 0, lambda rng: rng.lognormvariate(MU, SIGMA), None),
        (
            "lognormal",
            2.0,
            4,
            lambda rng: rng.lognormvariate(MU, SIGMA),
            lambda rng: rng.random() * rng.lognormvariate(MU + SIGMA**2, SIGMA),
        ),
        ("gamma", 0.5, 8, lambda rng: rng.gammavariate(4, 1.25), lambda rng: rng.random() * rng.gammavariate(5, 1.25)),
        ("constant", None, 4, lambda _: 5.0, lambda rng: 5 * rng.random()),
        ("constant", None, 0, lambda _: 5.0, lambda rng: 5 * rng.random()),
    ],
)
def test_other_laws_are_what_histories_show(law: Any, cv: float | None, start: int, draw: Any, left: Any) -> None:
    found = exhaustion(8, 1.0, 5.0, start=start, law=law, cv=cv)
    rng, n = random.Random(3), 4000
    both = [stepped(8, 1.0, draw, left, start, rng) for _ in range(n)]
    for i, event in enumerate(EVENTS):
        times = sorted(one[i] for one in both)
        spread = statistics.stdev(times) * math.sqrt(1 / n + 1 / found.histories)
        assert found[event]["mean"] == pytest.approx(statistics.mean(times), abs=4 * spread + 1e-12)
        for q in found[event]["quantiles"]:
            if q["time"]:
                share = sum(t <= q["time"] for t in times) / n
                assert share == pytest.approx(q["p"], abs=4 * math.sqrt(0.25 * (1 / n + 1 / found.histories)))


def test_what_was_not_seen_is_not_claimed() -> None:
    found = exhaustion(64, 1.0, 20.0, law="lognormal", cv=2.0, by=1e7)
    assert found.histories == 100
    assert found.seen == 200_000
    for event in EVENTS:
        assert found[event]["mean"] is None
        assert found[event]["by"]["p"] is None
        assert [q["time"] for q in found[event]["quantiles"]] == [None] * 3


def test_binomial_chances() -> None:
    for n, p in ((7, 0.3), (40, 0.9), (3000, 0.5)):
        for k in {0, 1, n // 4, n // 2, int(n * p), n - 1}:
            want = math.fsum(float(mpmath.binomial(n, i) * mpmath.mpf(p) ** i * mpmath.mpf(1 - p) ** (n - i)) for i in range(k + 1))
            assert _binomial_cdf(k, n, p) == pytest.approx(want, rel=1e-9, abs=1e-15)


def test_intervals_of_a_few_histories() -> None:
    few = Histories([1.0, 2.0, 3.0, math.inf], 10.0)
    assert few.quantile(0.5) == 2
    assert few.mean() is None
    assert few.by(2.5) == 0.5
    low, high = few.by_interval(2.5) or [0, 0]
    assert (low, high) == (pytest.approx(0.0675860, abs=1e-6), pytest.approx(0.9324140, abs=1e-6))  # Clopper and Pearson's, 2 of 4
    assert few.interval(0.5) == [0.0, None]
    assert few.by(11.0) is None
    hundred = Histories([float(i) for i in range(1, 101)], 1000.0)
    assert hundred.interval(0.5) == [40.0, 61.0]  # the 40th and 61st of 100: the textbook's (Conover, Practical Nonparametric Statistics)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"law": "weibull"}, "one of exponential, constant, lognormal, gamma"),
        ({"law": "gamma"}, "--cv: goes with --law lognormal and --law gamma, which need it"),
        ({"cv": 2.0}, "goes with --law lognormal"),
        ({"law": "gamma", "cv": -1.0}, "above 0 and at most 100"),
        ({"law": "gamma", "cv": math.nan}, "above 0 and at most 100"),
        ({"law": "gamma", "cv": 2.0, "seed": -1}, "a whole number from 0 to"),
    ],
)
def test_bad_input(options: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        exhaustion(100, 1.0, 5.0, **options)
    with pytest.raises(InputError, match="at most 100,000 are simulated"):
        exhaustion(100_001, 1.0, 5.0, law="gamma", cv=2.0)
