"""Makes window_loss.csv: refusals of searches of windows at random ports, windows, loads and laws of holds, by make_window_loss.cpp.

    g++ -O3 -march=native -std=c++20 -o make_window_loss make_window_loss.cpp
    python make_window_loss.py ./make_window_loss >window_loss.csv

None of the inputs was used for the formula's table of runs. Kept are rows with 1e-8 to 0.3 refused and a standard error below 5 %.
"""

from __future__ import annotations

import random
import subprocess
import sys

ROWS = 100
ARRIVALS = 1.5e7


def main(program: str) -> None:
    """Random rows, in the order of drawing."""
    draw = random.Random(11)
    rows = 0
    while rows < ROWS:
        law = draw.choice(["exponential", "constant"])
        kind = draw.choice(["single", "linux", "several"])
        windows = [128, 64, 32, 16, 8]
        if kind == "single":
            windows = [round(2 ** draw.uniform(3, 8))]
        elif kind == "several":
            windows = sorted((round(2 ** draw.uniform(2, 7.5)) for _ in range(draw.randint(2, 5))), reverse=True)
        least = 4 * windows[0] if kind == "single" else 30 * sum(windows)
        ports = round(least * (64512 / least) ** draw.random())
        load = round(draw.uniform(0.5, 1.2), 4)
        seed = draw.randrange(1 << 30)
        if windows[0] < 8 or least > 64512 or ports < 200:
            continue
        holds = max(40, ARRIVALS / ports)
        words = [program, law, str(ports), str(load), f"{holds:.0f}", str(seed), *map(str, windows)]
        line = subprocess.run(words, capture_output=True, text=True, check=True).stdout.strip()
        refused, error = map(float, line.split(",")[4:])
        if 1e-8 <= refused <= 0.3 and error < 0.05:
            print(line, flush=True)
            rows += 1


if __name__ == "__main__":
    main(sys.argv[1])
