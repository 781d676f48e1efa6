"""`capacity --tuples`: the connections of the evidence one by one, as CSV, or with --json as lines of JSON."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, TextIO

from natbound.errors import InputError, Unsupported
from natbound.tuples import Tuple, tuples

COLUMNS = (
    "protocol",
    "client",
    "client_address",
    "client_port",
    "nat",
    "external_address",
    "external_port",
    "server",
    "server_address",
    "server_port",
)


def list_tuples(wanted: str, part: dict[str, Any], as_json: bool) -> None:
    """wanted: how many, `all`, or a file (.csv, .jsonl) for all of them."""
    if wanted.isdigit() and int(wanted) > 0:
        most, path = int(wanted), None
    elif wanted == "all" or wanted.endswith((".csv", ".jsonl")):
        most, path = None, None if wanted == "all" else wanted
    else:
        fix = "--tuples 1000, --tuples all, or --tuples out.csv"
        raise InputError("a number of tuples, all, or a file (.csv, .jsonl) is wanted", path="--tuples", value=f"'{wanted}'", fix=fix)
    if not part.get("evidence"):
        raise Unsupported("there are no tuples to list: the question is not settled")
    some = islice(tuples(part["evidence"]), most)
    if path is None:
        _write(some, sys.stdout, as_json)
        return
    try:
        with open(path, "w", encoding="utf-8", newline="") as out:
            _write(some, out, path.endswith(".jsonl"))
    except OSError as error:
        raise InputError(f"can't be written: {error.strerror or error}", file=path) from error


def _write(some: Iterable[Tuple], out: TextIO, as_json: bool) -> None:
    if as_json:
        for t in some:
            out.write(json.dumps(t.row) + "\n")
        return
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(_rows(some))


def _rows(some: Iterable[Tuple]) -> Iterator[tuple[Any, ...]]:
    """The stages of a cascade stand in one field each, the innermost first, with > between them."""
    for t in some:
        stages = [">".join(str(stage[i]) for stage in t.via) for i in range(3)]
        yield t.protocol, t.client, *t.source, *stages, t.server, *t.destination
