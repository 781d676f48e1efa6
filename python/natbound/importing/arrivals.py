"""When arrivals were steady, and how many a second came in that time.

A capture often starts before the load or runs on after it. So the window is cut where the rate falls to less
than half for good: the change point of two Poisson rates with the largest likelihood, if it gains more than
chance would.
"""

from __future__ import annotations

import math
from collections.abc import Sequence


def _change(times: Sequence[float], start: float, end: float) -> float | None:
    """The time after which the rate is less than half of that before; None if there is none."""
    n = len(times)
    best, where = 10 + math.log(n + 1), None
    whole = n * math.log(n / (end - start)) if n else 0.0
    for i, t in enumerate(times, 1):
        before, after = t - start, end - t
        if i < 5 or before <= 0 or after <= 0:
            continue
        rest = n - i
        gain = i * math.log(i / before) + (rest * math.log(rest / after) if rest else 0.0) - whole
        if gain > best and rest / after < 0.5 * i / before:
            best, where = gain, t
    return where


def steady_window(times: Sequence[float], start: float, end: float) -> tuple[float, float]:
    """The part of [start, end] in which the sorted arrival `times` keep one rate."""
    if len(times) < 10 or end <= start:
        return start, end
    stop = _change(times, start, end)
    if stop is not None:
        end = stop
        times = [t for t in times if t <= end]
    late = _change([-t for t in reversed(times)], -end, -start)
    return (start if late is None else -late), end
