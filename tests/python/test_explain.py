"""explain against brute force on small random scenarios: every reason, every change and its minimality, every value."""

from __future__ import annotations

import io
import itertools
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
from attack import accepted, small_enough
from natbound.explaining.changes import PRICES
from natbound.explaining.kinds import kinds_of
from natbound.explaining.reasons import Reasons, reason_json
from natbound.explaining.together import Together
from natbound.explaining.values import values
from test_demand import at, line, worlds

HOME = Path(__file__).resolve().parents[2] / "examples" / "home-lan.yaml"
ONE = Fraction(1)


def meets(scenario: Any, demand: list[dict[str, Any]]) -> bool:
    """Whether a demand fits, connection by connection."""
    return oracle.meets(oracle.World(scenario), at(demand, ONE))


def minimal_sets(world: oracle.World, demand: list[dict[str, Any]]) -> set[frozenset[int]]:
    """All sets of pairs that do not fit, though each smaller one does."""
    found: set[frozenset[int]] = set()
    for size in range(1, len(demand) + 1):
        for some in map(frozenset, itertools.combinations(range(len(demand)), size)):
            if not any(f <= some for f in found) and not oracle.meets(world, at([demand[i] for i in some], ONE)):
                found.add(some)
    return found


def settings_of(apply: list[str]) -> list[str]:
    """What --set was given."""
    return [text.removeprefix("--set ") for text in apply]


def test_reasons_are_all_the_minimal_sets() -> None:
    tried = found = several = 0
    for scenario, world, demand in worlds(range(20000, 26500), 24):
        if len(demand) > 5 or any(r.type != "edm" for r in world.nats):
            continue
        tried += 1
        reasons = Reasons(natbound.Scenario(scenario), demand)
        listed = list(reasons)
        assert len(set(listed)) == len(listed)
        assert set(listed) == minimal_sets(world, demand), json.dumps(scenario)
        found += bool(listed)
        several += len(listed) > 1
        for which in listed if found % 10 == 0 else []:
            reason = reason_json(reasons, which)
            accepted(reason["evidence"])
            assert reason["minimal"] is True
            for left in reason["without"]:
                accepted(left["evidence"])
    assert tried > 2000
    assert found > 1000
    assert several > 300


def check_change(scenario: natbound.Scenario, demand: list[dict[str, Any]], change: dict[str, Any]) -> None:
    """It makes the demand fit, and one less does not."""
    other = scenario.with_settings(*settings_of(change["apply"])).canonical
    assert change["sufficient"]["scenario"] == other
    accepted(change["sufficient"])
    assert meets(other, demand)
    if change.get("one_less"):
        accepted(change["one_less"])
        assert change["one_less"]["kind"] == "does-not-fit"
        assert not meets(change["one_less"]["scenario"], demand)
    for part in change.get("with", []):
        accepted(part["one_less"])
        assert not meets(part["one_less"]["scenario"], demand)


def test_changes_are_enough_and_smallest() -> None:
    tried = 0
    kinds: dict[str, int] = {}
    for scenario, world, demand in worlds(range(30000, 31000), 24):
        if oracle.meets(world, at(demand, ONE)):
            continue
        loaded = natbound.Scenario(scenario)
        if loaded.capacity(demand)["fits"] is None:
            continue
        tried += 1
        explained = loaded.explain(demand)
        costs = [c["cost"] for c in explained["changes"]]
        assert costs == sorted(costs)
        for change in explained["changes"]:
            kinds[change["kind"]] = kinds.get(change["kind"], 0) + 1
            if change["kind"] in ("mapping-type", "design"):  # brute force knows one mapping type
                accepted(change["sufficient"])
                continue
            if tried % 3 == 0:
                check_change(loaded, demand, change)
        for change in explained["not_enough"]:
            if "evidence" in change and tried % 3 == 0:
                accepted(change["evidence"])
                assert not meets(change["evidence"]["scenario"], demand)
    assert tried > 150
    assert min(kinds[k] for k in ("address", "port", "table", "destination", "client-port", "mapping-type", "design")) > 5, kinds


def test_several_changes_together_where_none_alone_does() -> None:
    """Enough; and one less of any part is not, however the others stand. Checked by brute force and by the checker."""
    found = 0
    for scenario, world, demand in worlds(range(30000, 30400), 20):
        if any(r.type != "edm" for r in world.nats) or oracle.meets(world, at(demand, ONE)):
            continue
        s = natbound.Scenario(scenario)
        change = Together(s, demand, PRICES).found()
        if change is None:
            continue
        found += 1
        check_change(s, demand, change)
    assert found > 5


def test_one_pair_may_want_two_changes() -> None:
    """More hosts' ports than there are, towards more than the pool has: the cheapest is of both."""
    scenario = natbound.Scenario(
        {
            "clients": [{"name": "A", "addresses": "10.0.0.1-10.0.0.2", "ports": "1024-1026"}],
            "servers": [{"name": "C", "addresses": "198.51.100.1", "ports": 80}],
            "nats": [{"name": "n", "inside": ["A"], "external-ip-address-pool": "203.0.113.1", "design": "ideal",
                      "port-set-restrict": {"start-port-number": 2000, "end-port-number": 2003}}],
        }
    )  # fmt: skip
    demand = [{"from": "A", "to": "C", "connections": 8}]
    change = Together(scenario, demand, {**PRICES, "destination": 100}).found()
    assert change is not None
    assert {(c["kind"], c["more"]) for c in (change, *change["with"])} == {("port", 4), ("client-port", 1)}
    check_change(scenario, demand, change)


def test_ports_of_a_psid_come_by_halves() -> None:
    scenario = natbound.load(HOME.parent / "map-ce.yaml")
    explained = scenario.explain(100_000)
    psid = next(c for c in explained["changes"] if c["kind"] == "sharing")
    assert psid["more"] == 5
    accepted(psid["sufficient"])
    accepted(psid["one_less"])


def test_values_are_what_one_more_gives() -> None:
    tried = 0
    for seed in range(40000, 40250):
        scenario = small.random_scenario(random.Random(seed))
        world = oracle.World(scenario)
        if not small_enough(world, 24) or any(r.type in ("eim", "adm") for r in world.nats):
            continue
        if any(r.design["pool"]["hash"] == "unknown" for r in world.nats):
            continue
        loaded = natbound.Scenario(scenario)
        clients, servers = {c["name"] for c in scenario["clients"]}, {v["name"] for v in scenario["servers"]}
        kinds = {(k.what, k.of): k for k in kinds_of(loaded, clients, servers)}
        now = oracle.most(world)
        for value in values(loaded, clients, servers):
            kind = kinds[value["what"], value["of"]]

            def most(n: int, kind: Any = kind, loaded: natbound.Scenario = loaded) -> int:
                return oracle.most(oracle.World(loaded.with_settings(*kind.settings(n)).canonical))

            tried += 1
            assert most(1) - now == value["connections"], json.dumps(scenario)
            up_to = value["up_to"]
            if up_to is not None and up_to < 6:
                assert all(most(n) == now + n * value["connections"] for n in range(1, up_to + 1))
                if value["ends"] and up_to < kind.most:
                    assert most(up_to + 1) != now + (up_to + 1) * value["connections"]
            elif up_to is None:
                assert most(3) == now
    assert tried > 150


def test_what_the_traffic_needs() -> None:
    scenario = natbound.load(HOME).with_settings("traffic.rate=2000/s", "nats.design=ideal", "nats.connection-limits=")
    explained = scenario.explain(prices={"address": 4, "port": 0.001, "hold": 100})
    assert explained.demand == 120_000
    by_kind = {c["kind"]: c for c in explained["changes"]}
    assert by_kind["address"]["more"] == 1
    assert by_kind["destination"]["more"] == 1
    assert by_kind["hold"]["factor"] == "336/625"  # 64,512 of 120,000
    held = scenario.with_settings(*settings_of(by_kind["hold"]["apply"]))
    assert held.explain().fits is True
    assert [c["kind"] for c in explained["changes"]][-1] == "hold"
    assert {v["what"]: v["connections"] for v in explained["values"]}["address"] == 64512
    assert {c["change"] for c in explained["not_enough"]} >= {"mapping-type adm in router", "design cilium in router"}
    assert "Why" in repr(explained)
    assert "<table>" in explained._repr_html_()


def test_a_limit_that_must_be_raised_in_any_case() -> None:
    explained = natbound.load(HOME).with_settings("nats.design=ideal").explain(100_000)
    address = next(c for c in explained["changes"] if c["kind"] == "address")
    assert [(w["kind"], w["more"]) for w in address["with"]] == [("table", 34_464)]
    assert address["more"] == 1
    assert address["cost"] == pytest.approx(1 + 34_464 * 0.0001)
    accepted(address["sufficient"])
    accepted(address["with"][0]["one_less"])


def test_what_fits_needs_no_reason(capsys: pytest.CaptureFixture[str]) -> None:
    explained = natbound.load(HOME).explain()
    assert explained.fits is True
    assert explained["reasons"] == explained["changes"] == []
    accepted(explained["evidence"])


def run(*arguments: str) -> int:
    """The command, with its exit status."""
    from natbound.cli import main

    sys.argv = ["natbound", *arguments]
    with pytest.raises(SystemExit) as end:
        main()
    return int(end.value.code or 0)


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("explain", str(HOME), "--demand", "100000", "--reasons", "3") == 0
    page = capsys.readouterr().out
    assert "do not fit" in page
    assert "What one more is worth" in page
    assert run("explain", str(HOME), "--demand", "100000", "--json", "--price", "address=4") == 0
    data = json.loads(capsys.readouterr().out)
    assert data["schema"] == "natbound.explain/1"
    assert data["reasons"]
    assert data["changes"]
    proof = tmp_path / "why.json"
    assert run("explain", str(HOME), "--demand", "100000", "--certificate", str(proof)) == 0
    accepted(json.loads(proof.read_text()))
    table = tmp_path / "table.txt"
    table.write_text("".join(line("192.168.1.10", p) for p in range(2000, 2005)))
    assert run("explain", str(HOME), "--demand", str(table)) == 0
    assert "fit" in capsys.readouterr().out
    assert run("capacity", str(HOME), "--claim", "N >= 100000") == 1


def test_standard_input_is_read_once(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    for command in ("capacity", "explain"):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(HOME.read_bytes())))
        assert run(command, "-", "--demand", "-") == 2
        assert "standard input can be one of the two only" in capsys.readouterr().err
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"- {from: A, to: C, connections: 70000}")))
    assert run("capacity", str(HOME), "--demand", "-") == 1
    assert "70,000 connections do not fit" in capsys.readouterr().out


def test_what_is_not_settled_is_unknown(capsys: pytest.CaptureFixture[str]) -> None:
    pool = {"choice": "hash", "hash": "unknown", "of": "source-and-destination", "fallback": False}
    clients = [small.client("A", ["10.0.0.1"], "10-30")]
    scenario = small.scenario(
        clients,
        [small.nat(["A"], "203.0.113.4-203.0.113.5", small.design(pool=pool))],
        [small.server("C", "198.51.100.1-198.51.100.4", "80")],
    )
    part = natbound.Scenario(scenario).capacity()["maximum"]
    with pytest.raises(natbound.Unsupported):
        natbound.Scenario(scenario).explain(part["at_most"])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--reasons", "0"], "--reasons"),
        (["--price", "adress=4"], "no such price"),
        (["--price", "address=-4"], "at least 0"),
        (["--price", "address"], "NAME=NUMBER"),
        (["--demand", "x"], "cannot be read"),
        (["--set", "traffic=", "--json"], "no traffic, and no demand"),
    ],
)
def test_bad_calls(arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("explain", str(HOME), *arguments) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
