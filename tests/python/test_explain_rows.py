"""explain where NATs and firewalls follow one another: what is further out is offered, too."""

from __future__ import annotations

import copy
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))

import natbound
from attack import accepted

NETWORK: dict[str, Any] = {
    "clients": [{"name": "A", "addresses": "10.0.0.0/24"}],
    "nats": [
        {"name": "home", "inside": ["A"], "external-ip-address-pool": "100.64.0.1-100.64.0.9", "design": "ideal"},
        {"name": "cgn", "inside": ["home"], "external-ip-address-pool": "203.0.113.1", "design": "ideal"},
    ],
    "servers": [{"name": "S", "addresses": "198.51.100.1", "ports": 80}],
}


def network(**outer: Any) -> natbound.Scenario:
    """NETWORK with other fields of its outer NAT."""
    value = copy.deepcopy(NETWORK)
    value["nats"][1] = {k: v for k, v in {**value["nats"][1], **outer}.items() if v is not None}
    return natbound.Scenario(value)


def test_the_nat_around_gets_the_address() -> None:
    found = network().explain(70_000).to_dict()
    best = found["changes"][0]
    assert (best["kind"], best["of"], best["more"]) == ("address", "cgn", 1)
    accepted(best["sufficient"])
    accepted(best["one_less"])
    assert next(v for v in found["values"] if (v["what"], v["of"]) == ("address", "cgn"))["connections"] == 64_512


def test_its_table_must_be_raised_in_any_case() -> None:
    best = network(**{"connection-limits": {"limit-per-instance": 1000}}).explain(70_000).to_dict()["changes"][0]
    assert [(p["kind"], p["of"], p["more"]) for p in (best, *best["with"])] == [("address", "cgn", 1), ("table", "cgn", 69_000)]
    accepted(best["sufficient"])


def test_a_firewall_behind_gets_its_entries() -> None:
    wall = {"translates": False, "external-ip-address-pool": None, "design": None, "connection-limits": {"limit-per-instance": 1000}}
    best = network(**wall).explain(7000).to_dict()["changes"][0]
    assert (best["kind"], best["of"], best["more"]) == ("table", "cgn", 6000)
    accepted(best["sufficient"])
    accepted(best["one_less"])
