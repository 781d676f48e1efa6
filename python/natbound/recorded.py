"""A recorded table (`conntrack -L`) as a demand: each live connection counted for the client set and the server set that it is between."""

from __future__ import annotations

import ipaddress
from bisect import bisect_right
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from natbound.errors import InputError
from natbound.importing.conntrack_line import is_conntrack_line, parse_line
from natbound.importing.problem import ImportProblem
from natbound.importing.source import Source
from natbound.planning import pools


@dataclass(frozen=True)
class Recorded:
    """Connections by pair of sets; how many lie between no two sets; how many lines were of a tuple that comes again later; and of all lines
    those that were not counted, by kind."""

    pairs: list[dict[str, Any]]
    outside: int
    twice: int
    lines: int
    not_counted: dict[str, int]


def pairs_of(canonical: dict[str, Any], path: str | Path) -> Recorded | None:
    """The table's connections; None where the file is no recorded table. Standard input is not looked at."""
    if str(path) == "-" or Path(path).is_dir():
        return None
    try:
        source = Source(Path(path))
        try:
            first = source.head.decode("utf-8", "replace").splitlines()
            if not any(is_conntrack_line(line) for line in first[:100]):
                return None
            return _counted(canonical, source)
        finally:
            source.close()
    except ImportProblem as problem:
        fix = problem.fix if Path(path).exists() else "--demand takes a number of connections or the name of a file"
        value = f"'{problem.value}'" if problem.value else ""
        raise InputError(problem.rule, file=str(path), line=problem.line, value=value, fix=fix) from problem


def _counted(canonical: dict[str, Any], source: Source) -> Recorded:
    clients, servers = _Places(canonical["clients"]), _Places(canonical["servers"])
    # A table changes while it is printed: of two lines with one outside tuple the later is live.
    of_tuple: dict[tuple[Any, ...], tuple[str, str] | str] = {}  # the pair of sets, or why there is none
    other: Counter[str] = Counter()
    lines = 0
    for at, line in source.lines():
        entry = parse_line(line, source.name, at)
        if entry is None:
            if line.strip():
                other[_without_ports(line)] += 1
            continue
        if entry.event is not None:
            rule = "events are no table of what is live at one moment"
            raise InputError(rule, file=source.name, line=at, value=f"'[{entry.event}]'", fix="record it with conntrack -L")
        address, port, to, to_port = entry.flow
        client, server = clients.of(address, port, None), servers.of(to, to_port, entry.protocol)
        lines += 1
        of_tuple[entry.protocol, entry.external, to, to_port] = _pair(entry.protocol, client, server)
    found = Counter(pair for pair in of_tuple.values() if not isinstance(pair, str))
    outside = len(of_tuple) - found.total()
    if not found:
        rule = f"none of its {outside:,} connections is from a client set of the scenario to a server set"
        raise InputError(rule, file=source.name, fix="natbound import makes a scenario of a recorded table")
    twice = lines - len(of_tuple)
    kinds = Counter(why for why in of_tuple.values() if isinstance(why, str))
    kinds["whose tuple comes again later (the table changed while it was printed)"] = twice
    told = {kind: n for counter in (kinds, other) for kind, n in counter.most_common() if n}
    pairs = [{"from": a, "to": b, "connections": n} for (a, b), n in sorted(found.items())]
    return Recorded(pairs, outside, twice, lines + other.total(), told)


def _pair(protocol: str, client: str | None, server: str | None) -> tuple[str, str] | str:
    if client is None:
        return f"{protocol.upper()} from no client set"
    return f"{protocol.upper()} to no server set" if server is None else (client, server)


def _without_ports(line: str) -> str:
    """What a line is that is no connection: a flow of a protocol without ports, or nothing that conntrack prints of one."""
    if not is_conntrack_line(line):
        return "not readable"
    words = line.split()
    return words[2 if words[0] in ("ipv4", "ipv6") else 0].upper()


@dataclass(frozen=True)
class _Place:
    ports: list[tuple[int, int]]
    protocol: str | None
    name: str


class _Places:
    """Which set an endpoint lies in. Server sets may share addresses, so each stretch of addresses has a list."""

    def __init__(self, sets: list[dict[str, Any]]) -> None:
        begin: dict[int, list[_Place]] = {}
        end: dict[int, list[_Place]] = {}
        for item in sets:
            place = _Place(pools.port_spans(item["ports"]), item.get("protocol"), item["name"])
            for first, last in pools.spans(item["addresses"]):
                begin.setdefault(_value(first), []).append(place)
                end.setdefault(_value(last) + 1, []).append(place)
        self.edges = sorted({*begin, *end})
        self.here: list[list[_Place]] = []
        now: list[_Place] = []
        for at in self.edges:
            left = end.get(at, [])
            now = [p for p in now if not any(p is x for x in left)] + begin.get(at, [])
            self.here.append(now)

    def of(self, address: str, port: int, protocol: str | None) -> str | None:
        """The set's name; None where the endpoint lies in none."""
        at = bisect_right(self.edges, _value(ipaddress.ip_address(address))) - 1
        for place in self.here[at] if at >= 0 else []:
            if place.protocol == protocol and any(low <= port <= high for low, high in place.ports):
                return place.name
        return None


def _value(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> int:
    return int(address) + (0xFFFF << 32 if address.version == 4 else 0)
