"""Finitely many sources (T. O. Engset, 1918): each idle source opens connections at rate alpha / (mean hold), a busy one none.

*Time congestion* is the share of time with all ports busy; *call congestion* the share of attempts refused, which is what users see.
An attempt sees the system without its own source: call congestion of N sources = time congestion of N - 1. With few sources they differ
by far; R's `queueing::Engset` calls the former "probability of blocking". Any laws of holds and idle times: only their means count.

sources: 1 to 1e7; ports: 0 to 2^32; alpha: 0 to 1e100. Relative error at most 1e-12 (of the logarithm below 1e-300).

The `..._for_engset` are inverses for a `target`, between 0 and 1, of the call congestion, or with `time=True` of the time congestion:
whole numbers exact, loads to 1e-12 and on the side that meets it; ValueError where nothing meets it, or everything does.
"""

from __future__ import annotations

from typing import Any

from natbound import _core


def engset_time_congestion(sources: Any, ports: Any, alpha: Any) -> Any:
    """The share of time with all ports busy.

    Scalars or arrays, which broadcast. alpha: load of an idle source (its rate x the mean hold), 0 to 1e100; sources: 1 to 1e7; ports: 0 to
    2^32; ValueError outside. Relative error 1e-12 above 1e-300; any law of holds. T. O. Engset, 1918.
    """
    return _core.engset_time_congestion(sources, ports, alpha)


def engset_call_congestion(sources: Any, ports: Any, alpha: Any) -> Any:
    """The share of attempts refused; 0 where there are as many ports as sources.

    Scalars or arrays, which broadcast. alpha: load of an idle source (its rate x the mean hold), 0 to 1e100; sources: 1 to 1e7; ports: 0 to
    2^32; ValueError outside. Relative error 1e-12 above 1e-300; any law of holds. T. O. Engset, 1918.
    """
    return _core.engset_call_congestion(sources, ports, alpha)


def log_engset_time_congestion(sources: Any, ports: Any, alpha: Any) -> Any:
    """The natural logarithm of `engset_time_congestion`.

    Scalars or arrays, which broadcast; units, domain and errors (ValueError) as there; to 1e-12 of itself. T. O. Engset, 1918.
    """
    return _core.log_engset_time_congestion(sources, ports, alpha)


def log_engset_call_congestion(sources: Any, ports: Any, alpha: Any) -> Any:
    """The natural logarithm of `engset_call_congestion`; -inf where nothing is ever refused.

    Scalars or arrays, which broadcast; units, domain and errors (ValueError) as there; to 1e-12 of itself. T. O. Engset, 1918.
    """
    return _core.log_engset_call_congestion(sources, ports, alpha)


def ports_for_engset(sources: Any, alpha: Any, target: Any, *, time: Any = False) -> Any:
    """The least number of ports with a congestion of at most `target`: exact integers.

    Scalars or arrays, which broadcast; units and domain as of `engset_call_congestion` (`time`: `engset_time_congestion`), its source; 0 <
    target < 1; ValueError outside, and where nothing meets it.
    """
    return _core.ports_for_engset(sources, alpha, target, time)


def load_for_engset(sources: Any, ports: Any, target: Any, *, time: Any = False) -> Any:
    """The most load of an idle source, alpha, with a congestion of at most `target`. ports: fewer than sources (`time`: or as many).

    Scalars or arrays, which broadcast; to 1e-12; units and domain as of `engset_call_congestion` (`time`: `engset_time_congestion`), its
    source; 0 < target < 1; ValueError outside.
    """
    return _core.load_for_engset(sources, ports, target, time)


def rate_for_engset(sources: Any, ports: Any, hold: Any, target: Any, *, time: Any = False) -> Any:
    """The most rate at which an idle source may open connections of that mean hold: `load_for_engset` / hold.

    Scalars or arrays, which broadcast; in the unit of time of the hold (above 0); to 1e-12; domain and errors (ValueError) as of
    `load_for_engset`. Source: T. O. Engset, 1918.
    """
    return _core.rate_for_engset(sources, ports, hold, target, time)


def hold_for_engset(sources: Any, ports: Any, rate: Any, target: Any, *, time: Any = False) -> Any:
    """The longest mean hold where an idle source opens connections at that rate: `load_for_engset` / rate.

    Scalars or arrays, which broadcast; in the unit of time of the rate (above 0); to 1e-12; domain and errors (ValueError) as of
    `load_for_engset`. Source: T. O. Engset, 1918.
    """
    return _core.hold_for_engset(sources, ports, rate, target, time)


def sources_for_engset(ports: Any, alpha: Any, target: Any, *, time: Any = False) -> Any:
    """The most sources (1 to 1e7) with a congestion of at most `target`: exact integers.

    Scalars or arrays, which broadcast; alpha, ports and target as in `ports_for_engset`; ValueError outside, and where none or all of them
    meet it. Source: T. O. Engset, 1918.
    """
    return _core.sources_for_engset(ports, alpha, target, time)
