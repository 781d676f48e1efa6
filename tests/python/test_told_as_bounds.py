"""Where no state could refuse, risk knows a bound: day and uncertainty tell it as one, and draw nothing from it."""

from __future__ import annotations

import math
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))

import natbound
import pytest
from natbound.planning.day import RefusalCurve
from shell import is_refused

HOME = Path(__file__).parents[2] / "examples" / "home-lan.yaml"


def sine(amplitude: float) -> list[float]:
    return [1 + amplitude * math.sin(2 * math.pi * k / 288) for k in range(288)]


def test_a_lower_load_is_not_said_to_be_refused_more() -> None:
    home = natbound.load(HOME)
    quiet, busy = home.risk(1, tries=1), home.risk(1.5, tries=1)  # 30,000 and 45,000 live
    assert quiet.refusal_probability is None
    assert quiet.at_most < busy["interval"][1]  # a bound is the upper end of an interval, too


def test_a_quiet_day_has_bounds_and_a_busy_one_values() -> None:
    home = natbound.load(HOME)
    quiet, busy = home.day(sine(0.1)), home.day(sine(0.8))
    names = {"refused", "refusals_per_day", "at_peak", "stationary_peak", "mean_load"}
    assert set(quiet["at_most"]) == names
    assert all(quiet[name] is None for name in names)
    assert quiet.stationary_error is None
    assert set(busy["at_most"]) <= {"mean_load"}
    assert busy.refused > quiet["at_most"]["refused"]
    assert busy.at_peak > busy.refused


def known_above_100(scale: float, _: float, __: bool) -> dict[str, Any]:
    """What is refused is known above a load of 100, and a bound below: of more than what is known of higher loads."""
    known = scale > 100
    log = math.log(1e-12) * 100 / scale if known else math.log(5e-9)
    return {"exact": False, "method": "stub", "overall": {"value": math.exp(log) if known else None, "log": log}}


def test_the_curve_passes_bounds_down() -> None:
    curve = RefusalCurve(known_above_100, 1.0, 1.0, 150.0)
    assert curve.at(50) == curve.at(80)
    assert curve.at(80).at_most
    assert math.log(curve.at(80).value) == pytest.approx(math.log(1e-12), rel=0.06)  # of the lowest that is known
    assert not curve.at(120).at_most
    assert curve.at(120).value == pytest.approx(1e-10, rel=0.02)
    assert curve.at(100.1).value >= curve.at(80).value


def test_what_was_not_asked_for_is_no_value() -> None:
    def steep(scale: float, _: float, __: bool) -> dict[str, Any]:
        log = 60 * (scale - 1)
        return {"exact": False, "method": "stub", "overall": {"value": math.exp(log), "log": log}}

    curve = RefusalCurve(steep, 1.0, 0.01, 1.0)
    assert curve.at(0.1).at_most  # far below what is of any weight in a day
    assert not curve.at(0.7).at_most


def test_loads_that_hardly_count_in_the_day_are_looked_at_roughly() -> None:
    rough: dict[float, bool] = {}

    def steep(scale: float, _: float, roughly: bool) -> dict[str, Any]:
        rough[scale] = roughly
        return {"exact": False, "method": "stub", "overall": {"value": math.exp(40 * (scale - 1.1)), "log": 40 * (scale - 1.1)}}

    RefusalCurve(steep, 100.0, 10.0, 100.0)
    looked = sorted(rough)
    assert not rough[looked[-1]]
    assert rough[looked[0]]
    # all that are refused more than a thousandth as often as at the highest load are looked at closely
    assert all(not roughly for scale, roughly in rough.items() if 40 * (scale - looked[-1]) > math.log(1e-3))


def test_uncertainty_says_at_most_and_ranks_nothing() -> None:
    found = natbound.load(HOME).uncertainty({"traffic.rate": ("450/s", "550/s"), "traffic.hold": ("50s", "60s")})
    assert found.most_is_bound
    assert found.interval[0] == 0
    assert found.measure_first is None
    assert all(row.spread is None for row in found.inputs)


def test_uncertainty_from_a_bound_to_a_value() -> None:
    found = natbound.load(HOME).uncertainty({"traffic.rate": ("500/s", "900/s")})
    assert not found.most_is_bound
    assert found.least_at_most < found.interval[1]
    assert found.interval[0] == 0
    assert found.inputs[0].at_least
    assert found.measure_first == "traffic.rate"


def test_the_ends_of_a_range_ascend(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(natbound.InputError, match="lower one"):
        natbound.load(HOME).uncertainty({"traffic.rate": ("550/s", "27000/min")})
    is_refused(["uncertainty", str(HOME), "--between", "traffic.rate=550/s..450/s"], "the first end is the lower one", monkeypatch, capsys)
