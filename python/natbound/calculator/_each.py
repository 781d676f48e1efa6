"""A function of vectors and matrices, run over all further dimensions by broadcasting."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np


def each(function: Callable[..., tuple[Any, ...]], *arguments: tuple[Any, int]) -> tuple[Any, ...]:
    """Calls `function` for each element; arguments are (array, how many last dimensions one call takes).

    Returns one array a result, the shape of the elements first; numbers where there is only one. Errors name the index.
    """
    arrays = [(np.asarray(value, dtype=float), inner) for value, inner in arguments]
    for array, inner in arrays:
        if array.ndim < inner:
            raise ValueError(f"{getattr(function, '__name__', 'formula')}: an argument has {array.ndim} dimensions and needs {inner}")
    if all(array.ndim == inner for array, inner in arrays):  # one call
        return tuple(np.array(part) if isinstance(part, list) else part for part in function(*(a.tolist() for a, _ in arrays)))
    shape = np.broadcast_shapes(*(a.shape[: a.ndim - inner] for a, inner in arrays))
    spread = [np.broadcast_to(a, shape + a.shape[a.ndim - inner :]) for a, inner in arrays]
    results = []
    for index in np.ndindex(shape):
        try:
            results.append(function(*(a[index] for a in spread)))
        except ValueError as wrong:
            raise ValueError(f"{wrong} (at index {list(index)})") from None
    columns = [np.array(column) for column in zip(*results, strict=True)]
    return tuple(column.reshape(shape + column.shape[1:]) for column in columns)
