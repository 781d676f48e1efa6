"""Prints how far Roberts' approximation for reservation is from the chain of all states, as the table of docs/calculator.md.

python docs/measure_reservation.py        # half a minute
"""

from __future__ import annotations

import statistics

import numpy as np
from natbound import calculator as calc

LEAST = 1e-6  # refusals that are rarer are left out
PORTS = (10, 20, 40, 80, 160)
SIZES = (2, 4, 8)  # of the wide class; the narrow one's is 1
LOADS = (0.4, 0.7, 1.0)  # of the ports, half of it each class
HOLDS = (0.1, 1.0, 10.0)  # the wide class's over the narrow one's


def errors(narrow_reserves: bool, ports: int, hold: float) -> tuple[list[float], list[float]]:
    """Approximation over chain, for the narrow class and the wide one."""
    found: tuple[list[float], list[float]] = ([], [])
    for size in SIZES:
        for part in LOADS:
            load = part * ports / 2
            loads, sizes = [load, load / size], [1, size]
            for kept in (size - 1, size, 2 * size) if narrow_reserves else (1, size):
                reserved = [kept, 0] if narrow_reserves else [0, kept]
                if 2 * size + kept > ports:
                    continue
                chain = calc.reserved_sizes(ports, loads, sizes, reserved, [1, hold]).refusal
                rough = calc.kaufman_roberts(ports, loads, sizes, reserved).refusal
                for k in range(2):
                    if chain[k] >= LEAST:
                        found[k].append(float(rough[k] / chain[k]))
    return found


def row(what: str, ratios: list[float]) -> None:
    off = [abs(r - 1) for r in ratios]
    print(
        f"| {what} | {len(ratios)} | {statistics.median(off):.1%} | {np.quantile(off, 0.9):.1%} | {min(ratios):.2f} to {max(ratios):.2f} |",
        flush=True,
    )


def main() -> None:
    print(
        "| which class reserves, hold of the wide over the narrow one's | refusals | median error | 90 % | approximation over chain |\n|---|---|---|---|---|"
    )
    for narrow in (True, False):
        for hold in HOLDS:
            every: tuple[list[float], list[float]] = ([], [])
            for ports in PORTS:
                for k, some in enumerate(errors(narrow, ports, hold)):
                    every[k].extend(some)
            who = "the narrow one for the wide" if narrow else "the wide one for the narrow"
            for k, name in enumerate(("narrow", "wide")):
                row(f"{who}, {hold:g}: the {name} class", every[k])


if __name__ == "__main__":
    main()
