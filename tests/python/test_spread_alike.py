"""Clients spread over NATs that tell mappings and keys apart alike: maxima of every mapping type against CP-SAT, mostly exact; and their mutants."""

from __future__ import annotations

import random
import sys
from pathlib import Path
from typing import Any

import natbound
import pytest
from natbound.check import check

sys.path.insert(0, str(Path(__file__).parent))

import by_constraints
from comparing import bounds
from mutation import mutants
from test_spread import spread

TRIED = 300


def alike(rng: random.Random, mapping: str, scope: str) -> dict[str, Any]:
    """NATs of one mapping type and clash scope; pools, ports, tables and who is inside differ."""
    s = spread(rng)
    for n in s["nats"]:
        n["design"] |= {"mapping-type": mapping, "clash-scope": {"destination": scope, "protocol": True}}
    return s


@pytest.mark.parametrize(
    ("mapping", "scope", "exact"),
    [("edm", "endpoint", 0.99), ("edm", "address", 0.99), ("edm", "none", 0.99), ("adm", "none", 0.97), ("adm", "address", 0.97),
     ("eim", "none", 0.95), ("eim", "endpoint", 0.85), ("eim", "address", 0.8), ("adm", "endpoint", 0.85)],
)  # fmt: skip
def test_maxima_of_each_mapping_type_are_mostly_exact(mapping: str, scope: str, exact: float) -> None:
    rng = random.Random(f"{mapping} {scope}")
    settled = together = tried = 0
    for i in range(TRIED):
        s = alike(rng, mapping, scope)
        scenario = natbound.Scenario(s)
        found = scenario.capacity().to_dict()["maximum"]
        low, high = bounds(found)
        settled += low == high
        together += "together" in found["evidence"]["does-not-fit"]
        verdict = check(found["evidence"], scenario.canonical)
        assert verdict.valid is True, (i, verdict.reason, s)
        if i % 10:
            continue
        most = by_constraints.maximum(s)
        if most is None:
            continue
        assert low <= most <= high, (i, low, most, high, s)
        for done, mutant in mutants(found["evidence"], rng, 10):
            if not isinstance(mutant, dict) or "fits" not in mutant:
                continue
            tried += 1
            if check({**mutant, "scenario": found["evidence"]["scenario"]}).valid is True:
                assert int(mutant["fits"]["connections"]) <= most <= int(mutant["does-not-fit"]["at-most"]), (i, done, mutant)
    assert settled >= exact * TRIED
    assert together > TRIED // 2
    assert tried > 150


def test_endpoint_independent_pools_of_one_client_set() -> None:
    """A host's mapping is at one of the NATs: all endpoints of both carry a connection to each of the servers."""
    design = {"base": "ideal", "mapping-type": "eim", "clash-scope": {"destination": "none"}}
    s = {
        "clients": [{"name": "A", "addresses": "10.0.0.0/24"}],
        "nats": [
            {"name": "n", "inside": ["A"], "external-ip-address-pool": "203.0.113.1-203.0.113.4", "design": design},
            {"name": "m", "inside": ["A"], "external-ip-address-pool": "203.0.113.5", "design": design},
        ],
        "servers": [{"name": "C", "addresses": "198.51.100.1-198.51.100.3", "ports": 80}],
    }
    scenario = natbound.Scenario(s)
    found = scenario.capacity()["maximum"]
    assert found["connections"] == 5 * 64512 * 3
    assert check(found["evidence"], scenario.canonical).valid is True
