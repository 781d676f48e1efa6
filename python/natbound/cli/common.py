"""What the commands share: options, reading a scenario, printing JSON, writing files whole or not at all."""

from __future__ import annotations

import contextlib
import json
import os
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from natbound.errors import InputError

if TYPE_CHECKING:
    from natbound.scenario import Scenario

Settings = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="PATH=VALUE", help="Change a field: --set nats.router.design=cilium. Repeatable."),
]
Json = Annotated[bool, typer.Option("--json", help="One JSON object on standard output.")]
Backoff = Annotated[str, typer.Option(help="Wait before the second attempt, as in 1s.")]
Factor = Annotated[float, typer.Option(help="Each further wait is so many times the one before.")]
Jitter = Annotated[float, typer.Option(help="Waits spread evenly over this share of themselves, on either side: 0 to 1.")]
Epsilon = Annotated[float, typer.Option(help="The probability that no kind of traffic may exceed.")]
Seed = Annotated[int, typer.Option(min=0, max=2**64 - 1, help="Seed of the simulation.")]
Timeout = Annotated[str | None, typer.Option(metavar="10s", help="After so long: unknown, with the bounds found so far.")]
Memory = Annotated[
    str | None, typer.Option(metavar="2GB", help="The same when the process has taken so much memory more than it had at first.")
]
CertificateFile = Annotated[str | None, typer.Option("--certificate", metavar="FILE", help="Write the evidence as a certificate.")]


@contextlib.contextmanager
def limited(timeout: str | None, memory: str | None) -> Iterator[None]:
    """Within the limits that the options say."""
    from natbound.cli.quantities import memory_bytes, seconds
    from natbound.working import limits

    most = None if timeout is None else seconds(timeout, "--timeout")
    if most is not None and not 0 < most < 1e9:
        raise InputError("a time above 0 is wanted", path="--timeout", value=f"'{timeout}'", fix="such as 10s")
    with limits(seconds=most, memory=None if memory is None else memory_bytes(memory, "--memory")):
        yield


def print_json(value: Any) -> None:
    """One object, and nothing else."""
    print(json.dumps(value, indent=2))


def status_of(*parts: Mapping[str, Any]) -> int:
    """The exit status for counts: 3 where one is neither exact nor held between two bounds (as it is where a hash is not known), or a limit of
    time or memory ended the search."""
    return (
        3
        if any("limit" in part for part in parts) or any(part.get("connections") is None and part.get("at_most") is None for part in parts)
        else 0
    )


@contextlib.contextmanager
def working(words: str) -> Iterator[None]:
    """Says on standard error that something is being done, where someone looks at it."""
    if not sys.stderr.isatty():
        yield
        return
    from rich.console import Console

    with Console(stderr=True).status(words):
        yield


@contextlib.contextmanager
def advancing(words: str, quiet: bool) -> Iterator[Callable[[float], None] | None]:
    """A bar on standard error, where someone looks at it, and what tells it the part that is done."""
    if quiet or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(words, total=1.0)

        def show(part: float) -> None:
            bar.update(task, completed=part)

        yield show


def check_epsilon(epsilon: float) -> None:
    """Refuses what is no probability."""
    if not 0 < epsilon < 1:
        raise InputError("a probability above 0 and below 1 is wanted", path="--epsilon", value=str(epsilon))


def read_certificate(path: str) -> Any:
    """A certificate's JSON: what it says is for the checker, that it is JSON is looked at here."""
    from natbound.reading import read_text

    file = "<stdin>" if path == "-" else path
    fix = "natbound answer SCENARIO --certificate FILE writes one"
    text = read_text(path)
    try:
        return json.loads(text, object_pairs_hook=_once)
    except json.JSONDecodeError as error:
        raise InputError(f"not JSON: {error.msg}", file=file, line=error.lineno, fix=fix) from error
    except RecursionError as error:
        raise InputError("nested too deeply", file=file, fix=fix) from error
    except ValueError as error:  # a key twice, or a number of too many digits
        raise InputError(f"not JSON: {error}", file=file, fix=fix) from error


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    out = dict(pairs)
    if len(out) != len(pairs):
        raise ValueError("a key stands twice in one object")
    return out


def write_file(path: str, text: str) -> None:
    """The whole text, or (on any failure) the file as it was."""
    target = Path(path)
    try:
        handle, name = tempfile.mkstemp(dir=target.parent if str(target.parent) else ".", prefix=f".{target.name}.")
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as stream:
                stream.write(text)
            os.chmod(name, 0o666 & ~_umask())
            os.replace(name, target)
        except BaseException:
            os.unlink(name)
            raise
    except OSError as error:
        raise InputError(f"can't be written: {error.strerror or error}", file=path) from error


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def of_ranges(scenario: Scenario) -> list[str]:
    """Of traffic that is known as a range, which end the numbers are of."""
    out = []
    for i, entry in enumerate(scenario.canonical["traffic"]):
        least, dash, most = str(entry.get("top-share", "")).partition("-")
        if dash and least != most:
            out.append(
                f"traffic[{i}]: this is of a busiest destination with {most} of it, where most is refused; "
                f"natbound answer also has the numbers of {least}"
            )
    return out
