"""A quota of each client address together with what the servers hold: exact where each endpoint is a key by itself, at any size."""

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

import small
from comparing import asked, bounds, maxima, wanted, wrong_demand
from test_server_limits import with_server_limits

WEB = "servers.web.connection-limits.limit-per-endpoint=5000"
EXAMPLES = Path(__file__).parents[2] / "examples"


def per_endpoint(rng: random.Random, wide: int) -> dict[str, Any]:
    """One or two NATs with a mapping for each connection; `wide`: the most addresses of a set."""

    def some(first: str) -> str:
        return f"{first}1-{first}{rng.randint(1, wide)}"

    servers = [small.server(n, some(f"198.51.{i}."), rng.choice(["80", "80-81"])) for i, n in enumerate("STU"[: rng.randint(1, 3)])]
    names = [v["name"] for v in servers]
    clients = [
        small.client(n, some(f"10.{i}.0."), f"10-{9 + rng.randint(1, 3)}", rng.choice([[], rng.sample(names, 1)]))
        for i, n in enumerate("AB")
    ]
    nats = []
    for i, inside in enumerate(rng.choice([[["A", "B"]], [["A"], ["B"]]])):
        how = small.design(
            port_classes=[{"source": ["0-65535"], "ports": [f"20-{20 + rng.randint(0, wide)}"]}],
            pool={"choice": "random", "hash": "", "of": "source", "fallback": False},
        )
        nats.append(small.nat(inside, f"203.0.113.{i}", how, f"n{i}"))
    return small.with_quotas(rng, with_server_limits(rng, small.scenario(clients, nats, servers)), 2 * wide)


def test_small_ones_are_exact_as_cp_sat_finds_them() -> None:
    rng = random.Random(2)
    found = list(maxima(lambda: per_endpoint(rng, 2), rng, 60, 4))
    assert sum(exact for _, exact, _ in found) > 52  # the rest: two NATs, of which the first leaves the other too little room
    assert sum("quota" in one["sets_it"] for one, _, _ in found) > 15
    assert sum("at each" in one["sets_it"] for one, _, _ in found) > 8


def test_demands_are_what_cp_sat_finds() -> None:
    rng = random.Random(4)
    seen: Counter[str] = Counter()
    for i in range(60):
        s = per_endpoint(rng, 2)
        pairs = wanted(rng, s, 5)
        assert wrong_demand(s, pairs, seen) is None, (i, pairs, s)
    assert seen["demands settled"] > seen["demands"] * 0.95
    assert seen["demands that fit"] > 5


def test_larger_ones_are_exact_and_their_certificates_stand() -> None:
    rng = random.Random(8)
    exact = settled = tried = 0
    for i in range(60):
        s = per_endpoint(rng, 40)
        scenario = natbound.Scenario(s)
        found = scenario.capacity().to_dict()["maximum"]
        low, high = bounds(found)
        exact += low == high
        assert check(found["evidence"], scenario.canonical).valid is True, (i, s)
        pairs = wanted(rng, s, 600)
        if not pairs:
            continue
        answer = asked(s, pairs)
        tried += 1
        settled += answer["fits"] is not None
        if answer["fits"] is not None:
            assert check(answer["evidence"], scenario.canonical).valid is True, (i, pairs, s)
    assert exact > 57
    assert settled > tried * 0.9


@pytest.mark.parametrize(
    ("example", "changes", "maximum", "multiple"),
    [
        ("cgnat", [WEB], 1_000_000, 180_000),
        ("cgnat", [WEB, "nats.connection-limits.limit-per-subscriber=50"], 100_000, 100_000),
        ("database", ["nats.connection-limits.limit-per-subscriber=2"], 2048, 2048),
    ],
)
def test_the_examples(example: str, changes: list[str], maximum: int, multiple: int) -> None:
    scenario = natbound.load(EXAMPLES / f"{example}.yaml", changes)
    found = scenario.capacity()
    assert found.maximum["connections"] == maximum
    assert found.multiple["connections"] == multiple
    for evidence in (found.maximum["evidence"], found.multiple["evidence"]):
        assert check(evidence, scenario.canonical).valid is True


def test_mappings_that_are_shared_are_dealt_to_as_few_addresses_as_can_carry_them() -> None:
    eim = "nats.design={base: ideal, mapping-type: eim, clash-scope: {destination: none}}"
    scenario = natbound.load(EXAMPLES / "cgnat.yaml", [eim, "nats.connection-limits.limit-per-subscriber=50"])
    for wanted_, fits in ((100_000, True), (99_999, True), (100_001, False)):
        found = scenario.capacity(wanted_).to_dict()
        assert found["fits"] is fits
        assert check(found["evidence"], scenario.canonical).valid is True
    assert scenario.capacity(70_001).to_dict()["multiple"]["connections"] == 100_000


def test_demands_of_shared_mappings_within_quotas() -> None:
    rng = random.Random(6)
    seen: Counter[str] = Counter()
    for i in range(60):
        s = per_endpoint(rng, 2)
        for n in s["nats"]:
            n["design"] |= {"mapping-type": "eim", "clash-scope": {"destination": "none", "protocol": True}}
        for v in s["servers"]:
            v.pop("connection-limits", None)
        pairs = wanted(rng, s, 4)
        assert wrong_demand(s, pairs, seen) is None, (i, pairs, s)
    assert seen["demands settled"] > seen["demands"] * 0.9
    assert seen["demands that fit"] > 8
