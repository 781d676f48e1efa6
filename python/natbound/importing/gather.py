"""All inputs read: each told apart by its content and given to its reader."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from natbound.importing.capture import Events, Table, read_events, read_table
from natbound.importing.detect import Kind, kind_of, kind_of_json
from natbound.importing.problem import ImportProblem
from natbound.importing.router import Router, read_addresses, read_counters, read_sysctl
from natbound.importing.rules import Rule, read_iptables, read_nft
from natbound.importing.sockets import Sockets, read_sockets
from natbound.importing.source import Source

WANTED = "iptables-save, nft -j, ip -j addr, sysctl, conntrack -L, -E or -S, ss -tan"


@dataclass(slots=True)
class Gathered:
    """What the inputs say, before any estimate."""

    events: Events = field(default_factory=Events)
    tables: list[Table] = field(default_factory=list)
    sockets: Sockets | None = None
    rules: list[Rule] = field(default_factory=list)
    router: Router = field(default_factory=Router)
    read: list[str] = field(default_factory=list)
    ignored: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    @property
    def table(self) -> Table | None:
        """The listing that tells most."""
        return max(self.tables, key=lambda t: (t.ages, len(t.entries)), default=None)


def _files(paths: Sequence[str | Path]) -> list[Path]:
    """The files meant: those named, and those in a folder that is named (not in its folders)."""
    files: list[Path] = []
    for path in map(Path, paths):
        if path.is_dir():
            try:
                files += sorted(p for p in path.iterdir() if p.is_file() and not p.name.startswith("."))
            except OSError as error:
                raise ImportProblem(str(path), None, "", f"cannot be read: {error.strerror}") from error
        else:
            files.append(path)
    unique = {p.resolve(): p for p in reversed(files)}
    return [p for p in files if unique.get(p.resolve()) is p]


def gather(paths: Sequence[str | Path]) -> Gathered:
    """Reads every file; raises ImportProblem where one is damaged or none is of use."""
    found = Gathered()
    files = _files(paths)
    named = {p.resolve() for p in map(Path, paths) if not p.is_dir()}
    for path in files:
        source = Source(path)
        try:
            if source.is_binary():
                if path.resolve() in named:
                    raise ImportProblem(source.name, None, "", "a binary file", f"give text: {WANTED}")
                found.ignored.append(f"{source.name} (binary)")
                continue
            kind = _read(source, found, path.resolve() in named)
        finally:
            source.close()
        if kind in (Kind.EMPTY, Kind.UNKNOWN, Kind.JSON):
            found.ignored.append(f"{source.name} ({Kind.UNKNOWN.value if kind is Kind.JSON else kind.value})")
        else:
            found.read.append(f"{source.name}: {kind.value}")
    if not found.read:
        where = ", ".join(map(str, paths)) or "(no path)"
        what = f"{len(files)} files, none of a kind that can be read" if files else "no files"
        raise ImportProblem(where, None, "", what, f"wanted: {WANTED}")
    if not found.tables and not found.events.kinds:
        raise ImportProblem(
            ", ".join(map(str, paths)),
            None,
            "",
            "nothing tells which flows there are",
            "add `conntrack -L`, and better `conntrack -E -o timestamp,id` of a minute or more",
        )
    return found


def _read(source: Source, found: Gathered, named: bool) -> Kind:
    kind = kind_of(source.head.decode("utf-8", "replace"))
    if kind is Kind.JSON:
        text = source.text()
        try:
            value = json.loads(text)
        except json.JSONDecodeError as error:
            telling = '"nftables"' in text[:4096] or '"ifname"' in text[:4096]
            if not telling and not named:
                return Kind.UNKNOWN
            raise ImportProblem(
                source.name,
                error.lineno,
                text[max(0, error.pos - 20) : error.pos + 20],
                f"not JSON ({error.msg}): the capture is truncated or edited",
                "capture it again",
            ) from error
        except RecursionError as error:
            raise ImportProblem(source.name, None, "", "nested too deeply") from error
        kind = kind_of_json(value)
        try:
            if kind is Kind.NFT:
                found.rules += read_nft(value, source.name)
            elif kind is Kind.ADDRESSES:
                read_addresses(value, source.name, found.router)
        except ImportProblem:
            raise
        except (ValueError, TypeError, AttributeError) as error:
            raise ImportProblem(source.name, None, str(error), f"not as {kind.value} prints it", "capture it again") from error
    elif kind is Kind.RULES:
        found.rules += read_iptables(source)
    elif kind is Kind.SYSCTL:
        read_sysctl(source, found.router)
    elif kind is Kind.COUNTERS:
        read_counters(source, found.router)
    elif kind is Kind.SOCKETS:
        found.sockets = read_sockets(source, found.warnings)
    elif kind is Kind.TABLE:
        found.tables.append(read_table(source, found.warnings))
    elif kind is Kind.EVENTS:
        read_events(source, found.events, found.warnings)
    return kind
