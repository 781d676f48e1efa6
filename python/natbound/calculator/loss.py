"""Loss: connections that find no port are refused and gone."""

from __future__ import annotations

from typing import Any

from natbound import _core


def erlang_b(ports: Any, load: Any) -> Any:
    """Erlang's loss formula: the probability that a new connection finds every port busy (complete search).

    ports: 0 to 4,194,304, real numbers allowed; load: 0 to 1e8. Relative error at most 1e-13 above 1e-300 (tests/reference). A. K. Erlang, 1917.
    Scalars or arrays, which broadcast; load in Erlang (rate x mean hold), the result a share of connections. Beyond what was measured to
    1e300; ValueError outside.
    """
    return _core.erlang_b(ports, load)


def log_erlang_b(ports: Any, load: Any) -> Any:
    """The natural logarithm of `erlang_b`, right to 1e-13 of itself, also where that is below the smallest double.

    Scalars or arrays, which broadcast; load in Erlang. ports, load: 0 to 1e300 (measured to 4,194,304 and 1e8); ValueError outside. Source:
    as of `erlang_b`.
    """
    return _core.log_erlang_b(ports, load)


def erlang_b_load_derivative(ports: Any, load: Any) -> Any:
    """d `erlang_b` / d load = B (c - a + a B) / a, without its cancellation in overload. load above 0. Relative error 2e-13.

    Scalars or arrays, which broadcast; per Erlang. ports, load: 0 to 1e300 (measured to 4,194,304 and 1e8); ValueError outside. D. L.
    Jagerman, Bell System Technical Journal 53 (1974) 525.
    """
    return _core.erlang_b_load_derivative(ports, load)


def erlang_b_ports_derivative(ports: Any, load: Any) -> Any:
    """d `erlang_b` / d ports (below 0): what a port more is worth. load above 0. Relative error 1e-12.

    Scalars or arrays, which broadcast; per port. ports, load: 0 to 1e300 (measured to 4,194,304 and 1e8); ValueError outside. D. L.
    Jagerman, Bell System Technical Journal 53 (1974) 525.
    """
    return _core.erlang_b_ports_derivative(ports, load)


def log_erlang_b_load_derivative(ports: Any, load: Any) -> Any:
    """d `log_erlang_b` / d load, which keeps its digits where `erlang_b` is 0. load above 0. Relative error 3e-13.

    Scalars or arrays, which broadcast; per Erlang. ports, load: 0 to 1e300 (measured to 4,194,304 and 1e8); ValueError outside. D. L.
    Jagerman, Bell System Technical Journal 53 (1974) 525.
    """
    return _core.log_erlang_b_load_derivative(ports, load)


def log_erlang_b_ports_derivative(ports: Any, load: Any) -> Any:
    """d `log_erlang_b` / d ports: minus the mean of log(G/load), G gamma with shape ports + 1 and G > load. Relative error 1e-12.

    Scalars or arrays, which broadcast; per port. ports, load: 0 to 1e300 (measured to 4,194,304 and 1e8); ValueError outside. D. L.
    Jagerman, Bell System Technical Journal 53 (1974) 525.
    """
    return _core.log_erlang_b_ports_derivative(ports, load)


def load_for(ports: Any, target: Any) -> Any:
    """The most load that `ports` carry with a refusal probability of at most `target` (0 < target < 1), to 1e-12.

    Scalars or arrays, which broadcast; load in Erlang. ports: 0 (no load) to 1e15; ValueError outside. Source: `erlang_b` inverted; on the
    side that meets the target.
    """
    return _core.load_for(ports, target)


def ports_for(load: Any, target: Any) -> Any:
    """The least number of ports that carry `load` with a refusal probability of at most `target`: exact integers.

    Scalars or arrays, which broadcast; load in Erlang, 0 to 1e12; 0 < target <= 1; ValueError outside. Source: `erlang_b` inverted,
    decided by itself.
    """
    return _core.ports_for(load, target)


def refusal_probability(ports: Any, tries: Any, load: Any, *, with_replacement: Any = True) -> Any:
    """The refusal probability of a NAT that draws `tries` ports at random and then gives up.

    The exact stationary chain with arrivals load x (1 - r(n)) and departures n, where r(n) = (n / ports)^tries, or C(n, tries) /
    C(ports, tries) where no port is drawn twice (`with_replacement` False). ports: 1 to 1,048,576. Relative error about 1e-12.
    Scalars or arrays, which broadcast; load in Erlang, 0 or more; tries: 1 or more; ports to 2^32; ValueError outside. R. W. Wolff, Oper.
    Res. 30 (1982) 223; F. P. Kelly, 1979, ch. 3.
    """
    return _core.refusal_probability(ports, tries, load, with_replacement)


def log_refusal_probability(ports: Any, tries: Any, load: Any, *, with_replacement: Any = True) -> Any:
    """The natural logarithm of `refusal_probability`, where that is below the least double too.

    Scalars or arrays, which broadcast; arguments, domain, errors (ValueError) and accuracy (1e-12 of itself or of 1) as of
    `refusal_probability`, and so the source.
    """
    return _core.log_refusal_probability(ports, tries, load, with_replacement)


def load_for_attempts(ports: Any, tries: Any, target: Any, *, with_replacement: Any = True) -> Any:
    """The most load with `refusal_probability(ports, tries, load) <= target`.

    Scalars or arrays, which broadcast; load in Erlang, to 1e-11 of itself; ports: 1 to 2^32; tries: 1 or more; 0 < target < 1; ValueError
    outside. Source: `refusal_probability` inverted.
    """
    return _core.load_for_attempts(ports, tries, target, with_replacement)


def time_to_full(ports: Any, load: Any) -> Any:
    """The mean time from empty until all ports are busy, in units of the mean hold (exponential holds).

    Some 18 ns a port (a minute at 2^32), which Ctrl-C stops.
    Scalars or arrays, which broadcast; load in Erlang, above 0; ports: 0 to 2^32; ValueError outside; infinity beyond 1e308. Relative error
    1e-12. J. Keilson, Markov Chain Models, 1979.
    """
    return _core.time_to_full(ports, load)


def time_to_first_refusal(ports: Any, load: Any) -> Any:
    """The mean time from empty until the first refusal, in units of the mean hold (exponential holds, complete search).

    Some 18 ns a port (a minute at 2^32), which Ctrl-C stops.
    Scalars or arrays, which broadcast; load in Erlang, above 0; ports: 0 to 2^32; ValueError outside; infinity beyond 1e308. Relative error
    1e-12. J. Keilson, Markov Chain Models, 1979.
    """
    return _core.time_to_first_refusal(ports, load)
