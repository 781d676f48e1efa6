"""`natbound design list`, `show` and `check`."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from natbound.cli.common import CertificateFile, Json, Memory, Timeout, limited, print_json, write_file
from natbound.design import Design, designs
from natbound.errors import InputError

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Allocator designs: how NATs pick ports.")


def find(name: str, option: str = "") -> Design:
    """A design of the catalogue, or of a file."""
    if name in designs:
        return designs[name]
    if name.endswith((".json", ".yaml", ".yml")):
        return Design.load(name)
    raise InputError("no such design", path=option, value=f"'{name}'", fix=f"known: {', '.join(designs)}; or a .json or .yaml file")


@app.command(name="list")
def list_(as_json: Json = False) -> None:
    """The catalogue."""
    known = [design.to_dict() for design in designs.values()]
    if as_json:
        print_json(
            {
                "schema": "natbound.designs/1",
                "designs": [{"name": d["name"], "summary": d["summary"]} for d in known],
            }
        )
        return
    for d in known:
        print(f"{d['name']:18} {d['summary']}")


@app.command()
def show(name: Annotated[str, typer.Argument(metavar="NAME|FILE")], as_json: Json = False) -> None:
    """One design in full; with --json, a design file."""
    d = find(name).to_dict()
    if as_json:
        print_json(d)
        return
    import yaml

    print(yaml.safe_dump(d, sort_keys=False, allow_unicode=True, width=110), end="")


@app.command()
def check(
    name: Annotated[str, typer.Argument(metavar="NAME|FILE")],
    properties: Annotated[list[str] | None, typer.Option("--property", help="Which property; repeatable.")] = None,
    timeout: Timeout = None,
    memory: Memory = None,
    as_json: Json = False,
    certificate: CertificateFile = None,
    smt2: Annotated[
        str | None,
        typer.Option("--smt2", metavar="FOLDER", help="Write each obligation as an SMT-LIB 2 file."),
    ] = None,
) -> None:
    """Prove or refute properties of a design."""
    with limited(timeout, memory):
        result = find(name).check(properties or ["unique"]).to_dict()
    parts = result["properties"]
    if certificate:
        proved = [p for p in parts if p.get("evidence")]
        if not proved:
            raise InputError("no property holds, so there is no certificate", path="--certificate")
        write_file(certificate, json.dumps(proved[0]["evidence"]) + "\n")
    if smt2:
        from pathlib import Path

        try:
            Path(smt2).mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InputError(f"can't be made a folder: {error.strerror or error}", path="--smt2", value=f"'{smt2}'") from error
        for p in parts:
            for o in (p.get("evidence") or {}).get("obligations", []):
                write_file(str(Path(smt2) / f"{p['property']}-{o['name']}.smt2"), o["smt2"])
    if as_json:
        print_json(result)
    else:
        for p in parts:
            print(f"{p['property']}: {p['verdict']}" + (f" {p['scope']}" if p.get("scope") else ""))
            for key in ("reason", "means"):
                if p.get(key):
                    print(f"  {p[key]}")
            for step in p.get("trace") or []:
                print(f"  {step if isinstance(step, str) else json.dumps(step)}")
    verdicts = {p["verdict"] for p in parts}
    raise typer.Exit(1 if "fails" in verdicts else 3 if "unknown" in verdicts else 0)
