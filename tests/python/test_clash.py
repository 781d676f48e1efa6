"""NATs that share external endpoints unawares, or that clients are spread over: what they have together against a flow written out, and the two
flows that get one tuple."""

from __future__ import annotations

import copy
import itertools
import random
import sys
from pathlib import Path
from typing import Any

import natbound
import pytest
from natbound.check import check

sys.path.insert(0, str(Path(__file__).parent))

import small
from mutation import mutants
from oracle import World, listed_addresses, listed_ports, pushed

SHARED = {
    "clients": [{"name": "A", "addresses": "10.0.0.0/24"}, {"name": "X", "addresses": "10.0.1.0/24"}],
    "nats": [
        {"name": "left", "inside": ["A"], "external-ip-address-pool": "203.0.113.1", "design": "openbsd-pf"},
        {"name": "right", "inside": ["X"], "external-ip-address-pool": "203.0.113.1", "design": "linux-masquerade"},
    ],
    "servers": [{"name": "C", "addresses": "198.51.100.7", "ports": 80}],
}


def made(rng: random.Random) -> dict[str, Any]:
    """Two NATs and a client set that nothing translates, whose endpoints may be the same."""

    def ports(least: int, most: int) -> str:
        low = rng.randint(least, most)
        return f"{low}-{rng.randint(low, most)}"

    def pool() -> str:
        return rng.choice(["203.0.113.1", "203.0.113.2", "203.0.113.1-203.0.113.2"])

    def design() -> dict[str, Any]:
        return small.design(
            port_classes=[{"source": ["0-65535"], "ports": [ports(10, 13)]}],
            pool={"choice": "random", "hash": "", "of": "source", "fallback": False},
        )

    servers = [small.server("S", "198.51.100.1", "80"), small.server("T", "198.51.100.2", "80-81")]
    reaches = [[], ["S"], ["T"]]
    clients = [small.client(n, f"10.{i}.0.1", ports(10, 13), rng.choice(reaches)) for i, n in enumerate("AB")]
    if rng.random() < 0.5:
        clients.append(small.client("C", rng.choice(["203.0.113.1", "203.0.113.9"]), ports(10, 13), rng.choice(reaches)))
    left, right = rng.choice([("A", "B"), ("A", "B"), ("AB", "B"), ("AB", "AB")])
    nats = [small.nat(list(left), pool(), design(), "left"), small.nat(list(right), pool(), design(), "right")]
    return small.scenario(clients, nats, servers)


def most_written_out(s: dict[str, Any]) -> int:
    """The maximum as a flow: outside, each endpoint towards each destination carries one connection, whoever sends it."""
    world = World({**s, "nats": []})
    room: dict[Any, dict[Any, int]] = {}

    def arc(a: Any, b: Any) -> None:
        room.setdefault(a, {})[b] = 1
        room.setdefault(b, {}).setdefault(a, 0)

    for name in world.clients:
        for (a, p), to in itertools.product(world.sockets(name), world.reached(name)):
            arc("source", (a, p, to))
            behind = [n for n in s["nats"] if name in n["inside"]]
            ways = {
                out for n in behind
                for out in itertools.product(listed_addresses(n["external-ip-address-pool"]), listed_ports(n["design"]["port-classes"][0]["ports"]))
            }  # fmt: skip
            for out in ways or [(a, p)]:
                arc((a, p, to), ("out", *out, to))
                arc(("out", *out, to), "sink")
    found = 0
    while pushed(room):
        found += 1
    return found


def test_what_they_have_together_is_within_the_bounds_and_mutants_are_judged() -> None:
    rng = random.Random(7)
    exact = clashing = accepted = 0
    for i in range(300):
        s = made(rng)
        found = natbound.Scenario(s).capacity().to_dict()["maximum"]
        most = most_written_out(s)
        low, high = (found["connections"],) * 2 if found["connections"] is not None else (found["at_least"], found["at_most"])
        assert low <= most <= high, (i, s)
        verdict = check(found["evidence"], natbound.Scenario(s).canonical)
        assert verdict.valid, (i, verdict.reason, s)
        exact += found["connections"] is not None
        clashing += found["sets_it"].startswith("CLASH")
        for done, mutant in mutants(found["evidence"], rng, 6):
            mutant = {**mutant, "scenario": found["evidence"]["scenario"]} if isinstance(mutant, dict) else mutant
            if check(mutant).valid is True:
                accepted += 1
                assert int(mutant["fits"]["connections"]) <= most <= int(mutant["does-not-fit"]["at-most"]), (done, mutant)
    assert exact > 150
    assert clashing > 80
    assert accepted < 900


def test_two_flows_get_one_tuple_and_the_checker_steps_them() -> None:
    answer = natbound.Scenario(copy.deepcopy(SHARED)).answer().to_dict()
    assert answer["guaranteed"]["connections"] == 1
    assert "two flows, one tuple" in answer["guaranteed"]["sets_it"]
    assert "share 203.0.113.1" in answer["likely"]["unknown"]
    evidence = answer["guaranteed"]["evidence"]
    assert check(evidence).valid
    evidence["clash"][1]["open"]["ports"] = ["2000"]
    assert check(evidence).valid is False


def test_ports_that_are_rightly_split_do_not_clash() -> None:
    s = copy.deepcopy(SHARED)
    s["nats"][0]["port-set-restrict"] = {"start-port-number": 1024, "end-port-number": 30000}
    s["nats"][1]["port-set-restrict"] = {"start-port-number": 30001, "end-port-number": 65535}
    s["traffic"] = [{"from": ["A", "X"], "to": "C", "rate": "10/s", "hold": "60s"}]
    answer = natbound.Scenario(s).answer().to_dict()
    assert answer["maximum"]["connections"] == 65535 - 1023
    assert answer["guaranteed"]["connections"] > 1
    assert answer["likely"]["connections"] > 1000
    assert check(answer["maximum"]["evidence"]).valid
    assert check(answer["guaranteed"]["evidence"]).valid


def test_clients_that_are_spread_send_an_even_part_through_each() -> None:
    s = copy.deepcopy(SHARED)
    s["clients"].pop()
    for i, n in enumerate(s["nats"]):
        n |= {"inside": ["A"], "design": "ideal", "external-ip-address-pool": f"203.0.113.{i}"}
        n["port-set-restrict"] = {"start-port-number": 2000, "end-port-number": 2099}
    s["traffic"] = [{"from": "A", "to": "C", "rate": "2/s", "hold": "80s"}]
    scenario = natbound.Scenario(s)
    answer = scenario.answer(remedies=False).to_dict()
    assert answer["maximum"]["connections"] == 200
    assert answer["guaranteed"]["connections"] == 100
    for number in ("maximum", "guaranteed"):
        assert check(answer[number]["evidence"]).valid
    expected = natbound.calculator.erlang_b(100, 80.0)
    assert answer["traffic"]["refusal_probability"]["value"] == pytest.approx(expected, rel=1e-9)
    assert answer["traffic"]["rate"] == pytest.approx(2)
    seen = scenario.simulate(arrivals=400_000).to_dict()
    assert seen["interval"][0] * 0.98 < expected < seen["interval"][1] * 1.02
    demand = scenario.capacity(demand=[{"from": "A", "to": "C", "connections": 200}]).to_dict()
    assert demand["fits"] is True
    assert check(demand["evidence"]).valid
    assert scenario.capacity(demand=[{"from": "A", "to": "C", "connections": 201}])["fits"] is False


def test_the_simulator_refuses_a_clash() -> None:
    s = copy.deepcopy(SHARED)
    s["traffic"] = [{"from": ["A", "X"], "to": "C", "rate": "10/s", "hold": "60s"}]
    with pytest.raises(natbound.Unsupported, match="a clash is no refusal"):
        natbound.Scenario(s).simulate(arrivals=100)


def test_a_routed_block_is_outside_where_its_sockets_are() -> None:
    # C's second socket is what the NAT gives: a block that begins there shares a tuple with it, and one of the first socket does not
    s = small.scenario(
        [small.client("A", "10.0.0.1", "10"), small.client("C", "203.0.113.1", "12-13")],
        [small.nat(["A"], "203.0.113.1", small.design(port_classes=[{"source": ["0-65535"], "ports": ["13"]}]))],
        [small.server("S", "198.51.100.1", "80")],
    )
    to = [{"server": "S", "addresses": ["198.51.100.1"], "ports": ["80"]}]
    through = {"to": to, "from": {"client": "A", "addresses": ["10.0.0.1"], "ports": ["10"]}, "count": 1,
               "via": {"nat": "router", "addresses": ["203.0.113.1"], "ports": ["13"], "first": 0}}  # fmt: skip
    for first, stands in ((0, True), (1, False)):
        own = {"to": to, "from": {"client": "C", "addresses": ["203.0.113.1"], "ports": ["12-13"], "first": first}, "count": 1}
        body = {"connections": 2, "blocks": [through, own]}
        assert check({"schema": "natbound.certificate/1", "kind": "fits", "scenario": s, **body}).valid is stands
