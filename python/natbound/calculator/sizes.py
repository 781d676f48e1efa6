"""Connections of several sizes in one pool: port blocks."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from natbound import _core
from natbound.calculator._each import each, numbers


class KaufmanRoberts(NamedTuple):
    """`refusal` and `log_refusal` have the classes in their last dimension."""

    refusal: Any
    log_refusal: Any
    mean: Any  # ports taken, on average
    exact: bool  # False: the approximation for reservation


def kaufman_roberts(ports: Any, loads: Any, sizes: Any, reserved: Any = 0) -> KaufmanRoberts:
    """The share of connections refused, a class: each takes `sizes` ports at once and is refused unless so many are free.

    loads, sizes, reserved: classes in the last dimension; further dimensions and `ports` by broadcasting. A class with `reserved`
    is also refused where fewer ports than that would stay free for the others: exact where all sizes are one and holds exponential with one
    mean (a line of states); else the result is Roberts' *approximation* (1983), and `exact` is False: a few per cent off mostly, 28 % where measured, and for narrow classes where a wide one keeps out of their
    way up to six times too low. ports: 0 to 2^26; loads: 0 to 1e12 connections; relative error about 1e-16 sqrt(ports); 1,032,192
    ports with 8 classes: 20 ms. J. S. Kaufman, IEEE Trans. Commun. 29 (1981) 1474; J. W. Roberts, 1981.
    A load in Erlang (its rate x mean hold). ValueError outside, with the class.
    """
    found = each("kaufman_roberts", _core.kaufman_roberts, 4, ("ports", ports, 0), *_classes("kaufman_roberts", loads, sizes, reserved))
    return KaufmanRoberts(found[0], found[1], found[2], bool(np.all(found[3])))


def reserved_sizes(ports: Any, loads: Any, sizes: Any, reserved: Any, holds: Any = 1) -> KaufmanRoberts:
    """What `kaufman_roberts` approximates where classes of several sizes reserve ports: the chain of all states, exact to some 1e-13.

    Poisson arrivals and exponential holds, whose means are `holds`, a class (in any unit; a class' load is its rate times its own): with
    reservation they matter. For small pools, as the states are how many of each class are live: with n of them, of which
    r have the same number of the class with the most levels, n x r^2 is at most 4e9 (some seconds) and n x r 1e7 (160 MB): 1,000 ports for
    sizes 1 and 8, 150 for 1, 4 and 8; else ValueError, and where a class is refused less often than 1e-250. W. K. Grassmann, M. I. Taksar, D. P. Heyman, Operations Research 33 (1985) 1107.
    loads, sizes, reserved, holds: classes in the last dimension; loads in Erlang, 0 to 1e12.
    """
    name = "reserved_sizes"
    loads, sizes, reserved = _classes(name, loads, sizes, reserved)
    means = np.broadcast_to(numbers(name, "holds", holds), np.broadcast_shapes(np.shape(holds), loads[1].shape[-1:]))
    found = each(name, _core.reserved_sizes, 4, ("ports", ports, 0), loads, sizes, reserved, ("holds", means, 1))
    return KaufmanRoberts(found[0], found[1], found[2], bool(np.all(found[3])))


def ports_for_sizes(loads: Any, sizes: Any, target: Any, reserved: Any = 0) -> Any:
    """The least number of ports with which every class is refused at most `target` (0 < target < 1): exact integers.

    Classes as in `kaufman_roberts`, one of load 0 too. Without `reserved` the first number that does; a
    port more may refuse more again, where sizes fit badly into it. With it, one that does where one port less does not. ValueError
    where 2^26 are too few. Some 35 µs for any number of ports; one pass over the states with `reserved`, or where few of the largest are live.
    Shapes as there; loads in Erlang. Source: `kaufman_roberts` inverted.
    """
    name = "ports_for_sizes"
    loads, sizes, reserved = _classes(name, loads, sizes, reserved)
    return each(name, _core.ports_for_sizes, 1, loads, sizes, ("target", target, 0), reserved)[0]


def scale_for_sizes(ports: Any, loads: Any, sizes: Any, target: Any, reserved: Any = 0) -> Any:
    """The most factor on all loads with which the worst class is refused at most `target`, to 1e-12. Classes as in `kaufman_roberts`.

    Some 30 to 40 µs for any number of ports; with `reserved` about ten times the work of that. ValueError where a class does not fit at all, or every load is 0.
    Shapes as there; 0 < target < 1. Source: `kaufman_roberts` inverted; on the side that meets the target.
    """
    name = "scale_for_sizes"
    loads, sizes, reserved = _classes(name, loads, sizes, reserved)
    return each(name, _core.scale_for_sizes, 1, ("ports", ports, 0), loads, sizes, ("target", target, 0), reserved)[0]


def _classes(function: str, loads: Any, sizes: Any, reserved: Any) -> tuple[tuple[str, Any, int], ...]:
    """The three together, classes in the last dimension, as `each` takes them."""
    names = ("loads", "sizes", "reserved")
    arrays = [np.atleast_1d(numbers(function, *given)) for given in zip(names, (loads, sizes, reserved), strict=True)]
    if arrays[0].shape == arrays[1].shape and arrays[2].shape == (1,):
        arrays[2] = np.full(arrays[0].shape, arrays[2][0])
    else:
        try:
            arrays = list(np.broadcast_arrays(*arrays))
        except ValueError:
            shapes = ", ".join(str(a.shape) for a in arrays)
            raise ValueError(f"{function}: the shapes of loads, sizes and reserved do not fit together: {shapes}") from None
    return tuple((name, array, 1) for name, array in zip(names, arrays, strict=True))
