"""Demands under endpoint-independent mapping with overloading: colourings against brute force, and certificates against the checker."""

from __future__ import annotations

import itertools
import os
import random
import sys
from pathlib import Path
from typing import Any

import natbound
import pytest
from natbound.exact import settle
from natbound.exact.small import most_coloured, read

sys.path.insert(0, str(Path(__file__).resolve().parent))

import attack
import by_constraints
import oracle
import small
from mutation import mutants

TRIED = int(os.environ.get("NATBOUND_COLOURED", "250"))


def overloaded(rng: random.Random) -> tuple[dict[str, Any], list[dict[str, Any]], bool]:
    """Sockets that reach some of a few servers through few ports, a demand, and whether it leaves no choice of sockets."""
    servers = [small.server(f"S{k}", f"198.51.100.{k + 1}", rng.choice(["80", "80", "80-81"]), rng.choice(["tcp", "tcp", "tcp", "udp"]))
               for k in range(rng.randint(2, 5))]  # fmt: skip
    clients, demand, whole, all_ = [], [], True, rng.random() < 0.7
    for k in range(rng.randint(2, 6)):
        reaches = rng.sample([s["name"] for s in servers], rng.randint(1, min(3, len(servers))))
        wide = rng.choice([1, 1, 2])
        clients.append(small.client(f"C{k}", f"10.0.{k}.1", f"20-{19 + wide}", reaches))
        for v in reaches:
            ends = next(2 if s["ports"] == ["80-81"] else 1 for s in servers if s["name"] == v)
            n = wide * ends if all_ or rng.random() < 0.7 else rng.randint(1, wide * ends)
            whole = whole and n == wide * ends
            demand.append({"from": f"C{k}", "to": v, "connections": n})
    how = small.design(mapping_type="eim", pool={"choice": "random", "hash": "", "of": "source-and-destination", "fallback": rng.random() < 0.5},
                       clash_scope={"destination": rng.choice(["endpoint", "endpoint", "address"]), "protocol": rng.random() < 0.7},
                       first_choice=rng.choice(["none", "none", "preserve-any"]),
                       port_classes=[{"source": ["0-65535"], "ports": [f"20-{19 + rng.randint(2, 4)}"]}])  # fmt: skip
    inside = [c["name"] for c in clients]
    more: dict[str, Any] = {"connection_limits": {"limit-per-instance": rng.randint(4, 12)}} if rng.random() < 0.1 else {}
    pool = rng.choice(["203.0.113.1", "203.0.113.1", "203.0.113.1-203.0.113.2"])
    return small.scenario(clients, [small.nat(inside, pool, how, **more)], servers), demand, whole


def colourable(scenario: Any) -> bool:
    """Whether every socket can have all that its client set reaches: by backtracking over external endpoints."""
    world = oracle.World(scenario)
    (router,) = world.nats
    flows = router.flows()
    if router.table is not None and len(flows) > router.table:
        return False
    keys: dict[Any, set[Any]] = {}
    may: dict[Any, set[Any]] = {}
    for f in flows:
        keys.setdefault(router.mapping(f), set()).add(router.key(f))
        may[router.mapping(f)] = set(router.permitted(f))
    items = sorted(keys, key=lambda m: -len(keys[m]))
    given: dict[Any, Any] = {}

    def place(k: int) -> bool:
        if k == len(items):
            return True
        for e in may[items[k]]:
            if all(e != at or not keys[items[k]] & keys[other] for other, at in given.items()):
                given[items[k]] = e
                if place(k + 1):
                    return True
                del given[items[k]]
        return False

    return place(0)


def test_demands_against_brute_force() -> None:
    tried = engines = settled = 0
    for seed in range(TRIED):
        scenario, demand, whole = overloaded(random.Random(seed))
        found = natbound.Scenario(scenario).capacity(demand)
        engines += "engine" in found
        settled += found.fits is not None or found.get("engine", {}).get("verdict") == "does not fit"
        if found.fits is not None:
            attack.accepted(found["evidence"])
        if found.fits is True:
            assert attack.true_fits(scenario, found["evidence"]), seed
        if not whole:
            continue
        tried += 1
        truth = colourable(scenario)
        if found.fits is not None:
            assert found.fits == truth, seed
        elif found.get("engine", {}).get("verdict") == "does not fit":
            assert not truth, seed
    assert tried > 0.5 * TRIED
    assert engines > 0.1 * TRIED
    assert settled > 0.8 * TRIED


def test_mutated_certificates() -> None:
    rng, tried = random.Random(3), 0
    for seed in range(200):
        scenario, demand, _ = overloaded(random.Random(seed))
        found = natbound.Scenario(scenario).capacity(demand)
        if found.fits is not True or "engine" not in found:
            continue
        for _, mutant in mutants(dict(found["evidence"]), rng, 15):
            tried += 1
            if attack.valid(mutant) is True and mutant["scenario"] == found["evidence"]["scenario"]:
                assert attack.true_fits(scenario, mutant)
    assert tried > 100


def around(n: int, each: int, ports: int) -> tuple[natbound.Scenario, list[dict[str, Any]]]:
    """n sockets in a ring, each with its own server and the next ones': a circular-arc graph."""
    clients = [
        {"name": f"c{k}", "addresses": f"10.0.0.{k + 1}", "ports": 1024, "reaches": [f"s{(k + j) % n}" for j in range(each)]}
        for k in range(n)
    ]
    value = {
        "clients": clients,
        "servers": [{"name": f"s{k}", "addresses": f"198.51.100.{k + 1}", "ports": 443} for k in range(n)],
        "nats": [{"name": "gw", "inside": [c["name"] for c in clients], "external-ip-address-pool": "203.0.113.1",
                  "port-set-restrict": {"start-port-number": 20000, "end-port-number": 19999 + ports},
                  "design": {"base": "cilium", "mapping-type": "eim"}}],
    }  # fmt: skip
    return natbound.Scenario(value), [{"from": c["name"], "to": v, "connections": 1} for c in clients for v in c["reaches"]]  # type: ignore[attr-defined]


def test_an_odd_ring_needs_one_port_more_than_its_cliques() -> None:
    scenario, demand = around(7, 2, 2)
    no = scenario.capacity(demand)
    assert no.fits is None
    assert no.engine["verdict"] == "does not fit"
    assert "no certificate" in no.sets_it
    scenario, demand = around(7, 2, 3)
    yes = scenario.capacity(demand)
    assert yes.fits is True
    attack.accepted(yes["evidence"])
    attack.accepted(yes.multiple["evidence"])
    assert yes.multiple["at_least"]["value"] == 1


def test_permuting_servers_changes_nothing() -> None:
    for n, ports in itertools.product((5, 6, 9), (2, 3)):
        scenario, demand = around(n, 2, ports)
        found = scenario.capacity(demand)
        turned = dict(scenario.canonical)
        turned["servers"] = turned["servers"][::-1]
        other = natbound.Scenario(turned).capacity(demand[::-1])
        assert (found.fits, found.engine["verdict"]) == (other.fits, other.engine["verdict"])


def test_without_the_solver(monkeypatch: pytest.MonkeyPatch) -> None:
    import builtins

    ordinary = builtins.__import__

    def without(name: str, *args: Any, **more: Any) -> Any:
        if name.startswith("ortools"):
            raise ImportError(name)
        return ordinary(name, *args, **more)

    scenario, demand = around(7, 2, 2)
    monkeypatch.setattr(builtins, "__import__", without)
    found = scenario.capacity(demand)
    assert found.fits is None
    assert "natbound[exact]" in found.sets_it
    assert settle(scenario, demand, dict(found))["fits"] is None


def test_balanced_destinations_with_one_port_more_than_the_clique() -> None:
    """Every destination shared by 12 of 120 sockets: neither the greedy order nor the exact solver finds it in ten seconds."""
    sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "bench"))
    import hard

    scenario, demand = hard.coloured(120, 12, True, 13, 120)
    found = scenario.capacity(demand)
    assert found.fits is True
    assert found.engine["model"] == "colouring: tabu search"
    attack.accepted(found["evidence"])


def test_colourings_in_part_are_connections_that_fit() -> None:
    """Where not all find an endpoint, those that do: never more than there can be, and a certificate that stands."""
    all_of_them = less = 0
    for seed in range(TRIED):
        scenario, _, _ = overloaded(random.Random(seed))
        world = read(natbound.Scenario(scenario))
        assert world is not None
        found = most_coloured(world)
        if found is None:
            continue
        if scenario["nats"][0]["connection-limits"]:  # a limit on all of them, which a colouring does not know
            continue
        most = by_constraints.maximum(scenario)
        assert most is not None
        assert found.connections <= most, seed
        all_of_them += found.connections == most
        less += found.connections < most
        body = {"connections": found.connections, "blocks": found.blocks}
        attack.accepted({"schema": "natbound.certificate/1", "kind": "fits", "scenario": scenario, **body})
    assert all_of_them > 0.6 * TRIED
    assert less < 0.2 * TRIED  # fewest pairs in conflict are not always fewest connections lost


@pytest.mark.parametrize(("sockets", "ports", "least"), [(120, 13, 360), (1000, 14, 3000), (60, 12, 176), (1000, 12, 2850)])
def test_the_maximum_is_looked_for_among_colourings(sockets: int, ports: int, least: int) -> None:
    """Balanced destinations: bounds were 343 to 360, 2,900 to 3,000, 168 to 180, 2,741 to 3,000."""
    sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "bench"))
    import hard

    scenario, demand = hard.coloured(sockets, 12, True, ports, sockets)
    found = scenario.capacity()
    most = found.to_dict()["maximum"]
    assert most.get("at_least", most["connections"]) >= least
    assert (most["connections"] == len(demand)) == (least == len(demand))
    attack.accepted(most["evidence"])
    assert found.engine["model"] == "colouring: tabu search"


def test_the_search_says_no_more_than_it_found() -> None:
    from natbound import _core

    assert _core.colouring(0, [], 0, 10, 1) == ([], True)
    assert _core.colouring(2, [], 0, 10, 1) == ([], False)
    colours, proper = _core.colouring(3, [[0, 1], [1, 2], [0, 2]], 2, 100_000, 1)
    assert not proper
    assert len(set(colours)) == 2  # one pair alike, and not all
    assert sorted(_core.colouring(3, [[0, 1, 2]], 3, 100_000, 1)[0]) == [0, 1, 2]
    with pytest.raises(ValueError, match="an item that there is not"):
        _core.colouring(2, [[0, 2]], 2, 10, 1)
