"""Numbers with units at the shell: `60s`, `470/s`, `2%`, `470/s*60s`, `120s/60s`; with `1_000` for thousands.

The units are those of scenarios; what comes out is in seconds, and says which power of a second it has.
"""

from __future__ import annotations

import math
import re
from typing import NamedTuple

from natbound.errors import InputError

UNITS = {
    "ms": 1e-3,
    "s": 1.0,
    "sec": 1.0,
    "m": 60.0,
    "min": 60.0,
    "h": 3600.0,
    "hour": 3600.0,
    "d": 86400.0,
    "day": 86400.0,
    "w": 604800.0,
    "week": 604800.0,
}
_FACTOR = re.compile(r"\s*(?P<number>[-+]?(?:\d[\d_]*\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)?\s*(?P<unit>%|[a-zA-Z]+)?\s*")
WANTED = "such as 64512, 2%, 60s, 470/s or 470/s*60s"


class Quantity(NamedTuple):
    """A number, in seconds to the power of `time`: 1 of a time, -1 of a rate, 0 of a plain number."""

    value: float
    time: int


def parse(text: str, path: str) -> Quantity:
    """The quantity that a text says; `path` is what an error names: an option or an argument."""
    value, time, at, divide = 1.0, 0, 0, False
    while True:
        factor = _FACTOR.match(text, at)
        if factor is None or not (factor["number"] or factor["unit"]):
            raise InputError("not a number, with a unit or without", path=path, value=f"'{text}'", fix=WANTED)
        if factor["number"] is None and not (divide and factor["unit"] in UNITS):
            raise InputError("a number is wanted before the unit" if factor["unit"] in UNITS else "a number is wanted",
                             path=path, value=f"'{text}'", fix=WANTED)  # fmt: skip
        one, power = float(factor["number"] or 1), 0
        if factor["unit"] == "%":
            one /= 100
        elif factor["unit"] is not None:
            if factor["unit"] not in UNITS:
                raise InputError("no such unit", path=path, value=f"'{text}'", fix=f"there are {', '.join(UNITS)} and %")
            one, power = one * UNITS[factor["unit"]], 1
        if divide and one == 0:
            raise InputError("divides by 0", path=path, value=f"'{text}'")
        value, time = (value / one, time - power) if divide else (value * one, time + power)
        at = factor.end()
        if at == len(text):
            break
        if text[at] not in "*/":
            raise InputError("not a number, with a unit or without", path=path, value=f"'{text}'", fix=WANTED)
        divide, at = text[at] == "/", at + 1
    if not math.isfinite(value):
        raise InputError("too large", path=path, value=f"'{text}'")
    return Quantity(value, time)


def plain(text: str, path: str) -> float:
    """A number without a unit, such as a load (`470/s*60s`)."""
    return _of(text, path, 0, "a plain number is wanted, such as 28200 or 470/s*60s")


def seconds(text: str, path: str) -> float:
    """A time that has its unit."""
    return _of(text, path, 1, "a time with its unit is wanted, such as 7d, 12h, 30min or 90s")


def per_second(text: str, path: str) -> float:
    """A rate that has its unit."""
    return _of(text, path, -1, "a rate with its unit is wanted, such as 470/s or 30/min")


def memory_bytes(text: str, path: str) -> int:
    """Bytes, of a size such as 500MB or 2GiB."""
    found = re.fullmatch(r"\s*(\d[\d_]*(?:\.\d+)?)\s*([kKMGT]?i?B)\s*", text)
    if found is None:
        raise InputError("a size with its unit is wanted", path=path, value=f"'{text}'", fix="such as 500MB, 2GB or 2GiB")
    base = 1024 if "i" in found[2] else 1000
    out = int(
        float(found[1].replace("_", ""))
        * base ** " kMGT".index(found[2][0].lower() if found[2][0] in "kK" else found[2][0].replace("B", " "))
    )
    if not 0 < out < 10**15:
        raise InputError("a size above 0, and below 1000 TB, is wanted", path=path, value=f"'{text}'")
    return out


def _of(text: str, path: str, time: int, rule: str) -> float:
    found = parse(text, path)
    if found.time != time:
        raise InputError(rule, path=path, value=f"'{text}'")
    return found.value
