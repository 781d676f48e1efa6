"""How far port blocks that are kept while any connection is left in them are from the law, in which a subscriber holds no more than it needs.

    python docs/measure_blocks.py

100 homes, and a sensor that wants 30 connections by itself or next to none, behind 640 ports in blocks of 8, at most 4 a subscriber.
"""

from __future__ import annotations

import natbound


def scenario(sensor: str) -> natbound.Scenario:
    """With so many connections a second of the sensor."""
    return natbound.Scenario(
        {
            "clients": [{"name": "homes", "addresses": "100.64.0.0-100.64.0.99"}, {"name": "sensor", "addresses": "100.65.0.0"}],
            "nats": [
                {
                    "name": "cgnat",
                    "inside": ["homes", "sensor"],
                    "external-ip-address-pool": "203.0.113.0",
                    "design": "ideal",
                    "port-set-restrict": {"start-port-number": 1024, "end-port-number": 1663},
                    "port-set": {"port-set-size": 8, "port-sets-per-subscriber": 4},
                }
            ],
            "servers": [
                {"name": "web", "addresses": "198.51.100.1", "ports": "443"},
                {"name": "dns", "addresses": "192.0.2.53", "ports": "53", "protocol": "udp"},
            ],
            "traffic": [
                {"from": "homes", "to": "web", "rate-per-client": "0.04/s", "hold": "120s"},
                {"from": "sensor", "to": "dns", "rate": sensor, "hold": "30s"},
            ],
        }
    )


def main() -> None:
    """A line for each client set: refused by the law, and stepped."""
    for sensor in ("0.0001/s", "1/s"):
        one = scenario(sensor)
        law = {k["from"]: k["refusal_probability"]["value"] for k in one.risk(tries=1).to_dict()["kinds"]}
        seen = {k["from"]: k["refusal_probability"] for k in one.simulate(arrivals=400_000).to_dict()["kinds"]}
        for name in law:
            print(f"sensor {sensor}: {name} refused {law[name]:.1%} by the law, {seen.get(name, float('nan')):.1%} stepped")


if __name__ == "__main__":
    main()
