"""Every formula of the calculator with every bad argument: one error that names the function, the argument and the value, and in arrays the index."""

from __future__ import annotations

import inspect
import math
import re
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from natbound import calculator

# A good call of each; what isn't here is called with GOOD's values.
GOOD: dict[str, Any] = {
    "ports": 20,
    "load": 12.0,
    "target": 0.01,
    "tries": 3,
    "hold": 2.0,
    "rate": 3.0,
    "alpha": 0.3,
    "sources": 50,
    "peakedness": 2.0,
    "mean": 3.0,
    "variance": 5.0,
    "mean_size": 2,
    "time": 0.5,
    "p": 0.3,
    "flows": 5,
    "start": 0,
    "on": 1.0,
    "off": 2.0,
    "loads": [2.0, 1.0],
    "sizes": [1, 2],
    "reserved": 0,
    "clients": 12,
    "addresses": 3,
    "switching": [[0, 1], [2, 0]],
    "block": 8,
    "most": 4,
    "pool": 20,
    "subscribers": 5,
    "size": 10,
    "life": 5.0,
    "gap": 1.0,
    "room": 12,
    "per_second": 1000.0,
    "depth": 20,
    "opening": 10.0,
    "live": 50.0,
    "each": 5.0,
    "window": 1.0,
    "maximum": 100.0,
    "first_ports": 5,
    "first_load": 3.0,
    "second_ports": 5,
    "second_load": 1.0,
    "quota": 8,
    "windows": [8, 4],
    "seed": 1,
    "arrivals": 1e5,
    "jitter": 1.0,
    "backoff": math.inf,
}
SPECIAL: dict[str, dict[str, Any]] = {
    "mean_maximum": {"load": 100.0},
    "tries_for": {"load": 8.0, "target": 0.1},
    "log_erlang_c_ports_derivative": {"ports": 20},
    "window_loss": {"ports": 4000, "load": 3000.0},
    "window_refusal": {"ports": 4000, "load": 3000.0, "arrivals": 1e5},
    "load_for_window": {"ports": 4000},
    "ports_for_window": {"load": 3000.0},
    "engset_time_congestion": {"ports": 15},
    "room_for": {"load": 0.8},
    "sources_for_engset": {"ports": 10},
    "eviction_exact": {"size": 4},
    "scale_for_packets": {"hold": 1.0},
}
# What is no number but a word or an array, and what may be left out.
WORDS = {"event", "service"}
OPTIONAL = {"start_load", "start_ports", "start", "pool", "table", "rate"}
# Where infinity has a meaning: never, or without end.
ENDLESS = {"keep_alive", "idle_timeout", "closed_timeout", "backoff", "most_backoff", "time"}
VECTORS = {"loads", "sizes", "reserved", "holds", "switching", "windows"}
ONCE = {"kept", "seed", "arrivals"}  # one number for all elements


def functions() -> list[str]:
    return [name for name in calculator.__all__ if name[0].islower()]


def arguments(name: str) -> dict[str, Any]:
    """A good call, every parameter in it."""
    out = {}
    for parameter in inspect.signature(getattr(calculator, name)).parameters.values():
        if parameter.name in SPECIAL.get(name, {}):
            out[parameter.name] = SPECIAL[name][parameter.name]
        elif parameter.default is not inspect.Parameter.empty:
            out[parameter.name] = parameter.default
        else:
            out[parameter.name] = GOOD[parameter.name]
    return out


def is_word(name: str, argument: str) -> bool:
    return argument in WORDS or (argument == "hold" and "window" in name)


def scalar_only(name: str) -> bool:
    return name in ("transient_law", "limits_in_sequence")


def endless(name: str, argument: str) -> bool:
    return argument in ENDLESS and (name, argument) != ("transient_law", "time")


def bad_values(name: str, argument: str) -> Iterator[Any]:
    if is_word(name, argument):
        yield from ("nonsense", None, 3, math.nan)
        return
    yield from (-1, -0.5, math.nan, -math.inf, "text", 10**400, object(), [1, "x"], 1 + 2j)
    if not endless(name, argument):
        yield from (math.inf, 1e400)
    if argument not in OPTIONAL:
        yield None


def fails(name: str, given: dict[str, Any]) -> str:
    """The message of a call that must be refused."""
    try:
        found = getattr(calculator, name)(**given)
    except (ValueError, TypeError) as wrong:
        return str(wrong)
    raise AssertionError(f"{name}({given}) = {found}")


@pytest.mark.parametrize("name", functions())
def test_a_bad_argument_has_its_name_and_its_value(name: str) -> None:
    good = arguments(name)
    getattr(calculator, name)(**good)  # is one
    for argument in good:
        for bad in bad_values(name, argument):
            message = fails(name, {**good, argument: bad})
            assert message.startswith(f"{name}: "), message
            assert argument in message.split(": ")[1], message
            assert "\n" not in message
            assert len(message) < 300


@pytest.mark.parametrize("name", [name for name in functions() if not scalar_only(name)])
def test_in_arrays_the_index_is_named(name: str) -> None:
    good = arguments(name)
    for argument, value in good.items():
        if is_word(name, argument) or argument in VECTORS | ONCE or value is None or isinstance(value, str):
            continue
        for bad in (math.nan, -1.0, *(() if endless(name, argument) else (math.inf,))):
            message = fails(name, {**good, argument: [value, bad]})
            assert message.startswith(f"{name}: {argument} = "), message
            assert "(at index [1])" in message, message
            message = fails(name, {**good, argument: np.array([[value], [bad]])})
            assert "(at index [1, 0])" in message, message


@pytest.mark.parametrize("name", [name for name in functions() if not scalar_only(name) and name != "modulated_peakedness"])
def test_empty_arrays_have_empty_answers(name: str) -> None:
    good = arguments(name)
    argument = next(a for a in good if not is_word(name, a) and a not in VECTORS)
    found = getattr(calculator, name)(**{**good, argument: []})
    for part in found if isinstance(found, tuple) else (found,):
        assert isinstance(part, bool) or part.shape == (0,)


@pytest.mark.parametrize("name", functions())
def test_a_good_call_has_no_nan(name: str) -> None:
    found = getattr(calculator, name)(**arguments(name))
    for part in found if isinstance(found, tuple) else (found,):
        if not isinstance(part, (tuple, str)):
            assert not np.any(np.isnan(part)), (name, found)


def test_text_is_no_number() -> None:
    """NumPy would read it as one, and its unit, wherever that went, would be lost."""
    for given in ("60", b"60", ["60", "70"], np.array(["60"])):
        with pytest.raises(TypeError, match=r"erlang_b: load = .*: must be a number"):
            calculator.erlang_b(100, given)
        with pytest.raises(TypeError, match=r"ports_for: load = .*: must be a number"):
            calculator.ports_for(given, 1e-6)
    assert calculator.erlang_b(100, np.float32(60)) == calculator.erlang_b(100, 60)


def test_kinds_of_a_table_are_listed() -> None:
    with pytest.raises(TypeError, match=r"EvictingTable: kinds = 10: must be a list of Connections, \(rate"):
        calculator.EvictingTable(100, 10)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: calculator.kaufman_roberts(10, [1, 2], [1, 1.5]), "sizes[1] = 1.5: must be a whole number"),
        (lambda: calculator.kaufman_roberts(10, [1, 2], [1, 2], [0, math.nan]), "reserved[1] = nan"),
        (lambda: calculator.kaufman_roberts(10, [1, 2], [1, 2], [0, 2**40]), "reserved[1] = 1099511627776: must be at most"),
        (lambda: calculator.Day([1.0, -1.0], 1.0), "rates[1] = -1: must be at least 0"),
        (lambda: calculator.Day([1, 2], 1.0, times=[5, 1]), "times[1] = 1: must ascend"),
        (lambda: calculator.Day([1, 2], samples=[1, -2]), "samples[1] = -2: must be at least 0"),
        (lambda: calculator.Day([1, 2], mixture=([1, 1], [1, -1])), "means[1] = -1: must be above 0"),
        (lambda: calculator.Day([1, 2], histogram=([0, 2, 1], [1, 1])), "edges[2] = 1: must be"),
        (lambda: calculator.Day([1.0, 2.0], 1.0, cv=2), "cv = 2: a hold of law 'exponential' has none"),
        (lambda: calculator.Day([1.0, 2.0], 1.0, law="constant", cv=2), "cv = 2: a hold of law 'constant' has none"),
        (lambda: calculator.Day([1.0, 2.0], samples=[1], cv=2), "cv = 2: a mixture, samples or a histogram"),
        (lambda: calculator.transient_law(1000, 900.0, 1e6), "transient_full_probability and others"),
        (lambda: calculator.transient_mean(10, 5.0, 1.0, start_ports=12, start_load=4.0), "start_ports = 12: must be at most"),
        (lambda: calculator.window_loss(1000.5, 900, [8]), "ports = 1000.5: must be a whole number"),
        (lambda: calculator.modulated(5, [[0, 1], [1, 0]], [1, -1]), "loads[1] = -1"),
    ],
)
def test_errors_name_the_argument_and_its_index(call: Callable[[], object], said: str) -> None:
    with pytest.raises(ValueError, match=re.escape(said)):
        call()
