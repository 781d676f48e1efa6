"""Writes passage_law.csv, transient.csv and laws.csv: the chain's own matrix exponential, by mpmath to 50 digits.

    python tests/reference/make_over_time.py        # needs mpmath; a few minutes

passage_law.csv  ports, load, event, start, time; mean, P(T <= t), P(T > t): the state that has been reached is made absorbing
transient.csv    ports, load, start or the load of a stationary start, time; chance that all ports are busy, mean number live
laws.csv         the whole law after a change, of which ports taken away are one; what is met with chance p

exp(Qt) is summed as a Taylor series in uniformized form, every term positive: p(t) = sum_k Poisson(k; rate t) p P^k, in fixed point of
600 bits. It shares no formula with the library's transform.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator

from common import Fact, text, write, write_facts
from mpmath import mp, mpf

BITS = 1100  # chances as small as 1e-290 keep 10 digits
ONE = 1 << BITS


def fixed(x: mpf) -> int:
    return int(mp.floor(x * ONE))


def number(x: int) -> mpf:
    return mpf(x) / ONE


def at_time(start: list[mpf], birth: Callable[[int], mpf], death: Callable[[int], mpf], time: float) -> list[mpf]:
    """The law at `time`; states 0 .. len(start) - 1."""
    size = len(start)
    rate = max(birth(n) + death(n) for n in range(size))
    mean = rate * mpf(time)
    up = [fixed(birth(n) / rate) for n in range(size)]
    down = [fixed(death(n) / rate) for n in range(size)]
    stay = [ONE - up[n] - down[n] for n in range(size)]
    p = [fixed(x) for x in start]
    weight = mp.exp(-mean)
    total = [mpf(0)] * size
    k = 0
    while True:
        for n in range(size):
            total[n] += weight * number(p[n])
        k += 1
        weight *= mean / k
        if k > mean and weight < mpf(10) ** -330:
            return total
        q = [(p[n] * stay[n]) >> BITS for n in range(size)]
        for n in range(size - 1):
            q[n + 1] += (p[n] * up[n]) >> BITS
            q[n] += (p[n + 1] * down[n + 1]) >> BITS
        p = q


def stationary(ports: int, load: mpf) -> list[mpf]:
    weights = [mpf(1)]
    for n in range(1, ports + 1):
        weights.append(weights[-1] * load / n)
    total = mp.fsum(weights)
    return [w / total for w in weights]


def mean_passage(start: list[mpf], load: mpf) -> mpf:
    """The mean time to state len(start) - 1."""
    step, total, reached = mpf(0), mpf(0), mpf(0)
    for n in range(len(start) - 1):
        step = (1 + n * step) / load
        reached += start[n]
        total += reached * step
    return total


def passage_rows() -> Iterator[str]:
    for ports in (1, 2, 5, 12, 40):
        for share in (0.5, 0.9, 1.5):
            load = ports * share
            for event in ("full", "refusal"):
                top = ports + (event == "refusal")
                for begin in ("0", str(ports - 1), "stationary"):
                    start = [mpf(0)] * (top + 1)
                    if begin == "stationary":
                        for n, chance in enumerate(stationary(ports, mpf(load))):
                            start[n] = chance
                    else:
                        start[int(begin)] = mpf(1)
                    mean = mean_passage(start, mpf(load))
                    for time in (0.01, 0.5, 3.0, 20.0):
                        law = at_time(
                            start,
                            lambda n, top=top, load=load: mpf(load) if n < top else mpf(0),  # type: ignore[misc]
                            lambda n, top=top: mpf(n) if n < top else mpf(0),  # type: ignore[misc]
                            time,
                        )
                        yield f"{ports},{load!r},{event},{begin},{time!r},{text(mean)},{text(law[top])},{text(mp.fsum(law[:top]))}"


def transient_rows() -> Iterator[str]:
    for ports in (1, 2, 7, 40, 90):
        for share in (0.5, 0.95, 1.7):
            load = ports * share
            for begin, start_load in ((0, 0.0), (ports // 2, 0.0), (ports, 0.0), (0, 0.3 * ports), (0, 1.2 * ports)):
                start = [mpf(0)] * (ports + 1)
                if start_load:
                    start = stationary(ports, mpf(start_load))
                else:
                    start[begin] = mpf(1)
                for time in (0.02, 0.6, 4.0):
                    law = at_time(start, lambda n, ports=ports, load=load: mpf(load) if n < ports else mpf(0), lambda n: mpf(n), time)  # type: ignore[misc]
                    mean = mp.fsum(n * x for n, x in enumerate(law))
                    yield f"{ports},{load!r},{begin},{start_load!r},{time!r},{text(law[ports])},{text(mean)}"


def law_facts() -> Iterator[Fact]:
    for ports, old_ports, share, old_share, time in itertools.product((1, 5, 30), (0, 3), (0.3, 0.9, 2.0), (0.2, 1.1), (0.05, 0.7, 3.0)):
        load, before = ports * share, ports + old_ports
        start_load = before * old_share
        start = stationary(before, mpf(start_load))
        law = at_time(start, lambda n, c=ports, a=load: mpf(a) if n < c else mpf(0), lambda n: mpf(n), time)  # type: ignore[misc]
        change = {"ports": ports, "load": load, "time": time, "start_load": start_load, "start_ports": before}
        for n in sorted({0, ports // 2, ports, before}):
            yield Fact("transient_law", f"0.{n}", change, law[n])
        if old_ports:
            continue
        for n in sorted({1, ports // 3 + 1, ports}):
            yield Fact("transient_at_least", "", {**change, "flows": n}, mp.fsum(law[n:]))
        for p in (1e-6, 0.5, 0.999):
            sums = [mp.fsum(law[: n + 1]) for n in range(len(law))]
            if min(abs(x - p) for x in sums) > 1e-9:
                yield Fact("transient_quantile", "", {**change, "p": p}, next(n for n, x in enumerate(sums) if x >= p))


if __name__ == "__main__":
    mp.dps = 60
    write_facts("laws.csv", law_facts(), "make_over_time.py")
    write("passage_law.csv", "ports,load,event,start,time,mean,cdf,survival", passage_rows(), "make_over_time.py")
    write("transient.csv", "ports,load,start,start_load,time,full,mean", transient_rows(), "make_over_time.py")
