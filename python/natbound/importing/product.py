"""Rates of (client, server) as a product, fitted over the cells and times in which nothing was refused."""

from __future__ import annotations

import math
import random
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

from natbound.importing.capture import Flow, Server
from natbound.importing.intervals import Estimate, Z, chi_square_tail

Group = tuple[Server, str]  # server endpoint, pool address
Cell = tuple[str, Server]  # client, server endpoint


def _scale(counts: Mapping[Cell, float], times: Mapping[Cell, float]) -> tuple[dict[str, float], dict[Server, float]]:
    """Weights a, b with E[counts] = a_client b_server time, over the cells in `times` (most likely)."""
    a: dict[str, float] = {c: 1.0 for c, _ in times}
    b: dict[Server, float] = {s: 1.0 for _, s in times}
    for _ in range(200):
        moved = 0.0
        top: defaultdict[Server, float] = defaultdict(float)
        bottom: defaultdict[Server, float] = defaultdict(float)
        for (c, s), t in times.items():
            top[s] += counts.get((c, s), 0)
            bottom[s] += a[c] * t
        b = {s: top[s] / bottom[s] if bottom[s] else 0.0 for s in b}
        above: defaultdict[str, float] = defaultdict(float)
        below: defaultdict[str, float] = defaultdict(float)
        for (c, s), t in times.items():
            above[c] += counts.get((c, s), 0)
            below[c] += b[s] * t
        for c, old in a.items():
            a[c] = above[c] / below[c] if below[c] else 0.0
            moved = max(moved, abs(a[c] - old))
        if moved < 1e-9:
            break
    return a, b


def _draw(mean: float, source: random.Random) -> float:
    """About Poisson."""
    if mean > 30:
        return max(0.0, source.gauss(mean, math.sqrt(mean)))
    limit, k, p = math.exp(-mean), 0, source.random()
    while p > limit:
        k, p = k + 1, p * source.random()
    return k


def fit_product(
    groups: Mapping[Group, Sequence[Flow]], full: Mapping[Group, float], start: float, end: float, early: bool
) -> tuple[dict[Group, Estimate], str]:
    """The rates of the refusing groups from all that was never refused, and how well the product fits."""
    address = {(f.flow[0], f.flow[2]): f.external[0] for flows in groups.values() for f in flows}
    counts: Counter[Cell] = Counter()
    times: dict[Cell, float] = {}
    members: defaultdict[Group, list[Cell]] = defaultdict(list)
    for client, destination in address:
        for server in {g[0] for g in groups if g[0][0] == destination}:
            group = (server, address[client, destination])
            clean = (full[group] - start if early else 0.0) if group in full else end - start
            if group in full:
                members[group].append((client, server))
            if clean > 0:
                times[client, server] = clean
    for flows in groups.values():
        for f in flows:
            cell = (f.flow[0], f.server)
            if f.opened is not None and cell in times and f.opened < start + times[cell]:
                counts[cell] += 1
    times = dict(sorted(times.items()))  # the same draws every time
    a, b = _scale(counts, times)
    mean = {cell: a[cell[0]] * b[cell[1]] * t for cell, t in times.items()}
    squares = sum((counts[cell] - m) ** 2 / m for cell, m in mean.items() if m > 0)
    freedom = max(1, len(mean) - len(a) - len(b) + 1)
    tail = chi_square_tail(squares, freedom)
    text = f"chi-square {squares:.0f} on {freedom} degrees, p = {tail:.2g}"
    if tail < 0.001:
        return {}, text
    source = random.Random(1)
    result = {}
    tries: defaultdict[Group, list[float]] = defaultdict(list)
    for _ in range(100):
        again = _scale({cell: _draw(m, source) for cell, m in mean.items()}, times)
        for group, cells in members.items():
            tries[group].append(sum(again[0].get(c, 0) * again[1].get(s, 0) for c, s in cells))
    for group, cells in members.items():
        rate = sum(a.get(c, 0) * b.get(s, 0) for c, s in cells)
        middle = sum(tries[group]) / len(tries[group])
        spread = math.sqrt(sum((x - middle) ** 2 for x in tries[group]) / (len(tries[group]) - 1))
        if rate > 0:
            result[group] = Estimate(rate, max(0.0, rate - Z * spread), rate + Z * spread)
    return result, text
