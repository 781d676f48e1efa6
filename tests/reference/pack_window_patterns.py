"""Makes calculator/src/window_patterns.inc of window_patterns.csv: how long the busy runs are that one-window searches leave.

window_patterns.csv comes from make_window_patterns.cpp, 400 holds on 262,144 ports a line (some hours of one core):
    g++ -O3 -march=native -std=c++20 -o make make_window_patterns.cpp
    python pack_window_patterns.py lines | xargs -L1 ./make >window_patterns.csv; python pack_window_patterns.py
Packed is y = ln(ln pi(k) / (k ln u)), with pi(k) the share of k ports in a row that are all busy and u the share of busy ports: 0 where
ports are busy independently, smooth in ln(u/(1-u)), log2(window) and the root of k/window.
"""

from __future__ import annotations

import math
import sys
from pathlib import Path

HERE = Path(__file__).parent
PARTS = (0.0625, 0.125, 0.25, 0.375, 0.5, 0.625, 0.75, 0.875, 1, 1.25, 1.5, 2)
LOADS = (0.3, 0.4, 0.5, 0.6, 0.65, 0.7, 0.75, 0.8, 0.84, 0.88, 0.92, 0.96, 1.0, 1.1, 1.25, 1.6, 2.2, 3.5)
LEAST = {8: 0.3, 16: 0.3, 32: 0.4, 64: 0.5, 128: 0.6, 256: 0.7}  # loads below see no full window
SEEN = 5e-7  # of smaller shares too few were seen: there pi falls on as it did


def lines() -> None:
    """The arguments of every line of the table."""
    for law in ("exponential", "constant"):
        for window, least in LEAST.items():
            for load in LOADS:
                if load >= least:
                    print(law, window, load, 400, 7 * window + 1)


def packed(window: float, u: float, shares: list[float]) -> list[float]:
    """ln(u/(1-u)) and the y of each part."""
    out = [math.log(u / (1 - u))]
    known = [(1.0, math.log(u))]  # k, ln pi
    for part, share in zip(PARTS, shares, strict=True):
        k = part * window
        if k <= 1:
            out.append(0.0)
            continue
        if share > SEEN:
            known.append((k, math.log(share)))
            log_pi = known[-1][1]
        else:
            (a, before), (b, last) = known[-2:]
            log_pi = last + (last - before) / (b - a) * (k - b)
        out.append(math.log(log_pi / (k * math.log(u))))
    return out


def main() -> None:
    """Writes the table."""
    out = ["// Made by tests/reference/pack_window_patterns.py; see there. law, window, ln(u/(1-u)), y of each part.\n"]
    for line in (HERE / "window_patterns.csv").read_text().splitlines():
        law, window, _, busy, *shares = line.split(",")
        values = packed(float(window), float(busy), [float(x) for x in shares])
        y = ", ".join(f"{x:.5g}" for x in values)
        out.append(f"{{{int(law == 'constant')}, {window}, {{{y}}}}},\n")
    (HERE.parents[1] / "calculator/src/window_patterns.inc").write_text("".join(out))


if __name__ == "__main__":
    lines() if sys.argv[1:] == ["lines"] else main()
