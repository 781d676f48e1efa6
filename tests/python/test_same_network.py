"""Metamorphic laws: cutting sets in two, other names and other orders change neither the bounds of the maximum nor whether it is exact, over all
kinds of scenario; and the certificate, written back in the sets as they are, is right."""

from __future__ import annotations

import os
import random
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import natbound
import pytest
from natbound.check import check

sys.path.insert(0, str(Path(__file__).parent))

import dealt
import many
import same_network
import test_cascade
import test_paired
from comparing import bounds

TRIED = int(os.environ.get("NATBOUND_SAME", "60"))  # of each kind and law; the counts of the change log were run once


def with_port_sets(rng: random.Random) -> dict[str, Any]:
    """Ports dealt on demand: deterministic ones are dealt by the order of the clients, so that there the order is part of the network."""
    while True:
        s: dict[str, Any] = dealt.random_document(rng, rng.choice(["edm", "eim"]))
        for c in s["clients"]:
            c.setdefault("reaches", [])
        if not s["nats"][0]["port-set"].get("deterministic"):
            return s


KINDS: dict[str, Callable[[random.Random], dict[str, Any]]] = {
    **many.KINDS, "paired": test_paired.paired, "cascade": test_cascade.made, "port sets": with_port_sets,
}  # fmt: skip
LAWS: dict[str, Callable[[random.Random, dict[str, Any]], dict[str, Any]]] = {
    "clients cut": lambda rng, s: same_network.split(rng, s, "clients"),
    "servers cut": lambda rng, s: same_network.split(rng, s, "servers"),
    "all cut, in another order": lambda rng, s: same_network.permuted(
        rng, same_network.split(rng, same_network.split(rng, s, "servers"), "clients")
    ),
    "other names": same_network.renamed,
    "another order": same_network.permuted,
}


def found(s: dict[str, Any]) -> tuple[int, int] | str:
    """The bounds, whose certificate is right; or that this version does not settle it."""
    scenario = natbound.Scenario(s)
    try:
        maximum = scenario.capacity().to_dict()["maximum"]
    except natbound.Unsupported:
        return "unsupported"
    verdict = check(maximum["evidence"], scenario.canonical)
    assert verdict.valid is not False, (verdict.reason, s)
    return bounds(maximum)


@pytest.mark.parametrize("kind", KINDS)
def test_writing_a_network_in_another_way_changes_nothing(kind: str) -> None:
    settled = 0
    for i in range(TRIED):
        rng = random.Random(f"{kind} {i}")
        s = KINDS[kind](rng)
        before = found(s)
        settled += before != "unsupported"
        for law, other in LAWS.items():
            t = other(rng, s)
            assert found(t) == before, (law, s, t)
    assert settled >= TRIED // 2


def test_alike_sets_are_one_and_the_certificate_names_each() -> None:
    """A hundred hosts as a hundred sets, with mappings that are shared: the same as one set, and as fast."""
    design = {"base": "ideal", "mapping-type": "eim", "clash-scope": {"destination": "endpoint"}}
    nat = {"name": "n", "external-ip-address-pool": "203.0.113.1", "design": design}
    servers = [{"name": f"S{k}", "addresses": f"198.51.100.{k}", "ports": 443} for k in range(4)]
    hosts = [{"name": f"h{k}", "addresses": f"10.0.0.{k}", "ports": "1024-2023"} for k in range(100)]
    apart = natbound.Scenario({"clients": hosts, "nats": [{**nat, "inside": [h["name"] for h in hosts]}], "servers": servers})
    one = natbound.Scenario(
        {"clients": [{"name": "all", "addresses": "10.0.0.0-10.0.0.99", "ports": "1024-2023"}],
         "nats": [{**nat, "inside": ["all"]}], "servers": servers}
    )  # fmt: skip
    many_, single = apart.capacity().to_dict()["maximum"], one.capacity().to_dict()["maximum"]
    assert many_["connections"] == single["connections"] == 4 * 64512
    assert check(many_["evidence"], apart.canonical).valid is True
