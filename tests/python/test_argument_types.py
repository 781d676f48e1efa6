"""Arguments of the wrong type: one error that names the argument of Python; NumPy's numbers are numbers."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import natbound
import numpy as np
import pytest
from natbound import calculator, planning

HOME = natbound.load(Path(__file__).parents[2] / "examples" / "home-lan.yaml")

WRONG: list[tuple[Callable[[], Any], str]] = [
    (lambda: HOME.answer(epsilon="1e-6"), "epsilon: '1e-6': a number is wanted"),  # type: ignore[arg-type]
    (lambda: HOME.answer(epsilon=None), "epsilon: None: a number"),  # type: ignore[arg-type]
    (lambda: HOME.answer(seed=1.5), "seed: 1.5: a whole number"),  # type: ignore[arg-type]
    (lambda: HOME.size("abc"), "target: 'abc': a number"),  # type: ignore[arg-type]
    (lambda: HOME.alert("abc"), "epsilon: 'abc'"),  # type: ignore[arg-type]
    (lambda: HOME.rules("abc"), "epsilon: 'abc'"),  # type: ignore[arg-type]
    (lambda: HOME.risk(scale="x"), "scale: 'x'"),  # type: ignore[arg-type]
    (lambda: HOME.risk(tries=1.5), "tries: 1.5"),  # type: ignore[arg-type]
    (lambda: HOME.risk(tries=True), "tries: True"),
    (lambda: HOME.simulate(arrivals=1.5), "arrivals: 1.5: a whole number"),  # type: ignore[arg-type]
    (lambda: HOME.simulate(arrivals=np.timedelta64(5, "s")), "arrivals: .*: a whole number"),
    (lambda: HOME.with_settings(5), "settings: 5: text"),  # type: ignore[arg-type]
    (lambda: HOME.capacity(claim=5), "claim: 5: text"),  # type: ignore[arg-type]
    (lambda: HOME.capacity(5j), "a number, a list or a file"),  # type: ignore[arg-type]
    (lambda: HOME.day("abc"), "rates: 'abc'"),
    (lambda: HOME.day(5), "rates: 5"),  # type: ignore[arg-type]
    (lambda: HOME.day([1, "x"]), r"rates\[1\]: 'x'"),  # type: ignore[list-item]
    (lambda: HOME.uncertainty(5), "between: 5"),  # type: ignore[arg-type]
    (lambda: HOME.uncertainty({"traffic.rate": 5}), "traffic.rate: 5: two ends"),  # type: ignore[dict-item]
    (lambda: planning.blocks(256, share="x"), "share: 'x': a whole number"),  # type: ignore[arg-type]
    (lambda: planning.blocks(256.5, share=10), "owners: 256.5"),  # type: ignore[arg-type]
    (lambda: planning.blocks(True, share=10), "owners: True"),
    (lambda: planning.blocks(256, share=10, load="x"), "load: 'x'"),  # type: ignore[arg-type]
    (lambda: natbound.load(5), "path: 5"),  # type: ignore[arg-type]
    (lambda: HOME.compare(5), "designs: 5"),  # type: ignore[arg-type]
    (lambda: HOME.compare("ideal"), "designs: 'ideal'"),
]


@pytest.mark.parametrize(("call", "says"), WRONG)
def test_the_argument_is_named(call: Callable[[], Any], says: str) -> None:
    with pytest.raises(natbound.InputError, match=says):
        call()


def test_numpys_numbers_are_numbers() -> None:
    assert HOME.capacity(np.int64(2)).fits
    assert planning.blocks(np.int32(256), share=np.uint16(10)) == planning.blocks(256, share=10)
    assert HOME.simulate(arrivals=np.int64(100)).arrivals == 100
    for epsilon in (np.float32(0.001), Decimal("0.001"), Fraction(1, 1000)):
        assert HOME.risk(epsilon=epsilon).load == 30000


@pytest.mark.parametrize(
    "ports",
    [np.datetime64("2026-01-01"), np.timedelta64(5, "s"), np.array([5], "m8[s]"), True, np.True_, np.array([True]), "5", 5j],
)
@pytest.mark.parametrize("function", [calculator.erlang_b, calculator.engset_time_congestion, calculator.time_to_full])
def test_what_is_no_number_is_refused(function: Callable[..., Any], ports: Any) -> None:
    arguments = (10, 0.5) if function is calculator.engset_time_congestion else (1.0,)
    with pytest.raises(TypeError, match=rf"{function.__name__}: (ports|sources) = .*: must be a number"):
        function(ports, *arguments)


def test_a_mask_is_not_lost() -> None:
    with pytest.raises(TypeError, match=r"(?s)erlang_b: ports = .*no masked array"):
        calculator.erlang_b(np.ma.masked_array([1, 2], mask=[False, True]), 1)
    with pytest.raises(TypeError, match="kaufman_roberts: "):
        calculator.kaufman_roberts(20, np.ma.masked_array([3.0, 1.0], mask=[False, True]), [1, 2])
