"""Finitely many sources (T. O. Engset, 1918): each idle source opens connections at rate alpha / (mean hold), a busy one none.

*Time congestion* is the share of time with all ports busy; *call congestion* the share of attempts refused, which is what users see.
An attempt sees the system without its own source: call congestion of N sources = time congestion of N - 1. With few sources they differ
by far; R's `queueing::Engset` calls the former "probability of blocking". Any laws of holds and idle times: only their means count.

sources: 1 to 1e7; ports: 0 to 2^32; alpha: 0 to 1e100. Relative error at most 1e-12 (of the logarithm below 1e-300).
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
