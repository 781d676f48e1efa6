"""Prints how far `day` is from days that are stepped arrival by arrival, for arrivals one by one and in bursts: the table of docs/calculator.md.

python docs/measure_day.py        # five minutes; else so many days each: 400

One NAT of 30 ports that finds every free one, exponential holds, rates of 24 hours from 0.3 to 1.6 of their mean.
"""

from __future__ import annotations

import heapq
import math
import random
import sys
from collections.abc import Sequence
from typing import Any

from natbound import Scenario

DAY = 86400.0
HOURS = [1 + 0.65 * math.sin(2 * math.pi * (k - 9) / 24) + 0.1 * math.sin(4 * math.pi * k / 24) for k in range(24)]
ARRIVALS: dict[str, dict[str, Any]] = {
    "one by one": {},
    "batches of 3": {"law": "batches", "mean-batch": 3},
    "on 20 s, off 20 s": {"law": "on-off", "on": "20s", "off": "20s"},
    "on 60 s, off 240 s": {"law": "on-off", "on": "60s", "off": "240s"},
    "two states of 5 min, 1 to 3": {"law": "mmpp", "states": [{"weight": 1, "mean": "300s"}, {"weight": 3, "mean": "300s"}]},
}


def scenario(ports: int, load: float, hold: float, arrivals: dict[str, Any]) -> Scenario:
    return Scenario(
        {
            "clients": [{"name": "clients", "addresses": "10.0.0.1-10.0.3.232", "ports": "1024-65535"}],
            "nats": [
                {
                    "name": "nat",
                    "inside": ["clients"],
                    "external-ip-address-pool": ["203.0.113.1"],
                    "design": "ideal",
                    "port-set-restrict": {"start-port-number": 1024, "end-port-number": 1023 + ports},
                }
            ],
            "servers": [{"name": "A", "addresses": "198.51.100.1", "ports": 443}],
            "traffic": [
                {
                    "from": "clients",
                    "to": "A",
                    "rate": f"{load / hold}/s",
                    "hold": f"{hold}s",
                    **({"arrivals": arrivals} if arrivals else {}),
                }
            ],
        }
    )


def stepped(ports: int, rate: float, hold: float, hours: Sequence[float], arrivals: dict[str, Any], days: int, seed: int) -> list[float]:
    """The share refused of each day, after one that is not counted."""
    rng, mean = random.Random(seed), sum(hours) / len(hours)
    levels, stays = [1.0], [math.inf]
    if arrivals.get("law") == "on-off":
        stays = [float(arrivals[key][:-1]) for key in ("on", "off")]
        levels = [sum(stays) / stays[0], 0.0]
    elif arrivals.get("law") == "mmpp":
        stays = [float(state["mean"][:-1]) for state in arrivals["states"]]
        weights = [float(state["weight"]) for state in arrivals["states"]]
        middle = sum(w * s for w, s in zip(weights, stays, strict=True)) / sum(stays)
        levels = [w / middle for w in weights]
    batch = float(arrivals.get("mean-batch", 1))
    most = max(hours) / mean * rate * max(levels) / batch
    out, leaving, now, state = [], list[float](), 0.0, 0
    until = rng.expovariate(1 / stays[0]) if math.isfinite(stays[0]) else math.inf
    for day in range(days + 1):
        offered = refused = 0
        while now < (day + 1) * DAY:
            now += rng.expovariate(most)
            while now > until:
                state = (state + 1) % len(stays)
                until += rng.expovariate(1 / stays[state])
            place = now % DAY / DAY * len(hours)
            k = int(place)
            here = hours[k] + (hours[(k + 1) % len(hours)] - hours[k]) * (place - k)
            if rng.random() * max(hours) * max(levels) > here * levels[state]:
                continue
            while leaving and leaving[0] <= now:
                heapq.heappop(leaving)
            more = True
            while more:
                offered += 1
                if len(leaving) == ports:
                    refused += 1
                else:
                    heapq.heappush(leaving, now + rng.expovariate(1 / hold))
                more = rng.random() < 1 - 1 / batch
        if day:
            out.append(refused / offered)
    return out


def compared(arrivals: dict[str, Any], hold: float, days: int, seed: int = 1) -> tuple[float, float, float]:
    """What `day` says is refused, what days stepped here show, and the standard error of that."""
    load = 14.0
    said = scenario(30, load, hold, arrivals).day(HOURS).refused
    seen = stepped(30, load / hold, hold, HOURS, arrivals, days, seed)
    mean = sum(seen) / days
    return said, mean, math.sqrt(sum((x - mean) ** 2 for x in seen) / (days - 1) / days)


if __name__ == "__main__":
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 400
    print("| arrivals | hold | `day` | stepped | off |\n|---|---|---|---|---|")
    for name, rule in ARRIVALS.items():
        for hold in (60.0, 1800.0):
            said, seen, error = compared(rule, hold, runs)
            print(f"| {name} | {hold / 60:g} min | {said:.4g} | {seen:.4g} ± {error:.1g} | {said / seen - 1:+.1%} |", flush=True)
