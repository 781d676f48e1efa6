"""Makes window_loss_many.csv: as make_window_loss.py, for constant holds and four to six rounds alone, with 3e-4 to 0.1 refused: where the
runs of several rounds are least like those of one window.

    python make_window_loss_many.py ./make_window_loss >window_loss_many.csv
"""

from __future__ import annotations

import random
import subprocess
import sys

ROWS = 40
ARRIVALS = 1.2e7


def main(program: str) -> None:
    """Random rows, in the order of drawing."""
    draw = random.Random(78)
    rows = 0
    print("made by make_window_loss_many.py: plain simulations\nhold,ports,load,windows,refused,error", flush=True)
    while rows < ROWS:
        windows = [128, 64, 32, 16, 8]
        if draw.random() < 0.6:
            windows = sorted((round(2 ** draw.uniform(2, 7.5)) for _ in range(draw.randint(4, 6))), reverse=True)
        least = 30 * sum(windows)
        ports = round(least * (64512 / least) ** draw.random())
        load = round(draw.uniform(0.75, 1.13), 4)
        seed = draw.randrange(1 << 30)
        if windows[0] < 8 or least > 64512:
            continue
        words = [program, "constant", str(ports), str(load), f"{max(40, ARRIVALS / ports):.0f}", str(seed), *map(str, windows)]
        line = subprocess.run(words, capture_output=True, text=True, check=True).stdout.strip()
        refused, error = map(float, line.split(",")[4:])
        if 3e-4 <= refused <= 0.1 and error < 0.05:
            print(line, flush=True)
            rows += 1


if __name__ == "__main__":
    main(sys.argv[1])
