"""Confidence intervals, exact where a formula is, from the incomplete gamma function alone.

Chi-square quantiles give Garwood's exact interval for a Poisson count (F. Garwood, Biometrika 28, 1936).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

LEVEL = 0.95
Z = NormalDist().inv_cdf(0.5 + LEVEL / 2)


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number with its 95 % interval and what it rests on."""

    value: float
    low: float
    high: float
    basis: str = ""

    def text(self, unit: str = "") -> str:
        """`3.01 s (95 %: 2.8 to 3.3 s)`."""
        return f"{self.value:.4g}{unit} (95 %: {self.low:.4g} to {self.high:.4g}{unit})"


def gamma_p(a: float, x: float) -> float:
    """Regularised lower incomplete gamma P(a, x) for a > 0, x >= 0; about 1e-12 absolute.

    Series below a + 1, continued fraction (Lentz) above: Numerical Recipes 6.2, DLMF 8.11.4 and 8.9.2.
    """
    if x <= 0:
        return 0.0
    front = math.exp(a * math.log(x) - x - math.lgamma(a))
    if x < a + 1:
        term = total = 1 / a
        n = a
        while term > total * 1e-16:
            n += 1
            term *= x / n
            total += term
        return min(1.0, front * total)
    b = x + 1 - a
    c, d = 1e300, 1 / b
    h = d
    for i in range(1, 100_000):
        an = -i * (i - a)
        b += 2
        d = 1 / (an * d + b)
        c = b + an / c
        h *= d * c
        if abs(d * c - 1) < 1e-15:
            break
    return max(0.0, 1 - front * h)


def gamma_quantile(a: float, p: float) -> float:
    """The x with P(a, x) = p."""
    low, high = 0.0, a + 10 * math.sqrt(a) + 50
    while high - low > 1e-10 * high:
        middle = (low + high) / 2
        low, high = (middle, high) if gamma_p(a, middle) < p else (low, middle)
    return (low + high) / 2


def chi_square_tail(x: float, freedom: int) -> float:
    """P(chi-square with `freedom` degrees > x)."""
    return 1 - gamma_p(freedom / 2, x / 2)


def poisson(count: int, exposure: float, dispersion: float = 1.0) -> Estimate:
    """Rate of `count` events in `exposure`; the interval widened where counts vary more than Poisson's do."""
    tail = (1 - LEVEL) / 2
    low = gamma_quantile(count, tail) if count else 0.0
    high = gamma_quantile(count + 1, 1 - tail)
    wide = math.sqrt(max(1.0, dispersion))
    rate = count / exposure
    return Estimate(
        rate, max(0.0, rate - (rate - low / exposure) * wide), rate + (high / exposure - rate) * wide,
        f"{count} in {exposure:.4g} s",
    )  # fmt: skip


def share(part: float, whole: float, clumping: float = 1.0) -> Estimate:
    """part / whole with Wilson's interval, `clumping` the mean size of groups that share one fate."""
    if whole <= 0:
        return Estimate(0.0, 0.0, 1.0)
    n = whole / clumping
    p = part / whole
    middle = (p + Z * Z / (2 * n)) / (1 + Z * Z / n)
    half = Z / (1 + Z * Z / n) * math.sqrt(p * (1 - p) / n + Z * Z / (4 * n * n))
    return Estimate(p, max(0.0, middle - half), min(1.0, middle + half))


def dispersion(times: list[float], start: float, end: float, bins: int = 24) -> float:
    """Variance over mean of the counts in equal bins; 1 (Poisson) unless it is larger beyond chance (1 %)."""
    if len(times) < 5 * bins or end <= start:
        return 1.0
    counts = [0] * bins
    for t in times:
        if start <= t < end:
            counts[int((t - start) / (end - start) * bins)] += 1
    mean = sum(counts) / bins
    squares = sum((c - mean) ** 2 for c in counts) / mean if mean else 0.0
    return squares / (bins - 1) if chi_square_tail(squares, bins - 1) < 0.01 else 1.0
