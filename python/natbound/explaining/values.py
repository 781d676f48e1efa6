"""What one more of each thing is worth: by how many connections the maximum grows, and for how many more of it that holds.

Where further ones are all alike, the maximum is concave in their number (it is that of a linear programme in which their number is a bound), so
that a gain of n times the first one's shows the same gain for each number up to n. Elsewhere each number is looked at by itself.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from natbound.explaining.kinds import Kind, kinds_of
from natbound.explaining.parts import counted, parts_of
from natbound.explaining.question import changed
from natbound.results import number

if TYPE_CHECKING:
    from natbound.scenario import Scenario

MOST_TRIED = 16


def values(scenario: Scenario, clients: set[str], servers: set[str]) -> list[dict[str, Any]]:
    """The value of one more of each kind, the most valuable first; none where the maximum is known between bounds alone."""
    now = counted(scenario)
    if now["connections"] is None:
        return []
    found = [v for kind in kinds_of(scenario, clients, servers) if (v := _value(scenario, kind, now)) is not None]
    return sorted(found, key=lambda v: -int(v["connections"]))


def _value(scenario: Scenario, kind: Kind, now: dict[str, Any]) -> dict[str, Any] | None:
    one = counted(changed(scenario, kind.settings(1)))
    if one["connections"] is None:
        return None
    gain = int(number(one["connections"])) - int(number(now["connections"]))

    @functools.cache
    def gained(n: int) -> int | None:
        return gain if n == 1 else parts_of(scenario).more(kind.settings(n))

    low = 1
    if not kind.alike:
        while low < min(MOST_TRIED, kind.most) and gained(low + 1) == (low + 1) * gain:
            low += 1
    elif gain > 0:
        low = _straight(gained, kind.most, gain)
    # concave, and never falling: where the first one adds nothing, no further one does
    up_to = None if kind.alike and gain == 0 else low
    ends = up_to is not None and (low == kind.most or gained(low + 1) not in (None, (low + 1) * gain))
    return {
        "what": kind.what,
        "of": kind.of,
        "change": kind.words(1),
        "connections": gain,
        "up_to": up_to,  # None: whatever their number
        "ends": ends,  # one more than that is worth something else, or can't be had
        "evidence": {"now": now["evidence"], "one_more": one["evidence"]},
    }


def _straight(gained: Callable[[int], int | None], most: int, gain: int) -> int:
    """The last number up to which each one adds as much as the first, `gain` > 0, which is known of 1.

    The tangent at a number beyond it lies above the concave course, so that it meets the straight line no sooner than the course leaves it: as
    Newton's method, from `most` down. Where the maximum with so many is not known, by doubling and halving.
    """
    at = most
    while at > 1:
        here = gained(at)
        if here == at * gain:
            return at
        before = gained(at - 1)
        if here is None or before is None:
            return _halved(gained, at, gain)
        if before == (at - 1) * gain:
            return at - 1
        step = here - before  # less than gain: the course has left the line
        at = min(at - 1, (here - step * at) // (gain - step))
    return 1


def _halved(gained: Callable[[int], int | None], most: int, gain: int) -> int:
    low, high = 1, 2
    while high <= most and gained(high) == high * gain:
        low, high = high, 2 * high
    high = min(high, most + 1)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if gained(middle) == middle * gain else (low, middle)
    return low
