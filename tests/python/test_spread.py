"""Clients that are spread over several NATs: maxima, demands and their multiples against CP-SAT, and the checker under attack."""

from __future__ import annotations

import random
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import natbound
import pytest
from natbound.check import check

sys.path.insert(0, str(Path(__file__).parent))

import by_constraints
import small
from comparing import asked, bounds, meets, wanted, wrong_demand
from mutation import mutants
from test_server_limits import with_backends, with_server_limits


def spread(rng: random.Random, plain: bool = False) -> dict[str, Any]:
    """Two or three NATs with pools of their own, and client sets that are inside one or more of them; `plain`: a mapping a connection each, and alike keys."""

    def ports(low: int) -> str:
        return f"{low}-{low + rng.randint(0, 2)}"

    servers = [small.server("S", "198.51.100.1", "80"), small.server("T", "198.51.100.2-198.51.100.3", rng.choice(["80", "80-81"]))]
    clients = [
        small.client(n, f"10.{i}.0.1-10.{i}.0.{rng.randint(1, 2)}", ports(10), rng.choice([[], [], ["S"], ["T"]]))
        for i, n in enumerate("ABC")
    ]
    nats: list[dict[str, Any]] = []
    kinds = ["endpoint", "endpoint", "endpoint", "address", "none"]
    for i in range(rng.choice([2, 2, 3])):
        how = small.design(
            mapping_type="edm" if plain else rng.choice(["edm", "edm", "edm", "adm", "eim"]),
            port_classes=[{"source": ["0-65535"], "ports": [ports(20)]}],
            clash_scope={"destination": rng.choice(kinds), "protocol": rng.random() < 0.8},
            pool={"choice": "random", "hash": "", "of": "source", "fallback": False},
        )
        if plain:
            kinds = [how["clash-scope"]["destination"]]
        inside = [c["name"] for c in clients if rng.random() < 0.6] or ["A"]
        one = small.nat(inside, f"203.0.113.{4 * i}-203.0.113.{4 * i + rng.choice([0, 0, 1])}", how, f"n{i}")
        if rng.random() < 0.25:
            one["connection-limits"] = {"limit-per-instance": rng.randint(1, 6)}
        nats.append(one)
    return small.scenario(clients, nats, servers)


@pytest.mark.parametrize("plain", [True, False])
def test_demands_and_multiples_are_what_cp_sat_finds(plain: bool) -> None:
    rng = random.Random(11)
    seen: Counter[str] = Counter()
    for i in range(45):
        s = spread(rng, plain)
        pairs = wanted(rng, s)
        assert wrong_demand(s, pairs, seen) is None, (i, pairs, s)
    assert seen["demands"] > 35
    assert seen["demands that fit"] > 5
    assert seen["demands settled"] >= seen["demands"] * (0.95 if plain else 0.6)
    assert seen["exact multiples"] >= seen["demands"] * (0.8 if plain else 0.3)


def test_no_wrong_mutant_is_accepted() -> None:
    rng = random.Random(5)
    tried = across = 0
    for i in range(25):
        s = spread(rng, plain=True)
        for c in s["clients"]:  # enough sockets, so that external endpoints are what there is too little of
            c["ports"] = ["10-14"]
        pairs = wanted(rng, s, 9)
        if not pairs:
            continue
        found = asked(s, pairs)
        if found["fits"] is not False:
            continue
        across += "pairs" in found["evidence"]
        for done, mutant in mutants(found["evidence"], rng, 20):
            if not isinstance(mutant, dict) or "demand" not in mutant:
                continue
            tried += 1
            if check({**mutant, "scenario": found["evidence"]["scenario"]}).valid is True:
                other = {(d["from"], d["to"]): int(d["connections"]) for d in mutant["demand"]}
                assert not meets(s, other), (i, done, mutant)
    assert tried > 250
    assert across > 5


def test_maxima_with_servers_limits_and_backends() -> None:
    rng = random.Random(23)
    exact = 0
    for i in range(80):
        s = with_server_limits(rng, with_backends(rng, spread(rng)))
        if rng.random() < 0.5:
            del s["nats"][0]
            s["clients"] = [c for c in s["clients"] if any(c["name"] in n["inside"] for n in s["nats"]) or c["name"] == "A"]
        found = natbound.Scenario(s).capacity().to_dict()["maximum"]
        low, high = bounds(found)
        most = by_constraints.maximum(s)
        assert most is not None
        assert low <= most <= high, (i, s)
        verdict = check(found["evidence"], natbound.Scenario(s).canonical)
        assert verdict.valid is True, (i, verdict.reason, s)
        exact += low == high
    assert exact > 25


def test_maxima_of_plain_ones_and_their_limits_are_mostly_exact() -> None:
    rng = random.Random(3)
    exact = 0
    for i in range(120):
        s = spread(rng, plain=True)
        s = with_server_limits(rng, s) if i % 2 else s
        scenario = natbound.Scenario(s)
        found = scenario.capacity().to_dict()["maximum"]
        low, high = bounds(found)
        exact += low == high
        assert check(found["evidence"], scenario.canonical).valid is True, (i, s)
        if i % 6 < 2:
            most = by_constraints.maximum(s)
            assert most is not None
            assert low <= most <= high, (i, s)
    assert exact > 95  # were the parts even, 75


def test_uneven_pools_of_one_client_set() -> None:
    s = {
        "clients": [{"name": "A", "addresses": "10.0.0.0/24"}],
        "nats": [
            {"name": "n", "inside": ["A"], "external-ip-address-pool": "203.0.113.1-203.0.113.4", "design": "ideal"},
            {"name": "m", "inside": ["A"], "external-ip-address-pool": "203.0.113.5", "design": "linux-masquerade"},
        ],
        "servers": [{"name": "C", "addresses": "198.51.100.1", "ports": 80}],
    }
    found = asked(s, {("A", "C"): 200_000})
    assert found["fits"] is True
    assert found["multiple"]["connections"] == 5 * 64512
    for evidence in (found["evidence"], found["multiple"]["evidence"], asked(s, {("A", "C"): 5 * 64512 + 1})["evidence"]):
        assert check(evidence).valid is True
