"""When the first connection is refused: against dense chains with an absorbing state, from an empty start."""

from __future__ import annotations

import itertools
from typing import Any

import natbound
import numpy as np
import pytest


def absorbed(ports: int, load: float) -> np.ndarray:
    """The generator of Erlang's loss system until a refusal; unit: the mean hold."""
    out = np.zeros((ports + 1, ports + 1))
    for n in range(ports + 1):
        if n < ports:
            out[n, n + 1] = load
        if n:
            out[n, n - 1] = n
        out[n, n] = -load - n
    return out


def stepped(generator: np.ndarray, time: float) -> np.ndarray:
    """exp(generator time), of so short a time that its series converges at once."""
    term = out = np.eye(len(generator))
    for k in range(1, 40):
        term = term @ generator * (time / k)
        out = out + term
    return out


def least_of(systems: list[tuple[int, float, int]]) -> float:
    """Mean time until one of independent systems (ports, load, copies) refuses, by Simpson's rule over their survivals."""
    step, total, at = 0.02, 0.0, 0
    states = [np.eye(1, ports + 1) for ports, _, _ in systems]
    steps = [stepped(absorbed(ports, load), step) for ports, load, _ in systems]
    while True:
        left = float(np.prod([s.sum() ** copies for s, (_, _, copies) in zip(states, systems, strict=True)]))
        total += left * (1 if at == 0 else 4 if at % 2 else 2)
        if left < 1e-10:
            return total * step / 3
        at += 1
        states = [s @ m for s, m in zip(states, steps, strict=True)]


def subscribers(number: int, ports: int, live: float, **more: Any) -> dict[str, Any]:
    """Each has ports of its own."""
    last = 1 + number
    return {
        "clients": [{"name": "homes", "addresses": f"10.0.0.2-10.0.0.{last}", "ports": "1024-65535"}],
        "servers": [{"name": "web", "addresses": "198.51.100.7", "ports": 443}],
        "nats": [{"name": "cgn", "inside": ["homes"], "external-ip-address-pool": "203.0.113.0/28", "design": "ideal",
                  "port-set": {"port-set-size": ports, "deterministic": True}, **more}],
        "traffic": [{"from": "homes", "to": "web", "live": live * number, "hold": "60s"}],
    }  # fmt: skip


def first(value: dict[str, Any]) -> Any:
    return natbound.Scenario(value).risk().to_dict()["seconds_to_first_refusal"]


@pytest.mark.parametrize(("number", "ports", "live"), [(1, 12, 9.0), (6, 12, 9.0), (40, 12, 6.0), (200, 8, 2.0), (3, 12, 20.0)])
def test_subscribers_with_ports_of_their_own(number: int, ports: int, live: float) -> None:
    found = first(subscribers(number, ports, live))
    assert found["from_empty"] is True
    assert found["value"] == pytest.approx(60 * least_of([(ports, live, number)]), rel=2e-3)


def test_rare_refusals_add_their_rates() -> None:
    """In the long run each waits without memory: the mean of one, over their number."""
    one = first(subscribers(1, 64, 20.0))["value"]
    assert first(subscribers(200, 64, 20.0))["value"] == pytest.approx(one / 200, rel=1e-3)


def test_destinations_of_unlike_loads() -> None:
    value: dict[str, Any] = {
        "clients": [{"name": "homes", "addresses": "10.0.0.0/16", "ports": "1024-65535"}],
        "servers": [{"name": n, "addresses": f"198.51.100.{k}", "ports": 443} for k, n in enumerate(("a", "b"))],
        "nats": [{"name": "cgn", "inside": ["homes"], "external-ip-address-pool": "203.0.113.1", "design": "ideal",
                  "port-set-restrict": {"start-port-number": 20000, "end-port-number": 20019}}],
        "traffic": [{"from": "homes", "to": "a", "live": 12, "hold": "60s"}, {"from": "homes", "to": "b", "live": 15, "hold": "60s"}],
    }  # fmt: skip
    assert first(value)["value"] == pytest.approx(60 * least_of([(20, 12.0, 1), (20, 15.0, 1)]), rel=2e-3)


def by_chain(quota: int, table: int, clients: int, load: float) -> float:
    """Mean time until a quota or the table refuses, from empty: the chain of what each client has live."""
    states = [s for s in itertools.product(range(quota + 1), repeat=clients) if sum(s) <= table]
    place = {s: i for i, s in enumerate(states)}
    equations = np.zeros((len(states), len(states)))
    for s, i in place.items():
        for c in range(clients):
            equations[i, i] += load + s[c]
            if s[c] < quota and sum(s) < table:
                equations[i, place[(*s[:c], s[c] + 1, *s[c + 1 :])]] -= load
            if s[c]:
                equations[i, place[(*s[:c], s[c] - 1, *s[c + 1 :])]] -= s[c]
    return float(np.linalg.solve(equations, np.ones(len(states)))[place[(0,) * clients]])


@pytest.mark.parametrize(
    ("quota", "table", "clients", "load"), [(4, 9, 3, 1.5), (4, 12, 3, 1.5), (3, 7, 4, 0.7), (5, 9, 3, 2.5), (9, 9, 3, 2.0)]
)
def test_limits_that_share_connections_give_bounds(quota: int, table: int, clients: int, load: float) -> None:
    value = subscribers(clients, 64, load, **{"connection-limits": {"limit-per-subscriber": quota, "limit-per-instance": table}})
    del value["nats"][0]["port-set"]
    found = first(value)
    truth = 60 * by_chain(quota, table, clients, load)
    if "value" in found:
        assert found["value"] == pytest.approx(truth, rel=6e-3)
        return
    assert found["at_least"] <= truth * 1.003
    assert truth <= found["at_most"] * 1.003
    assert found["at_most"] < 1.6 * found["at_least"]


def test_refusals_come_in_clusters() -> None:
    """Where holds are not exponential: no sooner than the mean time between refusals."""
    value = subscribers(20, 12, 9.0)
    value["traffic"][0]["hold"] = {"mean": "60s", "law": "constant"}
    found = natbound.Scenario(value).risk().to_dict()
    assert found["seconds_to_first_refusal"] == {"at_least": pytest.approx(86400 / found["refusals_per_day"]), "from_empty": False}
