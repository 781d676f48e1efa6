"""Searches of windows: rounds that each start at a random port and probe so many successive ones. Part of `natbound.calculator`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

import numpy as np

from natbound import _core

Hold = Literal["exponential", "constant"]


def window_loss(ports: Any, load: Any, windows: Sequence[int], *, hold: Hold = "exponential") -> Any:
    """The share of connections refused where a search makes rounds of `windows` successive ports, each from a uniform start.

    Nothing is preserved, and a window goes round the end of the range: Linux with `--random-fully` has windows (128, 64, 32, 16, 8).
    ports, load: arrays broadcast. windows: 1 to 6 rounds in descending order, the first of 8 to 256 ports. ports: at least 4 windows, with
    several rounds 30 times all windows together; load 0.3 to 1.25 times the ports. ValueError outside, where less than 1e-8 is refused, less
    than 1e-6 of the first windows is full, or (five or six wide windows at few ports) the fluctuation of what is busy in all makes refusals
    more than 1.8 times as frequent: `window_refusal` simulates those. The runs of busy ports behind it are simulated once and tabulated, the rest is
    derived (calculator/window_loss.hpp). Relative error at most 20 % (docs/calculator.md has what was measured). Other laws of holds: simulate.
    load in Erlang. Source: simulated runs, made by tests/reference/make_window_patterns.cpp.
    """
    return _core.window_loss(ports, load, windows, _is_constant("window_loss", hold))


METHODS = ("exact", "formula", "simulated", "bound")


class WindowRefusal(NamedTuple):
    """What a search of windows refuses, and how that is known; of arrays, arrays."""

    refusal: Any  # share of connections refused; of a bound, at most so much
    low: Any  # 95 % interval; of the formula refusal / 1.2 and / 0.8; of a bound 0
    high: Any
    method: Any  # "exact", "formula", "simulated" or "bound"


def window_refusal(
    ports: Any, load: Any, windows: Sequence[int], *, hold: Hold = "exponential", seed: int = 1, arrivals: float = 3e7
) -> WindowRefusal:
    """`window_loss` at any number of ports and with any windows, and how the answer is known.

    ports: 1 to 262,144; load: above 0, to 4 times the ports (Erlang); arrays broadcast. windows: 1 to 16 rounds, each from a uniform start, in the
    order of searching. method: "exact" where a window is as long as the range (Erlang B) or all are one port (`refusal_probability`);
    "formula" where `window_loss` was measured (20 %); else "simulated": the exact probability given the state (the product of the shares of
    starts that find each window busy), averaged over states, with a 95 % interval from batches; or "bound" where no state could refuse: what a
    higher load is seen to be refused. A simulation ends when its interval is 2 % wide to either side or `arrivals` (1e5 to 1e10) are used
    up: 0.1 to 5 s an element. The same seed gives the same answer, in an array too,
    where all elements draw alike. ValueError outside of these.
    Source: `window_loss`, `erlang_b`, `refusal_probability`, or the simulation's seed.
    """
    refusal, low, high, method = _core.window_refusal(ports, load, windows, _is_constant("window_refusal", hold), seed, arrivals)
    word = np.array(METHODS)[np.asarray(method, dtype=int)]
    return WindowRefusal(refusal, low, high, word if getattr(method, "shape", ()) else str(word))


def load_for_window(ports: Any, windows: Sequence[int], target: Any, *, hold: Hold = "exponential") -> Any:
    """The most load with `window_loss(...) <= target`, to 1e-12 by the formula, in as much time as that takes.

    ValueError where that lies outside of its domain: targets from 1e-8 to about 0.2.
    Scalars or arrays, which broadcast; load in Erlang; windows as there. Source: `window_loss` inverted.
    """
    return _core.load_for_window(ports, windows, target, _is_constant("load_for_window", hold))


def ports_for_window(load: Any, windows: Sequence[int], target: Any, *, hold: Hold = "exponential") -> Any:
    """The fewest ports with `window_loss(...) <= target`, exact by the formula. Domain as of `load_for_window`.

    Scalars or arrays, which broadcast; load in Erlang, 1 to 5e6; ValueError outside. Source: `window_loss` inverted.
    """
    return _core.ports_for_window(load, windows, target, _is_constant("ports_for_window", hold))


def _is_constant(function: str, hold: str) -> bool:
    if not isinstance(hold, str) or hold not in ("exponential", "constant"):
        raise ValueError(f'{function}: hold = {hold!r}: must be "exponential" or "constant"')
    return hold == "constant"
