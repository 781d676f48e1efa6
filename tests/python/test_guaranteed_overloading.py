"""Guaranteed where one mapping serves several clash-scope keys (overloading), against a search of all histories."""

from __future__ import annotations

import copy
import json
import random
import sys
from pathlib import Path
from typing import Any

import natbound
import pytest
from natbound.check import check

sys.path.insert(0, str(Path(__file__).resolve().parent))

import small
from histories import fewest
from oracle import World


def overloaded(rng: random.Random) -> dict[str, Any]:
    """One to three clients, up to three destinations, and a NAT whose mappings may share endpoints."""
    how = small.random_design(rng, True)
    type_, scope = rng.choice([("eim", "endpoint"), ("eim", "address"), ("adm", "endpoint")])
    how |= {"mapping-type": type_, "clash-scope": {"destination": scope, "protocol": rng.random() < 0.8}, "pressure": "refuse"}
    hosts = rng.choice([1, 2, 2])
    clients = [small.client("A", f"10.0.0.1-10.0.0.{hosts}", rng.choice(["10", "10-11", "8-9"]))]
    if rng.random() < 0.3:
        clients.append(small.client("X", "10.0.0.9", rng.choice(["10", "12"])))
    servers = [small.server("C", "198.51.100.7", rng.choice(["80", "80-81"]))]
    if rng.random() < 0.7:
        servers.append(small.server("D", rng.choice(["198.51.100.7", "198.51.100.8"]), "443", rng.choice(["tcp", "tcp", "udp"])))
    nat = small.nat([c["name"] for c in clients], rng.choice(["203.0.113.4", "203.0.113.4-203.0.113.5"]), how)
    if rng.random() < 0.25:
        nat["connection-limits"] = {rng.choice(["limit-per-instance", "limit-per-subscriber"]): rng.randint(1, 3)}
    if rng.random() < 0.15:
        nat["mapping-limits"] = {"limit-port-mappings": rng.randint(1, 3)}
    return small.scenario(clients, [nat], servers)


def test_it_is_the_fewest_of_all_histories() -> None:
    rng = random.Random(41)
    exact = bounded = two = nothing = 0
    for _ in range(110):
        s = overloaded(rng)
        try:
            found = natbound.Scenario(s).answer(0.5, remedies=False).to_dict()["guaranteed"]
        except natbound.InputError:
            continue
        if "unknown" in found:
            assert "round-robin" in found["unknown"], found["unknown"]
            continue
        try:
            truth = fewest(World(s).nats[0], 1_000)
        except ValueError:
            continue
        if found["connections"] is None:
            bounded += 1
            assert truth is None or found["at_least"] <= truth[0] <= (found.get("at_most") or truth[0]), json.dumps(s)
            continue
        exact += 1
        evidence = found["evidence"]
        verdict = check(evidence)
        assert verdict.valid is not False, (verdict.reason, json.dumps(s))
        if found["nothing_fails"]:
            nothing += 1
            assert truth is None, (truth, json.dumps(s))
            continue
        assert truth is not None, json.dumps(s)
        assert found["connections"] == truth[0], (found["connections"], truth, json.dumps(s))
        two += evidence["lower-bound"]["reason"] == "conflict"
    assert exact > 30
    assert two > 4
    assert nothing > 2
    assert bounded < 25


@pytest.mark.parametrize(("limits", "fewest_live", "reason"), [
    ({}, 2, "conflict"),
    ({"connection-limits": {"limit-per-instance": 1}}, 1, "table"),
    ({"connection-limits": {"limit-per-instance": 5}}, 2, "conflict"),
    ({"connection-limits": {"limit-per-subscriber": 1}}, 1, "quota"),
    ({"mapping-limits": {"limit-port-mappings": 1}}, 1, "table"),
])  # fmt: skip
def test_two_live_are_enough_and_a_certificate_says_so(limits: dict[str, Any], fewest_live: int, reason: str) -> None:
    how = small.design(mapping_type="eim", port_classes=[{"source": ["0-65535"], "ports": ["1024-65535"]}])
    s = natbound.Scenario(small.scenario(
        [small.client("A", "10.0.0.0/24", "1024-65535")], [{**small.nat(["A"], "203.0.113.0/28", how), **limits}],
        [small.server("C", "198.51.100.0/24", "443")],
    ))  # fmt: skip
    found = s.answer(0.5, remedies=False).to_dict()["guaranteed"]
    assert found["connections"] == fewest_live
    evidence = found["evidence"]
    assert evidence["lower-bound"]["reason"] == reason
    assert check(evidence, s.canonical).valid is True
    if reason != "conflict":
        return
    for key, value in [("connections", 1), ("connections", 3)]:
        assert check({**evidence, key: value, "lower-bound": {"reason": "conflict", "limit": value}}).valid is False
    mutant = copy.deepcopy(evidence)
    mutant["failing"]["to"]["address"] = "198.51.100.77"
    assert check(mutant).valid is False
    mutant = copy.deepcopy(evidence)
    mutant["scenario"]["nats"][0]["design"]["mapping-type"] = "edm"
    assert check(mutant).valid is False
