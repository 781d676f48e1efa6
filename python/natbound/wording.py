"""Numbers in words, as an operator reads them."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any


def count(value: Any) -> str:
    """64512 as 64,512; a load to the nearest flow."""
    if value is None:
        return "-"
    number = float(value)
    return f"{int(value):,}" if isinstance(value, (int, str)) else f"{round(number):,}" if number >= 10 else f"{number:.3g}"


def bounded(part: dict[str, Any]) -> str:
    """A number of the answer, or what is known of it."""
    if part.get("connections") is not None:
        return count(part["connections"])
    low, high = part.get("at_least"), part.get("at_most")
    if low is None and high is None:
        return "nothing refuses" if part.get("nothing_refuses") else "unknown"
    if high is None:
        return f"at least {count(low)}"
    return f"at most {count(high)}" if low is None else f"{count(low)} to {count(high)}"


def probability(value: float | None, log: float | None = None) -> str:
    """A probability: 0.4 %, 1 in 2,300, 3e-12; by its natural logarithm where it is below what a double holds."""
    if value is None:
        return "-"
    if value >= 0.01:
        return f"{value * 100:.3g} %"
    if value > 1.01e-6:
        return f"1 in {round(1 / value):,}"
    if value < 1e-300 and log is not None and math.isfinite(log):
        power = log / math.log(10)
        return f"{10 ** (power - math.floor(power)):.1f}e{math.floor(power)}"
    return scientific(float(f"{value:.1e}")) if value > 0 else "0"


def between(interval: Sequence[float]) -> str:
    """A 95 % interval of a probability."""
    return f"95 %: {probability(interval[0])} to {probability(interval[1])}"


def scientific(value: float) -> str:
    """1e-6, where Python writes 1e-06."""
    return re.sub(r"e([+-])0", r"e\1", f"{value:g}")


def span(seconds: float | None) -> str:
    """A length of time in its largest handy unit."""
    if seconds is None:
        return "-"
    if seconds > 1e3 * 365.25 * 86400:
        return "over 1,000 years"
    for unit, size in (("years", 365.25 * 86400), ("days", 86400.0), ("hours", 3600.0), ("min", 60.0)):
        if seconds >= 2 * size:
            return f"{seconds / size:,.3g} {unit}"
    return f"{seconds:.3g} s"


def first_refusal(first: Mapping[str, Any]) -> str:
    """When the first connection is refused: after 3 hours on average; after more than that; after 2 to 3 hours."""
    if "value" in first:
        return f"after {span(first['value'])} on average"
    if "at_most" in first:
        return f"after {span(first['at_least'])} to {span(first['at_most'])} on average"
    return f"after more than {span(first['at_least']).removeprefix('over ')} on average"


def per_day(value: float) -> str:
    """Refusals a day: 12,300; 0.04."""
    return f"{value:,.0f}" if value >= 10 else f"{value:.2g}"


def left_out(result: Mapping[str, Any]) -> list[str]:
    """What of a recorded table was not counted, by kind."""
    if not (kinds := result.get("not_counted")):
        return []
    counted = result["lines"] - sum(kinds.values())
    return [f"{result['lines']:,} lines: " + ", ".join([f"{counted:,} counted", *(f"{n:,} {kind}" for kind, n in kinds.items())])]


def fits(demand: Any, verdict: bool | None) -> str:
    """1 connection fits; 2 connections do not fit."""
    number = count(demand)
    if number == "1":
        return "1 connection " + {True: "fits", False: "does not fit", None: "unknown whether it fits"}[verdict]
    return f"{number} connections " + {True: "fit", False: "do not fit", None: "unknown whether they fit"}[verdict]
