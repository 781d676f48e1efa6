"""Chains solved state by state, as tests hold formulas to them."""

from __future__ import annotations

import math


def attempts(ports: int, tries: int, load: float) -> float:
    """The chain with arrivals load x (1 - (n / ports)^tries) and departures n, state by state."""
    logs, at = [0.0], 0.0
    for n in range(ports):
        at += math.log(load) + math.log1p(-((n / ports) ** tries)) - math.log(n + 1)
        logs.append(at)
    top = max(logs)
    weights = [math.exp(w - top) for w in logs]
    return math.fsum(w * (n / ports) ** tries for n, w in enumerate(weights)) / math.fsum(weights)
