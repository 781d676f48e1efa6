"""The commands, one function each; each imports what it needs when it runs."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from natbound.cli import change, dealing, designs, explain, formula, planning, profiles, spread
from natbound.cli.common import (
    Backoff,
    CertificateFile,
    Epsilon,
    Factor,
    Jitter,
    Json,
    Memory,
    Seed,
    Timeout,
    advancing,
    check_epsilon,
    limited,
    print_json,
    read_certificate,
    status_of,
    working,
    write_file,
)
from natbound.cli.given import about_a_scenario
from natbound.cli.quantities import seconds
from natbound.errors import InputError, Unsupported

if TYPE_CHECKING:
    from natbound.scenario import Scenario

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="How many connections a NAT can hold: guaranteed, likely and maximum, with evidence.",
)
app.add_typer(designs.app, name="design")
app.add_typer(profiles.app, name="profile")


def _version(wanted: bool) -> None:
    if wanted:
        from natbound import __version__

        print(f"natbound {__version__}")
        raise typer.Exit


@app.callback()
def _common(
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")] = False,
) -> None: ...


@app.command()
@about_a_scenario
def answer(
    scenario: Scenario,
    epsilon: Epsilon = 1e-6,
    as_json: Json = False,
    certificate: CertificateFile = None,
    timeout: Timeout = None,
    memory: Memory = None,
    number: Annotated[
        str | None,
        typer.Option(help="The one that --certificate (else: the maximum's) and the exit status speak of: guaranteed, likely, maximum."),
    ] = None,
    seed: Seed = 1,
) -> None:
    """The three numbers, what sets each, and what would move it."""
    check_epsilon(epsilon)
    if number not in (None, "guaranteed", "likely", "maximum"):
        raise InputError("guaranteed, likely or maximum is wanted", path="--number", value=f"'{number}'")
    with working("working out the three numbers"), limited(timeout, memory):
        result = scenario.answer(epsilon, seed=seed)
    if certificate:
        part = result[number or "maximum"]
        if part["evidence"] is None:
            raise Unsupported(part["unknown"])
        write_file(certificate, json.dumps(part["evidence"]) + "\n")
    if as_json:
        print_json(result.to_dict())
    else:
        from natbound.page import show

        show(result.to_dict())
    asked = (number,) if number else ("guaranteed", "likely", "maximum")
    unknown = list(dict.fromkeys(result[part]["unknown"] for part in asked if result[part].get("unknown")))
    if "limit" in result and not unknown:
        unknown = [result["limit"]["says"]]
    for reason in unknown:
        print(f"natbound: unknown: {reason}", file=sys.stderr)
    raise typer.Exit(3 if unknown else status_of(*(result[part] for part in asked if part != "likely")))


app.command()(explain.capacity)
app.command(name="explain")(explain.explain)


@app.command()
@about_a_scenario
def compare(
    scenario: Scenario,
    design_names: Annotated[str, typer.Option("--designs", metavar="A,B,C", help="Designs, by name or file.")],
    epsilon: Epsilon = 1e-6,
    as_json: Json = False,
) -> None:
    """The three numbers for several designs, side by side."""
    from natbound import wording

    check_epsilon(epsilon)
    names = [name.strip() for name in design_names.split(",") if name.strip()]
    if not names:
        raise InputError("names of designs are wanted", path="--designs", fix="natbound design list shows them")
    for name in names:
        designs.find(name, "--designs")  # its own mistakes, before any is computed
    with working("working out the three numbers for each design"):
        answers = scenario.compare(names, epsilon)
    if as_json:
        print_json([{"design": name, **a.to_dict()} for name, a in zip(names, answers, strict=True)])
        raise typer.Exit(max(status_of(a["guaranteed"], a["maximum"]) for a in answers))
    from rich import box
    from rich.console import Console
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD)
    for title in ("design", "guaranteed", f"likely ({epsilon:g})", "maximum", "refused at this traffic"):
        table.add_column(title, justify="left" if title == "design" else "right")
    for name, a in zip(names, answers, strict=True):
        p = a["traffic"].get("refusal_probability") or {}
        refused = wording.probability(p["value"]) if p.get("value") is not None else f"< {wording.probability(p.get('at_most'))}"
        table.add_row(name, *(wording.bounded(a[part]) for part in ("guaranteed", "likely", "maximum")), refused)
    Console().print(table)
    raise typer.Exit(max(status_of(a["guaranteed"], a["maximum"]) for a in answers))


@app.command()
@about_a_scenario
def simulate(
    scenario: Scenario,
    seed: Seed = 1,
    arrivals: Annotated[int, typer.Option(min=1, max=10**12, help="New connections to simulate, after warming up.")] = 1_000_000,
    tries: Annotated[int, typer.Option(min=1, max=1000, help="Attempts of a connection in all.")] = 1,
    backoff: Backoff = "1s",
    factor: Factor = 2.0,
    jitter: Jitter = 0.0,
    as_json: Json = False,
) -> None:
    """Step the concrete design under the scenario's traffic."""
    from natbound import wording

    with advancing("simulating", as_json) as progress:
        data: dict[str, Any] = scenario.simulate(
            seed=seed,
            arrivals=arrivals,
            tries=tries,
            backoff=seconds(backoff, "--backoff"),
            factor=factor,
            jitter=jitter,
            progress=progress,
        ).to_dict()
    if as_json:
        print_json(data)
        return
    between = wording.between
    print(
        f"{data['arrivals']:,} arrivals, {data['refused']:,} refused: {wording.probability(data['refusal_probability'])}"
        f" ({between(data['interval'])}), seed {seed}"
    )
    if len(data["refused_by"]) > 1:
        print("refused first by: " + ", ".join(f"{one['kind']} {one['refused']:,}" for one in data["refused_by"]))
    if tries > 1:
        r = data["retries"]
        attempts, failed = r["attempt_refusal"], r["connection_failure"]
        print(
            f"{r['attempts']:,} attempts, {r['refused']:,} refused: {wording.probability(attempts['value'])} ({between(attempts['interval'])})\n"
            f"{r['gave_up']:,} connections gave up after {tries} tries; {wording.probability(failed['value'])} of them fail ({between(failed['interval'])})\n"
            f"mean delay to get in {wording.span(r['mean_delay'])}"
        )


for planned in (
    planning.risk,
    planning.size,
    planning.alert,
    planning.rules,
    spread.day,
    change.after,
    spread.uncertainty,
    dealing.blocks,
    dealing.exhaustion,
    formula.formula,
):
    app.command()(planned)


@app.command(name="import")
def import_(
    paths: Annotated[list[str], typer.Argument(metavar="PATH...", help="Files or folders of what a router prints.")],
    output: Annotated[str | None, typer.Option("-o", "--output", metavar="FILE", help="Write the scenario here.")] = None,
    as_json: Json = False,
) -> None:
    """Read what routers print (iptables-save, nft, ip, sysctl, conntrack), write a scenario."""
    from natbound.importing import import_paths
    from natbound.scenario import Scenario

    found = import_paths(paths)
    Scenario(found.scenario)  # what is written can be read
    text = json.dumps(found.scenario, indent=2) + "\n" if as_json or (output or "").endswith(".json") else found.to_yaml()
    if output:
        write_file(output, text)
    for line in found.report:
        print(line, file=sys.stderr)
    if not output:
        print(text, end="")


@app.command()
def check(
    certificate: Annotated[str, typer.Argument(metavar="CERTIFICATE", help="A certificate; - is standard input.")],
    scenario: Annotated[str | None, typer.Option(metavar="SCENARIO", help="Reject a certificate made for another.")] = None,
    as_json: Json = False,
) -> None:
    """Check a certificate with plain Python that shares no code with the rest."""
    from natbound.check import check as check_certificate

    if certificate == "-" and scenario == "-":
        raise InputError("standard input can be one of the two only", path="--scenario", value="'-'")
    value = read_certificate(certificate)
    wanted = None
    if scenario is not None:
        from natbound.scenario import load

        wanted = load(scenario).written_out
    verdict = check_certificate(value, wanted)
    if as_json:
        print_json(
            {
                "schema": "natbound.check/1",
                "valid": verdict.valid,
                "kind": verdict.kind,
                "reason": verdict.reason,
            }
        )
    else:
        word = {True: "valid", False: "rejected", None: "undecided"}[verdict.valid]
        print(f"{word}: {verdict.reason}")
    raise typer.Exit({True: 0, False: 1, None: 3}[verdict.valid])


@app.command()
def new() -> None:
    """Print a commented starter scenario."""
    from natbound.cli.starter import STARTER

    print(STARTER, end="")


@app.command()
def schema(
    of: Annotated[str, typer.Argument(metavar="scenario|design", help="Which format.")] = "scenario",
) -> None:
    """Print the JSON Schema of a format, for editors."""
    from natbound import _core

    if of not in ("scenario", "design"):
        raise InputError("scenario or design is wanted", value=f"'{of}'")
    print_json(json.loads(_core.scenario_schema() if of == "scenario" else _core.design_schema()))
