"""Reasons: inclusion-minimal sets of pairs that do not fit together, though they do as soon as any one pair is left out.

One reason is found by leaving pairs out as long as what remains does not fit. A further one is looked for among the pairs that remain when one
pair of each known reason is taken away (a hitting set); where such a remainder fits, all that lies within it does, and it is not looked at again
(the method of Liffiton and others, "Fast, flexible MUS enumeration", Constraints 2016). So they come one at a time, all different, and the
search ends when there are no more.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from natbound.explaining.parts import parts_of, shown_in_parts
from natbound.explaining.question import Pair, settled, total

if TYPE_CHECKING:
    from natbound.scenario import Scenario

MOST_SHOWN = 16  # pairs whose leaving out carries a certificate of its own

Indices = frozenset[int]


class Reasons:
    """The reasons of one demand, one at a time."""

    def __init__(self, scenario: Scenario, pairs: list[Pair]) -> None:
        self.scenario, self.pairs = scenario, pairs
        self.known: list[Indices] = []
        self.enough: list[Indices] = []  # without these the rest fits, or is not known not to
        self.asked: dict[Indices, bool | None] = {}
        self.by_solver: dict[Indices, dict[str, Any]] = {}

    def __iter__(self) -> Iterator[Indices]:
        everything = frozenset(range(len(self.pairs)))
        while True:
            without = self._untried(frozenset())
            if without is None:
                return
            rest = everything - without
            if self.fit(rest) is False:
                self.known.append(self._shrunk(rest))
                yield self.known[-1]
            else:
                self.enough.append(self._fewest(everything, without))

    def fit(self, which: Indices) -> bool | None:
        """Whether these pairs fit."""
        if which not in self.asked:
            self.asked[which] = parts_of(self.scenario).holds(self.of(which))
        return self.asked[which]

    def solved(self, which: Indices) -> dict[str, Any]:
        """What OR-Tools CP-SAT makes of these, where they are open: `fits` (null: nothing), `engine`, and `evidence` that they do."""
        if which not in self.by_solver:
            found = settled(self.scenario, self.of(which), {"fits": None, "sets_it": ""})
            out: dict[str, Any] = {k: found[k] for k in ("fits", "engine", "evidence") if k in found and (k != "evidence" or found["fits"])}
            if found.get("engine", {}).get("verdict") == "does not fit":
                out["fits"] = False
            self.by_solver[which] = out
        return self.by_solver[which]

    def of(self, which: Indices) -> list[Pair]:
        """The pairs themselves."""
        return [self.pairs[i] for i in sorted(which)]

    def _shrunk(self, which: Indices) -> Indices:
        """A minimal set that does not fit within one that does not: what the certificate names first, then pair by pair."""
        named = self._named(which)
        if named < which and self.fit(named) is False:
            which = named
        # those that want least go first: what remains says more; again, as of fewer more is known
        before: Indices = frozenset()
        while before != which:
            before = which
            for i in sorted(which, key=lambda i: int(self.pairs[i]["connections"])):
                if len(which) > 1 and self.fit(which - {i}) is False:
                    which -= {i}
        return which

    def _named(self, which: Indices) -> Indices:
        """The pairs that the certificate of their not fitting speaks of."""
        names: set[tuple[str, str]] = set()
        for nat in shown_in_parts(self.scenario, self.of(which)).get("evidence", {}).get("nats", []):
            names |= {(p["from"], p["to"]) for p in nat.get("pairs", [])}
            for group in nat.get("groups", []) if "pairs" not in nat else []:
                clients = {item["client"] for level in group["levels"] for item in level["closed"]}
                names |= {(c, to["server"]) for c in clients for to in group["to"]}
        return frozenset(i for i in which if (self.pairs[i]["from"], self.pairs[i]["to"]) in names) or which

    def _untried(self, without: Indices) -> Indices | None:
        """Pairs, at least one of each known reason, whose leaving out is not known to be enough."""
        if any(e <= without for e in self.enough):
            return None
        left = next((r for r in self.known if not r & without), None)
        if left is None:
            return without
        return next((found for i in sorted(left) if (found := self._untried(without | {i})) is not None), None)

    def _fewest(self, everything: Indices, without: Indices) -> Indices:
        """As few as may be of these, without which the rest still fits: the fewer, the more is known."""
        if self.fit(everything - without) is None:
            return without
        for i in sorted(without):
            if self.fit(everything - without | {i}) is True:
                without -= {i}
        return without


def reason_json(reasons: Reasons, which: Indices) -> dict[str, Any]:
    """A reason with its certificate, and for each pair the certificate that without it the others fit. Where a solver alone knows that they do not
    (which has no certificate), `minimal` is false, and `smaller` the pairs that it leaves."""
    found = shown_in_parts(reasons.scenario, reasons.of(which))
    without = [_without(reasons, which, i, certified=n < MOST_SHOWN) for n, i in enumerate(sorted(which))]
    verdicts = {one["fits"] for one in without}
    out = {
        "pairs": reasons.of(which),
        "connections": total(reasons.of(which)),
        "sets_it": found["sets_it"],
        "minimal": False if False in verdicts else None if None in verdicts else True,
        "evidence": found["evidence"],
        "without": without,
    }
    return out | ({"smaller": _smaller(reasons, which)} if False in verdicts else {})


def _without(reasons: Reasons, which: Indices, i: int, certified: bool) -> dict[str, Any]:
    """Whether the others fit without this pair. `engine`: who said so, where that took a solver; that they do not has no certificate then."""
    rest = which - {i}
    one: dict[str, Any] = {"without": {k: reasons.pairs[i][k] for k in ("from", "to")}, "fits": reasons.fit(rest)}
    if one["fits"] is None:
        one |= reasons.solved(rest)
    elif one["fits"] and certified:
        one["evidence"] = shown_in_parts(reasons.scenario, reasons.of(rest)).get("evidence")
    return one


def _smaller(reasons: Reasons, which: Indices) -> dict[str, Any]:
    """Fewer of these that do not fit; `minimal` where any one of them left out is known to let the others fit."""
    sure = True
    for i in sorted(which, key=lambda i: int(reasons.pairs[i]["connections"])):
        rest = which - {i}
        fit = reasons.fit(rest)
        fit = reasons.solved(rest)["fits"] if fit is None else fit
        which, sure = (rest, sure) if fit is False else (which, sure and fit is True)
    return {"pairs": reasons.of(which), "connections": total(reasons.of(which)), "minimal": sure}
