"""The formulas with a time in them, from Python: arrays, starts, errors; values are tested in tests/cpp and tests/reference."""

from __future__ import annotations

import math
import re
import statistics
from typing import Any

import numpy as np
import pytest
from natbound import calculator


def test_first_passages_broadcast() -> None:
    times = np.array([1.0, 2.0, 5.0, 10.0, 50.0])
    cdf = calculator.first_passage_cdf(np.array([[10], [64]]), np.array([[5.0], [50.0]]), times, event="full")
    assert cdf.shape == (2, 5)
    assert cdf[0] == pytest.approx([0.00311571357376, 0.0412115076055, 0.246251573645, 0.512041728763, 0.984993210397], rel=1e-11)
    survival = calculator.first_passage_survival(np.array([[10], [64]]), np.array([[5.0], [50.0]]), times, event="full")
    assert cdf + survival == pytest.approx(np.ones((2, 5)), abs=1e-12)
    assert isinstance(calculator.first_passage_mean(2, 1), float)
    assert calculator.first_passage_mean(2, 1) == pytest.approx(8, rel=1e-14)
    assert calculator.first_passage_mean(64512, 1000) == math.inf
    assert calculator.log_first_passage_mean(64512, 1000) > 205295
    assert calculator.first_passage_quantile(1, 1, 0.5, event="full") == pytest.approx(math.log(2), rel=1e-12)
    assert calculator.log_first_passage_quantile(64512, 1000, 0.5) > 205290
    assert calculator.first_passage_cdf(100, 90, 0, start="stationary", event="full") == pytest.approx(calculator.erlang_b(100, 90))


def test_transients_agree_with_the_stepped_chain() -> None:
    times = np.array([0.1, 1.0, 10.0])
    full = calculator.transient_full_probability(100, 120, times, start_load=60)
    mean = calculator.transient_mean(100, 120, times, start_load=60)
    for i, time in enumerate(times):
        law, bound = calculator.transient_law(100, 120, float(time), start_load=60)
        assert law[100] == pytest.approx(full[i], rel=1e-10)
        assert law @ np.arange(law.size) == pytest.approx(mean[i], rel=1e-11)
        assert bound < 1e-50
        assert calculator.transient_at_least(100, 120, float(time), 70, start_load=60) == pytest.approx(law[70:].sum(), abs=1e-10)
        median = calculator.transient_quantile(100, 120, float(time), 0.5, start_load=60)
        assert law[: int(median)].sum() < 0.5 <= law[: int(median) + 1].sum() + 1e-12
    assert calculator.log_transient_full_probability(64512, 60000, 0.1) < -1000


def test_ports_taken_away() -> None:
    law, _ = calculator.transient_law(10, 8.0, 0.5, start_load=30.0, start_ports=40)
    assert law.sum() == pytest.approx(1)
    assert law[20:].sum() > 0.01
    with pytest.raises(ValueError, match="start_ports = 40: must be at most the number of ports"):
        calculator.transient_full_probability(10, 8.0, 0.5, start_load=30.0, start_ports=40)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: calculator.first_passage_cdf([5, 5, 2.5], 1, 1), "ports = 2.5: must be a whole number"),
        (lambda: calculator.first_passage_cdf([5, 5, -1], 1, 1), "(at index [2])"),
        (lambda: calculator.first_passage_mean(5, [[1.0, math.nan]]), "load = nan: must be above 0 and at most 1e12 (at index [0, 1])"),
        (lambda: calculator.first_passage_quantile(5, 1, 1), "p = 1: must be at least 0 and below 1"),
        (lambda: calculator.first_passage_mean(5, 1, start="full"), "start = 'full': must be a number of flows, or \"stationary\""),
        (lambda: calculator.first_passage_mean(5, 1, event="Full"), "event = 'Full': must be"),  # type: ignore[arg-type]
        (lambda: calculator.transient_mean(5, 1, -1), "time = -1: must be at least 0"),
        (lambda: calculator.Day([1, 2], 60, law="gamma"), "cv = None"),
        (lambda: calculator.Day([1, 2]), "hold, mixture, samples and histogram: give just one"),
        (lambda: calculator.Day([1, 2], samples=[]), "samples = []: must be at least one"),
        (lambda: calculator.Day([1, 2], samples=[3, -1]), "samples[1] = -1: must be at least 0"),
        (lambda: calculator.Day([1, 2], samples=[3, math.nan]), "samples[1] = nan: must be at least 0"),
        (lambda: calculator.Day([1, 2], 60, sample_weights=[1]), "sample_weights: go with samples"),
        (lambda: calculator.Day([1, math.nan], 60), "rates[1] = nan: must be at least 0"),
        (lambda: calculator.Day([1, 2], 60).live([0, math.inf]), "time = inf: must be finite (at index [1])"),
    ],
)
def test_bad_arguments(call: object, message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        call()  # type: ignore[operator]


def test_a_day_by_hours() -> None:
    hours = [30, 20, 15, 10, 10, 15, 30, 60, 90, 110, 120, 120, 110, 120, 130, 120, 110, 120, 150, 170, 160, 120, 70, 40]
    day = calculator.Day(hours, 300.0, law="lognormal", cv=2)
    assert day.live(np.arange(0, 86400, 3600)).shape == (24,)
    assert day.peak_rate() == (19 * 3600, 170)
    assert day.peak_live().value < 170 * 300
    assert 0 < day.lag() < 3600
    assert day.busiest(60).value <= day.peak_live().value
    refused = day.refused(50000)
    assert 0 < refused.share < refused.at_peak < refused.stationary_peak
    assert refused.stationary_error > 0.01
    mixture = calculator.Day(hours, mixture=([0.5, 0.5], [200, 400]))
    assert mixture.mean_rate() * 300 == pytest.approx(np.mean(mixture.live(np.arange(0, 86400, 60.0))), rel=1e-4)
    measured = calculator.Day(hours, samples=[100, 900], sample_weights=[3, 1])
    assert measured.mean_rate() * 300 == pytest.approx(np.mean(measured.live(np.arange(0, 86400, 60.0))), rel=1e-4)
    small = calculator.Day([x / 1000 for x in hours], 300.0)
    chain = small.chain(50, steps=2000)
    assert chain.share == pytest.approx(small.refused(50).share, rel=0.05)


@pytest.mark.parametrize(
    ("ports", "hold", "night"), [(150, 900.0, 0.3), (150, 20000.0, 0.3), (40, 3600.0, 0.9)], ids=["quiet nights", "long holds", "all day"]
)
def test_the_chain_of_a_day_against_all_its_states_stepped(ports: int, hold: float, night: float) -> None:
    """Runge and Kutta's method on every state, day after day; the chain follows only the hours and states that count."""
    top = 1.05 * ports / hold
    times = np.array([0.0, 30000, 40000, 52000, 86400])
    rates = np.array([night, night, 1.0, night, night]) * top
    leave = np.arange(ports + 1.0) / hold

    def slope(p: Any, rate: float) -> Any:
        moved = rate * p[:-1] - leave[1:] * p[1:]
        return np.diff(moved, prepend=0.0, append=0.0) * -1

    p, share, at_peak = np.eye(1, ports + 1)[0], 0.0, 0.0
    for _ in range(2 if hold < 10000 else 6):
        refused, at_peak = 0.0, 0.0
        for k in range(4):
            steps = math.ceil((times[k + 1] - times[k]) * 2 * ports / hold)  # stable to 1.4 of these
            h = (times[k + 1] - times[k]) / steps
            for i in range(steps):
                first, middle, last = (rates[k] + (rates[k + 1] - rates[k]) * (i + part) / steps for part in (0, 0.5, 1))
                a = slope(p, first)
                b = slope(p + h / 2 * a, middle)
                c = slope(p + h / 2 * b, middle)
                d = slope(p + h * c, last)
                before, p = p[-1], p + h / 6 * (a + 2 * b + 2 * c + d)
                refused += h * (first * before + last * p[-1]) / 2
                at_peak = max(at_peak, p[-1])
        share = refused / np.trapezoid(rates, times)
    day = calculator.Day(list(rates[:4]), hold, times=list(times[:4]))
    chain = day.chain(ports)
    assert chain.share == pytest.approx(share, rel=2e-5)
    assert chain.at_peak == pytest.approx(at_peak, rel=2e-5)


def test_the_chain_of_a_day_with_many_ports() -> None:
    """Holds short beside the day: next to the modified offered load, which is off by what turns it within a hold; once far down in its tail."""
    rates = [1 + 0.5 * math.sin(2 * math.pi * k / 288) for k in range(288)]
    for ports, peak in ((64512, 64000.0), (64512, 61500.0), (1048576, 1047000.0)):
        day = calculator.Day([r * peak / 1.5 / 60 for r in rates], 60.0)
        by_load, chain = day.refused(ports), day.chain(ports, steps=2880)
        assert chain.share == pytest.approx(by_load.share, rel=0.01)
        assert chain.at_peak == pytest.approx(by_load.at_peak, rel=0.01)


@pytest.mark.parametrize(("hold", "cv"), [(300.0, 10.0), (9e3, 10.0), (9e4, 4.0), (1e6, 2.0)])
def test_a_day_of_holds_with_a_heavy_tail(hold: float, cv: float) -> None:
    """m(t) = mean rate x hold + R(t) - E R(t - hold), R the integral of rate - mean rate: here by 200,000 quantiles of the law, and each step's
    integral. Holds of years are in it, of which only their mean matters; by parts over all time they would swamp the rest."""
    rates, piece = np.array([1.0, 6.0, 4.0, 0.5]), 86400 / 4
    ends = np.concatenate([[0.0], np.cumsum((rates - rates.mean()) * piece)])
    sigma = math.sqrt(math.log1p(cv * cv))
    quantiles = np.array([statistics.NormalDist().inv_cdf((i + 0.5) / 200_000) for i in range(200_000)])
    holds = np.exp(math.log(hold) - sigma * sigma / 2 + sigma * quantiles)

    def summed(t: Any) -> Any:
        return np.interp(np.mod(t, 86400), piece * np.arange(5), ends)

    day = calculator.Day(rates, hold, law="lognormal", cv=cv, between="constant")
    for t in (0.0, 30_000.0, 65_000.0):
        want = rates.mean() * hold + summed(t) - summed(t - holds).mean()
        assert day.live(t) == pytest.approx(want, abs=2e-4 * 86400)
    assert np.mean(day.live(np.arange(0, 86400, 60.0))) == pytest.approx(rates.mean() * hold, rel=1e-5)


def test_a_tail_beyond_all_days_is_refused() -> None:
    with pytest.raises(ValueError, match="has so heavy a tail that connections of 5,000 periods ago still count"):
        calculator.Day([1, 2], 9e4, law="gamma", cv=100)
