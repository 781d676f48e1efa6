"""The connections of certificates one by one, against the rules of the scenario (oracle.py), which know nothing of blocks."""

from __future__ import annotations

import csv
import io
import ipaddress
import json
import random
import sys
import time
from collections import Counter
from itertools import islice
from pathlib import Path
from typing import Any

import natbound
import pytest
from natbound.cli import listing, main
from natbound.tuples import runs, tuples

sys.path.insert(0, str(Path(__file__).parent))

import dealt
import small
from oracle import World, wrong_with
from small import random_scenario

EXAMPLES = Path(__file__).parents[2] / "examples"


def live_of(world: World, certificate: dict[str, Any]) -> list[Any]:
    """As the oracle wants them: the flow, the NAT, and the external endpoint with its address's place in the pool."""
    out = []
    for t in tuples(certificate):
        flow = (t.protocol, *t.source, *t.destination)
        assert flow in world.flows(t.client)
        at = t.via[0] if t.via else None
        pool = next((r.pool for r in world.nats if at and r.name == at[0]), [])
        out.append((flow, at[0] if at else None, (pool.index(at[1]), at[2]) if at else None))
    return out


def test_random_maxima_and_demands_obey_every_rule() -> None:
    rng = random.Random(7)
    listed = 0
    for _ in range(150):
        s = random_scenario(rng)
        world, scenario = World(s), natbound.Scenario(s)
        found = [scenario.capacity().to_dict()["maximum"], scenario.capacity(rng.randint(1, 6)).to_dict()]
        for part in found:
            if not part.get("evidence") or part.get("fits") is False:
                continue
            live = live_of(world, part["evidence"])
            body = part["evidence"].get("fits", part["evidence"])
            assert len(live) == int(body["connections"])
            assert len({flow for flow, _, _ in live}) == len(live)
            assert wrong_with(world, live) is None, s
            listed += len(live)
    assert listed > 500


@pytest.mark.parametrize("name", ["nat444", "home-lan-two-addresses", "firewall", "cgnat", "nat64", "database"])
def test_examples(name: str) -> None:
    """Each tuple lies in the scenario's sets; sockets, and what is outside of each NAT, are told apart towards each destination."""
    settings = ["clients.office.addresses=10.1.0.0", "clients.office.ports=1024-1100"] if name == "nat444" else []
    scenario = natbound.load(EXAMPLES / f"{name}.yaml", settings)
    c = scenario.canonical
    part = scenario.capacity().to_dict()["maximum"]
    inside, outside = set(), set()
    some = list(islice(tuples(part["evidence"]), 20_000))
    assert len(some) == min(20_000, int(part["connections"] or part["at_least"]))
    pools = {n["name"]: [_net(a) for a in n.get("external-ip-address-pool", [])] for n in c["nats"]}
    for t in some:
        client = next(x for x in c["clients"] if x["name"] == t.client)
        assert any(_within(t.source[0], _net(a)) for a in client["addresses"])
        for nat, address, _ in t.via:
            assert not pools[nat] or any(_within(address, a) for a in pools[nat])
        inside.add((t.protocol, t.client, t.source, t.destination))
        if t.via:
            outside.add((t.protocol, t.via[-1], t.destination))
    assert len(inside) == len(some)
    assert len(outside) == sum(bool(t.via) for t in some)
    if name == "nat444":
        assert any(len(t.via) == 2 for t in some)


def _net(text: str) -> tuple[int, int]:
    """First and last address."""
    if "-" in text:
        a, b = (int(ipaddress.ip_address(x)) for x in text.split("-"))
        return a, b
    n = ipaddress.ip_network(text, strict=False)
    return int(n[0]), int(n[-1])


def _within(address: str, net: tuple[int, int]) -> bool:
    return net[0] <= int(ipaddress.ip_address(address)) <= net[1]


def test_the_head_of_very_many_is_there_at_once(monkeypatch: Any, capsys: Any) -> None:
    settings = ["clients.A.addresses=10.0.0.0/8", "nats.router.external-ip-address-pool=[203.0.0.0/16]"]
    settings += [
        "servers.C.addresses=198.18.0.0/15",
        "nats.router.connection-limits.limit-per-instance=1000000000000000",
        "nats.router.design=ideal",
    ]
    part = natbound.load(EXAMPLES / "home-lan.yaml", settings).capacity().to_dict()["maximum"]
    assert int(part["connections"]) > 10**13
    began = time.perf_counter()
    assert len(set(islice(tuples(part["evidence"]), 1000))) == 1000
    assert time.perf_counter() - began < 1
    monkeypatch.setattr(sys, "argv", ["natbound", "capacity", str(EXAMPLES / "home-lan.yaml"), "--tuples", "3", "--json"])
    with pytest.raises(SystemExit) as stopped:
        main()
    assert stopped.value.code == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert len(rows) == 3
    assert {r["server_address"] for r in rows} == {"198.51.100.7"}


def test_lines_are_the_tuples() -> None:
    """CSV and JSON are written run by run: the same connections, names that need quotes included."""
    rng = random.Random(8)
    for _ in range(40):
        s = random_scenario(rng)
        s["servers"][0]["name"], s["clients"][0]["name"] = 'a "b", c', "x,y"
        for c in s["clients"]:
            c["reaches"] = ['a "b", c' if v == "C" else v for v in c["reaches"]]
        for n in s["nats"]:
            n["inside"] = ["x,y" if c == "A" else c for c in n["inside"]]
        evidence = natbound.Scenario(s).capacity().to_dict()["maximum"]["evidence"]
        some = list(tuples(evidence))
        out = io.StringIO()
        listing._write(runs(evidence), out, True, None)
        assert [json.loads(line) for line in out.getvalue().splitlines()] == [t.row for t in some]
        out = io.StringIO()
        listing._write(runs(evidence), out, False, None)
        rows = list(csv.reader(io.StringIO(out.getvalue())))
        assert rows[0] == list(listing.COLUMNS)
        stages = [[">".join(str(v[i]) for v in t.via) for i in range(3)] for t in some]
        assert rows[1:] == [
            [t.protocol, t.client, t.source[0], str(t.source[1]), *stage, t.server, t.destination[0], str(t.destination[1]), "", ""]
            for t, stage in zip(some, stages, strict=True)
        ]


@pytest.mark.parametrize("backends", [1, 3, 4])
def test_each_connection_has_a_backend_to_itself(backends: int) -> None:
    """From one outside endpoint no two connections come to one backend, with fewer backends than endpoints and with enough."""
    servers = [
        small.server("C", "198.51.100.7-198.51.100.8", "80-81")
        | {"backends": {"addresses": [f"10.9.0.1-10.9.0.{backends}"], "ports": ["8080"]}}
    ]
    s = small.scenario([small.client("A", "10.0.0.1-10.0.0.3", "10-12")], [small.nat(["A"], "203.0.113.4", small.design())], servers)
    some = list(tuples(natbound.Scenario(s).capacity().to_dict()["maximum"]["evidence"]))
    assert len(some) == 4 * backends  # four outside ports
    assert len({(t.via, t.backend) for t in some}) == len(some)
    assert {t.backend for t in some} == {(f"10.9.0.{k + 1}", 8080) for k in range(backends)}
    assert some[0].row["backend_port"] == 8080


def test_spread_and_paired_obey_their_rules() -> None:
    """Clients of two NATs, and paired pooling: each flow by one NAT, each client address behind one external address."""
    rng = random.Random(9)
    listed = 0
    for _ in range(60):
        paired = rng.random() < 0.5
        pool = {"choice": "random", "hash": "", "of": "source", "fallback": False, "paired": paired}
        how = small.design(pool=pool, port_classes=[{"source": ["0-65535"], "ports": [f"10-{rng.randint(10, 13)}"]}])
        nats = [small.nat(["A", "X"], "203.0.113.4-203.0.113.5", how)]
        if not paired:
            nats.append(small.nat(["A"], "203.0.113.8", how, "second"))
        clients = [small.client("A", f"10.0.0.1-10.0.0.{rng.randint(2, 3)}", "10-12"), small.client("X", "10.0.0.9", "10-11")]
        s = small.scenario(clients, nats, [small.server("C", "198.51.100.7", rng.choice(["80", "80-81"]))])
        part = natbound.Scenario(s).capacity().to_dict()["maximum"]
        some = list(tuples(part["evidence"]))
        world = World(s)
        assert len(some) == int(part["connections"] if part["connections"] is not None else part["at_least"])
        assert len({(t.protocol, t.source, t.destination) for t in some}) == len(some)
        assert len({(t.protocol, t.via[0][1:], t.destination) for t in some}) == len(some)
        for t in some:
            router = next(r for r in world.nats if r.name == t.via[0][0])
            assert t.client in router.inside
            assert (router.pool.index(t.via[0][1]), t.via[0][2]) in router.permitted((t.protocol, *t.source, *t.destination))
        if paired:
            assert all(len({t.via[0][1] for t in some if t.source[0] == a}) == 1 for a in {t.source[0] for t in some})
        listed += len(some)
    assert listed > 300


def test_port_sets_are_laid_out_by_the_rules() -> None:
    """Maxima and demands of small NATs that deal their ports out in sets: clashes, quotas, limits, and whose a set is."""
    seen = {"maximum": 0, "demand": 0, "deterministic": 0, "quota": 0, "eim": 0, "dynamic": 0}
    for seed in range(220):
        rng = random.Random(seed)
        kind = "eim" if seed % 3 == 0 else "edm"
        scenario = natbound.Scenario((dealt.dynamic_document if seed % 4 == 3 else dealt.random_document)(rng, kind))
        world = World(scenario.canonical)
        (router,) = [r for r in world.nats if r.sets or r.own_set]
        for ask in ("maximum", "demand"):
            part = scenario.capacity().to_dict()["maximum"] if ask == "maximum" else scenario.capacity(rng.randint(1, 12)).to_dict()
            if not part.get("evidence") or part.get("fits") is False:
                continue
            try:
                live = live_of(world, part["evidence"])
            except natbound.Unsupported:  # a port whose mappings share a key
                continue
            body = part["evidence"].get("fits", part["evidence"])
            assert len(live) == int(body["connections"])
            assert wrong_with(world, live) is None, seed
            if ask == "demand":
                wanted = {(p["from"], p["to"]): int(p["connections"]) for p in part["pairs"]}
                assert Counter((t.client, t.server) for t in tuples(part["evidence"])) == Counter(wanted)
            owners: dict[int, set[str]] = {}
            for flow, nat, at in live:
                if nat == router.name and at not in router.own_set.get(flow[1], []):
                    owners.setdefault(next(k for k, some in enumerate(router.sets) if at in some), set()).add(flow[1])
            assert all(len(who) == 1 for who in owners.values())
            assert all(n <= router.sets_each for n in Counter(a for who in owners.values() for a in who).values())
            seen[ask] += len(live) > 0
            seen["deterministic"] += bool(router.own_set)
            seen["dynamic"] += bool(router.own_set and owners)
            seen["quota"] += router.quota is not None
            seen["eim"] += kind == "eim"
    assert min(seen.values()) > 5, seen
