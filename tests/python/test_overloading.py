"""Endpoint-independent mapping with overloading: patterns of client sets on one external endpoint, against brute force and the checker."""

from __future__ import annotations

import copy
import itertools
import random
import sys
import time
from pathlib import Path
from typing import Any

import natbound

sys.path.insert(0, str(Path(__file__).resolve().parent))

import attack
import oracle
import small
from mutation import mutants


def overloading(rng: random.Random) -> Any:
    """A few client sets, servers and external endpoints, under eim or adm with overloading."""
    mapping, scope = rng.choice([("eim", "endpoint"), ("eim", "endpoint"), ("eim", "address"), ("adm", "endpoint")])
    servers = [small.server(f"S{k}", f"198.51.100.{k % 3 + 1}", rng.choice(["80", "80-81"]) if k < 3 else "90", rng.choice(["tcp", "tcp", "udp"]))
               for k in range(rng.randint(2, 5))]  # fmt: skip
    names = [v["name"] for v in servers]
    clients = []
    left = 6 if mapping == "eim" else 3
    for k in range(rng.randint(2, 5)):
        n = min(left, rng.choice([1, 1, 2]))
        if n == 0:
            break
        left -= n
        clients.append(small.client(f"C{k}", f"10.0.0.{k + 1}", f"20-{19 + n}", rng.sample(names, rng.randint(1, min(3, len(names))))))
    how = small.design(mapping_type=mapping, clash_scope={"destination": scope, "protocol": rng.random() < 0.7},
                       port_classes=[{"source": ["0-65535"], "ports": [f"10-{9 + rng.randint(1, 3)}"]}])  # fmt: skip
    more: dict[str, Any] = {}
    if rng.random() < 0.2:
        more["connection_limits"] = {"limit-per-instance": rng.randint(1, 6)}
    if rng.random() < 0.1:
        more["connection_limits"] = {"limit-per-subscriber": rng.randint(1, 4)}
    return small.scenario(clients, [small.nat([c["name"] for c in clients], "203.0.113.5", how, **more)], servers)


def most(scenario: Any) -> int | None:
    """The largest number of connections, by every way to give mappings an endpoint; None where there are too many."""
    (router,) = oracle.World(scenario).nats
    if router.quota is not None:
        return None  # which connections of a subscriber are live is one more choice
    flows = router.flows()
    mappings = sorted({router.mapping(f) for f in flows})
    if len(mappings) > 6:
        return None
    keys: dict[Any, dict[Any, int]] = {m: {} for m in mappings}
    ends: dict[Any, set[Any]] = {}
    for f in flows:
        m = router.mapping(f)
        keys[m][router.key(f)] = keys[m].get(router.key(f), 0) + 1
        ends[m] = router.permitted(f)
    best = 0
    for given in itertools.product(*([None, *sorted(ends[m])] for m in mappings)):
        held: dict[Any, int] = {}
        for m, e in zip(mappings, given, strict=True):
            for key, weight in keys[m].items() if e is not None else ():
                held[e, key] = max(held.get((e, key), 0), weight)
        best = max(best, sum(held.values()))
    return best if router.table is None else min(best, router.table)


def test_random_scenarios_against_brute_force() -> None:
    tried = exact = lower = 0
    for seed in range(3400):
        scenario = overloading(random.Random(seed))
        m = natbound.Scenario(scenario).capacity().maximum
        attack.accepted(m["evidence"])
        low, high = (m.connections, m.connections) if m.connections is not None else (m.at_least, m.at_most)
        exact += m.connections is not None
        truth = most(scenario)
        if truth is None:
            continue
        tried += 1
        assert low <= truth <= high, seed
        lower += low == truth
    assert tried >= 2000
    assert lower == tried  # what is found is the most there is, also where no certificate shows that more does not fit
    assert exact >= 0.9 * 3400


def test_mutated_certificates() -> None:
    rng = random.Random(3)
    tried = standing = 0
    for seed in range(60):
        scenario = overloading(random.Random(seed))
        m = natbound.Scenario(scenario).capacity().maximum
        if m.connections is None or most(scenario) is None:
            continue
        fits = {"schema": "natbound.certificate/1", "kind": "fits", "scenario": scenario, **m["evidence"]["fits"]}
        for _, mutant in mutants(fits, rng, 25):
            tried += 1
            if attack.valid(mutant) is True and mutant["scenario"] == scenario:
                standing += 1
                assert attack.true_fits(scenario, mutant)
    assert tried > 500
    assert standing < tried / 4


def large(reaches: list[list[str]], ports: str = "1024-65535") -> Any:
    """Client sets of a /16 each (4e9 sockets) behind cilium's 32,768 ports, endpoint-independent."""
    names = sorted({n for r in reaches for n in r})
    clients = [{"name": f"C{k}", "addresses": f"10.{k}.0.0/16", "ports": ports, "reaches": r} for k, r in enumerate(reaches)]
    servers = [{"name": n, "addresses": f"198.51.{k}.0/24", "ports": 443} for k, n in enumerate(names)]
    design = {"base": "cilium", "mapping-type": "eim"}
    nat = {"name": "gw", "inside": [c["name"] for c in clients], "external-ip-address-pool": "203.0.113.0/24", "design": design}
    return {"clients": clients, "nats": [nat], "servers": servers}


def test_counts_that_operators_have() -> None:
    """Disjoint destinations share for free; all to all fill every key; each in well under a second."""
    for reaches, keys in [([["a"], ["b"]], 2), ([["a", "b"], ["b", "c"], ["c", "a"]], 3), ([["a", "b", "c", "d"]] * 8, 4)]:
        began = time.monotonic()
        scenario = natbound.Scenario(large(reaches))
        m = scenario.capacity().maximum
        assert m.connections == keys * 256 * 32768  # cilium gives one address
        assert time.monotonic() - began < 1
        attack.accepted(m["evidence"])


def test_scarce_sockets_share() -> None:
    """60 client sets of one address, in a ring of shared destinations, with half the ports each: as many endpoints as two of them need."""
    reaches = [[f"s{k}", f"s{(k + 1) % 60}"] for k in range(60)]
    value = large(reaches, "1-16384")
    for k, c in enumerate(value["clients"]):
        c["addresses"] = f"10.{k}.0.1"
    value["nats"][0]["external-ip-address-pool"] = "203.0.113.1"
    for v in value["servers"]:
        v["addresses"] = v["addresses"].replace(".0/24", ".1")
    scenario = natbound.Scenario(value)
    m = scenario.capacity().maximum
    assert m.connections == 120 * 16384
    attack.accepted(m["evidence"])
    wrong = copy.deepcopy(m["evidence"])
    wrong["fits"]["blocks"][0]["via"]["first"] += 1
    assert attack.valid(wrong) is not True


def test_odd_ring_stays_bounds() -> None:
    """Five client sets of one socket in a ring, two ports: each key alone would take both, together four of the five can."""
    value = {
        "clients": [{"name": f"C{k}", "addresses": f"10.0.0.{k + 1}", "ports": 1024, "reaches": [f"s{k}", f"s{(k + 1) % 5}"]} for k in range(5)],
        "servers": [{"name": f"s{k}", "addresses": f"198.51.100.{k + 1}", "ports": 80} for k in range(5)],
        "nats": [{"name": "gw", "inside": [f"C{k}" for k in range(5)], "external-ip-address-pool": "203.0.113.1",
                  "port-set-restrict": {"start-port-number": 5000, "end-port-number": 5001}, "design": {"base": "cilium", "mapping-type": "eim"}}],
    }  # fmt: skip
    m = natbound.Scenario(value).capacity().maximum
    assert (m.at_least, m.at_most) == (9, 10)
    attack.accepted(m["evidence"])
