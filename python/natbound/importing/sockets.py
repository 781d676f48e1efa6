"""The client's side: `ss -tan`. Sockets in SYN-SENT are connections that wait for the next try."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from ipaddress import ip_address

from natbound.importing.source import Source


@dataclass(slots=True)
class Sockets:
    """Sockets by state, and those that wait for an answer to their SYN."""

    name: str
    states: Counter[str] = field(default_factory=Counter)
    waiting: list[tuple[str, int, str, int]] = field(default_factory=list)


def _endpoint(text: str) -> tuple[str, int] | None:
    address, _, port = text.rpartition(":")
    try:
        return str(ip_address(address.strip("[]").split("%")[0])), int(port)
    except ValueError:
        return None


def read_sockets(source: Source, warnings: list[str]) -> Sockets:
    """Counts the states; lines that do not name two endpoints (LISTEN on *) are passed over."""
    sockets = Sockets(source.name)
    strange = 0
    for _, line in source.lines():
        words = line.split()
        if not words or words[0] == "State":
            continue
        if len(words) < 5:
            strange += 1
            continue
        here, there = _endpoint(words[3]), _endpoint(words[4])
        if here is None or there is None:
            strange += words[0] not in ("LISTEN", "UNCONN")
            continue
        sockets.states[words[0]] += 1
        if words[0] == "SYN-SENT":
            sockets.waiting.append(here + there)
    if strange:
        warnings.append(f"{source.name}: {strange} lines are no sockets and were left out")
    return sockets
