"""What one more of each thing is worth: by how many connections the maximum grows, and for how many more of it that holds.

Where further ones are all alike, the maximum is concave in their number (it is that of a linear programme in which their number is a bound), so
that a gain of n times the first one's shows the same gain for each number up to n. Elsewhere each number is looked at by itself.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from natbound.errors import LimitReached, Unsupported
from natbound.explaining.kinds import Kind, kinds_of
from natbound.explaining.question import changed
from natbound.results import number
from natbound.working import check

if TYPE_CHECKING:
    from natbound.scenario import Scenario

MOST_TRIED = 16


def _most(scenario: Scenario | None) -> dict[str, Any]:
    """The maximum with its certificate; without `connections` where it is not known exactly."""
    if scenario is None:
        return {"connections": None}
    check("counting")
    try:
        found = dict(json.loads(scenario._core.maximum(False))["maximum"])
    except Unsupported:
        return {"connections": None}
    if "limit" in found:
        raise LimitReached(found["limit"]["says"])
    return found


def values(scenario: Scenario, clients: set[str], servers: set[str]) -> list[dict[str, Any]]:
    """The value of one more of each kind, the most valuable first; none where the maximum is known between bounds alone."""
    now = _most(scenario)
    if now["connections"] is None:
        return []
    found = [v for kind in kinds_of(scenario, clients, servers) if (v := _value(scenario, kind, now)) is not None]
    return sorted(found, key=lambda v: -int(v["connections"]))


def _value(scenario: Scenario, kind: Kind, now: dict[str, Any]) -> dict[str, Any] | None:
    base = int(number(now["connections"]))
    one = _most(changed(scenario, kind.settings(1)))
    if one["connections"] is None:
        return None
    gain = int(number(one["connections"])) - base

    def gained(n: int) -> int | None:
        most = _most(changed(scenario, kind.settings(n)))["connections"]
        return None if most is None else int(number(most)) - base

    def same(n: int) -> bool:
        return gained(n) == n * gain

    low = 1
    if not kind.alike:
        while low < min(MOST_TRIED, kind.most) and same(low + 1):
            low += 1
    elif gain > 0:
        high = 2
        while high <= kind.most and same(high):
            low, high = high, 2 * high
        high = min(high, kind.most + 1)
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if same(middle) else (low, middle)
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
