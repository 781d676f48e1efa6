"""One-minute maxima, as gateways report their connections: what mean lies behind them. Few live exactly, many by a diffusion."""

from __future__ import annotations

import math
from collections.abc import Callable
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


def _scaled_bessels(x: float) -> tuple[float, float]:
    """e^-x I_0(x) and e^-x I_1(x): the mean over a turn of e^(x (cos - 1)), times cos (NIST DLMF 10.32.3), or from 40 on the series there (10.40.1)."""
    if x < 40:
        turn = 2 * math.pi * np.arange(128) / 128
        weights = np.exp(x * (np.cos(turn) - 1))
        return float(np.mean(weights)), float(np.mean(weights * np.cos(turn)))
    sums = []
    for four in (0.0, 4.0):  # 4 nu^2
        term = total = 1.0
        for k in range(1, 25):
            term *= -(four - (2 * k - 1) ** 2) / (8 * k * x)
            total += term
        sums.append(total / math.sqrt(2 * math.pi * x))
    return sums[0], sums[1]


def _beyond(g: float, load: float, window: float) -> float:
    """What a count's maximum differs by from a normal variable's.

    More for the Poisson law's skew (Cornish-Fisher), and what a walk of so many births and deaths, `ups` of each, reaches less than Brownian
    motion: 2 E max(X, 0) - P(X >= 1) of their difference X (Skellam, 1946), by the reflection principle. Half a step, but nothing in no time.
    """
    ups = load * window
    none, one = _scaled_bessels(2 * ups)
    return g * g / 6 + 2 * ups * (none + one) - 2 * math.sqrt(ups / math.pi) - (1 - none) / 2


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
    return load + math.sqrt(load) * g + _beyond(g, load, window)


def _load_by_diffusion(maximum: float, window: float) -> float:
    """By secants: the maximum rises with the load, nearly as the line through its root. 0 where even so little has more."""
    low, high = 0.0, maximum
    at_low, at_high = _by_diffusion(low, window) - maximum, _by_diffusion(high, window) - maximum
    if at_low >= 0:
        return 0.0
    return _crossing(lambda load: _by_diffusion(load, window) - maximum, (low, at_low), (high, at_high), 0.0, 1e-14)


def _crossing(above: Callable[[float], float], below: tuple[float, float], over: tuple[float, float], near: float, close: float) -> float:
    """Where `above`, which rises nearly as a line, is 0 between two places that are given with what it is there: by secants, and a half now and
    then; it may be off by `near`, and the place by `close` of itself."""
    (low, at_low), (high, at_high) = below, over
    for i in range(200):
        middle = (low + high) / 2 if i % 3 == 2 or at_high == at_low else low + (high - low) * at_low / (at_low - at_high)
        here = above(middle)
        if abs(here) <= near or high - low < close * high:
            return middle
        if here < 0:
            low, at_low = middle, here
        else:
            high, at_high = middle, here
    return (low + high) / 2


def mean_maximum(load: Any, window: Any) -> Any:
    """The mean of the most live connections within a window, where nothing is refused and `load` are live on average.

    load: 0 to 1e15; window: in mean holds, 0 to 1e4; arrays broadcast, ValueError outside. Arrivals are Poisson; holds exponential, but in
    windows short against the hold any law does, for then births and deaths alone move the number. Below a load of 30 exact: sum over n of
    P(more than n at some time), by the eigenvalues of the chain killed above n, to 1e-6 (some 10 ms). From 30 on the number live is taken
    for an Ornstein-Uhlenbeck process, whose mean maximum is tabulated (tests/reference/make_maxima.py), with the half step that a count's
    maximum falls short of it (less in windows of few births and deaths) and the Poisson law's skew: against simulation within 0.5 + 0.003
    sqrt(load) connections for windows up to 100 holds.
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
        load = _load_by_diffusion(maximum, window)
        return (load if load > FEWEST * 1.1 else _small_load(maximum, window),)

    return each("load_from_maximum", one, 1, ("maximum", maximum, 0), ("window", window, 0))[0]


def _small_load(maximum: float, window: float) -> float:
    """By secants within a bracket: the maximum rises with the load, nearly as a line."""
    low, high = 0.0, min(maximum, FEWEST)  # no maximum lies below its mean
    at_high = _exactly(high, window) - maximum
    if at_high <= 0 and high < FEWEST:  # the mean is all
        return high
    if at_high <= 0:  # the diffusion has it
        return max(_load_by_diffusion(maximum, window), FEWEST)
    return _crossing(lambda load: _exactly(load, window) - maximum, (low, -maximum), (high, at_high), 1e-10, 1e-10)
