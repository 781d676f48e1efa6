"""One variant of a scenario: the cheapest levels of what may change in it, each shown to be needed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from natbound.planning.cheapest import Levels, Search
from natbound.planning.choices import Choice
from natbound.planning.tries import ROUGH, Tries

HELPS = 0.9  # of what is refused: a doubling that leaves more than this helps no longer


class Sized:
    """The choices that cost something are searched for the cheapest; those that are free (limits, unless priced) are out of the way
    meanwhile, and then taken as low as is enough."""

    def __init__(self, tries: Tries, settings: Sequence[str], choices: Sequence[Choice]) -> None:
        self.tries, self.settings = tries, tuple(settings)
        self.paid = [c for c in choices if c.ladder.cost(c.ladder.most) > 0 or c.kind == "address"]
        self.free = [c for c in choices if c not in self.paid]
        self.search = Search([c.ladder for c in self.paid], self._meets, self._hopeless, self._short)
        self._seen: dict[Levels, float] = {}

    def at(self, levels: Levels, free: Levels | None = None) -> tuple[str, ...]:
        """The settings of those levels."""
        out = self.settings
        for choice, level in zip(self.paid, levels, strict=True):
            out += choice.settings(level)
        for choice, level in zip(self.free, free if free is not None else self._out_of_the_way(), strict=True):
            out += choice.settings(level)
        return out

    def _out_of_the_way(self) -> Levels:
        return tuple(c.ladder.most for c in self.free)

    def _as_they_are(self) -> Levels:
        return tuple(c.ladder.least for c in self.free)

    def _meets(self, levels: Levels) -> bool:
        if self.free and self.tries.meets(self.at(levels, self._as_they_are())):
            return True
        settings = self.at(levels)
        yes = self.tries.meets(settings)
        self._seen[levels] = self.tries.odds(settings, 0).log
        return yes

    def _short(self, levels: Levels) -> float | None:
        log = self._seen.get(levels)
        return None if log is None else log - math.log(self.tries.target)

    def _hopeless(self, levels: Levels, rung: int) -> bool:
        """More of this no longer helps: the last doubling, far beyond what should do, changed little."""
        level, ladder = levels[rung], self.search.ladders[rung]
        if level < 4 * max(ladder.guess, self.paid[rung].now, 1) or self.paid[rung].kind != "address":
            return False
        before = [
            log
            for known, log in self._seen.items()
            if known[rung] <= level / 2 and known[:rung] == levels[:rung] and known[rung + 1 :] == levels[rung + 1 :]
        ]
        return bool(before) and self._seen[levels] > min(before) + math.log(HELPS)

    def options(self, most: int) -> list[dict[str, Any]]:
        """The cheapest first, and further ones with more or fewer of the first choice; none where nothing is enough."""
        if self.kept():
            return []
        if not self.paid:
            return [self._option((), least)] if (least := self._least_free(())) is not None else []
        found = self.search.alternatives(most) if len(self.paid) > 1 else []
        cheapest = self.search.cheapest()
        if cheapest is None:
            return []
        ordered = [self._lowest(cheapest)]
        for levels in sorted(found, key=self.search.cost):
            lowest = self._lowest(levels)
            if not any(all(a <= b for a, b in zip(other, lowest, strict=True)) for other in ordered):
                ordered.append(lowest)
        out = []
        for levels in ordered:
            least = self._least_free(levels)
            if least is not None:
                out.append(self._option(levels, least))
        return out

    def _lowest(self, levels: Levels) -> Levels:
        """Each as low as is enough, at no higher cost."""
        for rung in range(len(levels)):
            low = self.search.least(levels[:rung], levels[rung + 1 :])
            if low is not None and low < levels[rung]:
                levels = (*levels[:rung], low, *levels[rung + 1 :])
        return levels

    def _least_free(self, levels: Levels) -> Levels | None:
        """The free choices as they are where that is enough; else each in turn as low as is enough with those after it out of the way."""
        now = self._as_they_are()
        if self.tries.meets(self.at(levels, now)):
            return now
        if not self.free:
            return None
        search = Search([c.ladder for c in self.free], lambda free: self.tries.meets(self.at(levels, free)))
        got: Levels = ()
        for rung in range(len(self.free)):
            least = search.least(got, tuple(c.ladder.most for c in self.free[rung + 1 :]))
            if least is None:
                return None
            got = (*got, least)
        return got

    def _option(self, levels: Levels, free: Levels) -> dict[str, Any]:
        settings = self.at(levels, free)
        odds = self.tries.odds(settings, ROUGH)
        if not (odds.bound and odds.value <= self.tries.target):
            odds = self.tries.odds(settings)
        chosen = [*zip(self.paid, levels, strict=True), *zip(self.free, free, strict=True)]
        changes = [c.text(level) for c, level in chosen if level != c.now]
        first = self.paid[0] if self.paid else None
        addresses = first.addresses(levels[0]) if first is not None and first.addresses is not None else None
        if addresses is not None and addresses == int(addresses):
            addresses = int(addresses)
        today = first.addresses(first.now) if first is not None and first.addresses is not None else 0.0
        return {
            "changes": changes,
            "addresses": addresses,
            "more_addresses": None if addresses is None else addresses - today,
            "cost": self.search.cost(levels),
            "refusal_probability": odds.value,
            "log_refusal_probability": odds.log if odds.log > -math.inf else None,
            "bound": odds.bound,
            "interval": [odds.low, odds.high],
            "exact": odds.exact,
            "one_less": self._one_less(levels, free),
            "refusing": odds.refusing,
            "apply": [f"--set {text}" for text in settings],
        }

    def _one_less(self, levels: Levels, free: Levels) -> list[dict[str, Any]]:
        """What would be refused with one less of each thing: more than the target."""
        out = []
        every = (*levels, *free)
        for rung, choice in enumerate((*self.paid, *self.free)):
            level = every[rung] - 1
            if level < choice.ladder.least:
                continue
            less = (*every[:rung], level, *every[rung + 1 :])
            odds = self.tries.odds(self.at(less[: len(levels)], less[len(levels) :]), 0)
            out.append(
                {
                    "change": choice.text(level),
                    "refusal_probability": odds.value,
                    "log_refusal_probability": odds.log if odds.log > -math.inf else None,
                    "bound": odds.bound,
                }
            )
        return out

    def kept(self) -> list[dict[str, Any]]:
        """What refuses too often by itself, and nothing that may change is of it."""
        changed = {(what, c.where) for c in (*self.paid, *self.free) for what in c.refuses}
        anywhere = {what for c in self.paid if c.kind == "timers" for what in c.refuses}
        refusing = self.tries.odds(self.at(tuple(c.now for c in self.paid), self._as_they_are()), ROUGH).refusing
        target = math.log(self.tries.target)
        return [
            one
            for one in refusing
            if one["log"] > target and one["what"] not in ("ports", "blocks", *anywhere) and (one["what"], one["where"]) not in changed
        ]

    def shown(self) -> Levels:
        """Levels beyond which more does not help, for what is said where nothing is enough."""
        return tuple(min(c.ladder.most, 4 * max(c.ladder.guess, c.now, 1)) if c.kind == "address" else c.ladder.most for c in self.paid)

    def refusing(self) -> list[dict[str, Any]]:
        """What refuses even there."""
        if kept := self.kept():
            return kept
        odds = self.tries.odds(self.at(self.shown()))
        target = math.log(self.tries.target)
        return [one for one in odds.refusing if one["log"] > target] or odds.refusing[:1]
