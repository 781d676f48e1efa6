"""Port sets beside other things (dealt_beside.py): a CGN of port blocks around home routers, static mappings, servers with limits, shared clients."""

from __future__ import annotations

import copy
import json
import random
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import natbound
import pytest
from natbound.check import check
from natbound.cli import main

sys.path.insert(0, str(Path(__file__).parent))

import attack
import comparing
import dealt
import dealt_beside
import oracle
from mutation import mutants

EXAMPLES = Path(__file__).parents[2] / "examples"
RANDOM = {"base": "linux-masquerade", "pool": {"choice": "random", "hash": ""}}


def nat444(homes: str = "100.64.0.0/16", lan: str = "192.168.0.0/16", pool: str = "203.0.112.0/22", **rule: Any) -> dict[str, Any]:
    """Home routers that share one address each, inside a NAT that deals blocks of 512 ports."""
    return {
        "clients": [{"name": "lan", "addresses": lan, "ports": "1024-65535"}],
        "nats": [
            {"name": "homes", "inside": ["lan"], "external-ip-address-pool": homes, "design": RANDOM},
            {"name": "cgnat", "inside": ["homes"], "external-ip-address-pool": pool, "design": "linux-masquerade",
             "port-set-restrict": {"start-port-number": 1024, "end-port-number": 65535}, "port-set": {"port-set-size": 512, **rule}},
        ],
        "servers": [{"name": "web", "addresses": "198.51.100.7", "ports": "443"}],
    }  # fmt: skip


@pytest.mark.parametrize(("rule", "most"), [
    ({"deterministic": True}, 65_536 * 512),
    ({"port-sets-per-subscriber": 4}, 129_024 * 512),
    ({"deterministic": True, "dynamic": {"address-pool-factor": 16, "port-set-size": 64, "port-sets-per-subscriber": 2}}, None),
])  # fmt: skip
def test_nat444_of_many_homes(rule: dict[str, Any], most: int | None) -> None:
    """65,536 home routers: the maximum, a demand that fits and one that does not, in a certificate that is not long."""
    document = nat444(**rule)
    if most is None:
        document["nats"][1]["external-ip-address-pool"] = "203.0.112.0-203.0.114.94"  # 607 x 110 own sets, 607 x 128 dynamic ones
        most = 65_536 * 512 + 607 * 128 * 64
    scenario = natbound.Scenario(document)
    started = time.monotonic()
    found = scenario.capacity()
    assert found.maximum.connections == most
    for demand, fits in ((most // 2, True), (most + 1, False)):
        answer = scenario.capacity(demand)
        assert answer.fits is fits
        assert attack.valid(answer["evidence"]) is True
    assert attack.valid(found.maximum["evidence"]) is True
    assert len(str(found.maximum["evidence"])) < 100_000
    assert time.monotonic() - started < 30


def test_a_hash_that_leaves_some_homes_idle_has_bounds() -> None:
    document = nat444(deterministic=True)
    document["nats"][0]["design"] = "linux-masquerade"
    found = natbound.Scenario(document).capacity().maximum
    assert 0 < found.at_least < found.at_most == 65_536 * 512
    assert attack.valid(found["evidence"]) is True


def test_the_example() -> None:
    scenario = natbound.load(EXAMPLES / "nat444-port-blocks.yaml")
    found = scenario.answer()
    assert found.maximum.connections == (4 + 56) * 512
    assert attack.valid(found.maximum["evidence"]) is True


def test_what_a_static_mapping_keeps_is_lost_to_whose_set_it_is() -> None:
    document: dict[str, Any] = {
        "clients": [{"name": "A", "addresses": "10.0.0.0/29", "ports": "1024-65535"}],
        "nats": [{
            "name": "n", "inside": ["A"], "external-ip-address-pool": "192.0.2.1-192.0.2.2", "design": "ideal",
            "port-set-restrict": {"start-port-number": 1000, "end-port-number": 1399},
            "port-set": {"port-set-size": 100, "deterministic": True},
            "static-mappings": [
                {"external-src-address": "192.0.2.2", "external-src-port": "1110-1139"},
                {"external-src-port": "1300", "transport-protocol": "udp"},
            ],
        }],
        "servers": [{"name": "S", "addresses": "198.51.100.1", "ports": "443"}, {"name": "U", "addresses": "198.51.100.1", "ports": "53", "protocol": "udp"}],
    }  # fmt: skip
    scenario = natbound.Scenario(document)
    found = scenario.capacity().maximum
    assert found.connections == 2 * (800 - 30) - 2
    assert attack.valid(found["evidence"]) is True
    assert scenario.capacity([{"from": "A", "to": "U", "connections": 769}]).fits is False
    fits = scenario.capacity([{"from": "A", "to": "U", "connections": 768}])
    assert fits.fits is True
    assert attack.valid(fits["evidence"]) is True
    assert scenario.answer(remedies=False).guaranteed.connections == 70
    # on demand: whoever gets that set has fewer
    document["nats"][0]["port-set"] = {"port-set-size": 100, "port-sets-per-subscriber": 1}
    del document["nats"][0]["static-mappings"][1]
    assert natbound.Scenario(document).capacity().maximum.connections == 2 * 770


@pytest.mark.parametrize("kind", dealt_beside.KINDS)
def test_as_cp_sat_finds(kind: str) -> None:
    seen: Counter[str] = Counter()
    rng = random.Random(kind)
    for _, exact, tried in comparing.maxima(lambda: dealt_beside.KINDS[kind](rng), rng, 12):
        seen["exact"] += exact
        seen["mutants"] += tried
    for fits in comparing.demands(lambda: dealt_beside.KINDS[kind](rng), rng, 12):
        seen["fits" if fits else "does not"] += 1
    assert seen["exact"] > 3
    assert seen["mutants"] > 30
    assert seen["fits"] + seen["does not"] > 3


def _units(block: Any) -> list[tuple[str, int, list[str], list[int]]]:
    """Source address, and of each stage the external endpoints, unit by unit."""
    via = block["via"] if isinstance(block["via"], list) else [block["via"]]
    sides = [block["from"], *via]
    lists = [(oracle.listed_addresses(s["addresses"]), oracle.listed_ports(s["ports"]), int(s.get("first", 0))) for s in sides]
    out = []
    for k in range(int(block["count"])):
        at = []
        for i, (addresses, ports, first) in enumerate(lists):
            row, column = divmod(first + k, len(ports))
            at.append(
                (addresses[row % len(addresses)], ports[(column + (int(block["from"].get("shift", 0)) if i == 0 else 0)) % len(ports)])
            )
        out.append(at)
    return out  # type: ignore[return-value]


def wrong_sets(s: dict[str, Any], blocks: list[Any]) -> str | None:
    """What is wrong with whose ports are used, endpoint by endpoint; None: nothing."""
    world = oracle.World(s)
    for router in (r for r in world.nats if r.sets or r.own_set):
        uses: dict[str, set[int]] = {}
        for block in (b for b in blocks if "via" in b):
            via = block["via"] if isinstance(block["via"], list) else [block["via"]]
            stage = next((i for i, v in enumerate(via) if v["nat"] == router.name), None)
            if stage is None:
                continue
            protocols = {world.servers[t["server"]].get("protocol", "tcp") for t in block["to"]}
            for at in _units(block):
                source, end = at[stage][0], (router.pool.index(at[stage + 1][0]), at[stage + 1][1])
                if any(router.keeps_for_good(p, end) for p in protocols):
                    return "a port that is kept"
                if end in router.own_set.get(source, []):
                    continue
                number = next((i for i, some in enumerate(router.sets) if end in some), None)
                if number is None:
                    return "no set of its own"
                uses.setdefault(source, set()).add(number)
        if any(len(numbers) > router.sets_each for numbers in uses.values()):
            return "too many sets"
        if sum(map(len, uses.values())) > len(set().union(*uses.values())):
            return "a set of two"
    return None


@pytest.mark.parametrize("kind", dealt_beside.KINDS)
def test_blocks_endpoint_by_endpoint(kind: str) -> None:
    """No certificate that is accepted, attacked or not, uses another's ports."""
    accepted = 0
    for seed in range(15):
        rng = random.Random(f"{kind} {seed} blocks")
        s = dealt_beside.KINDS[kind](rng)
        evidence = natbound.Scenario(s).capacity().maximum["evidence"]
        assert wrong_sets(s, evidence["fits"]["blocks"]) is None
        for done, mutant in mutants(evidence, rng, 40):
            if not isinstance(mutant, dict) or check({**mutant, "scenario": evidence["scenario"]}).valid is not True:
                continue
            accepted += 1
            assert wrong_sets(s, mutant["fits"]["blocks"]) is None, (done, mutant)
    assert accepted > 0


def test_guaranteed_past_static_mappings_is_that_of_the_worst_subscriber() -> None:
    """Each subscriber written out as a scenario of its own, with what is kept on its address."""
    decided = 0
    for seed in range(60):
        rng = random.Random(f"guaranteed {seed}")
        document = dealt_beside.holes(rng)
        nat = document["nats"][0]
        if not nat["port-set"].get("deterministic") or "dynamic" in nat["port-set"] or "connection-limits" in nat:
            continue
        nat["design"]["search"]["rounds"][0].update(rng.choice([{}, {"probes": 1}, {"probes": 2}]))
        found = natbound.Scenario(document).answer(0.5, remedies=False).guaranteed
        least = None
        for one in dealt.alone(document):
            own = one["nats"][0]
            (address,) = own["external-ip-address-pool"]
            kept = [m for m in own["static-mappings"] if address in oracle.listed_addresses(m.get("external-src-address") or [address])]
            own["static-mappings"] = [{k: v for k, v in m.items() if k != "external-src-address"} for m in kept]
            try:
                alone = natbound.Scenario(one).answer(0.5, remedies=False).guaranteed
            except natbound.InputError:  # all of its ports are kept
                least = 0
                break
            if not alone.nothing_fails:
                least = alone.connections if least is None else min(least, alone.connections)
        if found.connections is None and not found.nothing_fails:
            continue
        decided += 1
        assert (None if found.nothing_fails else found.connections) == least, (seed, document)
        attack.accepted(found["evidence"])
    assert decided > 5


def test_what_is_not_modelled_is_no_wrong_input(tmp_path: Path, monkeypatch: Any, capsys: Any) -> None:
    """Exit status 3, with the path."""
    document = copy.deepcopy(nat444(homes="100.64.0.1", deterministic=True))
    document["nats"][0] |= {"static-mappings": [{"external-src-port": "80"}], "port-set": {"port-set-size": 2}}
    with pytest.raises(
        natbound.Unsupported, match=r"nats\[1\].inside: 'homes' has static mappings beside port sets, and is inside another"
    ):
        natbound.Scenario(document)
    document = copy.deepcopy(nat444(homes="100.64.0.1", deterministic=True))
    document["nats"][1]["mapping-limits"] = {"limit-subscribers": 1}
    file = tmp_path / "s.json"
    file.write_text(json.dumps(document))
    monkeypatch.setattr(sys, "argv", ["natbound", "capacity", str(file)])
    with pytest.raises(SystemExit) as stopped:
        main()
    assert stopped.value.code == 3
    assert "nats[1].mapping-limits.limit-subscribers: a limit on subscribers in a cascade is not modelled yet" in capsys.readouterr().err
