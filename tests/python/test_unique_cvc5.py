"""The proof of `unique` does not rest on Z3 alone: cvc5 decides each obligation, and sees a broken one."""

from __future__ import annotations

import json
from typing import Any

import natbound
import pytest

cvc5 = pytest.importorskip("cvc5", reason="pip install cvc5: the second solver")

OVERRIDES: list[dict[str, Any]] = [
    {"mapping-type": mapping, "clash-scope": {"destination": destination, "protocol": protocol}}
    for mapping in ("eim", "adm", "edm", "eim-if-possible")
    for destination in ("none", "address", "endpoint")
    for protocol in (True, False)
]


def verdict(script: str, find_model: bool = False) -> str:
    """What cvc5 says to a script. It ends on a script that is sat only where it looks for small models."""
    terms = cvc5.TermManager()
    solver = cvc5.Solver(terms)
    solver.setOption("tlimit-per", "20000")
    solver.setOption("finite-model-find", "true" if find_model else "false")
    parser = cvc5.InputParser(solver)
    parser.setStringInput(cvc5.InputLanguage.SMT_LIB_2_6, script, "obligation")
    names = parser.getSymbolManager()
    said = ""
    while not (command := parser.nextCommand()).isNull():
        said += str(command.invoke(solver, names))
    return said.strip()


def obligations(design: natbound.Design) -> list[dict[str, str]]:
    """The three scripts of a proof that Z3 has made."""
    (result,) = design.check("unique").to_dict()["properties"]
    assert result["verdict"] == "holds"
    assert result["scope"] == "for all numbers of flows, ports and addresses"
    found = result["evidence"]["obligations"]
    assert [o["name"] for o in found] == ["initiation", "consecution", "property"]
    return list(found)


@pytest.mark.parametrize("name", list(natbound.designs))
def test_cvc5_agrees_on_the_catalogue(name: str) -> None:
    for obligation in obligations(natbound.designs[name]):
        assert verdict(obligation["smt2"]) == obligation["expected"] == "unsat", obligation["name"]


@pytest.mark.parametrize("axes", OVERRIDES, ids=lambda axes: json.dumps(axes))
def test_cvc5_agrees_on_other_axes(axes: dict[str, Any]) -> None:
    design = natbound.Design({**natbound.designs["linux-masquerade"].to_dict(), **axes})
    for obligation in obligations(design):
        assert verdict(obligation["smt2"]) == "unsat", obligation["name"]


def test_a_search_that_does_not_test_its_endpoint_is_refuted() -> None:
    scripts = {o["name"]: o["smt2"] for o in obligations(natbound.designs["ideal"])}
    tested = "(forall ((g Flow)) (not (holds g n e)))"
    assert scripts["consecution"].count(tested) == 1
    assert verdict(scripts["consecution"].replace(tested, "true"), find_model=True) == "sat"


def test_the_property_rests_on_the_invariant() -> None:
    scripts = {o["name"]: o["smt2"] for o in obligations(natbound.designs["ideal"])}
    for name in ("consecution", "property"):
        assumed = "(assert invariant)\n"
        assert scripts[name].count(assumed) == 1
        assert verdict(scripts[name].replace(assumed, ""), find_model=True) == "sat", name
