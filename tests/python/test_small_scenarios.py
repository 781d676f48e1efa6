"""What natbound leaves open of small scenarios of every kind is settled connection by connection, with certificates that hold."""

from __future__ import annotations

import random
import sys
import tracemalloc
from collections import Counter
from pathlib import Path
from typing import Any

import natbound
import pytest
from natbound.check import check
from natbound.check.scenario import read_scenario
from natbound.exact.written import Written

sys.path.insert(0, str(Path(__file__).resolve().parent))

import by_constraints
import comparing
import many

SEEDS = 8


def _maximum(scenario: natbound.Scenario, seen: Counter[str]) -> int:
    """The maximum, by its certificate or as the solver says; of what was open, how it was settled is counted."""
    found = scenario.capacity().to_dict()
    part, engine = found["maximum"], found.get("engine")
    verdict = check(part["evidence"], scenario.canonical)
    assert verdict.valid is not False, verdict.reason
    seen["open"] += engine is not None
    assert part["connections"] is not None, "left open"
    if "at_most" not in part:
        assert engine is None or engine["trust"].startswith("nothing")
        return int(part["connections"])
    assert engine is not None, "left open"
    assert part["connections"] == part["at_least"] == engine["says"] < part["at_most"]
    assert part["evidence"]["fits"]["connections"] == part["connections"]
    assert "CP-SAT says that no more" in part["sets_it"]
    assert engine["trust"].startswith("the solver")
    seen["by the solver's word"] += 1
    return int(part["connections"])


def _demand(scenario: natbound.Scenario, s: dict[str, Any], pairs: dict[tuple[str, str], int], seen: Counter[str]) -> bool | None:
    found = scenario.capacity([{"from": c, "to": v, "connections": n} for (c, v), n in pairs.items()]).to_dict()
    if found["fits"] is not None:
        verdict = check(found["evidence"], scenario.canonical)
        assert verdict.valid is not False, verdict.reason
        seen["placed"] += "engine" in found
        return bool(found["fits"])
    if found.get("engine", {}).get("verdict") == "does not fit":
        assert found["engine"]["trust"].startswith("the solver")
        if "evidence" in found:  # how many of them fit
            assert found["connections"] == found["evidence"]["connections"] < sum(pairs.values())
            assert check(found["evidence"], scenario.canonical).valid is True
        seen["ruled out"] += 1
        return False
    assert any("port-set" in n for n in s["nats"]), found["sets_it"]  # these are counted, not listed
    return None


@pytest.mark.parametrize("kind", many.KINDS)
def test_nothing_is_left_open(kind: str) -> None:
    seen: Counter[str] = Counter()
    for seed in range(SEEDS):
        rng = random.Random(f"{kind} {seed} small")
        s = many.KINDS[kind](rng)
        try:
            scenario = natbound.Scenario(s)
        except natbound.InputError:  # static mappings that leave nothing
            continue
        most = by_constraints.maximum(s)
        assert most is None or most == _maximum(scenario, seen)  # None: it did not finish in time
        if pairs := comparing.wanted(rng, s):
            said = _demand(scenario, s, pairs, seen)
            assert said is None or comparing.meets(s, pairs) in (said, None)


def test_the_answer_says_the_same_as_capacity() -> None:
    told = 0
    for seed in range(30):
        scenario = natbound.Scenario(many.KINDS["spread clients, quotas"](random.Random(f"answer {seed}")))
        found = scenario.capacity()
        if "engine" not in found.to_dict():
            continue
        most = scenario.answer(remedies=False).to_dict()["maximum"]
        assert most["connections"] == found.maximum.to_dict()["connections"]
        assert most["engine"] == found["engine"]
        told += 1
    assert told > 2


def test_a_claim_between_the_bounds_is_decided() -> None:
    decided = 0
    for seed in range(60):
        scenario = natbound.Scenario(many.KINDS["paired pooling"](random.Random(f"claim {seed}")))
        part = scenario.capacity(engine="flow").to_dict()["maximum"]
        found = scenario.capacity().to_dict()["maximum"]
        if part["connections"] is not None or "at_most" in found:
            continue
        more = scenario.capacity(claim=f"N >= {found['connections']}")
        assert more["holds"] is True
        assert check(more["evidence"], scenario.canonical).valid is True
        assert scenario.capacity(claim=f"N > {found['connections']}")["holds"] is False
        decided += 1
    assert decided > 2


def test_a_number_by_the_solvers_word_comes_with_the_connections_found_and_settles_no_claim() -> None:
    told = 0
    for seed in range(40):
        scenario = natbound.Scenario(many.KINDS["spread clients, quotas"](random.Random(f"word {seed}")))
        found = scenario.capacity().to_dict()["maximum"]
        if found["connections"] is None or "at_most" not in found:
            continue
        most = found["connections"]
        assert len(found["evidence"]["fits"]["blocks"]) > 0
        assert check(found["evidence"], scenario.canonical).valid is True
        assert scenario.capacity(claim=f"N >= {most}")["holds"] is True
        assert scenario.capacity(claim=f"N <= {most}")["holds"] is None
        assert scenario.capacity(claim=f"N <= {found['at_most']}")["holds"] is True
        told += 1
    assert told > 2


def test_large_ones_keep_their_bounds() -> None:
    s = many.KINDS["backends"](random.Random("backends 9 u"))
    s["clients"][0]["ports"] = "1024-65535"
    scenario = natbound.Scenario(s)
    assert scenario.capacity().to_dict()["maximum"] == scenario.capacity(engine="flow").to_dict()["maximum"]


@pytest.mark.parametrize(("what", "value"), [
    ("external-ip-address-pool", ["203.0.0.0/12"]), ("clients", "20.0.0.0/8"), ("servers", "198.0.0.0/12"),
])  # fmt: skip
def test_nothing_large_is_written_out(what: str, value: Any) -> None:
    """What would be too many is told before it is made."""
    s = many.KINDS["overloading"](random.Random("overloading 3 large"))
    s["nats"][0]["design"]["pool"] = {"choice": "random", "hash": "", "of": "source", "fallback": True}
    if what in s["nats"][0]:
        s["nats"][0][what] = value
    else:
        s[what][0]["addresses"] = [value]
    world = read_scenario(natbound.Scenario(s).canonical)
    tracemalloc.start()
    with pytest.raises(natbound.Unsupported, match="need more than 20,000 unknowns"):
        Written(world, most=20_000)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 50_000_000
