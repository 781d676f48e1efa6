"""Writes inverses.csv: what meets a target, by bisection or one by one of forward formulas summed term by term.

python tests/reference/make_inverses.py        # needs mpmath; some minutes
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any

from common import Fact, erlang_b, root, write_facts
from make_erlang import refusal
from make_finite_queue import constant, exponential
from mpmath import mp, mpf

TARGETS = (0.5, 1e-2, 1e-6, 1e-30)


def erlang_c(ports: Any, load: Any) -> mpf:
    b, share = erlang_b(ports, load), mpf(load) / mpf(ports)
    return b / (1 - share * (1 - b)) if share < 1 else mpf(1)


def fewest(meets: Callable[[int], bool], low: int = 0) -> int:
    """The least number from `low` on, of what is met from there on."""
    if meets(low):
        return low
    step = 1
    while not meets(low + step):
        step *= 2
    high = low + step
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if meets(middle) else (middle, high)
    return high


def erlang_facts() -> Iterator[Fact]:
    for name, f in (("", erlang_b), ("_waiting", erlang_c)):
        for load, target in itertools.product((1e-4, 0.3, 7.0, 150.0, 900.0), (0.9, *TARGETS)):
            below = mpf(10) ** -12 if not name else mpf(load) * (1 + mpf(10) ** -12)
            if not name and erlang_b(below, load) < target:
                continue

            def over(c: mpf, f: Any = f, a: float = load, t: float = target) -> mpf:
                return mp.log(t) - mp.log(f(c, a))

            found = root(over, below, load * 4 + 4)
            yield Fact(f"real_ports_for{name}", "", {"load": load, "target": target}, found)
        for ports, hold, target in itertools.product((1, 20, 500), (0.1, 60.0), TARGETS):
            load = root(lambda a, f=f, c=ports, t=target: mp.log(f(c, a)) - mp.log(t), mpf(ports) / 1000, ports)  # type: ignore[misc]
            yield Fact(f"rate_for{name}", "", {"ports": ports, "hold": hold, "target": target}, load / hold)
            yield Fact(f"hold_for{name}", "", {"ports": ports, "rate": hold, "target": target}, load / hold)
        for load, ports, target, shared in itertools.product((0.5, 90.0, 2300.0), (1, 24, 500), (0.2, 1e-2, 1e-7), (False, True)):

            def meets(n: int, f: Any = f, a: float = load, c: int = ports, t: float = target, shared: bool = shared) -> bool:
                return bool(n and (f(c * n, a) if shared else f(c, mpf(a) / n)) <= t)

            arguments = {"load": load, "ports": ports, "target": target, "shared": shared}
            found = fewest(meets)
            if not any(
                mp.almosteq(f(*at), target, 1e-12)
                for n in (found, found - 1)
                if n
                for at in [(ports * n, load) if shared else (ports, mpf(load) / n)]
            ):
                yield Fact(f"addresses_for{name}", "", arguments, found)


def attempts(ports: int, tries: int, load: Any, again: bool) -> mpf:
    weight, total, refused = mpf(1), mpf(0), mpf(0)
    for n in range(ports + 1):
        r = refusal(ports, tries if again else min(tries, ports), n, again)
        total += weight
        refused += weight * r
        weight *= load * (1 - r) / (n + 1)
    return refused / total


def attempts_facts() -> Iterator[Fact]:
    for ports, again, share, target in itertools.product((2, 30, 120), (True, False), (0.3, 0.8), (0.3, 1e-4)):
        load = share * ports
        if erlang_b(ports, load) < 0.9 * target:
            found = fewest(lambda n, c=ports, a=load, w=again, t=target: attempts(c, n, a, w) <= t, 1)  # type: ignore[misc]
            yield Fact("tries_for", "", {"ports": ports, "load": load, "target": target, "with_replacement": again}, found)
        for tries in (1, 5) if share == 0.3 else ():
            load = root(lambda a, c=ports, n=tries, w=again, t=target: mp.log(attempts(c, n, a, w) / mpf(t)), mpf(ports) / 1e3, ports, 20)  # type: ignore[misc]
            arguments = {"ports": ports, "tries": tries, "target": target, "with_replacement": again}
            yield Fact("load_for_attempts", "", arguments, load)


def engset(sources: int, ports: int, alpha: Any, time: bool) -> mpf:
    """Busy sources are binomial, cut off at `ports`; an attempt sees those of one source less."""
    n = sources if time else sources - 1
    if ports > n:
        return mpf(0)
    term, total = mpf(1), mpf(1)
    for k in range(1, ports + 1):
        term *= mpf(n - k + 1) * alpha / k
        total += term
    return term / total


def engset_facts() -> Iterator[Fact]:
    for sources, share, target, time in itertools.product((1, 2, 12, 400), (0.0, 0.3, 0.8), (0.5, 1e-2, 1e-9), (False, True)):
        ports = int(share * sources)
        if ports:
            alpha = root(lambda a, n=sources, c=ports, w=time, t=target: mp.log(engset(n, c, a, w) / mpf(t)), 1e-6, 1)  # type: ignore[misc]
            given = {"sources": sources, "ports": ports, "target": target, "time": time}
            yield Fact("load_for_engset", "", given, alpha)
            yield Fact("rate_for_engset", "", {**given, "hold": 60.0}, alpha / 60)
            yield Fact("hold_for_engset", "", {**given, "rate": 0.2}, alpha / mpf(0.2))
        for alpha in (1e-5, 0.1, 3.0):
            most = fewest(lambda c, n=sources, a=alpha, w=time, t=target: engset(n, c, mpf(a), w) <= t)  # type: ignore[misc]
            if most <= sources:
                yield Fact("ports_for_engset", "", {"sources": sources, "alpha": alpha, "target": target, "time": time}, most)
    for ports, alpha, target, time in itertools.product((1, 5, 60), (1e-3, 0.1, 3.0), (0.5, 1e-2, 1e-9), (False, True)):
        most = fewest(lambda n, c=ports, a=alpha, w=time, t=target: engset(n, c, mpf(a), w) > t, 1) - 1  # type: ignore[misc]
        if most and not any(mp.almosteq(engset(n, ports, mpf(alpha), time), target, 1e-12) for n in (most, most + 1)):
            yield Fact("sources_for_engset", "", {"ports": ports, "alpha": alpha, "target": target, "time": time}, most)


def room_facts() -> Iterator[Fact]:
    with mp.workdps(120):
        for (service, f), load, target in itertools.product(
            (("constant", constant), ("exponential", exponential)), (1e-2, 0.5, 0.8), (0.3, 1e-2, 1e-6)
        ):
            found = fewest(lambda n, f=f, a=load, t=target: n > 0 and f(n, mpf(a))[0] <= t)  # type: ignore[misc]
            yield Fact("room_for", "", {"load": load, "target": target, "service": service}, found)
        for (service, f), room, target in itertools.product(
            (("constant", constant), ("exponential", exponential)), (1, 2, 9), (0.6, 1e-2, 1e-6)
        ):
            load = root(lambda a, f=f, n=room, t=target: mp.log(f(n, a)[0] / mpf(t)), 1e-3, 1, 20)  # type: ignore[misc]
            yield Fact("load_for_room", "", {"room": room, "target": target, "service": service}, load)


def main() -> None:
    mp.dps = 60
    write_facts("inverses.csv", itertools.chain(erlang_facts(), attempts_facts(), engset_facts(), room_facts()), "make_inverses.py")


if __name__ == "__main__":
    main()
