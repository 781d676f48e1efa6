"""The commands about what is possible: capacity (the maximum, a demand, a claim) and explain."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from natbound.cli.common import CertificateFile, Json, Memory, Timeout, limited, print_json, status_of, working, write_file
from natbound.cli.given import about_what_fits
from natbound.errors import InputError

if TYPE_CHECKING:
    from natbound.scenario import Scenario

DemandOption = Annotated[
    str | None,
    typer.Option(
        metavar="N|FILE", help="So many connections; a list of {from, to, connections} in YAML or JSON; or a recorded table (conntrack -L)."
    ),
]


@about_what_fits
def capacity(
    scenario: Scenario,
    demand: DemandOption = None,
    place: Annotated[str, typer.Option(help="Where a number of connections goes: even (as the traffic is) or best.")] = "even",
    claim: Annotated[str | None, typer.Option(metavar='"N >= 100000"', help="Does this hold of the maximum?")] = None,
    for_all_sizes: Annotated[
        bool, typer.Option("--for-all-sizes", help="The maximum of this shape as a formula over its sizes, proved for all of them.")
    ] = False,
    tuples: Annotated[
        str | None, typer.Option(metavar="N|all|FILE.csv", help="List the connections that fit, one by one: so many of them, or all.")
    ] = None,
    engine: Annotated[
        str,
        typer.Option(
            metavar="auto|flow|z3|cp-sat",
            help="Ask a second engine as well, and compare (auto: CP-SAT where the flow leaves a demand open).",
        ),
    ] = "auto",
    timeout: Timeout = None,
    memory: Memory = None,
    as_json: Json = False,
    certificate: CertificateFile = None,
) -> None:
    """The maximum; or: does this demand fit, and what multiple of it? Does this claim hold?"""
    if place not in ("even", "best"):
        raise InputError("even or best is wanted", path="--place", value=f"'{place}'")
    if claim is not None and demand is not None:
        raise InputError(
            "a claim is about the maximum, which no demand changes", path="--claim", value=f"'{claim}'", fix="ask one of the two"
        )
    if for_all_sizes:
        if engine != "auto":
            raise InputError("a proof for all sizes is by Z3 in any case", path="--engine", value=f"'{engine}'", fix="leave one out")
        if demand is not None or claim is not None:
            raise InputError("a proof for all sizes is of the maximum alone", path="--for-all-sizes", fix="ask one of the two")
        if tuples is not None:
            raise InputError("a formula has no connections to list", path="--tuples", value=f"'{tuples}'", fix="ask one of the two")
        with limited(timeout, memory):
            _for_all_sizes(scenario, as_json, certificate)
    _one_standard_input(scenario, demand)
    with working(_step(engine)), limited(timeout, memory):
        result = scenario.capacity(demand, place=place, claim=claim, engine=engine).to_dict()
    part = result["maximum"] if demand is None and claim is None else result
    if certificate:
        if part.get("evidence") is None:
            raise InputError("there is no certificate: the question is not settled", path="--certificate", value=f"'{certificate}'")
        write_file(certificate, json.dumps(part["evidence"]) + "\n")
    if tuples is not None and (part.get("evidence") or {}).get("kind") != "does-not-fit":  # else there is nothing to list but why
        from natbound.cli.listing import list_tuples

        list_tuples(tuples, part, as_json)
    elif as_json:
        print_json(result)
    else:
        _say(result, demand is not None)
    if claim is not None:
        raise typer.Exit({True: 0, False: 1, None: 3}[result["holds"]])
    raise typer.Exit(status_of(part) or (3 if "limit" in result else 0) if demand is None else {True: 0, False: 1, None: 3}[result["fits"]])


@about_what_fits
def explain(
    scenario: Scenario,
    demand: DemandOption = None,
    reasons: Annotated[int, typer.Option(min=1, max=1000, help="So many different reasons, at most.")] = 1,
    price: Annotated[
        list[str] | None, typer.Option(metavar="NAME=X", help="Price of one more: --price address=4 --price port=0.001. Repeatable.")
    ] = None,
    timeout: Timeout = None,
    memory: Memory = None,
    as_json: Json = False,
    certificate: CertificateFile = None,
) -> None:
    """Why a demand (else the traffic) does not fit, the smallest changes that make it fit, and what one more is worth."""
    from natbound.cli.planning import _prices
    from natbound.explaining.result import lines

    _one_standard_input(scenario, demand)
    with working("looking for reasons and changes"), limited(timeout, memory):
        result = scenario.explain(demand, reasons=reasons, prices=_prices(price or [])).to_dict()
    if certificate and result["fits"] is not None and (result["reasons"] or result["fits"]):  # of the first reason; where it fits, of that
        write_file(certificate, json.dumps((result["reasons"] or [result])[0]["evidence"]) + "\n")
    if as_json:
        print_json(result)
    else:
        print("\n".join(lines(result)))
    raise typer.Exit(3 if "limit" in result else 0)


def _for_all_sizes(scenario: Scenario, as_json: bool, certificate: str | None) -> None:
    with working("proving the formula"):
        result = scenario.for_all_sizes().to_dict()
    if certificate:
        if not result["proved"]:
            raise InputError("there is no certificate: the formula is not proved", path="--certificate", value=f"'{certificate}'")
        write_file(certificate, json.dumps(result["evidence"]) + "\n")
    if as_json:
        print_json(result)
    else:
        from natbound import wording

        print(f"maximum = {result['in_words']}")
        print("for all sizes, proved by Z3" if result["proved"] else f"not proved: {result['reason']}")
        print(f"here {wording.count(result['connections'])}, with")
        for p in result["parameters"]:
            print(f"  {wording.count(p['value']):>14}  {p['means']}")
    raise typer.Exit(0 if result["proved"] else 3)


def _one_standard_input(scenario: Scenario, demand: str | None) -> None:
    if scenario._document.file == "<stdin>" and demand == "-":
        raise InputError("standard input can be one of the two only", path="--demand", value="'-'")


def _say_limit(result: dict[str, Any]) -> None:
    ended = result.get("limit") or result.get("maximum", {}).get("limit")
    if ended:
        print(f"natbound: unknown: {ended['says']}", file=sys.stderr)


def _step(engine: str) -> str:
    return "counting" if engine not in ("z3", "cp-sat") else f"counting, and asking {engine} the same (a minute at most, or --timeout)"


def _second(engine: dict[str, Any]) -> str:
    """What the second engine says, or that it gave up, and what then stands."""
    from natbound import wording

    who = f"{engine['name']} {engine['version']}"
    if engine["says"] is None:
        return f"{who} gave up after {engine['gave_up_after']:.3g} s, given {engine['model']}: the answer above is natbound's flow's alone"
    return f"{who} says at most {wording.count(engine['says'])}, given {engine['model']}"


def _say(result: dict[str, Any], asked: bool) -> None:
    from natbound import wording

    if "claim" in result:
        words = {True: "holds", False: "does not hold", None: "is not settled"}[result["holds"]]
        print(f"{result['claim']} {words}: the maximum is {wording.bounded(result['maximum'])}: {result['sets_it']}")
        _say_limit(result)
        return
    if not asked:
        print(f"maximum: {wording.bounded(result['maximum'])}: {result['maximum']['sets_it']}")
    else:
        print(f"{wording.fits(result['demand'], result['fits'])}: {result['sets_it']}")
    if "says" in (asked_too := result.get("engine", {})):
        print(_second(asked_too))
    _say_limit(result)
    for line in wording.left_out(result):
        print(line)
    multiple = result.get("multiple")
    of = "the demand" if asked else f"the traffic's {wording.count(result.get('demand'))} live"
    if multiple and multiple["exact"]:
        print(f"largest multiple of {of} that fits: {multiple['value']:.6g} ({wording.count(multiple['connections'])} connections)")
    elif multiple and "at_least" in multiple:
        low, high = multiple["at_least"], multiple["at_most"]
        print(f"largest multiple of {of} that fits: at least {low['value']:.6g}, less than {high['value']:.6g}")
