"""Times of an event in simulated histories, some of them cut off: mean, quantiles and chances, each with its 95 % interval."""

from __future__ import annotations

import bisect
import functools
import math
from collections.abc import Callable, Sequence

CLEAR = 1.959964  # of a normal number, both sides: 95 %
ODDS = 0.025


class Histories:
    """times: ascending, infinite where a history was cut off at `seen` before it came."""

    method = "simulated histories (Poisson arrivals, a search that finds every free port)"

    def __init__(self, times: Sequence[float], seen: float) -> None:
        self.times, self.seen = times, seen

    @classmethod
    def of(cls, ports: int, rate: float, law: str, hold: float, cv: float, start: int, seed: int, event: str) -> Histories:
        full, refusal, seen = _stepped(ports, rate, law, hold, cv, start, seed)
        return cls(full if event == "full" else refusal, seen)

    def mean(self) -> float | None:
        """Known where every history has come to its end."""
        return None if math.isinf(self.times[-1]) else math.fsum(self.times) / len(self.times)

    def mean_interval(self) -> list[float] | None:
        mean, n = self.mean(), len(self.times)
        if mean is None:
            return None
        half = CLEAR * math.sqrt(math.fsum((t - mean) ** 2 for t in self.times) / (n - 1) / n)
        return [max(0.0, mean - half), mean + half]

    def quantile(self, p: float) -> float | None:
        return self._at(math.ceil(p * len(self.times)) - 1)

    def interval(self, p: float) -> list[float | None]:
        """Between two of the times, whatever their law is: how many come before the quantile is a binomial number. None: later than was seen."""
        return [self._at(_binomial_quantile(ODDS, len(self.times), p) - 1), self._at(_binomial_quantile(1 - ODDS, len(self.times), p))]

    def by(self, time: float) -> float | None:
        return bisect.bisect_right(self.times, time) / len(self.times) if time <= self.seen else None

    def by_interval(self, time: float) -> list[float] | None:
        """Clopper and Pearson's (Biometrika 26 (1934) 404)."""
        if time > self.seen:
            return None
        n = len(self.times)
        k = bisect.bisect_right(self.times, time)
        low = 0.0 if k == 0 else _solved(lambda p: 1 - _binomial_cdf(k - 1, n, p) < ODDS)
        return [low, 1.0 if k == n else _solved(lambda p: _binomial_cdf(k, n, p) > ODDS)]

    def _at(self, i: int) -> float | None:
        """The i-th time, counted from 0; before the first: 0."""
        if i < 0:
            return 0.0
        return None if i >= len(self.times) or math.isinf(self.times[i]) else self.times[i]


@functools.lru_cache(maxsize=4)
def _stepped(ports: int, rate: float, law: str, hold: float, cv: float, start: int, seed: int) -> tuple[list[float], list[float], float]:
    """Both events come from the same histories."""
    from natbound import _core

    return _core.simulate_filling(ports, rate, law, hold, cv, start, seed, None)


def _binomial_cdf(k: int, n: int, p: float) -> float:
    """P(at most k of n): the terms from k away from the middle, until they no longer count."""
    if p <= 0 or k >= n:
        return 1.0
    if p >= 1 or k < 0:
        return 0.0
    upper = k > n * p
    i, step = (k + 1, 1) if upper else (k, -1)
    odds, total = p / (1 - p), 0.0
    term = math.exp(math.lgamma(n + 1) - math.lgamma(i + 1) - math.lgamma(n - i + 1) + i * math.log(p) + (n - i) * math.log1p(-p))
    while 0 <= i <= n and term > 1e-17 * total:
        total += term
        term *= odds * (n - i) / (i + 1) if upper else i / (odds * (n - i + 1))
        i += step
    return 1 - total if upper else total


def _binomial_quantile(odds: float, n: int, p: float) -> int:
    """The least k with P(at most k of n) >= odds."""
    low, high = -1, n
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if _binomial_cdf(middle, n, p) >= odds else (middle, high)
    return high


def _solved(below: Callable[[float], bool]) -> float:
    """Where `below` turns from true to false."""
    low, high = 0.0, 1.0
    for _ in range(50):
        middle = (low + high) / 2
        low, high = (middle, high) if below(middle) else (low, middle)
    return (low + high) / 2
