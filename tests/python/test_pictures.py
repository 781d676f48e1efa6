"""The pictures draw what the data say: line by line, without looking at pixels."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from natbound import InputError, Scenario, calculator, pictures, pictures_over_time
from natbound.cli.quick import Numbers, quick_scenario
from natbound.planning import exhaustion

pytest.importorskip("matplotlib")


@pytest.fixture(scope="module")
def scenario() -> Scenario:
    return Scenario(quick_scenario(Numbers(rate="1000/s", hold="60s", ports=28232, design="ideal")))


def line(ax: Any, label: str) -> Any:
    return next(one for one in ax.get_lines() if str(one.get_label()).startswith(label))


def test_the_answers_curve_is_the_formulas() -> None:
    """At 28,232 ports of a complete search: from 1e-12 to a third, a point each decade or two, each of them Erlang's."""
    answer = Scenario(quick_scenario(Numbers(rate="400/s", hold="60s", ports=28232, design="ideal"))).answer(remedies=False)
    curve = line(answer.plot(), "worst kind")
    loads, odds = np.array(curve.get_xdata()), np.array(curve.get_ydata())
    assert odds == pytest.approx(calculator.erlang_b(28232, loads), rel=1e-9)
    assert odds[0] < 1e-11
    assert odds[-1] > 0.2
    assert (np.diff(np.log(odds)) < math.log(1000)).all()
    assert (np.diff(loads) > 0).all()


@pytest.mark.parametrize(
    "plot", [pictures.plot_answer, pictures_over_time.plot_day, pictures_over_time.plot_after, pictures_over_time.plot_size]
)
def test_what_is_no_result_is_refused(plot: Any) -> None:
    for wrong in ({}, {"schema": "natbound.ledger/1"}, None):
        with pytest.raises(InputError, match="another result is wanted"):
            plot(wrong)


def test_a_day_and_its_band(scenario: Scenario) -> None:
    found = scenario.day([1, 2, 3, 2])
    ax = found.plot()
    mean = line(ax, "mean")
    assert list(mean.get_ydata()) == found["live"]
    assert mean.get_xdata() == pytest.approx(np.array(found["times"]) / 3600)
    peak = line(ax, "most")
    assert (peak.get_xdata()[0] * 3600, peak.get_ydata()[0]) == pytest.approx((found.peak.time, found.peak.live))
    low, high = found["band"]["low"], found["band"]["high"]
    for n, m, k in zip(low, found["live"], high, strict=True):
        assert calculator.poisson_tail(k, m) <= 0.025 < calculator.poisson_tail(k - 1, m)
        assert calculator.poisson_tail(n, m) <= 0.975 < calculator.poisson_tail(n - 1, m)
    (band,) = ax.collections
    drawn = band.get_paths()[0].vertices
    assert drawn[:, 1].min() == min(low)
    assert drawn[:, 1].max() == max(high)
    assert ax.get_xlabel() == "hours"


@pytest.mark.parametrize(
    "given",
    [
        {"ports": 100, "rate": 2.0, "hold": 60.0},
        {"ports": 100, "rate": 2.0, "hold": 60.0, "law": "constant"},
        {"ports": 64, "rate": 8.0, "hold": 60.0, "law": "constant"},
        {"ports": 100, "rate": 2.0},
        {"ports": 100, "rate": 2.0, "hold": 60.0, "start": 90},
        {"ports": 1000, "rate": 1.0, "hold": 60.0},
    ],
)
def test_the_time_to_exhaustion(given: dict[str, Any]) -> None:
    found = exhaustion(**given)
    ax = found.plot()
    unit = {"seconds": 1, "minutes": 60, "hours": 3600, "days": 86400, "years": 365.25 * 86400}[ax.get_xlabel()]
    for event, label in (("full", "all ports busy"), ("refusal", "first refusal")):
        curve = line(ax, label)
        x, y = np.array(curve.get_xdata()) * unit, np.array(curve.get_ydata())
        assert (np.diff(y) >= 0).all()
        for at in (8, 32, 64):
            assert y[at] == pytest.approx(found.probability(event, x[at]), rel=1e-6)
        for quantile in found[event]["quantiles"]:
            if quantile["time"] is not None:
                assert np.interp(quantile["time"], x, y) == pytest.approx(quantile["p"], abs=0.02)


def test_what_more_room_costs(scenario: Scenario) -> None:
    found = scenario.size(1e-6, designs=["openbsd-pf"], prices={"address": 4})
    ax = found.plot()
    curve = line(ax, "carried at 1e-6")
    assert list(curve.get_xdata()) == [4 * (c["addresses"] - 1) for c in found["curve"]]
    assert list(curve.get_ydata()) == [c["likely"] for c in found["curve"]]
    assert line(ax, "your traffic").get_ydata()[0] == found["load"] == 60000
    for option in found["options"]:
        if option["cost"] is not None:
            marker = line(ax, f"{option['addresses']} address")
            assert marker.get_xdata()[0] in [o["cost"] for o in found["options"]]
            assert marker.get_ydata()[0] == found["load"]


def test_pictures_go_on_axes_that_are_given(scenario: Scenario) -> None:
    from matplotlib.figure import Figure

    upper, middle, lower = Figure().subplots(3)
    assert scenario.day([1, 2]).plot(upper) is upper
    assert exhaustion(100, 2.0, 60.0).plot(middle) is middle
    assert scenario.size(0.01).plot(lower) is lower
