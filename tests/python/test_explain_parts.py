"""explain of networks in parts that have nothing to do with one another: as of the whole, and asked of the parts alone."""

from __future__ import annotations

import ipaddress
import random
import sys
from collections import Counter
from fractions import Fraction
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))

import natbound
import oracle
import pytest
from attack import accepted
from natbound.explaining import values as valuing
from natbound.explaining.changes import PRICES
from natbound.explaining.kinds import kinds_of
from natbound.explaining.parts import most, parts_of
from natbound.explaining.question import changed, fits
from natbound.explaining.reasons import Reasons
from natbound.explaining.together import Together
from natbound.planning import pools
from test_demand import at


def side_by_side(rng: random.Random) -> dict[str, Any]:
    """Small NATs, of which some share an address, limits of a server set or a client set."""
    many = rng.randint(2, 4)
    clients: list[dict[str, Any]] = []
    nats: list[dict[str, Any]] = []
    for i in range(many):
        first = rng.randint(1, 3)
        clients.append({"name": f"c{i}", "addresses": f"10.{i}.0.1-10.{i}.0.{rng.randint(1, 2)}", "ports": f"5000-500{rng.randint(0, 2)}"})
        if rng.random() < 0.3:
            clients[-1]["reaches"] = [rng.choice(["s", "t"])]
        inside = [f"c{i}"] + ([f"c{i - 1}"] if i and rng.random() < 0.15 else [])
        shared = i > 0 and rng.random() < 0.2
        nat: dict[str, Any] = {
            "name": f"n{i}",
            "inside": inside,
            "external-ip-address-pool": nats[-1]["external-ip-address-pool"] if shared else f"203.{i}.113.{first}-203.{i}.113.{rng.randint(first, 3)}",
            "design": {"base": "ideal", "mapping-type": rng.choice(["edm", "edm", "edm", "adm", "eim"])},
            "port-set-restrict": {"start-port-number": 2000, "end-port-number": 2000 + rng.randint(0, 3)},
        }  # fmt: skip
        if rng.random() < 0.4:
            nat["connection-limits"] = {rng.choice(["limit-per-instance", "limit-per-subscriber"]): rng.randint(1, 6)}
        if rng.random() < 0.2:
            nat["memory"] = {"total": f"{rng.randint(1, 6) * 320}B", "per-entry": "320B"}
        nats.append(nat)
    servers: list[dict[str, Any]] = [{"name": n, "addresses": f"198.51.100.{k}", "ports": 80} for k, n in ((1, "s"), (9, "t"))]
    if rng.random() < 0.3:
        servers[0]["connection-limits"] = {"limit-per-endpoint": rng.randint(2, 12)}
    return {"clients": clients, "nats": nats, "servers": servers}


def wanted_of(rng: random.Random, scenario: natbound.Scenario) -> list[dict[str, Any]]:
    pairs = [(c["name"], v) for c in scenario.canonical["clients"] for v in c["reaches"] or ["s", "t"]]
    return [{"from": a, "to": b, "connections": n} for a, b in pairs if (n := rng.choice([0, 0, 1, 1, 2, 5]))]


def test_a_part_is_asked_as_the_whole() -> None:
    rng, seen = random.Random(5), Counter[str]()
    while seen["several"] < 60:
        scenario = natbound.Scenario(side_by_side(rng))
        pairs = wanted_of(rng, scenario)
        parts = parts_of(scenario)
        if parts.many == 1 or not pairs:
            continue
        seen["several"] += 1
        assert parts.holds(pairs) == fits(scenario, pairs) or fits(scenario, pairs) is None
        now = most(scenario)
        for kind in kinds_of(scenario, {c["name"] for c in scenario.canonical["clients"]}, {"s", "t"}):
            for n in (1, min(3, kind.most)):
                other = changed(scenario, kind.settings(n))
                whole = None if other is None else fits(other, pairs)
                assert parts.fits(kind.settings(n), pairs) in ((whole,) if whole is not None else (None, True, False)), (
                    scenario._document.value,
                    kind.words(n),
                )
                then = most(other)
                if now is not None and then is not None:
                    assert parts.more(kind.settings(n)) == then - now, (scenario._document.value, kind.words(n))
                    seen["maxima"] += 1
                seen[str(whole)] += 1
    assert min(seen["True"], seen["False"]) > 100, seen
    assert seen["maxima"] > 500, seen


def homes(n: int, **nat: Any) -> natbound.Scenario:
    """So many home NATs side by side; the last has one address, the others two."""
    return natbound.Scenario(
        {
            "clients": [{"name": f"c{i}", "addresses": f"10.0.{i}.0/24"} for i in range(n)],
            "nats": [
                {"name": f"n{i}", "inside": [f"c{i}"], "external-ip-address-pool": f"203.0.{i}.1-203.0.{i}.{1 + (i < n - 1)}", "design": "ideal", **nat}
                for i in range(n)
            ],
            "servers": [{"name": "x", "addresses": "198.51.100.1", "ports": 443}],
        }
    )  # fmt: skip


def test_what_ifs_read_the_part_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each number that is tried was a reading of the whole scenario, and some 60 maxima of it."""
    scenario = homes(60)
    read, counted = Counter[bool](), Counter[bool]()
    begin, count = natbound.Scenario.__init__, valuing.counted

    def reading(self: natbound.Scenario, value: Any) -> None:
        begin(self, value)
        read[len(self._document.value["nats"]) > 2] += 1

    def counting(some: natbound.Scenario | None) -> dict[str, Any]:
        counted[some is not None and len(some._document.value["nats"]) > 2] += 1
        return count(some)

    monkeypatch.setattr(natbound.Scenario, "__init__", reading)
    monkeypatch.setattr(valuing, "counted", counting)
    monkeypatch.setattr("natbound.explaining.parts.counted", counting)
    found = scenario.explain([{"from": f"c{i}", "to": "x", "connections": 80_000} for i in range(60)])
    best = found.to_dict()["changes"][0]
    assert (best["kind"], best["of"], best["more"]) == ("address", "n59", 1)
    address = next(v for v in found.to_dict()["values"] if v["what"] == "address")
    assert (address["connections"], address["up_to"], address["ends"]) == (64_512, 255, True)  # 256 hosts of 64,512 sockets
    # with an address of the server each NAT carries more, up to what its clients have sockets for
    other = next(v for v in found.to_dict()["values"] if v["what"] == "destination")
    assert other["connections"] == 59 * 2 * 64_512 + 64_512
    assert read[True] < 60
    assert counted[True] < 20


def test_reasons_of_the_part_that_lacks() -> None:
    """NATs that overlap in pairs: the reason names those of one pair, and no others."""
    value = homes(6)._document.value
    for i, nat in enumerate(value["nats"]):
        nat["external-ip-address-pool"] = f"203.0.113.{i // 2}"
    scenario = natbound.Scenario(value)
    pairs = [{"from": f"c{i}", "to": "x", "connections": 32_256 + (i == 5)} for i in range(6)]
    found = fits(scenario, pairs)
    assert found is False
    (reason,) = list(Reasons(scenario, pairs))
    assert {pairs[i]["from"] for i in reason} == {"c4", "c5"}
    told = scenario.capacity(demand=pairs).to_dict()
    assert {p["from"] for p in told["evidence"]["pairs"]} == {"c4", "c5"}
    accepted(told["evidence"])


def resized_by_hand(pool: list[str], size: int, taken: list[str]) -> list[int]:
    """One address after the other."""
    held = {int(x) for a, b in pools.spans(taken) for x in range(int(a), int(b) + 1)}
    out = [x for a, b in pools.spans(pool) for x in range(int(a), int(b) + 1)][:size]
    at = int(pools.spans(pool)[-1][1])
    while len(out) < size:
        at += 1
        if at not in held:
            out.append(at)
    return out


def test_pools_grow_around_what_is_taken() -> None:
    rng = random.Random(3)

    def some() -> str:
        first = rng.randint(1, 200)
        return f"203.0.113.{first}-203.0.113.{first + rng.choice([0, 0, 1, 9])}"

    for _ in range(500):
        pool, taken, size = [some()], [some() for _ in range(rng.randint(0, 9))], rng.randint(1, 300)
        grown = pools.resized(pool, size, [*taken, "2001:db8::/64"])
        assert [x for a, b in pools.spans(grown) for x in range(int(a), int(b) + 1)] == resized_by_hand(pool, size, taken)
        assert all(a.version == 4 for a, _ in pools.spans(grown))
    assert pools.room(["203.0.113.1"], []) == int(ipaddress.ip_address("255.255.255.255")) - int(ipaddress.ip_address("203.0.113.1"))


def test_several_changes_in_several_parts() -> None:
    scenario = homes(3, **{"port-set-restrict": {"start-port-number": 2000, "end-port-number": 2999}})
    pairs = [{"from": f"c{i}", "to": "x", "connections": 2500} for i in range(3)]
    change = Together(scenario, pairs, {**PRICES, "destination": 100, "port": 100}).found()
    assert change is not None
    assert {(c["kind"], c["of"], c["more"]) for c in (change, *change["with"])} == {
        ("address", "n0", 1),
        ("address", "n1", 1),
        ("address", "n2", 2),
    }
    accepted(change["sufficient"])
    for part in (change, *change["with"]):
        accepted(part["one_less"])


def nat(name: str, inside: list[str], pool: str, first: int, ports: int, design: dict[str, Any], **more: Any) -> dict[str, Any]:
    restrict = {"start-port-number": first, "end-port-number": first + ports - 1}
    return {
        "name": name,
        "inside": inside,
        "external-ip-address-pool": pool,
        "port-set-restrict": restrict,
        "design": {"base": "ideal", **design},
        **more,
    }


def spread(servers: list[dict[str, Any]], b: str, nats: list[dict[str, Any]]) -> natbound.Scenario:
    """Clients of which some are inside two NATs."""
    clients = [{"name": "a", "addresses": "10.0.0.1-10.0.0.2", "ports": "5000-5001"}, {"name": "b", "addresses": b, "ports": "5000-5002"}]
    return natbound.Scenario({"clients": clients, "nats": nats, "servers": servers})


def reason_of(scenario: natbound.Scenario, wanted: dict[tuple[str, str], int]) -> dict[str, Any]:
    """The one reason; what it says of each pair left out is so, connection by connection."""
    pairs = [{"from": c, "to": v, "connections": n} for (c, v), n in wanted.items()]
    (reason,) = scenario.explain(pairs).to_dict()["reasons"]
    world = oracle.World(scenario.canonical)
    accepted(reason["evidence"])
    for one in reason["without"]:
        rest = [p for p in reason["pairs"] if (p["from"], p["to"]) != (one["without"]["from"], one["without"]["to"])]
        assert one["fits"] == oracle.meets(world, at(rest, Fraction(1)))
        if one["fits"]:
            accepted(one["evidence"])
    return dict(reason)


def test_a_reason_leaves_out_who_may_use_another_nat() -> None:
    """The maximum of all was asked, in which those who want nothing have a part: b, inside n alone, was not known to want too much by itself."""
    nats = [nat("n", ["a", "b"], "203.0.113.1", 2000, 1, {}),
            nat("m", ["a"], "203.0.114.1", 2000, 4, {"mapping-type": "eim", "clash-scope": {"destination": "none"}})]  # fmt: skip
    scenario = spread([{"name": "s", "addresses": "198.51.100.1-198.51.100.2", "ports": 80}], "10.0.1.1-10.0.1.3", nats)
    reason = reason_of(scenario, {("a", "s"): 8, ("b", "s"): 3})
    assert [p["from"] for p in reason["pairs"]] == ["b"]
    assert reason["minimal"] is True


def test_what_the_flow_leaves_open_of_a_reason_a_solver_settles() -> None:
    pytest.importorskip("ortools")  # an extra
    nats = [nat("n", ["a", "b"], "203.0.113.1", 2001, 4, {"clash-scope": {"destination": "none"}}),
            nat("m", ["a"], "203.0.114.1-203.0.114.2", 2001, 2, {"clash-scope": {"protocol": False}}, **{"connection-limits": {"limit-per-instance": 7}})]  # fmt: skip
    servers = [
        {"name": "s", "addresses": "198.51.100.1-198.51.100.2", "ports": 80},
        {"name": "t", "addresses": "198.51.100.11", "ports": "80-81", "protocol": "udp"},
    ]
    scenario = spread(servers, "10.0.1.1-10.0.1.2", nats)
    wanted = {("a", "s"): 3, ("a", "t"): 3, ("b", "s"): 7, ("b", "t"): 5}
    reason = reason_of(scenario, wanted)
    assert all("engine" in one for one in reason["without"])
    assert reason["minimal"] is False
    assert [(p["from"], p["to"]) for p in reason["smaller"]["pairs"]] == [("b", "s")]
    assert reason["smaller"]["minimal"] is True
    told = str(scenario.explain([{"from": c, "to": v, "connections": n} for (c, v), n in wanted.items()]))
    assert "fewer of these do not fit already (b to s): OR-Tools CP-SAT says so" in told


def test_many_parts_that_each_need_a_change() -> None:
    """As many kinds as there are were raised to their most, and each to its least again: minutes for some hundred NATs."""
    scenario = homes(8, **{"connection-limits": {"limit-per-subscriber": 10}})
    found = scenario.explain([{"from": f"c{i}", "to": "x", "connections": 3000} for i in range(8)])
    assert found.to_dict()["changes"] == []
    assert "8 parts of the network that have nothing to do with one another each need a change of their own" in str(found)
