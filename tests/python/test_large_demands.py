"""Demands of a size that operators have, under every mapping type: settled, with certificates that hold, whatever else the NAT limits."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import natbound
import pytest
from natbound.check import check


def _scenario(mapping: str, scope: str, shape: str) -> Any:
    nat: dict[str, Any] = {
        "name": "r",
        "inside": ["A", "B"],
        "external-ip-address-pool": ["203.0.113.0/29"],
        "design": {"base": "ideal", "mapping-type": mapping, "clash-scope": {"destination": scope}},
    }
    nats = [nat]
    if shape == "quota":
        nat["connection-limits"] = {"limit-per-subscriber": 700}
    elif shape == "table":
        nat["connection-limits"] = {"limit-per-instance": 300_000}
    elif shape == "mappings":
        nat["mapping-limits"] = {"limit-port-mappings": 200_000}
    elif shape == "subscribers":
        nat["mapping-limits"] = {"limit-subscribers": 500}
    elif shape == "holes":
        one = {"external-src-address": ["203.0.113.1"], "external-src-port": ["5000-5100"], "transport-protocol": "tcp"}
        nat["static-mappings"] = [{"external-src-port": ["8000-8999"]}, one]
    elif shape == "classes":
        halves = [("0-32767", "1024-32767"), ("32768-65535", "32768-65535")]
        nat["design"]["port-classes"] = [{"source": s, "ports": [p]} for s, p in halves]
    elif shape == "hash":
        nat["design"]["pool"] = {"choice": "hash", "hash": "jhash2", "of": "source", "fallback": False}
    elif shape == "side by side":
        nat["inside"] = ["A"]
        nats.append({**nat, "name": "q", "inside": ["B"], "external-ip-address-pool": ["203.0.114.0/30"]})
    elif shape == "spread":
        nats.append({**nat, "name": "q", "external-ip-address-pool": ["203.0.114.0/30"]})
    return {
        "clients": [
            {"name": "A", "addresses": "10.0.0.0/22", "ports": "1024-65535"},
            {"name": "B", "addresses": "10.0.8.0/25", "ports": "32768-60999"},
        ],
        "nats": nats,
        "servers": [
            {"name": "web", "addresses": "198.51.100.0/28", "ports": "443"},
            {"name": "dns", "addresses": "192.0.2.53", "ports": "53", "protocol": "udp"},
            {"name": "db", "addresses": "192.0.2.60-192.0.2.62", "ports": [80, 443]},
        ],
    }


SHAPES = ("plain", "quota", "table", "mappings", "subscribers", "holes", "classes", "hash", "side by side", "spread")
KINDS = [
    (m, d)
    for m, scopes in (("eim", "none endpoint"), ("adm", "none address endpoint"), ("edm", "none address endpoint"))
    for d in scopes.split()
]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(("mapping", "scope"), KINDS)
def test_settled(mapping: str, scope: str, shape: str) -> None:
    scenario = natbound.Scenario(_scenario(mapping, scope, shape))
    part = scenario.capacity().maximum
    most = part.connections if part.connections is not None else part.at_most
    fitting = []
    for share in (Fraction(1, 10), Fraction(3, 10), Fraction(9, 10)):
        found = scenario.capacity(int(most * share)).to_dict()
        if (mapping, shape) == ("adm", "spread") and scope == "none":  # what the NATs hold together has no certificate
            assert found["fits"] in (True, None)
            continue
        fitting.append(found["fits"])
        assert found["fits"] is not None, found["sets_it"]
        verdict = check(found["evidence"], scenario.canonical)
        assert verdict.valid is True, verdict.reason
    assert fitting == sorted(fitting, reverse=True)


def test_mappings_that_are_needed() -> None:
    """By hand: 1,000 sockets of A towards the three addresses of db, two ports each: 6,000 connections are 3,000 mappings under adm, 1,000 under eim."""
    s = _scenario("adm", "none", "plain")
    s["clients"] = [{"name": "A", "addresses": "10.0.0.1", "ports": "1024-2023"}]
    s["nats"][0]["inside"] = ["A"]
    s["nats"][0]["external-ip-address-pool"] = ["203.0.113.1"]
    for mapping, room in (("adm", 3000), ("eim", 1000)):
        s["nats"][0]["design"]["mapping-type"] = mapping
        for spare, fits in ((0, True), (1, False)):
            s["nats"][0]["port-set-restrict"] = {"start-port-number": 10_000, "end-port-number": 10_000 + room - 1 - spare}
            found = natbound.Scenario(s).capacity([{"from": "A", "to": "db", "connections": 6000}]).to_dict()
            assert found["fits"] is fits, found["sets_it"]
            assert check(found["evidence"]).valid is True
            if not fits:
                assert "needs" in found["evidence"]["nats"][0]
                assert f"needs {room:,} mappings of r at least" in found["sets_it"]


def test_needs_that_do_not_hold_are_rejected() -> None:
    """Pairs that can share mappings do not add up, and neither does what fits."""
    s = _scenario("eim", "none", "plain")
    s["nats"][0]["external-ip-address-pool"] = ["203.0.113.1"]
    scenario = natbound.Scenario(s)
    demand = [{"from": "A", "to": "db", "connections": 6 * 40_000}, {"from": "A", "to": "web", "connections": 16 * 40_000}]
    assert scenario.capacity(demand).fits is True

    def verdict(*pairs: tuple[str, str], limit: bool = False) -> bool | None:
        needs = {"pairs": [{"from": c, "to": v} for c, v in pairs], "limit": limit}
        body = {"demand": demand, "nats": [{"nat": "r", "needs": needs}]}
        return check({"schema": "natbound.certificate/1", "kind": "does-not-fit", "scenario": scenario.canonical, **body}).valid

    assert verdict(("A", "db"), ("A", "web")) is False  # 80,000 mappings, did they not share
    assert verdict(("A", "db")) is False
    assert verdict(("A", "db"), limit=True) is False
    demand[0]["connections"] = 6 * 70_000
    assert verdict(("A", "db")) is True


def test_who_may_take_another_nat_need_not_send_one_anything() -> None:
    """A demand above the table of one of two NATs, which the other carries."""
    s = _scenario("edm", "endpoint", "spread")
    for n in s["nats"]:
        n["connection-limits"] = {"limit-per-instance": 10}
    scenario = natbound.Scenario(s)
    demand = [{"from": "A", "to": "dns", "connections": 15}]
    assert scenario.capacity(demand).fits is True
    body = {"demand": demand, "nats": [{"nat": "r", "at-most": 10, "table": 10, "groups": []}]}
    forged = {"schema": "natbound.certificate/1", "kind": "does-not-fit", "scenario": scenario.canonical, **body}
    assert check(forged).valid is False
