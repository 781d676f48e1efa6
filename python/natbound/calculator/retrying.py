"""Clients that try again when refused."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

from natbound import _core


class Retries(NamedTuple):
    attempt_load: Any  # attempts a unit of time x mean hold
    attempt_refusal: Any  # share of attempts refused
    connection_failure: Any  # share of connections none of whose attempts came in
    attempts: Any  # mean number of attempts a connection
    mean_delay: Any  # from first attempt to success, over those that succeed
    carried: Any  # mean number of live connections


def retries(
    ports: Any,
    load: Any,
    *,
    tries: Any = 3,
    persistence: Any = 1,
    backoff: Any = math.inf,
    factor: Any = 2,
    most_backoff: Any = 1e300,
    jitter: Any = 0,
    hold: Any = 1,
    search_tries: Any = 0,
) -> Retries:
    """The fixed point of A = load x (attempts a connection makes if `erlang_b(ports, A)` of them are refused), found to 1e-12 of itself.

    With `search_tries` the NAT gives up after so many random ports: `refusal_probability(ports, search_tries, A)` instead.

    Up to `tries` attempts (0: without end), each next one with probability `persistence`, after a mean wait of `backoff`, then `factor`
    times that and so on up to `most_backoff`, each within its share `jitter` (0 to 1) on either side, in the unit of `hold`, the mean
    hold, and of `mean_delay`. load: of connections, 0 to 1e12; below `ports` where all persist without end. `tries=0` is the "extended
    Erlang B" of the tables. Without a `backoff` this is the limit of long and spread ones (`mean_delay` is then infinite).

    Each try is taken to meet the ports as a stranger would. So a finite `backoff` must be spread over so long that those refused together do
    not meet again: backoff x jitter at least 4 holds, and long beside the swings that come back with those refused, the more so the more tries
    have the same back-off; else `ValueError`: this formula would be wrong by more than a tenth, up to orders of magnitude (1,000 ports, load
    985, a SYN and six more after 1, 2, 4 ... s, holds of 60 s: 0.3 % fail, not 1e-9; 10 ports, load 9, 20 tries 9 holds apart: 32 times as many
    fail). `natbound simulate --tries`, `Scenario.simulate(tries=...)` count those. Given, it is within some 10 % (docs/calculator.md, "Retries").
    Scalars or arrays, which broadcast; load in Erlang. ports: 0 to 1e15; tries: to 1,000,000; persistence: 0 to 1. Source: a fixed point of `erlang_b`.
    """
    return Retries(*_core.retries(ports, load, tries, persistence, backoff, factor, most_backoff, jitter, hold, search_tries))


def load_for_retries(ports: Any, target: Any, *, tries: Any = 3, persistence: Any = 1) -> Any:
    """The most load of connections with `retries(...).connection_failure <= target` (0 < target < 1), to 1e-12, with no `backoff`: some µs.

    tries: 1 to 1e6, or 0 (without end) where persistence < 1. ports: 0 to 1e12.
    Scalars or arrays, which broadcast; load in Erlang; ValueError outside. Source: `retries` inverted.
    """
    return _core.load_for_retries(ports, target, tries, persistence)


def ports_for_retries(load: Any, target: Any, *, tries: Any = 3, persistence: Any = 1) -> Any:
    """The fewest ports with `retries(...).connection_failure <= target` (0 < target < 1), exact by the formula. load: 0 to 1e12.

    Scalars or arrays, which broadcast; load in Erlang; tries, persistence as in `load_for_retries`; ValueError outside. Source: `retries`
    inverted.
    """
    return _core.ports_for_retries(load, target, tries, persistence)


def tries_for_retries(ports: Any, load: Any, target: Any, *, persistence: Any = 1) -> Any:
    """The fewest tries a connection with `retries(...).connection_failure <= target` (0 < target < 1), exact by the formula.

    ValueError where a million do not do: what the ports cannot carry fails however often it tries, and so does what gives up.
    Scalars or arrays, which broadcast; load in Erlang, 0 to 1e12; ports: 0 to 1e12; persistence: 0 to 1. Source: `retries` inverted.
    """
    return _core.tries_for_retries(ports, load, target, persistence)
