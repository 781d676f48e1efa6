"""How near the law of port blocks that are kept while a connection is left in them is to what is stepped, and how far the law of blocks that
are returned as soon as fewer are needed.

    python docs/measure_blocks.py
"""

from __future__ import annotations

import natbound
from natbound import calculator

# ports in a block, blocks a subscriber, blocks in all, subscribers, load of each, arrivals
ALIKE = (
    (8, 4, 80, 100, 4.8, 400_000),
    (32, 4, 36, 20, 36.0, 1_000_000),
    (32, 4, 38, 20, 36.0, 1_000_000),
    (8, 8, 105, 50, 10.0, 1_000_000),
    (8, 8, 110, 50, 10.0, 4_000_000),
    (4, 6, 270, 200, 3.0, 1_000_000),
    (4, 6, 280, 200, 3.0, 2_000_000),
    (64, 4, 21, 10, 100.0, 1_000_000),
    (64, 4, 22, 10, 100.0, 4_000_000),
)


def scenario(block: int, most: int, pool: int, clients: dict[str, tuple[int, float]]) -> natbound.Scenario:
    """Client sets of so many subscribers, each with such a load towards a destination of its own."""
    names = list(clients)
    return natbound.Scenario(
        {
            "clients": [
                {"name": n, "addresses": f"10.{i}.0.1-10.{i}.{clients[n][0] // 256}.{clients[n][0] % 256}"} for i, n in enumerate(names)
            ],
            "nats": [
                {
                    "name": "cgnat",
                    "inside": names,
                    "external-ip-address-pool": "203.0.113.0",
                    "design": "ideal",
                    "port-set-restrict": {"start-port-number": 1024, "end-port-number": 1023 + block * pool},
                    "port-set": {"port-set-size": block, "port-sets-per-subscriber": most},
                }
            ],
            "servers": [{"name": f"to-{n}", "addresses": f"198.51.100.{i + 1}", "ports": 443} for i, n in enumerate(names)],
            "traffic": [{"from": n, "to": f"to-{n}", "live": clients[n][0] * clients[n][1], "hold": "60s"} for n in names],
        }
    )


def main() -> None:
    """A line for each network: refused by the law, stepped, and were blocks returned at once."""
    print("block most pool subscribers load   law       stepped   returned at once")
    for block, most, pool, subscribers, load, arrivals in ALIKE:
        one = scenario(block, most, pool, {"homes": (subscribers, load)})
        law = one.risk(tries=1).refusal_probability
        seen = one.simulate(arrivals=arrivals).refused / arrivals
        needed = calculator.blocks_refused(block, most, pool, subscribers, load).refusal
        print(f"{block:5} {most:4} {pool:4} {subscribers:11} {load:4g}   {law:.3g}   {seen:.3g}   {needed:.3g}")
    print("100 homes beside one sensor that wants 30 by itself, or next to none:")
    for sensor in (0.003, 30.0):
        one = scenario(8, 4, 80, {"homes": (100, 4.8), "sensor": (1, sensor)})
        laws = {k["from"]: k["refusal_probability"]["value"] for k in one.risk(tries=1).to_dict()["kinds"]}
        stepped = {k["from"]: k["refusal_probability"] for k in one.simulate(arrivals=400_000).to_dict()["kinds"]}
        print("  " + "; ".join(f"{name} {laws[name]:.1%} by the law, {stepped.get(name, float('nan')):.1%} stepped" for name in laws))


if __name__ == "__main__":
    main()
