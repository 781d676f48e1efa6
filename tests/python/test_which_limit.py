"""Which limit refuses, jointly: against the chain of all states, the calculator's own sums, and what the simulator counts by limit."""

from __future__ import annotations

import itertools
import random
from typing import Any

import natbound
import numpy as np
import pytest
from natbound import calculator


def written(*, clients: int, ports: int, rate: float, quota: int | None = None, table: int | None = None, second: float = 0,
            connections: float | None = None, own: int = 2000) -> dict[str, Any]:  # fmt: skip
    """One address; `second`: connections a second towards a protocol with ports of its own."""
    limits = {"limit-per-subscriber": quota, "limit-per-instance": table}
    nat: dict[str, Any] = {
        "name": "n", "inside": ["c"], "external-ip-address-pool": "203.0.113.1",
        "design": {"base": "ideal", "mapping-type": "edm", "clash-scope": {"destination": "none"}},
        "port-set-restrict": {"start-port-number": 2000, "end-port-number": 1999 + ports},
        "connection-limits": {k: v for k, v in limits.items() if v},
    }  # fmt: skip
    if not nat["connection-limits"]:
        del nat["connection-limits"]
    if connections:
        nat["rate-limits"] = {"connections": f"{connections}/s", "connections-burst": 5}
    out: dict[str, Any] = {
        "clients": [{"name": "c", "addresses": f"10.0.0.1-10.0.0.{clients}", "ports": f"5000-{4999 + own}"}],
        "nats": [nat],
        "servers": [{"name": "s", "addresses": "198.51.100.1", "ports": 80}],
        "traffic": [{"from": "c", "to": "s", "rate": f"{rate}/s", "hold": "1s"}],
    }
    if second:
        out["servers"].append({"name": "u", "addresses": "198.51.100.2", "ports": 53, "protocol": "udp"})
        out["traffic"].append({"from": "c", "to": "u", "rate": f"{second}/s", "hold": "1s"})
    return out


def chain(
    *, clients: int, ports: int, rate: float, quota: int | None = None, table: int | None = None, second: float = 0
) -> dict[str, float]:
    """What each limit refuses, from the balance of all states: live connections by client and protocol."""
    rates = [r / clients for r in ([rate, second] if second else [rate])]
    most = min(x for x in (quota, table, ports) if x)
    cells = [(c, p) for c in range(clients) for p in range(len(rates))]

    def refuses(state: tuple[int, ...], c: int, p: int) -> str | None:
        held = dict(zip(cells, state, strict=True))
        if quota and sum(n for (d, _), n in held.items() if d == c) >= quota:
            return "quota"
        if table and sum(state) >= table:
            return "table"
        return "ports" if sum(n for (_, q), n in held.items() if q == p) >= ports else None

    states = [s for s in itertools.product(range(most + 1), repeat=len(cells))
              if (not quota or all(sum(n for (d, _), n in zip(cells, s, strict=True) if d == c) <= quota for c in range(clients)))
              and (not table or sum(s) <= table)
              and all(sum(n for (_, q), n in zip(cells, s, strict=True) if q == p) <= ports for p in range(len(rates)))]  # fmt: skip
    number = {s: i for i, s in enumerate(states)}
    flow = np.zeros((len(states), len(states)))
    for s, i in number.items():
        for k, (c, p) in enumerate(cells):
            if not refuses(s, c, p):
                up = (*s[:k], s[k] + 1, *s[k + 1 :])
                flow[i, number[up]] += rates[p]
            if s[k]:
                flow[i, number[(*s[:k], s[k] - 1, *s[k + 1 :])]] += s[k]
    np.fill_diagonal(flow, -flow.sum(axis=1))
    balance = np.vstack([flow.T, np.ones(len(states))])
    law = np.linalg.lstsq(balance, np.append(np.zeros(len(states)), 1), rcond=None)[0]
    out: dict[str, float] = {}
    for s, i in number.items():
        for c, p in cells:
            if why := refuses(s, c, p):
                out[why] = out.get(why, 0) + law[i] * rates[p] / (clients * sum(rates))
    return out


def parts(found: natbound.Result) -> dict[str, Any]:
    return {one["kind"]: one for one in found.to_dict()["refused_by"]}


@pytest.mark.parametrize("case", [
    {"clients": 2, "ports": 5, "rate": 6.0, "quota": 3},
    {"clients": 3, "ports": 4, "rate": 5.0, "quota": 2},
    {"clients": 3, "ports": 7, "rate": 6.0, "quota": 3, "table": 5},
    {"clients": 2, "ports": 6, "rate": 9.0, "table": 6},
])  # fmt: skip
def test_one_system_is_exact(case: dict[str, Any]) -> None:
    found, known = natbound.Scenario(written(**case)).risk(tries=1), chain(**case)
    by = parts(found)
    assert found.exact
    assert set(by) == set(known)
    for kind, share in known.items():
        assert by[kind]["value"] == pytest.approx(share, rel=1e-9)
        assert by[kind]["interval_is"] == "exact"


def test_as_limits_in_sequence_has_it() -> None:
    by = parts(natbound.Scenario(written(clients=6, ports=40, rate=48, quota=12)).risk(tries=1))
    known = calculator.limits_in_sequence(6, 8, quota=12, table=40)
    assert by["quota"]["value"] == pytest.approx(known.by_quota, rel=1e-10)
    assert by["ports"]["value"] == pytest.approx(known.by_table, rel=1e-10)


@pytest.mark.parametrize("case", [
    {"clients": 2, "ports": 3, "rate": 2.0, "second": 1.0, "quota": 3},
    {"clients": 2, "ports": 3, "rate": 4.0, "second": 3.0, "quota": 3},
    {"clients": 1, "ports": 4, "rate": 3.0, "second": 2.0, "quota": 5},
    {"clients": 2, "ports": 3, "rate": 3.0, "second": 2.0, "table": 5},
    {"clients": 2, "ports": 3, "rate": 3.0, "second": 2.0, "table": 4, "quota": 3},
])  # fmt: skip
def test_the_chain_lies_within_the_bounds(case: dict[str, Any]) -> None:
    """Two protocols with ports of their own: no formula here has them together."""
    found, known = natbound.Scenario(written(**case)).risk(tries=1), chain(**case)
    assert found.interval[0] <= sum(known.values()) * 1.02
    assert sum(known.values()) <= found.interval[1] * 1.02
    if "bounds" in found.to_dict():
        low, high = found.bounds
        assert low <= sum(known.values()) <= high
        assert found.refusal_probability == pytest.approx(sum(known.values()), rel=0.03)
    for kind, one in parts(found).items():
        assert one["interval"][0] * 0.97 <= known.get(kind, 0) <= one["interval"][1] * 1.03


def test_all_add_up_and_none_passes_what_it_refuses_by_itself() -> None:
    found = natbound.Scenario(written(clients=4, ports=30, rate=20, second=12, quota=11, table=38)).risk(tries=1, epsilon=1e-3)
    own = {one["kind"]: one.get("refusal_probability") for one in found.to_dict()["limits"]}
    for kind, one in parts(found).items():
        assert one["interval"][0] <= one["value"] <= one["interval"][1]
        if own.get(kind) is not None:
            assert one["interval"][1] <= own[kind] * (1 + 1e-9)
    whole = natbound.Scenario(written(clients=6, ports=40, rate=40, quota=12)).risk(tries=1)
    assert sum(one["value"] for one in parts(whole).values()) == pytest.approx(whole.refusal_probability, rel=1e-12)


def test_the_simulator_counts_by_limit() -> None:
    """Where all is counted jointly its shares are those of the sums; each refusal has one limit."""
    s = natbound.Scenario(written(clients=6, ports=40, rate=48, quota=10))
    seen, by = s.simulate(seed=4, arrivals=200_000).to_dict(), parts(s.risk(tries=1))
    assert sum(one["refused"] for one in seen["refused_by"]) == seen["refused"]
    for one in seen["refused_by"]:
        assert one["value"] == pytest.approx(by[one["kind"]]["value"], rel=0.06)


def test_random_limits_lie_within_their_bounds() -> None:
    rng = random.Random(11)
    for _ in range(12):
        case: dict[str, Any] = {"clients": rng.randint(1, 6), "ports": rng.randint(15, 60)}
        room = 2 * case["ports"]
        case["rate"], case["second"] = rng.uniform(0.2, 0.6) * room, rng.uniform(0.05, 0.4) * room
        if rng.random() < 0.7:
            case["quota"] = rng.randint(5, 30)
        if rng.random() < 0.6:
            case["table"] = rng.randint(case["ports"] // 2, room - 1)
        if rng.random() < 0.4:
            case["connections"] = rng.uniform(0.8, 1.5) * (case["rate"] + case["second"])
        s = natbound.Scenario(written(**case))
        found, seen = s.risk(tries=1).to_dict(), s.simulate(seed=99, arrivals=150_000).to_dict()
        low, high = found.get("bounds", found["interval"])
        assert low <= seen["interval"][1] * 1.001, case
        assert seen["interval"][0] <= high * 1.001, case
        for one in found["refused_by"]:
            share = next((x for x in seen["refused_by"] if x["kind"] == one["kind"]), None)
            if share and share["independent"] >= 20:
                assert one["interval"][0] <= share["interval"][1] * 1.05, (case, one)
                assert share["interval"][0] <= one["interval"][1] * 1.05, (case, one)
