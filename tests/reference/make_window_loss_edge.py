"""Makes window_loss_edge.csv: searches that the formula finds hardest. Equal and halving windows at 30 to 40 times all of them, where what is
busy in all fluctuates most and at every loss; constant holds at the share busy at which they begin to keep their order.

    python make_window_loss_edge.py ./make_window_loss >window_loss_edge.csv
"""

from __future__ import annotations

import subprocess
import sys

# law, ports, load a port, holds, seed, windows
RUNS = (
    "exponential 11520 0.93 2604 6 64 64 64 64 64 64",
    "exponential 5760 0.85 5208 5 32 32 32 32 32 32",
    "exponential 2880 0.75 10416 6 16 16 16 16 16 16",
    "exponential 1440 0.65 20833 5 8 8 8 8 8 8",
    "exponential 13440 0.92 2232 6 128 128 64 64 32 32",
    "exponential 15120 0.9 1984 5 256 128 64 32 16 8",
    "exponential 7440 0.8 4032 6 128 64 32 16 8",
    "constant 23040 0.97 1302 5 128 128 128 128 128 128",
    "constant 11520 0.94 2604 6 64 64 64 64 64 64",
    "constant 5760 0.9 5208 5 32 32 32 32 32 32",
    "constant 2880 0.85 10416 6 16 16 16 16 16 16",
    "constant 1440 0.65 20833 5 8 8 8 8 8 8",
    "constant 7440 0.9 4032 6 128 64 32 16 8",
    "constant 7440 0.92 4032 5 128 64 32 16 8",
    "constant 7440 0.94 4032 6 128 64 32 16 8",
    "constant 15120 0.93 1984 5 256 128 64 32 16 8",
    "constant 15120 0.96 1984 6 256 128 64 32 16 8",
    "constant 13440 0.93 2232 5 128 128 64 64 32 32",
    "constant 23040 0.93 1302 6 128 128 128 128 128 128",
    "constant 16500 0.94 1818 5 200 150 90 60 30 20",
    "constant 9000 0.95 3333 6 100 100 100",
    "constant 5760 0.93 5208 5 64 64 64",
    "constant 6720 0.88 4464 6 64 64 32 32 16 16",
    "exponential 46080 0.97 2500 11 256 256 256 256 256 256",
    "constant 15120 0.935 3000 11 256 128 64 32 16 8",
    "constant 20160 0.93 3000 11 256 128 64 32 16 8",
    "constant 15360 0.94 2500 11 64 64 64 64 64 64",
    "exponential 61440 0.97 2500 12 256 256 256 256 256 256",
    "constant 15120 0.925 3000 11 256 128 64 32 16 8",
    "exponential 15360 0.93 4000 12 64 64 64 64 64 64",
    "constant 20160 0.92 3000 11 256 128 64 32 16 8",
    "exponential 11520 0.98 1500 21 64 64 64 64 64 64",
    "exponential 11520 0.95 1500 21 64 64 64 64 64 64",
    "exponential 5760 0.96 3000 21 32 32 32 32 32 32",
    "exponential 5760 0.93 3000 21 32 32 32 32 32 32",
    "exponential 23040 0.99 600 21 128 128 128 128 128 128",
    "exponential 2880 0.92 4000 21 16 16 16 16 16 16",
)


def main(program: str) -> None:
    """One row a run."""
    print("made by make_window_loss_edge.py: plain simulations\nhold,ports,load,windows,refused,error", flush=True)
    for run in RUNS:
        print(subprocess.run([program, *run.split()], capture_output=True, text=True, check=True).stdout.strip(), flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
