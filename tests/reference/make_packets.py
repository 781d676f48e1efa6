"""Makes packets.csv: what a limit on packets loses and delays, by make_packets.cpp.

    g++ -O3 -march=native -std=c++20 -o make_packets make_packets.cpp
    python make_packets.py ./make_packets >packets.csv

Twenty nanoseconds a packet. At 1,000 packets a second: only ratios of rates and times matter. A connection is one packet and then `each` a
second for its hold (exponential); one whose first packet is lost sends no more.
"""

from __future__ import annotations

import subprocess
import sys

LIMIT = 1000.0
# depth, mean number live, hold, utilisation, packets in 1e8
CASES = (
    (10, 5, 0.02, 0.7, 1),
    (10, 5, 0.1, 0.6, 1),
    (10, 5, 1, 0.6, 1),
    (10, 20, 0.1, 1.1, 0.3),
    (10, 80, 1, 0.8, 2),
    (20, 20, 0.03, 0.8, 1),
    (50, 5, 0.01, 0.85, 1),
    (50, 5, 0.02, 0.8, 1),
    (50, 5, 0.1, 0.75, 2),
    (50, 20, 0.1, 0.8, 4),
    (50, 20, 1, 0.7, 2),
    (50, 80, 0.5, 0.85, 3),
    (50, 160, 1, 0.85, 3),
    (50, 400, 10, 0.9, 3),
    (200, 5, 0.1, 0.8, 4),
    (200, 20, 0.05, 0.95, 2),
    (200, 20, 0.1, 0.9, 4),
    (200, 20, 1, 0.75, 4),
    (200, 20, 10, 0.65, 2),
    (200, 80, 1, 0.85, 4),
    (200, 80, 10, 0.8, 4),
    (200, 80, 10, 1.05, 0.5),
    (200, 400, 1, 0.93, 4),
    (200, 2000, 10, 0.96, 3),
    (1000, 5, 1, 0.7, 2),
    (1000, 5, 10, 0.6, 2),
    (1000, 5, 10, 1.2, 2),
    (1000, 20, 1, 0.8, 40),
    (1000, 20, 1, 1.05, 1),
    (1000, 20, 10, 0.6, 6),
    (1000, 20, 10, 0.7, 4),
    (1000, 80, 0.2, 0.97, 4),
    (1000, 80, 10, 0.81, 40),
    (1000, 80, 10, 1, 2),
    (1000, 400, 1, 0.95, 4),
    (1000, 400, 10, 0.92, 40),
    (1000, 400, 100, 0.9, 4),
    (1000, 2000, 10, 0.97, 4),
    (1000, 2000, 10, 1, 10),
    (1000, 2000, 100, 0.95, 4),
    (4000, 5, 1, 0.9, 4),
    (4000, 5, 10, 0.7, 4),
    (4000, 20, 10, 0.8, 5),
    (4000, 20, 100, 0.7, 4),
    (4000, 80, 10, 0.81, 40),
    (4000, 80, 10, 0.9, 40),
    (4000, 80, 10, 0.95, 8),
    (4000, 80, 10, 1.2, 2),
    (4000, 80, 100, 1, 4),
    (4000, 400, 10, 0.96, 40),
    (4000, 400, 100, 0.92, 6),
    (4000, 2000, 100, 0.97, 6),
    (4000, 10000, 100, 0.985, 4),
    (10000, 20, 10, 0.88, 6),
    (10000, 20, 100, 1.2, 4),
    (10000, 80, 10, 0.94, 8),
    (10000, 80, 10, 1, 10),
    (10000, 80, 100, 0.85, 8),
    (10000, 400, 100, 0.95, 8),
    (10000, 400, 100, 1.02, 4),
    (10000, 10000, 100, 0.99, 8),
    (10000, 10000, 100, 1, 20),
)


def main(program: str) -> None:
    """All cases, in order."""
    print("made by make_packets.py: plain simulations, standard errors", flush=True)
    print("per_second,depth,live,each,hold,refusal,refusal_error,loss,loss_error,delay,delay_error", flush=True)
    for depth, live, hold, used, packets in CASES:
        each = used * LIMIT / live - 1 / hold
        numbers = [f"{x:.10g}" for x in (LIMIT, depth, live, each, hold)]
        found = subprocess.run([program, *numbers, str(packets * 1e8), "7"], capture_output=True, text=True, check=True).stdout.strip()
        print(",".join([*numbers, found]), flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
