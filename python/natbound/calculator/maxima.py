"""One-minute maxima, as gateways report their connections: what mean lies behind them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from natbound.calculator._each import each
from natbound.calculator._maxima import LOG10_FROM, LOG10_TO, MEANS

FEWEST = 30.0  # live: below, the number is no longer near to normal


def _deviations(window: float) -> float:
    """E max over a window of so many mean holds, in standard deviations."""
    if window <= 10**LOG10_FROM:
        return 2 * math.sqrt(window / math.pi)
    step = (LOG10_TO - LOG10_FROM) / (len(MEANS) - 1)
    at = (math.log10(window) - LOG10_FROM) / step
    i = min(max(int(at) - 1, 0), len(MEANS) - 4)
    points = np.arange(i, i + 4)  # a cubic through the four nearest
    weights = [math.prod((at - q) / (p - q) for q in points if q != p) for p in points]
    return float(np.dot(weights, MEANS[i : i + 4]))


def _beyond(g: float, window: float) -> float:
    """What a count's maximum differs by from a normal variable's: half a step less, and more for the Poisson law's skew (Cornish-Fisher)."""
    return g * g / 6 - (0.5 if window > 0 else 0.0)


def _check(function: str, name: str, value: float, window: float) -> None:
    if not FEWEST <= value <= 1e15:
        raise ValueError(f"{function}: {name} = {value:g}: must be from {FEWEST:g} to 1e15")
    if not 0 <= window <= 10**LOG10_TO:
        raise ValueError(f"{function}: window = {window:g}: must be from 0 to 1e4 mean holds")


def mean_maximum(load: Any, window: Any) -> Any:
    """The mean of the most live connections within a window, where nothing is refused and `load` are live on average.

    load: 30 to 1e15; window: in mean holds, 0 to 1e4. Arrivals are Poisson; holds exponential, but in windows short against the hold any law
    does, for then births and deaths alone move the number. The number live is taken for an Ornstein-Uhlenbeck process, whose mean maximum
    is tabulated (tests/reference/make_maxima.py), with the half step that a count's maximum falls short of it and the Poisson law's skew.
    Against simulation: within 0.5 + 0.003 sqrt(load) connections for windows up to 100 holds.
    """

    def one(load: float, window: float) -> tuple[float]:
        _check("mean_maximum", "load", float(load), float(window))
        g = _deviations(float(window))
        return (load + math.sqrt(load) * g + _beyond(g, float(window)),)

    return each("mean_maximum", one, 1, ("load", load, 0), ("window", window, 0))[0]


def load_from_maximum(maximum: Any, window: Any) -> Any:
    """The mean number live behind a mean of maxima: the inverse of `mean_maximum`. maximum: 30 to 1e15."""

    def one(maximum: float, window: float) -> tuple[float]:
        _check("load_from_maximum", "maximum", float(maximum), float(window))
        g = _deviations(float(window))
        half = math.sqrt(g * g + 4 * (maximum - _beyond(g, float(window)))) - g
        return ((half / 2) ** 2,)

    return each("load_from_maximum", one, 1, ("maximum", maximum, 0), ("window", window, 0))[0]
