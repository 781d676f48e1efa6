"""How long large scenarios take, each beside its limit in the same run.

    python bench/sizes.py

- 1,000 NATs, 100 servers, 100,000 traffic entries: reading, and the maximum with its certificate: at most 2 s together.
- 10,000 client sets (prefixes), each with its own range of ports, behind a pool: the maximum with its certificate: at most 100 ms.
- 1,000 static mappings (overlapping prefixes, each with its own range of ports) in a /8: the maximum with its certificate: at most 10 s.
- 1,000 NATs, 70,000 connections wanted of each (64,512 have room): why not, what would do, and what one more of each thing is worth: at most 10 s;
  where ten at a time share one address, the same, and whether 60,000 of each fit with the largest multiple that does: at most 20 s and 10 s.
- 10,000 what-if variants of a home network through an executor: at most 10 s.
- The same question for 1e5 tuples and for 1e35: the same time.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from ipaddress import ip_address
from pathlib import Path
from statistics import median
from typing import Any

import natbound

HOME = Path(__file__).resolve().parents[1] / "examples" / "home-lan.yaml"


def seconds(work: Callable[[], Any], times: int = 3) -> tuple[float, Any]:
    """The median, and what came out last."""
    took = []
    for _ in range(times):
        start = time.perf_counter()
        out = work()
        took.append(time.perf_counter() - start)
    return median(took), out


def told(what: str, took: float, limit: float) -> None:
    """One line."""
    print(f"{what:64} {took * 1e3:8,.0f} ms of {limit * 1e3:6,.0f} ms: {took / limit:5.2f}")


def many_nats() -> dict[str, Any]:
    """A thousand home NATs side by side, and who talks to whom."""
    return {
        "clients": [{"name": f"c{i}", "addresses": f"10.{i // 250}.{i % 250}.0/28"} for i in range(1000)],
        "nats": [
            {"name": f"n{i}", "inside": [f"c{i}"], "external-ip-address-pool": f"203.0.{i // 256}.{i % 256}", "design": "linux-masquerade"}
            for i in range(1000)
        ],
        "servers": [{"name": f"s{k}", "addresses": f"198.51.100.{k}", "ports": 443} for k in range(100)],
        "traffic": [{"from": f"c{i}", "to": f"s{k}", "rate": "10/s", "hold": "60s"} for i in range(1000) for k in range(100)],
    }


def many_ranges() -> dict[str, Any]:
    """Client sets that have nothing in common."""
    rng = random.Random(3)
    clients = []
    for i in range(10_000):
        low = rng.randint(1024, 60_000)
        clients.append({"name": f"c{i}", "addresses": f"10.{i >> 8}.{i & 255}.0/24", "ports": f"{low}-{rng.randint(low, 65_535)}"})
    nat = {"name": "n", "inside": [c["name"] for c in clients], "external-ip-address-pool": "203.0.113.0/28", "design": "ideal"}
    return {"clients": clients, "nats": [nat], "servers": [{"name": "s", "addresses": "198.51.100.1", "ports": 443}]}


def many_mappings() -> dict[str, Any]:
    """Prefixes that nest, of which no two keep one endpoint."""
    rng = random.Random(1)
    kept: list[tuple[int, int, int]] = []  # prefix, its length, first port
    while len(kept) < 1000:
        length, port = rng.randint(15, 30), 1024 + 24 * rng.randrange(2600)
        prefix = 11 << 24 | rng.getrandbits(24) >> (32 - length) << (32 - length)
        if not any(port == p and prefix >> (32 - min(length, n)) == a >> (32 - min(length, n)) for a, n, p in kept):
            kept.append((prefix, length, port))
    mappings = [
        {"external-src-address": f"{ip_address(a)}/{n}", "external-src-port": f"{p}-{p + rng.randrange(24)}"} for a, n, p in kept
    ]  # fmt: skip
    nat = {"name": "n", "inside": ["A"], "external-ip-address-pool": "11.0.0.0/8", "design": "ideal", "static-mappings": mappings}
    return {
        "clients": [{"name": "A", "addresses": "10.0.0.0/8"}],
        "nats": [nat],
        "servers": [{"name": "s", "addresses": "198.51.100.1", "ports": 443}],
    }


def crowded(together: int) -> natbound.Scenario:
    """A thousand NATs, so many of them to a public address, towards one server."""
    return natbound.Scenario(
        {
            "clients": [{"name": f"c{i}", "addresses": f"10.{i // 256}.{i % 256}.0/24"} for i in range(1000)],
            "nats": [
                {"name": f"n{i}", "inside": [f"c{i}"], "external-ip-address-pool": f"203.0.{i // together // 256}.{i // together % 256}", "design": "ideal"}
                for i in range(1000)
            ],
            "servers": [{"name": "x", "addresses": "198.51.100.1", "ports": 443}],
        }
    )  # fmt: skip


def wide(prefix: int, design: str) -> natbound.Scenario:
    """A /prefix of clients and one of servers."""
    return natbound.Scenario(
        {
            "clients": [{"name": "A", "addresses": f"2001:db8:1::/{prefix}"}],
            "nats": [{"name": "n", "inside": ["A"], "external-ip-address-pool": "2001:db8:2::/120", "design": design}],
            "servers": [{"name": "s", "addresses": f"2001:db8:3::/{prefix}", "ports": 443}],
        }
    )


def main() -> None:
    """All of them."""
    large = many_nats()
    reading, scenario = seconds(lambda: natbound.Scenario(large), 1)
    counting, _ = seconds(lambda: scenario._core.maximum(False))
    told("1,000 NATs, 100,000 traffic entries: read, and the maximum", reading + counting, 2)
    ranges = natbound.Scenario(many_ranges())
    took, _ = seconds(lambda: ranges._core.maximum(False))
    told("10,000 prefixes with 10,000 ranges of ports: the maximum", took, 0.1)
    mapped = natbound.Scenario(many_mappings())
    took, _ = seconds(lambda: mapped._core.maximum(False), 1)
    told("1,000 static mappings in a /8: the maximum", took, 10)
    apart, shared = crowded(1), crowded(10)
    took, why = seconds(lambda: apart.explain(70_000_000), 1)
    assert why["changes"][0]["kind"] == "destination"
    told("1,000 NATs, each with too much: explain", took, 10)
    took, why = seconds(lambda: shared.explain(60_000_000), 1)
    assert why["changes"][0]["more"] == 9
    told("1,000 NATs, ten to an address: explain", took, 20)
    took, fit = seconds(lambda: shared.capacity(60_000_000), 1)
    assert fit["multiple"]["fraction"] == "6451/60000"
    told("1,000 NATs, ten to an address: a demand and its multiple", took, 10)
    home = natbound.load(HOME)
    variants = [f"nats.connection-limits.limit-per-instance={n}" for n in range(1, 10_001)]
    with ThreadPoolExecutor() as threads:
        took, found = seconds(lambda: list(natbound.sweep(home, variants, executor=threads)), 1)
    assert [r["connections"] for r in found] == list(range(1, 10_001))
    told("10,000 variants of a home network, in threads", took, 10)
    narrow, _ = seconds(lambda: wide(127, "ideal")._core.maximum(False), 21)
    broad, _ = seconds(lambda: wide(64, "ideal")._core.maximum(False), 21)
    print(
        f"{'2 clients and servers, and 2^64 of each: reading and the maximum':64} {narrow * 1e3:8,.2f} and {broad * 1e3:,.2f} ms: {broad / narrow:5.2f}"
    )


if __name__ == "__main__":
    main()
