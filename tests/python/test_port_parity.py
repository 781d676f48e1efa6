"""Port parity preservation (RFC 4787, 4.2.2): small networks against brute force, and the same network with its ports listed by hand."""

from __future__ import annotations

import random
import re
import sys
from pathlib import Path
from typing import Any

import natbound
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

import attack
import comparing
import oracle
import small


def with_parity(s: dict[str, Any]) -> dict[str, Any]:
    """The same with NATs that preserve parity, each class with ports of both."""
    for n in s["nats"]:
        n["design"]["port-parity-preservation"] = True
        if "port-set-restrict" in n and len({p % 2 for p in oracle.restricted_to(n["port-set-restrict"])}) == 1:
            n["port-set-restrict"] = {"start-port-number": 10, "end-port-number": 12}
        for c in n["design"]["port-classes"]:
            if len(oracle.listed_ports(c["ports"])) == 1:
                c["ports"] = ["10-11"]
        for r in n["design"]["search"]["rounds"]:
            if r["step"] == "scaled":  # the checker does not follow it through ports with holes
                r |= {"step": "ascend"}
                r.pop("bits")
    return s


def small_ones(seeds: range) -> list[dict[str, Any]]:
    """Small scenarios, every second one with searches of few ports."""
    return [with_parity(small.random_scenario(random.Random(seed), searching=seed % 2 == 0)) for seed in seeds]


def test_certificates_are_accepted_and_true_and_their_mutants_are_not() -> None:
    seen = comparing.by_brute_force(small_ones(range(100)), 8)
    assert seen["exact"] > 50, seen
    assert seen["guaranteed"] > 10, seen
    assert seen["tried"] > 300, seen


def home(**more: Any) -> natbound.Scenario:
    """A client behind one address and a design that preserves parity."""
    router = {"name": "r", "inside": ["A"], "external-ip-address-pool": "203.0.113.5"}
    return natbound.Scenario({
        "clients": [{"name": "A", "addresses": "192.168.1.10"}],
        "nats": [router | {"design": {"base": "ideal", "port-parity-preservation": True}} | more],
        "servers": [{"name": "C", "addresses": "198.51.100.7", "ports": 80}],
        "traffic": [{"from": "A", "to": "C", "rate": "100/s", "hold": "60s"}],
    })  # fmt: skip


def test_a_client_of_even_ports_has_half_of_them() -> None:
    one = home()
    assert one.capacity()["maximum"]["connections"] == 64_512
    even = one.with_settings("clients.0.ports=20000-59998/2")
    assert even.capacity()["maximum"]["connections"] == 20_000  # as many as it has itself
    attack.accepted(even.capacity()["maximum"]["evidence"])
    crowded = even.with_settings("clients.0.addresses=192.168.1.0/24")
    found = crowded.capacity()["maximum"]
    assert found["connections"] == 32_256
    attack.accepted(found["evidence"])
    assert crowded.capacity(32_256).fits is True
    refused = crowded.capacity(32_257)
    assert refused.fits is False
    attack.accepted(refused["evidence"])


def test_the_same_network_with_its_ports_listed() -> None:
    by_hand = [
        {"source": "0-65534/2", "ports": "1024-65534/2"},
        {"source": "1-65535/2", "ports": "1025-65535/2"},
    ]
    restricted = {"design": {"base": "ideal", "port-classes": by_hand}}
    for settings in (["clients.0.addresses=192.168.1.0/24"], ["clients.0.ports=30000-30100"]):
        one = home().with_settings(*settings).answer(remedies=False)
        two = home(**restricted).with_settings(*settings).answer(remedies=False)
        for number in ("maximum", "guaranteed", "likely"):
            assert one[number]["connections"] == two[number]["connections"], number


def test_likely_agrees_with_the_simulator() -> None:
    """Each half of 200 ports is a system of its own, of half the traffic; halves of 100 ports refuse more than 200 ports would."""
    crowded = home(**{"port-set-restrict": {"start-port-number": 20000, "end-port-number": 20199}}).with_settings(
        "clients.0.addresses=192.168.1.10-192.168.1.29", "traffic.0.rate=3/s", "traffic.0.hold=60s"
    )
    found = crowded.risk(simulate=100_000, seed=7)
    assert abs(found["simulation"]["z"]) < 4, found["simulation"]
    assert found["refusal_probability"] == pytest.approx(natbound.calculator.erlang_b(100, 90), rel=1e-9)


def test_errors() -> None:
    with pytest.raises(natbound.InputError, match="has no odd port, and the design preserves parity"):
        home(**{"port-set-restrict": {"start-port-number": 20000, "end-port-number": 20000}})
    with pytest.raises(natbound.InputError, match="has no even port"):
        home(design={"base": "ideal", "port-parity-preservation": True, "port-classes": [{"ports": "1025-1101/2"}]})
    with pytest.raises(natbound.InputError, match=re.escape("a step of 0 never gets on")):
        home().with_settings("clients.0.ports=20000-30000/0")
