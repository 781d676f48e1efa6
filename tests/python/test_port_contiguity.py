"""Port contiguity (RFC 4787, 4.2.3), tried or required: small networks against brute force, CP-SAT and the simulator."""

from __future__ import annotations

import random
import sys
from pathlib import Path
from typing import Any

import natbound
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

import attack
import by_constraints
import comparing
import histories
import oracle
import small
from natbound.check import check
from test_port_parity import with_parity


def with_contiguity(s: dict[str, Any], how: str) -> dict[str, Any]:
    """The same with NATs that keep the ports of RTP and RTCP together."""
    with_parity(s)
    for n in s["nats"]:
        n["design"] |= {"mapping-type": "eim", "port-contiguity": how}
    return s


def made(rng: random.Random, how: str, searching: bool = False) -> dict[str, Any]:
    """A small scenario; without overloading, which is a problem of its own, for the most part."""
    s = with_contiguity(small.random_scenario(rng, searching), how)
    for n in s["nats"]:
        if rng.random() < 0.8:
            n["design"]["clash-scope"]["destination"] = "none"
        if len(n["design"]["port-classes"]) == 2 and rng.random() < 0.7:  # classes that part no two partners
            n["design"]["port-classes"][0]["source"], n["design"]["port-classes"][1]["source"] = ["0-9"], ["10-65535"]
    for c in s["clients"]:
        if rng.random() < 0.7:
            c["ports"] = (
                rng.choice(["10-11", "10-13", "8-11", "9-12", "10-14"]) if not searching else rng.choice(["10-11", "9-11", "10-12"])
            )
    return s


@pytest.mark.parametrize("how", ["attempt", "require"])
def test_certificates_are_accepted_and_true_and_their_mutants_are_not(how: str) -> None:
    seen = comparing.by_brute_force([made(random.Random(seed), how, seed % 2 == 0) for seed in range(50)], 6)
    assert seen["exact"] > 15, seen
    assert seen["guaranteed"] > 5, seen
    assert seen["tried"] > 80, seen


@pytest.mark.parametrize("how", ["attempt", "require"])
def test_guaranteed_against_all_histories(how: str) -> None:
    """The fewest live connections with which one fails: no more than the least of all histories, and that where natbound is sure."""
    sure = partners = 0
    for seed in range(150):
        s = made(random.Random(seed), how, searching=True)
        s["servers"] = s["servers"][:1]
        world = oracle.World(s)
        if not attack.small_enough(world, 6) or any(r.table or r.most_mappings for r in world.nats) or len(world.nats) > 1:
            continue
        try:
            truth = histories.fewest(world.nats[0])
        except ValueError:  # too many states
            continue
        found = natbound.Scenario(s).answer(0.5, remedies=False)["guaranteed"]
        if found["connections"] is None:
            assert truth is None or truth[0] >= found.get("at_least", 0), s
            continue
        sure += 1
        if found.get("nothing_fails"):
            assert truth is None, s
        else:
            assert truth is not None, s
            assert truth[0] == found["connections"], s
            partners += found["evidence"]["lower-bound"]["reason"] == "partner"
    assert sure > 20, sure
    assert partners > 5 or how == "attempt", partners


def test_the_maximum_where_it_is_required_against_cp_sat() -> None:
    """Exact for whole pairs and where there are more than enough source ports; else bounds that hold."""
    exact = apart = 0
    for seed in range(150):
        s = made(random.Random(seed), "require")
        most = by_constraints.maximum(s)
        found = natbound.Scenario(s).capacity(engine="flow").to_dict()["maximum"]
        low, high = comparing.bounds(found)
        assert most is not None
        assert low <= most <= high, (seed, low, most, high)
        assert check(found["evidence"], natbound.Scenario(s).canonical).valid is not False, seed
        exact += low == high
        s["nats"][0]["design"]["port-contiguity"] = "none"
        apart += by_constraints.maximum(s) != most
    assert exact > 100, exact
    assert apart > 0


def phones(how: str = "require", **more: Any) -> natbound.Scenario:
    """Clients with RTP and RTCP ports behind a NAT with 100 ports."""
    design = {
        "base": "ideal", "mapping-type": "eim", "clash-scope": {"destination": "none"},
        "port-parity-preservation": True, "port-contiguity": how,
    }  # fmt: skip
    router = {
        "name": "r", "inside": ["A"], "external-ip-address-pool": "203.0.113.5", "design": design,
        "port-set-restrict": {"start-port-number": 20000, "end-port-number": 20099},
    }  # fmt: skip
    return natbound.Scenario({
        "clients": [{"name": "A", "addresses": "192.168.1.10-192.168.1.109", "ports": "16384-16393"}],
        "nats": [router | more],
        "servers": [{"name": "C", "addresses": "198.51.100.7", "ports": 5004, "protocol": "udp"}],
        "traffic": [{"from": "A", "to": "C", "rate": "1.5/s", "hold": "60s"}],
    })  # fmt: skip


def mirrored(found: Any) -> None:
    """Of every block whose copy is there, mappings of partners are on partners: by the checker, which rejects the same with the copy moved by two ports."""
    evidence = found["evidence"]
    attack.accepted(evidence)
    moved = next(b for b in evidence["fits"]["blocks"] if b["via"]["ports"] == ["20001-20099/2"])
    moved["via"]["first"] = 1
    moved["count"] = int(moved["count"]) - 1
    evidence["fits"]["connections"] = int(evidence["fits"]["connections"]) - 1
    verdict = attack.check({k: evidence[k] for k in ("schema", "scenario")} | {"kind": "fits"} | evidence["fits"])
    assert verdict.valid is False
    assert "apart" in verdict.reason


def test_whole_pairs_lose_nothing() -> None:
    one = phones()
    found = one.capacity()["maximum"]
    assert found["connections"] == 100
    mirrored(found)
    assert one.capacity(99).fits is True
    attack.accepted(one.capacity(99)["evidence"])
    assert one.capacity(101).fits is False
    assert one.capacity()["multiple"]["connections"] == 100


def test_a_static_mapping_of_one_port_leaves_its_partner_to_a_single() -> None:
    kept = phones(**{"static-mappings": [{"external-src-port": "20010"}]})
    found = kept.capacity()["maximum"]
    assert found["connections"] == 99
    attack.accepted(found["evidence"])
    few = kept.with_settings("clients.0.addresses=192.168.1.10", "clients.0.ports=16384-16483").capacity()["maximum"]
    assert few["connections"] == 99  # 49 pairs, and one odd port


def test_with_as_many_clients_as_pairs_there_are_bounds() -> None:
    """49 pairs of source ports, 48 of external ports, and an even and an odd port apart: two singles would need two pairs more."""
    tight = phones(**{"static-mappings": [{"external-src-port": "20010"}, {"external-src-port": "20013"}]}).with_settings(
        "clients.0.addresses=192.168.1.10", "clients.0.ports=16384-16481"
    )
    found = tight.capacity(engine="flow")["maximum"]
    assert (found["at_least"], found["at_most"]) == (97, 98)
    attack.accepted(found["evidence"])


def test_a_partner_fails_with_two_live() -> None:
    assert phones("none").answer(remedies=False)["guaranteed"]["connections"] == 50
    assert phones("attempt").answer(remedies=False)["guaranteed"]["connections"] == 50
    found = phones().answer(remedies=False)["guaranteed"]
    assert found["connections"] == 2
    attack.accepted(found["evidence"])
    alone = phones(**{"static-mappings": [{"external-src-port": "20010"}]}).answer(remedies=False)["guaranteed"]
    assert alone["connections"] == 1
    attack.accepted(alone["evidence"])


def test_likely_agrees_with_the_simulator() -> None:
    """A search that finds every free port of a parity refuses as it does without contiguity; required, it is counted."""
    tried = phones("attempt").risk(simulate=100_000, seed=7)
    assert abs(tried["simulation"]["z"]) < 4, tried["simulation"]
    assert tried["refusal_probability"] == pytest.approx(phones("none").risk(simulate=100_000, seed=7)["refusal_probability"], rel=1e-12)
    required = phones().risk()
    assert required["method"].startswith("counted")
    assert required["refusal_probability"] > 1.5 * tried["refusal_probability"]


def test_explained_and_by_other_engines() -> None:
    for how in ("attempt", "require"):
        few = phones(how, **{"port-set-restrict": {"start-port-number": 20000, "end-port-number": 20007}})
        few = few.with_settings("clients.0.addresses=192.168.1.10-192.168.1.12")
        assert few.capacity(engine="cp-sat")["engine"]["says"] == 8
        assert "101 mappings" in str(phones(how).explain(101))
    with pytest.raises(natbound.Unsupported, match="port-contiguity: require: not proved for all sizes"):
        phones().for_all_sizes()


def test_the_proof_holds() -> None:
    """Whatever endpoint the search picks, it is a free one: the port beside its partner's is a choice among these."""
    for how in ("attempt", "require"):
        design = natbound.Design(phones(how).canonical["nats"][0]["design"])
        assert [p["verdict"] for p in design.check()["properties"]] == ["holds"]


def test_errors() -> None:
    def changed(design: dict[str, Any], **more: Any) -> natbound.Scenario:
        return phones(**{"design": {"base": "ideal", "port-contiguity": "attempt"} | design} | more)

    with pytest.raises(natbound.InputError, match="does not preserve parity"):
        changed({"mapping-type": "eim"})
    with pytest.raises(natbound.InputError, match="a source port has several where the mapping-type is edm"):
        changed({"port-parity-preservation": True})
    with pytest.raises(natbound.Unsupported, match="is not settled in this version with a quota of a subscriber"):
        phones(**{"connection-limits": {"limit-per-subscriber": 10}})
    with pytest.raises(natbound.Unsupported, match="with port sets"):
        phones(**{"port-set": {"port-set-size": 10}})
