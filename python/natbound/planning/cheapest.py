"""The cheapest levels of several things of which more never hurts, found exactly: branch and bound over the staircase between too little and
enough."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

Levels = tuple[int, ...]


@dataclass(frozen=True)
class Ladder:
    """Levels `least` to `most` of one thing, each at a cost of at least 0 that never falls; `guess` is where a search begins."""

    least: int
    most: int
    cost: Callable[[int], float]
    guess: int


@dataclass
class Search:
    """meets(levels): whether they are enough; it never turns from yes to no as a level grows. hopeless(levels, rung): whether more of that
    one thing no longer helps. short(levels): of what was asked, how much they lack (below 0: nothing), where that is about linear in a level;
    it tells where to ask next. What was answered, and what follows from it, is not asked again."""

    ladders: Sequence[Ladder]
    meets: Callable[[Levels], bool]
    hopeless: Callable[[Levels, int], bool] = lambda levels, rung: False
    short: Callable[[Levels], float | None] = lambda levels: None
    enough: list[Levels] = field(default_factory=list)
    few: list[Levels] = field(default_factory=list)

    def meet(self, levels: Levels) -> bool:
        """meets(levels), or what is known already."""
        if any(all(a <= b for a, b in zip(known, levels, strict=True)) for known in self.enough):
            return True
        if any(all(a >= b for a, b in zip(known, levels, strict=True)) for known in self.few):
            return False
        yes = self.meets(levels)
        (self.enough if yes else self.few).append(levels)
        return yes

    def cost(self, levels: Levels, rung: int = 0) -> float:
        """Of the levels of the ladders from that one on."""
        return sum(ladder.cost(level) for ladder, level in zip(self.ladders[rung:], levels[rung:], strict=True))

    def least(self, before: Levels, after: Levels, dearest: float = math.inf) -> int | None:
        """The least level, between these of the other ladders, that is enough, if it costs less than `dearest`: from the guess in growing
        steps, then by halves."""
        rung = len(before)
        ladder = self.ladders[rung]
        low, high = ladder.least - 1, ladder.most + 1
        n = max(ladder.least, min(ladder.guess, ladder.most))
        step = max(1, n // 64)
        halve = False
        while high - low > 1:
            if self.meet((*before, n, *after)):
                high = n
            elif self.hopeless((*before, n, *after), rung):
                return None
            else:
                low = n
                if low < ladder.most and ladder.cost(low + 1) >= dearest:
                    return None
            if high > ladder.most:
                n = min(low + step, ladder.most)
            elif low < ladder.least:
                n = max(high - step, ladder.least)
            else:
                n = self._between((*before, low, *after), (*before, high, *after), rung, halve)
                halve = not halve
            step *= 2
        return high if high <= ladder.most and ladder.cost(high) < dearest else None

    def _between(self, few: Levels, enough: Levels, rung: int, halve: bool) -> int:
        """A level between two: where a line through what they lack is zero, or in the middle."""
        low, high = few[rung], enough[rung]
        lacks, spare = self.short(few), self.short(enough)
        if halve or lacks is None or spare is None or not (0 < lacks < math.inf and -math.inf < spare <= 0):
            return (low + high) // 2
        return max(low + 1, min(high - 1, math.ceil(low + (high - low) * lacks / (lacks - spare))))

    def cheapest(self, before: Levels = (), dearest: float = math.inf) -> Levels | None:
        """The cheapest levels that are enough, those of the first ladders given; None where the others cost `dearest` or more together."""
        rung = len(before)
        if rung == len(self.ladders):
            return before if dearest > 0 and self.meet(before) else None
        if rung == len(self.ladders) - 1:
            last = self.least(before, (), dearest)
            return None if last is None else (*before, last)
        ladder = self.ladders[rung]
        span = self.span(before)
        if span is None or ladder.cost(span[0]) >= dearest:
            return None
        best, found = dearest, None

        def rest(level: int) -> float:
            """What the others cost at least with that level of this one; exact where that is less than the best known leaves."""
            nonlocal best, found
            left = best - ladder.cost(level)
            levels = self.cheapest((*before, level), left) if left > 0 else None
            if levels is None:
                return max(left, 0.0)
            found = levels
            best = self.cost(levels, rung)
            return best - ladder.cost(level)

        rest(span[0])
        todo = [(*span, rest(span[1]))]
        while todo:
            low, high, least = todo.pop()
            # what lies between costs at least its first level, and the others no less than at the upper end
            if high - low < 2 or ladder.cost(low + 1) + least >= best:
                continue
            middle = (low + high) // 2
            todo += [(middle, high, least), (low, middle, rest(middle))]
        return found

    def span(self, before: Levels) -> tuple[int, int] | None:
        """Of the next ladder the least level that is enough with all of the others, and the least with nothing of the others (the top where
        none is); None where no level is enough."""
        others = self.ladders[len(before) + 1 :]
        first = self.least(before, tuple(other.most for other in others))
        if first is None:
            return None
        last = self.least(before, tuple(other.least for other in others))
        return first, self.ladders[len(before)].most if last is None else last

    def alternatives(self, most: int) -> list[Levels]:
        """The cheapest of the rest for each level of the first ladder that may be worth its price, evenly spaced where there are more than
        `most`; by cost, without those that another one undercuts in everything."""
        span = self.span(())
        if span is None:
            return []
        first, last = span
        count = min(most, last - first + 1)
        levels = sorted({first + (last - first) * k // max(count - 1, 1) for k in range(count)})
        found = [self.cheapest((level,)) for level in levels]
        kept: list[Levels] = []
        for one in sorted((x for x in found if x is not None), key=lambda x: (self.cost(x), x)):
            if not any(all(a <= b for a, b in zip(other, one, strict=True)) for other in kept):
                kept.append(one)
        return kept
