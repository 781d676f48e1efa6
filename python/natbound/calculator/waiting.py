"""Delay: connections that find no port wait in line for one (Erlang C). First come, first served; exponential holds."""

from __future__ import annotations

from typing import Any

from natbound import _core


def erlang_c(ports: Any, load: Any) -> Any:
    """Erlang's delay formula: the probability that a connection has to wait. 1 for load >= ports, where the line grows without end.

    ports: 0 to 1e300, real numbers allowed; load: 0 to 1e300. Relative error at most 1e-13 above 1e-300 (tests/reference,
    ports to 4,194,304). A. K. Erlang, 1917; R. B. Cooper, Introduction to Queueing Theory, 1981, 3.5.
    Scalars or arrays, which broadcast; load in Erlang; ValueError outside.
    """
    return _core.erlang_c(ports, load)


def log_erlang_c(ports: Any, load: Any) -> Any:
    """The natural logarithm of `erlang_c`, right to 1e-13 of itself, also where that is below the smallest double.

    Scalars or arrays, which broadcast; load in Erlang; domain, errors (ValueError) and source as of `erlang_c`; -inf for load 0 with ports.
    """
    return _core.log_erlang_c(ports, load)


def erlang_c_wait(ports: Any, load: Any) -> Any:
    """The mean wait over all connections, in units of the mean hold: C / (ports - load). Infinite for load >= ports.

    Scalars or arrays, which broadcast; load in Erlang. ports, load: 0 to 1e300; ValueError outside. Relative error 1e-13, of C. Source: as
    of `erlang_c`.
    """
    return _core.erlang_c_wait(ports, load)


def log_erlang_c_load_derivative(ports: Any, load: Any) -> Any:
    """d `log_erlang_c` / d load; 0 for load >= ports. load above 0. Relative error 1e-12.

    Scalars or arrays, which broadcast; per Erlang; ports, load: to 1e300; ValueError outside. Source: `erlang_c`, differentiated.
    """
    return _core.log_erlang_c_load_derivative(ports, load)


def log_erlang_c_ports_derivative(ports: Any, load: Any) -> Any:
    """d `log_erlang_c` / d ports; 0 for load >= ports. load above 0. Relative error 1e-12.

    Scalars or arrays, which broadcast; per port; ports, load: to 1e300; ValueError outside. Source: `erlang_c`, differentiated.
    """
    return _core.log_erlang_c_ports_derivative(ports, load)


def load_for_waiting(ports: Any, target: Any) -> Any:
    """The most load of which at most a share `target` waits (0 < target < 1), to 1e-12 of itself. ports: 0 to 1e15.

    Scalars or arrays, which broadcast; load in Erlang; ValueError outside. Source: `erlang_c` inverted; on the side that meets the target.
    """
    return _core.load_for_waiting(ports, target)


def ports_for_waiting(load: Any, target: Any) -> Any:
    """The least number of ports with `erlang_c(ports, load) <= target`: exact integers. load: 0 to 1e12; 0 < target <= 1.

    Scalars or arrays, which broadcast; load in Erlang; ValueError outside. Source: `erlang_c` inverted, decided by itself.
    """
    return _core.ports_for_waiting(load, target)
