"""One-minute maxima, as gateways report their connections: what mean lies behind them. Few live exactly, many by a diffusion."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from natbound.calculator._each import each
from natbound.calculator._maxima import LOG10_FROM, LOG10_TO, MEANS

FEWEST = 30.0  # live: below, the number is no longer near to normal, and its chain is small


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


def _stays(most: int, load: float, window: float) -> float:
    """P(no more than `most` are live throughout the window), from the stationary start.

    The chain of births and deaths that is killed above `most`, made symmetric by the roots of the Poisson law: sum of w^2 exp(-l window).
    """
    live = np.arange(most + 1)
    rates = np.diag(load + live) - sum(np.diag(np.sqrt(load * live[1:]), side) for side in (1, -1))
    values, vectors = np.linalg.eigh(rates)
    logs = live * math.log(load) - load - np.array([math.lgamma(n + 1) for n in live])
    weights = (vectors.T @ np.exp(logs / 2)) ** 2
    return float(weights @ np.exp(-np.maximum(values, 0) * window))


def _exactly(load: float, window: float) -> float:
    """The sum of P(more than n are live at some time)."""
    if load == 0:
        return 0.0
    total, most = 0.0, 0
    while True:
        more = 1 - _stays(most, load, window)
        total += max(more, 0.0)
        if more < 1e-12 and most > load:
            return total
        most += 1


def _check(function: str, name: str, value: float, window: float) -> None:
    if not 0 <= value <= 1e15:
        raise ValueError(f"{function}: {name} = {value:g}: must be from 0 to 1e15")
    if not 0 <= window <= 10**LOG10_TO:
        raise ValueError(f"{function}: window = {window:g}: must be from 0 to 1e4 mean holds")


def _by_diffusion(load: float, window: float) -> float:
    g = _deviations(window)
    return load + math.sqrt(load) * g + _beyond(g, window)


def mean_maximum(load: Any, window: Any) -> Any:
    """The mean of the most live connections within a window, where nothing is refused and `load` are live on average.

    load: 0 to 1e15; window: in mean holds, 0 to 1e4; arrays broadcast, ValueError outside. Arrivals are Poisson; holds exponential, but in
    windows short against the hold any law does, for then births and deaths alone move the number. Below a load of 30 exact: sum over n of
    P(more than n at some time), by the eigenvalues of the chain killed above n, to 1e-6 (some 10 ms). From 30 on the number live is taken
    for an Ornstein-Uhlenbeck process, whose mean maximum is tabulated (tests/reference/make_maxima.py), with the half step that a count's
    maximum falls short of it and the Poisson law's skew: against simulation within 0.5 + 0.003 sqrt(load) connections for windows up to
    100 holds.
    load in Erlang. Source: tests/reference/make_maxima.py, for the diffusion.
    """

    def one(load: float, window: float) -> tuple[float]:
        load, window = float(load), float(window)
        _check("mean_maximum", "load", load, window)
        return (_exactly(load, window) if load < FEWEST else _by_diffusion(load, window),)

    return each("mean_maximum", one, 1, ("load", load, 0), ("window", window, 0))[0]


def load_from_maximum(maximum: Any, window: Any) -> Any:
    """The mean number live behind a mean of maxima: the inverse of `mean_maximum`, with its domain, units and accuracy.

    maximum: 0 to 1e15 connections; window: in mean holds, 0 to 1e4; arrays broadcast, ValueError outside. Below a load of 30 to 1e-9, by
    `mean_maximum` (some 0.1 s).
    Erlang. Source: `mean_maximum` inverted.
    """

    def one(maximum: float, window: float) -> tuple[float]:
        maximum, window = float(maximum), float(window)
        _check("load_from_maximum", "maximum", maximum, window)
        g = _deviations(window)
        rest = g * g + 4 * (maximum - _beyond(g, window))
        load = ((math.sqrt(rest) - g) / 2) ** 2 if rest > g * g else 0.0
        return (load if load > FEWEST * 1.1 else _small_load(maximum, window),)

    return each("load_from_maximum", one, 1, ("maximum", maximum, 0), ("window", window, 0))[0]


def _small_load(maximum: float, window: float) -> float:
    """By secants within a bracket: the maximum rises with the load, nearly as a line."""
    low, high = 0.0, min(maximum, FEWEST)  # no maximum lies below its mean
    at_low, at_high = -maximum, _exactly(high, window) - maximum
    if at_high <= 0 and high < FEWEST:  # the mean is all
        return high
    if at_high <= 0:  # the diffusion has it
        g = _deviations(window)
        load = ((math.sqrt(g * g + 4 * (maximum - _beyond(g, window))) - g) / 2) ** 2
        return max(load, FEWEST)
    for i in range(60):
        middle = (low + high) / 2 if i % 3 == 2 else low + (high - low) * at_low / (at_low - at_high)
        here = _exactly(middle, window) - maximum
        if abs(here) < 1e-10 or high - low < 1e-10 * high:
            return middle
        if here < 0:
            low, at_low = middle, here
        else:
            high, at_high = middle, here
    return (low + high) / 2
