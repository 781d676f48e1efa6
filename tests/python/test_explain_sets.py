"""explain where ports come in sets, by parity or around holes: the worth of one more, larger sets, and no more sets than there are."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

import natbound
from attack import accepted
from natbound.explaining.kinds import kinds_of
from natbound.explaining.values import values
from test_explain import HOME, run, settings_of

EXAMPLES = HOME.parent


def network(**nat: Any) -> natbound.Scenario:
    """Ten subscribers with more sockets than the NAT's 64 ports, towards two servers."""
    return natbound.Scenario(
        {
            "clients": [{"name": "lan", "addresses": "10.0.0.1-10.0.0.10", "ports": "1024-1123"}],
            "nats": [{"name": "n", "inside": ["lan"], "external-ip-address-pool": "203.0.113.1", "design": "ideal",
                      "port-set-restrict": {"start-port-number": 2000, "end-port-number": 2063}, **nat}],
            "servers": [{"name": "web", "addresses": "198.51.100.1-198.51.100.2", "ports": 443}],
        }
    )  # fmt: skip


def worth(scenario: natbound.Scenario, what: str) -> dict[str, Any]:
    return next(v for v in values(scenario, {"lan"}, {"web"}) if v["what"] == what)


@pytest.mark.parametrize(
    ("nat", "later"),
    [
        ({"port-set": {"port-set-size": 8}}, 8),  # eight are one more set
        ({"static-mappings": [{"external-src-port": "2064"}]}, 2),  # the first is a hole
        # evens alone are short: 2064 is one, 2065 is of no use to them
        ({"design": {"base": "ideal", "port-parity-preservation": True}}, 3),
    ],
)
def test_ports_that_are_not_alike_are_looked_at_one_by_one(nat: dict[str, Any], later: int) -> None:
    """ "Nothing, however many" was said where the first one adds nothing."""
    scenario = network(**nat)
    one = worth(scenario, "port")
    kind = next(k for k in kinds_of(scenario, {"lan"}, {"web"}) if k.what == "port")
    now = int(scenario.capacity().maximum.connections)
    gains = [int(scenario.with_settings(*kind.settings(n)).capacity().maximum.connections) - now for n in range(1, later + 1)]
    assert gains[0] == one["connections"]
    assert gains[-1] > 0
    assert one["up_to"] is not None
    up_to = int(one["up_to"])
    assert all(gain == n * gains[0] for n, gain in enumerate(gains[:up_to], 1))
    if one["ends"] and up_to < later:
        assert gains[up_to] != (up_to + 1) * gains[0]


def test_the_ports_of_another_nat_are_in_the_way() -> None:
    """A split pool: the next 64 ports are the other's, those after them are free."""
    scenario = natbound.Scenario(
        {
            "clients": [{"name": c, "addresses": f"10.0.{i}.1-10.0.{i}.10", "ports": "1024-1123"} for i, c in enumerate("ab")],
            "nats": [{"name": f"n{i}", "inside": [c], "external-ip-address-pool": "203.0.113.1", "design": "ideal",
                      "port-set-restrict": {"start-port-number": 2000 + 4 * i, "end-port-number": 2003 + 4 * i}}
                     for i, c in enumerate("ab")],
            "servers": [{"name": "web", "addresses": "198.51.100.1", "ports": 443}],
        }
    )  # fmt: skip
    found = {(v["what"], v["of"]): v for v in values(scenario, {"a", "b"}, {"web"})}
    if ("port", "n0") in found:
        assert found["port", "n0"]["up_to"] is not None


def test_destinations_of_mappings_that_carry_several() -> None:
    """One port: a mapping of a has three connections, one of b as many as b's servers are: a third more is nothing, a fourth is worth one."""
    scenario = natbound.Scenario(
        {
            "clients": [{"name": "a", "addresses": "10.0.0.1", "reaches": ["x"]}, {"name": "b", "addresses": "10.0.0.2", "reaches": ["y"]}],
            "nats": [{"name": "n", "inside": ["a", "b"], "external-ip-address-pool": "203.0.113.1",
                      "port-set-restrict": {"start-port-number": 2000, "end-port-number": 2000},
                      "design": {"base": "ideal", "mapping-type": "eim", "clash-scope": {"destination": "none"}}}],
            "servers": [{"name": "x", "addresses": "198.51.100.1-198.51.100.3", "ports": 443},
                        {"name": "y", "addresses": "198.51.101.1", "ports": 443}],
        }
    )  # fmt: skip
    more = next(v for v in values(scenario, {"a", "b"}, {"x", "y"}) if (v["what"], v["of"]) == ("destination", "y"))
    assert (more["connections"], more["up_to"], more["ends"]) == (0, 2, True)


def test_more_sets_for_each_where_there_are_some() -> None:
    scenario = network(**{"port-set": {"port-set-size": 1, "port-sets-per-subscriber": 2}})
    explained = scenario.explain(41)  # 10 x 2 x 2 = 40
    sets = next(c for c in explained["changes"] if c["kind"] == "port-set")
    assert sets["more"] == 1
    accepted(sets["sufficient"])
    accepted(sets["one_less"])
    inner = natbound.load(EXAMPLES / "nat444-port-blocks.yaml").explain(30_721)  # 61 sets of 512; 56 homes
    assert next(c for c in inner["changes"] if c["kind"] == "address")["more"] == 5


def test_larger_sets_for_ever() -> None:
    """The ports a VM of a cloud's gateway: 500 VMs x 100 ports x 2 destinations."""
    scenario = natbound.Scenario(
        {
            "clients": [{"name": "lan", "addresses": "10.0.0.0-10.0.1.243"}],
            "nats": [{"name": "gw", "inside": ["lan"], "external-ip-address-pool": "203.0.113.1", "design": "ideal",
                      "profile": "gcp-cloud-nat"}],
            "servers": [{"name": "web", "addresses": "198.51.100.1-198.51.100.2", "ports": 443}],
        }
    )  # fmt: skip
    assert scenario.capacity().maximum.connections == 500 * 64 * 2
    size = next(c for c in scenario.explain(100_000)["changes"] if c["kind"] == "port-set-size")
    assert size["more"] == 36
    assert scenario.with_settings(*settings_of(size["apply"])).capacity().maximum.connections == 100_000
    accepted(size["sufficient"])
    accepted(size["one_less"])
    assert worth(scenario, "port-set-size")["connections"] == 1_000
    # 64,512 ports are 129 for each: no larger, however much is wanted
    assert not [c for c in scenario.explain(200_000)["changes"] if c["kind"] == "port-set-size"]
    most = next(k.most for k in kinds_of(scenario, {"lan"}, {"web"}) if k.what == "port-set-size")
    assert most == 64512 // 500 - 64


def test_changes_together_are_no_dearer_for_a_further_kind() -> None:
    """Parts are compared by what they add to those that are there, and left out one by one."""
    explained = natbound.load(EXAMPLES / "cgnat-port-blocks.yaml").explain(40_000_000)
    several = next(c for c in explained["changes"] if c.get("with"))
    assert several["cost"] <= 7
    assert several["smallest"]
    accepted(several["sufficient"])
    deterministic = natbound.load(EXAMPLES / "cgnat-deterministic.yaml").explain(40_000_000)
    sized = next(c for c in deterministic["changes"] if c.get("with"))
    assert sized["smallest"]
    parts = [sized, *sized["with"]]
    assert all(p["one_less"] or "sets" in p["one_less_breaks"] or "set" in p["one_less_breaks"] for p in parts)


def test_holds_a_little_shorter_are_told_from_as_long() -> None:
    explained = natbound.load(EXAMPLES / "cgnat-overflow.yaml").explain(64_449)
    words = next(c["change"] for c in explained["changes"] if c["kind"] == "hold")
    assert words == "every connection held 0.99998 times as long: 64,448 live instead of 64,449"


def test_sets_of_one_port_around_a_nat_that_keeps_parity() -> None:
    """Was an IndexError: the NAT inside was tried with one port, which has one parity."""
    scenario = natbound.Scenario(
        {
            "clients": [{"name": "lan", "addresses": "10.0.0.1-10.0.0.2"}],
            "nats": [
                {"name": "cpe", "inside": ["lan"], "external-ip-address-pool": "100.64.0.1",
                 "design": {"base": "ideal", "port-parity-preservation": True}},
                {"name": "cgn", "inside": ["cpe"], "external-ip-address-pool": "203.0.113.1-203.0.113.2", "design": "ideal",
                 "port-set": {"port-set-size": 1}},
            ],
            "servers": [{"name": "web", "addresses": "198.51.100.1-198.51.100.2", "ports": 80}],
        }
    )  # fmt: skip
    assert scenario.capacity().maximum.connections == 2


def test_tuples_of_what_does_not_fit(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("capacity", str(HOME), "--demand", "70000", "--tuples", "3") == 1
    assert "70,000 connections do not fit" in capsys.readouterr().out
    assert run("capacity", str(HOME), "--for-all-sizes", "--tuples", "3") == 2
    assert "a formula has no connections to list" in capsys.readouterr().err
    assert run("capacity", str(HOME), "--demand", "") == 2
    assert "a whole number of connections, or a file, is wanted" in capsys.readouterr().err


def test_rates_are_written_as_people_write_them() -> None:
    """100000/s was told as 1e+05/s."""
    scenario = network(**{"rate-limits": {"packets": "100000/s", "connections": "2.5/s"}})
    assert scenario.canonical["nats"][0]["rate-limits"] == {"packets": "100000/s", "connections": "2.5/s"}
