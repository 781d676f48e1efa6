"""Arrivals that are not Poisson: batches, and rates that change with a state of the world."""

from __future__ import annotations

from typing import Any, NamedTuple

from natbound import _core
from natbound.calculator._each import each


class Batches(NamedTuple):
    refusal: Any  # share of connections refused
    log_refusal: Any
    batch_refusal: Any  # share of batches of which any connection is refused
    log_batch_refusal: Any
    full: Any  # share of time with all ports busy
    mean: Any  # mean number busy


def batches(ports: Any, load: Any, mean_size: Any, *, geometric: Any = False, whole: Any = False) -> Batches:
    """Connections that arrive in batches (Poisson) and leave one by one: the exact chain M^[X]/M/c/c.

    Batches all have `mean_size`, or are `geometric` with that mean. Of a batch that does not fit those connections that find a port
    come in, or none (`whole`). load: connections, 0 or 1e-100 to 1e12; ports: 0 to 2^26, about 30 ns each. Exponential holds: unlike
    Erlang B the result depends on their law. Relative error about 1e-16 sqrt(ports).
    Scalars or arrays, which broadcast; load in Erlang. mean_size: 1 to 1e9 (whole unless geometric); ValueError outside. Source: the flow across each number live
    (calculator/batches.hpp).
    """
    return Batches(*_core.batches(ports, load, mean_size, geometric, whole))


def batch_peakedness(mean_size: Any, *, geometric: Any = False) -> Any:
    """Variance over mean of the number busy in a pool without end: (b + 1)/2 for fixed sizes b, b for geometric ones.

    Scalars or arrays, which broadcast. mean_size: 1 to 1e9 connections, whole unless geometric; ValueError outside. Exact. Source: A. A.
    Fredericks, Bell System Technical Journal 59 (1980) 807.
    """
    return _core.batch_peakedness(mean_size, geometric)


def ports_for_batches(load: Any, mean_size: Any, target: Any, *, geometric: Any = False, whole: Any = False) -> Any:
    """The least number of ports with `batches(...).refusal <= target` (0 < target < 1): exact integers. Some 15 µs for any number of ports, by
    the law's generating function (fixed batches above 256: ten times the work of `batches`).
    Scalars or arrays, which broadcast; load in Erlang, domain as of `batches`, its source; ValueError outside, and beyond 2^26 ports.
    """
    return _core.ports_for_batches(load, mean_size, target, geometric, whole)


def load_for_batches(ports: Any, mean_size: Any, target: Any, *, geometric: Any = False, whole: Any = False) -> Any:
    """The most load, in connections, with `batches(...).refusal <= target`, to 1e-12. Work as of `ports_for_batches`.

    What a batch has beyond all the ports is refused at any load: ValueError where that alone is above the target.
    Scalars or arrays, which broadcast; load in Erlang, domain as of `batches`, its source; ValueError outside.
    """
    return _core.load_for_batches(ports, mean_size, target, geometric, whole)


class OnOff(NamedTuple):
    refusal: Any  # share of arrivals refused
    log_refusal: Any
    full: Any  # share of time with all ports busy
    log_full: Any
    mean: Any  # mean number busy
    load: Any  # mean offered load


def on_off(ports: Any, sources: Any, load: Any, on: Any, off: Any) -> OnOff:
    """`sources` independent clients, each offering `load` while on; on and off for exponential times, given in mean holds. Exact.

    sources: 1 to 1,023; on, off: 1e-9 to 1e9; (ports + 1) (sources + 1)^3 at most 4e9, about 1 ns each. Larger ones: `hayward` with
    `on_off_peakedness`.
    Scalars or arrays, which broadcast; load in Erlang, 0 to 1e9; ValueError outside. Relative error about 1e-15 (ports + sources). Source:
    as of `modulated`.
    """
    return OnOff(*_core.on_off(ports, sources, load, on, off))


def on_off_peakedness(load: Any, on: Any, off: Any) -> Any:
    """Variance over mean of the number busy in a pool without end, for any number of such sources.

    Scalars or arrays, which broadcast; load in Erlang, 0 to 1e9; on, off: 1e-9 to 1e9 mean holds; ValueError outside. Exact: 1 + load (1 -
    p) / (1 + 1/on + 1/off), p the share on. Source: as of `hayward`.
    """
    return _core.on_off_peakedness(load, on, off)


class Modulated(NamedTuple):
    refusal: Any  # share of arrivals refused
    log_refusal: Any
    full: Any  # share of time with all ports busy
    log_full: Any
    mean: Any  # mean number busy
    load: Any  # mean offered load
    full_by_phase: Any  # of all time, the share that is in each phase and has all ports busy: they add up to `full`
    log_full_by_phase: Any


def modulated(ports: Any, switching: Any, loads: Any) -> Modulated:
    """Poisson arrivals whose load depends on a phase that changes as a Markov chain (MMPP). Exact, however rare refusal is.

    loads: phases in the last dimension. switching: phases x phases in the last two, rates from row to column, in 1/(mean hold); the
    diagonal is not read. 1 to 1,024 phases, which must reach each other; (ports + 1) phases^3 at most 4e9, about 1 ns each. Solved by
    linear level reduction without subtractions (Gaver, Jacobs, Latouche 1984; Grassmann, Taksar, Heyman 1985).
    Loads in Erlang, 0 to 1e12; ports: 0 to 2^26; ValueError outside, and where a phase is rarer than 1e-280. Relative error about 1e-15
    (ports + phases).
    """
    return Modulated(*each("modulated", _core.modulated, 8, ("ports", ports, 0), ("switching", switching, 2), ("loads", loads, 1)))


def modulated_peakedness(switching: Any, loads: Any) -> Any:
    """Variance over mean of the number busy in a pool without end: what `hayward` needs where the chain is too large.

    Shapes, units, domain and errors (ValueError) as of `modulated`; to 1e-12. Source: as of `hayward`.
    """
    return each(
        "modulated_peakedness", lambda *given: (_core.modulated_peakedness(*given),), 1, ("switching", switching, 2), ("loads", loads, 1)
    )[0]


def ports_for_on_off(sources: Any, load: Any, on: Any, off: Any, target: Any) -> Any:
    """The fewest ports with `on_off(...).refusal <= target` (0 < target < 1): exact, some ten times the work of that chain.

    Scalars or arrays, which broadcast; load in Erlang; domain as of `on_off`, its source; ValueError outside, and where the chain would be
    too large.
    """
    return _core.ports_for_on_off(sources, load, on, off, target)


def load_for_on_off(ports: Any, sources: Any, on: Any, off: Any, target: Any) -> Any:
    """The most load of a source while on with `on_off(...).refusal <= target` (0 < target < 1), to 1e-12, or the chain's own error.

    Scalars or arrays, which broadcast; load in Erlang; domain as of `on_off`, its source; ValueError outside.
    """
    return _core.load_for_on_off(ports, sources, on, off, target)


def sources_for_on_off(ports: Any, load: Any, on: Any, off: Any, target: Any) -> Any:
    """The most sources with `on_off(...).refusal <= target` (0 < target < 1): exact; 0 where one is too many, ValueError beyond the chain.

    Scalars or arrays, which broadcast; load in Erlang; domain as of `on_off`, its source; ports from 1. Some two to three times the work of
    that chain.
    """
    return _core.sources_for_on_off(ports, load, on, off, target)


def ports_for_modulated(switching: Any, loads: Any, target: Any) -> Any:
    """The fewest ports with `modulated(...).refusal <= target` (0 < target < 1): exact, some ten times the work of that chain.

    Shapes, units, domain and source as of `modulated`; ValueError outside, and where the chain would be too large.
    """
    name = "ports_for_modulated"
    return each(name, _core.ports_for_modulated, 1, ("switching", switching, 2), ("loads", loads, 1), ("target", target, 0))[0]


def scale_for_modulated(ports: Any, switching: Any, loads: Any, target: Any) -> Any:
    """The most factor on all loads with `modulated(...).refusal <= target` (0 < target < 1), to 1e-12, or the chain's own error.

    Shapes, units, domain and source as of `modulated`; ports from 1; ValueError outside.
    """
    name = "scale_for_modulated"
    given = (("ports", ports, 0), ("switching", switching, 2), ("loads", loads, 1), ("target", target, 0))
    return each(name, _core.scale_for_modulated, 1, *given)[0]
