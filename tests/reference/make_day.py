"""Writes day.csv: days of rates, by numerical integrals and by matrix exponentials of the chain.

    python tests/reference/make_day.py        # needs mpmath; some minutes

Day.live      the integral of rate(t - u) P(hold > u), piece by piece, back until 1e-15 of it is left
Day.refused   for exponential holds and rates that jump: m(t) from its differential equation, then the integral of rate x B(ports, m)
Day.chain     the same days: the chain's law after a day is itself; exp(A t) of each piece
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from common import Fact, erlang_b, facts, write_facts
from mpmath import mp, mpf

PERIOD = 86400
DAYS: tuple[tuple[float, ...], ...] = ((1.0,), (0.0, 0.02), (0.001, 0.0012, 0.002, 0.0003))


class Law(NamedTuple):
    alive: Callable[[mpf], mpf]  # P(hold > u)
    corners: tuple[float, ...]  # where that jumps, bends or falls steeply
    mean: float


def law_of(day: Mapping[str, Any]) -> Law:
    """That of Day's arguments."""
    if "samples" in day:
        samples, weights = day["samples"], day.get("sample_weights", [1] * len(day["samples"]))
        total = mpf(sum(weights))
        return Law(lambda u: sum(w for x, w in zip(samples, weights, strict=True) if x > u) / total, tuple(samples), max(samples))
    if "histogram" in day:
        edges, weights = day["histogram"]
        total = mpf(sum(weights))
        bins = list(zip(edges, edges[1:], weights, strict=False))
        return Law(lambda u: mp.fsum(w * min(mpf(1), (b - u) / (b - a)) for a, b, w in bins if u < b) / total, tuple(edges), edges[-1])
    if "mixture" in day:
        weights, means = day["mixture"]
        total = mpf(sum(weights))
        return Law(lambda u: mp.fsum(w * mp.exp(-u / m) for w, m in zip(weights, means, strict=True)) / total, tuple(means), max(means))
    m, c, kind = mpf(day["hold"]), mpf(day.get("cv", 1)), day["law"]
    steep = tuple(float(m * (1 + k * c)) for k in range(-6, 12) if c < 0.1)
    if kind == "constant":
        return Law(lambda u: mpf(u < m), (day["hold"],), day["hold"])
    if kind == "exponential":
        return Law(lambda u: mp.exp(-u / m), (), day["hold"])
    if kind == "lognormal":
        s2 = mp.log1p(c**2)
        return Law(lambda u: mp.erfc((mp.log(u / m) + s2 / 2) / mp.sqrt(2 * s2)) / 2 if u > 0 else mpf(1), steep, day["hold"])
    return Law(lambda u: mp.gammainc(1 / c**2, u / (m * c**2), regularized=True), steep, day["hold"])


def live(day: Mapping[str, Any], time: float) -> mpf:
    law, rates, linear = law_of(day), day["rates"], day.get("between", "linear") == "linear"
    starts = [mpf(x) for x in day.get("times", [mpf(PERIOD) * i / len(rates) for i in range(len(rates))])]
    ends = [*starts[1:], starts[0] + PERIOD]

    def rate(at: mpf) -> mpf:
        at -= PERIOD * mp.floor((at - starts[0]) / PERIOD)
        i = max(k for k, start in enumerate(starts) if start <= at)
        here, there = mpf(rates[i]), mpf(rates[(i + 1) % len(rates)])
        return here + (there - here) * (at - starts[i]) / (ends[i] - starts[i]) if linear else here

    # Where the integrand bends: the rates' corners, the law's, and some points of its own.
    reach = mpf(law.mean)
    while law.alive(reach) * reach > mpf(10) ** -15 * law.mean:
        reach *= 2
    bends = {mpf(0), reach, *(mpf(x) for x in law.corners if 0 < x < reach)}
    bends |= {mpf(law.mean) * mpf(2) ** k for k in range(-20, 40) if law.mean * mpf(2) ** k < reach}
    for start in starts:
        corner = (mpf(time) - start) % PERIOD
        while corner < reach:
            bends.add(corner)
            corner += PERIOD
    parts = []
    for low, high in itertools.pairwise(sorted(bends)):
        if high - low < mpf(10) ** -12:
            continue  # a corner met twice
        if linear:
            parts.append(mp.quadgl(lambda u: rate(time - u) * law.alive(u), [low, high]))
        else:
            parts.append(rate(time - (low + high) / 2) * mp.quadgl(law.alive, [low, high]))
    return mp.fsum(parts)


# By the hour or so, as an operator's curve has it: steps of unequal length, the first one not at midnight.
STEPS: dict[str, Any] = {"rates": (0.2, 1.0, 0.6, 1.4, 0.0), "times": (1800.0, 25200.0, 32400.0, 63000.0, 79200.0)}
LISTED: tuple[dict[str, Any], ...] = (
    {"mixture": ((0.9, 0.1), (60, 9000))},
    {"mixture": ((3, 1, 1), (20, 600, 200000))},
    {"histogram": ((0, 60, 600, 7200), (5, 3, 1))},
    {"histogram": ((300, 1500, 4000, 250000), (2, 0, 3))},
    {"samples": (20, 100, 3600)},
    {"samples": (1500, 0, 200000, 400), "sample_weights": (3, 2, 1, 4)},
)


def of_cv(law: str, hold: float, cv: float) -> dict[str, Any]:
    return {"hold": hold, "law": law, "cv": cv}


def live_facts() -> Iterator[Fact]:
    profiles = [{"rates": rates, "between": form} for rates in DAYS for form in ("linear", "constant")]
    steps = [{**STEPS, "between": form} for form in ("linear", "constant")]
    first = [{"hold": hold, "law": law} for law in ("exponential", "constant") for hold in (300.0, 9e3, 1.5e5)]
    quick = [*first, *LISTED, of_cv("lognormal", 300.0, 0.5), of_cv("lognormal", 300.0, 2.0), of_cv("lognormal", 9e3, 0.5)]
    # Hundreds of days are felt, or each point takes its time: some profiles do.
    slow = [of_cv("lognormal", 9e3, 2.0), of_cv("lognormal", 1.5e5, 0.5), of_cv("lognormal", 2.2e5, 0.005), of_cv("gamma", 9e3, 0.4),
            of_cv("gamma", 300.0, 2.0), of_cv("gamma", 9e3, 2.0), of_cv("gamma", 2.6e5, 0.04)]  # fmt: skip
    of_all = itertools.chain(itertools.product([*profiles, *steps], quick), itertools.product([*profiles[2:4], *steps], slow))
    for profile, law in of_all:
        for time in (0.0, 12345.678) if law.get("law") == "exponential" else (50000.5,):
            day = {**profile, **law}
            yield Fact("Day.live", "", {**day, "time": time}, live(day, time))


def course(rates: Sequence[float], hold: float) -> list[Callable[[mpf], mpf]]:
    """m(t) of each piece, from its start on: exponential holds, rates that jump."""
    piece, h = mpf(PERIOD) / len(rates), mpf(hold)
    fade = mp.exp(-piece / h)
    m = mpf(0)
    for r in rates:
        m = m * fade + r * h * (1 - fade)
    m = m / (1 - fade ** len(rates))
    found: list[Callable[[mpf], mpf]] = []
    for r in rates:
        found.append(lambda t, r=r, m=m: r * h + (m - r * h) * mp.exp(-t / h))  # type: ignore[misc]
        m = found[-1](piece)
    return found


def refused_facts() -> Iterator[Fact]:
    for rates, hold, room in itertools.product(DAYS, (600.0, 7200.0), (0.7, 1.1)):
        peak, piece, ports = max(rates) * hold, mpf(PERIOD) / len(rates), max(1, round(room * max(rates) * hold))
        if ports > 40:
            continue
        m = course(rates, hold)
        at_peak = erlang_b(ports, max(f(t) for f in m for t in (mpf(0), piece)))
        steps = [mpf(0), *(hold * mpf(2) ** k for k in range(-1, 12) if hold * 2**k < piece), piece]
        share = mp.fsum(r * mp.quad(lambda t, f=f, n=ports: erlang_b(n, f(t)), steps) for r, f in zip(rates, m, strict=True) if r)  # type: ignore[misc]
        arguments = {"ports": ports, "rates": rates, "hold": hold, "between": "constant"}
        yield from facts("Day.refused", arguments, share=share / piece / sum(rates), at_peak=at_peak, stationary_peak=erlang_b(ports, peak),
                         mean_load=erlang_b(ports, sum(rates) / len(rates) * hold))  # fmt: skip


def chain_facts() -> Iterator[Fact]:
    for rates, hold, ports in itertools.product(
        ((0.002, 0.0, 0.004), (0.0001, 0.0003, 0.0002, 0.0006), (1e-5, 1e-4)), (900.0, 7200.0, 40000.0), (1, 2, 5)
    ):
        days, piece, size = mp.eye(ports + 1), mpf(PERIOD) / len(rates), ports + 1
        steps = []
        for r in rates:
            # One column more gathers the time with all ports busy.
            a = mp.zeros(size + 1)
            for n in range(size):
                for to, flow in ((n + 1, mpf(r) if n < ports else mpf(0)), (n - 1, n / mpf(hold))):
                    if flow:
                        a[n, to] += flow
                        a[n, n] -= flow
            a[ports, size] = 1
            steps.append(mp.expm(a * piece))
            days = days * steps[-1][:size, :size]
        system = days.T - mp.eye(size)
        system[size - 1, :] = mp.ones(1, size)
        law = mp.lu_solve(system, mp.matrix([0] * ports + [1]))
        lost = mpf(0)
        for r, step in zip(rates, steps, strict=True):
            after = law.T * step[:size, :]
            lost += r * after[size]
            law = after[:size].T if hasattr(after[:size], "T") else mp.matrix([after[i] for i in range(size)])
        arguments = {"ports": ports, "steps": 17280, "rates": rates, "hold": hold, "between": "constant"}
        yield Fact("Day.chain", "share", arguments, lost / (piece * sum(rates)))


def main() -> None:
    mp.dps = 22
    write_facts("day.csv", itertools.chain(chain_facts(), live_facts(), refused_facts()), "make_day.py", digits=mp.dps)


if __name__ == "__main__":
    main()
