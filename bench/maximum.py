"""Maximum beside OR-Tools' SimpleMaxFlow, on the same classes in the same run.

    python bench/maximum.py PROGRAM

PROGRAM is bench/maximum.cpp compiled (with optimisation) against natbound::solver. Needs numpy and ortools. OR-Tools is given whole arrays at
once, its fastest way; both are timed from arrays in memory to flow and minimum cut, and ours once more with the certificate written.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from statistics import median

import numpy as np
from ortools.graph.python import max_flow

PORTS = 64_512
REPEATS = 21


class Graph:
    """Source classes, external classes, and which may use which."""

    def __init__(self, wanted: np.ndarray, room: np.ndarray, tails: np.ndarray, heads: np.ndarray) -> None:
        self.wanted, self.room, self.tails, self.heads = wanted, room, tails, heads

    def text(self) -> str:
        """As bench/maximum.cpp reads it."""
        links = "\n".join(f"{a} {b}" for a, b in zip(self.tails, self.heads, strict=True))
        return f"{len(self.wanted)} {len(self.room)} {len(self.tails)}\n{' '.join(map(str, self.wanted))}\n{' '.join(map(str, self.room))}\n{links}\n"

    @staticmethod
    def read(lines: list[str]) -> Graph:
        """The inverse of text()."""
        wanted, room = (np.array(line.split(), dtype=np.int64) for line in lines[1:3])
        links = np.array([line.split() for line in lines[3:]], dtype=np.int64).reshape(-1, 2)
        return Graph(wanted, room, links[:, 0], links[:, 1])


def random_graph(n: int, room: int, kind: str, seed: int) -> Graph:
    """n source classes of degree 8 and n external classes of equal size.

    tight: all that there is is wanted, and it fits. plus1: one more is wanted than there is. hidden1: a quarter of the classes, which reach
    a quarter of the externals alone, want one more than these hold; the others leave a tenth of theirs.
    """
    rng = np.random.default_rng(seed)
    heads = np.array([rng.choice(n, 8, replace=False) for _ in range(n)])
    part = n // 4
    if kind == "hidden1":
        heads[:part] = [rng.choice(part, 8, replace=False) for _ in range(part)]
        wanted = np.concatenate([split(rng, part * room + 1, part), split(rng, int((n - part) * room * 0.9), n - part)])
    else:
        wanted = np.zeros(n, dtype=np.int64)
        for external in range(n):
            neighbours = np.nonzero(np.any(heads == external, axis=1))[0]
            if len(neighbours):
                np.add.at(wanted, neighbours, split(rng, room, len(neighbours)))
        if kind == "plus1":
            wanted[rng.integers(n)] += 1 + n * room - int(wanted.sum())
    return Graph(wanted, np.full(n, room, dtype=np.int64), np.repeat(np.arange(n), 8), heads.reshape(-1))


def split(rng: np.random.Generator, total: int, parts: int) -> np.ndarray:
    """A total in random parts."""
    out = np.floor(rng.dirichlet(np.full(parts, 4.0)) * total).astype(np.int64)
    out[0] += total - out.sum()
    return out


def or_tools(g: Graph) -> tuple[float, int]:
    """Median milliseconds from arrays to flow and cut, and the flow."""
    n, m = len(g.wanted), len(g.room)
    times, flow = [], 0
    sources, externals = np.arange(n, dtype=np.int32), np.arange(n, n + m, dtype=np.int32)
    tails, heads = g.tails.astype(np.int32), (g.heads + n).astype(np.int32)
    for _ in range(REPEATS):
        start = time.perf_counter()
        solver = max_flow.SimpleMaxFlow()
        solver.add_arcs_with_capacity(np.full(n, n + m, dtype=np.int32), sources, g.wanted)
        solver.add_arcs_with_capacity(tails, heads, g.wanted[g.tails])
        solver.add_arcs_with_capacity(externals, np.full(m, n + m + 1, dtype=np.int32), g.room)
        if solver.solve(n + m, n + m + 1) != solver.OPTIMAL:
            raise RuntimeError("OR-Tools found no maximum flow")
        solver.get_source_side_min_cut()
        times.append((time.perf_counter() - start) * 1e3)
        flow = solver.optimal_flow()
    return median(times), flow


def main() -> int:
    """Prints one line a case."""
    if len(sys.argv) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    program = sys.argv[1]
    good = True
    print(
        f"{'classes':>8} {'case':>8} {'tuples':>16} {'OR-Tools':>10} {'natbound':>10} {'ratio':>6} {'+ certificate':>14} {'ratio':>6}   (ms)"
    )
    cases = [(1000, PORTS, "tight"), (1000, PORTS, "plus1"), (1000, PORTS, "hidden1"),
             (1000, PORTS * 155, "tight"), (1000, PORTS * 155, "plus1"), (1000, PORTS * 155, "hidden1"),
             (2000, PORTS, "tight"), (2000, PORTS, "plus1"), (2000, PORTS, "hidden1")]  # fmt: skip
    for n, room, kind in cases:
        g = random_graph(n, room, kind, seed=n + room)
        peer, flow = or_tools(g)
        ours = json.loads(subprocess.run([program, "core"], input=g.text(), capture_output=True, text=True, check=True).stdout)
        bare = ours["build"] + ours["solve"]
        whole = bare + ours["write"]
        if ours["flow"] != flow:
            raise RuntimeError(f"the flows differ: {ours['flow']:,} and {flow:,}")
        good = good and whole < 2 * peer
        print(f"{n:>8,} {kind:>8} {n * room:>16,} {peer:>10.2f} {bare:>10.2f} {bare / peer:>6.2f} {whole:>14.2f} {whole / peer:>6.2f}")
    print("\nfrom a scenario to its certificate, beside OR-Tools on the classes that it comes to")
    for n in (250, 1000, 2000):
        out = subprocess.run([program, "scenario", str(n)], capture_output=True, text=True, check=True).stdout.splitlines()
        ours = json.loads(out[0])
        peer, flow = or_tools(Graph.read(out[1:]))
        if int(ours["connections"]) != flow * int(ours["keys"]):
            raise RuntimeError("the maxima differ")
        good = good and (n > 1000 or ours["whole"] < 5)
        print(f"{ours['sources']:>8,} classes, {ours['links']:,} links, {int(ours['tuples']):,} tuples: natbound {ours['whole']:.2f} ms with a certificate of "
              f"{ours['bytes']:,} bytes, OR-Tools {peer:.2f} ms for the flow alone")  # fmt: skip
    print(
        "within twice OR-Tools, and 1,000 classes under 5 ms" if good else "slower than wanted: twice OR-Tools, and 5 ms for 1,000 classes"
    )
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
