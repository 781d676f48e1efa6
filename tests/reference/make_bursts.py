"""Writes bursts.csv: batches, arrivals that change with a phase, and what overflows from one group of ports into another.

    python tests/reference/make_bursts.py        # needs mpmath; two minutes

batches           the balance of each state, solved upwards from the empty one: it cancels, so with some hundred digits more, and the
                  balance of the last state checks it. The library balances cuts between states instead, where nothing cancels.
modulated, on_off, overflow_to_second   the chain of all states (of on_off: of each source), eliminated state by state
..._peakedness    the moments of a pool without end, from their linear equations
overflow          the moments of the overflow, phase by phase, from the linear equations of the two groups' chain
hayward, equivalent_random   their definitions; `overflow_refusal` against the chain that it approximates
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from common import Fact, erlang_b, facts, least, logarithm, root, stationary, write_facts
from mpmath import mp, mpf

DIGITS = 50
draw = random.Random(20261126)


class BatchAnswer(NamedTuple):
    refusal: mpf
    batch_refusal: mpf
    full: mpf
    mean: mpf


def batches(ports: int, load: Any, mean_size: float, geometric: bool, whole: bool) -> BatchAnswer:
    with mp.workdps(160 + int(ports * (4 + max(0.0, float(mp.log10((ports + 1) / mpf(load))))))):
        b = mpf(mean_size)
        rate, stop = mpf(load) / b, 1 / b
        # P(a batch has k), P(more than k), E(what it has beyond k), E(its size; more than k)
        if geometric:
            just: Callable[[int], mpf] = lambda k: stop * (1 - stop) ** (k - 1)  # noqa: E731
            more: Callable[[int], mpf] = lambda k: (1 - stop) ** k  # noqa: E731
        else:
            just = lambda k: mpf(k == b)  # noqa: E731
            more = lambda k: mpf(k < b)  # noqa: E731
        sizes, above = [just(k) if k else mpf(0) for k in range(ports + 1)], [more(k) for k in range(ports + 1)]
        p = [mpf(1)]
        for n in range(ports):
            comes = rate * (1 - above[ports - n] if whole else 1)
            reach = range(n) if geometric else range(max(0, n - int(b)), n)
            enters = rate * mp.fsum(p[j] * sizes[n - j] for j in reach)
            p.append((p[n] * (comes + n) - enters) / (n + 1))
        last = rate * mp.fsum(x * (sizes[ports - j] if whole else above[ports - j - 1]) for j, x in enumerate(p[:-1]))
        assert ports == 0 or abs(last - p[ports] * ports) <= last * mpf(10) ** (5 - DIGITS), (ports, load, mean_size, geometric, whole)
        total = mp.fsum(p)
        p = [x / total for x in p]
        beyond = [above[ports - n] * (b if geometric else b - (ports - n)) for n in range(ports + 1)]
        lost = [above[k] * (b + k if geometric else b) for k in range(ports, -1, -1)] if whole else beyond
        refusal = mp.fsum(x * y for x, y in zip(p, lost, strict=True)) / b
        batch = mp.fsum(x * above[ports - n] for n, x in enumerate(p))
        return BatchAnswer(refusal, batch, p[ports], mp.fsum(n * x for n, x in enumerate(p)))


def batch_facts() -> Iterator[Fact]:
    for ports in (0, 1, 2, 5, 13, 64, 250):
        for share in (1e-3, 0.7, 1.0, 30.0):
            for size, geometric in (
                ((1, False), (2, False), (10, False), (40, False), (1.5, True), (10.0, True)) if ports < 250 else ((10, False), (1.5, True))
            ):
                for whole in (False, True):
                    load = share * max(ports, 1)
                    a = batches(ports, load, size, geometric, whole)
                    yield from facts("batches", {"ports": ports, "load": load, "mean_size": size, "geometric": geometric, "whole": whole},
                                     log_refusal=logarithm(a.refusal), log_batch_refusal=logarithm(a.batch_refusal), full=a.full, mean=a.mean)  # fmt: skip
    for load, size, geometric, whole in itertools.product((1e-2, 1.0, 7.3, 30.0), (2, 5, 2.5), (False, True), (False, True)):
        if size != int(size) and not geometric:
            continue
        for target in (0.3, 1e-2, 1e-6):
            most = least(lambda n, given=(load, size, geometric, whole): batches(n, *given).refusal <= target)  # noqa: B023
            yield Fact(
                "ports_for_batches", "", {"load": load, "mean_size": size, "target": target, "geometric": geometric, "whole": whole}, most
            )
    for ports, (size, geometric), whole in itertools.product((5, 20, 60), ((1, False), (4, False), (3.0, True)), (False, True)):
        always = batches(ports, mpf(10) ** -40, size, geometric, whole).refusal
        for target in (1e-8, 1e-3, 0.2):
            if target > 2 * always:
                over = lambda a, given=(size, geometric, whole), n=ports, t=target: mp.log(batches(n, a, *given).refusal / mpf(t))  # noqa: E731
                yield Fact("load_for_batches", "", {"ports": ports, "mean_size": size, "target": target, "geometric": geometric, "whole": whole},
                           root(over, 1e-3, ports))  # fmt: skip
    for size in (1, 2, 7, 1000):
        second = mpf(size) * (size + 1) / 2  # E k (k + 1) / 2 over E k: each of a batch meets those before it
        yield Fact("batch_peakedness", "", {"mean_size": size}, second / size)
    for mean in (1.0, 1.25, 7.0, 1e4):
        stop = 1 / mpf(mean)
        second = mp.nsum(lambda k, s=stop: k * (k + 1) / 2 * s * (1 - s) ** (k - 1), [1, mp.inf]) if mean < 100 else mpf(mean) ** 2
        yield Fact("batch_peakedness", "", {"mean_size": mean, "geometric": True}, second / mean)


def modulated_moves(ports: int, switching: list[list[float]], loads: list[float]) -> Callable[[tuple[int, int]], Iterator[Any]]:
    def moves(state: tuple[int, int]) -> Iterator[Any]:
        busy, phase = state
        if busy < ports:
            yield (busy + 1, phase), mpf(loads[phase])
        if busy:
            yield (busy - 1, phase), mpf(busy)
        for to, rate in enumerate(switching[phase]):
            if to != phase:
                yield (busy, to), mpf(rate)

    return moves


def peakedness(switching: list[list[float]], loads: list[float]) -> mpf:
    """E N and E N(N-1) of a pool without end; m(i) = E(N; phase i) solves m Q - m + (share x load) = 0."""
    law = stationary((0, 0), modulated_moves(0, switching, loads))
    count = len(loads)
    share = [law[0, i] for i in range(count)]
    matrix = mp.matrix(count, count)
    for i in range(count):
        matrix[i, i] -= 1
        for j in range(count):
            if i != j:
                matrix[j, i] += mpf(switching[i][j])
                matrix[i, i] -= mpf(switching[i][j])
    m = mp.lu_solve(matrix, mp.matrix([-x * mpf(load) for x, load in zip(share, loads, strict=True)]))
    mean = mp.fsum(m)
    return (mp.fsum(mpf(load) * x for load, x in zip(loads, m, strict=True)) + mean - mean**2) / mean


def modulated_facts() -> Iterator[Fact]:
    for phases in (1, 2, 3, 5):
        for ports in (0, 1, 2, 7, 20):
            for speed in (1e-6, 0.1, 3.0, 1e4):
                switching = [[speed * 10 ** draw.uniform(-1, 1) if i != j else 0.0 for j in range(phases)] for i in range(phases)]
                loads = [max(ports, 1) * draw.choice([0.0, 1e-3, 0.4, 1.0, 3.0]) for _ in range(phases - 1)] + [
                    max(ports, 1) * draw.uniform(0.3, 2)
                ]
                law = stationary((0, 0), modulated_moves(ports, switching, loads))
                load = mp.fsum(x * mpf(loads[i]) for (_, i), x in law.items())
                full = [law[ports, i] for i in range(phases)]
                arguments = {"ports": ports, "switching": switching, "loads": loads}
                refusal = mp.fsum(x * mpf(a) for x, a in zip(full, loads, strict=True)) / load
                yield from facts("modulated", arguments, log_refusal=logarithm(refusal), log_full=logarithm(mp.fsum(full)),
                                 mean=mp.fsum(n * x for (n, _), x in law.items()), load=load)  # fmt: skip
                yield Fact("modulated", "log_full_by_phase.0", arguments, logarithm(full[0]))
                if ports == 7:
                    yield Fact("modulated_peakedness", "", {"switching": switching, "loads": loads}, peakedness(switching, loads))


def each_source(ports: int, load: float, on: float, off: float) -> Callable[[tuple[int, ...]], Iterator[Any]]:
    """State: how many are busy, then who is on."""

    def moves(state: tuple[int, ...]) -> Iterator[Any]:
        busy, *sources = state
        if busy < ports:
            yield (busy + 1, *sources), mpf(load) * sum(sources)
        if busy:
            yield (busy - 1, *sources), mpf(busy)
        for i, is_on in enumerate(sources):
            other = list(sources)
            other[i] = 1 - is_on
            yield (busy, *other), 1 / mpf(on if is_on else off)

    return moves


def on_off_facts() -> Iterator[Fact]:
    for sources, ports in itertools.product((1, 2, 4), (0, 1, 3, 9)):
        for share, on, off in itertools.product((1e-3, 0.6, 2.0), (1e-3, 1.0, 200.0), (0.05, 40.0)):
            load = share * max(ports, 1)
            law = stationary((0,) * (sources + 1), each_source(ports, load, on, off))
            active = mp.fsum(sum(s[1:]) * x for s, x in law.items())
            refused = mp.fsum(sum(s[1:]) * x for s, x in law.items() if s[0] == ports)
            arguments = {"ports": ports, "sources": sources, "load": load, "on": on, "off": off}
            yield from facts("on_off", arguments, log_refusal=logarithm(refused / active),
                             log_full=logarithm(mp.fsum(x for s, x in law.items() if s[0] == ports)),
                             mean=mp.fsum(s[0] * x for s, x in law.items()), load=load * active)  # fmt: skip
            if sources == 1 and ports == 1:
                switching, loads = [[0.0, 1 / off], [1 / on, 0.0]], [0.0, load]
                yield Fact("on_off_peakedness", "", {"load": load, "on": on, "off": off}, peakedness(switching, loads))


def overflow_moments(ports: int, load: float) -> tuple[mpf, mpf]:
    """m(n) = E(X; n busy), X in a second group without end: (a + n + 1) m(n) = a m(n-1) + (n+1) m(n+1) below the last, and there
    (ports + 1) m = a m(ports-1) + a p. Upwards, as m(n) = x(n) m(0): E X(X-1) = a m(ports)."""
    with mp.workdps(DIGITS + 30 + int(2 * max(0.0, load - ports) / max(1.0, ports**0.5))):
        a = mpf(load)
        full = erlang_b(ports, load)
        x = [mpf(1)]
        for n in range(ports):
            x.append((x[n] * (a + n + 1) - (a * x[n - 1] if n else 0)) / (n + 1))
        free = x[ports] * (ports + 1) - (a * x[ports - 1] if ports else 0)
        m = a * full / free
        mean = a * full
        return mean, a * m * x[ports] + mean - mean**2


def two_groups(first: int, first_load: float, second: int, second_load: float) -> Callable[[tuple[int, int]], Iterator[Any]]:
    def moves(state: tuple[int, int]) -> Iterator[Any]:
        x, y = state
        if x < first:
            yield (x + 1, y), mpf(first_load)
        if y < second:
            yield (x, y + 1), mpf(second_load) + (mpf(first_load) if x == first else 0)
        if x:
            yield (x - 1, y), mpf(x)
        if y:
            yield (x, y - 1), mpf(y)

    return moves


def overflow_facts() -> Iterator[Fact]:
    for ports in (0, 1, 2, 10, 63, 300, 2000):
        for share in (1e-3, 0.3, 0.8, 1.0, 1.1, 3.0, 1e3):
            load = share * max(ports, 1)
            if ports > 300 and share < 0.3:
                continue
            mean, variance = overflow_moments(ports, load)
            if mean > 1e-290:
                yield from facts("overflow", {"ports": ports, "load": load}, mean=mean, variance=variance, peakedness=variance / mean)
    for first, second in itertools.product((0, 1, 3, 8, 20), (0, 1, 4, 12)):
        for share, own in ((1e-2, 0.0), (0.7, 0.3), (1.0, 0.0), (1.3, 1.5), (20.0, 1e-3)):
            first_load, second_load = share * max(first, 1), own * max(second, 1)
            law = stationary((0, 0), two_groups(first, first_load, second, second_load))
            full = mp.fsum(x for (i, _), x in law.items() if i == first)
            arguments = {"first_ports": first, "first_load": first_load, "second_ports": second, "second_load": second_load}
            both = law.get((first, second), mpf(0))
            yield from facts("overflow_to_second", arguments, overflow=mpf(first_load) * full, overflow_refusal=both / full, first_refusal=both,
                             own_refusal=mp.fsum(x for (_, j), x in law.items() if j == second))  # fmt: skip
            if first and second and not second_load:
                mean, variance = (float(x) for x in overflow_moments(first, first_load))
                yield Fact("overflow_refusal", "", {"ports": second, "mean": mean, "variance": variance}, both / full)
    for mean, z in itertools.product((1e-3, 0.5, 20.0, 1e5), (1.0, 1.3, 4.0, 30.0)):
        m, v = mpf(mean), mpf(mean * z)
        load = v + 3 * (v / m) * (v / m - 1)
        yield from facts(
            "equivalent_random", {"mean": mean, "variance": float(v)}, load=load, ports=load * (m + v / m) / (m + v / m - 1) - m - 1
        )
    for ports, share, z in itertools.product((0, 1, 10, 200, 3000.5), (0.1, 0.7, 1.0, 4.0), (0.5, 1.0, 3.0, 17.0)):
        load = share * max(ports, 1)
        b = erlang_b(mpf(ports) / mpf(z), mpf(load) / mpf(z))
        yield Fact("hayward", "", {"ports": ports, "load": load, "peakedness": z}, b)
        yield Fact("log_hayward", "", {"ports": ports, "load": load, "peakedness": z}, mp.log(b))


def main() -> None:
    mp.dps = DIGITS + 15
    write_facts("bursts.csv", itertools.chain(batch_facts(), modulated_facts(), on_off_facts(), overflow_facts()), "make_bursts.py")


if __name__ == "__main__":
    main()
