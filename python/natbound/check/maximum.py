"""maximum: N fit, and no more than N do. bounds: some fit, and no more than some others do."""

from __future__ import annotations

from typing import Any

from .does_not_fit import check_does_not_fit
from .fits import check_fits
from .reading import count, get, known_keys, need
from .scenario import Scenario


def check_maximum(scenario: Scenario, body: Any) -> int:
    """Returns the maximum; rejects a body that does not show it."""
    said = count(get(body, "connections", "maximum"), "connections")
    low, high = halves(scenario, body, "maximum")
    need(low == said, f"fits: another number than {said:,}")
    need(high == said, f"does-not-fit: another number than {said:,}")
    return said


def halves(scenario: Scenario, body: Any, where: str) -> tuple[int, int]:
    """How many fit, and how many are not passed."""
    fits = known_keys(get(body, "fits", where), "connections blocks port-sets", "fits")
    bound = known_keys(get(body, "does-not-fit", where), "at-most nats direct together gates servers", "does-not-fit")
    return check_fits(scenario, fits), check_does_not_fit(scenario, bound)


def check_bounds(scenario: Scenario, body: Any) -> tuple[int, int]:
    """Returns how many fit and how many are not passed; rejects a body that does not show it."""
    low, high = halves(scenario, body, "bounds")
    need(low <= high, f"{low:,} fit, and no more than {high:,} do")
    return low, high
