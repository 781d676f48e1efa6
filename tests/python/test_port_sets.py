"""Ports dealt out in sets: published arithmetic, the examples, small networks against brute force, certificates and their mutants, and words."""

from __future__ import annotations

import copy
import json
import random
import sys
import time
from pathlib import Path
from typing import Any

import natbound
import pytest
from natbound.tuples import tuples

sys.path.insert(0, str(Path(__file__).resolve().parent))

import attack
import dealt
from mutation import mutants

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
DETERMINISTIC = EXAMPLES / "cgnat-deterministic.yaml"
BLOCKS = EXAMPLES / "cgnat-port-blocks.yaml"


def cgn(clients: str, pool: str, **rule: Any) -> dict[str, Any]:
    """A NAT that deals out its ports."""
    return {
        "clients": [{"name": "A", "addresses": clients}],
        "nats": [{"name": "cgn", "inside": ["A"], "external-ip-address-pool": pool, "design": "ideal", "port-set": rule}],
        "servers": [{"name": "C", "addresses": "198.51.100.7", "ports": 80}],
    }


def refused(document: dict[str, Any]) -> str:
    with pytest.raises(natbound.InputError) as wrong:
        natbound.Scenario(document)
    return str(wrong.value)


def test_rfc_7422() -> None:
    """Its example: 14 clients behind one address, 1:(14 + 2), 4,032 ports each, the first's 1024-5055, and 1:16 the most."""
    answer = natbound.Scenario(cgn("198.51.100.1-198.51.100.14", "192.0.2.1", **{"port-set-size": 4032, "deterministic": True})).answer(
        remedies=False
    )
    assert answer.maximum.connections == 14 * 4032
    assert answer.guaranteed.connections == 4032
    assert "1024-5055" in answer.guaranteed.sets_it
    assert (
        natbound.Scenario(cgn("10.0.0.0/28", "192.0.2.1", **{"port-set-size": 4032, "deterministic": True})).capacity()["maximum"][
            "connections"
        ]
        == 64_512
    )
    text = refused(cgn("10.0.0.0-10.0.0.16", "192.0.2.1", **{"port-set-size": 4032, "deterministic": True}))
    assert "17 client addresses want a set each, and the pool has 16" in text
    assert "1:16 is the most" in text
    assert "3,794" in text  # 64,512 / 17
    assert "2 addresses" in text


def overflow(clients: str, pool: str, *, factor: int, size: int, each: int, own: int = 4032) -> dict[str, Any]:
    """Deterministic sets, and a dynamic part beside them."""
    dynamic = {"address-pool-factor": factor, "port-set-size": size, "port-sets-per-subscriber": each}
    return cgn(clients, pool, **{"port-set-size": own, "deterministic": True, "dynamic": dynamic})


def test_rfc_7422_with_its_dynamic_part() -> None:
    """Its section 2.3: D = 2, so 14 clients, 4,032 ports each, 57472-65535 dynamic; blocks of 100 there, 1,008 ports at most: ten blocks.

    80 blocks for 14 clients, so eight of them may have all ten.
    """
    document = overflow("198.51.100.1-198.51.100.14", "192.0.2.1", factor=2, size=100, each=10)
    scenario = natbound.Scenario(document)
    most = scenario.capacity()["maximum"]
    assert most["connections"] == 14 * 4032 + (65535 - 57472 + 1) // 100 * 100
    assert attack.valid(most["evidence"]) is True
    one = copy.deepcopy(document)
    one["clients"][0]["addresses"] = "198.51.100.2"
    alone = natbound.Scenario(one).capacity()["maximum"]
    assert alone["connections"] == 4032 + 10 * 100
    external = sorted({int(t.via[0][2]) for t in tuples(alone["evidence"])})
    assert external == [*range(1024, 5056), *range(57472, 58472)]
    for demand, fits in ((64_448, True), (64_449, False)):
        found = scenario.capacity(demand, place="best")
        assert found.fits is fits
        assert attack.valid(found["evidence"]) is True, attack.check(found["evidence"])
    text = refused(overflow("198.51.100.0-198.51.100.14", "192.0.2.1", factor=2, size=100, each=10))
    assert "15 client addresses want a set each, and the pool has 14" in text
    assert "3,794" in text  # 64,512 / 17
    guaranteed = scenario.answer(remedies=False).guaranteed
    assert guaranteed.connections == 4032 + 80  # its own full, and the others keep every dynamic set
    attack.accepted(guaranteed["evidence"])


def test_limits_beside_a_dynamic_part_in_guaranteed() -> None:
    for limits, said in (
        ({"limit-per-subscriber": 4000}, 4000),
        ({"limit-per-instance": 3000}, 3000),
        ({"limit-per-subscriber": 4033}, 4033),
        ({"limit-per-subscriber": 4113}, 4113),  # too few to be dealt a second dynamic set
        ({"limit-per-instance": 9000}, 4112),
    ):
        document = overflow("198.51.100.1-198.51.100.14", "192.0.2.1", factor=2, size=100, each=10)
        document["nats"][0]["connection-limits"] = limits
        found = natbound.Scenario(document).answer(remedies=False).guaranteed
        assert found.connections == said
        attack.accepted(found["evidence"])


def test_dynamic_parts_against_brute_force() -> None:
    """Maximum and demands; certificates that the checker accepts, and no wrong mutants of them."""
    rng = random.Random(11)
    fit = refused_ = more = 0
    for seed in range(80):
        document = dealt.dynamic_document(random.Random(seed))
        document["nats"][0].get("connection-limits", {}).pop("limit-per-subscriber", None)
        scenario = natbound.Scenario(document)
        certificates = [scenario.capacity()["maximum"]["evidence"]]
        assert certificates[0]["kind"] == "maximum"
        most = dealt.most(document)
        assert int(certificates[0]["connections"]) == most
        less = copy.deepcopy(document)
        del less["nats"][0]["port-set"]["dynamic"]
        more += most > natbound.Scenario(less).capacity()["maximum"]["connections"]
        demand = {pair: rng.randint(0, 6) for pair in pairs_of(document)}
        if any(demand.values()):
            found = scenario.capacity(listed(demand))
            assert found.fits is dealt.meets(document, demand)
            fit += found.fits
            refused_ += not found.fits
            certificates.append(found["evidence"])
        attacked(certificates, document, rng)
    assert min(fit, refused_, more) > 10


def test_guaranteed_is_no_more_than_a_history_needs() -> None:
    """The bound of the own sets, against every reachable state of small networks: nothing fails with fewer live."""
    settled = 0
    for seed in range(60):
        document = dealt.dynamic_document(random.Random(seed))
        if dealt.sockets(document) > 6:
            continue
        document["nats"][0]["design"].update({"first-choice": "none", "search": {"rounds": [{"start": "random", "step": "ascend"}]}})
        found = natbound.Scenario(document).answer(0.5, remedies=False).guaranteed
        least = dealt.least_live_that_fails(document)
        if found.nothing_fails:
            assert least is None
        else:
            if found.connections is None:
                assert least is None or least >= found["at_least"]
            else:
                assert found.connections == least
        settled += least is not None
    assert settled > 10


def test_the_second_set_follows_the_first() -> None:
    document = cgn("10.0.0.0/28", "192.0.2.1", **{"port-set-size": 4032, "deterministic": True})
    document["clients"] = [
        {"name": "B", "addresses": "10.0.0.0", "ports": "1024-1025"},
        {"name": "A", "addresses": "10.0.0.1", "ports": "1024-65535"},
    ]
    document["nats"][0]["inside"] = ["B", "A"]
    assert "5056-9087" in natbound.Scenario(document).answer(remedies=False).guaranteed.sets_it  # RFC 7422's second subscriber


@pytest.mark.parametrize(
    ("subscribers", "size", "addresses"),
    [(4000, 2016, 125), (8000, 2016, 250)],  # Juniper's forum: 32 an address, 125; Nokia: 8,000 active, 32 an address
)
def test_published_numbers_of_addresses(subscribers: int, size: int, addresses: int) -> None:
    inside = f"10.0.0.0-10.0.{(subscribers - 1) // 256}.{(subscribers - 1) % 256}"
    rule = {"port-set-size": size, "deterministic": True}
    natbound.Scenario(cgn(inside, f"192.0.2.0-192.0.2.{addresses - 1}", **rule))
    assert f"{addresses} addresses in the pool" in refused(cgn(inside, f"192.0.2.0-192.0.2.{addresses - 2}", **rule))


def test_the_deterministic_example() -> None:
    scenario = natbound.load(DETERMINISTIC)
    answer = scenario.answer(remedies=False)
    assert answer.guaranteed.connections == 504
    assert answer.maximum.connections == 2000 * 504 * 33
    # 240 of a subscriber's 270 live go to 32 web servers, 30 to the one resolver, which fails first
    assert answer.likely.connections == pytest.approx(540_000 * natbound.calculator.load_for(504, 1e-6) / 30, rel=1e-6)
    for part in ("guaranteed", "maximum"):
        verdict = attack.check(answer[part]["evidence"], scenario.canonical)
        assert verdict.valid is True, verdict.reason
    for demand, fits in ((540_000, True), (9_072_000, True), (9_072_001, True), (33_264_000, False)):
        found = scenario.capacity(demand)
        assert found.fits is fits
        assert attack.valid(found["evidence"]) is True
    assert scenario.capacity(33_264_000, place="best").fits is True


def test_the_example_with_blocks() -> None:
    scenario = natbound.load(BLOCKS)
    most = scenario.capacity()["maximum"]
    # a block of a home adds 256 ports towards 33 endpoints, one of a sensor as many towards 33 too
    assert most["connections"] == 4032 * 256 * 33
    assert "4,032 port sets of 256 ports for the 4,000 addresses" in most["sets_it"]
    assert attack.valid(most["evidence"]) is True
    for demand in (900_000, 5_000_000, 40_000_000):
        found = scenario.capacity(demand)
        assert attack.valid(found["evidence"]) is True, attack.check(found["evidence"])
        assert found.fits is (demand < 30_000_000)


def test_a_million_subscribers() -> None:
    for rule in ({"deterministic": True, "port-set-size": 64}, {"port-set-size": 64, "port-sets-per-subscriber": 8}):
        document = cgn("10.0.0.0-10.15.66.63", "100.64.0.0-100.64.3.255", **rule)
        begin = time.perf_counter()
        result = natbound.Scenario(document).capacity()["maximum"]
        assert time.perf_counter() - begin < 1
        assert result["connections"] == (1_000_000 if rule.get("deterministic") else 1_008 * 1024) * 64
        assert attack.valid(result["evidence"]) is True


def pairs_of(document: dict[str, Any]) -> list[tuple[str, str]]:
    return [
        (c["name"], v["name"])
        for c in document["clients"]
        for v in document["servers"]
        if not c.get("reaches") or v["name"] in c["reaches"]
    ]


def listed(demand: dict[tuple[str, str], int]) -> list[dict[str, Any]]:
    return [{"from": a, "to": b, "connections": n} for (a, b), n in demand.items() if n]


def attacked(certificates: list[Any], document: Any, rng: random.Random) -> int:
    """These are accepted, and no wrong mutant of theirs is; how many right ones are. Of more sockets the truth takes too long."""
    right = 0
    for c in certificates:
        attack.accepted(c)
        for done, mutant in mutants(c, rng, 8) if dealt.sockets(document) <= 5 else ():
            if mutant.get("scenario") == c["scenario"] and attack.valid(mutant) is True:
                right += 1
                assert true(mutant), (done, json.dumps(mutant))
    return right


def true(certificate: dict[str, Any]) -> bool:
    """Whether what it says holds, by brute force over its own scenario (edm)."""
    document = {k: v for k, v in certificate["scenario"].items() if v}
    most = dealt.most(document)
    if certificate["kind"] == "maximum":
        return int(certificate["connections"]) == most
    demand = {(p["from"], p["to"]): int(p["connections"]) for p in certificate.get("demand", [])}
    if certificate["kind"] == "fits":
        return int(certificate["connections"]) <= most and (not demand or dealt.meets(document, demand))
    return not dealt.meets(document, demand) if demand else int(certificate["at-most"]) >= most


def test_small_ones_against_brute_force() -> None:
    rng = random.Random(7)
    exact = fit = refused_ = tried = 0
    for seed in range(80):
        document = dealt.random_document(random.Random(seed))
        document["nats"][0].get("connection-limits", {}).pop("limit-per-subscriber", None)
        scenario = natbound.Scenario(document)
        certificates = [scenario.capacity()["maximum"]["evidence"]]
        assert certificates[0]["kind"] == "maximum"
        assert int(certificates[0]["connections"]) == dealt.most(document)
        exact += 1
        demand = {pair: rng.randint(0, 6) for pair in pairs_of(document)}
        if any(demand.values()):
            found = scenario.capacity(listed(demand))
            assert found.fits is dealt.meets(document, demand)
            fit += found.fits
            refused_ += not found.fits
            certificates.append(found["evidence"])
        tried += attacked(certificates, document, rng)
    assert exact == 80
    assert fit > 10
    assert refused_ > 20
    assert tried < 300  # most are refused


def test_quotas_and_shared_mappings_against_brute_force() -> None:
    exact = 0
    for seed in range(100):
        document = dealt.random_document(random.Random(seed), "eim" if seed % 2 else "edm")
        if len(dealt.mappings(document)) > (3 if seed % 2 else 6):
            continue
        certificate = natbound.Scenario(document).capacity()["maximum"]["evidence"]
        attack.accepted(certificate)
        most = dealt.most(document)
        if certificate["kind"] == "maximum":
            exact += 1
            assert int(certificate["connections"]) == most
        else:
            assert int(certificate["fits"]["connections"]) <= most <= int(certificate["does-not-fit"]["at-most"])
    assert exact > 30


def test_guaranteed_is_that_of_the_worst_subscriber() -> None:
    """Each subscriber written out as a scenario of its own; and the trace stepped by the checker."""
    kinds = set()
    for seed in range(30):
        rng = random.Random(seed)
        document = dealt.random_document(rng)
        if not document["nats"][0]["port-set"].get("deterministic"):
            continue
        document["nats"][0]["design"]["search"]["rounds"][0].update(rng.choice([{}, {"probes": 1}, {"probes": 2}]))
        limits = document["nats"][0].get("connection-limits", {})
        found = natbound.Scenario(document).answer(0.5, remedies=False).guaranteed
        each = [natbound.Scenario(d).answer(0.5, remedies=False).guaranteed for d in dealt.alone(document)]
        least = min((int(g.connections) for g in each if not g.nothing_fails), default=None)
        table = limits.get("limit-per-instance")
        if table is not None and table < dealt.sockets(document) and (least is None or table <= least):
            least = table
        kinds.add(found.binds)
        assert (None if found.nothing_fails else found.connections) == least
        attack.accepted(found["evidence"])
    assert {"search", "ports", "quota", "nothing"} <= kinds


def test_simulated_as_computed() -> None:
    document = cgn("10.0.0.0/26", "192.0.2.0-192.0.2.1", **{"port-set-size": 20, "deterministic": True})
    document["traffic"] = [{"from": "A", "to": "C", "rate-per-client": "0.25/s", "hold": "60s"}]
    scenario = natbound.Scenario(document)
    exact = natbound.calculator.erlang_b(20, 15)
    risk = scenario.risk()
    assert risk["refusal_probability"] == pytest.approx(exact, rel=1e-9)
    seen = scenario.simulate(arrivals=200_000)
    assert seen["interval"][0] <= exact <= seen["interval"][1]
    assert seen["mean_live"] == pytest.approx(64 * 15 * (1 - exact), rel=0.15)


def test_input_errors() -> None:
    assert "a set has at least one port" in refused(cgn("10.0.0.1", "192.0.2.1", **{"port-set-size": 0}))
    assert "1024-65535" in refused(cgn("10.0.0.1", "192.0.2.1", **{"port-set-size": 64_513}))
    assert "admits nothing" in refused(cgn("10.0.0.1", "192.0.2.1", **{"port-set-size": 512, "port-sets-per-subscriber": 0}))
    assert "126 sets" in refused(cgn("10.0.0.1", "192.0.2.1", **{"port-set-size": 512, "port-sets-per-subscriber": 127}))
    assert "one set" in refused(
        cgn("10.0.0.1", "192.0.2.1", **{"port-set-size": 512, "port-sets-per-subscriber": 2, "deterministic": True})
    )
    assert "leaves no deterministic set: an address has 16 sets of 4,032" in refused(
        overflow("10.0.0.1", "192.0.2.1", factor=16, size=9, each=1)
    )
    assert "a dynamic part of no sets" in refused(overflow("10.0.0.1", "192.0.2.1", factor=0, size=9, each=1))
    assert "57472-65535" in refused(overflow("10.0.0.1", "192.0.2.1", factor=2, size=8065, each=1))
    assert "a set has at least one port" in refused(overflow("10.0.0.1", "192.0.2.1", factor=2, size=0, each=1))
    assert "admits nothing" in refused(overflow("10.0.0.1", "192.0.2.1", factor=2, size=9, each=0))
    document = copy.deepcopy(cgn("10.0.0.1", "192.0.2.1", **{"port-set-size": 512}))
    document["nats"][0]["port-set"]["dynamic"] = {"port-set-size": 9}
    assert "dynamic sets are beside deterministic ones" in refused(document)
    document = copy.deepcopy(cgn("10.0.0.1", "192.0.2.1", **{"port-set-size": 512}))
    document["nats"][0]["port-set-restrict"] = {"psid-len": 8, "psid": 3}
    assert "consecutive ports" in refused(document)  # runs of 4
    for restrict in ({"psid-len": 5, "psid": 3, "psid-offset": 2**32 - 1}, {"psid-len": 2**32 - 6, "psid": 3}):  # sums that wrap
        document["nats"][0]["port-set-restrict"] = restrict
        assert "at most 16 bits together" in refused(document)


def test_rfc_7597() -> None:
    """Its appendix A, example 1: PSID 0x34 of 8 bits after 6 has 63 ranges of 4 ports, 1232-1235, 2256-2259 to 63696-63699 and 64720-64723."""
    scenario = natbound.load(EXAMPLES / "map-ce.yaml")
    evidence = scenario.capacity()["maximum"]["evidence"]
    assert attack.valid(evidence) is True
    groups = evidence["does-not-fit"]["nats"][0]["groups"]
    ports = groups[0]["levels"][0]["open"][0]["ports"]
    assert ports[:2] == ["1232-1235", "2256-2259"]
    assert ports[-2:] == ["63696-63699", "64720-64723"]
    assert len(ports) == 63
    assert evidence["connections"] == 33 * 252
    assert scenario.answer(remedies=False).guaranteed.connections == 252


def test_the_fix_that_is_offered_is_none_that_is_refused() -> None:
    """65,536 clients behind one address: no size of sets would do."""
    wanted = {
        "clients": [{"name": "c", "addresses": "10.0.0.0/16"}],
        "nats": [{"name": "n", "inside": ["c"], "external-ip-address-pool": "203.0.113.1", "design": "ideal",
                  "port-set": {"port-set-size": 1024, "deterministic": True}}],
        "servers": [{"name": "s", "addresses": "198.51.100.1", "ports": 80}],
    }  # fmt: skip
    with pytest.raises(natbound.InputError) as wrong:
        natbound.Scenario(wanted)
    assert wrong.value.fix == "1,041 addresses in the pool"
    wanted["nats"][0]["external-ip-address-pool"] = "203.0.0.1-203.0.4.17"  # type: ignore[index]
    natbound.Scenario(wanted)
