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
    """The share of time with all ports busy."""
    return _core.engset_time_congestion(sources, ports, alpha)


def engset_call_congestion(sources: Any, ports: Any, alpha: Any) -> Any:
    """The share of attempts refused; 0 where there are as many ports as sources."""
    return _core.engset_call_congestion(sources, ports, alpha)


def log_engset_time_congestion(sources: Any, ports: Any, alpha: Any) -> Any:
    """The natural logarithm of `engset_time_congestion`."""
    return _core.log_engset_time_congestion(sources, ports, alpha)


def log_engset_call_congestion(sources: Any, ports: Any, alpha: Any) -> Any:
    """The natural logarithm of `engset_call_congestion`; -inf where nothing is ever refused."""
    return _core.log_engset_call_congestion(sources, ports, alpha)


def ports_for_engset(sources: Any, alpha: Any, target: Any, *, time: Any = False) -> Any:
    """The least number of ports with a congestion of at most `target`: exact integers."""
    return _core.ports_for_engset(sources, alpha, target, time)


def load_for_engset(sources: Any, ports: Any, target: Any, *, time: Any = False) -> Any:
    """The most load of an idle source, alpha, with a congestion of at most `target`. ports: fewer than sources (`time`: or as many)."""
    return _core.load_for_engset(sources, ports, target, time)


def rate_for_engset(sources: Any, ports: Any, hold: Any, target: Any, *, time: Any = False) -> Any:
    """The most rate at which an idle source may open connections of that mean hold: `load_for_engset` / hold."""
    return _core.rate_for_engset(sources, ports, hold, target, time)


def hold_for_engset(sources: Any, ports: Any, rate: Any, target: Any, *, time: Any = False) -> Any:
    """The longest mean hold where an idle source opens connections at that rate: `load_for_engset` / rate."""
    return _core.hold_for_engset(sources, ports, rate, target, time)


def sources_for_engset(ports: Any, alpha: Any, target: Any, *, time: Any = False) -> Any:
    """The most sources (1 to 1e7) with a congestion of at most `target`: exact integers."""
    return _core.sources_for_engset(ports, alpha, target, time)
