"""`capacity --tuples`: the connections of the evidence one by one, as CSV, or with --json as lines of JSON."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any, TextIO

from natbound.errors import InputError, Unsupported
from natbound.tuples import End, Endpoint, Run, runs

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
    "backend_address",
    "backend_port",
)


def list_tuples(wanted: str, part: dict[str, Any], as_json: bool) -> None:
    """wanted: how many, `all`, or a file (.csv, .jsonl) for all of them."""
    if wanted.isdecimal() and int(wanted) > 0:
        most, path = int(wanted), None
    elif wanted == "all" or wanted.endswith((".csv", ".jsonl")):
        most, path = None, None if wanted == "all" else wanted
    else:
        fix = "--tuples 1000, --tuples all, or --tuples out.csv"
        raise InputError("a number of tuples, all, or a file (.csv, .jsonl) is wanted", path="--tuples", value=f"'{wanted}'", fix=fix)
    if not part.get("evidence"):
        raise Unsupported("there are no tuples to list: the question is not settled")
    some = runs(part["evidence"])
    if path is None:
        _write(some, sys.stdout, as_json, most)
        return
    try:
        with open(path, "w", encoding="utf-8", newline="") as out:
            _write(some, out, path.endswith(".jsonl"), most)
    except OSError as error:
        raise InputError(f"can't be written: {error.strerror or error}", file=path) from error


def _write(some: Iterable[Run], out: TextIO, as_json: bool, most: int | None) -> None:
    """The lines, many at a time, or the first `most` of them."""
    lines = _json_lines(some) if as_json else _csv_lines(some)
    if not as_json:
        out.write(",".join(COLUMNS) + "\n")
    lines = islice(lines, most)
    while several := list(islice(lines, 4096)):
        out.write("".join(several))


# Within a run only ports and destinations move: what surrounds them is made once, in a fifth of the time that the modules csv and json take.


def _csv_lines(some: Iterable[Run]) -> Iterator[str]:
    """The stages of a cascade stand in one field each, the innermost first, with > between them."""
    ends = _Ends(
        lambda protocol, server, at, backend: (
            protocol + ",",
            f",{_field(server)},{at[0]},{at[1]},{backend[0] if backend else ''},{backend[1] if backend else ''}\n",
        )
    )
    for run in some:
        before = f"{_field(run.client)},{run.address},"
        between = f",{_field('>'.join(v[0] for v in run.via))},{'>'.join(v[1] for v in run.via)},"
        for on, via in run.units():
            middle = f"{before}{on}{between}{'>'.join([str(v[2]) for v in via])}"
            for protocol, end in ends.of(run.to):
                yield protocol + middle + end


def _json_lines(some: Iterable[Run]) -> Iterator[str]:
    """As Tuple.row has it."""
    ends = _Ends(lambda protocol, server, at, backend: (
        f'{{"protocol": "{protocol}", ', f'], "server": {json.dumps(server)}, "server_address": "{at[0]}", "server_port": {at[1]}'
        + (f', "backend_address": "{backend[0]}", "backend_port": {backend[1]}' if backend else "") + "}\n"
    ))  # fmt: skip
    for run in some:
        before = f'"client": {json.dumps(run.client)}, "client_address": "{run.address}", "client_port": '
        stages = [f'{{"nat": {json.dumps(n)}, "address": "{a}", "port": ' for n, a, _ in run.via]
        for on, via in run.units():
            stage = ", ".join([f"{text}{v[2]}}}" for text, v in zip(stages, via, strict=True)])
            middle = f'{before}{on}, "via": [{stage}'
            for protocol, end in ends.of(run.to):
                yield protocol + middle + end


class _Ends:
    """What is written of destinations, before and after the rest; kept where they are few."""

    def __init__(self, write: Callable[[str, str, Endpoint, Endpoint | None], tuple[str, str]]) -> None:
        self.write = write
        self.last: Any = None
        self.kept: list[tuple[str, str]] = []

    def of(self, to: Iterable[End]) -> Iterable[tuple[str, str]]:
        """Of all of these."""
        if not isinstance(to, list):
            return (self.write(*t) for t in to)
        if to is not self.last:
            self.last, self.kept = to, [self.write(*t) for t in to]
        return self.kept


def _field(text: str) -> str:
    """A name as CSV has it (RFC 4180)."""
    quoted = text.replace('"', '""')
    return f'"{quoted}"' if any(c in text for c in ',"\r\n') else text
