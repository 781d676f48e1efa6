"""Searches of windows: rounds that each start at a random port and probe so many successive ones. Part of `natbound.calculator`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from natbound import _core


def window_loss(ports: Any, load: Any, windows: Sequence[int], *, hold: Literal["exponential", "constant"] = "exponential") -> Any:
    """The share of connections refused where a search makes rounds of `windows` successive ports, each from a uniform start.

    Nothing is preserved, and a window goes round the end of the range: Linux with `--random-fully` has windows (128, 64, 32, 16, 8).
    ports, load: arrays broadcast. windows: 1 to 6 rounds in descending order, the first of 8 to 256 ports. ports: at least 4 windows, with
    several rounds 30 times all windows together; load 0.3 to 1.25 times the ports. ValueError outside, where less than 1e-8 is refused or
    less than 1e-6 of the first windows is full, and with constant holds and more than three rounds where 0.001 to 0.05 are refused: a
    scenario's `risk()` simulates those. The runs of busy ports behind it are simulated once and tabulated, the rest is derived
    (calculator/window_loss.hpp). Relative error at most 20 % (docs/calculator.md has what was measured). Other laws of holds: simulate.
    """
    if not isinstance(hold, str) or hold not in ("exponential", "constant"):
        raise ValueError(f'window_loss: hold = {hold!r}: must be "exponential" or "constant"')
    return _core.window_loss(ports, load, windows, hold == "constant")
