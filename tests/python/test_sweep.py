"""Variants of a scenario, one by one and through executors."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path

import natbound
import pytest

HOME = Path(__file__).resolve().parents[2] / "examples" / "home-lan.yaml"


def test_every_executor_gives_the_same_in_order() -> None:
    scenario = natbound.load(HOME)
    variants = [f"nats.connection-limits.limit-per-instance={n}" for n in range(1, 200)]
    alone = list(natbound.sweep(scenario, variants))
    assert [r["connections"] for r in alone] == list(range(1, 200))
    assert alone[4]["settings"] == [variants[4]]
    with ThreadPoolExecutor(2) as threads, ProcessPoolExecutor(2) as processes:
        assert list(natbound.sweep(scenario, variants, executor=threads)) == alone
        assert list(natbound.sweep(scenario, variants[:70], executor=processes)) == alone[:70]


def test_what_is_wrong_with_one_variant_is_said_of_it_alone() -> None:
    scenario = natbound.load(HOME)
    found = list(natbound.sweep(scenario, [["nats.connection-limits.limit-per-instance=0"], ["nats.design=ideal"]], ask="risk"))
    assert "admits nothing" in found[0]["unknown"]
    assert found[1]["load"] > 0
    with pytest.raises(natbound.InputError, match="there are maximum, risk"):
        list(natbound.sweep(scenario, [], ask="fortune"))
