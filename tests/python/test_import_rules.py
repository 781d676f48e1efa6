"""The pieces of reading captures: firewall rules, and how sets of addresses and ports are put in words."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from natbound.importing import ImportProblem
from natbound.importing.intervals import chi_square_tail, gamma_p, poisson
from natbound.importing.rules import read_iptables, read_nft
from natbound.importing.sets import address_words, source_ports
from natbound.importing.source import Source


def iptables(tmp_path: Path, *rules: str):
    path = tmp_path / "rules"
    path.write_text("*nat\n" + "".join(f"{r}\n" for r in rules) + "COMMIT\n")
    return read_iptables(Source(path))


def nft(*expressions: object):
    return read_nft({"nftables": [{"rule": {"expr": list(expressions)}}]}, "nft")


def test_iptables_rules(tmp_path):
    rules = iptables(
        tmp_path,
        "-A POSTROUTING -o ppp0 -j MASQUERADE",
        "-A POSTROUTING -o eth1 -p tcp -j MASQUERADE --to-ports 1024-2047 --random-fully",
        '-A POSTROUTING -s 10.0.0.0/8,172.16.0.0/12 -m comment --comment "a -j DROP b" -j SNAT'
        " --to-source 203.0.113.1-203.0.113.4 --persistent",
        "-A POSTROUTING ! -s 10.1.0.0/16 -p udp -j SNAT --to-source [2001:db8::1]-[2001:db8::4]:5000-6000 --random",
        "-A POSTROUTING -j SNAT --to-source 2001:db8::7",
        "-A PREROUTING -p tcp --dport 80 -j DNAT --to-destination 10.0.0.5",
    )
    assert [r.masquerade for r in rules] == [True, True, False, False, False]
    assert (rules[0].interface, rules[0].ports, rules[0].random) == ("ppp0", None, False)
    assert (rules[1].ports, rules[1].random, rules[1].protocol) == ((1024, 2047), True, "tcp")
    assert rules[2].pool == (("203.0.113.1", "203.0.113.4"),)
    assert rules[2].sources == ("10.0.0.0/8", "172.16.0.0/12")
    assert (rules[2].persistent, rules[2].random) == (True, False)
    assert rules[3].pool == (("2001:db8::1", "2001:db8::4"),)
    assert (rules[3].ports, rules[3].random, rules[3].sources) == ((5000, 6000), True, ())
    assert rules[4].pool == (("2001:db8::7", "2001:db8::7"),)


@pytest.mark.parametrize(
    ("rule", "why"),
    [
        ("-A P -j SNAT --to-source 1.2.3.4:9-5", "lower one first"),
        ("-A P -j SNAT --to-source 1.2.3.4:0-5", "from 1 to 65535"),
        ("-A P -j SNAT --to-source 1.2.3.4:1-70000", "from 1 to 65535"),
        ("-A P -j SNAT --to-source 1.2.3.9-1.2.3.4", "reversed"),
        ("-A P -j SNAT --to-source 1.2.3.400", "not an address"),
        ("-A P -j SNAT", "without --to-source"),
        ("-A P -j MASQUERADE --to-ports many", "not a port"),
        ('-A P -j SNAT --comment "open', "not a rule"),
    ],
)
def test_damaged_rules(tmp_path, rule, why):
    with pytest.raises(ImportProblem, match=why) as problem:
        iptables(tmp_path, rule)
    assert problem.value.line == 2


def test_nft_rules():
    oif = {"match": {"op": "==", "left": {"meta": {"key": "oifname"}}, "right": "wan0"}}
    source = {
        "match": {
            "op": "==",
            "left": {"payload": {"protocol": "ip", "field": "saddr"}},
            "right": {"prefix": {"addr": "192.168.0.0", "len": 16}},
        }
    }
    (plain,) = nft(oif, source, {"masquerade": None})
    assert (plain.masquerade, plain.interface, plain.ports) == (True, "wan0", None)
    assert plain.sources == ("192.168.0.0/16",)
    (ranged,) = nft({"masquerade": {"port": {"range": [1024, 2047]}, "flags": ["fully-random"]}})
    assert (ranged.ports, ranged.random) == ((1024, 2047), True)
    (snat,) = nft(
        {
            "snat": {
                "family": "ip",
                "addr": {"range": ["203.0.113.1", "203.0.113.2"]},
                "port": {"range": [20000, 20199]},
                "flags": "persistent",
            }
        }
    )
    assert (snat.pool, snat.ports) == ((("203.0.113.1", "203.0.113.2"),), (20000, 20199))
    assert (snat.persistent, snat.random, snat.hidden) == (True, False, False)
    (single,) = nft({"snat": {"addr": "203.0.113.9", "port": 4000, "flags": ["random", "persistent"]}})
    assert (single.pool, single.ports) == ((("203.0.113.9", "203.0.113.9"),), (4000, 4000))
    assert (single.random, single.persistent) == (True, True)
    (prefix,) = nft({"snat": {"addr": {"prefix": {"addr": "203.0.113.8", "len": 29}}}})
    assert prefix.pool == (("203.0.113.8", "203.0.113.15"),)
    assert nft({"xt": {"type": "target", "name": "SNAT"}})[0].hidden
    assert nft({"snat": {"addr": "@pool"}})[0].hidden
    assert nft({"accept": None}) == []


def test_address_words():
    assert address_words(["10.0.0.3", "10.0.0.1", "10.0.0.2", "10.0.0.9"]) == [
        "10.0.0.1-10.0.0.3",
        "10.0.0.9",
    ]
    assert address_words([f"10.0.0.{i}" for i in range(8, 16)]) == ["10.0.0.8/29"]
    assert address_words(["2001:db8::1", "10.0.0.1"]) == ["10.0.0.1", "2001:db8::1"]


@given(st.sets(st.integers(0, 400), min_size=1))
def test_address_words_cover_exactly(numbers):
    from ipaddress import ip_address, ip_network

    covered = []
    for word in address_words(f"10.0.{n // 256}.{n % 256}" for n in numbers):
        if "/" in word:
            covered += [int(a) for a in ip_network(word)]
        else:
            first, _, last = word.partition("-")
            covered += range(int(ip_address(first)), int(ip_address(last or first)) + 1)
    assert sorted(covered) == sorted(n + int(ip_address("10.0.0.0")) for n in numbers)


def test_source_ports():
    assert source_ports(set(range(33001, 33101, 2)))[0] == "32768-60999"
    assert "all odd" in source_ports(set(range(33001, 33101, 2)))[1]
    assert source_ports(set(range(49200, 49300)))[0] == "49152-65535"
    assert source_ports({2000, *range(49200, 49300)})[0] == "1024-65535"
    assert source_ports({33001, 33002})[0] == "1024-65535"
    assert source_ports({80, 5000})[0] == "1-65535"


def test_intervals_against_known_values():
    assert gamma_p(1, 2) == pytest.approx(0.8646647167633873, rel=1e-12)
    assert gamma_p(0.5, 2) == pytest.approx(0.9544997361036416, rel=1e-12)
    assert chi_square_tail(3.841458820694124, 1) == pytest.approx(0.05, rel=1e-9)
    ten = poisson(10, 1)  # Garwood's table
    assert (ten.low, ten.high) == (pytest.approx(4.795389, rel=1e-6), pytest.approx(18.390356, rel=1e-6))
    none = poisson(0, 1)
    assert (none.low, none.high) == (0, pytest.approx(3.688879, rel=1e-6))
