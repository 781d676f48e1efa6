"""Times every command of docs/questions.md, a process each, as at the shell.

    python bench/questions.py          # natbound must be on the path

Prints the median of five runs; the start of Python and of the package is in it. Exit status 1 if one takes a second or more.
"""

from __future__ import annotations

import re
import shlex
import statistics
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
RUNS = 5


def main() -> int:
    page = (ROOT / "docs" / "questions.md").read_text(encoding="utf-8")
    slow = 0
    print(f"{'s':>6}  command")
    for command in ["natbound --version", *re.findall(r"^\$ (natbound .*)$", page, re.MULTILINE)]:
        times = []
        for _ in range(RUNS):
            start = time.perf_counter()
            done = subprocess.run(shlex.split(command), cwd=ROOT, capture_output=True)
            times.append(time.perf_counter() - start)
            if done.returncode not in (0, 1):  # 1: a question whose answer is no
                raise RuntimeError(f"{command}: {done.stderr.decode()}")
        median = statistics.median(times)
        slow += median >= 1
        print(f"{median:6.2f}  {command}", flush=True)
    print("all below a second" if not slow else f"{slow} take a second or more")
    return 1 if slow else 0


if __name__ == "__main__":
    sys.exit(main())
