"""Makes window_loss_rounds.csv: as make_window_loss.py, for three to six rounds of many shapes, half of them at few ports: where the
rounds of one search hang together most, through the runs of busy ports.

    python make_window_loss_rounds.py ./make_window_loss >window_loss_rounds.csv

A short simulation first tells which inputs are refused 1e-8 to 0.3; of the long ones those with a standard error below 5 % are kept.
"""

from __future__ import annotations

import random
import subprocess
import sys

ROWS = 100
ARRIVALS = 1.5e7


def windows_of(draw: random.Random) -> list[int]:
    """Equal ones, halving ones, Linux' own, one wide and narrow ones, or any."""
    shape = draw.choice(["equal", "halving", "linux", "wide", "any"])
    rounds = draw.randint(3, 6)
    first = round(2 ** draw.uniform(3, 8))
    if shape == "equal":
        return [first] * rounds
    if shape == "halving":
        return [max(1, first >> i) for i in range(rounds)]
    if shape == "wide":
        return [first] + [draw.choice([1, 2, 4])] * (rounds - 1)
    if shape == "any":
        return sorted((round(first ** draw.random()) if i else first for i in range(rounds)), reverse=True)
    return [128, 64, 32, 16, 8]


def main(program: str, seed: int = 2027) -> None:
    """Random rows, in the order of drawing."""
    draw = random.Random(seed)
    rows = 0
    print("made by make_window_loss_rounds.py: plain simulations\nhold,ports,load,windows,refused,error", flush=True)
    while rows < ROWS:
        windows = windows_of(draw)
        least = max(200, 30 * sum(windows))
        ports = round(least * draw.choice([1 + draw.random(), (64512 / least) ** draw.random()]))
        load = round(draw.uniform(0.5, 1.2), 4)
        law = draw.choice(["exponential", "constant"])
        seed = draw.randrange(1 << 30)

        def simulated(arrivals: float) -> tuple[str, float, float]:
            words = [program, law, str(ports), str(load), f"{max(40, arrivals / ports):.0f}", str(seed), *map(str, windows)]  # noqa: B023
            line = subprocess.run(words, capture_output=True, text=True, check=True).stdout.strip()
            return line, *map(float, line.split(",")[4:])

        if least > 64512 or not 1e-9 <= simulated(5e5)[1] <= 0.35:
            continue
        line, refused, error = simulated(ARRIVALS)
        if 1e-8 <= refused <= 0.3 and error < 0.05:
            print(line, flush=True)
            rows += 1


if __name__ == "__main__":
    main(sys.argv[1], *map(int, sys.argv[2:]))
