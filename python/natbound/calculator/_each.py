"""A function of vectors and matrices, run over all further dimensions by broadcasting."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np


def numbers(function: str, name: str, value: Any, inner: int = 0) -> Any:
    """An argument as an array, of `inner` dimensions at least; one clear error for what is none."""
    if type(value) is np.ndarray and value.dtype == float and value.ndim >= inner:
        return value
    try:
        if value is None or hasattr(value, "harden_mask") or np.asarray(value).dtype.kind in "bmMSU":  # a masked array's mask would be lost
            raise TypeError
        array = np.asarray(value, dtype=float)
    except OverflowError:
        raise ValueError(f"{function}: {name} = {_short(value)}: is beyond the largest double, 1.8e308") from None
    except (TypeError, ValueError):
        raise TypeError(f"{function}: {name} = {_short(value)}: must be a number, or an array of numbers of one shape") from None
    if array.ndim < inner:
        rule = f"must have {inner} dimensions, or more, of numbers" if inner > 1 else "must be a list of numbers"
        raise TypeError(f"{function}: {name} = {_short(value)}: {rule}")
    return array


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:60] + "..."


def each(name: str, function: Callable[..., tuple[Any, ...]], results: int, *arguments: tuple[str, Any, int]) -> tuple[Any, ...]:
    """Calls `function` for each element; arguments are (its name, array, how many last dimensions one call takes).

    Returns one array for each of its results, the shape of the elements first; numbers where there is only one. Errors name the index.
    """
    arrays = [(numbers(name, argument, value, inner), inner) for argument, value, inner in arguments]
    if all(array.ndim == inner for array, inner in arrays):  # one call
        return tuple(np.array(part) if isinstance(part, list) else part for part in function(*(a.tolist() for a, _ in arrays)))
    try:
        shape = np.broadcast_shapes(*(a.shape[: a.ndim - inner] for a, inner in arrays))
    except ValueError:
        raise ValueError(f"{name}: the arrays' shapes do not fit together: {', '.join(str(a.shape) for a, _ in arrays)}") from None
    spread = [np.broadcast_to(a, shape + a.shape[a.ndim - inner :]) for a, inner in arrays]
    found = []
    for index in np.ndindex(shape):
        try:
            found.append(function(*(a[index].tolist() for a in spread)))
        except ValueError as wrong:
            raise ValueError(f"{wrong} (at index {list(index)})") from None
    if not found:
        return tuple(np.empty(shape) for _ in range(results))
    columns = [np.array(column) for column in zip(*found, strict=True)]
    return tuple(column.reshape(shape + column.shape[1:]) for column in columns)
