"""A day where one destination of many refuses: what is refused of all is that one's part."""

from __future__ import annotations

import math
from pathlib import Path

import natbound

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "ten-thousand-clients.yaml"


def test_what_others_do_not_refuse_is_not_bounded_by_the_fullest() -> None:
    scenario = natbound.load(EXAMPLE)
    found = scenario.day([1 + 0.5 * math.sin(2 * math.pi * k / 48) for k in range(48)])
    # By Erlang's formula no search refuses less than the popular destination's ports allow; a tenth of the connections go there.
    load = 0.1 * found["peak"]["live"]
    least = 0.1 * float(natbound.calculator.erlang_b(64_512, load))
    assert least < found["at_peak"] < 1.4 * least  # it was ten times that: the bound of the fullest stood for all
