"""Paired pooling: the maximum and demands against brute force and the checker; what is refused says so."""

from __future__ import annotations

import copy
import itertools
import os
import random
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import natbound
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

import attack
import made
import oracle
import small
from mutation import mutants

TRIED = int(os.environ.get("NATBOUND_PAIRED", "150"))  # the larger counts of the change log were run once


def paired(rng: random.Random, hosts: bool = False) -> Any:
    """A few client addresses behind two or three external addresses of a few ports."""
    servers = [small.server(f"S{k}", f"198.51.100.{k + 1}", rng.choice(["80", "80", "80-81"])) for k in range(rng.randint(1, 2))]
    clients, left = [], 4
    for k in range(rng.randint(1, 4 if hosts else 3)):
        addresses = 1 if hosts else rng.randint(1, 3)
        left -= addresses
        if left < 0:
            break
        wide = rng.randint(1, 4)
        reaches = rng.choice([[], [rng.choice(servers)["name"]]])
        clients.append(small.client(f"C{k}", f"10.0.{k}.1-10.0.{k}.{addresses}", f"20-{19 + wide}", reaches))
    pool = {
        "choice": rng.choice(["random", "round-robin"]),
        "hash": "",
        "of": "source-and-destination",
        "fallback": rng.random() < 0.5,
        "paired": True,
    }
    first = rng.choice(["none", "none", "preserve-any"])
    how = small.design(pool=pool, first_choice=first, mapping_type=rng.choice(["edm", "edm", "edm", "eim"]),
                       clash_scope={"destination": rng.choice(["endpoint", "endpoint", "address", "none"]), "protocol": True},
                       port_classes=[{"source": ["0-65535"], "ports": [f"10-{9 + rng.randint(1, 4)}"]}])  # fmt: skip
    more: dict[str, Any] = {}
    if rng.random() < 0.15:
        more["connection_limits"] = {"limit-per-instance": rng.randint(2, 9)}
    if rng.random() < 0.15:
        more["connection_limits"] = {"limit-per-subscriber": rng.randint(1, 3)}
    if rng.random() < 0.2:
        kept = {"external-src-port": [f"10-{rng.randint(10, 11)}"]}
        more["static_mappings"] = [kept if rng.random() < 0.3 else {**kept, "external-src-address": ["203.0.113.1"]}]
    inside = [c["name"] for c in clients]
    return small.scenario(clients, [small.nat(inside, f"203.0.113.1-203.0.113.{rng.randint(2, 3)}", how, **more)], servers)


def places(router: oracle.Router) -> Any:
    """Every way to give each client address one address of the pool; where these are alike, a new one is the next."""
    hosts = sorted({f[1] for f in router.flows()})
    for given in itertools.product(range(len(router.pool)), repeat=len(hosts)):
        if router.kept or all(g <= max(given[:k], default=-1) + 1 for k, g in enumerate(given)):
            yield dict(zip(hosts, given, strict=True))


def at(router: oracle.Router, place: dict[str, int]) -> oracle.Router:
    """The same NAT, each client address seeing its own external address alone."""
    router.given = {}
    ordinary = type(router).permitted

    def permitted(f: oracle.Flow) -> set[oracle.External]:
        return {e for e in ordinary(router, f) if e[0] == place[f[1]]}

    router.permitted = permitted  # type: ignore[method-assign]
    return router


def most(scenario: Any) -> int | None:
    """The maximum by every placing; None where that is too long."""
    (plain,) = oracle.World(scenario).nats
    if plain.type == "eim" and (plain.scope["destination"] != "none" or plain.quota is not None):
        return None
    if len(plain.flows()) > 20 or (plain.type == "eim" and len({plain.mapping(f) for f in plain.flows()}) > 4):
        return None
    best = 0
    for place in places(plain):
        best = max(best, len(oracle.best_assignment(at(oracle.World(scenario).nats[0], place))))
    return best


def test_maximum_against_brute_force() -> None:
    tried = exact = 0
    for seed in range(TRIED):
        scenario = paired(random.Random(seed))
        try:
            m = natbound.Scenario(scenario).capacity().maximum
        except natbound.InputError as e:  # every port of every address is kept
            assert "nothing is left to give" in str(e)  # noqa: PT017
            continue
        attack.accepted(m["evidence"])
        low, high = (m.connections, m.connections) if m.connections is not None else (m.at_least, m.at_most)
        truth = most(scenario)
        if truth is None:
            continue
        tried += 1
        exact += low == high
        assert low <= truth <= high, seed
    assert tried >= TRIED / 2
    assert exact == tried


def demanded(rng: random.Random, scenario: Any) -> list[dict[str, Any]]:
    """Some connections of some pairs."""
    out = []
    for c in scenario["clients"]:
        for v in scenario["servers"]:
            if (not c["reaches"] or v["name"] in c["reaches"]) and rng.random() < 0.8:
                out.append({"from": c["name"], "to": v["name"], "connections": rng.randint(1, len(oracle.listed_ports(c["ports"])))})
    return out


def test_demands_of_hosts_against_brute_force() -> None:
    tried = settled = 0
    for seed in range(4 * TRIED):
        rng = random.Random(10_000 + seed)
        scenario = paired(rng, hosts=True)
        demand = demanded(rng, scenario)
        (plain,) = oracle.World(scenario).nats
        if not demand or plain.type == "eim" or plain.quota is not None:
            continue
        wanted = {(d["from"], d["to"]): d["connections"] for d in demand}
        try:
            found = natbound.Scenario(scenario).capacity(demand)
        except natbound.InputError:
            continue
        truth = False
        for place in places(plain):
            world = oracle.World(scenario)
            at(world.nats[0], place)
            if oracle.meets(world, wanted):
                truth = True
                break
        tried += 1
        if found.fits is None:
            continue
        settled += 1
        assert found.fits == truth, seed
        attack.accepted(found["evidence"])
    assert tried >= 1.5 * TRIED
    assert settled > 0.97 * tried


def true_pairs(scenario: Any, body: Any) -> bool:
    """Whether a body of fits is so, and pairs."""
    if not attack.true_fits(scenario, body):
        return False
    seen: dict[str, set[int]] = {}
    for f, nat, e in made.expanded(oracle.World(scenario), body):
        if nat is not None:
            seen.setdefault(f[1], set()).add(e[0])
    return all(len(s) == 1 for s in seen.values())


def test_mutated_certificates() -> None:
    rng = random.Random(5)
    tried = standing = 0
    for seed in range(20):
        scenario = paired(random.Random(seed))
        if scenario["nats"][0].get("static-mappings"):
            continue
        m = natbound.Scenario(scenario).capacity().maximum
        if most(scenario) is None:
            continue
        fits = {"schema": "natbound.certificate/1", "kind": "fits", "scenario": scenario, **m["evidence"]["fits"]}
        for _, mutant in mutants(fits, rng, 25):
            tried += 1
            if attack.valid(mutant) is True and mutant["scenario"] == scenario:
                standing += 1
                assert true_pairs(scenario, mutant)
        bound = {"schema": "natbound.certificate/1", "kind": "does-not-fit", "scenario": scenario, **m["evidence"]["does-not-fit"]}
        for _, mutant in mutants(bound, rng, 15):
            tried += 1
            if attack.valid(mutant) is True and mutant["scenario"] == scenario:
                standing += 1
                assert int(mutant["at-most"]) >= (most(scenario) or 0)
    assert tried > 200
    assert standing < tried / 3


def carrier(**more: Any) -> dict[str, Any]:
    """65,536 subscribers behind a /24, paired."""
    return {
        "clients": [{"name": "subs", "addresses": "100.64.0.0/16", "ports": "1024-65535"}],
        "servers": [{"name": "web", "addresses": "198.51.100.7", "ports": 443}],
        "nats": [{"name": "cgn", "inside": ["subs"], "external-ip-address-pool": "203.0.113.0/24",
                  "design": {"base": "ideal", "pool": {"choice": "random", "fallback": True, "paired": True}}, **more}],
    }  # fmt: skip


def test_a_carrier() -> None:
    m = natbound.Scenario(carrier()).capacity().maximum
    assert m.connections == 256 * 64512
    attack.accepted(m["evidence"])


def test_one_client_has_one_address() -> None:
    value = carrier(**{"port-set-restrict": {"start-port-number": 20000, "end-port-number": 20199}})
    value["clients"][0]["addresses"] = "100.64.0.1-100.64.0.2"
    m = natbound.Scenario(value).capacity().maximum
    assert m.connections == 400
    assert "paired" in m.sets_it
    attack.accepted(m["evidence"])
    value["nats"][0]["design"]["pool"]["paired"] = False
    assert natbound.Scenario(value).capacity().maximum.connections == 256 * 200


def partitions(clients: int, bins: int, most: int | None = None) -> Iterator[list[int]]:
    """Every way to deal so many alike clients to so many alike addresses."""
    if bins == 0:
        if clients == 0:
            yield []
        return
    for here in range(min(clients, clients if most is None else most), -1, -1):
        for rest in partitions(clients - here, bins - 1, here):
            yield [here, *rest]


def test_alike_clients_are_exact() -> None:
    """The best of all dealings, in one or two client sets, with a quota or without; a demand of so many fits, one more does not."""
    rng = random.Random(23)
    bound = 0
    for _ in range(60):
        clients, bins, room, towards = rng.randint(2, 9), rng.randint(2, 4), rng.randint(20, 60), rng.randint(1, 3)
        few, many = clients // bins, -(-clients // bins)  # on one address: so that the one fill it, and the others do not
        wide = rng.randint(room // (many + 1), room // max(few, 1) + 1)
        quota = rng.choice([None, towards * wide - rng.randint(0, 3)])
        value = carrier(**{"port-set-restrict": {"start-port-number": 20000, "end-port-number": 19999 + room}})
        first = rng.randint(1, clients)
        sets = [(1, first), (first + 1, clients)] if first < clients else [(1, clients)]
        value["clients"] = [{"name": f"c{k}", "addresses": f"10.0.0.{lo}-10.0.0.{hi}", "ports": f"5000-{4999 + wide}"}
                            for k, (lo, hi) in enumerate(sets)]  # fmt: skip
        value["servers"] = [{"name": f"s{k}", "addresses": f"198.51.100.{k + 1}", "ports": 443} for k in range(towards)]
        value["nats"][0] |= {"inside": [c["name"] for c in value["clients"]], "external-ip-address-pool": f"203.0.113.1-203.0.113.{bins}"}
        if quota is not None:
            value["nats"][0]["connection-limits"] = {"limit-per-subscriber": quota}
        best = max(sum(min(n * (quota or 10**9), towards * min(n * wide, room)) for n in dealt) for dealt in partitions(clients, bins))
        scenario = natbound.Scenario(value)
        m = scenario.capacity().maximum
        assert m.connections == best, value
        attack.accepted(m["evidence"])
        bound += "as evenly as can be" in m.sets_it
        assert scenario.capacity(best + 1).fits is False, value
        if towards == 1 and len(sets) == 1:
            found = scenario.capacity(best)
            assert found.fits is True, value
            assert found.multiple.connections == best
            attack.accepted(found["evidence"])
    assert bound > 15


def test_what_one_address_lacks_another_has() -> None:
    """Seven subscribers on three addresses: three of them want more of theirs than it has, were each to have a seventh."""
    value = carrier()
    value["clients"][0]["addresses"] = "100.64.0.1-100.64.0.7"
    value["nats"][0]["external-ip-address-pool"] = "203.0.113.1-203.0.113.3"
    found = natbound.Scenario(value).capacity(3 * 64512)
    assert found.fits is True
    attack.accepted(found["evidence"])


def test_more_bins_than_the_pool_has() -> None:
    """Three hosts of 60 % of an address each need three addresses, though two have room for the sum."""
    value = carrier(**{"port-set-restrict": {"start-port-number": 20000, "end-port-number": 20099}})
    value["clients"] = [{"name": f"h{k}", "addresses": f"100.64.0.{k + 1}", "ports": "1024-65535"} for k in range(3)]
    value["nats"][0] |= {"inside": ["h0", "h1", "h2"], "external-ip-address-pool": "203.0.113.0/31"}
    scenario = natbound.Scenario(value)
    no = scenario.capacity([{"from": f"h{k}", "to": "web", "connections": 60} for k in range(3)])
    assert no.fits is False
    assert "need 3 of them" in no.sets_it
    attack.accepted(no["evidence"])
    changed = {**no["evidence"]}
    changed["nats"] = [{"nat": "cgn", "packing": {"server": "web", "threshold": 51}}]
    assert attack.valid(changed) is False
    yes = scenario.capacity([{"from": f"h{k}", "to": "web", "connections": n} for k, n in enumerate((60, 60, 40))])
    assert yes.fits is True
    attack.accepted(yes["evidence"])


def test_guaranteed_is_one_address() -> None:
    answer = natbound.Scenario(carrier()).answer(remedies=False)
    assert answer.maximum.connections == 256 * 64512
    assert answer.guaranteed.connections == 64512
    attack.accepted(answer.guaranteed["evidence"])


def test_certificates_of_guaranteed() -> None:
    """Any design, each choice of address, beside limits and static mappings: stepped by the checker."""
    draw = random.Random(8)
    exact = 0
    for _ in range(40):
        design: dict[str, Any] = {"base": draw.choice(["ideal", "linux-masquerade", "openbsd-pf", "vpp-nat44-ed", "cilium", "ovs"])}
        if draw.random() < 0.4:
            design |= {"mapping-type": draw.choice(["eim", "adm"]), "clash-scope": {"destination": "none"}}
        choice = draw.choice(["random", "round-robin", "first", "hash"])
        pool = {"choice": choice, "paired": True, "fallback": draw.random() < 0.5, "of": "source"}
        design["pool"] = pool | {"hash": draw.choice(["jhash2", "vpp-fold", "unknown"]) if choice == "hash" else ""}
        nat = {"name": "n", "inside": ["c", "e"], "external-ip-address-pool": "203.0.113.0/30", "design": design}
        nat["port-set-restrict"] = {"start-port-number": 2000, "end-port-number": 2000 + draw.randint(0, 7)}
        if draw.random() < 0.4:
            nat["connection-limits"] = {draw.choice(["limit-per-subscriber", "limit-per-instance"]): draw.randint(1, 10)}
        if draw.random() < 0.2:
            nat["static-mappings"] = [{"external-src-address": "203.0.113.1", "external-src-port": "2000"}]
        clients = [
            {"name": "c", "addresses": f"10.0.0.1-10.0.0.{draw.randint(1, 6)}", "ports": f"5000-{5000 + draw.randint(0, 9)}"},
            {"name": "e", "addresses": "10.0.1.1", "ports": "2001-2012"},
        ]
        servers = [{"name": "s", "addresses": f"198.51.100.1-198.51.100.{draw.randint(1, 3)}", "ports": "80"}]
        found = natbound.Scenario({"clients": clients, "nats": [nat], "servers": servers}).answer(remedies=False).guaranteed
        if found.connections is not None:
            exact += 1
            assert attack.valid(found["evidence"]) is not False, (nat, clients, attack.check(found["evidence"]))
    assert exact > 27


def test_risk_with_fallback_is_counted() -> None:
    value = carrier()
    value["traffic"] = [{"from": "subs", "to": "web", "rate": "500/s", "hold": "60s"}]
    assert "paired pooling that goes on to an address with room" in natbound.Scenario(value).risk()["method"]


def test_what_is_refused() -> None:
    value = carrier()
    value["nats"][0]["design"]["pool"] = {"choice": "hash", "hash": "jhash2", "paired": True}
    with pytest.raises(natbound.InputError, match="several addresses for one client"):
        natbound.Scenario(value)


def test_one_more_address_never_lowers_it() -> None:
    for seed in range(60):
        scenario = paired(random.Random(500 + seed))
        if scenario["nats"][0].get("static-mappings"):
            continue
        low = natbound.Scenario(scenario).capacity().maximum
        scenario["nats"][0]["external-ip-address-pool"] = ["203.0.113.1-203.0.113.4"]
        high = natbound.Scenario(scenario).capacity().maximum
        at_least = low.connections if low.connections is not None else low.at_least
        assert at_least <= (high.connections if high.connections is not None else high.at_most), seed


def triplets() -> tuple[natbound.Scenario, list[dict[str, Any]]]:
    """Twelve hosts that fill four addresses without waste, so that packing by size fails."""
    sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "bench"))
    import hard

    return hard.behind(hard.triplets(12, 1), 4)


def test_a_packing_by_the_solver() -> None:
    scenario, demand = triplets()
    found = scenario.capacity(demand)
    assert found.fits is True
    assert found.engine["name"] == "OR-Tools CP-SAT"
    attack.accepted(found["evidence"])
    assert found.multiple["at_least"]["value"] >= 1
    attack.accepted(found.multiple["evidence"])
    for d in demand:
        d["connections"] += 1
    assert scenario.capacity(demand).fits is False


def test_what_does_not_go_together() -> None:
    """Refused by the library; left undecided by the checker, whoever wrote the certificate."""
    good = carrier()
    body = natbound.Scenario(good).capacity().maximum["evidence"]
    assert attack.valid(body) is True

    def with_another(**more: Any) -> dict[str, Any]:
        value: dict[str, Any] = carrier()
        value["nats"].append({"name": "other", "inside": ["subs"], "external-ip-address-pool": "192.0.2.1", "design": "ideal", **more})
        return value

    cascade = with_another(inside=["cgn"])
    spread = with_another()
    dynamic = {"address-pool-factor": 1, "port-set-size": 8}
    sets = carrier(**{"port-set": {"port-set-size": 128, "deterministic": True, "dynamic": dynamic}})
    for value, words in ((cascade, "inside one another"), (spread, "spread over several"), (sets, "port sets each with a dynamic")):
        with pytest.raises(natbound.Unsupported, match=words):
            natbound.Scenario(value)
    for value in (cascade, spread, sets):
        forged = copy.deepcopy(value)
        forged["nats"][0]["design"]["pool"]["paired"] = False
        canonical = natbound.Scenario(forged).canonical
        canonical["nats"][0]["design"]["pool"]["paired"] = True
        assert attack.valid({**body, "scenario": canonical}) is not True


def test_nats_that_share_endpoints() -> None:
    """What each has is bounded, and what both have together."""
    value = carrier(**{"port-set-restrict": {"start-port-number": 20000, "end-port-number": 20099}})
    value["clients"] = [{"name": f"h{k}", "addresses": f"100.64.0.{k + 1}", "ports": "1024-65535"} for k in range(2)]
    value["nats"][0] |= {"inside": ["h0"], "external-ip-address-pool": "203.0.113.0/31"}
    value["nats"].append({**value["nats"][0], "name": "twin", "inside": ["h1"]})
    m = natbound.Scenario(value).capacity().maximum
    low = m.connections if m.connections is not None else m.at_least
    high = m.connections if m.connections is not None else m.at_most
    assert low <= 200 <= high
    attack.accepted(m["evidence"])
