"""Workers with port slices: written out as NATs side by side, the hash of VPP by hand, and what does not go together."""

from __future__ import annotations

import ipaddress
import sys
from pathlib import Path
from typing import Any

import natbound
import pytest
from natbound.check import check

sys.path.insert(0, str(Path(__file__).resolve().parent))

import attack


def vpp(workers: dict[str, Any] | None, addresses: str = "10.0.0.0/24", **more: Any) -> natbound.Scenario:
    """Clients behind VPP."""
    router: dict[str, Any] = {"name": "vpp", "inside": ["lan"], "external-ip-address-pool": "203.0.113.5"} | {
        "design": "vpp-nat44-ed",
        **more,
    }
    if workers:
        router["workers"] = workers
    return natbound.Scenario({
        "clients": [{"name": "lan", "addresses": addresses}],
        "nats": [router],
        "servers": [{"name": "C", "addresses": "198.51.100.7", "ports": 443}],
        "traffic": [{"from": "lan", "to": "C", "rate": "300/s", "hold": "60s"}],
    })  # fmt: skip


def fold(address: ipaddress.IPv4Address, workers: int) -> int:
    """nat44_ed_get_in2out_worker_index, with the address as a little-endian machine reads it."""
    a = int.from_bytes(address.packed, "little")
    return ((a + (a >> 8) + (a >> 16) + (a >> 24)) & 0xFFFFFFFF) % workers


def listed(texts: list[str]) -> set[ipaddress.IPv4Address]:
    """Each address of a set."""
    out: set[ipaddress.IPv4Address] = set()
    for text in texts:
        first, _, last = text.partition("-")
        if "/" in text:
            out |= set(ipaddress.IPv4Network(text))
        else:
            out |= {
                ipaddress.IPv4Address(n) for n in range(int(ipaddress.IPv4Address(first)), int(ipaddress.IPv4Address(last or first)) + 1)
            }
    return out


@pytest.mark.parametrize("workers", [2, 3, 4, 7])
def test_the_hash_is_that_of_vpp(workers: int) -> None:
    scenario = vpp({"count": workers, "hash": "vpp-fold"}, "10.0.3.200-10.0.5.17")
    whole = listed(["10.0.3.200-10.0.5.17"])
    seen: set[ipaddress.IPv4Address] = set()
    for c in scenario.written_out["clients"]:
        t = int(c["name"].removesuffix(")").split()[-1])
        mine = listed(c["addresses"])
        assert mine == {a for a in whole if fold(a, workers) == t}
        seen |= mine
    assert seen == whole
    ports = [n["design"]["port-classes"][0]["ports"] for n in scenario.written_out["nats"]]
    wide = 64512 // workers
    assert ports == [[f"{1024 + t * wide}-{1023 + (t + 1) * wide}"] for t in range(workers)]


def test_one_worker_with_all_clients_has_a_quarter_of_the_ports() -> None:
    """192.168.0.x with x a multiple of 4 fold to one worker: the others' slices stand empty, though the table of ports is free."""
    few = ["10.0.0.0", "10.0.0.4", "10.0.0.8", "10.0.0.12"]
    assert vpp({"count": 4, "hash": "vpp-fold"}, few).capacity()["maximum"]["connections"] == 16_128  # type: ignore[arg-type]
    assert vpp({"count": 4}, few).capacity()["maximum"]["connections"] == 64_512  # type: ignore[arg-type]
    assert vpp(None, few).capacity()["maximum"]["connections"] == 64_512  # type: ignore[arg-type]


def test_as_nats_written_side_by_side() -> None:
    scenario = vpp({"count": 4}, design="ideal")
    document = vpp(None, design="ideal").canonical
    lan, router = document["clients"][0], document["nats"][0]
    document["clients"] = [{**lan, "name": f"lan{t}", "addresses": f"10.0.0.{64 * t}-10.0.0.{64 * t + 63}"} for t in range(4)]
    document["nats"] = [
        {**router, "name": f"vpp{t}", "inside": [f"lan{t}"],
         "design": {**router["design"], "port-classes": [{"ports": f"{1024 + 16128 * t}-{1023 + 16128 * (t + 1)}"}]}}
        for t in range(4)
    ]  # fmt: skip
    document["traffic"][0]["from"] = [f"lan{t}" for t in range(4)]
    by_hand = natbound.Scenario(document)
    one, two = scenario.answer(remedies=False), by_hand.answer(remedies=False)
    for number in ("maximum", "guaranteed", "likely"):
        assert one[number]["connections"] == two[number]["connections"], number
    assert scenario.risk()["refusal_probability"] == by_hand.risk()["refusal_probability"]


def test_certificates_and_what_is_shown() -> None:
    scenario = vpp({"count": 4}, design="ideal")
    assert scenario.canonical["nats"][0]["workers"] == {"count": 4, "hash": ""}
    assert natbound.Scenario(scenario.canonical).written_out == scenario.written_out
    for found in (scenario.capacity()["maximum"], scenario.capacity(60_000), scenario.capacity(64_513)):
        attack.accepted(found["evidence"])
        assert check(found["evidence"], scenario.written_out).valid is True
    answer = scenario.answer()
    wider = next(r for r in answer["remedies"] if r["name"] == "one more public address")
    assert wider["apply"] == "add 203.0.113.6 to the pool of vpp"
    assert wider["maximum"]["connections"] == 2 * 64_512


def test_limits_are_each_workers() -> None:
    assert vpp({"count": 4}, **{"connection-limits": {"limit-per-instance": 1000}}).capacity()["maximum"]["connections"] == 4000


def test_nats_inside_are_dealt_to_workers() -> None:
    homes = [f"home{k}" for k in range(4)]
    scenario = natbound.Scenario({
        "clients": [{"name": h, "addresses": f"192.168.{k}.0/24"} for k, h in enumerate(homes)],
        "nats": [
            *({"name": f"cpe{k}", "inside": [h], "external-ip-address-pool": f"100.64.0.{k}", "design": "ideal"} for k, h in enumerate(homes)),
            {"name": "cgn", "inside": [f"cpe{k}" for k in range(4)], "external-ip-address-pool": "203.0.113.5", "design": "ideal", "workers": {"count": 2}},
        ],
        "servers": [{"name": "C", "addresses": "198.51.100.7", "ports": 443}],
    })  # fmt: skip
    inside = [n["inside"] for n in scenario.written_out["nats"] if n["name"].startswith("cgn")]
    assert inside == [["cpe0", "cpe1"], ["cpe2", "cpe3"]]
    found = scenario.capacity()["maximum"]
    assert found["connections"] == 64_512
    attack.accepted(found["evidence"])


@pytest.mark.parametrize(
    ("more", "words", "kind"),
    [
        ({"workers": {"count": 0}}, "at least one worker", natbound.InputError),
        ({"workers": {"count": 2, "hash": "jhash"}}, "no such hash", natbound.InputError),
        ({"workers": {"count": 300}}, "at most 256 workers", natbound.InputError),
        (
            {"workers": {"count": 4}, "port-set-restrict": {"start-port-number": 2000, "end-port-number": 2002}},
            "slices",
            natbound.InputError,
        ),
        ({"workers": {"count": 4}, "port-set": {"port-set-size": 512}}, "port-set", natbound.Unsupported),
        ({"workers": {"count": 4}, "design": "openbsd-pf", "port-set-restrict": {"psid-len": 4, "psid": 1}}, "PSID", natbound.Unsupported),
    ],
)
def test_errors(more: dict[str, Any], words: str, kind: type[Exception]) -> None:
    with pytest.raises(kind, match=words):
        vpp(more["workers"], **{k: v for k, v in more.items() if k != "workers"})


def test_a_hash_of_too_many_addresses() -> None:
    with pytest.raises(natbound.InputError, match="at most 1,048,576"):
        vpp({"count": 4, "hash": "vpp-fold"}, "10.0.0.0/8")


def test_explain_changes_the_nat_and_not_a_worker() -> None:
    found = vpp({"count": 4}, design="ideal").explain(70_000)
    address = next(c for c in found["changes"] if c["kind"] == "address")
    assert address["of"] == "vpp"
    assert address["more"] == 1
    attack.accepted(address["sufficient"])


def side_by_side(first: str, second: str, **design: Any) -> list[float]:
    """Likely of two NATs of one network that have these ports, else alike."""
    base = {"base": "vpp-nat44-ed", **design}
    pair = [
        {
            "name": f"n{i}",
            "inside": [f"lan{i}"],
            "external-ip-address-pool": f"203.0.113.{i}",
            "design": {**base, "port-classes": [{"ports": [ports]}]},
        }
        for i, ports in enumerate((first, second))
    ]
    clients = [{"name": f"lan{i}", "addresses": f"10.{i}.0.1-10.{i}.0.20", "ports": "1024-65535"} for i in range(2)]
    found = natbound.Scenario({
        "clients": clients, "nats": pair,
        "servers": [{"name": "C", "addresses": "198.51.100.7", "ports": 443}],
        "traffic": [{"from": [f"lan{i}" for i in range(2)], "to": "C", "rate": "30/s", "hold": "60s"}],
    }).answer(remedies=False)  # fmt: skip
    return sorted(kind["likely"] for kind in found["likely"]["kinds"])


def test_which_ports_a_nat_has_matters_only_where_its_search_asks() -> None:
    """Renamed they are alike, and looked at once: the same to the last digit, and what each by itself has."""
    # draws in pairs of probes: no formula
    ascending = {"search": {"rounds": [{"start": "random", "step": "ascend", "probes": 8}]}}
    one, other = side_by_side("1024-3023", "30000-31999", **ascending)
    assert one == other
    even = {**ascending, "port-parity-preservation": True}
    one, other = side_by_side("1024-3023", "30001-32000", **even)
    assert one != other
    assert other == pytest.approx(one, rel=0.15)
