"""What meets a target: the inverses beside `load_for`, `ports_for` and their `_waiting` kin. Whole numbers are exact."""

from __future__ import annotations

from typing import Any

from natbound import _core


def real_ports_for(load: Any, target: Any) -> Any:
    """The number of ports, as a real number, with `erlang_b(ports, load) = target`, to 1e-12: for what is rounded later.

    load: 1e-300 to 1e12; 0 < target <= 1.
    Scalars or arrays, which broadcast; load in Erlang; ValueError outside. Source: `erlang_b` inverted.
    """
    return _core.real_ports_for(load, target)


def real_ports_for_waiting(load: Any, target: Any) -> Any:
    """The number of ports, as a real number above the load, with `erlang_c(ports, load) = target`, to 1e-12. Domain as above.

    Scalars or arrays, which broadcast; load in Erlang, 1e-300 to 1e12; 0 < target <= 1 (0 ports for 1); ValueError outside. Source:
    `erlang_c` inverted.
    """
    return _core.real_ports_for_waiting(load, target)


def rate_for(ports: Any, hold: Any, target: Any) -> Any:
    """The most new connections a unit of time, for a mean hold in the same unit: `load_for(ports, target) / hold`. To 1e-12.

    Scalars or arrays, which broadcast. ports: 0 to 1e15; hold above 0; 0 < target < 1; ValueError outside. Source: `erlang_b` inverted.
    """
    return _core.rate_for(ports, hold, target)


def hold_for(ports: Any, rate: Any, target: Any) -> Any:
    """The longest mean hold (in the unit of time of the rate): `load_for(ports, target) / rate`. To 1e-12.

    Scalars or arrays, which broadcast. ports: 0 to 1e15; rate above 0; 0 < target < 1; ValueError outside. Source: `erlang_b` inverted.
    """
    return _core.hold_for(ports, rate, target)


def rate_for_waiting(ports: Any, hold: Any, target: Any) -> Any:
    """The most rate of which at most a share `target` waits (Erlang C).

    Scalars or arrays, which broadcast; connections in the unit of time of the hold. ports: 0 to 1e15; hold above 0; 0 < target < 1;
    ValueError outside. To 1e-12. Source: `erlang_c` inverted.
    """
    return _core.rate_for_waiting(ports, hold, target)


def hold_for_waiting(ports: Any, rate: Any, target: Any) -> Any:
    """The longest mean hold with which at most a share `target` waits (Erlang C).

    Scalars or arrays, which broadcast; in the unit of time of the rate. ports: 0 to 1e15; rate above 0; 0 < target < 1; ValueError outside.
    To 1e-12. Source: `erlang_c` inverted.
    """
    return _core.hold_for_waiting(ports, rate, target)


def tries_for(ports: Any, load: Any, target: Any, *, with_replacement: Any = True) -> Any:
    """The fewest independent random tries with `refusal_probability(ports, tries, load) <= target`.

    A port may be drawn twice unless `with_replacement` is False. Erlang B is the limit of many tries: where that is above
    `target`, no number will do, and ValueError says so. ports: 1 to 2^32.
    Scalars or arrays, which broadcast; load in Erlang, 0 or more; 0 < target <= 1; ValueError outside. Exact: decided by
    `refusal_probability`, its source.
    """
    return _core.tries_for(ports, load, target, with_replacement)


def addresses_for(load: Any, ports: Any, target: Any, *, shared: Any = False) -> Any:
    """The fewest external addresses of `ports` ports each that refuse at most `target` of `load`.

    Flows are bound to one address each, evenly, and refused where that is full; `shared`: any flow may use any address.
    load: 0 to 1e12; ports: 1 to 2^32.
    Scalars or arrays, which broadcast; load in Erlang; 0 < target <= 1; ValueError outside. Exact: decided by `erlang_b`, its source.
    """
    return _core.addresses_for(load, ports, target, shared)


def addresses_for_waiting(load: Any, ports: Any, target: Any, *, shared: Any = False) -> Any:
    """The fewest addresses of which at most a share `target` of `load` waits (Erlang C): one line an address, or one for all (`shared`).

    Scalars or arrays, which broadcast; load in Erlang, 0 to 1e12; ports: 1 to 2^32; 0 < target <= 1; ValueError outside. Exact: decided by
    `erlang_c`, its source.
    """
    return _core.addresses_for_waiting(load, ports, target, shared)
