"""Connections of several sizes in one pool: port blocks."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from natbound import _core
from natbound.calculator._each import each


class KaufmanRoberts(NamedTuple):
    """`refusal` and `log_refusal` have the classes in their last dimension."""

    refusal: Any
    log_refusal: Any
    mean: Any  # ports taken, on average
    exact: bool  # False: the approximation for reservation


def kaufman_roberts(ports: Any, loads: Any, sizes: Any, reserved: Any = 0) -> KaufmanRoberts:
    """The share of connections refused, a class: each takes `sizes` ports at once and is refused unless so many are free.

    loads, sizes, reserved: classes in the last dimension; further dimensions and `ports` by broadcasting. A class with `reserved`
    is also refused where fewer ports than that would stay free for the others: then the result is Roberts' *approximation*
    (1983), and `exact` is False. ports: 0 to 2^26; loads: 0 to 1e12 connections; relative error about 1e-16 sqrt(ports); 1,032,192
    ports with 8 classes: 20 ms. J. S. Kaufman, IEEE Trans. Commun. 29 (1981) 1474; J. W. Roberts, 1981.
    """
    classes = np.broadcast_arrays(np.atleast_1d(np.asarray(loads, float)), np.asarray(sizes, float), np.asarray(reserved, float))
    found = each(_core.kaufman_roberts, (ports, 0), *((c, 1) for c in classes))
    return KaufmanRoberts(found[0], found[1], found[2], bool(np.all(found[3])))
