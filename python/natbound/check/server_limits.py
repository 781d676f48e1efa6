"""What servers hold: at most so many connections of each endpoint, or of each address, of a server set."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .blocks import Block
from .reading import count, entries, get, known_keys, need, word
from .scenario import Scenario
from .servers import Server
from .sets import Set, size, spend


def room(server: Server) -> int | None:
    """The most connections of the whole set that its limits admit."""
    known = [] if server.per_endpoint is None else [server.per_endpoint * size(server.ports)]
    known += [] if server.per_address is None else [server.per_address]
    return min(known) * size(server.addresses) if known else None


def limits(server: Server) -> bool:
    """Whether it has any."""
    return server.per_endpoint is not None or server.per_address is not None or server.crowded


def refusing(scenario: Scenario) -> dict[str, int]:
    """With how many live a server of a set can refuse one more, of sets whose limits can be reached."""
    out: dict[str, int] = {}
    for v in scenario.servers.values():
        if room(v) is None:
            continue
        spend(len(scenario.clients))
        sockets = sum(c.sockets for c in scenario.clients.values() if not c.inner and scenario.reached(c, v))
        known = [(v.per_endpoint, sockets), (v.per_address, sockets * size(v.ports))]
        if reached := [limit for limit, there in known if limit is not None and there > limit]:
            out[v.name] = min(reached)
    return out


def _most(spans: list[tuple[int, int, int]]) -> int:
    """The largest sum over any one number of (lo, hi, weight)."""
    change: dict[int, int] = {}
    for lo, hi, weight in spans:
        change[lo] = change.get(lo, 0) + weight
        change[hi + 1] = change.get(hi + 1, 0) - weight
    live = most = 0
    for at in sorted(change):
        live += change[at]
        most = max(most, live)
    spend(len(spans))
    return most


def _busiest(loads: list[tuple[Set, Set, int]]) -> int:
    """The largest sum over any one endpoint of (addresses, ports, weight)."""
    spans = [(lo, hi, ports, weight) for addresses, ports, weight in loads for lo, hi in addresses]
    begin: dict[int, list[int]] = {}
    end: dict[int, list[int]] = {}
    for i, (lo, hi, _, _) in enumerate(spans):
        begin.setdefault(lo, []).append(i)
        end.setdefault(hi + 1, []).append(i)
    now: set[int] = set()
    most = 0
    for at in sorted({*begin, *end}):
        now.difference_update(end.get(at, ()))
        now.update(begin.get(at, ()))
        spend(1 + len(now))
        most = max(most, _most([(lo, hi, spans[i][3]) for i in now for lo, hi in spans[i][2]]))
    return most


def within_limits(scenario: Scenario, blocks: Iterable[Block]) -> None:
    """No server endpoint or address has more connections in these blocks than its limit."""
    limited = {v.name for v in scenario.servers.values() if limits(v)}
    if not limited:
        return
    loads: dict[str, list[tuple[Set, Set, int]]] = {name: [] for name in limited}
    for block in blocks:
        for dests, rects, _ in block.pieces():
            sockets = sum(size(a) * size(p) for a, p in rects)
            for d in dests:
                if d.server.name in limited:
                    loads[d.server.name].append((d.addresses, d.ports, sockets))
    for name, there in loads.items():
        server = scenario.servers[name]
        if server.per_endpoint is not None:
            most = _busiest(there)
            need(most <= server.per_endpoint, f"{name}: {most:,} connections of one endpoint pass its limit of {server.per_endpoint:,}")
        if server.per_address is not None:
            most = _most([(lo, hi, size(ports) * weight) for addresses, ports, weight in there for lo, hi in addresses])
            need(most <= server.per_address, f"{name}: {most:,} connections of one address pass its limit of {server.per_address:,}")


def within_backends(scenario: Scenario, blocks: Iterable[Block]) -> None:
    """Wherever connections come from (`blocks`: of the last stages), each source endpoint has no more of them than there are backends to tell them
    apart: as each has a socket of its own at every backend, they are then dealt out."""
    crowded = {v.name: v.backends or 0 for v in scenario.servers.values() if v.crowded}
    loads: dict[str, list[tuple[Set, Set, int]]] = {name: [] for name in crowded}
    for block in blocks if crowded else ():
        for dests, _, rects in block.pieces():
            here: dict[str, int] = {}
            for d in dests:
                here[d.server.name] = here.get(d.server.name, 0) + d.size
            for name in here.keys() & crowded.keys():
                # spread over destinations, each unit goes to one
                loads[name] += [(a, p, 1 if block.spread else here[name]) for a, p in rects]
    for name, there in loads.items():
        most = _busiest(there)
        need(most <= crowded[name], f"{name}: {most:,} connections come from one endpoint, and there are {crowded[name]:,} backends")


def read_counted(scenario: Scenario, value: Any, where: str) -> dict[str, int]:
    """Server sets that a bound counts by their own limits, and these."""
    out: dict[str, int] = {}
    for i, item in enumerate(entries(value, where)):
        here = f"{where}[{i}]"
        known_keys(item, "server at-most", here)
        name = word(get(item, "server", here), here)
        need(name in scenario.servers and name not in out, f"{here}: no such server set, or a second time")
        most = room(scenario.servers[name])
        need(most is not None, f"{here}: {name} has no limits")
        assert most is not None
        need(count(get(item, "at-most", here), here) == most, f"{here}: {name} holds {most:,}")
        out[name] = most
    return out
