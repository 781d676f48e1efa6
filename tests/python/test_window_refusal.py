"""`window_refusal`: searches of windows where the formula has no answer, against plain simulations and whole chains."""

from __future__ import annotations

import csv
import itertools
import math
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from natbound import calculator as c
from natbound.cli import main

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "docs"))

import measure_windows

LINUX = (128, 64, 32, 16, 8)


def rows() -> list[dict[str, str]]:
    with (Path(__file__).parents[1] / "reference" / "window_outside.csv").open() as lines:
        next(lines)
        return list(csv.DictReader(lines))


def test_against_plain_simulations_at_random_inputs() -> None:
    within, found = 0, rows()
    for seed, row in enumerate(found):  # one seed for all would have them err alike
        ports, windows, law = int(row["ports"]), [int(w) for w in row["windows"].split("+")], row["hold"]
        got = c.window_refusal(ports, float(row["load"]) * ports, windows, hold=law, seed=seed, arrivals=5e6)  # type: ignore[arg-type]
        assert got.method in ("simulated", "exact"), row
        off = math.log(got.refusal / float(row["refused"]))
        error = math.hypot(float(row["error"]), math.log(got.high / got.low) / 2 / 1.96)
        assert abs(off) < 4.5 * error, (row, got)
        within += abs(off) < 1.96 * error
    assert within > 0.85 * len(found), within


def test_the_formula_is_off_by_what_the_page_says() -> None:
    page = (Path(__file__).parents[2] / "docs" / "calculator.md").read_text(encoding="utf-8")
    assert "\n".join(measure_windows.table()) in page


def whole_chain(ports: int, load: float, windows: tuple[int, ...]) -> float:
    """Of all sets of busy ports, exponential holds: the law of the chain, and the share refused."""
    states = 1 << ports
    flow = np.zeros((states, states))
    refused = np.zeros(states)
    for state in range(states):
        for starts in itertools.product(range(ports), repeat=len(windows)):
            tried = ((start + i) % ports for start, window in zip(starts, windows, strict=True) for i in range(window))
            port = next((p for p in tried if not state >> p & 1), None)
            if port is None:
                refused[state] += ports ** -len(windows)
            else:
                flow[state, state | 1 << port] += load / ports ** len(windows)
        for port in range(ports):
            if state >> port & 1:
                flow[state, state ^ 1 << port] += 1
    balance = flow.T - np.diag(flow.sum(axis=1))
    balance[0] = 1
    law = np.linalg.solve(balance, np.eye(states)[0])
    return float(law @ refused)


@pytest.mark.parametrize(
    ("ports", "load", "windows"),
    [(8, 6.0, (3,)), (8, 7.0, (3, 2)), (7, 4.0, (5, 2)), (9, 5.0, (2, 3)), (6, 9.0, (2, 1, 2)), (8, 2.0, (7, 6))],
)
def test_against_the_whole_chain(ports: int, load: float, windows: tuple[int, ...]) -> None:
    want = whole_chain(ports, load, windows)
    for seed in (1, 2):
        got = c.window_refusal(ports, load, windows, seed=seed)
        assert got.method == "simulated"
        assert abs(math.log(got.refusal / want)) < 1.7 * max(0.01, math.log(got.high / got.refusal)), (got, want)


def test_its_interval_holds_the_truth() -> None:
    want = whole_chain(8, 4.0, (4, 3))
    held = 0
    for seed in range(100):
        got = c.window_refusal(8, 4.0, (4, 3), seed=seed, arrivals=1e5)
        held += got.low <= want <= got.high
    assert held >= 88, held


def test_what_is_known_exactly_and_what_by_the_formula() -> None:
    assert c.window_refusal(100, 90.0, (4, 100)).refusal == c.erlang_b(100, 90.0)
    ones = c.window_refusal(100, 90.0, (1, 1, 1), hold="constant")
    assert (ones.method, ones.refusal, ones.low) == ("exact", c.refusal_probability(100, 3, 90.0), c.refusal_probability(100, 3, 90.0))
    got = c.window_refusal(64512, 60000.0, LINUX)
    assert (got.method, got.refusal) == ("formula", c.window_loss(64512, 60000.0, LINUX))
    # off by at most 20 % of the truth: 0.8 of it, or 1.2 times
    assert (got.low, got.high) == (pytest.approx(got.refusal / 1.2), pytest.approx(got.refusal / 0.8))


def test_where_too_much_fluctuates_for_the_formula_it_simulates() -> None:
    got = c.window_refusal(11520, 0.98 * 11520, [64] * 6, arrivals=3e6)
    assert got.method == "simulated"
    assert 0.6 < got.refusal / 4.07e-3 < 1.7  # tests/reference/window_loss_edge.csv
    with pytest.raises(ValueError, match=r"^window_loss: ports = 11520: must be more for so many rounds"):
        c.window_loss(11520, 0.98 * 11520, [64] * 6)


def test_a_bound_where_none_is_seen() -> None:
    got = c.window_refusal(10, 0.5, (9,), arrivals=1e5)
    assert (got.method, got.low, got.high) == ("bound", 0.0, got.refusal)
    assert whole_chain(10, 0.5, (9,)) < got.refusal < 0.1


def test_arrays_are_as_their_elements() -> None:
    got = c.window_refusal([500, 2000, 64512], [480.0, 1900.0, 61000.0], LINUX, arrivals=1e6, seed=7)
    assert list(got.method) == ["simulated", "simulated", "formula"]
    one = c.window_refusal(2000, 1900.0, LINUX, arrivals=1e6, seed=7)
    assert (got.refusal[1], got.low[1], got.high[1]) == (one.refusal, one.low, one.high)
    assert one != c.window_refusal(2000, 1900.0, LINUX, arrivals=1e6, seed=8)


def test_at_the_shell(monkeypatch: Any, capsys: Any) -> None:
    words = ["natbound", "formula", "window_refusal", "ports=1000", "load=950", "windows=128,64,32,16,8", "arrivals=1e6"]
    monkeypatch.setattr(sys, "argv", words)
    with pytest.raises(SystemExit) as ended:
        main()
    assert not ended.value.code
    assert "method   simulated" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"ports": 0}, "ports = 0: must be at least 1"),
        ({"load": 0.0}, "load = 0: must be above 0"),
        ({"windows": []}, "windows = 0: must be 1 to 16 rounds"),
        ({"windows": [4, 0]}, "windows = 0: each must be at least 1 port"),
        ({"arrivals": 10}, "arrivals = 10: must be 1e5 to 1e10"),
        ({"hold": "long"}, "hold = 'long'"),
    ],
)
def test_bad_arguments(given: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match=f"^window_refusal: {says}"):
        c.window_refusal(**{"ports": 100, "load": 90.0, "windows": (4, 2), **given})
