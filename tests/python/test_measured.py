"""Samples, counts and fits: their intervals hold as often as they say, and `uncertainty` takes them."""

import math
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from natbound import InputError, Scenario, calculator
from natbound.cli import main
from natbound.planning import Counts, Fit, Maxima, Samples
from natbound.planning.estimates import estimate
from shell import is_refused

PORTS = 55_000


def gateway() -> Scenario:
    return Scenario(
        {
            "clients": [{"name": "vms", "addresses": "10.0.0.0/22", "ports": "1024-65535"}],
            "nats": [
                {
                    "name": "gateway",
                    "inside": ["vms"],
                    "external-ip-address-pool": "203.0.113.5",
                    "port-set-restrict": {"start-port-number": 1024, "end-port-number": 1023 + PORTS},
                    "design": "ideal",
                }
            ],
            "servers": [{"name": "api", "addresses": "198.51.100.7", "ports": 443}],
            "traffic": [{"from": "vms", "to": "api", "rate": "900/s", "hold": "60s"}],
        }
    )


@pytest.mark.parametrize(("law", "mean"), [("exponential", 60.0), ("lognormal", 60.0), ("constant-ish", 60.0)])
def test_the_interval_of_samples_holds_about_as_often_as_it_says(law: str, mean: float) -> None:
    random = np.random.default_rng(20)
    sigma = 1.0  # cv 1.31
    held = 0
    for _ in range(400):
        if law == "exponential":
            values = random.exponential(mean, 60)
        elif law == "lognormal":
            values = random.lognormal(math.log(mean) - sigma**2 / 2, sigma, 60)
        else:
            values = random.normal(mean, mean / 20, 60)
        found = estimate(Samples(list(values)))
        assert found.low <= found.value <= found.high
        held += found.low <= mean <= found.high
    assert 0.91 <= held / 400 <= 0.98


@pytest.mark.parametrize("clump", [1, 8])
def test_the_interval_of_counts_holds_also_where_they_come_in_clumps(clump: int) -> None:
    random = np.random.default_rng(21)
    held = 0
    for _ in range(400):
        counts = clump * random.poisson(900 / clump, 60)
        found = estimate(Counts([float(n) for n in counts], 60.0))
        held += found.low <= 15.0 <= found.high
    assert 0.92 <= held / 400 <= 0.99


def test_a_fit_is_its_standard_error() -> None:
    found = estimate(Fit(60.0, 3.0))
    assert math.log(found.high / 60) == pytest.approx(1.959964 * 0.05, rel=1e-6)
    assert found.low * found.high == pytest.approx(3600)


def test_uncertainty_takes_what_was_measured() -> None:
    random = np.random.default_rng(3)
    holds = list(random.exponential(60, 2_000))
    counts = [float(n) for n in random.poisson(900 * 60, 30)]
    found = gateway().uncertainty(measured={"traffic.hold": Samples(holds), "traffic.rate": Counts(counts, 60)})
    hold, rate = estimate(Samples(holds)), estimate(Counts(counts, 60))
    assert found.interval[0] == pytest.approx(calculator.erlang_b(PORTS, hold.low * rate.low), rel=1e-9)
    assert found.interval[1] == pytest.approx(calculator.erlang_b(PORTS, hold.high * rate.high), rel=1e-9)
    assert found.measure_first == "traffic.hold"  # 2,000 holds say less than 1.6 million connections
    assert found.inputs[0]["basis"] == "2,000 samples"
    with pytest.raises(InputError, match="two ends, too"):
        gateway().uncertainty({"traffic.hold": ("50s", "60s")}, measured={"traffic.hold": Samples(holds)})


@pytest.mark.parametrize(
    ("measured", "says"),
    [
        (Samples([1.0, 2.0, -3.0, 4.0, 5.0]), r"samples\[2\]"),
        (Samples([1.0, 2.0, math.nan, 4.0, 5.0]), r"samples\[2\]"),
        (Samples([1.0, 2.0]), "at least 5"),
        (Samples([]), "a list"),
        (Counts([3.0, 2.5], 60), r"samples\[1\].*whole"),
        (Counts([0.0, 0.0], 60), "no connection"),
        (Counts([1.0], 0), "above 0"),
        (Fit(0.0, 1.0), "above 0"),
        (Fit(1.0, -1.0), "0 or more"),
    ],
)
def test_what_cannot_be_measured(measured: Samples | Counts | Fit, says: str) -> None:
    with pytest.raises(InputError, match=says):
        estimate(measured)


def test_at_the_shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    random = np.random.default_rng(3)
    (tmp_path / "holds.txt").write_text("seconds\n" + "\n".join(f"{x:.3f}" for x in random.exponential(60, 500)))
    (tmp_path / "counts.csv").write_text("minute,opened\n" + "\n".join(f"{i},{n}" for i, n in enumerate(random.poisson(5400, 30))))
    quick = ["natbound", "uncertainty", "--rate", "90/s", "--hold", "60s", "--ports", "5500", "--design", "ideal"]
    samples = ["--samples", f"traffic.hold={tmp_path}/holds.txt", "--counts", f"traffic.rate={tmp_path}/counts.csv/60s"]
    monkeypatch.setattr(sys, "argv", [*quick, *samples])
    with pytest.raises(SystemExit) as stopped:
        main()
    assert stopped.value.code == 0
    out = capsys.readouterr().out
    assert "500 samples" in out
    assert "Measure traffic.hold first." in out
    monkeypatch.setattr(sys, "argv", [*quick, "--between", "traffic.hold=60s+-3/s"])
    with pytest.raises(SystemExit) as stopped:
        main()
    assert stopped.value.code == 2
    assert "different units" in capsys.readouterr().err


def simulated_maxima(load: float, hold: float, seconds: float, times: int, random: np.random.Generator) -> list[float]:
    """The most live in each of so many times, one after the other, event by event."""
    live, out = int(random.poisson(load)), []
    for _ in range(times):
        most, left = live, seconds / hold
        while (left := left - random.exponential(1 / (load + live))) > 0:
            live += 1 if random.random() * (load + live) < load else -1
            most = max(most, live)
        out.append(float(most))
    return out


def stays(most: int, load: float, window: float) -> float:
    """P(no more than `most` throughout): the chain killed above it, stepped by squaring its transition matrix of a short time."""
    rates = np.zeros((most + 1, most + 1))
    for n in range(most + 1):
        rates[n, n] = -load - n
        if n < most:
            rates[n, n + 1], rates[n + 1, n] = load, n + 1
    squarings = 20
    term = step = np.eye(most + 1)
    for k in range(1, 12):
        term = term @ rates * (window / 2**squarings / k)
        step = step + term
    for _ in range(squarings):
        step = step @ step
    start = [math.exp(n * math.log(load) - load - math.lgamma(n + 1)) for n in range(most + 1)]
    return float(start @ step.sum(axis=1))


@pytest.mark.parametrize("window", [0.0, 0.02, 1.0, 40.0, 1000.0])
@pytest.mark.parametrize("load", [0.003, 0.7, 5.0, 18.0, 29.9])
def test_small_mean_maxima_are_those_of_the_chain(load: float, window: float) -> None:
    want = sum(1 - stays(n, load, window) for n in range(int(load + 12 * math.sqrt(load)) + 25))
    assert calculator.mean_maximum(load, window) == pytest.approx(want, rel=1e-6)
    assert calculator.load_from_maximum(want, window) == pytest.approx(load, rel=1e-5)


def test_the_least_maxima() -> None:
    """None are live throughout with probability exp(-load (1 + window)); and 0 and 30, where the formula begins."""
    assert calculator.mean_maximum(1e-5, 3.0) == pytest.approx(-math.expm1(-4e-5), rel=1e-4)
    assert calculator.mean_maximum(0, 5.0) == calculator.load_from_maximum(0, 5.0) == 0
    for window in (0.01, 1.0, 100.0, 1e4):
        below, above = calculator.mean_maximum([np.nextafter(30, 0), 30.0], window)
        assert abs(below - above) < 0.52
        assert calculator.load_from_maximum((below + above) / 2, window) == pytest.approx(30, rel=0.02)


@pytest.mark.parametrize(("load", "window"), [(4.0, 2.0), (20.0, 10.0), (100.0, 1.0), (100.0, 10.0), (400.0, 0.1)])
def test_the_mean_maximum_is_that_of_the_simulation(load: float, window: float) -> None:
    random = np.random.default_rng(7)
    seen = np.array([simulated_maxima(load, 1.0, window, 1, random)[0] for _ in range(400)])
    error = seen.std() / 20
    assert abs(seen.mean() - calculator.mean_maximum(load, window)) < 4 * error + (0.5 if load >= 30 else 0)
    assert calculator.load_from_maximum(calculator.mean_maximum(load, window), window) == pytest.approx(
        load, rel=1e-12 if load >= 30 else 1e-9
    )


def test_the_load_behind_maxima_lies_in_its_interval() -> None:
    random = np.random.default_rng(8)
    held = 0
    for _ in range(40):
        found = estimate(Maxima(simulated_maxima(100, 60, 60, 60, random), 60, 60))
        held += found.low <= 100 <= found.high
    assert held >= 34  # 95 % of 40, less three standard deviations
    assert found.basis == "60 maxima of 60 s"


def test_maxima_that_cannot_be() -> None:
    with pytest.raises(InputError, match="1e15"):
        estimate(Maxima([5e15, 6e15], 60, 60))
    with pytest.raises(InputError, match="hold"):
        estimate(Maxima([500.0], 60, 0))
    with pytest.raises(ValueError, match="window"):
        calculator.mean_maximum(1000, -1)


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (["traffic.rate=90+-5"], "need the field's unit"),
        (["traffic.hold=60/s+-5/s"], "need the field's unit"),
        (["traffic.rate=80/s..90/s", "traffic.rate=50/s..61/s"], "named twice"),
        (["traffic.rate=80/s..90/s", "traffic.rate=85/s+-2/s"], "named twice"),
    ],
)
def test_ends_without_a_unit_or_given_twice(options: list[str], why: str, monkeypatch: Any, capsys: Any) -> None:
    quick = ["uncertainty", "--rate", "90/s", "--hold", "60s", "--ports", "5500", "--design", "ideal"]
    is_refused([*quick, *(text for one in options for text in ("--between", one))], why, monkeypatch, capsys)


def test_factors_beyond_a_double_are_told(monkeypatch: Any, capsys: Any) -> None:
    monkeypatch.setattr(sys, "argv", ["natbound", "uncertainty", "--rate", "1000/s", "--hold", "60s", "--design", "ideal",
                                      "--between", "traffic.rate=900/s..1080/s", "--between", "traffic.hold=20s..61s"])  # fmt: skip
    with pytest.raises(SystemExit):
        main()
    out = capsys.readouterr().out
    factors = [int(power.replace(",", "")) for power in re.findall(r"a factor of 10\^([0-9,]+)", out)]
    assert len(factors) >= 1
    assert max(factors) > 308
    assert "Measure traffic.hold first." in out


def test_planning_loads_no_numpy_before_something_measured_is_asked_about() -> None:
    code = "import sys, natbound.cli.app, natbound.planning; sys.exit('numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
