"""What servers hold: the maximum and demands against CP-SAT over every flow, the checker under attack, and what fails first."""

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

import by_constraints
import small
from comparing import bounds, demands, maxima
from oracle import listed_addresses, listed_ports

DATABASE = {
    "clients": [{"name": "pods", "addresses": "10.0.0.0/24"}, {"name": "offices", "addresses": "10.0.1.0/24"}],
    "nats": [
        {"name": "egress", "inside": ["pods"], "external-ip-address-pool": "203.0.113.1", "design": "linux-masquerade",
         "connection-limits": {"limit-per-instance": 100000}},
        {"name": "office", "inside": ["offices"], "external-ip-address-pool": "203.0.113.2", "design": "linux-masquerade"},
    ],
    "servers": [
        {"name": "database", "addresses": "198.51.100.0/30", "ports": 5432, "connection-limits": {"limit-per-endpoint": 100}},
        {"name": "web", "addresses": "198.51.100.8", "ports": [80, 443], "connection-limits": {"limit-per-address": 10001}},
        {"name": "other", "addresses": "198.51.100.9", "ports": 80},
    ],
}  # fmt: skip


def with_server_limits(rng: random.Random, s: dict[str, Any]) -> dict[str, Any]:
    """The same with limits of some servers."""
    for v in s["servers"]:
        limits = {}
        if rng.random() < 0.6:
            limits["limit-per-endpoint"] = rng.randint(1, 4)
        if rng.random() < 0.4:
            limits["limit-per-address"] = rng.randint(1, 6)
        if limits:
            v["connection-limits"] = limits
    return s


def with_backends(rng: random.Random, s: dict[str, Any]) -> dict[str, Any]:
    """The same with backends behind some servers, fewer than there are endpoints or not."""
    v6 = ":" in str(s["servers"][0]["addresses"])
    for i, v in enumerate(s["servers"]):
        if rng.random() < 0.6:
            first = f"2001:db8:9:{i}::1" if v6 else f"10.9.{i}.1"
            v["backends"] = {"addresses": [first], "ports": ["8080" if rng.random() < 0.6 else f"8080-{8080 + rng.randint(0, 2)}"]}
    return s


def with_many_backends(rng: random.Random, s: dict[str, Any]) -> dict[str, Any]:
    """The same with up to four endpoints of each server set, of several addresses and ports, and one to six backends behind most."""
    v6 = ":" in str(s["servers"][0]["addresses"])
    for i, v in enumerate(s["servers"]):
        host = f"2001:db8:1:{i}::" if v6 else f"198.51.{100 + i}."
        wide, high = rng.choice([(1, 2), (1, 3), (2, 1), (3, 1), (2, 2), (4, 1)])
        v["addresses"], v["ports"] = [f"{host}1-{host}{wide}"], [f"80-{79 + high}"]
        if rng.random() < 0.8:
            some = rng.randint(1, 3)
            last = f"2001:db8:9:{i}::" if v6 else f"10.9.{i}."
            v["backends"] = {"addresses": [f"{last}1-{last}{some}"], "ports": ["8080" if rng.random() < 0.6 else "8080-8081"]}
    return s


@pytest.mark.parametrize("quotas", [False, True])
def test_the_maximum_is_what_cp_sat_finds_and_no_wrong_mutant_is_accepted(quotas: bool) -> None:
    rng = random.Random(3 + quotas)
    exact = tried = limited = 0

    def make() -> dict[str, Any]:
        s = with_server_limits(rng, small.random_scenario(rng))
        return small.with_quotas(rng, s, 4) if quotas else s

    for found, settled, attacks in maxima(make, rng, 90):
        exact += settled
        limited += "at each" in found["sets_it"]
        tried += attacks
    assert exact > 70
    assert limited > 20
    assert tried > 600


def test_backends_that_tell_fewer_apart() -> None:
    rng = random.Random(17)
    exact = crowded = tried = 0

    def make() -> dict[str, Any]:
        s = with_backends(rng, small.random_scenario(rng))
        return with_server_limits(rng, s) if rng.random() < 0.3 else s

    for found, settled, attacks in maxima(make, rng, 120):
        exact += settled
        crowded += "backends" in found["sets_it"]
        tried += attacks
    assert exact > 85
    assert crowded > 8
    assert tried > 600


def behind(ports: str, pool: str, vip: str, backends: str, design: str) -> natbound.Scenario:
    return natbound.Scenario({
        "clients": [{"name": "A", "addresses": "10.0.0.1", "ports": ports}],
        "nats": [{"name": "n", "inside": ["A"], "external-ip-address-pool": pool, "design": design}],
        "servers": [{"name": "vip", "addresses": vip, "ports": 443, "backends": {"addresses": backends, "ports": 8443}}],
    })  # fmt: skip


@pytest.mark.parametrize(("ports", "pool", "vip", "backends", "design", "most"), [
    # each of ten sockets takes another external endpoint towards every second of the four
    ("1024-1033", "203.0.113.1", "198.51.100.0/30", "10.9.0.0/31", "linux-masquerade", 10 * 4),
    ("1024-65535", "203.0.113.1", "198.51.100.0/29", "10.9.0.0/30", "linux-masquerade", 64512 * 4),
    # a socket's one mapping carries no more than there are backends, however wide the pool
    ("1024-65535", "203.0.113.0/31", "198.51.100.0/29", "10.9.0.0-10.9.0.2", "vpp-nat44-ed", 64512 * 3),
    ("1024-65535", "203.0.113.0/31", "198.51.100.0/29", "10.9.0.0-10.9.0.2", "ideal", 2 * 64512 * 3),
])  # fmt: skip
def test_connections_are_dealt_out_over_all_endpoints_before_few_backends(
    ports: str, pool: str, vip: str, backends: str, design: str, most: int
) -> None:
    s = behind(ports, pool, vip, backends, design)
    found = s.capacity(engine="flow").to_dict()["maximum"]
    assert found["connections"] == most
    assert check(found["evidence"], s.canonical).valid
    for wanted, fits in [(most, True), (most + 1, False)]:
        answer = s.capacity(wanted, engine="flow").to_dict()
        assert answer["fits"] is fits
        assert check(answer["evidence"], s.canonical).valid


def test_several_backends_with_several_endpoints() -> None:
    rng = random.Random(23)
    found = list(maxima(lambda: with_many_backends(rng, small.random_scenario(rng)), rng, 60))
    assert sum(settled for _, settled, _ in found) > 40
    fitting = list(demands(lambda: with_many_backends(rng, small.random_scenario(rng)), rng, 60))
    assert len(fitting) > 45
    assert 8 < sum(fitting) < len(fitting) - 8


def test_two_flows_of_one_endpoint_meet_at_a_backend() -> None:
    s = copy.deepcopy(DATABASE)
    s["servers"] = [
        {"name": "vip", "addresses": "198.51.100.0/30", "ports": 443, "backends": {"addresses": "10.9.0.0-10.9.0.2", "ports": 8443}}
    ]
    answer = natbound.Scenario(s).answer(remedies=False).to_dict()
    assert answer["maximum"]["connections"] == 100000 + 64512 * 3
    assert answer["guaranteed"]["connections"] == 1
    evidence = answer["guaranteed"]["evidence"]
    assert check(evidence).valid
    other = copy.deepcopy(evidence)
    del other["scenario"]["servers"][0]["backends"]
    assert check(other).valid is False
    other = copy.deepcopy(evidence)
    other["clash"][1]["open"]["ports"] = ["2000"]
    assert check(other).valid is False
    # one endpoint: each tuple that the NATs give is one at the backends, too
    s["servers"][0]["addresses"] = "198.51.100.1"
    answer = natbound.Scenario(s).answer(remedies=False).to_dict()
    assert answer["maximum"]["connections"] == 2 * 64512
    assert answer["guaranteed"]["connections"] > 100
    assert answer["likely"]["connections"] > 10000
    s["servers"].append({"name": "direct", "addresses": "10.9.0.1", "ports": 8443})
    with pytest.raises(natbound.InputError, match=r"servers\[0\].backends.*share endpoints with the server set direct"):
        natbound.Scenario(s)


def test_a_demand_is_placed_as_cp_sat_would() -> None:
    rng = random.Random(5)
    fitting = list(demands(lambda: with_server_limits(rng, small.random_scenario(rng)), rng, 80))
    assert len(fitting) > 50
    assert sum(fitting) > 15


def test_it_adds_up() -> None:
    answer = natbound.Scenario(copy.deepcopy(DATABASE)).capacity().to_dict()["maximum"]
    assert answer["connections"] == 2 * 64512 + 4 * 100 + 10001
    assert "database holds 100 connections at each endpoint, 400 in all" in answer["sets_it"]
    assert check(answer["evidence"]).valid


def test_the_server_is_what_fails_first() -> None:
    s = copy.deepcopy(DATABASE)
    s["traffic"] = [{"from": ["pods"], "to": ["database"], "rate": "4/s", "hold": "60s"}]
    answer = natbound.Scenario(s).answer(remedies=False).to_dict()
    assert answer["guaranteed"]["connections"] == 100
    assert answer["guaranteed"]["binds"] == "servers"
    assert check(answer["guaranteed"]["evidence"]).valid
    first = answer["limits"][0]
    assert first["kind"] == "servers"
    assert "database" in first["name"]
    del s["servers"][0]["connection-limits"], s["servers"][1]["connection-limits"]
    answer = natbound.Scenario(s).answer(remedies=False).to_dict()
    assert answer["guaranteed"]["connections"] > 100


def test_guaranteed_is_the_least_of_the_searches_and_the_servers() -> None:
    rng = random.Random(11)
    servers = others = 0
    for i in range(160):
        s = small.random_scenario(rng, searching=True)
        if s["nats"][0]["design"]["search"]["rounds"][:1] != [small.whole()]:
            continue  # what is likely is simulated, which takes its time
        try:
            before = natbound.Scenario(s).answer(0.4, remedies=False).to_dict()["guaranteed"]
        except natbound.Unsupported:
            continue
        for v in s["servers"]:
            if rng.random() < 0.7:
                v["connection-limits"] = {"limit-per-endpoint": rng.randint(1, 4)}
        sockets = {v["name"]: sum(len(listed_addresses(c["addresses"])) * len(listed_ports(c["ports"])) for c in s["clients"]
                                  if not c["reaches"] or v["name"] in c["reaches"]) for v in s["servers"]}  # fmt: skip
        reached = [n for v in s["servers"] if (n := v.get("connection-limits", {}).get("limit-per-endpoint", 99)) < sockets[v["name"]]]
        after = natbound.Scenario(s).answer(0.4, remedies=False).to_dict()["guaranteed"]
        if after["connections"] is None:
            continue
        known = [*reached, *([] if before["nothing_fails"] or before["connections"] is None else [before["connections"]])]
        if known:
            assert after["connections"] == min(known), (i, s)
            servers += after["binds"] == "servers"
            others += after["binds"] != "servers"
        assert after["nothing_fails"] == (not known)
        assert check(after["evidence"], natbound.Scenario(s).canonical).valid is not False
    assert servers > 2
    assert others > 1


def test_likely_is_erlangs_formula_of_what_is_open() -> None:
    s = copy.deepcopy(DATABASE)
    # the NAT keeps an entry for its TIME_WAIT; the server does not hold it
    for n in s["nats"]:
        n["design"] = {"base": "linux-masquerade", "search": {"rounds": [{"start": "random", "step": "ascend"}]}}
    s["traffic"] = [{"from": ["pods", "offices"], "to": ["database"], "rate": "5/s", "life": "60s"}]
    risk = natbound.Scenario(s).risk().to_dict()
    assert risk["refusal_probability"] == pytest.approx(natbound.calculator.erlang_b(100, 5 * 60 / 4), rel=1e-9)
    s["servers"][0] |= {"ports": [5432, 5433], "connection-limits": {"limit-per-address": 150}}
    risk = natbound.Scenario(s).risk().to_dict()
    assert risk["refusal_probability"] == pytest.approx(natbound.calculator.erlang_b(150, 5 * 60 / 4), rel=1e-9)


def test_what_a_hash_lends_for_a_limited_destination_is_counted() -> None:
    # a mapping that was made for A keeps the address that the hash picked for A, and carries connections to B
    rng = random.Random(41)
    lent = 0
    for i in range(60):
        how = small.design(
            mapping_type="eim-if-possible", port_classes=[{"source": ["0-65535"], "ports": ["10-11"]}],
            pool={"choice": "hash", "hash": "jhash2", "of": "source-and-destination", "fallback": False},
        )  # fmt: skip
        hosts = rng.sample(range(1, 250), 3)
        clients = [small.client(f"c{h}", f"10.0.0.{h}", "10-11") for h in hosts]
        servers = [
            small.server("A", f"198.51.100.{rng.randint(1, 250)}", "80"),
            small.server("B", f"198.51.101.{rng.randint(1, 250)}", "80"),
        ]
        servers[0]["connection-limits"] = {"limit-per-endpoint": 1}
        s = small.scenario(clients, [small.nat([c["name"] for c in clients], "203.0.113.4-203.0.113.5", how)], servers)
        most = by_constraints.maximum(s)
        found = natbound.Scenario(s).capacity().to_dict()["maximum"]
        low, high = bounds(found)
        assert most is not None
        assert low <= most <= high, (i, low, most, high, s)
        assert check(found["evidence"]).valid, i
        without_a = {**s, "servers": [servers[1]]}
        lent += most > 1 + (by_constraints.maximum(without_a) or 0)
    assert lent > 3
