"""Erlang B and C, Engset, Poisson tails and transients beside other packages: time and error for the same inputs, as tables.

    python bench/calculator.py              # one command; each peer that is missing is said, with how to get it
    python bench/calculator.py --rows 200   # fewer inputs

Inputs and true values are tests/reference/: 50 digits, made by other formulas than the library's. A peer is called as its users call it,
one input a call. Peers: Boost.Math's plain ratio (a C++ compiler and Boost's headers), SciPy, pyworkforce, R's queueing, Storm (in its default precision).
"""

from __future__ import annotations

import argparse
import csv
import json
import math
import platform
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path

import calculator_peers as peer
from calculator_peers import Answers, Missing, Row

ROOT = Path(__file__).parents[1]
REFERENCE = ROOT / "tests" / "reference"
LEAST = 1e-300  # true values below this are no doubles to compare
WORDS = {"full": 0.0, "refusal": 1.0, "stationary": -1.0}  # of the tables' columns


def table(name: str) -> list[Row]:
    with (REFERENCE / name).open() as lines:
        next(lines)
        return [{k: WORDS[v] if v in WORDS else float(v) for k, v in row.items()} for row in csv.DictReader(lines)]


def facts(name: str, formula: str) -> list[Row]:
    """Those of a table of several formulas that are of this one."""
    with (REFERENCE / name).open() as lines:
        next(lines)
        return [
            {**json.loads(r["arguments"]), "value": float(r["value"])}
            for r in csv.DictReader(lines, quotechar="'")
            if r["formula"] == formula
        ]


def report(
    title: str,
    rows: Sequence[Row],
    truth: str,
    peers: Sequence[tuple[str, str, Callable[[Sequence[Row]], Answers]]],
    most: dict[str, float],
) -> None:
    """A table: how many had no answer, the errors of the others, the time a call."""
    print(
        f"\n## {title}: {len(rows):,} input{'' if len(rows) == 1 else 's'}\n\n| | inputs | no answer | error above 1e-9 | largest error | median time |\n|---|---|---|---|---|---|"
    )
    for name, note, work in peers:
        mine = [r for r in rows if r["ports"] <= most.get(name, math.inf)]
        try:
            values, times = work(mine)
        except Missing as why:
            print(f"| {name}{note} | not measured: {why} | | | | |", flush=True)
            continue
        errors, none = [], 0
        for row, value in zip(mine, values, strict=True):
            want = row[truth]
            if not math.isfinite(value) or (value == 0 and want > LEAST):
                none += 1
            elif want > LEAST:
                errors.append(abs(value / want - 1))
        bad = sum(e > 1e-9 for e in errors)
        spent = statistics.median(times)
        shown = f"{spent * 1e6:,.2f} µs" if spent < 1e-3 else f"{spent * 1e3:,.1f} ms"
        print(f"| {name}{note} | {len(mine):,} | {none:,} | {bad:,} | {max(errors, default=math.nan):.1e} | {shown} |", flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=10**9, help="at most so many inputs a table, evenly taken")
    given = parser.parse_args()
    if given.rows < 1:
        parser.error("--rows: at least 1")

    def some(rows: list[Row]) -> list[Row]:
        return rows[:: math.ceil(len(rows) / given.rows)]

    import natbound

    print(f"natbound {natbound.__version__}, {date.today()}, Python {platform.python_version()}, {cpu()}")
    loss = some([r for r in table("erlang_b.csv") if r["ports"] == int(r["ports"])])
    report("Erlang B, ports to 4,194,304, load 1e-3 to 1e8", loss, "erlang_b", [
        ("natbound", ", an array", peer.natbound_array), ("natbound", ", a call each", peer.natbound_scalar), ("Boost.Math", ", the plain ratio", peer.boost),
        ("SciPy", ", poisson.pmf / poisson.cdf", peer.scipy), ("SciPy", ", gammaln and gammaincc", peer.scipy_special), ("R queueing", ", B_erlang", peer.r_queueing("B_erlang")),
    ], {})  # fmt: skip
    waiting = some([r for r in table("erlang_c.csv") if r["ports"] == int(r["ports"]) and r["ports"] > r["load"]])
    report("Erlang C", waiting, "erlang_c", [
        ("natbound", ", a call each", peer.natbound_waiting), ("R queueing", ", C_erlang", peer.r_queueing("C_erlang")),
        ("pyworkforce", ", ErlangC, ports to 65,536", peer.pyworkforce),
    ], {"pyworkforce": 65_536})  # fmt: skip
    report("Engset, time congestion", some(table("engset.csv")), "time", [
        ("natbound", ", a call each", peer.natbound_finite), ("SciPy", ", binom.pmf / binom.cdf", peer.scipy_finite),
    ], {})  # fmt: skip
    report("Poisson tail", some(facts("limits.csv", "poisson_tail")), "value", [
        ("natbound", ", a call each", peer.natbound_tail), ("SciPy", ", poisson.sf", peer.scipy_tail),
    ], {})  # fmt: skip
    started = some([r for r in table("transient.csv") if r["start_load"] == 0])
    transients = [
        ("natbound", ", transient_full_probability", peer.natbound_transient),
        ("Storm", ', P=? [F[t,t] "full"]', peer.storm('P=? [F[{t},{t}] "full"]')),
    ]
    report("Refusal at a time after the start, 1 to 90 ports", started, "full", transients, {})
    from natbound import calculator

    point = {"ports": 16_384.0, "load": 17_000.0, "start": 15_000.0, "time": 0.5}
    law, _ = calculator.transient_law(16_384, 17_000.0, 0.5, start=15_000)  # by stepping the chain at its jumps: another method
    report("The same for 16,384 ports, against `transient_law`", [{**point, "full": float(law[-1])}], "full", transients, {})
    passage = some([r for r in table("passage_law.csv") if r["event"] == WORDS["full"] and r["start"] >= 0])
    report("All ports busy by a time, 1 to 40 ports", passage, "cdf", [
        ("natbound", ", first_passage_cdf", peer.natbound_passage), ("Storm", ', P=? [F<=t "full"]', peer.storm('P=? [F<={t} "full"]')),
    ], {})  # fmt: skip
    quantiles()
    inverses()
    return 0


def inverses() -> None:
    """Every inverse over its domain: sizes evenly spread in their logarithm, targets 1e-2 to 1e-12; beside the limit of 50 µs."""
    import random

    from natbound import calculator as c

    draw = random.Random(5)

    def target() -> float:
        return draw.choice((1e-2, 1e-4, 1e-6, 1e-9, 1e-12))

    def load(ports: int) -> float:
        return ports * draw.uniform(0.5, 1.2)

    def windows() -> tuple[int, ...]:
        return draw.choice(((128, 64, 32, 16, 8), (128,), (64, 32)))

    def packets(n: int, seconds: float) -> float:
        # how long a full bucket lasts, beside holds of 10 s, decides how it is worked out
        depth = max(1, round(seconds * n))
        return c.scale_for_packets(n, depth, target(), opening=0.2 * n, live=0.1 * n, each=5, hold=10)

    eight = (1, 2, 3, 5, 8, 16, 32, 64)
    rows: list[tuple[str, Callable[[int], object]]] = [
        ("load_for", lambda n: c.load_for(n, target())),
        ("ports_for", lambda n: c.ports_for(load(n), target())),
        ("real_ports_for", lambda n: c.real_ports_for(load(n), target())),
        ("load_for_waiting", lambda n: c.load_for_waiting(n, target())),
        ("ports_for_waiting", lambda n: c.ports_for_waiting(load(n), target())),
        ("addresses_for", lambda n: c.addresses_for(1e6 * draw.random(), n, target())),
        ("ports_for_engset", lambda n: c.ports_for_engset(3 * n, draw.uniform(0.05, 2), target())),
        ("load_for_engset", lambda n: c.load_for_engset(3 * n, n, target())),
        ("sources_for_engset", lambda n: c.sources_for_engset(n, draw.uniform(0.2, 2), target())),
        ("ports_for_batches, 6", lambda n: c.ports_for_batches(load(n), 6, target())),
        ("ports_for_batches, geometric 6", lambda n: c.ports_for_batches(load(n), 6, target(), geometric=True)),
        ("load_for_batches, 6", lambda n: c.load_for_batches(max(n, 16), 6, target())),
        ("load_for_batches, whole 6", lambda n: c.load_for_batches(max(n, 16), 6, target(), whole=True)),
        ("ports_for_batches, geometric whole 6", lambda n: c.ports_for_batches(load(n), 6, target(), geometric=True, whole=True)),
        ("load_for_batches, geometric whole 6", lambda n: c.load_for_batches(max(n, 500), 6, target(), geometric=True, whole=True)),
        ("ports_for_sizes, 8 classes", lambda n: c.ports_for_sizes([0.1 * n / s for s in eight], eight, target())),
        ("scale_for_sizes, 8 classes", lambda n: c.scale_for_sizes(max(n, 64), [0.1 * n / s for s in eight], eight, target())),
        ("tries_for", lambda n: c.tries_for(n, 0.6 * n, 1e-2) if n > 200 else 0),
        ("tries_for, without replacement", lambda n: c.tries_for(n, 0.6 * n, 1e-2, with_replacement=False) if n > 200 else 0),
        ("load_for_attempts, 32", lambda n: c.load_for_attempts(n, 32, target())),
        ("load_for_attempts, 32 without replacement", lambda n: c.load_for_attempts(n, 32, target(), with_replacement=False)),
        ("room_for", lambda _: c.room_for(draw.uniform(0.3, 0.999), target())),
        ("load_for_room", lambda n: c.load_for_room(n, target())),
        ("blocks_for", lambda n: c.blocks_for(512, load(n), target())),
        ("subscribers_for, 504 blocks", lambda _: c.subscribers_for(128, 4, 504, draw.uniform(5, 300), target())),
        ("pool_for_blocks", lambda _: c.pool_for_blocks(128, 4, draw.randint(10, 400), draw.uniform(5, 200), target())),
        ("load_for_blocks, 504 blocks", lambda _: c.load_for_blocks(128, 4, 504, draw.randint(10, 400), target())),
        ("ports_for_window", lambda n: c.ports_for_window(max(n, 8000), windows(), draw.choice((1e-2, 1e-3, 1e-4, 1e-5)))),
        ("load_for_window", lambda n: c.load_for_window(max(n, 8000), windows(), draw.choice((1e-2, 1e-3, 1e-4, 1e-5)))),
        ("ports_for_hayward", lambda n: c.ports_for_hayward(load(n), 5, target())),
        ("load_for_hayward", lambda n: c.load_for_hayward(n, 5, target())),
        ("ports_for_overflow", lambda n: c.ports_for_overflow(load(n), 3 * load(n), target())),
        ("ports_for_retries", lambda n: c.ports_for_retries(load(n), target())),
        ("load_for_retries", lambda n: c.load_for_retries(n, target())),
        ("tries_for_retries", lambda n: c.tries_for_retries(n, 0.95 * n, target())),
        ("size_for_cut", lambda n: c.size_for_cut(n / 60, 60, 1, target())),
        ("rate_for_cut", lambda n: c.rate_for_cut(n, 60, 1, target())),
        ("keep_alive_for", lambda n: c.keep_alive_for(n, n / 10, 60, 1, target())),
        ("scale_for_packets, buckets of 0.5 ms: averages", lambda n: packets(n, 0.0005)),
        ("scale_for_packets, buckets of 1 s: a chain", lambda n: packets(n, 1)),
        ("race_flows_for", lambda n: c.race_flows_for(n, target())),
    ]
    print(
        "\n## Inverses, 2 to 1,048,576 ports, the limit a median of 50 µs\n\n| | median | 99 % | median at 1,048,576 ports | |\n|---|---|---|---|---|"
    )
    for name, ask in rows:
        spent: dict[bool, list[float]] = {False: [], True: []}
        for i in range(300):
            large = i % 3 == 0
            n = 2**20 if large else int(2 ** draw.uniform(1, 20))
            began = time.perf_counter()
            ask(n)
            spent[large].append((time.perf_counter() - began) * 1e6)
        every = sorted(spent[False])
        median, top = statistics.median(every), statistics.median(spent[True])
        verdict = "within" if max(median, top) <= 50 else "above"
        print(f"| {name} | {median:.1f} µs | {every[int(len(every) * 0.99)]:.0f} µs | {top:.1f} µs | {verdict} |", flush=True)


def quantiles() -> None:
    """Times to the first refusal at 65,536 ports: what a quantile takes, and what the law there is off."""
    from natbound import calculator

    ports, chances = 65_536, (1e-9, 1e-3, 0.1, 0.5, 0.9, 0.999, 1 - 1e-9)
    print(
        f"\n## first_passage_quantile, {ports:,} ports, natbound\n\n| load | median time | longest | largest error of the law there |\n|---|---|---|---|"
    )
    for load in (30_000, 60_000, 64_000, 65_000, 65_536, 66_000, 70_000, 100_000, 200_000):
        times, worst = [], 0.0
        for p in chances:
            began = time.perf_counter()
            found = calculator.first_passage_quantile(ports, load, p)
            times.append(time.perf_counter() - began)
            if math.isfinite(found):
                worst = max(worst, abs(calculator.first_passage_cdf(ports, load, found) - p))
        print(f"| {load:,} | {statistics.median(times) * 1e3:.0f} ms | {max(times) * 1e3:.0f} ms | {worst:.0e} |", flush=True)


def cpu() -> str:
    """What /proc says; the platform's own word elsewhere."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return f"{len(names)} cores of {names[0]}" if names else platform.machine()


if __name__ == "__main__":
    sys.exit(main())
