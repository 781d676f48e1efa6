"""Times every command of docs/questions.md, a process each, as at the shell.

    python bench/questions.py             # natbound must be on the path
    python bench/questions.py --examples  # instead, the main commands on examples/ that have traffic, and the longest simulation

Prints medians of five runs: what passed on the clock, and on the processor; the start of Python and of the package is in both.
Exit status 1 if a question takes a second or more.
"""

from __future__ import annotations

import argparse
import re
import resource
import shlex
import statistics
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
RUNS = 5
ASKS = ("answer", "risk", "size", "alert", "rules", "day --amplitude 0.5")
BETWEEN = "natbound uncertainty examples/home-lan.yaml --between traffic.rate=450/s..550/s"
SIMULATED = "natbound simulate examples/cgnat-port-blocks.yaml --arrivals 100000"  # 911,000 connections live


def questions() -> list[str]:
    page = (ROOT / "docs" / "questions.md").read_text(encoding="utf-8")
    return ["natbound --version", *re.findall(r"^\$ (natbound .*)$", page, re.MULTILINE)]


def examples() -> list[str]:
    paths = sorted(path for path in (ROOT / "examples").glob("*.yaml") if "\ntraffic:" in path.read_text(encoding="utf-8"))
    asked = [(ask.split(" ", 1), path.relative_to(ROOT)) for path in paths for ask in ASKS]
    return [" ".join(["natbound", ask, str(path), *more]) for (ask, *more), path in asked] + [BETWEEN, SIMULATED]


def processor() -> float:
    """Seconds that all processes that have ended took."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--examples", action="store_true", help="the main commands on examples/, and the longest simulation")
    parser.add_argument("--runs", type=int, default=RUNS, help="of each command")
    given = parser.parse_args()
    slow = 0
    print(f"{'s':>6} {'CPU s':>6}  command")
    for command in examples() if given.examples else questions():
        times, work = [], []
        for _ in range(given.runs):
            start, before = time.perf_counter(), processor()
            done = subprocess.run(shlex.split(command), cwd=ROOT, capture_output=True)
            times.append(time.perf_counter() - start)
            work.append(processor() - before)
            if done.returncode not in ((0, 1, 2) if given.examples else (0, 1)):  # 1: the answer is no; 2: it has nothing to ask about
                raise RuntimeError(f"{command}: {done.stderr.decode()}")
        median = statistics.median(times)
        slow += median >= 1
        print(f"{median:6.2f} {statistics.median(work):6.2f}  {command}", flush=True)
    print("all below a second" if not slow else f"{slow} take a second or more")
    return 1 if slow and not given.examples else 0


if __name__ == "__main__":
    sys.exit(main())
