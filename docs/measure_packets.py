"""Prints how far `packet_limit` is from plain simulations (tests/reference/packets.csv, by make_packets.py there), as docs/calculator.md says.

python docs/measure_packets.py        # a second
"""

from __future__ import annotations

import csv
import time
from pathlib import Path

from natbound import calculator

TABLE = Path(__file__).parent.parent / "tests" / "reference" / "packets.csv"


def main() -> None:
    """One line a simulation: simulated with its standard error, and ours over it."""
    print("depth  live  hold  packets  used | refusal | loss | delay | ms")
    for row in csv.DictReader(TABLE.read_text().splitlines()[1:]):
        x = {name: float(value) for name, value in row.items()}
        opening = x["live"] / x["hold"]
        began = time.perf_counter()
        found = calculator.packet_limit(x["per_second"], x["depth"], opening=opening, live=x["live"], each=x["each"], hold=x["hold"])
        spent = (time.perf_counter() - began) * 1e3
        used = (opening + x["live"] * x["each"]) / x["per_second"]
        line = f"{x['depth']:5.0f} {x['live']:6.0f} {x['hold']:5g} {1 + x['each'] * x['hold']:8.1f} {used:6.3f}"
        for name in ("refusal", "loss", "delay"):
            seen, error = x[name], x[f"{name}_error"]
            line += (
                f" | {seen:9.3g} +- {100 * error / seen:3.0f} %: {getattr(found, name) / seen:5.3f}"
                if seen > 0
                else " | none lost         "
            )
        print(f"{line} | {spent:.1f}")


if __name__ == "__main__":
    main()
