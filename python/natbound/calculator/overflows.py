"""What one group of ports refuses, as traffic for the next: Riordan's moments, equivalent random traffic, Hayward, the exact chain."""

from __future__ import annotations

from typing import Any, NamedTuple

from natbound import _core


def hayward(ports: Any, load: Any, peakedness: Any) -> Any:
    """Hayward's approximation: bursty traffic with variance over mean `peakedness` is refused as `erlang_b(ports / z, load / z)` says.

    Exact for z = 1; good where ports/z is large and refusal not rare, and no bound elsewhere: 1,024 ports, batches of 2: 1 % low at 1e-2,
    9 % at 1e-6; batches of 20: 11 % and 56 %; few slow on-off sources: 2 to 500 times high (docs/calculator.md). Where `batches`, `on_off` and
    `modulated` reach they are exact. ports, load: 0 to 1e15; peakedness: 1e-3 to 1e9. A. A. Fredericks, Bell System Technical Journal 59 (1980) 807.
    Scalars or arrays, which broadcast; load in Erlang; the formula itself to 1e-13. ValueError outside.
    """
    return _core.hayward(ports, load, peakedness)


def log_hayward(ports: Any, load: Any, peakedness: Any) -> Any:
    """The natural logarithm of `hayward`.

    Scalars or arrays, which broadcast; units, domain, errors (ValueError) and source as of `hayward`; to 1e-13.
    """
    return _core.log_hayward(ports, load, peakedness)


class Overflow(NamedTuple):
    mean: Any
    variance: Any
    peakedness: Any  # variance / mean


def overflow(ports: Any, load: Any) -> Overflow:
    """Mean and variance of what overflows from `ports` with Poisson traffic (J. Riordan, 1956). ports, load: 0 to 1e15.

    The mean to 1e-13; the variance to 1e-11 for up to 65,536 ports.
    Scalars or arrays, which broadcast; load in Erlang, mean and variance in connections. ValueError outside.
    """
    return Overflow(*_core.overflow(ports, load))


class EquivalentRandom(NamedTuple):
    ports: Any
    load: Any


def equivalent_random(mean: Any, variance: Any) -> EquivalentRandom:
    """The one group whose overflow has nearly this mean and variance (Y. Rapp, 1964). 0 < mean <= variance.

    Scalars or arrays, which broadcast; connections and Erlang; to 1e15; ValueError outside. The formulas to 1e-12, the group's overflow
    within a few % for variance / mean up to 5.
    """
    return EquivalentRandom(*_core.equivalent_random(mean, variance))


def overflow_refusal(ports: Any, mean: Any, variance: Any) -> Any:
    """The share of overflowing traffic that `ports` more refuse, by the equivalent random group.

    Against the chain within 8 % where that is above 1 %, 25 % above 1e-3, two to three times off at 1e-6 to 1e-10, no bound below; `overflow_to_second`
    is exact where it reaches.
    Means and variances of independent streams add up; Poisson's have variance = mean. R. I. Wilkinson, Bell System Technical Journal 35
    (1956) 421.
    Scalars or arrays, which broadcast; connections (Erlang); ports, mean, variance: 0 to 1e15; ValueError outside.
    """
    return _core.overflow_refusal(ports, mean, variance)


class SecondGroup(NamedTuple):
    overflow: Any  # mean load offered to the second group by the first
    overflow_refusal: Any  # share of that which the second refuses
    own_refusal: Any  # share of the second group's own traffic refused
    first_refusal: Any  # share of the first group's traffic refused in the end


def overflow_to_second(first_ports: Any, first_load: Any, second_ports: Any, second_load: Any = 0) -> SecondGroup:
    """A second address that takes what finds the first full, beside Poisson traffic of its own. The exact chain of both.

    first_load and second_load are the Poisson traffic of each. first_ports: 0 to 1,023; (second_ports + 1) (first_ports + 1)^3 at most 4e9. Exponential holds.
    Scalars or arrays, which broadcast; loads in Erlang, 0 to 1e9; ValueError outside, and where the first overflows below 1e-250. Relative
    error about 1e-15 of a port and phase. Source: as of `modulated`.
    """
    return SecondGroup(*_core.overflow_to_second(first_ports, first_load, second_ports, second_load))


def ports_for_hayward(load: Any, peakedness: Any, target: Any) -> Any:
    """The fewest ports with `hayward(...) <= target` (0 < target < 1), exact by the formula. load: 0 to 1e12. Some 3 µs.

    Scalars or arrays, which broadcast; load in Erlang; peakedness: 1e-3 to 1e9; ValueError outside. Source: as of `hayward`.
    """
    return _core.ports_for_hayward(load, peakedness, target)


def load_for_hayward(ports: Any, peakedness: Any, target: Any) -> Any:
    """The most load with `hayward(...) <= target` (0 < target < 1), to 1e-12. Some µs.

    Scalars or arrays, which broadcast; load in Erlang; ports: 0 to 1e15; peakedness: 1e-3 to 1e9; ValueError outside. Source: as of
    `hayward`.
    """
    return _core.load_for_hayward(ports, peakedness, target)


def ports_for_overflow(mean: Any, variance: Any, target: Any) -> Any:
    """The fewest ports with `overflow_refusal(...) <= target` (0 < target < 1), exact by the formula. mean, variance: 0 to 1e12.

    Scalars or arrays, which broadcast; connections (Erlang); 0 < target < 1; ValueError outside. Source: as of `overflow_refusal`.
    """
    return _core.ports_for_overflow(mean, variance, target)


def second_ports_for(first_ports: Any, first_load: Any, target: Any, second_load: Any = 0) -> Any:
    """The fewest ports of a second address with which `overflow_to_second(...).first_refusal` is at most the target (0 < target < 1).

    Exact, by some ten times the work of that chain; ValueError where more are needed than it can have.
    Scalars or arrays, which broadcast; loads in Erlang; domain and source as of `overflow_to_second`.
    """
    return _core.second_ports_for(first_ports, first_load, target, second_load)
