"""Small networks, and the dense chains that say the truth about them: shared by the tests of changes."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from natbound import Scenario


def small(ports: int, traffic: list[dict[str, Any]], *, design: Any = "ideal", nat: dict[str, Any] | None = None) -> Scenario:
    """One NAT of so many ports on one address, and two servers."""
    return Scenario(
        {
            "clients": [{"name": "clients", "addresses": "10.0.0.1-10.0.3.232", "ports": "1024-65535"}],
            "nats": [
                {
                    "name": "nat",
                    "inside": ["clients"],
                    "external-ip-address-pool": ["203.0.113.1"],
                    "design": design,
                    "port-set-restrict": {"start-port-number": 1024, "end-port-number": 1023 + ports},
                    **(nat or {}),
                }
            ],
            "servers": [
                {"name": "A", "addresses": "198.51.100.1", "ports": 443},
                {"name": "B", "addresses": "198.51.100.2", "ports": 443},
            ],
            "traffic": [{"from": "clients", **entry} for entry in traffic],
        }
    )


def exponential_of(generator: np.ndarray, time: float) -> np.ndarray:
    """e^(Qt) by scaling and squaring of its series."""
    size = np.abs(generator).max() * time
    halvings = max(0, math.ceil(math.log2(max(size, 1e-9))) + 6)
    step = generator * (time / 2**halvings)
    out = np.eye(len(step))
    term = np.eye(len(step))
    for k in range(1, 20):
        term = term @ step / k
        out = out + term
    for _ in range(halvings):
        out = out @ out
    return out


def chain(ports: int, load: float, refusal: Any = lambda n: 0.0, killed: bool = False) -> np.ndarray:
    """The generator of the number live, in mean holds; killed: a refusal ends it."""
    q = np.zeros((ports + 1, ports + 1))
    for n in range(ports + 1):
        refused = 1.0 if n == ports else refusal(n)
        if n < ports:
            q[n, n + 1] = load * (1 - refused)
        if n > 0:
            q[n, n - 1] = n
        q[n, n] = -(q[n].sum() + (load * refused if killed else 0))
    return q


def stationary(q: np.ndarray) -> np.ndarray:
    weights = [1.0]
    for n in range(len(q) - 1):
        weights.append(weights[-1] * q[n, n + 1] / q[n + 1, n])
    return np.array(weights) / math.fsum(weights)


def on_off_chain(ports: int, load: float, on: float, off: float) -> np.ndarray:
    """The generator of (off or on, number live), in mean holds: state * (ports + 1) + live."""
    q = np.zeros((2 * ports + 2, 2 * ports + 2))
    for state, n in ((s, n) for s in range(2) for n in range(ports + 1)):
        i = state * (ports + 1) + n
        if state and n < ports:
            q[i, i + 1] = load * (on + off) / on
        if n:
            q[i, i - 1] = n
        q[i, (1 - state) * (ports + 1) + n] += 1 / (on if state else off)
        q[i, i] = -q[i].sum()
    return q


def long_run_of(q: np.ndarray) -> np.ndarray:
    balance = np.vstack([q.T, np.ones(len(q))])
    return np.linalg.lstsq(balance, np.append(np.zeros(len(q)), 1.0), rcond=None)[0]
