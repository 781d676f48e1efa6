"""The formulas, named as the teletraffic field names them. All take scalars or arrays (NumPy broadcasting) and return the same.

`ports`: tuples open towards one destination. `load`: offered load in Erlang, rate x mean hold, the mean number live if
nothing were refused. Arguments that are NaN, negative or out of range raise ValueError with the argument, its value and the rule.
"""

from __future__ import annotations

from typing import Any

from natbound import _core
from natbound.day import Day, DayChain, DayRefusals, Moment
from natbound.limits import (
    BlockRefusals,
    Connections,
    EvictingTable,
    QueueAnswer,
    blocks_for,
    blocks_refused,
    eviction_exact,
    finite_queue,
    poisson_tail,
    room_for,
    subscribers_for,
)
from natbound.over_time import (
    first_passage_cdf,
    first_passage_mean,
    first_passage_quantile,
    first_passage_survival,
    log_first_passage_mean,
    log_first_passage_quantile,
    log_transient_full_probability,
    transient_at_least,
    transient_full_probability,
    transient_law,
    transient_mean,
    transient_quantile,
)

__all__ = [
    "BlockRefusals",
    "Connections",
    "Day",
    "DayChain",
    "DayRefusals",
    "EvictingTable",
    "Moment",
    "QueueAnswer",
    "blocks_for",
    "blocks_refused",
    "erlang_b",
    "eviction_exact",
    "finite_queue",
    "first_passage_cdf",
    "first_passage_mean",
    "first_passage_quantile",
    "first_passage_survival",
    "load_for",
    "load_for_attempts",
    "log_erlang_b",
    "log_first_passage_mean",
    "log_first_passage_quantile",
    "log_transient_full_probability",
    "poisson_tail",
    "ports_for",
    "refusal_probability",
    "room_for",
    "subscribers_for",
    "time_to_first_refusal",
    "time_to_full",
    "transient_at_least",
    "transient_full_probability",
    "transient_law",
    "transient_mean",
    "transient_quantile",
]


def erlang_b(ports: Any, load: Any) -> Any:
    """Erlang's loss formula: the probability that a new connection finds every port busy (complete search).

    ports: 0 to 4,194,304, real numbers allowed; load: 0 to 1e8. Relative error at most 1e-13 above 1e-300 (tests/reference). A. K. Erlang, 1917.
    """
    return _core.erlang_b(ports, load)


def log_erlang_b(ports: Any, load: Any) -> Any:
    """The natural logarithm of `erlang_b`, right to 1e-13 of itself, also where that is below the smallest double."""
    return _core.log_erlang_b(ports, load)


def load_for(ports: Any, target: Any) -> Any:
    """The most load that `ports` carry with a refusal probability of at most `target` (0 < target < 1), to 1e-12."""
    return _core.load_for(ports, target)


def ports_for(load: Any, target: Any) -> Any:
    """The least number of ports that carry `load` with a refusal probability of at most `target`: exact integers."""
    return _core.ports_for(load, target)


def refusal_probability(ports: Any, tries: Any, load: Any) -> Any:
    """The refusal probability of a NAT that draws `tries` independent ports (with replacement) and then gives up.

    The exact stationary chain with arrivals load x (1 - (n / ports)^tries) and departures n. ports: 1 to 1,048,576.
    """
    return _core.refusal_probability(ports, tries, load)


def load_for_attempts(ports: Any, tries: Any, target: Any) -> Any:
    """The most load with `refusal_probability(ports, tries, load) <= target`."""
    return _core.load_for_attempts(ports, tries, target)


def time_to_full(ports: Any, load: Any) -> Any:
    """The mean time from empty until all ports are busy, in units of the mean hold (exponential holds)."""
    return _core.time_to_full(ports, load)


def time_to_first_refusal(ports: Any, load: Any) -> Any:
    """The mean time from empty until the first refusal, in units of the mean hold (exponential holds, complete search)."""
    return _core.time_to_first_refusal(ports, load)
