"""A NAT's limits on connections and mappings, and the fields that set them.

How many entries a table has may be said in up to three ways: by the limit itself, by one for the protocol that the NAT carries, or as memory of
so many bytes for entries of so many. The least of them counts, and only raising that one helps; where two are equal, both must be raised.
A NAT that carries several protocols may have a limit of each beside that: of its connections, or where each has a mapping of its own of these.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from natbound.explaining.parts import parts_of

if TYPE_CHECKING:
    from natbound.scenario import Scenario

LIMITS = {
    "table": ("connection-limits", "limit-per-instance", "table entry", "table entries", "a flow table"),
    "mapping": ("mapping-limits", "limit-port-mappings", "mapping", "mappings", "a limit on mappings"),
}
NONE = 2**62  # no limit: more than any that a scenario may set by its memory, or has connections for
MOST_BYTES = 2**53  # of memory that a scenario may have
SIZES = {"B": 1, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30, "TiB": 2**40}


@dataclass(frozen=True)
class Setter:
    """One field that sets the number, and what it says."""

    what: str  # a price's name
    entries: int
    raised: Callable[[int], str]  # the setting that makes it so many


@dataclass(frozen=True)
class Entries:
    """A limit, with all that sets it."""

    limit: str  # table or mapping
    name: str  # of the NAT
    now: int
    setters: tuple[Setter, ...]
    each: int = 0  # bytes of an entry, where memory is one of them
    protocol: str = ""  # of which alone it is a limit, of several that the NAT carries

    @property
    def what(self) -> str:
        """What has to be raised first."""
        return self.binding(1)[0].what

    @property
    def most(self) -> int:
        """More than so many further ones can't be had."""
        return (MOST_BYTES // self.each if self.each else 2**63 - 1) - self.now

    def binding(self, n: int) -> list[Setter]:
        """Those that must be raised for n more, the least first; where memory is among the first, it."""
        low = [s for s in self.setters if s.entries < self.now + n]
        return sorted(low, key=lambda s: (s.entries, s.what != "memory"))

    def settings(self, n: int) -> list[str]:
        """That make n more."""
        return [s.raised(self.now + n) for s in self.binding(n)]

    def amounts(self, n: int) -> list[tuple[str, int]]:
        """How many of each price's name."""
        each: dict[str, int] = {}
        for s in self.binding(n):
            each[s.what] = max(each.get(s.what, 0), self.now + n - s.entries)
        return list(each.items())

    def words(self, n: int) -> str:
        """n more."""
        if self.protocol:
            return f"{n:,} more {self.protocol} connection{'' if n == 1 else 's'} in {self.name}: {self.now + n:,}"
        names = [what for what, _ in self.amounts(n)]
        if names == ["memory"]:
            return f"{n:,} more {'entry' if n == 1 else 'entries'} of {self.each:,}B in the memory of {self.name}: {self.now + n:,} ({self.bytes(n)})"
        one, many = LIMITS[self.limit][2:4]
        entries = f"{n:,} more {one if n == 1 else many} in {self.name}: {self.now + n:,}"
        return f"{entries}, and memory of {self.bytes(n)}" if "memory" in names else entries

    def needed(self, n: int) -> str:
        """n more, as something that must be so in any case."""
        if self.protocol:
            return f"a limit of {self.now + n:,} {self.protocol} connections in {self.name} ({n:,} more)"
        names = [what for what, _ in self.amounts(n)]
        memory = f"memory of {self.bytes(n)} in {self.name} for {self.now + n:,} entries ({n:,} more)"
        if names == ["memory"]:
            return memory
        limit = f"{LIMITS[self.limit][4]} of {self.now + n:,} in {self.name} ({n:,} more)"
        return f"{limit} and {memory}" if "memory" in names else limit

    def bytes(self, n: int) -> str:
        """The memory for n more."""
        return in_bytes((self.now + n) * self.each)


def told(amounts: Sequence[tuple[str, int]]) -> dict[str, Any]:
    """A change's kind, how many, and what else is raised with it: the first has the name."""
    (kind, more), *others = amounts
    return {"kind": kind, "more": more} | ({"also": [{"kind": what, "more": n} for what, n in others]} if others else {})


def in_bytes(n: int) -> str:
    """Exactly, in the largest unit of which it is a whole number."""
    unit = max((u for u in SIZES if n % SIZES[u] == 0), key=SIZES.__getitem__)
    return f"{n // SIZES[unit]:,}{unit}"


def entries_of(scenario: Scenario, i: int, nat: Mapping[str, Any]) -> Iterator[Entries]:
    """The limits that the NAT of this index has."""
    for limit, (group, key, *_) in LIMITS.items():
        now = nat.get(group, {}).get(key)
        if now is not None:
            yield _with_setters(scenario, i, nat, limit, int(now))
    for one in nat.get("connection-limits", {}).get("limit-per-protocol") or []:
        yield _of_protocol(scenario, i, nat, one)


def _of_protocol(scenario: Scenario, i: int, nat: Mapping[str, Any], limit: Mapping[str, Any]) -> Entries:
    """The limit of one protocol; it may be said of connections and of mappings."""
    protocol, now = limit["protocol-id"], int(limit["limit"])
    all_given = scenario._document.value["nats"]
    given = all_given[i] if isinstance(all_given, list) else all_given

    def at(path: str) -> Callable[[int], str]:
        return lambda n: f"{path}={n}"

    setters = []
    for what, group in (("table", "connection-limits"), ("mapping", "mapping-limits")):
        for k, one in enumerate((given.get(group) or {}).get("limit-per-protocol") or []):
            if one["protocol-id"] == protocol:
                setters.append(Setter(what, int(one["limit"]), at(f"nats.{i}.{group}.limit-per-protocol.{k}.limit")))
    if not setters:  # a profile's
        others = nat["connection-limits"]["limit-per-protocol"]

        def whole(n: int) -> str:
            return f"nats.{i}.connection-limits.limit-per-protocol={json.dumps([{**o, 'limit': n} if o is limit else o for o in others])}"

        setters = [Setter("table", now, whole)]
    return Entries("table", nat["name"], now, tuple(setters), protocol=protocol)


def _with_setters(scenario: Scenario, i: int, nat: Mapping[str, Any], limit: str, now: int) -> Entries:
    """Each way to say the limit says what is left of it when the others are lifted."""
    group, key, *_ = LIMITS[limit]
    each = _bytes_of(nat) if limit == "table" else 0
    ways: list[tuple[str, Callable[[int], str], int]] = [(limit, lambda n: f"nats.{i}.{group}.{key}={n}", NONE)]
    if each:
        ways.append(("memory", lambda n: f"nats.{i}.memory.total={n * each}B", MOST_BYTES // each))

    def says(lifted: Sequence[tuple[str, Callable[[int], str], int]]) -> int | None:
        other = parts_of(scenario).nat(i, [raised(most) for _, raised, most in lifted])
        return None if other is None else int(other[group].get(key, NONE))

    def of_protocol(protocol: str) -> Callable[[int], str]:
        return lambda n: f"nats.{i}.{group}.limit-per-protocol={json.dumps([{'protocol-id': protocol, 'limit': n}])}"

    highest = min(most for *_, most in ways)
    if (says(ways) or highest) < highest:  # a limit of the protocol that the NAT carries stands beside
        for protocol in sorted({v["protocol"] for v in scenario.canonical["servers"]}):
            if says([*ways, (limit, of_protocol(protocol), NONE)]) == highest:
                ways.append((limit, of_protocol(protocol), NONE))
                break
    if len(ways) == 1:
        return Entries(limit, nat["name"], now, (Setter(limit, now, ways[0][1]),))
    setters = []
    for way in ways:
        others = [w for w in ways if w is not way]
        found = says(others)
        if found is not None and found < min(most for *_, most in others):
            setters.append(Setter(way[0], found, way[1]))
    return Entries(limit, nat["name"], now, tuple(setters), each)


def _bytes_of(nat: Mapping[str, Any]) -> int:
    """Of an entry, where memory limits them."""
    memory = nat.get("memory") or {}
    found = re.fullmatch(r"(\d+)([A-Za-z]+)", memory.get("per-entry", ""))
    return int(found[1]) * SIZES[found[2]] if found and "total" in memory else 0
