"""Formulas at the edges of what a double holds: the right value or one error, never a NaN."""

from __future__ import annotations

import dataclasses
import inspect
import math
import sys
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

import numpy as np
from natbound import calculator
from test_bad_arguments import GOOD

EDGES = (5e-324, 1e-308, 1e-300, 1e-100, 1e-12, 0.0, 1 - 1e-16, 1e13, 1e100, 1e308)


def has_nan(found: Any) -> bool:
    if dataclasses.is_dataclass(found):
        return has_nan(dataclasses.astuple(found))  # type: ignore[arg-type]
    if isinstance(found, tuple):
        return any(map(has_nan, found))
    return isinstance(found, (float, np.ndarray)) and bool(np.isnan(found).any())


def formulas() -> list[str]:
    return [name for name in calculator.__all__ if not inspect.isclass(getattr(calculator, name))]


@pytest.mark.parametrize("name", formulas())
def test_no_edge_is_a_nan(name: str) -> None:
    function = getattr(calculator, name)
    parameters = inspect.signature(function).parameters.values()
    good = {p.name: GOOD.get(p.name, 2.0) for p in parameters if p.default is inspect.Parameter.empty}
    optional = [p.name for p in parameters if isinstance(p.default, float)]
    for argument in [a for a in (*good, *optional) if isinstance(good.get(a, 1.0), (int, float))]:
        for edge in EDGES:
            if argument in ("ports", "sources", "pool") and edge > 1:
                continue  # minutes of work
            try:
                found = function(**{**good, argument: edge})
            except (ValueError, TypeError) as wrong:
                found = str(wrong)
            assert name in found if isinstance(found, str) else not has_nan(found), (argument, edge, found)


@pytest.mark.parametrize(("ports", "load", "time"), [(20, 10, 1e13), (1000, 900, 1e12), (4000, 5000, 1e9), (20, 10, 1e300), (1, 1, 1e100)])
@pytest.mark.parametrize("start", [0, "stationary"])
def test_after_so_long_the_first_refusal_has_come(ports: int, load: float, time: float, start: Any) -> None:
    assert calculator.first_passage_cdf(ports, load, time, start=start) == 1
    assert calculator.first_passage_survival(ports, load, time, start=start) == 0


def test_a_long_wait_from_full_ports() -> None:
    """By the chain of 0 to 20 live: the slowest mode of what has not yet been refused."""
    chain = np.zeros((21, 21))
    for n in range(21):
        chain[n, n] = -(10 + n)
        if n < 20:
            chain[n, n + 1] = 10
        if n > 0:
            chain[n, n - 1] = n
    values, vectors = np.linalg.eig(chain)
    weights = np.linalg.solve(vectors, np.ones(21))
    for time in (1e3, 2e4, 5e4):
        slowest = int(np.argmax(values.real))
        log = values[slowest].real * time + math.log((vectors[20, slowest] * weights[slowest]).real)
        assert math.log(float(calculator.first_passage_survival(20, 10, time, start=20))) == pytest.approx(log, rel=1e-9)


def test_packets_whose_senders_change_at_once_are_their_mean() -> None:
    """Holds of nothing: the number live is averaged out, whatever is below about 1e-12 of the time a bucket takes."""
    short = calculator.packet_limit(20, 8, opening=2, live=6, each=2.5, hold=1e-9)
    for hold in (1e-14, 1e-100, 1e-300, 1e-308, 5e-324):
        found = calculator.packet_limit(20, 8, opening=2, live=6, each=2.5, hold=hold)
        assert found.refusal == pytest.approx(short.refusal, rel=1e-3)
        assert found.delay == pytest.approx(short.delay, rel=1e-3)


@pytest.mark.parametrize(
    ("name", "given", "says"),
    [
        ("limits_in_sequence", {"subscribers": 4, "load": 10, "quota": 2, "hold": 1e-308}, "hold = 9.9"),
        ("cut_probability", {"size": 2, "rate": 1, "life": 2, "gap": 1e-310}, "gap = 9.9"),
        ("cut_probability", {"size": 2, "rate": 1, "life": [2, 5e-324], "gap": 1}, r"life = 4.9.*at index \[1\]"),
        ("cut_probability", {"size": 2, "rate": 1, "life": 2, "gap": 1, "keep_alive": 5e-324}, "keep_alive = 4.9"),
        ("eviction_exact", {"size": 2, "rate": 1, "life": 1e-310, "gap": 2}, "life = 9.9"),
        ("overflow_refusal", {"ports": 20, "mean": 1e6, "variance": 5}, "variance = 5: must be from a thousandth of the mean"),
        ("transient_quantile", {"ports": 20, "load": 10, "time": 1, "p": 1e-300}, "p = 1e-300: must be 0, or at least 1e-10"),
    ],
)
def test_what_is_beyond_a_double_is_refused(name: str, given: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match=f"{name}: {says}"):
        getattr(calculator, name)(**given)
