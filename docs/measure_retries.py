"""Prints how far the fixed point for retries is from what is simulated, as the table of docs/calculator.md.

python docs/measure_retries.py        # six minutes

Three tries, holds of 1 s (exponential), any free port; each next back-off twice the one before. Loads at which the fixed point has 30 %,
10 % and 3 % of attempts refused. `strangers` is the fixed point's own limit, and does not see the back-off.
"""

from __future__ import annotations

import sys
from typing import Any

from natbound import Scenario, calculator

TRIES = 3
SHORT = ((1 / 60, 0), (1, 0), (40, 0), (1, 1))  # back-off in holds, jitter
FULL = (1, 4, 16)  # holds for which the ports are full in a back-off that is spread over twice itself


def pool(ports: int, load: float, design: str = "ideal", destinations: str = "198.51.100.7", **traffic: Any) -> Scenario:
    """Some hosts behind one address with so many ports, towards a web server; holds of 1 s unless said."""
    nat = {
        "name": "gateway", "inside": ["hosts"], "external-ip-address-pool": ["203.0.113.5"], "design": design,
        "port-set-restrict": {"start-port-number": 1024, "end-port-number": 1023 + ports},
    }  # fmt: skip
    return Scenario(
        {
            "clients": [{"name": "hosts", "addresses": "10.0.0.0/24", "ports": "1024-65535"}],
            "nats": [nat],
            "servers": [{"name": "web", "addresses": destinations, "ports": 443}],
            "traffic": [{"from": "hosts", "to": "web", "live": load, "hold": "1s", **traffic}],
        }
    )


def load_for(ports: int, refused: float) -> float:
    """At which the fixed point has that share of attempts refused: what is offered is what all attempts are, over their mean number."""
    attempts = float(calculator.load_for(ports, refused))
    return attempts / sum(refused**k for k in range(TRIES))


def ratio(found: dict[str, Any], formula: float) -> str:
    low, high = (x / formula for x in found["interval"])
    return f"{found['value'] / formula:.3g} ({low:.3g} to {high:.3g})"


def main(arrivals: int) -> None:
    print(
        "| ports | refused, failed by the fixed point | back-off, holds | jitter | attempts refused, times that | connections failed, times that |"
    )
    print("|---|---|---|---|---|---|")
    for ports in (10, 100, 1000):
        for refused in (0.3, 0.1, 0.03):
            load = load_for(ports, refused)
            strangers = calculator.retries(ports, load, tries=TRIES)
            for backoff, jitter in (*SHORT, *((full / refused, 1) for full in FULL)):
                seen = (
                    pool(ports, load).simulate(tries=TRIES, backoff=backoff, jitter=jitter, arrivals=arrivals, seed=7).to_dict()["retries"]
                )
                wait = "1/60" if backoff < 1 else f"{backoff:.3g}"
                print(
                    f"| {ports:,} | {refused:.0%}, {strangers.connection_failure:.2g} | {wait} | {jitter:g} | "
                    f"{ratio(seen['attempt_refusal'], strangers.attempt_refusal)} | {ratio(seen['connection_failure'], strangers.connection_failure)} |",
                    flush=True,
                )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 8_000_000)
