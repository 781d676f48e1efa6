"""Makes window_outside.csv: as make_window_loss.py, where the formula has no answer: few ports beside the windows, first windows below 8 or
above 256, seven and more rounds. `window_refusal` simulates there, with code that has nothing in common with make_window_loss.cpp.

    python make_window_outside.py ./make_window_loss >window_outside.csv
"""

from __future__ import annotations

import random
import subprocess
import sys

ROWS = 60
ARRIVALS = 4e7


def drawn(draw: random.Random) -> tuple[list[int], int]:
    """Windows, and the number of ports."""
    kind = draw.choice(["linux", "several", "narrow", "wide", "many"])
    if kind == "narrow":
        windows = [draw.randint(1, 7) for _ in range(draw.randint(1, 6))]
        return windows, round(200 * (64512 / 200) ** draw.random())
    if kind == "wide":
        windows = [round(2 ** draw.uniform(8, 11)) + 1]
        return windows, round(max(200, 1.1 * windows[0]) * 10 ** draw.random())
    windows = [128, 64, 32, 16, 8]
    if kind == "several":
        windows = sorted((round(2 ** draw.uniform(3, 7.5)) for _ in range(draw.randint(2, 5))), reverse=True)
    elif kind == "many":
        windows = [round(2 ** draw.uniform(0, 5)) for _ in range(draw.randint(7, 10))]
    least, most = max(200, windows[0] + 1), 30 * sum(windows)
    return windows, round(least * (most / least) ** draw.random())


def main(program: str) -> None:
    """Random rows, in the order of drawing."""
    draw = random.Random(2026)
    rows = 0
    print("made by make_window_outside.py: plain simulations\nhold,ports,load,windows,refused,error", flush=True)
    while rows < ROWS:
        windows, ports = drawn(draw)
        load = round(draw.uniform(0.5, 1.2), 4)
        words = [program, draw.choice(["exponential", "constant"]), str(ports), str(load), f"{max(60, ARRIVALS / ports):.0f}"]
        line = subprocess.run([*words, str(draw.randrange(1 << 30)), *map(str, windows)], capture_output=True, text=True, check=True).stdout
        refused, error = map(float, line.strip().split(",")[4:])
        if 1e-8 <= refused <= 0.3 and error < 0.08:
            print(line.strip(), flush=True)
            rows += 1


if __name__ == "__main__":
    main(sys.argv[1])
