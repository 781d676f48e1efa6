"""A stateful firewall (`translates: false`): it keeps state of what passes, and changes no tuple."""

from __future__ import annotations

import copy
import random
import sys
from pathlib import Path
from typing import Any

import natbound
import pytest
from natbound.check import check

sys.path.insert(0, str(Path(__file__).parent))

import small
from comparing import demands, maxima
from test_server_limits import with_backends, with_server_limits

OFFICE = {
    "clients": [{"name": "desks", "addresses": "2001:db8:1::/64"}, {"name": "lab", "addresses": "2001:db8:2::/120"}],
    "nats": [{"name": "edge", "inside": ["desks"], "translates": False, "connection-limits": {"limit-per-instance": 262144}}],
    "servers": [{"name": "web", "addresses": "2001:db8:f::1", "ports": 443}],
    "traffic": [{"from": ["desks", "lab"], "to": "web", "rate": "4000/s", "hold": "60s"}],
}  # fmt: skip


def with_firewall(rng: random.Random, s: dict[str, Any]) -> dict[str, Any]:
    """The same with a firewall in place of a NAT."""
    n = rng.choice(s["nats"])
    for key in ("port-set-restrict", "mapping-limits"):
        n.pop(key, None)
    n.pop("external-ip-address-pool")
    n |= {"translates": False, "connection-limits": {}}
    if rng.random() < 0.6:
        n["connection-limits"]["limit-per-instance"] = rng.randint(1, 12)
    if rng.random() < 0.5:
        n["connection-limits"]["limit-per-subscriber"] = rng.randint(1, 4)
    return s


def test_the_maximum_is_what_cp_sat_finds_and_no_wrong_mutant_is_accepted() -> None:
    rng = random.Random(31)
    exact = tried = 0

    def make() -> dict[str, Any]:
        s = with_firewall(rng, small.random_scenario(rng))
        if rng.random() < 0.3:
            s = with_server_limits(rng, s)
        return with_backends(rng, s) if rng.random() < 0.2 else s

    for _, settled, attacks in maxima(make, rng, 120):
        exact += settled
        tried += attacks
    assert exact > 95
    assert tried > 800


def test_a_demand_is_placed_as_cp_sat_would() -> None:
    rng = random.Random(37)
    fitting = list(demands(lambda: with_firewall(rng, small.random_scenario(rng)), rng, 80))
    assert len(fitting) > 40
    assert sum(fitting) > 15


def test_the_three_numbers() -> None:
    answer = natbound.Scenario(copy.deepcopy(OFFICE)).answer(remedies=False).to_dict()
    assert answer["maximum"]["connections"] == 262144 + 256 * 64512
    assert answer["guaranteed"]["connections"] == 262144
    assert answer["guaranteed"]["binds"] == "table"
    for number in ("maximum", "guaranteed"):
        assert check(answer[number]["evidence"]).valid
    wrong = copy.deepcopy(answer["guaranteed"]["evidence"])
    wrong["connections"] = wrong["lower-bound"]["limit"] = 262143
    assert check(wrong).valid is False
    assert answer["limits"][0]["kind"] == "table"
    risk = natbound.Scenario(copy.deepcopy(OFFICE)).risk(scale=2.25).to_dict()
    # nearly all of the traffic passes the firewall, by the number of addresses; what is routed is never refused
    assert risk["refusal_probability"] == pytest.approx(natbound.calculator.erlang_b(262144, 2.25 * 4000 * 60), rel=1e-9)


def test_a_table_that_all_connections_fit_refuses_nobody() -> None:
    s = copy.deepcopy(OFFICE)
    s["clients"][0]["addresses"] = "2001:db8:1::1-2001:db8:1::2"
    answer = natbound.Scenario(s).answer(remedies=False).to_dict()
    assert answer["guaranteed"]["nothing_fails"]
    assert answer["guaranteed"]["connections"] == answer["maximum"]["connections"] == 258 * 64512
    assert check(answer["guaranteed"]["evidence"]).valid


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"external-ip-address-pool": "2001:db8:9::1"}, "external-ip-address-pool: does not go with translates: false"),
        ({"translates": True}, "for a stateful firewall add translates: false"),
        ({"inside": ["desks", "other"]}, "clients of a firewall.*not modelled yet"),
    ],
)
def test_what_does_not_go_with_it(changes: dict[str, Any], said: str) -> None:
    s = copy.deepcopy(OFFICE)
    s["clients"].append({"name": "other", "addresses": "2001:db8:3::1"})
    s["nats"][0] |= changes
    s["nats"][0].setdefault("design", "ideal")
    s["nats"].append({"name": "n", "inside": ["other"], "external-ip-address-pool": "2001:db8:8::1", "design": "ideal"})
    with pytest.raises(natbound.Unsupported if "not modelled" in said else natbound.InputError, match=said):
        natbound.Scenario(s)
