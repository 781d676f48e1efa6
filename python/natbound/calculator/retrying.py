"""Clients that try again when refused."""

from __future__ import annotations

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
    backoff: Any = 1,
    factor: Any = 2,
    most_backoff: Any = 1e300,
    search_tries: Any = 0,
) -> Retries:
    """The fixed point of A = load x (attempts a connection makes if `erlang_b(ports, A)` of them are refused). Relative error 1e-12.

    With `search_tries` the NAT gives up after so many random ports: `refusal_probability(ports, search_tries, A)` instead.

    Up to `tries` attempts (0: without end), each next one with probability `persistence`, after a mean wait of `backoff`, then `factor`
    times that and so on up to `most_backoff`, in any unit of time, which is `mean_delay`'s. load: of connections, 0 to 1e12; below
    `ports` where all persist without end. `tries=0` is the "extended Erlang B" of the tables.

    Right where back-offs are long and spread (jitter): 10 ports, load 8, 3 tries, mean back-off 40 holds, simulated: 1.2 % fail (here
    1.1 %); with constant back-offs those refused together come back together, and 2.8 % fail; short ones do worse.
    """
    return Retries(*_core.retries(ports, load, tries, persistence, backoff, factor, most_backoff, search_tries))
