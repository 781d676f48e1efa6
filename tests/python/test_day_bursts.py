"""A day of arrivals in bursts, against days stepped arrival by arrival (docs/measure_day.py)."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from natbound import Unsupported, calculator

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "docs"))

from measure_day import ARRIVALS, HOURS, compared, scenario


@pytest.mark.parametrize("name", ARRIVALS)
def test_what_is_refused_over_the_day(name: str) -> None:
    said, seen, error = compared(ARRIVALS[name], 60.0, 20, seed=5)
    assert said == pytest.approx(seen, abs=4 * error + 0.03 * seen)
    as_if = calculator.Day([14 / 60 * h * 24 / sum(HOURS) for h in HOURS], 60.0).refused(30).share
    assert (said / as_if < 1.01) == (name == "one by one")  # else as Poisson arrivals would be low by a factor of 5 and more


def test_the_mean_number_live_is_that_of_poisson_arrivals() -> None:
    plain, bursty = (scenario(30, 14.0, 60.0, ARRIVALS[name]).day(HOURS) for name in ("one by one", "batches of 3"))
    assert bursty["live"] == pytest.approx(plain["live"], rel=1e-12)
    assert plain["band"] is not None
    assert bursty["band"] is None  # how far the number goes about it is not known
    assert bursty.plot() is not None


def test_states_that_last_long_beside_the_day_are_refused() -> None:
    slow = {"law": "on-off", "on": "5min", "off": "10min"}
    with pytest.raises(Unsupported, match=r"traffic\[0\]\.arrivals: going through its states once takes 900 s"):
        scenario(30, 14.0, 60.0, slow).day(HOURS)
    assert scenario(30, 14.0, 60.0, slow).day(HOURS, period=90_000.0)["refused"] > 0
