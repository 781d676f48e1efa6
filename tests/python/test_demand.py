"""Demands, their largest multiples and claims, against brute force on small random scenarios; and bad input."""

from __future__ import annotations

import gzip
import json
import random
import sys
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

import natbound
import oracle
import small
from attack import accepted, small_enough, true, valid
from mutation import mutants
from natbound import wording
from natbound.importing import import_paths

HOME = Path(__file__).resolve().parents[2] / "examples" / "home-lan.yaml"


def random_demand(scenario: Any, rng: random.Random) -> list[dict[str, Any]]:
    """So many connections for some of the pairs that reach one another."""
    return [
        {"from": c["name"], "to": v["name"], "connections": rng.randint(1, 8)}
        for c in scenario["clients"]
        for v in scenario["servers"]
        if (not c["reaches"] or v["name"] in c["reaches"]) and rng.random() < 0.8
    ]


def worlds(seeds: range, flows: int = 40) -> Any:
    """Random scenarios in which every connection has a mapping of its own, so that brute force is a flow, with a demand each."""
    for seed in seeds:
        rng = random.Random(seed)
        scenario = small.random_scenario(rng)
        world = oracle.World(scenario)
        demand = random_demand(scenario, rng)
        known = all(r.type in ("edm", "eim-if-possible") and r.design["pool"]["hash"] != "unknown" for r in world.nats)
        if demand and known and small_enough(world, flows):
            yield scenario, world, demand


def at(demand: list[dict[str, Any]], k: Fraction) -> dict[tuple[str, str], int]:
    """The multiple, rounded down."""
    return {(d["from"], d["to"]): int(d["connections"] * k) for d in demand}


def largest(world: oracle.World, demand: list[dict[str, Any]]) -> Fraction:
    """The largest multiple that fits: every one at which a pair gains a connection, tried in turn."""
    steps = sorted({Fraction(m, d["connections"]) for d in demand for m in range(1, 300)})
    best = Fraction(0)
    for k in steps:
        if not oracle.meets(world, at(demand, k)):
            return best
        best = k
    raise AssertionError


def test_demands_and_multiples_by_brute_force() -> None:
    tried = yes = exact = 0
    for scenario, world, demand in worlds(range(5200), 30):
        tried += 1
        truth = oracle.meets(world, at(demand, Fraction(1)))
        found = natbound.Scenario(scenario).capacity(demand)
        shared = any(r.type == "eim-if-possible" for r in world.nats)  # its hash may not be certified
        assert found["fits"] is truth or (shared and found["fits"] is None), json.dumps(scenario)
        yes += truth
        if found["fits"] is not None and tried % 4 == 0:
            accepted(found["evidence"])
        multiple = found["multiple"]
        best = largest(world, demand) if tried % 2 == 0 else None
        if not multiple["exact"]:
            assert shared
            low, high = (Fraction(multiple[side]["fraction"]) for side in ("at_least", "at_most"))
            assert best is None or low <= best < high
            continue
        exact += 1
        assert best is None or best == Fraction(multiple["fraction"]), json.dumps(scenario)
        if tried % 4 == 0:
            accepted(multiple["evidence"])
    assert tried > 2000
    assert tried / 5 < yes < tried * 4 / 5
    assert exact > tried * 0.9


def test_no_wrong_mutant_of_a_multiple_is_accepted() -> None:
    rng = random.Random(7)
    certificates = []
    kinds: dict[str, int] = {}
    for scenario, _, demand in worlds(range(9000, 9700), 16):
        found = natbound.Scenario(scenario).capacity(demand)
        multiple = found["multiple"]
        certificates += [multiple["evidence"]] if "evidence" in multiple else []
        if found["fits"] is False and "pairs" in json.dumps(found["evidence"]["nats"]):
            certificates.append(found["evidence"])
    tried = still = 0
    for certificate in certificates:
        kinds[certificate["kind"]] = kinds.get(certificate["kind"], 0) + 1
        for done, mutant in mutants(certificate, rng, 30):
            tried += 1
            if mutant.get("scenario") != certificate["scenario"]:  # what it may say of another one is test_check's
                assert valid(mutant, certificate["scenario"]) is False
            elif valid(mutant) is True:
                still += 1
                assert true(mutant), (done, json.dumps(mutant))
    assert tried > 4000
    assert still < tried / 2
    assert kinds["multiple"] > 40


def test_certificates_under_every_mapping_type() -> None:
    tried = 0
    for scenario, _, demand in worlds(range(30000, 30900), 24):
        for mapping in ("edm", "adm", "eim", "eim-if-possible"):
            for nat in scenario["nats"]:
                nat["design"]["mapping-type"] = mapping
            found = natbound.Scenario(scenario).capacity(demand)
            if found["fits"] is not None:
                tried += 1
                accepted(found["evidence"])
            if "evidence" in (found["multiple"] or {}):
                accepted(found["multiple"]["evidence"])
    assert tried > 1000


def test_the_traffics_multiple_and_a_number() -> None:
    scenario = natbound.load(HOME)
    found = scenario.capacity()
    assert Fraction(found["multiple"]["fraction"]) == Fraction(64512, 30000)
    assert scenario.capacity(100_000).multiple.connections == 64512
    assert scenario.capacity("100000").fits is False
    best = scenario.capacity(10, place="best")
    assert best.fits is True
    assert Fraction(best["multiple"]["fraction"]) == Fraction(64512, 10)
    accepted(best["multiple"]["evidence"])
    assert scenario.capacity(0).fits is True


@pytest.mark.parametrize(
    ("claim", "holds", "kind"),
    [
        ("N >= 64512", True, "fits"), ("N >= 64513", False, "does-not-fit"), ("N > 64511", True, "fits"), ("N > 64512", False, "does-not-fit"),
        ("N <= 64512", True, "does-not-fit"), ("N <= 64,511", False, "fits"), ("N < 64513", True, "does-not-fit"), ("N < 64512", False, "fits"),
        ("N = 64512", True, "maximum"), ("N = 1", False, "fits"), ("N == 64513", False, "does-not-fit"),
    ],
)  # fmt: skip
def test_claims(claim: str, holds: bool, kind: str) -> None:
    found = natbound.load(HOME).capacity(claim=claim)
    assert found["holds"] is holds
    assert found["evidence"]["kind"] == kind
    accepted(found["evidence"])


def test_a_claim_between_bounds_is_unknown() -> None:
    how = small.design(pool={"choice": "hash", "hash": "unknown", "of": "source-and-destination", "fallback": False})
    clients = [small.client("A", ["10.0.0.1"], "10-30")]
    scenario = natbound.Scenario(
        small.scenario(clients, [small.nat(["A"], "203.0.113.4-203.0.113.5", how)], [small.server("C", "198.51.100.1-198.51.100.4", "80")])
    )
    part = scenario.capacity()["maximum"]
    low, high = part["at_least"], part["at_most"]
    assert low < high
    for claim, holds in [
        (f"N >= {low}", True),
        (f"N > {high}", False),
        (f"N = {high}", None),
        (f"N <= {low}", None),
        (f"N = {high + 1}", False),
    ]:
        found = scenario.capacity(claim=claim)
        assert found["holds"] is holds
        if holds is not None:
            accepted(found["evidence"])


def line(source: str, port: int, destination: str = "198.51.100.7", to: int = 80, protocol: str = "tcp 6") -> str:
    """An entry of conntrack -L."""
    there = f"src={source} dst={destination} sport={port} dport={to}"
    return f"{protocol} 100 ESTABLISHED {there} src={destination} dst=203.0.113.5 sport={to} dport={port} [ASSURED] mark=0 use=1\n"


def test_a_recorded_table(tmp_path: Path) -> None:
    table = tmp_path / "conntrack-L.txt.gz"
    entries = [line("192.168.1.10", p) for p in range(2000, 2005)] + [line("192.168.1.11", 2100), line("192.168.1.99", 2200)]
    entries += [line("192.168.1.10", 2000, to=443), line("192.168.1.10", 2000, protocol="udp 17")]
    with gzip.open(table, "wt") as stream:
        stream.writelines(entries)
    found = natbound.load(HOME).capacity(table)
    assert [(d["from"], d["to"], d["connections"]) for d in found["pairs"]] == [("A", "C", 5), ("X", "C", 1)]
    assert found["fits"] is True
    assert found["outside"] == 3
    assert "twice" not in found
    assert Fraction(found["multiple"]["fraction"]) == Fraction(53760, 5)
    accepted(found["evidence"])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("- {from: A, to: C, connections: -3}", "{file}:1: [0].connections: '-3': a whole number of connections, 0 or more, is wanted"),
        ("- {from: A, to: C, connections: 1}\n- {from: A, to: C, connections: 2.5}", "{file}:2: [1].connections: '2.5': a whole number"),
        ("- {from: B, to: C, connections: 1}", "{file}:1: [0].from: 'B'"),
        ("- {from: A, to: c, connections: 1}", "{file}:1: [0].to: 'c'"),
        ("- {from: A, to: C}", "{file}:1: [0]: connections is missing"),
        ("- {from: A, to: C, connections: 1, place: best}", "{file}:1: [0]"),
        ("[]", "{file}:1: []: the demand names nothing"),
        ("from: A", "a demand is a list of {{from, to, connections}}"),
        (line("10.9.9.9", 2000), "{file}: none of its 1 connections is from a client set"),
        ("[1795344417.108184]  [NEW] " + line("192.168.1.10", 2000), "{file}:1: '[NEW]': events are no table"),
        (line("192.168.1.10", 99999), "{file}:1: '99999': a port is a number"),
    ],
)
def test_bad_demands(text: str, message: str, tmp_path: Path) -> None:
    file = tmp_path / "demand.yaml"
    file.write_text(text)
    with pytest.raises(natbound.InputError) as caught:
        natbound.load(HOME).capacity(file)
    assert message.format(file=file) in str(caught.value)


@pytest.mark.parametrize("given", [-1, 1.5, True, "1.5", 10**31, [], [{"from": "A"}], "no such file"])
def test_bad_demands_from_python(given: Any) -> None:
    with pytest.raises(natbound.InputError):
        natbound.load(HOME).capacity(given)


@pytest.mark.parametrize("claim", ["", "N", "M >= 3", "N >= -3", "N >= 1.5", "N => 3", "N >= 1e5"])
def test_bad_claims(claim: str) -> None:
    with pytest.raises(natbound.InputError):
        natbound.load(HOME).capacity(claim=claim)


def test_a_tuple_twice_in_a_table_counts_once() -> None:
    """This table was printed while it changed: two lines are of tuples that come again."""
    folder = HOME.parent / "linux-router-exhausted"
    router = natbound.Scenario(import_paths([folder]).scenario)
    found = router.capacity(folder / "conntrack-L.txt.gz")
    assert found["twice"] == 2
    assert found["fits"] is True
    assert Fraction(found["multiple"]["fraction"]) == 1  # that server's ports are all taken


def test_every_line_of_a_table_that_is_not_counted_is_told(tmp_path: Path) -> None:
    table = tmp_path / "table.txt"
    icmp = "icmp 1 29 src=192.168.1.10 dst=198.51.100.7 type=8 code=0 id=1 src=198.51.100.7 dst=203.0.113.5 type=0 code=0 id=1 use=1\n"
    table.write_text(
        line("192.168.1.10", 2000) + line("192.168.1.10", 2001) + "what is this?\n" + icmp + "\n"
        + line("192.168.1.10", 2000, protocol="udp 17") + line("192.168.1.11", 2100) + line("192.168.1.99", 2200)
    )  # fmt: skip
    found = natbound.load(HOME).capacity(table)
    assert found["demand"] == 3
    assert found["lines"] == 7
    assert found["not_counted"] == {"UDP to no server set": 1, "TCP from no client set": 1, "not readable": 1, "ICMP": 1}
    said = wording.left_out(found)
    assert said == ["7 lines: 3 counted, 1 UDP to no server set, 1 TCP from no client set, 1 not readable, 1 ICMP"]


def test_one_connection_fits() -> None:
    assert wording.fits(1, True) == "1 connection fits"
    assert wording.fits("1", False) == "1 connection does not fit"
    assert wording.fits(2000, None) == "2,000 connections unknown whether they fit"
