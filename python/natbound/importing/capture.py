"""The flows of a capture: conntrack's events joined to flows, and its listings."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from natbound.importing.conntrack_line import Entry, is_conntrack_line, parse_line
from natbound.importing.problem import ImportProblem
from natbound.importing.source import Source

MOST_ENTRIES = 2_000_000
CLOSED = {"TIME_WAIT", "CLOSE"}  # both ends have closed: only the entry's timer runs

Server = tuple[str, int, str]  # destination, its port, protocol
Key = tuple[str, tuple[str, int, str, int]]


@dataclass(slots=True)
class Flow:
    """One flow as the events tell it. Times as in the events; None where no event said."""

    protocol: str
    flow: tuple[str, int, str, int]
    external: tuple[str, int]
    opened: float | None
    closed: float | None = None  # entered TIME_WAIT or CLOSE, seen as an UPDATE
    destroyed: float | None = None
    state: str | None = None  # the last one seen
    left: int | None = None  # seconds that the entry had left when it was destroyed; None: it had expired
    assured: bool = False
    age: float | None = None  # when destroyed

    @property
    def server(self) -> Server:
        """The destination endpoint."""
        return self.flow[2], self.flow[3], self.protocol


@dataclass(slots=True)
class Events:
    """All flows of the event streams, and the span of time that they cover."""

    flows: list[Flow] = field(default_factory=list)
    first: float = float("inf")
    last: float = float("-inf")
    untimed: int = 0
    kinds: Counter[str] = field(default_factory=Counter)


@dataclass(slots=True)
class Table:
    """One listing, each tuple once."""

    name: str
    entries: dict[Key, Entry] = field(default_factory=dict)

    @property
    def ages(self) -> int:
        """How many entries tell their age."""
        return sum(e.age is not None for e in self.entries.values())


def _entries(source: Source, warnings: list[str]) -> Iterable[Entry]:
    strange: list[int] = []
    count = portless = 0
    for number, line in source.lines():
        if not line.strip():
            continue
        entry = parse_line(line, source.name, number)
        if entry is not None:
            count += 1
            if count > MOST_ENTRIES:
                raise ImportProblem(
                    source.name,
                    number,
                    "",
                    f"more than {MOST_ENTRIES} entries",
                    "a few minutes of events are enough",
                )
            yield entry
        elif " flow entries have been shown" in line:
            shown = [int(w) for w in line.split() if w.isdecimal()]
            if shown and count < shown[0] and not strange:
                raise ImportProblem(
                    source.name,
                    number,
                    line,
                    f"{count} entries are here: the capture is truncated",
                    "capture it again",
                )
        elif is_conntrack_line(line):
            portless += 1
        else:
            strange.append(number)
    if portless:
        warnings.append(f"{source.name}: {portless} lines of ICMP, GRE and the like were left out")
    if strange:
        warnings.append(f"{source.name}: {len(strange)} lines are no conntrack entries and were left out (the first is line {strange[0]})")


def read_table(source: Source, warnings: list[str]) -> Table:
    """A listing; a tuple that occurs twice (the table changed while it was printed) counts once."""
    table = Table(source.name)
    twice = 0
    for entry in _entries(source, warnings):
        key = (entry.protocol, entry.flow)
        twice += key in table.entries
        table.entries[key] = entry
    if twice:
        warnings.append(f"{source.name}: {twice} tuples occur twice (the table changed while it was read); the later line of each was kept")
    return table


def read_events(source: Source, events: Events, warnings: list[str]) -> None:
    """Adds an event stream to `events`."""
    current: dict[Key, Flow] = {}
    named: dict[str, Flow] = {}
    for entry in _entries(source, warnings):
        kind = entry.event
        if kind is None:
            continue
        events.kinds[kind] += 1
        if entry.time is None:
            events.untimed += 1
            continue
        events.first = min(events.first, entry.time)
        events.last = max(events.last, entry.time)
        key = (entry.protocol, entry.flow)
        flow = named.get(entry.id) if entry.id else None
        if flow is None or flow.flow != entry.flow:
            flow = current.get(key)
        if kind == "NEW" or flow is None:
            opened = entry.time if kind == "NEW" else None
            flow = Flow(entry.protocol, entry.flow, entry.external, opened)
            events.flows.append(flow)
            current[key] = flow
            if entry.id:
                named[entry.id] = flow
        flow.state = entry.state or flow.state
        flow.assured = flow.assured or entry.assured
        if kind == "UPDATE" and entry.state in CLOSED and flow.closed is None:
            flow.closed = entry.time
        if kind == "DESTROY":
            flow.destroyed, flow.left, flow.age = entry.time, entry.remaining, entry.age
            if current.get(key) is flow:
                del current[key]
            if entry.id:
                named.pop(entry.id, None)
