"""When ports run out, and what follows a change: the formulas of `natbound.calculator` that have a time in them.

Unit of time: the mean hold. Arrivals are Poisson, holds exponential, the search complete; all take scalars or arrays by broadcasting.
`start` is a number of live flows, or "stationary". Bad arguments raise ValueError with argument, value and rule, and the index in arrays.
"""

from __future__ import annotations

from typing import Any, Literal

from natbound import _core

Event = Literal["full", "refusal"]
STATIONARY = -5e-324  # what the extension is given for "stationary"


def _start(function: str, start: Any) -> Any:
    if isinstance(start, str):
        if start != "stationary":
            raise ValueError(f'{function}: start = {start!r}: must be a number of flows, or "stationary"')
        return STATIONARY
    return start


def _whole(x: Any) -> Any:
    return x.astype("int64") if hasattr(x, "astype") else int(x)


def _how(function: str, start: Any, event: str) -> tuple[Any, bool]:
    if not isinstance(event, str) or event not in ("full", "refusal"):
        raise ValueError(f'{function}: event = {event!r}: must be "full" (all ports busy) or "refusal" (the first connection refused)')
    return _start(function, start), event == "full"


def first_passage_mean(ports: Any, load: Any, *, start: Any = 0, event: Event = "refusal") -> Any:
    """The mean time to the first refusal, or until all ports are busy. Infinity beyond 1e308: take `log_first_passage_mean`.

    ports: 0 to 4,194,304; load: above 0, at most 1e12; start: at most ports. Relative error 1e-12.
    The sum over states n of P(start <= n) times the mean time from n to n + 1 (Keilson, Markov Chain Models, 1979).
    Scalars or arrays, which broadcast; in mean holds; load in Erlang; ValueError outside.
    """
    return _core.first_passage_mean("first_passage_mean", ports, load, *_how("first_passage_mean", start, event), False)


def log_first_passage_mean(ports: Any, load: Any, *, start: Any = 0, event: Event = "refusal") -> Any:
    """The natural logarithm of `first_passage_mean`, finite however long that is.

    Scalars or arrays, which broadcast; of mean holds; domain, errors (ValueError) and source as there; to 1e-12.
    """
    return _core.first_passage_mean("log_first_passage_mean", ports, load, *_how("log_first_passage_mean", start, event), True)


def first_passage_cdf(ports: Any, load: Any, time: Any, *, start: Any = 0, event: Event = "refusal") -> Any:
    """The probability that it has happened by `time`. Relative error 1e-11, also where it is 1e-200; 65,536 ports: 20 to 80 ms.

    Scalars or arrays, which broadcast; time in mean holds, 0 or more; load in Erlang; domain and errors (ValueError) as of
    `first_passage_mean`. Source: J. Keilson, Markov Chain Models,
    1979, ch. 5, its transform inverted numerically.
    """
    return _core.first_passage_cdf("first_passage_cdf", ports, load, time, *_how("first_passage_cdf", start, event), False)


def first_passage_survival(ports: Any, load: Any, time: Any, *, start: Any = 0, event: Event = "refusal") -> Any:
    """The probability that it has not happened by `time`, with the same relative error (1e-11): nothing cancels next to 0.

    Scalars or arrays, which broadcast; units, domain, errors (ValueError) and source as of `first_passage_cdf`.
    """
    return _core.first_passage_cdf("first_passage_survival", ports, load, time, *_how("first_passage_survival", start, event), True)


def first_passage_quantile(ports: Any, load: Any, p: Any, *, start: Any = 0, event: Event = "refusal") -> Any:
    """The time by which it has happened with probability `p` (0 <= p < 1), to 1e-9 of itself. Infinity beyond 1e308.

    Scalars or arrays, which broadcast; in mean holds; domain, errors (ValueError) and source as of `first_passage_cdf`.
    """
    return _core.first_passage_quantile("first_passage_quantile", ports, load, p, *_how("first_passage_quantile", start, event), False)


def log_first_passage_quantile(ports: Any, load: Any, p: Any, *, start: Any = 0, event: Event = "refusal") -> Any:
    """The natural logarithm of `first_passage_quantile`; -infinity where that is 0.

    Scalars or arrays, which broadcast; of mean holds; domain, errors (ValueError), accuracy (1e-9 of the time) and source as of
    `first_passage_quantile`.
    """
    return _core.first_passage_quantile(
        "log_first_passage_quantile", ports, load, p, *_how("log_first_passage_quantile", start, event), True
    )


def _old(function: str, ports: Any, load: Any, start: Any, start_load: Any, start_ports: Any) -> tuple[Any, Any, Any]:
    """What the start is, from either of the ways to say it: so many live, or a stationary law before the change."""
    for name, given in (("start_load", start_load), ("start_ports", start_ports)):
        if given is not None and start is not None and not isinstance(start, str):
            raise ValueError(f"{function}: {name} = {given}: is of a stationary start, and start = {start} is another: give one of the two")
    begin = STATIONARY if start_load is not None and start is None else _start(function, 0 if start is None else start)
    return begin, ports if start_ports is None else start_ports, load if start_load is None else start_load


def transient_full_probability(
    ports: Any, load: Any, time: Any, *, start: Any = None, start_load: Any = None, start_ports: Any = None
) -> Any:
    """The probability that a connection arriving at `time` after a change is refused (all ports busy).

    load and ports are those after the change, time in mean holds after it. Before it: `start` live flows (0 if nothing is said), or the
    stationary law of `start_load` on `start_ports` (as now, unless said; at most ports). A new timeout acts on old flows too: holds have
    no memory. Absolute error 1e-11, relative 1e-10; far below what it was at the start, where steps are too many (3e8 / ports), the absolute
    one alone. 65,536 ports: 20 to 70 ms; steps take up to some seconds.
    Scalars or arrays, which broadcast; load in Erlang, above 0, to 1e12; ports: 1 to 4,194,304; time: 0 or more; ValueError outside.
    Source: J. Keilson, Markov Chain Models, 1979, ch. 5,
    its transform inverted numerically.
    """
    return _core.transient_full_probability(
        ports, load, time, *_old("transient_full_probability", ports, load, start, start_load, start_ports)
    )


def log_transient_full_probability(
    ports: Any, load: Any, time: Any, *, start: Any = None, start_load: Any = None, start_ports: Any = None
) -> Any:
    """The natural logarithm of `transient_full_probability`, also where that is below the least double; to 1e-10, and 1e-6 at worst.

    Scalars or arrays, which broadcast; units, domain, errors (ValueError) and source as of `transient_full_probability`; ValueError also where
    only its absolute error is known.
    """
    return _core.log_transient_full_probability(
        ports, load, time, *_old("log_transient_full_probability", ports, load, start, start_load, start_ports)
    )


def transient_mean(ports: Any, load: Any, time: Any, *, start: Any = None, start_load: Any = None, start_ports: Any = None) -> Any:
    """The mean number of live flows at `time` after a change; arguments as in `transient_full_probability`. To 1e-11 of itself or of the load.

    Scalars or arrays, which broadcast; load in Erlang, time in mean holds; ValueError outside. Source: as of `transient_full_probability`.
    """
    return _core.transient_mean(ports, load, time, *_old("transient_mean", ports, load, start, start_load, start_ports))


def transient_quantile(
    ports: Any, load: Any, time: Any, p: Any, *, start: Any = None, start_load: Any = None, start_ports: Any = None
) -> Any:
    """The least number n of live flows with P(N(time) <= n) >= p; start_ports may exceed ports (then from `transient_law`).

    Scalars or arrays, which broadcast; arguments, domain, errors (ValueError) and source as of `transient_full_probability`; p: 1e-10 to 1,
    or 0; exact but for chances within 1e-10 of p.
    """
    return _whole(_core.transient_quantile(ports, load, time, p, *_old("transient_quantile", ports, load, start, start_load, start_ports)))


def transient_at_least(
    ports: Any, load: Any, time: Any, flows: Any, *, start: Any = None, start_load: Any = None, start_ports: Any = None
) -> Any:
    """P(N(time) >= flows) after a change: how likely it is that so many are live. Absolute error 1e-10; 65,536 ports: 50 to 150 ms.

    Scalars or arrays, which broadcast; arguments, domain, errors (ValueError) and source as of `transient_full_probability`; flows: 0 or
    more.
    """
    return _core.transient_at_least(ports, load, time, flows, *_old("transient_at_least", ports, load, start, start_load, start_ports))


def transient_law(
    ports: int, load: float, time: float, *, start: Any = None, start_load: float | None = None, start_ports: int | None = None
) -> tuple[Any, float]:
    """(chances of 0, 1, ... ports live flows at `time` after a change, error bound), scalars only; start, start_load and start_ports as in `transient_mean`, but that start_ports may exceed ports (the chances then go on to the most at the start).

    By uniformization (Jensen 1953; Fox and Glynn 1988), so a second opinion on the functions above: relative error below 1e-6 down to
    1e-30; what is below 1e-60 is cut off, to 0. time x (load + ports) at most 1e8. Some 0.5 s a hold at 65,536 ports.
    load in Erlang, above 0, to 1e12; time in mean holds; ports: 1 to 4,194,304; ValueError outside.
    """
    return _core.transient_law(ports, load, time, *_old("transient_law", ports, load, start, start_load, start_ports))
