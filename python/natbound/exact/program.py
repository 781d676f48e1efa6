"""An integer program, and what OR-Tools CP-SAT says of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from natbound.errors import Unsupported
from natbound.working import stoppable, time_left

MOST = 1 << 60  # CP-SAT counts in 64 bits, sums included

Terms = list[tuple[int, int]]  # (coefficient, variable)


class Disagreement(RuntimeError):
    """Two engines gave different numbers for one question."""


def agreed(agree: bool, told: str, name: str, says: int) -> None:
    """Raises Disagreement: that two engines differ is a fault of natbound, told as such, and never settled by taking either side."""
    if not agree:
        raise Disagreement(f"natbound says {told}, and {name} says at most {says:,}; one of them is wrong: please report this scenario")


@dataclass
class Program:
    """Whole numbers from 0 up to `most` each; sums of them that are at most a number; and the sum that is to be as large as can be."""

    most: list[int] = field(default_factory=list)
    sums: list[tuple[Terms, int]] = field(default_factory=list)
    wanted: Terms = field(default_factory=list)

    def new(self, most: int) -> int:
        """A variable."""
        self.most.append(most)
        return len(self.most) - 1

    def at_most(self, terms: Terms, limit: int) -> None:
        """The sum of the terms is at most `limit`."""
        if terms:
            self.sums.append((terms, limit))


@dataclass(frozen=True)
class Solved:
    """What a solver says: the values that it found (none: nothing was found), their sum, and whether it says that there is no larger one."""

    values: list[int] | None
    sum: int
    largest: bool


def solver_there() -> bool:
    """Whether OR-Tools is installed (the extra `exact`)."""
    try:
        import ortools  # noqa: F401
    except ImportError:
        return False
    return True


def cp_sat() -> dict[str, Any]:
    """Its name and version."""
    import ortools

    return {"name": "OR-Tools CP-SAT", "version": ortools.__version__}


def run(solver: Any, model: Any) -> Any:
    """Its status; Ctrl-C stops it."""
    solver.parameters.catch_sigint_signal = False  # which would only end the search
    return stoppable(lambda: solver.Solve(model), solver.StopSearch)


def solved(program: Program, seconds: float) -> Solved:
    """The largest sum within so many seconds."""
    from ortools.sat.python import cp_model

    sums = [sum(abs(c) * program.most[k] for c, k in terms) for terms, _ in [*program.sums, (program.wanted, 0)]]
    if max(sums, default=0) >= MOST:
        raise Unsupported("CP-SAT counts in 64 bits, and this scenario has more than 2^60 possible connections; --engine z3 counts on")
    model = cp_model.CpModel()
    x = [model.NewIntVar(0, most, "") for most in program.most]
    for terms, limit in program.sums:
        model.Add(sum(c * x[k] for c, k in terms) <= min(limit, MOST))
    model.Maximize(sum(c * x[k] for c, k in program.wanted))
    solver = cp_model.CpSolver()
    solver.parameters.max_time_in_seconds = max(0.01, time_left(seconds))
    solver.parameters.random_seed = 1
    solver.parameters.num_workers = 1  # small programs: starting more takes longer than they do
    status = run(solver, model) if time_left(seconds) > 0 else cp_model.UNKNOWN
    if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        return Solved(None, 0, largest=False)
    values = [solver.Value(v) for v in x]
    return Solved(values, sum(c * values[k] for c, k in program.wanted), status == cp_model.OPTIMAL)
