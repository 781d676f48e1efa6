"""The least number of a kind with which a demand fits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

MOST_TRIED = 64  # where more may be worse than less, so that each number is tried by itself

Verdict = Callable[[int], bool | None]  # of a number: fits, does not, not known


@dataclass(frozen=True)
class Least:
    """The least number that fits; None: no number up to `tried` does."""

    n: int | None
    minimal: bool  # one less is known not to fit (and, where more may be worse, no smaller number fits)
    tried: int


def least(fits: Verdict, most: int, monotone: bool, quick: bool = False, floor: int = 0) -> Least:
    """By doubling and halving where more can only help, else one number after the other. `most` >= 1. quick: the most is as soon asked as few.
    floor: below `most`, and known not to fit, where more can only help."""
    if not monotone:
        verdicts = []
        for n in range(1, min(most, MOST_TRIED) + 1):
            verdicts.append(fits(n))
            if verdicts[-1]:
                return Least(n, all(v is False for v in verdicts[:-1]), n)
        return Least(None, all(v is False for v in verdicts), len(verdicts))
    if quick and not fits(most):
        return Least(None, fits(most) is False, most)
    low, high = floor, floor + 1
    while not fits(high):
        if high == most:
            return Least(None, fits(most) is False, most)
        low, high = high, min(floor + 2 * (high - floor), most)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if fits(middle) else (middle, high)
    return Least(high, low == floor or fits(low) is False, high)
