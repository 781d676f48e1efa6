"""Cascades: the maximum against a flow written out connection by connection, its certificates, what a NAT behind itself gets, the other two numbers."""

from __future__ import annotations

import copy
import itertools
import random
import sys
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import natbound
import pytest
from natbound.check import check

sys.path.insert(0, str(Path(__file__).parent))

import small
from mutation import mutants
from oracle import World, listed_addresses, listed_ports, pushed

NAT444 = {
    "clients": [
        {"name": "home1", "addresses": "192.168.1.0/24"},
        {"name": "home2", "addresses": "192.168.2.0/24", "ports": "32768-60999"},
        {"name": "office", "addresses": "10.1.0.0/24"},
    ],
    "nats": [
        {"name": "cpe1", "inside": ["home1"], "external-ip-address-pool": "100.64.0.1", "design": "linux-masquerade"},
        {"name": "cpe2", "inside": ["home2"], "external-ip-address-pool": "100.64.0.2", "design": "linux-masquerade"},
        {"name": "cgn", "inside": ["cpe1", "cpe2", "office"], "external-ip-address-pool": "203.0.113.0/31", "design": "ideal"},
    ],
    "servers": [{"name": "C", "addresses": "198.51.100.7", "ports": 80}],
    "traffic": [{"from": ["home1", "home2"], "to": "C", "rate": "100/s", "hold": "60s"}],
}


def made(rng: random.Random) -> dict[str, Any]:
    """A random cascade of up to three stages with a mapping for each connection."""

    def ports(least: int, most: int) -> str:
        low = rng.randint(least, most)
        return f"{low}-{rng.randint(low, most)}"

    def design(sources: bool) -> dict[str, Any]:
        classes = [{"source": ["0-65535"], "ports": [ports(10, 13)]}]
        if sources and rng.random() < 0.4:
            classes = [{"source": ["0-11"], "ports": [ports(10, 13)]}, {"source": ["12-65535"], "ports": [ports(12, 15)]}]
        return small.design(port_classes=classes, pool={"choice": "random", "hash": "", "of": "source", "fallback": rng.random() < 0.5})

    servers = [small.server("S", "198.51.100.1", "80"), small.server("T", ["198.51.100.2"], rng.choice(["80", "80-81"]))]
    reaches = [[], ["S"], ["T"]]
    clients = [
        small.client(name, f"10.{i}.0.1" if rng.random() < 0.6 else f"10.{i}.0.1-10.{i}.0.2", ports(10, 13), rng.choice(reaches))
        for i, name in enumerate("ABC")
    ]

    def pool(i: int) -> str:
        return f"100.64.{i}.1" if rng.random() < 0.7 else f"100.64.{i}.1-100.64.{i}.2"

    nats = [small.nat(["A"], pool(0), design(True), "inner")]
    shape = rng.choice(["two", "side", "three"])
    if shape == "side":
        nats.append(small.nat(["B"], pool(1), design(True), "beside"))
        nats.append(small.nat(["inner", "beside", "C"], pool(2), design(True), "outer"))
    elif shape == "three":
        nats.append(small.nat(["inner", "B"], pool(1), design(True), "middle"))
        nats.append(small.nat(["middle", "C"], pool(2), design(True), "outer"))
    else:
        nats.append(small.nat(["inner", "B"], pool(1), design(True), "outer"))
    rng.shuffle(nats)
    if rng.random() < 0.2:
        rng.choice(nats)["connection-limits"] = {"limit-per-instance": rng.randint(1, 6)}
    return small.scenario(clients, nats, servers)


def most_written_out(s: dict[str, Any], demand: dict[tuple[str, str], int] | None = None) -> int:
    """The maximum (of a demand) without tables, as a flow: a node for each socket and external endpoint, towards each destination by itself."""
    world = World({**s, "nats": []})
    room: dict[Any, dict[Any, int]] = {}
    behind = {name: n for n in s["nats"] for name in n["inside"]}

    def arc(a: Any, b: Any, most: int) -> None:
        room.setdefault(a, {})[b] = most
        room.setdefault(b, {}).setdefault(a, 0)

    def onwards(at: Any, name: str, port: int, to: Any) -> None:
        """From a flow's endpoint, as the NAT around `name` sees it."""
        n = behind.get(name)
        if n is None:
            arc(at, "sink", 1)
            return
        c = next(c for c in n["design"]["port-classes"] if port in listed_ports(c["source"]))
        for a, p in itertools.product(listed_addresses(n["external-ip-address-pool"]), listed_ports(c["ports"])):
            taken, given = ("taken", n["name"], a, p, to), ("given", n["name"], a, p, to)
            arc(at, taken, 1)
            if given not in room:
                arc(taken, given, 1)
                onwards(given, n["name"], p, to)

    for name in world.clients:
        for (a, p), to in itertools.product(world.sockets(name), world.reached(name)):
            server = next(v["name"] for v in s["servers"] if to[1] in listed_addresses(v["addresses"]))
            if demand is None:
                arc("source", (a, p, to), 1)
            else:
                arc("source", (name, server), demand.get((name, server), 0))
                arc((name, server), (a, p, to), 1)
            onwards((a, p, to), name, p, to)
    found = 0
    while pushed(room):
        found += 1
    return found


def test_the_maximum_is_that_of_the_flow_written_out() -> None:
    rng = random.Random(4)
    exact = 0
    for i in range(250):
        s = made(rng)
        limited = any(n["connection-limits"] for n in s["nats"])
        found = natbound.Scenario(s).capacity().to_dict()["maximum"]
        verdict = check(found["evidence"], natbound.Scenario(s).canonical)
        assert verdict.valid, (i, verdict.reason, s)
        low, high = (found["connections"],) * 2 if found["connections"] is not None else (found["at_least"], found["at_most"])
        if not limited:
            assert int(low) <= most_written_out(s) <= int(high), (i, s)
        exact += found["connections"] is not None
    assert exact > 180


def live_together(s: dict[str, Any], body: Any) -> int | None:
    """How many connections the blocks of a body of fits say, stepped one by one; None where some are not permitted, or two hold one tuple."""
    world = World({**s, "nats": []})
    behind = {name: n for n in s["nats"] for name in n["inside"]}
    held: set[Any] = set()
    for block in body["blocks"]:
        source, stages = block["from"], block.get("via") or []
        stages = stages if isinstance(stages, list) else [stages]
        reached = world.reached(source["client"])
        to = [
            (world.servers[t["server"]].get("protocol", "tcp"), a, p)
            for t in block["to"] for a in listed_addresses(t["addresses"]) for p in listed_ports(t["ports"])
        ]  # fmt: skip
        for k in range(int(block["count"])):
            at, name = unit(source, int(source.get("first", 0)) + k, int(source.get("shift", 0))), source["client"]
            if at not in world.sockets(name) or not set(to) <= set(reached):
                return None
            for d in to:
                if ("socket", at, d) in held:
                    return None
                held.add(("socket", at, d))
            for via in stages:
                n, port = behind.get(name), at[1]
                if n is None or n["name"] != via["nat"]:
                    return None
                at, name = unit(via, int(via.get("first", 0)) + k), n["name"]
                c = next(c for c in n["design"]["port-classes"] if port in listed_ports(c["source"]))
                if at[0] not in listed_addresses(n["external-ip-address-pool"]) or at[1] not in listed_ports(c["ports"]):
                    return None
                for d in to:
                    if (name, at, d) in held:
                        return None
                    held.add((name, at, d))
            if name in behind:
                return None
    for n in s["nats"]:
        most = n["connection-limits"].get("limit-per-instance")
        if most is not None and sum(x[0] == n["name"] for x in held) > most:
            return None
    return sum(x[0] == "socket" for x in held)


def unit(run: Any, k: int, shift: int = 0) -> tuple[str, int]:
    """Endpoint number k of addresses x ports."""
    ports = listed_ports(run["ports"])
    return listed_addresses(run["addresses"])[k // len(ports)], ports[(shift + k) % len(ports)]


def test_mutated_certificates_are_accepted_only_where_they_are_true() -> None:
    rng = random.Random(6)
    accepted = tried = 0
    for _ in range(60):
        s = made(rng)
        evidence = natbound.Scenario(s).capacity().to_dict()["maximum"]["evidence"]
        limited = any(n["connection-limits"] for n in s["nats"])
        most = None if limited else most_written_out(s)
        for done, mutant in mutants(evidence, rng, 40):
            mutant = {**mutant, "scenario": evidence["scenario"]} if isinstance(mutant, dict) else mutant
            tried += 1
            if check(mutant).valid is not True:
                continue
            accepted += 1
            assert live_together(s, mutant["fits"]) == int(mutant["fits"]["connections"]), (done, mutant)
            if most is not None:
                assert int(mutant["does-not-fit"]["at-most"]) >= most, (done, mutant)
                assert mutant["kind"] != "maximum" or int(mutant["connections"]) == most, (done, mutant)
    assert tried > 2000
    assert accepted < tried / 2


def demanded(rng: random.Random, tried: int) -> Iterator[tuple[int, dict[str, Any], dict[tuple[str, str], int], list[dict[str, Any]]]]:
    """Cascades without limits, and so many connections of some pairs, by pair and as they are asked for."""
    for i in range(tried):
        s = made(rng)
        if any(n["connection-limits"] for n in s["nats"]):
            continue
        pairs = [(c["name"], v["name"]) for c in s["clients"] for v in s["servers"] if not c["reaches"] or v["name"] in c["reaches"]]
        demand = {pair: rng.randint(1, 3) for pair in rng.sample(pairs, rng.randint(1, min(3, len(pairs))))}
        items = [{"from": c, "to": v, "connections": n} for (c, v), n in demand.items()]
        yield i, s, demand, items


def test_demands_by_pairs_fit_as_the_flow_written_out_says() -> None:
    rng = random.Random(5)
    settled = {True: 0, False: 0}
    for i, s, demand, items in demanded(rng, 250):
        found = natbound.Scenario(s).capacity(demand=items).to_dict()
        if found["fits"] is None:
            continue
        fits = most_written_out(s, demand) == sum(demand.values())
        assert found["fits"] == fits, (i, s, items)
        verdict = check(found["evidence"], natbound.Scenario(s).canonical)
        assert verdict.valid, (i, verdict.reason, s, items)
        settled[fits] += 1
    assert min(settled.values()) > 50


def test_the_largest_multiple_of_a_demand_is_that_of_the_flow_written_out() -> None:
    rng = random.Random(9)
    exact = bounded = 0
    for i, s, demand, items in demanded(rng, 120):
        multiple = natbound.Scenario(s).capacity(demand=items).to_dict()["multiple"]

        def meets(k: Fraction, s: dict[str, Any] = s, demand: dict[tuple[str, str], int] = demand) -> bool:
            wanted = {pair: int(k * n) for pair, n in demand.items()}
            return most_written_out(s, wanted) == sum(wanted.values())

        if multiple["exact"]:
            exact += 1
            low, beyond = Fraction(multiple["fraction"]), Fraction(multiple["next"])
            assert beyond == min(Fraction(int(low * n) + 1, n) for n in demand.values()), (i, s, items)
        else:
            bounded += 1
            low, beyond = Fraction(multiple["at_least"]["fraction"]), Fraction(multiple["at_most"]["fraction"])
        assert meets(low), (i, s, items)
        assert not meets(beyond), (i, s, items)
        verdict = check(multiple["evidence"], natbound.Scenario(s).canonical)
        assert verdict.valid, (i, verdict.reason, s, items)
    assert exact > 50
    assert bounded < exact


def test_nat444_carries_so_much_of_a_demand() -> None:
    found = natbound.load(Path(__file__).resolve().parents[2] / "examples" / "nat444.yaml").capacity(demand=100_000).to_dict()
    assert found["multiple"]["exact"]
    assert check(found["multiple"]["evidence"]).valid


def test_nat444_is_bound_by_the_carrier_and_fails_first_at_home() -> None:
    answer = natbound.Scenario(copy.deepcopy(NAT444)).answer().to_dict()
    assert answer["maximum"]["connections"] == 129024
    assert "cgn" in answer["maximum"]["sets_it"]
    assert answer["guaranteed"]["connections"] == 128
    for number in ("maximum", "guaranteed"):
        verdict = check(answer[number]["evidence"])
        assert verdict.valid, verdict.reason
    assert answer["traffic"]["rate"] == pytest.approx(100)
    assert answer["traffic"]["load"] == pytest.approx(6000)


def test_what_the_stages_refuse_adds_up() -> None:
    """Two NATs that take any free port, one after the other, each at a load of its own Erlang loss."""
    s = copy.deepcopy(NAT444)
    s["clients"] = s["clients"][:1]
    s["nats"] = [
        {"name": "cpe", "inside": ["home1"], "external-ip-address-pool": "100.64.0.1", "design": "ideal",
         "port-set-restrict": {"start-port-number": 2000, "end-port-number": 2109}},
        {"name": "cgn", "inside": ["cpe"], "external-ip-address-pool": "203.0.113.1", "design": "ideal",
         "port-set-restrict": {"start-port-number": 2000, "end-port-number": 2099}},
    ]  # fmt: skip
    s["traffic"] = [{"from": "home1", "to": "C", "rate": "1/s", "hold": "80s"}]
    risk = natbound.Scenario(s).risk().to_dict()
    stages = [natbound.calculator.erlang_b(ports, 80.0) for ports in (110, 100)]
    assert risk["refusal_probability"] == pytest.approx(sum(stages), rel=1e-6)
    assert risk["rate"] == pytest.approx(1)
    assert risk["interval"][0] <= max(stages) <= sum(stages) <= risk["interval"][1] * (1 + 1e-9)


def test_a_nat_behind_itself_is_refused() -> None:
    s = copy.deepcopy(NAT444)
    s["nats"][0]["inside"] = ["home1", "cgn"]
    with pytest.raises(natbound.InputError, match="behind itself: cpe1 in cgn in cpe1"):
        natbound.Scenario(s)


def test_a_pool_that_is_the_inner_one_is_refused() -> None:
    s = copy.deepcopy(NAT444)
    s["nats"][2]["external-ip-address-pool"] = "100.64.0.0/31"
    with pytest.raises(natbound.InputError, match="overlaps the pool of the NAT inside, cpe1"):
        natbound.Scenario(s)


def test_a_certificate_that_skips_a_stage_is_rejected() -> None:
    s = copy.deepcopy(NAT444)
    s["clients"].pop()
    s["nats"][2]["inside"].pop()
    evidence = natbound.Scenario(s).capacity().to_dict()["maximum"]["evidence"]
    block = next(b for b in evidence["fits"]["blocks"] if isinstance(b["via"], list))
    block["via"] = block["via"][:1]
    assert check(evidence).valid is False
    block["via"] = block["via"][0]
    assert check(evidence).valid is False


def test_pairs_alone_are_too_much_for_a_cascade() -> None:
    def nat(name: str, inside: list[str], pool: str) -> dict[str, Any]:
        design = {"base": "ideal", "port-parity-preservation": True}
        ports = {"start-port-number": 10, "end-port-number": 11}
        return {"name": name, "inside": inside, "external-ip-address-pool": pool, "port-set-restrict": ports, "design": design}

    # b's even port has another external one: of all that could be sent to s, more fits than a and c want, who share port 11
    s = {
        "clients": [
            {"name": n, "addresses": f"10.{k}.0.1", "ports": port} for k, (n, port) in enumerate((("a", 13), ("b", 12), ("c", 13)))
        ],
        "servers": [{"name": "s", "addresses": "198.51.100.1", "ports": 80}],
        "nats": [
            nat("inner", ["a"], "100.64.0.1"),
            nat("middle", ["inner", "b"], "100.64.1.1"),
            nat("outer", ["middle", "c"], "203.0.113.1"),
        ],
    }
    scenario = natbound.Scenario(s)
    assert scenario.capacity().to_dict()["maximum"]["connections"] == 2
    found = scenario.capacity(demand=[{"from": c, "to": "s", "connections": 1} for c in "ac"]).to_dict()
    assert found["fits"] is False
    pairs = found["evidence"]["pairs"]
    assert [p["from"] for p in pairs] == ["a", "c"]
    assert check(found["evidence"], scenario.canonical).valid
    pairs.append({"from": "middle", "to": "s"})  # it sends what a does: that would count twice
    assert not check(found["evidence"], scenario.canonical).valid
