"""The ends of connections: the clients' own ports and their TIME_WAIT, what a server keeps in TIME_WAIT, its accept queue; and limits of RFC 8512
that are limits of all, or refused. Values of the formulas are tested in tests/cpp/calculator/test_own_ports.cpp too."""

from __future__ import annotations

import copy
import math
import random
import re
import sys
from pathlib import Path
from typing import Any

import natbound
import pytest
from natbound import calculator, page
from natbound.check import check
from natbound.cli import size_page

sys.path.insert(0, str(Path(__file__).parent))

import by_constraints
import oracle
import small
from comparing import bounds, maxima

EXAMPLES = Path(__file__).parents[2] / "examples"
PROXY: dict[str, Any] = natbound.load(EXAMPLES / "proxy.yaml").canonical


def with_rate(rate: str, **ends: Any) -> natbound.Scenario:
    """The proxy at that rate."""
    s = copy.deepcopy(PROXY)
    s["traffic"][0] |= {"rate": rate, **ends}
    return natbound.Scenario(s)


def test_the_clients_own_ports_bind_first_and_say_how() -> None:
    answer = with_rate("450/s").answer(remedies=False).to_dict()
    first = answer["first_limit"]
    assert first["kind"] == "sockets"
    assert first["name"] == "own ports of each address of proxy towards 198.51.100.20:8080, TIME-WAIT included"
    assert first["factor"] * 450 * 60.05 == pytest.approx(calculator.load_for(28232, 1e-6), rel=1e-9)
    assert "EADDRNOTAVAIL" in answer["limits"][0]["failure"]
    assert any("EADDRNOTAVAIL" in line["text"] for line in answer["failure"])
    assert "ss -Htan" in answer["watch"][-1]["command"]
    text = re.sub(r"\s+", " ", page.plain(answer, 100))
    assert (
        "First to run out: own ports of each address of proxy towards 198.51.100.20:8080, TIME-WAIT included, at 1.02 times the traffic."
        in text
    )
    beyond = with_rate("500/s").answer(remedies=False).to_dict()
    assert "of its connections find none free" in re.sub(r"\s+", " ", page.plain(beyond, 100))
    sized = with_rate("500/s").size(1e-6).to_dict()
    assert sized["own_ports"][0]["probability"] == pytest.approx(calculator.erlang_b(28232, 500 * 60.05), rel=1e-9)
    assert any("find no free port of their own (470/s an address at most)" in line for line in size_page.lines(sized))
    # what the server closes leaves the client's port free at once
    assert with_rate("450/s", **{"client-closes": "0%"}).answer(remedies=False).to_dict()["first_limit"]["kind"] != "sockets"


def test_risk_and_the_simulation_agree_on_them() -> None:
    s = copy.deepcopy(PROXY)
    s["clients"][0] |= {"ports": ["40000-40299"], "time-wait": "10s"}
    s["traffic"][0]["rate"] = "31/s"
    del s["servers"][0]["listen"]
    scenario = natbound.Scenario(s)
    own = scenario.risk(tries=1).to_dict()["own_ports"][0]
    assert own["most_per_second"] == pytest.approx(300 / 10.05)
    assert own["probability"] == own["average"] == pytest.approx(calculator.erlang_b(300, 31 * 10.05), rel=1e-9)
    found = scenario.simulate(seed=3, arrivals=200_000).to_dict()
    assert found["unoffered"] / (found["unoffered"] + found["arrivals"]) == pytest.approx(own["probability"], rel=0.05)
    assert found["kinds"][0]["unoffered"] == found["unoffered"]


def test_capacity_does_not_look_at_times() -> None:
    plain = copy.deepcopy(PROXY)
    del plain["clients"][0]["time-wait"], plain["servers"][0]["listen"]
    with_times, without = natbound.Scenario(PROXY).capacity().to_dict()["maximum"], natbound.Scenario(plain).capacity().to_dict()["maximum"]
    assert with_times["connections"] == without["connections"] == 28232
    assert check(with_times["evidence"], natbound.Scenario(PROXY).canonical).valid


def test_certificates_hold_whatever_the_ends_say() -> None:
    rng = random.Random(31)

    def make() -> dict[str, Any]:
        s = small.random_scenario(rng)
        for c in s["clients"]:
            if rng.random() < 0.7:
                c["time-wait"] = f"{rng.randint(0, 60)}s"
        for v in s["servers"]:
            if v["protocol"] == "tcp" and rng.random() < 0.7:
                v["time-wait"] = "60s"
            if v["protocol"] == "tcp" and rng.random() < 0.7:
                v["listen"] = {"backlog": rng.randint(0, 9), "accepts": "5/s"}
        return s

    found = list(maxima(make, rng, 25))
    assert sum(exact for _, exact, _ in found) > 15
    assert sum(tried for _, _, tried in found) > 100


def test_the_accept_queue_is_a_finite_queue() -> None:
    s = copy.deepcopy(PROXY)
    del s["clients"][0]["time-wait"]
    s["traffic"][0] |= {"rate": "1000/s", "life": "1ms"}
    s["nats"][0] |= {"design": "ideal", "timers": {"tcp-fin": "0s"}}
    s["servers"][0]["listen"] = {"backlog": 6, "accepts": "1100/s"}
    scenario = natbound.Scenario(s)
    expected = calculator.finite_queue(8, 1000 / 1100, service="exponential").loss
    risk = scenario.risk(tries=1).to_dict()
    assert risk["refusal_probability"] == pytest.approx(expected, rel=1e-6)
    assert risk["first_limit"]["kind"] == "listen"
    limit = risk["limits"][0]
    assert limit["refusal_probability"] == pytest.approx(expected, rel=1e-9)
    assert "tcp_abort_on_overflow" in limit["failure"]
    low, high = scenario.simulate(seed=5, arrivals=400_000).to_dict()["interval"]
    assert low - (high - low) / 2 <= expected <= high + (high - low) / 2
    s["servers"][0]["listen"]["backlog"] = 60
    assert natbound.Scenario(s).risk(tries=1).to_dict()["refusal_probability"] < expected / 10


@pytest.mark.parametrize(
    ("limit", "expected"),
    [
        ({"connection-limits": {"limit-per-endpoint": 20}}, calculator.erlang_b(20, 15)),
        ({"connection-limits": {"limit-per-address": 20}}, calculator.erlang_b(20, 15)),
        ({"listen": {"backlog": 3, "accepts": "0.6/s"}}, calculator.finite_queue(5, 0.5 / 0.6, service="exponential").loss),
    ],
)
def test_a_server_behind_several_nats_counts_a_connection_once(limit: dict[str, Any], expected: float) -> None:
    s = {
        "clients": [{"name": "a", "addresses": "10.0.0.1-10.0.0.4"}],
        "nats": [
            {"name": name, "inside": inside, "external-ip-address-pool": address, "design": "ideal"}
            for name, inside, address in (("home", "a", "100.64.0.1"), ("carrier", "home", "203.0.113.1"))
        ],
        "servers": [{"name": "C", "addresses": "198.51.100.7", "ports": 80, **limit}],
        "traffic": [{"from": "a", "to": "C", "rate": "0.5/s", "hold": "30s"}],
    }
    risk = natbound.Scenario(s).risk(tries=1).to_dict()
    assert risk["refusal_probability"] == pytest.approx(expected, rel=1e-9)
    assert risk["interval"][0] <= expected <= risk["interval"][1] * (1 + 1e-9)
    low, high = natbound.Scenario(s).simulate(seed=1, arrivals=200_000).to_dict()["interval"]
    assert low - (high - low) / 2 <= expected <= high + (high - low) / 2


def test_a_tuple_that_the_server_keeps_is_met_where_the_nat_forgets_it_sooner() -> None:
    def met(fin: str, closes: str) -> float:
        s = copy.deepcopy(PROXY)
        s["clients"][0] |= {"ports": ["1024-65535"]}
        del s["clients"][0]["time-wait"]
        s["servers"][0] = {"name": "backend", "addresses": ["198.51.100.20"], "ports": ["8080"], "time-wait": "10s"}
        s["nats"][0] |= {"design": {"base": "ideal", "port-classes": [{"ports": ["5000-5999"]}]}, "timers": {"tcp-fin": fin}}
        s["traffic"][0] |= {"rate": "20/s", "life": "2s", "client-closes": closes}
        found = natbound.Scenario(s).simulate(seed=2, arrivals=200_000).to_dict()
        return float(found["met_time_wait"] / found["arrivals"])

    assert met("10s", "0%") == 0  # the NAT keeps it as long as the server does
    assert met("0s", "100%") == 0  # the client closes first: TIME_WAIT is its own
    # Of 1,000 ports 40 are busy, and any free one is drawn, 20 a second of 960: the last close of the one drawn is an exponential time of 48 s ago.
    assert met("0s", "0%") == pytest.approx(1 - math.exp(-10 * 20 / 960), rel=0.1)
    assert 0 < met("5s", "0%") < met("0s", "0%")


def test_bad_input() -> None:
    for place, change, message in (
        ("clients", {"time-wait": "-1s"}, "clients[0].time-wait"),
        ("clients", {"time-wait": 60}, "clients[0].time-wait"),
        ("clients", {"time-wait": "1e10s"}, "a time is at most 1e9s"),
        ("servers", {"time-wait": "60s", "protocol": "udp", "listen": None}, "TIME-WAIT is TCP's"),
        ("servers", {"listen": {"backlog": 5}}, "both backlog and accepts are wanted"),
        ("servers", {"listen": {"backlog": 5, "accepts": "0/s"}}, "servers[0].listen.accepts"),
        ("servers", {"listen": {"backlog": 5, "accepts": "9/s"}, "protocol": "udp"}, "nothing waits to be accepted"),
        ("traffic", {"client-closes": "120%"}, "traffic[0].client-closes"),
        ("nats", {"port-quota": [{"port-limit": 1000}]}, "nats[0].port-quota: a quota of ports is not a field of its own"),
        ("nats", {"mapping-limits": {"limit-address-mappings": 5}}, "nats[0].mapping-limits.limit-address-mappings: is of basic NAT"),
        ("nats", {"mapping-limits": {"limit-per-subscriber": 5}}, "counts connections, not mappings (RFC 8512); write it under connection-limits"),
        ("nats", {"connection-limits": {"limit-subscribers": 5}}, "counts mappings, not connections (RFC 8512); write it under mapping-limits"),
        ("nats", {"connection-limits": {"limit-per-protocol": [{"protocol-id": "tcp", "limit": 0}]}}, "a limit of 0 admits nothing"),
        ("nats", {"connection-limits": {"limit-per-protocol": [{"protocol-id": "tcp", "limit": 3}] * 2}}, "has a limit already"),
    ):  # fmt: skip
        s = copy.deepcopy(PROXY)
        s[place][0] = {k: v for k, v in (s[place][0] | change).items() if v is not None}
        with pytest.raises(natbound.InputError) as error:
            natbound.Scenario(s)
        assert message in str(error.value), str(error.value)


def test_a_limit_of_the_one_protocol_is_a_limit_of_all() -> None:
    rng = random.Random(17)
    several = bound = 0
    for _ in range(60):
        s = small.random_scenario(rng)
        n = s["nats"][0]
        inside = [c for c in s["clients"] if c["name"] in n["inside"]]
        if len(inside) < len(n["inside"]):
            continue
        protocols = {v["protocol"] for v in s["servers"] for c in inside if not c["reaches"] or v["name"] in c["reaches"]}
        limit, fewer = rng.randint(2, 6), rng.randint(1, 2)
        n["connection-limits"] = {"limit-per-protocol": [{"protocol-id": "tcp", "limit": limit}, {"protocol-id": "sctp", "limit": 1}]}
        n["mapping-limits"] = {"limit-per-protocol": [{"protocol-id": "tcp", "limit": limit - fewer + 1}]}
        if "tcp" in protocols and len(protocols) > 1:
            several += 1
            if n["design"]["mapping-type"] in ("eim", "adm"):
                with pytest.raises(natbound.Unsupported, match="which several connections share"):
                    natbound.Scenario(s)
            else:
                kept = natbound.Scenario(s).written_out["nats"][0]["connection-limits"]["limit-per-protocol"]
                assert kept == [{"protocol-id": "tcp", "limit": min(limit, limit - fewer + 1)}]
            continue
        scenario = natbound.Scenario(s)
        found = scenario.capacity().to_dict()["maximum"]
        n["connection-limits"] = {"limit-per-instance": limit} if "tcp" in protocols else {}
        n["mapping-limits"] = {"limit-port-mappings": limit - fewer + 1} if "tcp" in protocols else {}
        assert scenario.canonical == natbound.Scenario(s).canonical
        low, high = bounds(found)
        most = by_constraints.maximum(s)
        assert most is not None
        assert low <= most <= high, s
        bound += "tcp" in protocols and low == high and ("holds" in found["sets_it"])
        assert check(found["evidence"], scenario.canonical).valid is not False
    assert several > 3
    assert bound > 3


def test_a_filter_is_what_clients_reach() -> None:
    """A stateless filter and a plain router hold nothing: the maximum is the sockets towards what is let through, written out one by one."""
    assert natbound.load(EXAMPLES / "filter.yaml").answer(remedies=False).to_dict()["likely"]["nothing_refuses"]
    rng = random.Random(23)
    for _ in range(40):
        servers = [
            small.server(name, f"198.51.100.{i}", ports)
            for i, (name, ports) in enumerate((("web", "80-81"), ("mail", "25"), ("dns", "53")), 1)
        ]
        rules = [[v["name"] for v in servers if rng.random() < 0.6] or ["web"] for _ in range(2)]
        clients = [small.client(f"c{i}", f"192.0.2.{4 * i}-192.0.2.{4 * i + 1}", "1024-1026", reach) for i, reach in enumerate(rules)]
        s = small.scenario(clients, [], servers)
        # the rule by itself: (client set, destination port) that pass
        allowed = {(i, p) for i, reach in enumerate(rules) for v in servers if v["name"] in reach for p in oracle.listed_ports(v["ports"])}
        passes = [(a, p, q) for i in range(2) for a in range(2) for p in range(1024, 1027) for q in (25, 53, 80, 81) if (i, q) in allowed]
        found = natbound.Scenario(s).capacity().to_dict()["maximum"]
        assert found["connections"] == len(passes) == sum(len(oracle.World(s).flows(c["name"])) for c in clients)
        assert check(found["evidence"]).valid
