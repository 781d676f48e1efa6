"""Inputs known as intervals: the answer is one too, and says which input to measure better."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from natbound.errors import InputError
from natbound.results import Result

if TYPE_CHECKING:
    from natbound.planning.measured import Counts, Fit, Maxima, Samples
    from natbound.scenario import Scenario

MOST = 6  # inputs: 2^6 corners
LOADS = ("rate", "rate-per-client", "live", "hold", "life")  # with more of each the load grows, and with the load the refusals


def _key(name: str) -> str:
    return name.rsplit(".", 1)[-1]


def _ascend(name: str, low: str, high: str) -> None:
    """The two ends of a number in order; what is no number has no order."""
    from natbound.cli.quantities import parse

    try:
        ends = parse(str(low), name), parse(str(high), name)
    except InputError:
        return
    if ends[0].time == ends[1].time and ends[0].value > ends[1].value:
        raise InputError("the first end is the lower one", path=name, value=f"{low}..{high}", fix=f"{name}={high}..{low}")


def power_of_a_second(name: str) -> int:
    """Of what a field that is measured is: -1 of rates, 0 of what is live, 1 of all else."""
    key = _key(name)
    return -1 if key in ("rate", "rate-per-client") else 0 if key == "live" else 1


def _written(name: str, value: float) -> str:
    """As the scenario writes it: rates a second, live as a number, all else in seconds."""
    return f"{value!r}{('', 's', '/s')[power_of_a_second(name)]}"


def uncertainty(
    scenario: Scenario,
    between: Mapping[str, tuple[str, str]] | None = None,
    *,
    measured: Mapping[str, Samples | Counts | Maxima | Fit] | None = None,
    seed: int = 1,
) -> Result:
    """The refusal probability where fields of the scenario lie between two values each: its least and most over all corners.

    between: field, as in `with_settings`, to its two ends: {"traffic.rate": ("450/s", "550/s")}. A refusal grows or falls steadily with each of
    rate, hold, life, live, ports and addresses, so that corners bound it; of other fields they are two cases.
    measured: field to what was measured of it, in seconds or a second: its 95 % interval becomes the two ends, {"traffic.hold":
    Samples([3.1, 0.4, ...]), "traffic.rate": Counts([812, 790, ...], seconds=60)}. The mean alone changes; the law of the hold stays.

    The corner of several 95 % intervals is worse than 95 %: it would take all of them at their ends at once. Gives `interval` and its logarithms, `ends` (the settings of both), and `inputs`, the one to measure first at the front: `spread` is the
    factor between the probabilities at its two ends, each other input at the end where most is refused. Where no state could refuse at the least
    corner, `least_at_most` is its bound, and a spread is that much `at_least`; where none could at any (`most_is_bound`), no spread is known,
    and there is nothing to `measure_first`.
    """
    if not isinstance(between or {}, Mapping):
        raise InputError(
            "fields with two ends each are wanted", path="between", value=repr(between), fix='{"traffic.rate": ("450/s", "550/s")}'
        )
    between = dict(between or {})
    for name, ends in between.items():
        if isinstance(ends, str) or not isinstance(ends, Sequence) or len(ends) != 2:
            raise InputError("two ends are wanted", path=name, value=repr(ends), fix='("450/s", "550/s")')
    basis = {}
    if measured:
        from natbound.planning.estimates import estimate
    for name, what in (measured or {}).items():
        if name in between:
            raise InputError("measured, and given between two ends, too", path=name)
        mean = estimate(what, name)
        basis[name] = mean.basis
        between[name] = (_written(name, mean.low), _written(name, mean.high))
    if not between:
        raise InputError("at least one field with two ends is wanted", path="--between", fix="--between traffic.rate=450/s..550/s")
    if len(between) > MOST:
        raise InputError(f"at most {MOST} fields", path="--between", value=str(len(between)))
    for name, (low, high) in between.items():
        _ascend(name, low, high)
    names = list(between)
    logs: dict[tuple[int, ...], float] = {}
    loads: dict[tuple[int, ...], float] = {}
    bounds = set()  # corners of which only that is known: no state could refuse
    for corner in itertools.product((0, 1), repeat=len(names)):
        settings = [f"{name}={between[name][end]}" for name, end in zip(names, corner, strict=True)]
        found = scenario.with_settings(*settings).risk(seed=seed, tries=1)
        log = found["log_refusal_probability"]
        logs[corner] = -math.inf if log is None else float(log)
        loads[corner] = float(found["load"])
        if found["refusal_probability"] is None:
            bounds.add(corner)
    if all(_key(name) in LOADS for name in names):  # what is a bound at a higher load is one at a lower load too
        for corner in bounds:
            logs[corner] = min(logs[c] for c in logs if loads[c] >= loads[corner])
    most = max(logs, key=lambda c: (logs[c], loads[c]))
    least = min(logs, key=lambda c: (logs[c], loads[c]))
    inputs = []
    for i, name in enumerate(names):
        other = tuple(1 - end if k == i else end for k, end in enumerate(most))
        gap = logs[most] - logs[other] if logs[other] > -math.inf else math.inf
        if most in bounds:
            gap = math.nan
        inputs.append(
            {
                "field": name,
                "ends": list(between[name]),
                "basis": basis.get(name),
                "spread": math.exp(min(gap, 700.0)) if gap < math.inf else None,
                "log_spread": gap,
                "at_least": other in bounds and most not in bounds,
            }
        )
    inputs.sort(key=lambda row: -float(row["log_spread"]))  # type: ignore[arg-type]
    decided = most not in bounds and not any(row["at_least"] for row in inputs[1:])
    for row in inputs:
        if not math.isfinite(float(row["log_spread"])):  # type: ignore[arg-type]
            row["log_spread"] = None

    def settings_of(corner: tuple[int, ...]) -> dict[str, Any]:
        return {name: between[name][end] for name, end in zip(names, corner, strict=True)}

    return Result(
        {
            "schema": "natbound.uncertainty/1",
            "interval": [0.0 if least in bounds else math.exp(logs[least]), math.exp(logs[most])],
            "log_interval": [None if logs[c] == -math.inf or (c == least and c in bounds) else logs[c] for c in (least, most)],
            "least_at_most": math.exp(logs[least]) if least in bounds else None,
            "most_is_bound": most in bounds,
            "ends": {"least": settings_of(least), "most": settings_of(most)},
            "inputs": inputs,
            "measure_first": inputs[0]["field"] if decided else None,
        }
    )
