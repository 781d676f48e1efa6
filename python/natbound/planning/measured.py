"""What was measured and may stand for a field: samples, counts, maxima or a fit (estimates.py makes intervals of them)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Samples:
    """Measured values of one thing, such as holds in seconds: independent, in no order."""

    values: Sequence[float]


@dataclass(frozen=True, slots=True)
class Counts:
    """How many connections were opened in each of several equal times of so many seconds."""

    counts: Sequence[float]
    seconds: float


@dataclass(frozen=True, slots=True)
class Maxima:
    """The most live connections in each of several equal times of so many seconds, one after the other, as gateways report them; and the mean
    hold in seconds. Of hours of one load: the day's swing is not chance."""

    values: Sequence[float]
    seconds: float
    hold: float


@dataclass(frozen=True, slots=True)
class Fit:
    """An estimate with its standard error."""

    value: float
    error: float
