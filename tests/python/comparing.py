"""Random scenarios against CP-SAT: their maxima with certificates and mutants, and demands. What the tests of each kind of limit share."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from typing import Any

import by_constraints
import natbound
from mutation import mutants
from natbound.check import check

Maker = Callable[[], dict[str, Any]]


def bounds(found: dict[str, Any]) -> tuple[int, int]:
    """The maximum, twice, or what is known of it."""
    return (found["connections"],) * 2 if found["connections"] is not None else (found["at_least"], found["at_most"])


def maxima(make: Maker, rng: random.Random, scenarios: int, attacks: int = 8) -> Iterator[tuple[dict[str, Any], bool, int]]:
    """Each scenario's maximum, whether it is exact, and how many mutants were tried; all are right."""
    for i in range(scenarios):
        s = make()
        most = by_constraints.maximum(s)
        found = natbound.Scenario(s).capacity().to_dict()["maximum"]
        low, high = bounds(found)
        assert most is not None
        assert low <= most <= high, (i, low, most, high, s)
        verdict = check(found["evidence"], natbound.Scenario(s).canonical)
        assert verdict.valid is not False, (i, verdict.reason, s)
        tried = 0
        for done, mutant in mutants(found["evidence"], rng, attacks):
            mutant = {**mutant, "scenario": found["evidence"]["scenario"]} if isinstance(mutant, dict) else mutant
            tried += 1
            if check(mutant).valid is True:
                assert int(mutant["fits"]["connections"]) <= most <= int(mutant["does-not-fit"]["at-most"]), (done, mutant)
        yield found, low == high, tried


def demands(make: Maker, rng: random.Random, scenarios: int) -> Iterator[bool]:
    """Of each random demand that is settled, whether it fits; all are right."""
    for i in range(scenarios):
        s = make()
        scenario = natbound.Scenario(s)
        pairs = {(c["name"], v["name"]): rng.randint(1, 3) for c in s["clients"] for v in s["servers"]
                 if (not c["reaches"] or v["name"] in c["reaches"]) and rng.random() < 0.8}  # fmt: skip
        if not pairs:
            continue
        everything = {(c["name"], v["name"]): 0 for c in s["clients"] for v in s["servers"]}
        truth = by_constraints.maximum(s, demand=everything | pairs) == sum(pairs.values())
        answer = scenario.capacity([{"from": c, "to": v, "connections": n} for (c, v), n in pairs.items()]).to_dict()
        if answer["fits"] is None:
            continue
        assert answer["fits"] == truth, (i, pairs, s)
        verdict = check(answer["evidence"], scenario.canonical)
        assert verdict.valid is not False, (i, verdict.reason, s)
        yield answer["fits"]
