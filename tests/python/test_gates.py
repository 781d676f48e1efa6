"""Gates: firewalls in rows with NATs, and limits of one protocol of a NAT that carries several."""

from __future__ import annotations

import copy
import random
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import natbound
import pytest
from natbound.check import check

sys.path.insert(0, str(Path(__file__).parent))

import by_constraints
import small
import test_cascade
import test_clash
import test_spread
from comparing import maxima, wanted, wrong_demand
from histories import fewest
from oracle import World
from test_server_limits import with_server_limits


def wall(name: str, inside: list[str], table: int | None = None, **more: Any) -> dict[str, Any]:
    """A stateful firewall."""
    limits = {} if table is None else {"limit-per-instance": table}
    out = {"name": name, "inside": inside, "translates": False, "design": small.design(), "connection-limits": limits, "timers": {}}
    return {**out, **more}


def in_rows(rng: random.Random, s: dict[str, Any], some_ways: bool = False) -> dict[str, Any]:
    """The same with one to three firewalls before, behind or between its NATs; `some_ways`: also where spread clients come to one of theirs."""
    for k in range(rng.choice([1, 1, 2, 3])):
        table = rng.randint(1, 9) if rng.random() < 0.9 else None
        around = [n["name"] for n in s["nats"] if all(n["name"] not in m["inside"] for m in s["nats"])]
        if rng.random() < 0.5:  # behind some of the outermost
            s["nats"].append(wall(f"wall{k}", rng.sample(around, rng.randint(1, len(around))), table))
            continue
        n = rng.choice(s["nats"])
        apart = [name for name in n["inside"] if some_ways or sum(name in m["inside"] for m in s["nats"]) == 1]
        if not apart:
            continue
        some = rng.sample(apart, rng.randint(1, len(apart)))
        new = wall(f"wall{k}", some, table)
        if rng.random() < 0.3 and n.get("translates", True) and set(some) == set(n["inside"]) <= {c["name"] for c in s["clients"]}:
            new["connection-limits"]["limit-per-subscriber"] = rng.randint(1, 3)
        n["inside"] = [name for name in n["inside"] if name not in some] + [f"wall{k}"]
        s["nats"].append(new)
    rng.shuffle(s["nats"])
    return s


def with_protocol_limits(rng: random.Random, s: dict[str, Any]) -> dict[str, Any]:
    """The same with servers of two protocols, and limits of one or both at some of its NATs."""
    v6 = ":" in s["servers"][0]["addresses"][0]
    s["servers"].append(small.server("U", "2001:db8:1::99" if v6 else "198.51.100.99", rng.choice(["53", "53-54"]), "udp"))
    for n in s["nats"]:
        limits = [{"protocol-id": p, "limit": rng.randint(1, 6)} for p in ("tcp", "udp") if rng.random() < 0.6]
        if limits:
            n["connection-limits"]["limit-per-protocol"] = limits
    return s


KINDS = {
    "firewalls in rows": lambda rng: in_rows(rng, small.random_scenario(rng)),
    "firewalls in rows, cascades": lambda rng: in_rows(rng, test_cascade.made(rng)),
    "firewalls in rows, quotas": lambda rng: in_rows(rng, small.with_quotas(rng, small.random_scenario(rng), 4)),
    "firewalls in rows, spread clients": lambda rng: in_rows(rng, test_spread.spread(rng, rng.random() < 0.5), True),
    "firewalls in rows, spread clients, server limits": lambda rng: with_server_limits(rng, in_rows(rng, test_spread.spread(rng), True)),
    "firewalls in rows, shared endpoints, spread clients": lambda rng: in_rows(rng, test_clash.made(rng), True),
    "limits of one protocol, spread clients": lambda rng: with_protocol_limits(
        rng, in_rows(rng, test_spread.spread(rng, rng.random() < 0.5), True)
    ),
    "limits of one protocol": lambda rng: with_protocol_limits(rng, small.random_scenario(rng)),
    "limits of one protocol, cascades, firewalls in rows": lambda rng: with_protocol_limits(rng, in_rows(rng, test_cascade.made(rng))),
}


@pytest.mark.parametrize("kind", KINDS)
def test_maxima_and_demands_are_as_cp_sat_finds_them(kind: str) -> None:
    rng = random.Random(kind)
    seen: Counter[str] = Counter()
    for _, settled, tried in maxima(lambda: KINDS[kind](rng), rng, 30):
        seen["exact"] += settled
        seen["tried"] += tried
    for _ in range(20):
        s = KINDS[kind](rng)
        assert wrong_demand(s, wanted(rng, s), seen) is None
    assert seen["exact"] > (12 if kind == "limits of one protocol, spread clients" else 20)  # bounds, where ways are divided
    assert seen["demands settled"] > 10


def test_what_ways_leave_open_cp_sat_settles() -> None:
    rng = random.Random(5)
    settled = 0
    for i in range(12):
        s = KINDS["limits of one protocol, spread clients"](rng)
        found = natbound.Scenario(s).capacity().to_dict()["maximum"]
        assert found["connections"] in (None, by_constraints.maximum(s)), (i, s)
        assert check(found["evidence"]).valid is not False, (i, s)
        settled += found["connections"] is not None
    assert settled >= 10


def test_guaranteed_is_what_all_histories_say() -> None:
    rng = random.Random(11)
    exact = binding = 0
    for _ in range(80):
        s = small.random_scenario(rng, searching=True)
        world = World(copy.deepcopy(s))
        (router,) = world.nats
        for v in s["servers"]:
            v["protocol"] = v.get("protocol", "tcp")
        if rng.random() < 0.5:
            name, table = rng.choice(s["clients"])["name"], rng.randint(1, 4)
            sockets = set(world.sockets(name))
            router.gates.append((lambda f, mine=sockets: f[1:3] in mine, table))  # type: ignore[misc]
            s["nats"][0]["inside"] = [n for n in s["nats"][0]["inside"] if n != name] + ["door"]
            s["nats"].append(wall("door", [name], table))
        if rng.random() < 0.5:
            table = rng.randint(1, 5)
            router.gates.append((lambda _: True, table))
            s["nats"].append(wall("edge", ["router"], table))
        if len({v["protocol"] for v in s["servers"]}) > 1:
            most = rng.randint(1, 3)
            router.gates.append((lambda f: f[0] == "udp", most))
            s["nats"][0]["connection-limits"]["limit-per-protocol"] = [{"protocol-id": "udp", "limit": most}]
        try:
            truth = fewest(router, 2000)
        except ValueError:  # too many histories
            continue
        found = natbound.Scenario(s).answer(0.5, remedies=False).to_dict()["guaranteed"]
        if found["connections"] is None:
            assert truth is None or int(found.get("at_least", 0)) <= truth[0], s
            continue
        exact += 1
        assert found["nothing_fails"] == (truth is None), s
        if truth is None:
            continue
        assert found["connections"] == truth[0], s
        assert check(found["evidence"]).valid is not False, s
        binding += found["evidence"]["lower-bound"]["reason"] == "state"
    assert exact > 30
    assert binding > 10


HOME = {
    "clients": [{"name": "A", "addresses": "192.168.1.10"}, {"name": "X", "addresses": "192.168.1.11"}],
    "nats": [
        wall("edge", ["router"], 1000),
        {"name": "router", "inside": ["A", "X"], "external-ip-address-pool": "203.0.113.5", "design": "ideal"},
    ],
    "servers": [{"name": "C", "addresses": "198.51.100.7", "ports": 80}],
    "traffic": [{"from": ["A", "X"], "to": "C", "rate": "10/s", "hold": "60s"}],
}  # fmt: skip


def home(**changes: Any) -> natbound.Scenario:
    """HOME with other fields."""
    return natbound.Scenario({**copy.deepcopy(HOME), **changes})


def test_a_firewall_behind_a_nat_holds_what_its_table_holds() -> None:
    answer = home().answer(remedies=False).to_dict()
    assert answer["maximum"]["connections"] == 1000
    assert answer["maximum"]["sets_it"] == "the flow table of edge holds 1,000"
    assert answer["guaranteed"]["connections"] == 1000
    for number in ("maximum", "guaranteed"):
        assert check(answer[number]["evidence"]).valid is True


def test_a_firewall_before_a_nat_counts_its_own_clients_alone() -> None:
    nats = [wall("door", ["A"], 1000), {**HOME["nats"][1], "inside": ["door", "X"]}]
    found = home(nats=nats).capacity().to_dict()["maximum"]
    assert found["connections"] == 64512  # X fills what A leaves
    nats[1]["external-ip-address-pool"] = "203.0.113.5-203.0.113.6"
    found = home(nats=nats).capacity().to_dict()["maximum"]
    assert found["connections"] == 1000 + 64512
    assert check(found["evidence"]).valid is True


def test_a_demand_past_the_table_and_the_largest_multiple() -> None:
    found = home().capacity(1200).to_dict()
    assert found["fits"] is False
    assert "edge holds 1,000, and 1,200 are wanted through it" in found["sets_it"]
    assert found["multiple"]["connections"] == 1000
    for one in (found["evidence"], found["multiple"]["evidence"]):
        assert check(one).valid is True


def test_a_limit_of_one_protocol_leaves_the_others_free() -> None:
    servers = [*HOME["servers"], {"name": "D", "addresses": "198.51.100.7", "ports": 53, "protocol": "udp"}]
    router = {**HOME["nats"][1], "connection-limits": {"limit-per-protocol": [{"protocol-id": "udp", "limit": 500}]}}
    scenario = home(servers=servers, nats=[router])
    answer = scenario.answer(remedies=False).to_dict()
    assert answer["maximum"]["connections"] == 64512 + 500
    assert answer["guaranteed"]["connections"] == 500
    for number in ("maximum", "guaranteed"):
        assert check(answer[number]["evidence"]).valid is True
    assert scenario.capacity([{"from": "A", "to": "D", "connections": 501}]).fits is False
    assert scenario.capacity([{"from": "A", "to": "D", "connections": 500}, {"from": "A", "to": "C", "connections": 60000}]).fits is True


@pytest.mark.parametrize(
    ("nats", "says"),
    [
        ([wall("w", ["A"], 9), {**HOME["nats"][1], "inside": ["A", "X"]}], "no NAT around it, w, that are inside router, too"),
        ([wall("w", ["A"], 9), {**HOME["nats"][1], "inside": ["w", "A", "X"]}], "comes to router by two ways, directly and through w"),
        ([wall("w", ["router"], 9, **{"connection-limits": {"limit-per-subscriber": 3}}), HOME["nats"][1]], "a quota of a firewall in a row"),
        ([wall("w", ["v"], 9), wall("v", ["w"], 9)], "is behind itself"),
    ],
)  # fmt: skip
def test_what_is_left_is_refused(nats: list[Any], says: str) -> None:
    with pytest.raises((natbound.Unsupported, natbound.InputError), match=says):
        home(nats=nats).capacity()


@pytest.mark.parametrize("before", [True, False])
def test_risk_agrees_with_a_simulation_of_every_connection(before: bool) -> None:
    nats = [wall("edge", ["router"], 620), HOME["nats"][1]]
    if before:
        nats = [wall("door", ["A", "X"], 620), {**HOME["nats"][1], "inside": ["door"]}]
    scenario = home(nats=nats)
    risk = scenario.risk(simulate=0).to_dict()
    found = scenario.simulate(arrivals=200_000, seed=3).to_dict()
    low, high = found["interval"]
    assert low * 0.9 < risk["refusal_probability"] < high * 1.1


SPREAD = {
    "clients": [{"name": "A", "addresses": "10.0.0.1-10.0.0.9"}],
    "nats": [
        {"name": "left", "inside": ["A"], "external-ip-address-pool": "203.0.113.1", "design": "ideal"},
        {"name": "right", "inside": ["A"], "external-ip-address-pool": "203.0.113.2", "design": "ideal"},
    ],
    "servers": [{"name": "S", "addresses": "198.51.100.1", "ports": 80}],
}  # fmt: skip
INSIDE = {
    **SPREAD,
    "nats": [
        {"name": "home", "inside": ["A"], "external-ip-address-pool": "100.64.0.1", "design": "ideal"},
        {"name": "cgn", "inside": ["home"], "external-ip-address-pool": "203.0.113.2", "design": "ideal"},
    ],
}
ROW = {**SPREAD, "nats": [wall("edge", ["left"], 5000), SPREAD["nats"][0]]}


@pytest.mark.parametrize("network", [SPREAD, INSIDE, ROW])
def test_traffic_that_is_not_given_is_even(network: dict[str, Any]) -> None:
    """Its likely load was divided by the number of client addresses (spread), or an inner NAT sent what one address does."""
    even = [{"from": "A", "to": "S", "live": 1, "hold": "60s"}]
    found, given = (
        natbound.Scenario({**copy.deepcopy(network), **more}).answer(remedies=False).likely.connections for more in ({}, {"traffic": even})
    )
    assert found == pytest.approx(given, rel=1e-6)
    least = {"left": 126_000, "home": 63_000, "edge": 4_500}[network["nats"][0]["name"]]
    assert least < found < least * 1.1


def test_a_simulated_firewall_keeps_its_entries_after_the_close() -> None:
    """They went at once. Erlang's formula with what is open and what the timer keeps: 100 + 300 live at a table of 420."""
    edge = wall("edge", ["A"], 420, timers={"tcp-fin": "30s"})
    clients = [{"name": "A", "addresses": "192.0.2.0/24"}]
    traffic = [{"from": "A", "to": "C", "rate": "10/s", "life": "10s"}]
    scenario = natbound.Scenario({**copy.deepcopy(HOME), "clients": clients, "nats": [edge], "traffic": traffic})
    low, high = scenario.simulate(arrivals=200_000, seed=5).to_dict()["interval"]
    assert low < natbound.calculator.erlang_b(420, 400) < high


def test_a_firewall_behind_one_of_two_nats() -> None:
    """A is spread over two NATs of 64,512 ports each: what does not pass the firewall's table takes the other way."""
    nats = [*SPREAD["nats"], wall("edge", ["left"], 5000)]
    scenario = natbound.Scenario({**copy.deepcopy(SPREAD), "nats": nats})
    answer = scenario.answer(remedies=False).to_dict()
    assert answer["maximum"]["connections"] == 5000 + 64512
    assert "the flow table of edge holds 5,000" in answer["maximum"]["sets_it"]
    assert answer["guaranteed"]["connections"] == 5000
    for number in ("maximum", "guaranteed"):
        assert check(answer[number]["evidence"]).valid is True
    found = scenario.capacity(70_000).to_dict()
    assert found["fits"] is False
    assert found["multiple"]["connections"] == 69512
    for one in (found["evidence"], found["multiple"]["evidence"], scenario.capacity(69_512).to_dict()["evidence"]):
        assert check(one).valid is True


@pytest.mark.parametrize("wrapped", ["left", "A"])
def test_risk_of_spread_clients_agrees_with_a_simulation(wrapped: str) -> None:
    """620 entries before or behind one of two NATs, each of which half of 1,200 live connections pass."""
    left, right = SPREAD["nats"]
    nats = (
        [left, right, wall("edge", ["left"], 620)] if wrapped == "left" else [wall("edge", ["A"], 620), {**left, "inside": ["edge"]}, right]
    )
    traffic = [{"from": "A", "to": "S", "rate": "20/s", "hold": "60s"}]
    scenario = natbound.Scenario({**copy.deepcopy(SPREAD), "nats": nats, "traffic": traffic})
    found = scenario.simulate(arrivals=400_000, seed=1).to_dict()
    low, high = found["interval"]
    assert low < natbound.calculator.erlang_b(620, 600) / 2 < high
    risk = scenario.risk(simulate=0).to_dict()
    assert low * 0.9 < risk["refusal_probability"] < high * 1.1


@pytest.mark.parametrize("where", ["nat", "firewall", "port sets"])
def test_a_simulated_limit_of_one_protocol_is_erlangs(where: str) -> None:
    """200 udp connections at a limit of 210: Erlang's formula; tcp is never refused."""
    limits = {"connection-limits": {"limit-per-protocol": [{"protocol-id": "udp", "limit": 210}]}}
    servers = [*HOME["servers"], {"name": "D", "addresses": "198.51.100.7", "ports": 53, "protocol": "udp"}]
    traffic = [
        {"from": ["A", "X"], "to": "D", "rate": "20/s", "hold": "10s"},
        {"from": ["A", "X"], "to": "C", "rate": "20/s", "hold": "10s"},
    ]
    nat = {**HOME["nats"][1], "timers": {"udp": "0s"}}
    nats = {
        "nat": [{**nat, **limits}],
        "firewall": [nat, wall("edge", ["router"], 10**6, **limits)],
        "port sets": [{**nat, **limits, "port-set": {"port-set-size": 8192, "port-sets-per-subscriber": 4}}],
    }[where]
    found = home(nats=nats, servers=servers, traffic=traffic).simulate(arrivals=200_000, seed=4).to_dict()
    by_kind = {k["to"]: k for k in found["kinds"]}
    low, high = by_kind["D"]["interval"]
    assert low < natbound.calculator.erlang_b(210, 200) < high
    assert by_kind["C"]["refused"] == 0


def test_explain_raises_the_limit_of_one_protocol() -> None:
    servers = [*HOME["servers"], {"name": "D", "addresses": "198.51.100.7", "ports": 53, "protocol": "udp"}]
    each = [{"protocol-id": "tcp", "limit": 700}, {"protocol-id": "udp", "limit": 500}]
    demand = [{"from": "A", "to": "D", "connections": 800}, {"from": "X", "to": "C", "connections": 600}]
    for nats in (
        [{**HOME["nats"][1], "connection-limits": {"limit-per-protocol": each}}],
        [{**HOME["nats"][1], "mapping-limits": {"limit-per-protocol": each}}],
        [HOME["nats"][1], wall("edge", ["router"], **{"connection-limits": {"limit-per-protocol": each}})],
    ):
        scenario = home(nats=nats, servers=servers)
        change = scenario.explain(demand).to_dict()["changes"][0]
        assert change["more"] == 300
        assert "udp connections in" in change["change"]
        assert change["apply"][0].endswith(".limit-per-protocol.1.limit=800")
        assert check(change["sufficient"]).valid is True
        assert check(change["one_less"]).valid is True
        assert change["one_less"]["kind"] == "does-not-fit"
        both = [{**demand[0], "connections": 900}, {**demand[1], "connections": 1000}]
        change = scenario.explain(both).to_dict()["changes"][0]
        assert sorted(p["more"] for p in (change, *change["with"])) == [300, 400]
        assert scenario.with_settings(*(text.removeprefix("--set ") for text in change["apply"])).capacity(both).fits


def test_a_table_that_connections_may_pass_by_need_not_be_raised() -> None:
    """Of two NATs one has a table of 10: more of it is one way, and not what must be done in any case."""
    left, right = SPREAD["nats"]
    scenario = natbound.Scenario({**copy.deepcopy(SPREAD), "nats": [{**left, "connection-limits": {"limit-per-instance": 10}}, right]})
    found = scenario.explain(64_600).to_dict()
    table = next(c for c in found["changes"] if c["kind"] == "table")
    assert table["more"] == 64_600 - 64_512 - 10
    assert "with" not in next(c for c in found["changes"] if c["kind"] == "address")


def test_a_mapping_is_cut_by_one_firewall_and_again_by_the_next() -> None:
    """One socket with connections to five endpoints: four pass the inner firewall, and three of these the outer one."""
    wall = {"translates": False, "design": {"base": "ideal"}}
    scenario = natbound.Scenario({
        "clients": [{"name": "a", "addresses": "10.0.0.1", "ports": 5000}],
        "nats": [
            {"name": "gw", "inside": ["a"], "external-ip-address-pool": "203.0.113.1", "design": {"base": "ideal", "mapping-type": "eim"}},
            {"name": "inner", "inside": ["gw"], "connection-limits": {"limit-per-instance": 4}, **wall},
            {"name": "outer", "inside": ["inner"], "connection-limits": {"limit-per-instance": 3}, **wall},
        ],
        "servers": [
            {"name": "t", "addresses": "198.51.100.2-198.51.100.3", "ports": "80-81"},
            {"name": "s", "addresses": "198.51.100.1", "ports": 80},
        ],
    })  # fmt: skip
    found = scenario.capacity().to_dict()["maximum"]
    assert found["connections"] == 3
    assert check(found["evidence"], scenario.canonical).valid is True
