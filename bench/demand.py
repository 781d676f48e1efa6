"""A demand by pairs beside OR-Tools' SimpleMaxFlow, on the same network in the same run.

    python bench/demand.py

natbound answers from the scenario's text: does it fit, and what is the largest multiple, in exact fractions, with certificates. OR-Tools is given
the network of pairs and (server, pool) nodes as arrays, one feasibility question at a time; the multiple by halving over whole percents of a
percent. Needs numpy and ortools.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from statistics import median
from typing import Any

import natbound
import numpy as np
from ortools.graph.python import max_flow

PORTS = 64_512
ADDRESSES = 4


def timed(work: Callable[[], Any], times: int = 7) -> tuple[float, Any]:
    """Milliseconds (median), and what came out."""
    took = []
    for _ in range(times):
        start = time.perf_counter()
        out = work()
        took.append((time.perf_counter() - start) * 1e3)
    return median(took), out


def network(n: int, degree: int, rng: np.random.Generator) -> tuple[natbound.Scenario, list[dict[str, Any]]]:
    """n client sets of a /26 and n servers behind four addresses; each client set wants connections of `degree` servers."""
    scenario = natbound.Scenario(
        {
            "clients": [{"name": f"c{i}", "addresses": f"10.{i >> 10}.{(i >> 2) & 255}.{(i & 3) * 64}/26"} for i in range(n)],
            "nats": [
                {
                    "name": "n",
                    "inside": [f"c{i}" for i in range(n)],
                    "external-ip-address-pool": "203.0.113.0-203.0.113.3",
                    "design": "ideal",
                }
            ],
            "servers": [
                {"name": f"s{j}", "addresses": f"198.{18 + (j >> 16)}.{(j >> 8) & 255}.{j & 255}", "ports": "443"} for j in range(n)
            ],
        }
    )
    wanted = rng.integers(20_000, 40_000, size=(n, degree))
    return scenario, [
        {"from": f"c{i}", "to": f"s{(i + 7 * k) % n}", "connections": int(wanted[i, k])} for i in range(n) for k in range(degree)
    ]


def peer(demand: list[dict[str, Any]], n: int, k: float) -> bool:
    """Whether k times the demand fits, by OR-Tools."""
    size = len(demand)
    want = np.array([int(d["connections"] * k) for d in demand], dtype=np.int64)
    to = np.array([int(d["to"][1:]) for d in demand], dtype=np.int64)
    pairs = np.arange(size)
    source, sink = size + n, size + n + 1
    flow = max_flow.SimpleMaxFlow()
    tails = np.concatenate([np.full(size, source), pairs, size + np.arange(n)])
    heads = np.concatenate([pairs, size + to, np.full(n, sink)])
    flow.add_arcs_with_capacity(tails, heads, np.concatenate([want, want, np.full(n, PORTS * ADDRESSES, dtype=np.int64)]))
    flow.solve(source, sink)
    return bool(flow.optimal_flow() == want.sum())


def halved(demand: list[dict[str, Any]], n: int) -> float:
    """The multiple to 1e-4."""
    low, high = 0.0, 4.0
    while high - low > 1e-4:
        middle = (low + high) / 2
        low, high = (middle, high) if peer(demand, n, middle) else (low, middle)
    return low


def main() -> None:
    """One line a size."""
    rng = np.random.default_rng(1)
    print("pairs     natbound: fits / and multiple / all with certificates    OR-Tools: fits / multiple to 1e-4    (ms)")
    for n, degree in ((100, 8), (500, 8), (2_000, 8)):
        scenario, demand = network(n, degree, rng)
        text = json.dumps(demand)
        core = scenario._core
        fits, _ = timed(lambda core=core, text=text: core.fits_demand(text, False, False))
        whole, out = timed(lambda scenario=scenario, demand=demand: scenario.capacity(demand))
        both, _ = timed(lambda core=core, text=text: core.fits_demand(text, False, True))
        theirs, verdict = timed(lambda demand=demand, n=n: peer(demand, n, 1.0))
        search, low = timed(lambda demand=demand, n=n: halved(demand, n), 3)
        assert verdict == out["fits"]
        assert low <= out["multiple"]["value"] + 1e-9
        assert out["multiple"]["value"] - low < 2e-4
        print(f"{len(demand):6,} {fits:10.1f} / {both:.1f} / {whole:.1f} {theirs:38.1f} / {search:.1f}    {out['multiple']['fraction']}")


if __name__ == "__main__":
    main()
