"""`natbound profile list` and `show`: devices whose published limits fill in what a NAT leaves out."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

from natbound.cli.common import Json, print_json
from natbound.errors import InputError

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Device profiles: published limits, each with its source.")


def _known() -> dict[str, dict[str, Any]]:
    from natbound import _core

    return {profile["name"]: profile for profile in map(json.loads, _core.device_profiles())}


@app.command(name="list")
def list_(as_json: Json = False) -> None:
    """The catalogue."""
    known = _known()
    if as_json:
        print_json({"schema": "natbound.profiles/1", "profiles": [{"name": p["name"], "summary": p["summary"]} for p in known.values()]})
        return
    for p in known.values():
        print(f"{p['name']:34} {p['summary']}")


@app.command()
def show(name: Annotated[str, typer.Argument(metavar="NAME")], as_json: Json = False) -> None:
    """One profile in full; with --json, a profile file."""
    known = _known()
    if name not in known:
        raise InputError("no such profile", value=f"'{name}'", fix=f"known: {', '.join(known)}")
    if as_json:
        print_json(known[name])
        return
    import yaml

    print(yaml.safe_dump(known[name], sort_keys=False, allow_unicode=True, width=110), end="")
