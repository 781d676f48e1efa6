"""A limit on subscribers: the maximum and demands against CP-SAT over every flow, the checker under attack, and how likely it refuses."""

from __future__ import annotations

import copy
import random
import sys
from math import comb, expm1
from pathlib import Path
from typing import Any

import natbound
import pytest
from natbound.check import check

sys.path.insert(0, str(Path(__file__).parent))

import small
from comparing import demands, maxima

CARRIER = {
    "clients": [{"name": "homes", "addresses": "10.0.0.0/24"}],
    "nats": [{"name": "cgn", "inside": ["homes"], "external-ip-address-pool": "203.0.113.0/28", "design": "ideal",
              "mapping-limits": {"limit-subscribers": 40}, "connection-limits": {"limit-per-subscriber": 2000}}],
    "servers": [{"name": "C", "addresses": "198.51.100.0/24", "ports": 443}],
    "traffic": [{"from": "homes", "to": "C", "rate-per-client": "1/min", "hold": "6s"}],
}  # fmt: skip


def with_limit(rng: random.Random, s: dict[str, Any]) -> dict[str, Any]:
    """The same with so few subscribers at its NATs."""
    for n in s["nats"]:
        n["mapping-limits"] = {**n["mapping-limits"], "limit-subscribers": rng.randint(1, 4)}
    return s


@pytest.mark.parametrize("quotas", [False, True])
def test_the_maximum_is_what_cp_sat_finds_and_no_wrong_mutant_is_accepted(quotas: bool) -> None:
    # the networks have draws of their own, so that certificates of another form leave them as they are
    rng, draw = random.Random(23 + quotas), random.Random(1023 + quotas)
    exact = cut = tried = 0

    def make() -> dict[str, Any]:
        s = with_limit(draw, small.random_scenario(draw))
        return small.with_quotas(draw, s, 4) if quotas else s

    for found, settled, attacks in maxima(make, rng, 90):
        exact += settled
        cut += "subscribers" in found["sets_it"]
        tried += attacks
    assert exact > 65
    assert cut > 15
    assert tried > 600


def homes(sets: int, limit: int, addresses: int = 1, **more: Any) -> natbound.Scenario:
    return natbound.Scenario({
        "clients": [{"name": f"h{i}", "addresses": f"10.0.{i}.0-10.0.{i}.{addresses - 1}"} for i in range(sets)],
        "nats": [{"name": "cgn", "inside": [f"h{i}" for i in range(sets)], "external-ip-address-pool": "203.0.113.1",
                  "design": "linux-masquerade", "mapping-limits": {"limit-subscribers": limit}, **more}],
        "servers": [{"name": "C", "addresses": "198.51.100.7", "ports": 443}, {"name": "D", "addresses": "198.51.100.8", "ports": 443}],
    })  # fmt: skip


@pytest.mark.parametrize(("sets", "limit", "addresses", "more", "fits"), [
    (5, 4, 1, {}, False), (5, 5, 1, {}, True), (5, 4, 3, {}, False), (4, 4, 2, {}, True),
    (4, 4, 2, {"connection-limits": {"limit-per-subscriber": 3}}, False),  # the last wants four, of two of its addresses
    (5, 4, 1, {"connection-limits": {"limit-per-instance": 100}}, False),
])  # fmt: skip
def test_more_subscribers_than_may_be_served(sets: int, limit: int, addresses: int, more: dict[str, Any], fits: bool) -> None:
    s = homes(sets, limit, addresses, **more)
    demand = [{"from": f"h{i}", "to": "C", "connections": 1 + i} for i in range(sets)]
    found = s.capacity(demand, engine="flow").to_dict()
    assert found["fits"] is fits
    assert check(found["evidence"], s.canonical).valid
    if fits:
        return
    assert f"serves {limit} subscribers" in found["sets_it"]
    # a multiple at which the first want nothing any more has fewer subscribers
    assert found["multiple"]["exact"]
    assert check(found["multiple"]["evidence"], s.canonical).valid
    for key, value in [("limit", limit + 1), ("addresses", limit), ("nats", [])]:
        mutant = copy.deepcopy(found["evidence"])
        mutant["served"][key] = value
        assert check(mutant).valid is False
    mutant = copy.deepcopy(found["evidence"])
    mutant["demand"][0]["connections"] = 0
    assert check(mutant).valid is False


def test_spread_clients_are_served_by_either_nat() -> None:
    document = homes(5, 2).canonical
    document["nats"].append({**copy.deepcopy(document["nats"][0]), "name": "second", "external-ip-address-pool": ["203.0.113.2"]})
    s = natbound.Scenario(document)
    found = s.capacity([{"from": f"h{i}", "to": "C", "connections": 1} for i in range(5)], engine="flow").to_dict()
    assert found["fits"] is False
    assert found["evidence"]["served"]["nats"] == ["cgn", "second"]
    assert check(found["evidence"], s.canonical).valid


def test_a_demand_is_placed_as_cp_sat_would() -> None:
    rng = random.Random(29)
    fitting = list(demands(lambda: with_limit(rng, small.random_scenario(rng)), rng, 80))
    assert len(fitting) > 40
    assert sum(fitting) > 15


def test_the_three_numbers() -> None:
    answer = natbound.Scenario(copy.deepcopy(CARRIER)).answer(remedies=False).to_dict()
    assert answer["maximum"]["connections"] == 40 * 2000
    assert answer["guaranteed"]["connections"] == 40
    assert answer["guaranteed"]["binds"] == "subscribers"
    for number in ("maximum", "guaranteed"):
        assert check(answer[number]["evidence"]).valid
    wrong = copy.deepcopy(answer["guaranteed"]["evidence"])
    wrong["scenario"]["nats"][0]["mapping-limits"]["limit-subscribers"] = 39
    assert check(wrong).valid is False
    assert answer["limits"][0]["kind"] == "subscribers"


def test_what_would_make_a_demand_fit() -> None:
    found = natbound.Scenario(copy.deepcopy(CARRIER)).explain(90000).to_dict()
    change = next(c for c in found["changes"] if c["kind"] == "subscriber")
    assert change["more"] >= 5
    assert check(change["sufficient"]).valid
    worth = next(v for v in found["values"] if v["what"] == "subscriber")
    assert worth["connections"] == 2000


def test_likely_is_the_product_form() -> None:
    # 256 homes, each with 0.1 live on average; the states are those of independent homes, cut where more than 40 are on
    alpha = expm1(0.1)
    truth = comb(255, 40) * alpha**40 / sum(comb(256, j) * alpha**j for j in range(41))
    risk = natbound.Scenario(copy.deepcopy(CARRIER)).risk().to_dict()
    assert risk["refusal_probability"] == pytest.approx(truth, rel=1e-9)
    assert "subscribers" in risk["method"]
    answer = natbound.Scenario(copy.deepcopy(CARRIER)).answer(truth, remedies=False).to_dict()
    assert answer["likely"]["connections"] == pytest.approx(25.6, rel=1e-6)
    assert answer["limits"][0]["load"] == pytest.approx(25.6, rel=1e-6)
