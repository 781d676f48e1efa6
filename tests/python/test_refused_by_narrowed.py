"""Which limit refuses, where a simulation has told between bounds: each limit that there is, by its own name, and all of them together
what is refused. And a pool that is taken in turn, against the chain of all its states."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from natbound import Scenario, calculator


def written(nat: dict[str, Any], traffic: dict[str, Any], clients: int = 20, **server: Any) -> Scenario:
    return Scenario(
        {
            "clients": [{"name": "c", "addresses": f"10.0.0.0-10.0.0.{clients - 1}"}],
            "nats": [{"name": "n", "inside": ["c"], "external-ip-address-pool": "203.0.113.1", "design": "ideal", **nat}],
            "servers": [{"name": "s", "addresses": "198.51.100.1", "ports": 443, **server}],
            "traffic": [{"from": "c", "to": "s", "hold": "60s", **traffic}],
        }
    )


def ports(most: int) -> dict[str, int]:
    return {"start-port-number": 1024, "end-port-number": 1023 + most}


def test_port_blocks_beside_a_quota() -> None:
    limits = {"port-set": {"port-set-size": 16, "port-sets-per-subscriber": 3}, "connection-limits": {"limit-per-subscriber": 40}}
    scenario = written({"port-set-restrict": ports(512), **limits}, {"rate": "380/min"})
    risk = scenario.risk(tries=1).to_dict()
    by = {one["kind"]: one for one in risk["refused_by"]}
    assert set(by) == {"quota", "blocks of one subscriber", "blocks"}
    assert by["blocks"]["value"] == pytest.approx(risk["refusal_probability"], rel=0.15)
    assert by["quota"]["value"] < 1e-3
    # and the simulator, which told it, calls it the same
    assert {one["kind"] for one in scenario.simulate(arrivals=20_000).to_dict()["refused_by"]} == {"blocks"}


def test_a_subscribers_own_blocks_by_name() -> None:
    limits = {"port-set-restrict": ports(1024), "port-set": {"port-set-size": 8, "port-sets-per-subscriber": 2}}
    scenario = written(limits, {"rate-per-client": "14/min"})
    found = scenario.simulate(arrivals=20_000).to_dict()
    assert [one["kind"] for one in found["refused_by"]] == ["blocks of one subscriber"]
    assert found["refusal_probability"] == pytest.approx(float(calculator.erlang_b(16, 14)), rel=0.2)


def test_no_limit_that_there_is_not() -> None:
    limits = {"port-set-restrict": ports(130), "connection-limits": {"limit-per-subscriber": 16}}
    scenario = written(limits, {"rate": "85/min"}, clients=10, **{"connection-limits": {"limit-per-endpoint": 100}})
    assert {one["kind"] for one in scenario.risk(tries=1).to_dict()["refused_by"]} <= {"quota", "ports", "servers"}


def test_the_limits_add_up_to_what_is_told() -> None:
    limits = {"port-set-restrict": ports(150), "connection-limits": {"limit-per-instance": 230, "limit-per-subscriber": 17}}
    risk = written(limits, {"rate": "220/min"}, addresses="198.51.100.1-198.51.100.2").risk(tries=1).to_dict()
    assert sum(one["value"] for one in risk["refused_by"]) == pytest.approx(risk["refusal_probability"], rel=0.05)


def in_turn(addresses: int, ports: int, load: float) -> float:
    """What is refused where each connection goes to the next address, whatever came of the one before."""
    states = list(itertools.product(range(addresses), *[range(ports + 1)] * addresses))
    index = {s: i for i, s in enumerate(states)}
    q = np.zeros((len(states), len(states)))
    for s in states:
        turn, live = s[0], list(s[1:])
        then = live.copy()
        then[turn] = min(ports, then[turn] + 1)
        q[index[s], index[((turn + 1) % addresses, *then)]] += load
        for a in range(addresses):
            if live[a]:
                then = live.copy()
                then[a] -= 1
                q[index[s], index[(turn, *then)]] += live[a]
    q -= np.diag(q.sum(axis=1))
    equations = np.vstack([q.T, np.ones(len(states))])
    law = np.linalg.lstsq(equations, np.append(np.zeros(len(states)), 1), rcond=None)[0]
    return float(sum(p for s, p in zip(states, law, strict=True) if s[1 + s[0]] == ports))


def test_addresses_taken_in_turn() -> None:
    pool = {
        "external-ip-address-pool": "203.0.113.1-203.0.113.2",
        "design": {"base": "ideal", "pool": {"choice": "round-robin", "fallback": False}},
    }
    risk = written({**pool, "port-set-restrict": ports(6)}, {"rate": "8/min"}).risk(tries=1).to_dict()
    true, drawn = in_turn(2, 6, 8.0), float(calculator.erlang_b(6, 4.0))
    assert true < 0.9 * drawn
    assert not risk["exact"]
    assert risk["bounds"][1] == pytest.approx(drawn, rel=1e-9)
    assert risk["refusal_probability"] == pytest.approx(true, rel=0.04)  # simulated
    rare = written({**pool, "port-set-restrict": ports(30)}, {"rate": "14/min"}).risk(tries=1).to_dict()
    assert rare["interval_is"] == "bounds"
    assert rare["interval"] == [0, pytest.approx(float(calculator.erlang_b(30, 7.0)), rel=1e-9)]
