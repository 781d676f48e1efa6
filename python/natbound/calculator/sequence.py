"""Limits that a connection meets one after another, and which of them refuses it. Part of `natbound.calculator`."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from natbound import _core
from natbound.calculator._each import numbers


class Refused(NamedTuple):
    """Shares of the connections that are tried."""

    refusal: float  # by any limit
    by_quota: float  # their subscriber has all the flows it may
    by_pool: float  # a block is needed, and none is left
    by_table: float  # the session table is full
    by_rate: float  # the bucket has no token


class LimitsInSequence(NamedTuple):
    refusal: float
    by_quota: float
    by_pool: float
    by_table: float
    by_rate: float
    classes: tuple[Refused, ...]  # of each class of subscribers
    exact: bool  # False with a rate
    low: Refused  # bounds of the six above: of each limit's share, and of refusal; without a rate the same
    high: Refused


def _numbers(name: str, value: Any) -> Any:
    return numbers("limits_in_sequence", name, value)


def _each(name: str, value: Any, count: int) -> list[float]:
    values = _numbers(name, value)
    if values.ndim > 1 or values.size not in (1, count):
        raise ValueError(f"limits_in_sequence: {name} = {value!r}: must be one number, or {count} as there are classes of subscribers")
    return [float(x) for x in np.broadcast_to(values, (count,))]


def _one(name: str, value: Any) -> float | None:
    return None if value is None else _each(name, value, 1)[0]


def limits_in_sequence(
    subscribers: Any,
    load: Any,
    *,
    quota: Any,
    block: int = 1,
    pool: int | None = None,
    table: int | None = None,
    rate: float | None = None,
    burst: int = 1,
    hold: Any = 1.0,
) -> LimitsInSequence:
    """Which limit refuses: the subscriber's quota, then the pool of port blocks, then the session table, then connections a second.

    subscribers, load (live flows each wants), quota (flows each may have), hold (mean, in the unit of time of rate): a number, or one for
    each class of subscribers. block: ports in a block; pool: blocks of all; table: flows of all; rate and burst: a token bucket. None: no
    such limit. Poisson arrivals. Exact for any law of holds without a rate (a product form: Kelly 1986; relative error 1e-12). With one the
    numbers are an estimate, as if the bucket were independent of what is live (M/D/1/burst): refusals together were within 3 % of
    simulations (15 % with constant holds), single shares up to 30 times too high (6,500 times with constant holds), as a bucket smooths what it lets in. The truth depends on the law of
    holds; `low` and `high` bound it (each limit refuses no more than alone; all no less than any alone; docs/calculator.md), and classes' shares
    are estimates without bounds. Flows fill a block before the next is taken. Work: classes x subscribers x (pool + 1) x (table + 1) x quota of what can bind, at most 2e10 (some 10 s).
    ValueError outside of these.
    """
    columns = (("subscribers", subscribers), ("load", load), ("quota", quota), ("hold", hold))
    sizes = [_numbers(name, value).size for name, value in columns]
    rows = list(zip(*(_each(name, value, max(1, *sizes)) for name, value in columns), strict=True))
    lists = [size > 1 for size in sizes]
    everyone, classes, exact, low, high = _core.limits_in_sequence(
        rows, lists, _each("block", block, 1)[0], _one("pool", pool), _one("table", table), _one("rate", rate), _each("burst", burst, 1)[0]
    )
    refusal, by_quota, by_pool, by_table, by_rate = everyone
    each = tuple(Refused(*one) for one in classes)
    return LimitsInSequence(refusal, by_quota, by_pool, by_table, by_rate, each, exact, Refused(*low), Refused(*high))
