"""Prints whether the interval of `likely` holds what other seeds find: the spread of its load over seeds beside the error that is told.

python docs/measure_likely.py [SEEDS]        # 24 seeds: a minute
"""

from __future__ import annotations

import statistics
import sys
from pathlib import Path

import natbound

EXAMPLES = Path(__file__).parent.parent / "examples"
SIMULATED = ("home-lan", "ten-thousand-clients", "nat444")  # whose likely is averaged over simulated states


def main() -> None:
    """One line a scenario; deviations are over the error told, and of standard deviation 1 where that is right."""
    seeds = int(sys.argv[1]) if len(sys.argv) > 1 else 24
    for name in SIMULATED:
        scenario = natbound.load(EXAMPLES / f"{name}.yaml")
        found = [scenario.answer(seed=seed, remedies=False).likely for seed in range(1, seeds + 1)]
        loads = [one.connections for one in found]
        told = [(one.interval[1] - one.interval[0]) / 2 / 1.96 for one in found]
        mean = statistics.mean(loads)
        off = [(load - mean) / error for load, error in zip(loads, told, strict=True)]
        print(
            f"{name:22} {mean:10,.0f}  spread {statistics.stdev(loads) / mean:.5f}  told {statistics.mean(told) / mean:.5f}  "
            f"deviations {statistics.pstdev(off):.2f}, at most {max(map(abs, off)):.1f}"
        )


if __name__ == "__main__":
    main()
