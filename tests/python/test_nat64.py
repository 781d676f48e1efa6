"""NAT64: IPv6 clients behind a pool of IPv4 addresses. What counts is what counts within one family."""

from __future__ import annotations

import copy
import random
import re
import sys
from pathlib import Path
from typing import Any

import natbound
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

import attack
import oracle
import small

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "nat64.yaml"


def test_the_example() -> None:
    answer = natbound.load(EXAMPLE).answer(remedies=False)
    assert answer.maximum.connections == 16 * 8 * 64_512
    assert answer.guaranteed.connections == 8 * 64_512
    assert answer.likely.connections > 0.9 * answer.maximum.connections
    assert attack.valid(answer["maximum"]["evidence"]) is True


def six(document: dict[str, Any]) -> dict[str, Any]:
    """The same clients by IPv6 addresses."""
    out = copy.deepcopy(document)
    for c in out["clients"]:
        c["addresses"] = [re.sub(r"10\.0\.0\.(\d+)", r"2001:db8::\1", a) for a in c["addresses"]]
    for n in out["nats"]:
        n["nat64-prefixes"] = ["64:ff9b::/96"]
    return out


def test_counts_are_those_of_one_family() -> None:
    checked = 0
    for seed in range(400):
        rng = random.Random(seed)
        document = small.random_scenario(rng)
        pools = [n["design"]["pool"] for n in document["nats"]]
        inside = {name for n in document["nats"] for name in n["inside"]}
        if "fd00" in str(document) or len(inside) < len(document["clients"]) or any(p["choice"] == "hash" for p in pools):
            continue
        plain, translated = natbound.Scenario(document).capacity(), natbound.Scenario(six(document)).capacity()
        assert plain["maximum"]["connections"] == translated["maximum"]["connections"]
        attack.accepted(translated["maximum"]["evidence"])
        checked += 1
    assert checked > 50


def test_a_hash_of_both_families() -> None:
    exact = 0
    for seed in range(300):
        document = small.random_scenario(random.Random(seed))
        if "fd00" in str(document) or "Z" in {c["name"] for c in document["clients"]}:
            continue
        document = six(document)
        world = oracle.World(document)
        found = natbound.Scenario(document).capacity()["maximum"]
        attack.accepted(found["evidence"])
        if attack.small_enough(world, 40) and found["connections"] is not None:
            exact += 1
            assert int(found["connections"]) == oracle.most(world)
    assert exact > 80


def made(clients: str, pool: str, servers: str, **more: Any) -> dict[str, Any]:
    """A network of three."""
    nat = {"name": "n", "inside": ["A"], "external-ip-address-pool": pool, "design": "ideal", **more}
    return {
        "clients": [{"name": "A", "addresses": clients, "ports": "1024-65535"}],
        "nats": [nat],
        "servers": [{"name": "C", "addresses": servers, "ports": 443}],
    }


@pytest.mark.parametrize(
    ("document", "words"),
    [
        (made("10.0.0.1", "2001:db8::1", "2001:db8:1::1"), "is IPv6, and client set A is IPv4"),
        (
            made("2001:db8::1", "203.0.113.5", "64:ff9b::c633:6407"),
            "is of another address family than server set C, which A reaches through it",
        ),
        (made("10.0.0.1", "203.0.113.5", "2001:db8:1::1"), "is of another address family than server set C"),
        (made("2001:db8::1", "203.0.113.5", "198.51.100.7", **{"nat64-prefixes": "64:ff9b::/80"}), "length 32, 40, 48, 56, 64 or 96"),
        (made("10.0.0.1", "203.0.113.5", "198.51.100.7", **{"nat64-prefixes": "64:ff9b::/96"}), "goes with IPv6 clients and an IPv4 pool"),
    ],
)
def test_errors(document: dict[str, Any], words: str) -> None:
    with pytest.raises(natbound.InputError, match=re.escape(words)):
        natbound.Scenario(document)


def test_unknown_servers_are_of_the_family_that_the_nat_leads_to() -> None:
    document = made("2001:db8::1", "203.0.113.5", "198.51.100.7")
    del document["servers"]
    document["traffic"] = [{"from": "A", "to": "unknown", "top-share": "10%-100%", "live": 100, "hold": "60s"}]
    servers = natbound.Scenario(document).canonical["servers"]
    assert servers[0]["addresses"] == ["198.18.0.0/22"]
