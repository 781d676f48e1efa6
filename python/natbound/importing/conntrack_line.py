"""One line of conntrack, in any of its dialects, as an `Entry`.

    [1795344417.108184]  [NEW] tcp 6 15 SYN_SENT src=.. dst=.. sport=.. dport=.. [UNREPLIED] src=.. .. id=947
    ipv4 2 tcp 6 431942 ESTABLISHED src=.. dst=.. sport=.. dport=.. src=.. .. [ASSURED] mark=0 delta-time=58

The first block of src, dst, sport, dport is the flow as the client sees it; the second the reply that the
router waits for, so its dst and dport are the external endpoint. `-o extended` and /proc put the layer 3
protocol in front. A number of seconds stands before the state where the entry has time left: a DESTROY with
one was cut before its time (taken over, or deleted), one without had expired.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import ip_address

from natbound.importing.problem import ImportProblem

WITH_PORTS = ("tcp", "udp", "sctp", "dccp")
_EVENTS = ("[NEW]", "[UPDATE]", "[DESTROY]")
_TUPLE = ("src", "dst", "sport", "dport")
_START = re.compile(r"\s*(\[\d+(\.\d+)?\])?\s*(\[(NEW|UPDATE|DESTROY)\]\s+)?(ipv[46]\s+\d+\s+)?[a-z][\w-]*\s+\d+\s")


@dataclass(slots=True)
class Entry:
    """A conntrack entry or an event on one. Times in seconds; None where the line does not say."""

    event: str | None  # NEW, UPDATE, DESTROY; None in a listing
    time: float | None  # of the event, since 1970
    protocol: str
    remaining: int | None  # seconds until it expires, rounded down
    state: str | None  # of TCP
    flow: tuple[str, int, str, int]  # source, its port, destination, its port
    external: tuple[str, int]  # what the source became outside
    assured: bool
    unreplied: bool
    age: float | None  # since its first packet, right to a second, on average exact
    id: str | None


def is_conntrack_line(line: str) -> bool:
    """Does it look like a line of `conntrack -L`, `-E` or /proc/net/nf_conntrack?"""
    return _START.match(line) is not None and " src=" in line and " dst=" in line


@lru_cache(maxsize=1 << 16)
def _address(text: str) -> str:
    """Each address checked and kept once, IPv6 in its canonical form."""
    return str(ip_address(text))


def parse_line(line: str, file: str = "-", number: int | None = None) -> Entry | None:
    """The entry in `line`; None for lines that are no flow with ports (ICMP, headings, totals).

    Raises ImportProblem where it is one, but a field is damaged or missing.
    """

    def problem(value: str, rule: str) -> ImportProblem:
        return ImportProblem(file, number, value, rule, "capture it again; it may be cut or edited")

    if not is_conntrack_line(line):
        return None
    event = time = None
    words = line.split()
    at = 0
    if words[at][1:2].isdecimal() and words[at].startswith("["):
        time = float(words[at][1:-1])
        at += 1
    if words[at] in _EVENTS:
        event = words[at][1:-1]
        at += 1
    if words[at] in ("ipv4", "ipv6"):
        at += 2
    protocol = words[at]
    at += 2
    remaining = state = age = identity = None
    sides: list[dict[str, str]] = []
    kernel = False
    flags = set()
    for word in words[at:]:
        key, equals, value = word.partition("=")
        if not equals:
            if word.startswith("["):
                flags.add(word.strip("[]"))
            elif not sides and word.isdecimal():
                remaining = int(word)
            elif not sides:
                state = word
        elif key == "src":
            sides.append({key: value})
        elif key in _TUPLE and sides and key not in sides[-1]:
            sides[-1][key] = value
        elif key == "delta-time" and value.isdecimal():
            age = float(value)
        elif key == "id" and len(sides) == 2:
            identity = value
        elif key == "zone" and age is None:
            kernel = True  # /proc prints every zone, conntrack none but those set
    if age is not None and kernel:
        age += 0.5  # /proc rounds the difference down; conntrack subtracts two rounded times
    if len(sides) != 2:
        raise problem(line, "a conntrack line has two blocks that begin with src=")
    if protocol not in WITH_PORTS:
        return None  # ICMP, GRE
    ends: list[tuple[str, int]] = []
    for side in sides:
        for name, port_name in (("src", "sport"), ("dst", "dport")):
            if name not in side or port_name not in side:
                raise problem(line, f"{name if name not in side else port_name}= is missing")
            try:
                address = _address(side[name])
            except ValueError as error:
                raise problem(side[name], "not an address") from error
            port = side[port_name]
            if not (port.isascii() and port.isdigit()) or len(port) > 5 or int(port) > 65535:
                raise problem(port, "a port is a number from 0 to 65535")
            ends.append((address, int(port)))
    return Entry(
        event, time, protocol, remaining, state, ends[0] + ends[1], ends[3],
        "ASSURED" in flags, "UNREPLIED" in flags, age, identity,
    )  # fmt: skip
