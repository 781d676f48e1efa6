"""What `unique` obliges to, written from a design's axes: initiation, consecution and property of its transition system, as SMT-LIB 2.

The state is which flows are live, which of them are closing, and where each is outside. The steps leave open which endpoint the search tries,
so they cover every port set, pool, hash and draw. Texts are compared command by command, comments and blanks left out.
"""

from __future__ import annotations

import re
from typing import Any

from .reading import need
from .sets import Rejected

Term = str | list["Term"]  # type: ignore[misc]


def parse(text: str) -> list[Any]:
    """SMT-LIB commands as nested lists. Strings and quoted symbols do not occur in obligations, and are refused."""
    out: list[Any] = []
    stack = [out]
    for found in re.finditer(r";[^\n]*|([()])|([^\s();]+)|\s+", text):
        bracket, atom = found.groups()
        if bracket == "(":
            stack[-1].append([])
            need(len(stack) < 200, "nested too deeply")
            stack.append(stack[-1][-1])
        elif bracket == ")":
            need(len(stack) > 1, "a bracket is closed that was not opened")
            stack.pop()
        elif atom:
            need(re.fullmatch(r":?[A-Za-z0-9=<>+*/.!?_-]+", atom), f"{atom[:30]!r} has no place in it")
            stack[-1].append(atom)
    need(len(stack) == 1, "a bracket is not closed")
    if not all(isinstance(command, list) and command and isinstance(command[0], str) for command in out):
        raise Rejected("not a list of commands")
    return out


WORLD = """
(set-logic UF)
(declare-sort Flow 0) (declare-sort Protocol 0) (declare-sort Source 0) (declare-sort Address 0) (declare-sort Port 0)
(declare-sort Endpoint 0) (declare-const tcp Protocol) (declare-fun protocol (Flow) Protocol) (declare-fun source (Flow) Source)
(declare-fun to-address (Flow) Address) (declare-fun to-port (Flow) Port)
(define-fun same-source ((f Flow) (g Flow)) Bool (and (= (protocol f) (protocol g)) (= (source f) (source g))))
(define-fun same-destination ((f Flow) (g Flow)) Bool
  (and (= (protocol f) (protocol g)) (= (to-address f) (to-address g)) (= (to-port f) (to-port g))))
(assert (forall ((f Flow) (g Flow)) (=> (and (same-source f g) (same-destination f g)) (= f g))))
(define-fun same-mapping ((f Flow) (g Flow)) Bool MAPPING)
(define-fun same-scope ((f Flow) (g Flow)) Bool SCOPE)
"""
STATE = "(declare-fun live@ (Flow) Bool) (declare-fun closing@ (Flow) Bool) (declare-fun external@ (Flow) Endpoint)"
INVARIANT = """
(define-fun no-clash@ () Bool (forall ((f Flow) (g Flow))
  (=> (and (live@ f) (live@ g) (same-scope f g) (= (external@ f) (external@ g))) (same-mapping f g))))
(define-fun one-endpoint@ () Bool (forall ((f Flow) (g Flow))
  (=> (and (live@ f) (live@ g) (same-mapping f g)) (= (external@ f) (external@ g)))))
(define-fun invariant@ () Bool (and no-clash@ one-endpoint@))
"""
PROPERTY = """
(define-fun unique () Bool (and no-clash (forall ((f Flow) (g Flow))
  (=> (and (live f) (live g) (same-destination f g) (= (external f) (external g))) (= f g)))))
"""
MOVED = "(=> (live# f) (= (external# f) (ite (= f n) e (external f)))) (=> (live# f) (= (closing# f) (and (not (= f n)) (closing f))))"
STEPS = {
    "holds": "(define-fun holds ((g Flow) (n Flow) (e Endpoint)) Bool (and (live g) (same-scope g n) (= (external g) e)))",
    "enters": f"""(define-fun enters ((n Flow) (e Endpoint)) Bool (forall ((f Flow)) (and (= (live# f) (or (= f n) (live f))) {MOVED})))""",
    "opens": "(define-fun opens ((n Flow) (e Endpoint)) Bool (and (not (live n)) (forall ((g Flow)) OPEN) (enters n e)))",
    "shares": """(define-fun shares ((n Flow) (e Endpoint)) Bool (and (not (live n))
      (exists ((m Flow)) (and (live m) (SAME m n) (= (external m) e))) (forall ((g Flow)) FREE) (enters n e)))""",
    "takes-over": f"""(define-fun takes-over ((n Flow) (e Endpoint)) Bool (and (not (live n)) (= (protocol n) tcp)
      (exists ((g Flow)) (holds g n e)) (forall ((g Flow)) CLOSING) (forall ((f Flow)) (and (= (live# f) (or (= f n) (and (live f) (not (holds f n e))))) {MOVED}))))""",
    "ends": """(define-fun ends ((n Flow)) Bool (and (live n) (forall ((f Flow)) (and (= (live# f) (and (live f) (not (= f n))))
      (=> (live# f) (= (external# f) (external f))) (=> (live# f) (= (closing# f) (closing f)))))))""",
    "starts-closing": """(define-fun starts-closing ((n Flow)) Bool (and (live n) (forall ((f Flow)) (and (= (live# f) (live f))
      (=> (live# f) (= (external# f) (external f))) (=> (live# f) (= (closing# f) (or (= f n) (closing f))))))))""",
}


def unique(mapping: str, scope: str, scope_protocol: bool, takes_over: bool) -> dict[str, list[Any]]:
    """The three obligations of a design with these axes, by name."""
    same = {"eim": "(same-source f g)", "adm": "(and (same-source f g) (= (to-address f) (to-address g)))"}
    sides = ["protocol"] * scope_protocol + {"none": [], "address": ["to-address"], "endpoint": ["to-address", "to-port"]}[scope]
    equal = [f"(= ({s} f) ({s} g))" for s in sides]
    apart = f"(and {' '.join(equal)})" if len(equal) > 1 else (equal or ["true"])[0]
    world = WORLD.replace("MAPPING", same.get(mapping, "(= f g)")).replace("SCOPE", apart)

    shared = mapping in same
    # a source with a mapping shares it or is refused: it is not searched another endpoint
    searched = "(and (not (and (live g) (same-mapping g n))) {})" if shared else "{}"
    kinds = ["holds", "enters", "opens"] + ["shares"] * (mapping != "edm") + ["takes-over"] * takes_over + ["ends", "starts-closing"]
    steps = " ".join(STEPS[k] for k in kinds)
    steps = steps.replace("OPEN", searched.format("(not (holds g n e))")).replace(
        "CLOSING", searched.format("(=> (holds g n e) (closing g))")
    )
    steps = steps.replace("SAME", "same-mapping" if shared else "same-source")
    steps = steps.replace("FREE", "(=> (holds g n e) (same-mapping g n))" if shared else "(not (holds g n e))").replace("#", "-after")
    applied = " ".join(f"({k} n)" if k in ("ends", "starts-closing") else f"({k} n e)" for k in kinds[2:])

    before, after = (lambda t: t.replace("@", "")), (lambda t: t.replace("@", "-after"))
    return {
        "initiation": parse(
            world + before(STATE) + before(INVARIANT) + "(assert (forall ((f Flow)) (not (live f)))) (assert (not invariant)) (check-sat)"
        ),
        "consecution": parse(
            world + before(STATE) + after(STATE) + before(INVARIANT) + after(INVARIANT) + steps
            + "(declare-const n Flow) (declare-const e Endpoint) (assert invariant)"
            + f"(assert (or {applied})) (assert (not invariant-after)) (check-sat)"
        ),
        "property": parse(world + before(STATE) + before(INVARIANT) + PROPERTY + "(assert invariant) (assert (not unique)) (check-sat)"),
    }  # fmt: skip
