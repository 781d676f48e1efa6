"""A second engine for the maximum and for demands: the scenario as a program over counts (counts.py), or where these do not tell enough connection
by connection (written.py), maximised by Z3 or OR-Tools CP-SAT, and held to what natbound's own found. That they differ is a fault of natbound, told as such: never settled by taking either side."""

from __future__ import annotations

import math
import time
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from natbound.check.scenario import read_scenario
from natbound.check.sets import Rejected, Undecided, begin
from natbound.errors import InputError, Unsupported
from natbound.exact.counts import Counted
from natbound.exact.program import Program, agreed, cp_sat, solved, solver_there
from natbound.exact.written import Written
from natbound.results import number
from natbound.working import stoppable, time_left

if TYPE_CHECKING:
    from natbound.scenario import Scenario

ENGINES = ("auto", "flow", "z3", "cp-sat")
SECONDS = 60.0


def checked(engine: str) -> str:
    """The engine's name, where there is such a one."""
    if engine not in ENGINES:
        raise InputError("auto, flow, z3 or cp-sat is wanted", path="--engine", value=f"'{engine}'")
    return engine


def compared(
    scenario: Scenario, engine: str, found: dict[str, Any], pairs: list[dict[str, Any]] | None = None, *, wanted: int | None = None
) -> dict[str, Any]:
    """What natbound found (a maximum; of a demand by `pairs`; or of so many `wanted` that go anywhere), with `engine`: who else was asked, and
    what it says. Raises Disagreement."""
    begin()
    each: dict[str, dict[str, int]] | None = None if pairs is None else {}
    for p in pairs or []:
        if each is not None and int(p["connections"]):
            each.setdefault(p["from"], {})[p["to"]] = int(p["connections"])
    program, unit = _program(scenario, each)
    began = time.monotonic()
    says, name, version = maximum(program, engine)
    late = {} if says is not None else {"gave_up_after": round(time.monotonic() - began, 1)}
    who = {"name": name, "version": version, "model": f"{unit}: {len(program.most):,} variables, {len(program.sums):,} sums"}
    total = wanted if pairs is None else sum(int(p["connections"]) for p in pairs)
    return {**found, "engine": {**who, "says": says, **late, "trust": _trust(name, says, found, total)}}


def _program(scenario: Scenario, wanted: dict[str, dict[str, int]] | None) -> tuple[Program, str]:
    """The scenario as a program, the small one where there is one, and what it counts."""
    try:
        world = read_scenario(scenario.written_out)
        try:
            return Counted(world, wanted).program, "counts by class"
        except Unsupported as why:
            try:
                return Written(world, wanted).program, "every connection by itself"
            except Unsupported as error:
                raise Unsupported(f"counts by class do not tell enough ({why}), and {error}; --engine auto answers") from error
    except (Undecided, Rejected) as error:
        raise Unsupported(f"{error}; --engine auto answers") from error


def _trust(name: str, says: int | None, found: dict[str, Any], total: int | None) -> str:
    """What has to be believed; raises Disagreement."""
    if says is None:
        settled = found["fits"] is not None if total is not None else found["maximum"].get("connections") is not None
        return ("natbound alone, and its certificate" if settled else "nothing is settled") + f": {name} did not finish in time"
    if total is None:
        part = found["maximum"]
        exact = part.get("connections")
        low, high = (number(exact if exact is not None else part[k]) for k in ("at_least", "at_most"))
        told, agree, settled = f"{low:,}" if low == high else f"{low:,} to {high:,}", low <= says <= high, low == high
    else:
        told = {True: f"that {total:,} fit", False: f"that {total:,} do not fit", None: "nothing"}[found["fits"]]
        agree, settled = found["fits"] in (None, says >= total), found["fits"] is not None
    agreed(agree, told, name, says)
    return "nothing: natbound agrees, and its certificate shows it" if settled else f"{name}, and the program that it was given"


def maximum(program: Program, engine: str) -> tuple[int | None, str, str]:
    """The largest sum (None: not found in time), by whom, and its version."""
    if engine == "z3":
        return _by_z3(program)
    if not solver_there():
        raise Unsupported("CP-SAT is not installed: pip install 'natbound[exact]'")
    who = cp_sat()
    found = solved(program, SECONDS)
    # not the objective itself, which comes as a double
    return (found.sum if found.largest else None), who["name"], who["version"]


def _by_z3(program: Program) -> tuple[int | None, str, str]:
    """The largest sum in fractions first, which simplex finds at once, then the largest whole number up to there with a whole solution."""
    import z3

    name, version = "Z3", z3.get_version_string()
    context = z3.Context()

    def written(asked: Any, make: Any) -> Any:
        x = [make(f"x{k}", context) for k in range(len(program.most))]
        for v, most in zip(x, program.most, strict=True):
            asked.add(v >= 0, v <= most)
        for terms, limit in program.sums:
            asked.add(z3.Sum([c * x[k] for c, k in terms]) <= limit)
        return z3.Sum([c * x[k] for c, k in program.wanted])

    until = time.monotonic() + time_left(SECONDS)

    def check(asked: Any) -> Any:
        asked.set("timeout", max(1, int(1000 * (until - time.monotonic()))))
        return stoppable(asked.check, context.interrupt)

    if not program.wanted:
        return 0, name, version
    relaxed = z3.Optimize(ctx=context)
    best = relaxed.maximize(written(relaxed, z3.Real))
    if check(relaxed) != z3.sat:
        return None, name, version
    top = math.floor(Fraction(relaxed.upper(best).as_string()))
    asked = z3.Solver(ctx=context)
    total = written(asked, z3.Int)
    for says in range(top, -1, -1):
        asked.push()
        asked.add(total >= says)
        verdict = check(asked)
        asked.pop()
        if verdict != z3.unsat:
            return (says if verdict == z3.sat else None), name, version
    raise AssertionError("nothing at all is a solution")
