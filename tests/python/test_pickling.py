"""Scenarios and answers go to other processes and are copied; the package lists what it offers."""

from __future__ import annotations

import copy
import multiprocessing
import pickle
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import natbound
import pytest

HOME = Path(__file__).parents[2] / "examples" / "home-lan.yaml"


def most(scenario: natbound.Scenario) -> int:
    return int(scenario.capacity().maximum.connections)


def answered(scenario: natbound.Scenario) -> object:
    return scenario.answer(remedies=False)


def test_scenarios_and_answers_cross_processes() -> None:
    home = natbound.load(HOME)
    double = home.with_settings("servers.ports=80-81")  # the flow table then sets it
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        assert list(pool.map(most, [home, double])) == [64512, 65536]
        there = pool.submit(answered, home).result()
    assert isinstance(there, type(home.answer(remedies=False)))
    assert there == home.answer(remedies=False)
    assert there.page() == home.answer(remedies=False).page()


def test_copies_are_of_their_own() -> None:
    home = natbound.load(HOME)
    for other in (copy.deepcopy(home), copy.copy(home), pickle.loads(pickle.dumps(home))):
        assert other is not home
        assert other.canonical == home.canonical
        with pytest.raises(natbound.InputError, match=r"home-lan\.yaml"):  # the file and its lines are known still
            other.with_settings("nats.router.inside=[B]")
    answer = home.answer(remedies=False)
    assert copy.deepcopy(answer) == answer


def test_the_package_lists_what_it_offers() -> None:
    shown = [name for name in dir(natbound) if not name.startswith("_")]
    assert set(shown) == {name for name in natbound.__all__ if not name.startswith("_")}
    assert all(getattr(natbound, name) is not None for name in shown)


def test_a_wrong_design_is_told_which_there_are() -> None:
    with pytest.raises(KeyError, match=r"no such design: 'nope'; known: .*linux-masquerade") as wrong:
        natbound.designs["nope"]
    assert not str(wrong.value).startswith(("'", '"'))
    assert "nope" not in natbound.designs
    assert natbound.designs.get("nope") is None
