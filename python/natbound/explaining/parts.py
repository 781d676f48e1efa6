"""Parts of a network that have nothing to do with one another (solver/independent.hpp), so that a what-if takes as long as what it changes is
large: the rest is as it was.
"""

from __future__ import annotations

import json
import re
import weakref
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from natbound.check import check as certified
from natbound.errors import LimitReached, Unsupported
from natbound.explaining.question import Pair, changed, fits, shown, total
from natbound.explaining.search import least
from natbound.results import number
from natbound.working import check

if TYPE_CHECKING:
    from natbound.scenario import Scenario

Some = frozenset[int]  # parts

_known: weakref.WeakKeyDictionary[Scenario, Parts] = weakref.WeakKeyDictionary()


def parts_of(scenario: Scenario) -> Parts:
    """Of this scenario, worked out once."""
    found = _known.get(scenario)
    if found is None:
        found = _known[scenario] = Parts(scenario)
    return found


def shown_in_parts(scenario: Scenario, pairs: list[Pair]) -> dict[str, Any]:
    """`fits`, `sets_it`, and `evidence` where it is settled, for the whole or part by part."""
    found = shown(scenario, pairs)
    return found if found["fits"] is not None else parts_of(scenario).shown(pairs, found)


class Parts:
    """A scenario, asked about with some fields changed (by settings that name NATs and client sets by index)."""

    def __init__(self, scenario: Scenario) -> None:
        self.scenario = weakref.proxy(scenario)
        self.canonical = scenario.canonical
        self.given = scenario._core.given_names()
        self.part: dict[str, int] = scenario._core.part_numbers()
        self.members: dict[int, list[tuple[str, int]]] = {}  # by part, in the scenario's order
        for kind in ("clients", "nats"):
            for i, item in enumerate(self.canonical.get(kind, [])):
                self.members.setdefault(self.part[item["name"]], []).append((kind, i))
        self.many = len(self.members)
        self.held: dict[tuple[int, str], bool | None] = {}  # by part and what is wanted of it
        self.lacks: int | None = None  # the last part that was found to lack something, so that it is asked first
        self.cuts: dict[Some, tuple[Scenario, dict[str, str]]] = {}
        self.maxima: dict[Some, int | None] = {}
        self.ways = Counter(name for nat in self.canonical.get("nats", []) for name in nat["inside"])

    def changed(self, settings: Sequence[str], wanted: Iterable[Pair] | None = None) -> Scenario | None:
        """What the settings change, with them made: some parts alone, or the whole (where they change servers, the parts that have to do with
        what is wanted); None where it would break a rule."""
        touched = self._touched(settings, wanted)
        if touched is None:
            return changed(self.scenario, settings)
        cut, called = self._cut(touched)
        return changed(cut, [re.sub(r"^(clients|nats)\.\d+", lambda at: called[at[0]], text) for text in settings])

    def nat(self, i: int, settings: Sequence[str]) -> dict[str, Any] | None:
        """The canonical form of one NAT, with some of its fields changed; None where that would break a rule."""
        other = self.changed(settings)
        name = self.canonical["nats"][i]["name"]
        return None if other is None else next(nat for nat in other.canonical["nats"] if nat["name"] == name)

    def behind(self, i: int, *, every_way: bool = False) -> set[str]:
        """The client sets that have a way through this NAT, however far inside; or those that have no other."""
        nats = {nat["name"]: nat["inside"] for nat in self.canonical["nats"]}
        ways: Counter[str] = Counter()
        inside = [self.canonical["nats"][i]["name"]]
        for name in inside:  # which grows
            inside += [inner for inner in nats[name] if inner in nats]
            ways.update(inner for inner in nats[name] if inner not in nats)
        return {name for name, n in ways.items() if not every_way or n == self.ways[name]}

    def fits(self, settings: Sequence[str], pairs: list[Pair]) -> bool | None:
        """Whether these fit with these fields changed; None where that is not settled, or the scenario would break a rule."""
        touched = self._touched(settings, pairs)
        inner, outer = (pairs, []) if touched is None else self._divided(touched, pairs)
        other = self.changed(settings, pairs)
        rest = None if other is None else self.holds(outer)
        if other is None or rest is False:
            return rest
        lacking = [p for p in inner if self._of(p["from"]) == self.lacks]
        if 0 < len(lacking) < len(inner):
            less = self.changed(settings, lacking)
            if less is not None and fits(less, lacking) is False:
                return False
        here = fits(other, inner)
        here = parts_of(other).holds(inner) if here is None else here
        return here if here is False or rest else None

    def holds(self, pairs: list[Pair]) -> bool | None:
        """Whether these fit as it is: where in each part its own do."""
        if not pairs:
            return True
        if self.many == 1:
            return fits(self.scenario, pairs)
        sure = True
        for part, some in self._by_part(pairs).items():
            key = (part, json.dumps(some))
            if key not in self.held:
                self.held[key] = fits(self._cut(frozenset({part}))[0], some)
            if self.held[key] is False:
                self.lacks = part
                return False
            sure = sure and self.held[key] is True
        return True if sure else fits(self.scenario, pairs)

    def floor(self, settings: Callable[[int], list[str]], most: int, pairs: list[Pair]) -> int:
        """So many of what all parts have in common are too few for the part that lacks something, the more the better: it is asked sooner than all."""
        some = [p for p in pairs if self._of(p["from"]) == self.lacks]
        if not 0 < len(some) < len(pairs) or self._touched(settings(1), None) is not None:
            return 0
        found = least(lambda n: self.fits(settings(n), some), most, True, quick=True)
        return found.n - 1 if found.n is not None and found.minimal else 0

    def lacking(self, settings: Sequence[str], pairs: list[Pair]) -> int:
        """How many parts do not hold what is wanted of them, even with these fields of servers changed."""
        some = [mine for mine in self._by_part(pairs).values() if self.holds(mine) is not True]
        return sum(self.fits(settings, mine) is not True for mine in some)

    def shown(self, pairs: list[Pair], found: dict[str, Any]) -> dict[str, Any]:
        """What was found of these, or where that is open what the parts say: that one lacks something, by a certificate of it alone; or that they
        fit, by all their placings together, where the checker takes these."""
        if found["fits"] is not None or self.many == 1:
            return found
        body: dict[str, list[Any]] = {}
        for part, some in self._by_part(pairs).items():
            one = shown(self._cut(frozenset({part}))[0], some)
            if one["fits"] is not True:
                return found if one["fits"] is None else one
            for key in ("blocks", "port-sets"):
                if key in one["evidence"]:
                    body.setdefault(key, []).extend(one["evidence"][key])
        whole = self.scenario.written_out
        evidence = {
            "schema": "natbound.certificate/1",
            "kind": "fits",
            "scenario": whole,
            "connections": total(pairs),
            "demand": pairs,
            **body,
        }
        fit = certified(evidence, whole).valid is True
        return {"fits": True, "sets_it": "in each part of the network its own fit", "evidence": evidence} if fit else found

    def _by_part(self, pairs: list[Pair]) -> dict[int, list[Pair]]:
        of: dict[int, list[Pair]] = {}
        for p in pairs:
            of.setdefault(self._of(p["from"]), []).append(p)
        return of

    def more(self, settings: Sequence[str]) -> int | None:
        """By how many connections the maximum grows with these fields changed; None where that is not known exactly."""
        touched = self._touched(settings, None)
        there = frozenset() if touched is None else touched
        if there not in self.maxima:
            self.maxima[there] = most(self.scenario if touched is None else self._cut(touched)[0])
        now = self.maxima[there]
        then = None if now is None else most(self.changed(settings))
        return None if now is None or then is None else then - now

    def _touched(self, settings: Iterable[str], wanted: Iterable[Pair] | None) -> Some | None:
        """The parts that the settings change, or where they change servers those of what is wanted; None: all, or all that there is."""
        if self.many == 1:
            return None
        parts, servers = set(), False
        for text in settings:
            at = re.match(r"(clients|nats)\.(\d+)\.", text)
            if at is None:
                servers = True
            else:
                parts.add(self.part[self.canonical[at[1]][int(at[2])]["name"]])
        if servers:
            if wanted is None:
                return None
            parts |= {self._of(p["from"]) for p in wanted}
        return None if not parts or len(parts) == self.many else frozenset(parts)

    def _of(self, client: str) -> int:
        """The part of a client set, by the name that questions have."""
        return self.part[self.given.get(client, client)]

    def _divided(self, touched: Some, pairs: list[Pair]) -> tuple[list[Pair], list[Pair]]:
        """Pairs of these parts, and the others."""
        here = {name for name in {p["from"] for p in pairs} if self._of(name) in touched}
        return [p for p in pairs if p["from"] in here], [p for p in pairs if p["from"] not in here]

    def _cut(self, touched: Some) -> tuple[Scenario, dict[str, str]]:
        """These parts alone, with all servers, as they were given; and what `nats.17` and the like is called there."""
        if touched not in self.cuts:
            from natbound.scenario import Scenario

            value: dict[str, Any] = {"servers": self.canonical["servers"]}
            called = {}
            for kind, i in sorted(item for part in touched for item in self.members[part]):
                given = self.scenario._document.value[kind]
                some = value.setdefault(kind, [])
                called[f"{kind}.{i}"] = f"{kind}.{len(some)}"
                some.append(given[i] if isinstance(given, list) else given)
            self.cuts[touched] = Scenario(value), called
        return self.cuts[touched]


def counted(scenario: Scenario | None) -> dict[str, Any]:
    """The maximum with its certificate; without `connections` where it is not known exactly."""
    if scenario is None:
        return {"connections": None}
    check("counting")
    try:
        found = dict(json.loads(scenario._core.maximum(False))["maximum"])
    except Unsupported:
        return {"connections": None}
    if "limit" in found:
        raise LimitReached(found["limit"]["says"])
    return found


def most(scenario: Scenario | None) -> int | None:
    """The maximum, where it is known exactly."""
    found = counted(scenario)["connections"]
    return None if found is None else int(number(found))
