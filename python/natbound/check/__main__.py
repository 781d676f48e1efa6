"""Checks certificates from the command line: exit status 0 valid, 1 rejected, 2 unreadable, 3 not decided here."""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import json
import os
import sys
from typing import Any


def _package() -> Any:
    """This folder as a package, also where it was started as a file and natbound is not there."""
    if __package__:
        return importlib.import_module(__package__)
    here = os.path.dirname(os.path.abspath(__file__))
    spec = importlib.util.spec_from_file_location("natbound_check", os.path.join(here, "__init__.py"), submodule_search_locations=[here])
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["natbound_check"] = module
    spec.loader.exec_module(module)
    return module


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    out = dict(pairs)
    if len(out) != len(pairs):
        raise ValueError("a key occurs twice in one object")
    return out


def _load(path: str) -> Any:
    if path == "-":
        return json.load(sys.stdin, object_pairs_hook=_once)
    with open(path, encoding="utf-8") as file:
        return json.load(file, object_pairs_hook=_once)


def main(arguments: list[str] | None = None) -> int:
    """Returns the exit status."""
    parser = argparse.ArgumentParser(prog="natbound check", description="Checks a certificate with the standard library alone.")
    parser.add_argument("certificate", help="a JSON file, or - for standard input")
    parser.add_argument("--scenario", help="reject a certificate made for another scenario (JSON, canonical form)")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    given = parser.parse_args(arguments)
    try:
        certificate = _load(given.certificate)
        scenario = _load(given.scenario) if given.scenario else None
    except (OSError, ValueError, RecursionError, MemoryError) as wrong:
        print(f"{given.certificate}: {wrong or type(wrong).__name__}", file=sys.stderr)
        return 2
    verdict = _package().check(certificate, scenario)
    if given.json:
        print(json.dumps({"schema": "natbound.check/1", "kind": verdict.kind, "valid": verdict.valid, "reason": verdict.reason}))
    else:
        print({True: "valid", False: "rejected", None: "not decided here"}[verdict.valid] + f": {verdict.reason}")
    return {True: 0, False: 1, None: 3}[verdict.valid]


if __name__ == "__main__":
    sys.exit(main())
