"""Prints how often the 95 % intervals of `simulate`, of averages over states and of likely cover the truth, as the table of docs/calculator.md.

python docs/measure_coverage.py        # twelve minutes; else the runs of each part: 400 200 100

The truth is Erlang's formula where any free port is found, else the mean over all runs, whose own error is a twentieth of one run's.
"""

from __future__ import annotations

import statistics
import sys

from measure_retries import pool
from natbound import calculator


def line(what: str, p: float, intervals: list[tuple[float, float]], rest: str = "") -> None:
    low = sum(a > p for a, _ in intervals)
    high = sum(b < p for _, b in intervals)
    n = len(intervals)
    print(f"| {what} | {p:.2g} | {1 - (low + high) / n:.1%} | {low / n:.1%} | {high / n:.1%} |{rest}", flush=True)


def simulated(runs: int) -> None:
    print(
        "| simulate: ports, load, arrivals, holds | refused | covers | too high | too low | independent, median |\n|---|---|---|---|---|---|"
    )
    for ports, load, arrivals, design in (
        (1024, 912, 300_000, "ideal"),
        (1024, 940, 300_000, "ideal"),
        (1024, 957, 300_000, "ideal"),
        (1024, 970, 300_000, "ideal"),
        (100, 75, 20_000, "ideal"),
        (100, 90, 30_000, "ideal"),
        (10, 2, 30_000, "ideal"),
        (1024, 1100, 17_600, "ideal"),
        (2000, 1880, 30_000, "linux-masquerade"),
        (2000, 1880, 120_000, "linux-masquerade"),
        (2000, 1700, 30_000, "vpp-nat44-ed"),
    ):
        s = pool(ports, load, design)
        found = [s.simulate(arrivals=arrivals, seed=1 + i).to_dict() for i in range(runs)]
        p = float(calculator.erlang_b(ports, load)) if design == "ideal" else sum(f["refusal_probability"] for f in found) / runs
        middle = sorted(f["independent"] for f in found)[runs // 2]
        what = f"{design}: {ports:,}, {load:,}, {arrivals:,}, {arrivals / load:.0f}"
        line(what, p, [tuple(f["interval"]) for f in found], f" {middle:.1f} |")


def averaged(runs: int) -> None:
    print(
        "\n| risk, averaged over states: ports, load | refused | covers | too high | too low | half-width over 1.96 x scatter |\n|---|---|---|---|---|---|"
    )
    for ports, load, design in (
        (500, 470, "linux-masquerade"),
        (500, 440, "linux-masquerade"),
        (500, 420, "linux-masquerade"),
    ):
        s = pool(ports, load, design).with_settings("clients.0.addresses=10.0.0.1-10.0.0.2")
        risks = [s.risk(seed=1 + i, tries=1).to_dict() for i in range(runs)]
        values = [r["refusal_probability"] or 0.0 for r in risks]  # none seen: 0, and a bound
        widths = [(b - a) / 2 for a, b in (r["interval"] for r in risks)]
        wide = statistics.mean(widths) / (1.96 * statistics.stdev(values))
        line(f"{design}: {ports:,}, {load:,}", statistics.mean(values), [tuple(r["interval"]) for r in risks], f" {wide:.2g} |")


def found(runs: int) -> None:
    print("\n| likely: ports | connections | covers | too high | too low | half-width over 1.96 x scatter |\n|---|---|---|---|---|---|")
    for ports in (500, 5000):
        s = pool(ports, 0.9 * ports, "linux-masquerade").with_settings("clients.0.addresses=10.0.0.1-10.0.0.2")
        likely = [s.answer(seed=101 + i).to_dict()["likely"] for i in range(runs)]
        values = [one["connections"] for one in likely]
        wide = statistics.mean((one["interval"][1] - one["interval"][0]) / 2 for one in likely) / (1.96 * statistics.stdev(values))
        line(f"linux-masquerade: {ports:,}", statistics.mean(values), [tuple(one["interval"]) for one in likely], f" {wide:.2g} |")


if __name__ == "__main__":
    simulated(int(sys.argv[1]) if len(sys.argv) > 1 else 400)
    averaged(int(sys.argv[2]) if len(sys.argv) > 2 else 200)
    found(int(sys.argv[3]) if len(sys.argv) > 3 else 100)
