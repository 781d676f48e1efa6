"""Bin packing: hosts into external addresses, each with so much room towards every server set.

With one server set and bins that must be nearly full, by patterns: each way to fill a bin is a column with a whole number of bins, so that
bins which are alike do not have to be told apart. Else host by host.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from dataclasses import dataclass
from typing import Any

from natbound.exact.program import run
from natbound.working import time_left

MOST_PATTERNS = 300_000


@dataclass(frozen=True)
class Packed:
    """What the solver says: a bin for each item, or (`none`) that there is no packing, or nothing within its limit."""

    at: list[int] | None
    none: bool = False
    how: str = ""


def patterns(sizes: list[int], room: int, waste: int) -> list[tuple[int, ...]] | None:
    """All multisets of the sizes (at most as often as they occur) that fill a bin but for `waste`; None where there are too many."""
    left = Counter(sizes)
    kinds = sorted(left)
    out: list[tuple[int, ...]] = []
    steps = 0

    def fill(chosen: list[int], free: int, top: int) -> bool:
        nonlocal steps
        steps += 1
        if chosen and free <= waste:
            out.append(tuple(chosen))
        if len(out) > MOST_PATTERNS or steps > 20 * MOST_PATTERNS:
            return False
        highest = min(top, bisect_left(kinds, free + 1) - 1)
        # where one more is all that goes in, it must fill the bin by itself
        lowest = bisect_left(kinds, free - waste) if free < 2 * kinds[0] else 0
        for k in range(highest, lowest - 1, -1):
            size = kinds[k]
            # the rest would be no larger than this one: can so many fill what is left?
            if size * (free // kinds[0]) < free - waste:
                break
            if left[size] == 0:
                continue
            left[size] -= 1
            good = fill([*chosen, size], free - size, k)
            left[size] += 1
            if not good:
                return False
        return True

    return out if fill([], room, len(kinds) - 1) else None


def pack(wants: list[dict[str, int]], rooms: dict[str, int], bins: int, seconds: float) -> Packed:
    """Each item (what it wants, by server set) into one of the bins, none over its room."""
    sums = {v: sum(w.get(v, 0) for w in wants) for v in rooms}
    if any(sums[v] > bins * rooms[v] for v in rooms) or any(w[v] > rooms[v] for w in wants for v in w):
        return Packed(None, True, "arithmetic")
    if len(rooms) == 1:
        ((server, room),) = rooms.items()
        sizes = [w.get(server, 0) for w in wants]
        columns = patterns(sizes, room, bins * room - sums[server])
        if columns is not None:
            return by_patterns(sizes, columns, bins, seconds)
    return one_by_one(wants, rooms, bins, seconds)


def solve(model: Any, seconds: float, simple: bool = False) -> tuple[Any, bool, bool]:
    """The solver, whether it found something, whether there is nothing. simple: with one worker, who begins at once."""
    from ortools.sat.python import cp_model

    solver = cp_model.CpSolver()
    solver.parameters.max_time_in_seconds = max(0.01, time_left(seconds))
    solver.parameters.random_seed = 1
    if simple:
        solver.parameters.num_workers = 1
        # of equations with few terms there is little to presolve, which took longer than the search (bench/hard.py)
        solver.parameters.cp_model_presolve = False
        solver.parameters.linearization_level = 2
    status = run(solver, model)
    return solver, status in (cp_model.OPTIMAL, cp_model.FEASIBLE), status == cp_model.INFEASIBLE


def by_patterns(sizes: list[int], columns: list[tuple[int, ...]], bins: int, seconds: float) -> Packed:
    """How often each pattern is used.

    A vertex of the linear relaxation has no more patterns than there are sizes, so most of what it says is whole: that is taken, and only
    the rest is sought (the residual of cutting stock). Where the rest does not go in, all is sought.
    """
    how = f"{len(columns):,} patterns"
    many = Counter(sizes)
    taken = _whole_parts(columns, many, bins)
    rest = Counter(sizes)
    for k, n in taken.items():
        for size in columns[k]:
            rest[size] -= n
    chosen = [(columns[k], n) for k, n in taken.items()]
    if taken:
        few = [c for c in columns if all(rest[size] >= n for size, n in Counter(c).items())]
        more, _ = _chosen(few, +rest, bins - sum(taken.values()), min(1.0, seconds), simple=True)
        if more is not None:
            return _laid_out(sizes, chosen + more, how)
    everything, none = _chosen(columns, many, bins, seconds)
    return _laid_out(sizes, everything, how) if everything is not None else Packed(None, none, how)


def _whole_parts(columns: list[tuple[int, ...]], many: Counter[int], bins: int) -> dict[int, int]:
    """How often each pattern is used at a vertex of the relaxation, rounded down: those that are used at all."""
    from ortools.linear_solver import pywraplp

    solver = pywraplp.Solver.CreateSolver("GLOP")
    held = {size: solver.Constraint(n, n) for size, n in many.items()}
    all_ = solver.Constraint(0, bins)
    x = []
    for column in columns:
        x.append(solver.NumVar(0, bins, ""))
        all_.SetCoefficient(x[-1], 1)
        for size, n in Counter(column).items():
            held[size].SetCoefficient(x[-1], n)
    if solver.Solve() != pywraplp.Solver.OPTIMAL:
        return {}
    whole = {k: int(v.solution_value() + 1e-6) for k, v in enumerate(x)}
    return {k: n for k, n in whole.items() if n}


def _chosen(
    columns: list[tuple[int, ...]], many: Counter[int], bins: int, seconds: float, simple: bool = False
) -> tuple[list[tuple[tuple[int, ...], int]] | None, bool]:
    """So often each pattern, and whether there is no way. simple: one worker, which is quickest at little."""
    from ortools.sat.python import cp_model

    model = cp_model.CpModel()
    x = []
    holds: dict[int, tuple[list[Any], list[int]]] = {size: ([], []) for size in many}
    for column in columns:
        counts = Counter(column)
        x.append(model.new_int_var(0, min(bins, *(many[s] // n for s, n in counts.items())), ""))
        for size, n in counts.items():
            holds[size][0].append(x[-1])
            holds[size][1].append(n)
    for size, (patterns_with, so_often) in holds.items():
        if not patterns_with:
            return None, True
        model.add(cp_model.LinearExpr.weighted_sum(patterns_with, so_often) == many[size])
    model.add(cp_model.LinearExpr.sum(x) <= bins)
    solver, found, none = solve(model, seconds, simple)
    return ([(column, n) for var, column in zip(x, columns, strict=True) if (n := solver.Value(var))] if found else None), none


def _laid_out(sizes: list[int], chosen: list[tuple[tuple[int, ...], int]], how: str) -> Packed:
    """A bin for each item."""
    waiting: dict[int, list[int]] = {}
    for i, size in enumerate(sizes):
        waiting.setdefault(size, []).append(i)
    at, used = [0] * len(sizes), 0
    for column, n in chosen:
        for _ in range(n):
            for size in column:
                at[waiting[size].pop()] = used
            used += 1
    return Packed(at, False, how)


def one_by_one(wants: list[dict[str, int]], rooms: dict[str, int], bins: int, seconds: float) -> Packed:
    from ortools.sat.python import cp_model

    how = "host by host"
    if len(wants) * bins > 200_000:
        return Packed(None, False, how)
    model = cp_model.CpModel()
    order = sorted(range(len(wants)), key=lambda i: -max(n / rooms[v] for v, n in wants[i].items()))
    # the k-th of them may be put into the first k bins: bins are alike
    put = {i: [model.NewBoolVar(f"{i}@{b}") for b in range(min(bins, k + 1))] for k, i in enumerate(order)}
    for choices in put.values():
        model.AddExactlyOne(choices)
    for b in range(bins):
        for v, room in rooms.items():
            model.Add(sum(wants[i][v] * c[b] for i, c in put.items() if v in wants[i] and b < len(c)) <= room)
    solver, found, none = solve(model, seconds)
    if not found:
        return Packed(None, none, how)
    return Packed([next(b for b, c in enumerate(put[i]) if solver.Value(c)) for i in range(len(wants))], False, how)
