"""Static mappings: endpoints that the allocator never gives. Certificates of small networks against brute force, likely against the simulator, and words."""

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

HOME = Path(__file__).resolve().parents[2] / "examples" / "home-lan.yaml"


def with_holes(rng: random.Random, scenario: dict[str, Any]) -> dict[str, Any]:
    """The same with one to three static mappings at each NAT, that differ by address and by protocol."""
    for n in scenario["nats"]:
        pool = oracle.listed_addresses(n["external-ip-address-pool"])
        taken: set[tuple[str, int]] = set()
        out = []
        for _ in range(rng.choice([1, 1, 2, 3])):
            there = rng.choice([[], [pool[0]], [pool[-1]]])
            first = rng.randint(7, 13)
            ports = range(first, first + rng.choice([1, 1, 2, 3]))
            cells = {(a, p) for a in there or pool for p in ports}
            if cells & taken:
                continue
            taken |= cells
            item: dict[str, Any] = {"external-src-port": [str(p) for p in ports]}
            if there:
                item["external-src-address"] = there
            if rng.random() < 0.4:
                item["transport-protocol"] = rng.choice(["tcp", "tcp", "udp"])
            out.append(item)
        n["static-mappings"] = out
    return scenario


def small_ones(seeds: range) -> list[dict[str, Any]]:
    """Scenarios with static mappings."""
    out = []
    for seed in seeds:
        rng = random.Random(seed)
        out.append(with_holes(rng, small.random_scenario(rng, searching=seed % 2 == 0)))
    return out


def test_certificates_are_accepted_and_true_and_their_mutants_are_not() -> None:
    seen = comparing.by_brute_force(small_ones(range(300)), 12)
    assert seen["exact"] > 150, seen
    assert seen["guaranteed"] > 30, seen
    assert seen["tried"] > 1500, seen


def home(*mappings: dict[str, Any], **more: Any) -> natbound.Scenario:
    """The home network with these."""
    document = natbound.load(HOME).canonical
    document["nats"][0] |= {"static-mappings": list(mappings), **more}
    return natbound.Scenario(document)


def test_the_home_network_in_numbers() -> None:
    elsewhere = home({"external-src-port": "40000-40009", "transport-protocol": "tcp"}).answer(remedies=False)
    assert elsewhere.maximum.connections == 64_512 - 10
    assert elsewhere.guaranteed.connections == 118  # a search of 128 ports, ten of which no flow need hold
    assert "(10 by static mappings)" in elsewhere.guaranteed.sets_it
    assert home({"external-src-port": "40000-40009", "transport-protocol": "udp"}).capacity()["maximum"]["connections"] == 64_512
    whole = home({"external-src-port": "2000-2999", "external-src-address": "203.0.113.5"}).answer(remedies=False)
    assert whole.guaranteed.connections == 0
    assert "static mappings keep every endpoint that it would try" in whole.guaranteed.sets_it
    plain = natbound.load(HOME).answer(remedies=False)
    assert whole.likely.connections < plain.likely.connections - 1000
    for evidence in (elsewhere["guaranteed"], whole["guaranteed"], elsewhere["maximum"], whole["maximum"]):
        attack.accepted(evidence["evidence"])


@pytest.mark.parametrize(
    ("mappings", "words"),
    [
        ([{"external-src-port": 443, "external-src-address": "203.0.113.6"}], "is no address of the pool"),
        (
            [{"external-src-port": 443}, {"external-src-port": "440-450", "transport-protocol": "tcp"}],
            "is kept by nats[0].static-mappings[0] already",
        ),
        ([{"external-src-port": "1-65535"}], "nothing is left to give"),
        ([{"external-src-address": "203.0.113.5"}], "the ports that it keeps are wanted"),
    ],
)
def test_errors(mappings: list[dict[str, Any]], words: str) -> None:
    with pytest.raises(natbound.InputError, match=re.escape(words)):
        home(*mappings)


def crowded(design: str, pool: str, holes: list[dict[str, Any]], live: int) -> natbound.Scenario:
    """200 ports an address, some of them kept, and twenty clients."""
    return natbound.Scenario({
        "clients": [{"name": "A", "addresses": "192.168.1.10-192.168.1.29", "ports": "1024-65535"}],
        "nats": [{
            "name": "r", "inside": ["A"], "external-ip-address-pool": pool, "design": design, "static-mappings": holes,
            "port-set-restrict": {"start-port-number": 20000, "end-port-number": 20199},
        }],
        "servers": [{"name": "C", "addresses": "198.51.100.7", "ports": 80}],
        "traffic": [{"from": ["A"], "to": "C", "live": live, "hold": "60s"}],
    })  # fmt: skip


SCATTERED = [{"external-src-port": "20010-20039"}, {"external-src-port": "20100-20119", "transport-protocol": "tcp"}]
ONE_ADDRESS = [{"external-src-port": "20010-20059", "external-src-address": "203.0.113.5"}]


@pytest.mark.parametrize(
    ("design", "pool", "holes", "live"),
    [
        ("openbsd-pf", "203.0.113.5", SCATTERED, 145),
        ("linux-snat", "203.0.113.5", SCATTERED, 145),
        ("linux-snat", "203.0.113.5-203.0.113.6", ONE_ADDRESS, 320),
        ("cilium", "203.0.113.5", SCATTERED, 130),
        ("ovs", "203.0.113.5", SCATTERED, 145),
        ("vpp-nat44-ed", "203.0.113.5-203.0.113.6", ONE_ADDRESS, 300),
    ],
)
def test_likely_agrees_with_the_simulator(design: str, pool: str, holes: list[dict[str, Any]], live: int) -> None:
    found = crowded(design, pool, holes, live).risk(simulate=100_000, seed=7)
    assert abs(found["simulation"]["z"]) < 4, found["simulation"]


def test_where_an_address_is_drawn() -> None:
    scenario = crowded("cilium", "203.0.113.5-203.0.113.6", ONE_ADDRESS, 300)
    drawn = scenario.with_settings("nats.design.pool.choice=random")
    assert drawn.capacity()["maximum"]["connections"] == 350
    counted = drawn.risk(tries=1)
    assert "static mappings differ by address" in counted.method
    again = drawn.simulate(seed=9)
    assert again.interval[0] * 0.8 < counted.refusal_probability < again.interval[1] * 1.25


def test_a_server_on_its_clients_own_pool() -> None:
    """What goes there stays with the NAT, but for ports that it forwards (hairpinning)."""
    servers = [small.server("S", "203.0.113.4", "443"), small.server("T", "198.51.100.7", "443")]
    inner = small.nat(["A"], "203.0.113.4-203.0.113.5", small.design())
    clients = [small.client("A", "10.0.0.1", "10-12"), small.client("B", "10.1.0.1", "10-12")]

    def read(nats: list[dict[str, Any]], reaches: list[str] | None = None) -> natbound.Scenario:
        there = [{**clients[0], **({"reaches": reaches} if reaches else {})}, clients[1]]
        return natbound.Scenario(small.scenario(there, nats, servers))

    says = r"pool: .*holds addresses of server set S, which its clients reach, in 203\.0\.113\.4.*static-mappings: \[\{external-src-port: 443\}\]"
    with pytest.raises(natbound.InputError, match=says):
        read([inner])
    around = {**inner, "name": "around", "inside": ["n"]}
    with pytest.raises(natbound.InputError, match="holds addresses of server set S"):
        read([{**inner, "name": "n", "external-ip-address-pool": ["192.0.2.1"]}, around])
    read([inner], ["T"])  # nobody inside goes there
    kept = {"external-src-port": ["443"]}
    forwarded = read([{**inner, "static-mappings": [kept]}]).capacity()["maximum"]["connections"]
    assert forwarded == 2 * 3 + 2 * 3  # A and B, each to both
    with pytest.raises(natbound.InputError, match="holds addresses of server set S"):
        read([{**inner, "static-mappings": [{**kept, "transport-protocol": "udp"}]}])
    with pytest.raises(natbound.InputError, match="holds addresses of server set S"):
        read([{**inner, "static-mappings": [{**kept, "external-src-address": ["203.0.113.5"]}]}])
