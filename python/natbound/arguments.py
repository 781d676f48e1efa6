"""Arguments of Python calls: a number or a whole number, or one error that names the argument. (The command line's are checked as they are read.)"""

from __future__ import annotations

import operator
from decimal import Decimal
from numbers import Real
from typing import Any

from natbound.errors import InputError


def real(name: str, value: Any) -> float:
    """A number of any of Python's or NumPy's types; no text, truth value, time or array."""
    if not isinstance(value, (Real, Decimal)) or _no_number(value):
        raise InputError("a number is wanted", path=name, value=_short(value))
    try:
        return float(value)
    except (OverflowError, ValueError):
        raise InputError("is beyond the largest double", path=name, value=_short(value)) from None


def whole(name: str, value: Any) -> int:
    """A whole number of any of Python's or NumPy's integer types."""
    try:
        if _no_number(value):
            raise TypeError
        return operator.index(value)
    except TypeError:
        raise InputError("a whole number is wanted", path=name, value=_short(value)) from None


def text(name: str, value: Any) -> str:
    """Text."""
    if not isinstance(value, str):
        raise InputError("text is wanted", path=name, value=_short(value))
    return value


def result_of(kind: str, value: Any) -> None:
    """Refuses what is no result of that kind, natbound.KIND/1."""
    try:
        found = value["schema"]
    except (TypeError, KeyError):
        found = None
    if found != f"natbound.{kind}/1":
        raise InputError("another result is wanted", path="schema", value=_short(found), fix=f"natbound.{kind}/1")


def within(name: str, value: Any, good: bool, rule: str) -> None:
    """Refuses a value that a rule excludes."""
    if not good:
        raise InputError(rule, path=name, value=_short(value))


def _no_number(value: Any) -> bool:
    """Truth values, and NumPy's times, which it counts among its integers."""
    return isinstance(value, bool) or getattr(getattr(value, "dtype", None), "kind", "i") in "bmM"


def _short(value: Any) -> str:
    shown = repr(value)
    return shown if len(shown) <= 60 else shown[:60] + "..."
