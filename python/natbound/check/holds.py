"""holds: a property holds for all sizes, by obligations that any SMT solver decides.

The obligations must be the ones that the design's own axes oblige to (obligations.py writes them anew), so none can be swapped for another
that is unsat for a trivial reason. Each is then decided by every solver that is to be had: Z3 and cvc5, as modules or as programs.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from typing import Any

from .design import read_plan
from .obligations import parse, unique
from .reading import entries, get, known_keys, need, word
from .sets import Rejected, Undecided

SECONDS = 60  # for one obligation and one solver
Solver = Callable[[str], str]  # text -> sat, unsat, unknown


def _z3_module(text: str) -> str:
    import z3  # type: ignore[import-not-found,import-untyped,unused-ignore]

    solver = z3.Solver(ctx=z3.Context())
    solver.set("timeout", SECONDS * 1000)
    solver.from_string(re.sub(r"\(check-sat\)\s*$", "", text))
    return str(solver.check())


def _cvc5_module(text: str) -> str:
    import cvc5  # type: ignore[import-not-found,import-untyped,unused-ignore]

    manager = cvc5.TermManager()
    solver = cvc5.Solver(manager)
    solver.setOption("tlimit", str(SECONDS * 1000))
    parser = cvc5.InputParser(solver)
    parser.setStringInput(cvc5.InputLanguage.SMT_LIB_2_6, text, "obligation")
    answer = "unknown"
    while True:
        command = parser.nextCommand()
        if command.isNull():
            return answer
        answer = str(command.invoke(solver, parser.getSymbolManager())).strip() or answer


def _program(path: str) -> Solver:
    def run(text: str) -> str:
        with tempfile.TemporaryDirectory() as folder:
            name = os.path.join(folder, "obligation.smt2")
            with open(name, "w", encoding="utf-8") as out:
                out.write(text)
            try:
                done = subprocess.run([path, name], capture_output=True, text=True, timeout=SECONDS, check=False)
            except (OSError, subprocess.TimeoutExpired):
                return "unknown"
            return done.stdout.strip().splitlines()[-1] if done.stdout.strip() else "unknown"

    return run


def solvers() -> dict[str, Solver]:
    """The solvers on this machine, by name."""
    out: dict[str, Solver] = {}
    for name, module in (("z3", _z3_module), ("cvc5", _cvc5_module)):
        path = shutil.which(name)
        try:
            __import__(name)
            out[name] = module
        except Exception:  # a module that is there and cannot be loaded is as none
            if path:
                out[name] = _program(path)
    return out


def axes(design: Any) -> tuple[str, str, bool, bool]:
    """What the proof reads of a design: mapping type, clash scope (destination, protocol), and whether closing flows are taken over."""
    plan = read_plan(design, None, "design")
    reuse = known_keys(design.get("reuse", {}), "take-over chance", "design.reuse")
    causes = entries(reuse.get("take-over", []), "design.reuse.take-over")
    known = all(isinstance(c, str) and c in ("tcp-fin", "tcp-rst", "tcp-silence", "udp") for c in causes)
    need(known, "design.reuse.take-over: no such cause of close")
    return plan.mapping, plan.scope, plan.scope_protocol, bool(causes)


def check_holds(body: Any) -> str:
    """Returns who decided it; rejects obligations that are not the design's or not unsat."""
    name = word(get(body, "property", "holds"), "property")
    if name != "unique":
        raise Undecided(f"this checker does not know what the property {name[:40]!r} obliges to")
    wanted = unique(*axes(get(body, "design", "holds")))
    return decide(given_as(wanted, body, "the design"))


def given_as(wanted: dict[str, Any], body: Any, what: str) -> dict[str, str]:
    """The obligations that a certificate gives, by name: just those that are wanted, command by command."""
    given: dict[str, str] = {}
    for i, item in enumerate(entries(get(body, "obligations", "certificate"), "obligations")):
        where = f"obligations[{i}]"
        known_keys(item, "name smt2 expected", where)
        which = word(get(item, "name", where), where)
        need(which in wanted and which not in given, f"{where}: {which[:40]!r} is given twice, or is not one of {', '.join(wanted)[:200]}")
        need(get(item, "expected", where) == "unsat", f"{where}: unsat is what is expected")
        given[which] = word(get(item, "smt2", where), where)
        try:
            same = parse(given[which]) == wanted[which]
        except Rejected as wrong:
            raise Rejected(f"{where}: {wrong}") from None
        need(same, f"{where}: not what {what} obliges to")
    need(set(given) == set(wanted), "an obligation is missing")
    return given


def decide(given: dict[str, str]) -> str:
    """Every solver that is to be had finds each obligation unsat: returns which they are."""
    there = solvers()
    if not there:
        raise Undecided("the obligations are the right ones; no solver (z3 or cvc5) is to be had to decide them")
    for solver, ask in there.items():
        for which, text in given.items():
            try:
                answer = ask(text)
            except Exception as failed:  # of the solver's own
                answer = f"no answer ({type(failed).__name__})"
            if answer != "unsat":
                if answer == "sat":
                    raise Rejected(f"obligation {which}: {solver} finds a counterexample")
                raise Undecided(f"obligation {which}: {solver} gives {answer[:60]}")
    return " and ".join(there)
