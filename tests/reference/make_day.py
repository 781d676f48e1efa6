"""Writes day.csv: days of rates, by numerical integrals and by matrix exponentials of the chain.

    python tests/reference/make_day.py        # needs mpmath; some minutes

Day.live      the integral of rate(t - u) P(hold > u), piece by piece, back until 1e-15 of it is left
Day.refused   for exponential holds and rates that jump: m(t) from its differential equation, then the integral of rate x B(ports, m)
Day.chain     the same days: the chain's law after a day is itself; exp(A t) of each piece
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from common import Fact, erlang_b, facts, write_facts
from mpmath import mp, mpf

PERIOD = 86400
DAYS: tuple[tuple[float, ...], ...] = ((1.0,), (0.0, 0.02), (0.001, 0.0012, 0.002, 0.0003))


def survival(law: str, mean: float, cv: float) -> Callable[[mpf], mpf]:
    m, c = mpf(mean), mpf(cv)
    if law == "exponential":
        return lambda u: mp.exp(-u / m)
    if law == "constant":
        return lambda u: mpf(u < m)
    if law == "lognormal":
        s2 = mp.log1p(c**2)
        return lambda u: mp.erfc((mp.log(u / m) + s2 / 2) / mp.sqrt(2 * s2)) / 2 if u > 0 else mpf(1)
    return lambda u: mp.gammainc(1 / c**2, u / (m * c**2), regularized=True)


def live(rates: Sequence[float], linear: bool, time: float, law: str, mean: float, cv: float) -> mpf:
    alive, count = survival(law, mean, cv), len(rates)
    piece = mpf(PERIOD) / count

    def rate(at: mpf) -> mpf:
        place = at / piece
        whole = int(mp.floor(place))
        here, there = rates[whole % count], rates[(whole + 1) % count]
        return here + (mpf(there) - here) * (place - whole) if linear else mpf(here)

    # Where the integrand bends: the rates' corners, and some points of the law's own.
    reach = mpf(mean)
    while alive(reach) * reach > mpf(10) ** -15 * mean:
        reach *= 2
    reach = min(reach, mpf(mean)) if law == "constant" else reach
    bends = {mpf(0), reach, *(mpf(mean) * 2**k for k in range(-8, 40) if mpf(mean) * 2**k < reach)}
    corner = mpf(time) % piece
    while corner < reach:
        bends.add(corner)
        corner += piece
    at = sorted(bends)
    parts = []
    for low, high in itertools.pairwise(at):
        middle = time - (low + high) / 2
        if linear:
            parts.append(mp.quadgl(lambda u: rate(time - u) * alive(u), [low, high]))
        else:
            parts.append(rate(middle) * mp.quadgl(alive, [low, high]))
    return mp.fsum(parts)


def live_facts() -> Iterator[Fact]:
    laws = (("exponential", None), ("constant", None), ("lognormal", 0.5), ("gamma", 0.4))
    for rates, linear, (law, cv), hold in itertools.product(DAYS, (True, False), laws, (300.0, 9e3, 1.5e5)):
        if hold > PERIOD and law not in ("exponential", "constant"):
            continue  # months of pieces
        if law == "gamma" and (len(rates) == 1 or hold != 9e3):
            continue  # slow
        for time in (0.0, 12345.678) if law == "exponential" else (50000.5,):
            arguments: dict[str, Any] = {
                "rates": rates,
                "hold": hold,
                "law": law,
                "between": "linear" if linear else "constant",
                "time": time,
            }
            if cv:
                arguments["cv"] = cv
            yield Fact("Day.live", "", arguments, live(rates, linear, time, law, hold, cv or 1.0))


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
