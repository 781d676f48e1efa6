"""Inputs known as intervals: the answer is one too, and says which input to measure better."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from natbound.errors import InputError
from natbound.planning.measured import Counts, Fit, Maxima, Samples, estimate
from natbound.results import Result

if TYPE_CHECKING:
    from natbound.scenario import Scenario

MOST = 6  # inputs: 2^6 corners


def _written(name: str, value: float) -> str:
    """As the scenario writes it: rates a second, live as a number, all else in seconds."""
    key = name.rsplit(".", 1)[-1]
    return f"{value!r}{'/s' if key in ('rate', 'rate-per-client') else '' if key == 'live' else 's'}"


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
    factor between the probabilities at its two ends, each other input at the end where most is refused.
    """
    between = dict(between or {})
    basis = {}
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
    names = list(between)
    logs: dict[tuple[int, ...], float] = {}
    for corner in itertools.product((0, 1), repeat=len(names)):
        settings = [f"{name}={between[name][end]}" for name, end in zip(names, corner, strict=True)]
        found = scenario.with_settings(*settings).risk(seed=seed, tries=1)
        log = found["log_refusal_probability"]
        logs[corner] = -math.inf if log is None else float(log)
    least, most = min(logs, key=logs.__getitem__), max(logs, key=logs.__getitem__)
    inputs = []
    for i, name in enumerate(names):
        other = tuple(1 - end if k == i else end for k, end in enumerate(most))
        gap = logs[most] - logs[other] if logs[other] > -math.inf else math.inf
        inputs.append(
            {
                "field": name,
                "ends": list(between[name]),
                "basis": basis.get(name),
                "spread": math.exp(min(gap, 700.0)) if gap < math.inf else None,
                "log_spread": gap,
            }
        )
    inputs.sort(key=lambda row: -float(row["log_spread"]))  # type: ignore[arg-type]
    for row in inputs:
        if row["log_spread"] == math.inf:
            row["log_spread"] = None

    def settings_of(corner: tuple[int, ...]) -> dict[str, Any]:
        return {name: between[name][end] for name, end in zip(names, corner, strict=True)}

    return Result(
        {
            "schema": "natbound.uncertainty/1",
            "interval": [math.exp(logs[least]), math.exp(logs[most])],
            "log_interval": [None if logs[c] == -math.inf else logs[c] for c in (least, most)],
            "ends": {"least": settings_of(least), "most": settings_of(most)},
            "inputs": inputs,
            "measure_first": inputs[0]["field"],
        }
    )
