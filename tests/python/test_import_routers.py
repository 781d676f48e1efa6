"""Captures of other routers: how each rule and port law becomes a NAT, and what is told where that is not known."""

from __future__ import annotations

import json
import random
import re
from pathlib import Path

import pytest
from natbound.importing import ImportProblem, import_paths
from natbound.importing.gather import gather
from natbound.importing.traffic import measure


def dump(n: int, *, out: str, port, protocol: str = "tcp", seed: int = 1, six: bool = False) -> str:
    """A listing of `n` flows of a router whose external ports are `port(source port)`."""
    rng = random.Random(seed)
    lines = []
    for i in range(n):
        sport = rng.randrange(49152, 65536)
        left = rng.randrange(120)
        state = f"17 {rng.randrange(30)}" if protocol == "udp" else f"6 {left} TIME_WAIT" if rng.random() < 0.6 else "6 431000 ESTABLISHED"
        here, there = (f"2001:db8::{i % 9 + 1:x}", "2001:db8:1::7") if six else (f"10.0.0.{i % 9 + 1}", "198.51.100.7")
        lines.append(
            f"{protocol:8} {state} src={here} dst={there} sport={sport} dport=53"
            f" src={there} dst={out} sport=53 dport={port(sport)} [ASSURED] mark=0 use=1\n"
        )
    return "".join(lines)


def only_nat(folder: Path) -> dict:
    (nat,) = import_paths([folder]).scenario["nats"]
    return nat


ADDRESSES = json.dumps(
    [
        {
            "ifname": "ppp0",
            "addr_info": [
                {"local": "203.0.113.77", "scope": "global", "secondary": True},
                {"local": "203.0.113.7", "scope": "global"},
                {"local": "fe80::1", "scope": "link"},
            ],
        }
    ]
)


def test_masquerade_without_ports(tmp_path):
    (tmp_path / "a").write_text("*nat\n-A POSTROUTING -o ppp0 -j MASQUERADE\nCOMMIT\n")
    (tmp_path / "b").write_text(ADDRESSES)
    (tmp_path / "c").write_text(dump(300, out="203.0.113.7", port=lambda p: p))
    result = import_paths([tmp_path])
    (nat,) = result.scenario["nats"]
    assert nat == {
        "name": "router",
        "inside": ["lan"],
        "external-ip-address-pool": ["203.0.113.7"],
        "design": "linux-masquerade",
    }
    assert result.scenario["clients"][0]["ports"] == "49152-65535"
    assert any("nf_conntrack_max" in line for line in result.report)
    assert any("default timers" in line for line in result.report)


def test_masquerade_with_ports_fully_random(tmp_path):
    rule = "-A POSTROUTING -o ppp0 -p tcp -j MASQUERADE --to-ports 1024-2047 --random-fully"
    (tmp_path / "a").write_text(f"*nat\n{rule}\nCOMMIT\n")
    (tmp_path / "b").write_text(ADDRESSES)
    (tmp_path / "c").write_text(dump(300, out="203.0.113.7", port=lambda p: 1024 + p % 1024))
    nat = only_nat(tmp_path)
    assert nat["port-set-restrict"] == {"start-port-number": 1024, "end-port-number": 2047}
    assert nat["design"] == {"base": "linux-masquerade", "first-choice": "none", "mapping-type": "edm"}


def test_native_nft_snat(tmp_path):
    statement = {
        "snat": {
            "addr": {"range": ["203.0.113.4", "203.0.113.7"]},
            "port": {"range": [5000, 5999]},
            "flags": ["persistent"],
        }
    }
    (tmp_path / "a").write_text(json.dumps({"nftables": [{"rule": {"expr": [statement]}}]}, indent=1))
    (tmp_path / "c").write_text(dump(300, out="203.0.113.6", port=lambda p: 5000 + p % 1000))
    nat = only_nat(tmp_path)
    assert nat["external-ip-address-pool"] == ["203.0.113.4/30"]
    assert nat["port-set-restrict"] == {"start-port-number": 5000, "end-port-number": 5999}
    assert nat["design"] == {"base": "linux-snat", "pool": {"of": "source"}}


def test_a_rule_that_nft_hides(tmp_path):
    rule = {"rule": {"expr": [{"xt": {"type": "target", "name": "SNAT"}}]}}
    (tmp_path / "a").write_text(json.dumps({"nftables": [rule]}))
    (tmp_path / "c").write_text(dump(300, out="203.0.113.6", port=lambda p: 5000 + p % 1000))
    result = import_paths([tmp_path])
    (nat,) = result.scenario["nats"]
    assert nat["external-ip-address-pool"] == ["203.0.113.6"]
    assert nat["design"] == "linux-snat"
    assert nat["port-set-restrict"]["start-port-number"] == 5000
    assert any("add iptables-save" in line for line in result.report)


def test_no_translation_and_no_rule(tmp_path):
    (tmp_path / "c").write_text(dump(50, out="10.0.0.1", port=lambda p: p).replace("src=10.0.0.", "src=10.0.0."))
    lines = [re.sub(r"(src=(\S+) .* src=\S+ )dst=\S+", r"\1dst=\2", s) for s in (tmp_path / "c").read_text().splitlines()]
    (tmp_path / "c").write_text("\n".join(lines) + "\n")
    result = import_paths([tmp_path])
    assert "nats" not in result.scenario
    assert any("no NAT" in line for line in result.report)


def test_two_rules_make_two_nats(tmp_path):
    (tmp_path / "a").write_text(
        "*nat\n-A POSTROUTING -s 10.0.0.0/29 -j SNAT --to-source 203.0.113.6\n"
        "-A POSTROUTING -s 10.0.1.0/24 -j SNAT --to-source 203.0.113.9\n"
        "-A POSTROUTING -s 10.9.0.0/24 -j SNAT --to-source 203.0.113.10\nCOMMIT\n"
    )
    first = dump(200, out="203.0.113.6", port=lambda p: p).replace("10.0.0.8", "10.0.0.1").replace("10.0.0.9", "10.0.0.2")
    second = dump(200, out="203.0.113.9", port=lambda p: p, seed=2).replace("src=10.0.0.", "src=10.0.1.")
    (tmp_path / "c").write_text(first + second)
    scenario = import_paths([tmp_path]).scenario
    assert [(n["name"], n["inside"], n["external-ip-address-pool"]) for n in scenario["nats"]] == [
        ("router", ["lan"], ["203.0.113.6"]),
        ("router-2", ["lan-2"], ["203.0.113.9"]),
    ]
    assert [c["addresses"] for c in scenario["clients"]] == ["10.0.0.1-10.0.0.7", "10.0.1.1-10.0.1.9"]
    assert scenario["traffic"][0]["from"] == ["lan", "lan-2"]


def test_udp_ipv6_twice_and_strange_lines(tmp_path):
    (tmp_path / "a").write_text(
        dump(200, out="203.0.113.6", port=lambda p: p, protocol="udp") + dump(100, out="2001:db8:2::1", port=lambda p: p, six=True)
    )
    lines = (tmp_path / "a").read_text()
    icmp = "icmp     1 29 src=1.1.1.1 dst=2.2.2.2 type=8 code=0 id=9 src=2.2.2.2 dst=3.3.3.3 type=0 id=9\n"
    (tmp_path / "a").write_text(lines + lines.splitlines()[5] + "\n" + icmp + "what is this\n")
    found = gather([tmp_path / "a"])
    assert len(found.tables[0].entries) == len({line.split(" src=")[1] for line in lines.splitlines()})
    assert any("occur twice" in w for w in found.warnings)
    assert any("1 lines are no conntrack entries" in w and "line 303" in w for w in found.warnings)
    assert any("ICMP" in w for w in found.warnings)


def test_udp_lives_are_holds_less_the_timer(tmp_path):
    """Flows of one packet and flows that talk for 20 s on average, kept 30 s after the last packet."""
    rng = random.Random(8)
    events, listed = [], []
    t = 0.0
    for i in range(4000):
        t += rng.expovariate(20)
        life = rng.expovariate(1 / 20)
        text = (
            f"src=10.0.0.{i % 50 + 1} dst=198.51.100.1 sport={1024 + i} dport=53 src=198.51.100.1 dst=203.0.113.1 sport=53 dport={1024 + i}"
        )
        events.append((t, f"[NEW] udp      17 30 {text} [UNREPLIED] id={i}"))
        gone = t + life + 30
        events.append((gone + 15 * rng.random(), f"[DESTROY] udp      17 {text} id={i}"))
        if t <= 120 < gone:
            listed.append(f"udp      17 {min(29, int(gone - 120))} {text} mark=0 delta-time={120 - int(t)} use=1\n")
    (tmp_path / "e").write_text("".join(f"[{a:.6f}]\t{b}\n" for a, b in sorted(events) if a < 190))
    (tmp_path / "l").write_text("".join(listed))
    (tmp_path / "s").write_text("net.netfilter.nf_conntrack_udp_timeout = 30\n")
    result = import_paths([tmp_path])
    traffic = measure(gather([tmp_path]), 64512)
    life = traffic.overall["udp"]
    assert life.low < 20 < life.high
    assert result.scenario["traffic"][0]["ends"] == {"silence": "100%"}
    assert result.scenario["nats"][0]["timers"] == {"udp": "30s"}


def test_many_servers_are_grouped(tmp_path):
    rng = random.Random(9)
    lines = []
    for i in range(3000):
        there = f"198.51.{i % 200 // 100 + 100}.{i % 100}"
        state = "6 7 TIME_WAIT" if rng.random() < 0.7 else "6 431000 ESTABLISHED"
        lines.append(
            f"tcp      {state} src=10.0.0.1 dst={there} sport={1024 + i} dport=443"
            f" src={there} dst=203.0.113.6 sport=443 dport={1024 + i} [ASSURED] mark=0 use=1\n"
        )
    (tmp_path / "l").write_text("".join(lines))
    scenario = import_paths([tmp_path]).scenario
    assert len(scenario["servers"]) == 101
    assert scenario["servers"][-1]["name"] == "others-tcp-443"
    named = [s["name"] for s in scenario["servers"]]
    assert [t["to"] for t in scenario["traffic"]] == named
    total = sum(float(t["rate"].removesuffix("/s")) for t in scenario["traffic"])
    assert total == pytest.approx(sum("TIME_WAIT" in line for line in lines) / 120, rel=0.01)


def test_too_little_to_estimate(tmp_path):
    (tmp_path / "l").write_text(dump(3, out="203.0.113.6", port=lambda p: p).replace("TIME_WAIT", "ESTABLISHED"))
    with pytest.raises(ImportProblem, match="too little"):
        import_paths([tmp_path])


def test_two_families_and_the_routers_own_flows(tmp_path):
    own = dump(20, out="203.0.113.6", port=lambda p: p, seed=3)
    own = re.sub(r"src=10\.0\.0\.\d", "src=203.0.113.6", own)
    (tmp_path / "l").write_text(
        dump(200, out="203.0.113.6", port=lambda p: p) + dump(100, out="2001:db8:2::1", port=lambda p: p, six=True) + own
    )
    result = import_paths([tmp_path])
    assert [n["external-ip-address-pool"] for n in result.scenario["nats"]] == [
        ["203.0.113.6"],
        ["2001:db8:2::1"],
    ]
    assert [c["addresses"] for c in result.scenario["clients"]] == [
        "10.0.0.1-10.0.0.9",
        "2001:db8::1-2001:db8::9",
    ]
    assert any("20 flows were not translated" in line for line in result.report)
