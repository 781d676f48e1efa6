"""An allocator design as it acts in one NAT: classes of ports, what is preserved, the rounds of the search, and the way into the pool."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .reading import count, entries, flag, get, known_keys, need, ports, word
from .sets import ALL_PORTS, PORTS, Rejected, Set, Undecided, meet, minus, size, union

HASHES = ("jhash2", "vpp-fold")
PARITIES: tuple[Set, Set] = (tuple((p, p) for p in range(0, PORTS, 2)), tuple((p, p) for p in range(1, PORTS, 2)))


@dataclass(frozen=True)
class Round:
    """One round of probes."""

    start: str  # random, hash, first, own-port
    step: str  # ascend, ascend-then-descend, independent, scaled
    bits: int | None  # width of the random number; None: uniform over the range
    width: int | None  # values of the running offset, which wraps there
    probes: int | None  # None: as many as there are ports

    def length(self, n: int) -> int:
        """Probes in a range of n ports: a run is never longer than the range."""
        if self.probes is None:
            return n
        return min(self.probes, n) if self.step in ("ascend", "ascend-then-descend") else self.probes

    @property
    def drawn(self) -> bool:
        """Whether its start is a number that is drawn, or a hash that nobody knows."""
        return self.start in ("random", "hash")

    def values(self, n: int) -> int:
        """How many values its number has."""
        return 1 << self.bits if self.bits is not None else n


@dataclass(frozen=True)
class PortClass:
    """Flows from these source ports are searched a port among these."""

    source: Set
    ports: Set


@dataclass(frozen=True)
class Plan:
    """The design in one NAT."""

    name: str
    mapping: str  # eim, adm, edm, eim-if-possible
    scope: str  # destination of the clash scope: none, address, endpoint
    scope_protocol: bool
    classes: tuple[PortClass, ...]
    contiguity: str  # none, attempt, require: beside the mapping of its partner, the other port of a pair 2k, 2k + 1 (RFC 4787, 4.2.3)
    preserved: Set  # source ports that are first tried as they are
    rounds: tuple[Round, ...]
    stop_when_covered: bool
    first_choice_counts: bool
    pool_choice: str  # hash, round-robin, random, first
    hash: str
    hash_source_only: bool
    fallback: bool
    paired: bool

    def class_of(self, port: int) -> PortClass:
        """The class of a source port."""
        return next(c for c in self.classes if meet(c.source, ((port, port),)))

    def rounds_in(self, n: int) -> list[Round]:
        """The rounds made in a range of n ports."""
        out = []
        for r in self.rounds:
            out.append(r)
            if self.stop_when_covered and r.length(n) >= n:
                break
        return out

    def beside(self, source: int, at: int) -> int | None:
        """The port beside `at`, where the source port's partner has its mapping; None where this source port is never given it."""
        other = at ^ 1
        searched = self.rounds and meet(self.class_of(source).ports, ((other, other),))
        return other if searched or (other == source and meet(self.preserved, ((source, source),))) else None

    def permitted(self, source: Set) -> Set:
        """All external ports that flows from these source ports may ever be given on an address."""
        spans = list(meet(source, self.preserved))
        for c in self.classes:
            if self.rounds and meet(source, c.source):
                spans += c.ports
        return union(spans)

    def permitted_to_all(self, source: Set) -> Set:
        """The ports that every one of these source ports may be given."""
        out = ALL_PORTS
        for c in self.classes:
            if meet(source, c.source):
                out = meet(out, c.ports if self.rounds else ())
        return out


def _one_of(value: Any, words: str, where: str) -> str:
    text = word(value, where)
    need(text in words.split(), f"{where}: {text[:40]!r} is not known to this checker")
    return text


def _bits(value: Any, where: str) -> int | None:
    if value is None:
        return None
    out = count(value, where)
    need(1 <= out <= 32, f"{where}: a width of 1 to 32 bits is wanted")
    return out


def _round(value: Any, where: str) -> Round:
    known_keys(value, "start bits offset-bits step probes take-over-last", where)
    start = _one_of(value.get("start", "random"), "random hash first own-port", where + ".start")
    step = _one_of(value.get("step", "ascend"), "ascend ascend-then-descend independent scaled", where + ".step")
    bits = _bits(value.get("bits"), where + ".bits")
    offset = _bits(value.get("offset-bits"), where + ".offset-bits")
    probes = None if value.get("probes") is None else count(value["probes"], where + ".probes")
    need(probes != 0 and (probes is None or probes < 1 << 32), f"{where}.probes: 1 to 2^32-1 is wanted")
    need(
        offset is None or (step == "ascend" and (bits is None or bits <= offset)),
        f"{where}: the offset does not fit the step",
    )
    need(
        step != "ascend-then-descend" or bits is None,
        f"{where}: ascend-then-descend starts uniformly over the ports",
    )
    need(
        step not in ("independent", "scaled") or probes is not None,
        f"{where}: {step} needs a number of probes",
    )
    need(step != "scaled" or bits is not None, f"{where}: scaled needs bits")
    need(step != "independent" or start == "random", f"{where}: independent draws are random")
    if step == "scaled" and bits is not None and bits < 16:
        raise Undecided(f"{where}: a scaled step of fewer than 16 bits leaves its range")
    return Round(start, step, bits, None if offset is None else 1 << offset, probes)


def _merge(target: Any, patch: Any, depth: int = 0) -> Any:
    """JSON merge patch, RFC 7396."""
    need(depth < 20, "when-restricted is nested too deeply")
    if not isinstance(patch, dict):
        return patch
    out = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            out.pop(key, None)
        else:
            out[key] = _merge(out.get(key), value, depth + 1)
    return out


AXES = (
    "name summary sources notes mapping-type clash-scope port-classes port-parity-preservation port-contiguity first-choice search pool commit reuse pressure failure "
    "when-restricted timers remedies"
)


def _by_parity(classes: list[PortClass], where: str) -> list[PortClass]:
    """Each class in two: from even source ports to even external ones, from odd to odd (RFC 4787, 4.2.2)."""
    out = []
    for c in classes:
        for same in PARITIES:
            source, found = same if c.source == ALL_PORTS else meet(c.source, same), meet(c.ports, same)
            need(found, f"{where}: a class has no port of one parity")
            if source:
                out.append(PortClass(source, found))
    return out


def read_plan(value: Any, restrict: Set | None, where: str) -> Plan:
    """Reads a design as written out in full. `restrict`: the range that the operator gives, which replaces the classes."""
    known_keys(value, AXES, where)
    if restrict is not None:
        value = _merge(value, value.get("when-restricted", {}))
        known_keys(value, AXES, where)
    if _one_of(value.get("commit", "atomic"), "atomic", where + ".commit"):
        _one_of(value.get("pressure", "refuse"), "refuse drop-least-recently-used", where + ".pressure")
    classes = []
    for i, c in enumerate(entries(get(value, "port-classes", where), where)):
        here = f"{where}.port-classes[{i}]"
        known_keys(c, "source ports", here)
        classes.append(PortClass(ports(c.get("source", "0-65535"), here), ports(get(c, "ports", here), here)))
    need(
        sum(size(c.source) for c in classes) == PORTS,
        f"{where}.port-classes: source ports are in no class or in two",
    )
    need(
        not minus(ALL_PORTS, union(s for c in classes for s in c.source)),
        f"{where}.port-classes: source ports are in no class",
    )
    if restrict is not None:
        classes = [PortClass(ALL_PORTS, restrict)]
    first = _one_of(value.get("first-choice", "none"), "none preserve preserve-any", where + ".first-choice")
    preserved: Set = ALL_PORTS if first == "preserve-any" else ()
    if first == "preserve":
        preserved = union(s for c in classes for s in meet(c.source, c.ports))
    if flag(value.get("port-parity-preservation", False), where + ".port-parity-preservation"):
        classes = _by_parity(classes, where)
    contiguity = _one_of(value.get("port-contiguity", "none"), "none attempt require", where + ".port-contiguity")
    pairs = value.get("port-parity-preservation", False) and value.get("mapping-type") == "eim"
    need(contiguity == "none" or pairs, f"{where}.port-contiguity: is of eim with parity")
    search = known_keys(value.get("search", {}), "rounds stop-when-covered first-choice-counts", where + ".search")
    rounds = [_round(r, f"{where}.search.rounds[{i}]") for i, r in enumerate(entries(search.get("rounds", []), where))]
    need(rounds or first != "none", f"{where}: a design that preserves no port must search")
    scaled = any(r.step == "scaled" for r in rounds)
    if scaled and any(len(c.ports) > 1 for c in classes):
        raise Undecided(f"{where}: a scaled step through ports with holes")
    pool = known_keys(value.get("pool", {}), "choice hash of fallback paired", where + ".pool")
    choice = _one_of(pool.get("choice", "first"), "hash round-robin random first", where + ".pool.choice")
    named = word(pool.get("hash", ""), where + ".pool.hash")
    if choice == "hash" and named not in (*HASHES, "unknown"):
        raise Undecided(f"{where}: the hash {named[:40]!r} is not known to this checker")
    need(choice == "hash" or not named, f"{where}: only a pool chosen by hash has one")
    of = _one_of(pool.get("of", "source-and-destination"), "source source-and-destination", where + ".pool.of")
    scope = known_keys(value.get("clash-scope", {}), "destination protocol", where + ".clash-scope")
    if not isinstance(value.get("name", ""), str):
        raise Rejected(f"{where}.name: text is wanted")
    return Plan(
        name=value.get("name", ""),
        mapping=_one_of(value.get("mapping-type", "edm"), "eim adm edm eim-if-possible", where + ".mapping-type"),
        scope=_one_of(scope.get("destination", "endpoint"), "none address endpoint", where + ".clash-scope"),
        scope_protocol=flag(scope.get("protocol", True), where + ".clash-scope.protocol"),
        classes=tuple(classes),
        contiguity=contiguity,
        preserved=preserved,
        rounds=tuple(rounds),
        stop_when_covered=flag(search.get("stop-when-covered", False), where + ".search"),
        first_choice_counts=flag(search.get("first-choice-counts", False), where + ".search"),
        pool_choice=choice,
        hash=named,
        hash_source_only=of == "source" or named == "vpp-fold",
        fallback=flag(pool.get("fallback", False), where + ".pool.fallback"),
        paired=flag(pool.get("paired", False), where + ".pool.paired"),
    )
