"""A quota per subscriber, as users meet it: the example, certificates of small networks against brute force, and words."""

from __future__ import annotations

import json
import random
import sys
from pathlib import Path

import natbound
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

import attack
import oracle
import small
from mutation import mutants

CGNAT = Path(__file__).resolve().parents[2] / "examples" / "cgnat.yaml"


def test_the_example() -> None:
    answer = natbound.load(CGNAT).answer(remedies=False)
    assert answer.guaranteed.connections == 2000
    assert answer.guaranteed.binds == "quota"
    assert answer.maximum.connections == 1_000_000
    assert attack.valid(answer["guaranteed"]["evidence"]) is True
    assert attack.valid(answer["maximum"]["evidence"]) is True
    assert "flow table" in answer.limits[0]["name"]
    quota = next(limit for limit in answer.limits if limit["kind"] == "quota")
    assert quota["connections"] == 4_000_000
    assert "that subscriber" in quota["failure"]


def test_a_tight_quota_binds_first() -> None:
    scenario = natbound.load(CGNAT, ["nats.connection-limits.limit-per-subscriber=300"])
    answer = scenario.answer(1e-6, remedies=False)
    assert answer.guaranteed.connections == 300
    assert answer.maximum.connections == 600_000
    assert "each of the 2,000 addresses of subscribers may have 300 connections (quota of cgnat)" in answer.maximum.sets_it
    assert answer.limits[0]["kind"] == "quota"
    load = natbound.calculator.load_for(300, 1e-6)
    assert answer.limits[0]["load"] == pytest.approx(2000 * load, rel=1e-6)
    assert answer.likely.connections == pytest.approx(2000 * load, rel=0.01)
    ports = next(limit for limit in answer.limits if "free ports" in limit["name"])
    assert ports["load"] > answer.limits[0]["load"]
    assert attack.valid(answer["maximum"]["evidence"]) is True
    assert scenario.capacity(600_001).fits is False
    assert scenario.capacity(600_000).fits is True
    for demand in (300_000, 600_000, 600_001):
        evidence = scenario.capacity(demand)["evidence"]
        assert attack.valid(evidence) is True, attack.check(evidence)
    assert scenario.capacity(600_000, place="best").fits is True


def small_ones(seeds: range, most: int) -> list[dict[str, object]]:
    """Scenarios with quotas."""
    out = []
    for seed in seeds:
        rng = random.Random(seed)
        out.append(small.with_quotas(rng, small.random_scenario(rng, searching=seed % 2 == 0), most))
    return out


def test_certificates_are_accepted_and_true_and_their_mutants_are_not() -> None:
    rng = random.Random(5)
    exact = bounded = guaranteed = by_quota = tried = 0
    for document in small_ones(range(300), 4):
        scenario = natbound.Scenario(document)
        world = oracle.World(document)
        certificates = [scenario.capacity()["maximum"]["evidence"]]
        certificate = certificates[0]
        attack.accepted(certificate)
        if attack.small_enough(world, 40):
            most = oracle.most(world)
            if certificate["kind"] == "maximum":
                exact += 1
                assert int(certificate["connections"]) == most
            else:
                bounded += 1
                assert int(certificate["fits"]["connections"]) <= most <= int(certificate["does-not-fit"]["at-most"])
        if attack.small_enough(world, 5):
            try:
                found = scenario.answer(0.5, remedies=False)
            except natbound._core.Unsupported:
                continue
            if found.guaranteed.connections is not None:
                guaranteed += 1
                by_quota += found["guaranteed"]["evidence"]["lower-bound"]["reason"] == "quota"
                assert attack.true(found["guaranteed"]["evidence"])
                assert attack.valid(found["guaranteed"]["evidence"]) is not False or found.guaranteed.nothing_fails
                certificates.append(found["guaranteed"]["evidence"])
        if attack.small_enough(world, 12):
            for c in certificates:
                for done, mutant in mutants(c, rng, 12):
                    tried += 1
                    assert attack.valid(mutant) is not True or attack.unjudged(mutant) or attack.true(mutant), (done, json.dumps(mutant))
    assert exact > 150
    assert guaranteed > 40
    assert by_quota > 15
    assert tried > 1500


def test_demands_within_quotas() -> None:
    rng = random.Random(6)
    fit = refused = unknown = multiples = 0
    for document in small_ones(range(1000, 1200), 5):
        scenario = natbound.Scenario(document)
        world = oracle.World(document)
        most = scenario.capacity()["maximum"]
        highest = int(most["connections"] or most["at_most"])
        result = scenario.capacity(rng.randint(1, highest + 2))
        if result.fits is None:
            unknown += 1
            continue
        evidence = result["evidence"]
        verdict = attack.check(evidence, scenario.canonical)
        assert verdict.valid is True, verdict.reason
        if result.fits and attack.small_enough(world, 40):
            assert attack.true(evidence)
        fit += result.fits
        refused += not result.fits
        multiple = result["multiple"]
        if multiple.get("evidence"):
            multiples += 1
            verdict = attack.check(multiple["evidence"], scenario.canonical)
            assert verdict.valid is True, verdict.reason
    assert fit > 40
    assert refused > 40
    assert multiples > 60
    assert unknown < 80


def test_explain_raises_the_quota() -> None:
    explained = natbound.load(CGNAT, ["nats.connection-limits.limit-per-subscriber=300"]).explain(700_000)
    first = explained["changes"][0]
    assert first["kind"] == "quota"
    assert first["more"] == 50
    assert attack.valid(first["one_less"]) is True
