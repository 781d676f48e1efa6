"""Prices of changes, as a user gives them over the usual ones."""

from __future__ import annotations

import difflib
import math
from collections.abc import Mapping

from natbound.errors import InputError


def priced(usual: Mapping[str, float], given: Mapping[str, float] | None) -> dict[str, float]:
    """The usual prices, with those that were given: of kinds that there are, finite and at least 0."""
    price = dict(usual)
    for name, value in (given or {}).items():
        if name not in price:
            near = difflib.get_close_matches(name, price, 1)
            fix = f"did you mean {near[0]}?" if near else f"there are {', '.join(price)}"
            raise InputError("no such price", path="--price", value=f"'{name}'", fix=fix)
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not (value >= 0 and math.isfinite(value)):
            raise InputError("a price must be finite and at least 0", path=f"--price {name}", value=str(value))
        price[name] = float(value)
    return price
