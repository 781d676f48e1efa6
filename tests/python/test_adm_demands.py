"""Demands of address-dependent mappings to server sets that have addresses in common, by protocols that share ports: against CP-SAT."""

from __future__ import annotations

import random
import sys
from collections import Counter
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))

import natbound
import small
from comparing import wanted, wrong_demand


def made(rng: random.Random) -> dict[str, Any]:
    """One to two client sets; a server set on two addresses, one of another protocol, and mostly a third that has an address of the first."""
    shared = rng.choice(["198.51.100.2", "198.51.100.2-198.51.100.3", "198.51.100.3-198.51.100.4"])
    servers = [
        small.server("T", "198.51.100.2-198.51.100.3", rng.choice(["80", "80-81", "80-82"])),
        small.server("U", shared, rng.choice(["53", "53-54"]), "udp"),
    ]
    if rng.random() < 0.8:
        servers.append(small.server("V", "198.51.100.2", rng.choice(["90", "90-91"])))
    clients = [small.client(n, f"10.{i}.0.1-10.{i}.0.{rng.randint(1, 2)}", "10-12", []) for i, n in enumerate("AB"[: rng.randint(1, 2)])]
    how = small.design(
        mapping_type="adm",
        port_classes=[{"source": ["0-65535"], "ports": [f"20-{20 + rng.randint(0, 4)}"]}],
        clash_scope={"destination": "address", "protocol": rng.random() < 0.3},
        pool={"choice": "random", "hash": "", "of": "source", "fallback": False},
    )
    return small.scenario(clients, [small.nat([c["name"] for c in clients], "203.0.113.1", how, "n")], servers)


def test_demands_and_multiples_are_what_cp_sat_finds() -> None:
    rng = random.Random(7)
    seen: Counter[str] = Counter()
    for i in range(60):
        s = made(rng)
        pairs = wanted(rng, s, 6)
        assert wrong_demand(s, pairs, seen) is None, (i, pairs, s)
    assert seen["exact multiples"] >= seen["demands"] * 0.9  # 45 of 60 where each pair is spread evenly over its addresses alone


def test_connections_ride_on_mappings_that_are_there_anyway() -> None:
    """V needs 10 mappings on the one address that it has in common with T, whose 10 ride on them: with 10 ports nothing else fits."""
    server = {"addresses": "198.51.100.2", "ports": 90}
    s = natbound.Scenario(
        {
            "clients": [{"name": "A", "addresses": "10.0.0.1"}],
            "nats": [
                {
                    "name": "n",
                    "inside": ["A"],
                    "external-ip-address-pool": "203.0.113.1",
                    "design": {"base": "ideal", "mapping-type": "adm", "clash-scope": {"destination": "address", "protocol": False}},
                    "port-set-restrict": {"start-port-number": 2000, "end-port-number": 2009},
                }
            ],
            "servers": [
                {"name": "T", "addresses": "198.51.100.2-198.51.100.3", "ports": 80},
                {"name": "U", "addresses": "198.51.100.3", "ports": 53, "protocol": "udp"},
                {"name": "V", **server},
            ],
        }
    )
    demand = [{"from": "A", "to": to, "connections": 10} for to in "TUV"]
    found = s.capacity(demand, engine="flow").to_dict()
    assert found["fits"] is True
    assert found["multiple"]["connections"] == 30
