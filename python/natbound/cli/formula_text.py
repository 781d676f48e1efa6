"""A formula's result for the eye and for JSON: numbers, a line an element or a field, with units, and what is too small for a double."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from natbound.wording import probability

# What comes out in seconds or per second where units went in: functions, and fields of results.
UNITS = {"mean_delay": "s", "characteristic_time": "s", "keep_alive_for": "s"}
UNITS |= {f"{what}_for{of}": unit for of in ("", "_waiting", "_engset") for what, unit in (("hold", "s"), ("rate", "/s"))}


def lines(name: str, given: Mapping[str, Any], result: Any, timed: bool, twin: Callable[..., Any] | None) -> list[str]:
    """A result for the eye: a number, a line an element, or a line a field. timed: units went in; twin: the formula's logarithm."""
    if hasattr(result, "_fields"):
        width = max(map(len, result._fields))
        return [f"{field:<{width}}  {_text(getattr(result, field), UNITS.get(field, '') if timed else '')}" for field in result._fields]
    unit = UNITS.get(name, "") if timed else ""
    # the logarithms, where a result is 0 for want of smaller doubles
    logs = twin(**given) if twin is not None and _has_zero(result) else None
    shape: tuple[int, ...] = getattr(result, "shape", ())
    arrays = {key: value for key, value in given.items() if isinstance(value, list)}
    if len(shape) == 1 and arrays and all(len(value) == shape[0] and not isinstance(value[0], list) for value in arrays.values()):
        heads = [", ".join(f"{key} {_text(value[i])}" for key, value in arrays.items()) for i in range(shape[0])]
        width = max(map(len, heads))
        return [f"{head:<{width}}  {_text(result[i], unit) if logs is None else _tiny(result[i], logs[i])}" for i, head in enumerate(heads)]
    return [_text(result, unit) if logs is None or shape else _tiny(result, logs)]


def _has_zero(result: Any) -> bool:
    return bool((result == 0).any()) if getattr(result, "shape", ()) else float(result) == 0


def _tiny(value: Any, log: Any) -> str:
    """A number that may lie below the least double, by its logarithm: 6.7e-655."""
    return probability(0.0, float(log)) if float(value) == 0 else _text(value)


def _text(value: Any, unit: str = "") -> str:
    if getattr(value, "shape", ()) or isinstance(value, (list, tuple)):
        return ", ".join(_text(x, unit) for x in value)
    if isinstance(value, (bool, str)):
        return str(value).lower()
    number = float(value)
    whole = number == int(number) if math.isfinite(number) else False
    return (f"{int(number):,}" if whole and abs(number) < 1e15 else f"{number:.12g}") + (" " * (unit == "s") + unit if unit else "")


def plain(value: Any) -> Any:
    """For JSON: infinity, which it does not know, is the text `infinity`."""
    if hasattr(value, "_asdict"):
        return {key: plain(x) for key, x in value._asdict().items()}
    if isinstance(value, Mapping):
        return {key: plain(x) for key, x in value.items()}
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, (list, tuple)):
        return [plain(x) for x in value]
    if isinstance(value, float) and math.isinf(value):
        return "infinity" if value > 0 else "-infinity"
    return value
