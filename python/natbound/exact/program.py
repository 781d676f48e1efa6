"""An integer program, as the engines are given it."""

from __future__ import annotations

from dataclasses import dataclass, field

Terms = list[tuple[int, int]]  # (coefficient, variable)


@dataclass
class Program:
    """Whole numbers from 0 up to `most` each; sums of them that are at most a number; and the sum that is to be as large as can be."""

    most: list[int] = field(default_factory=list)
    sums: list[tuple[Terms, int]] = field(default_factory=list)
    wanted: Terms = field(default_factory=list)

    def new(self, most: int) -> int:
        """A variable."""
        self.most.append(most)
        return len(self.most) - 1

    def at_most(self, terms: Terms, limit: int) -> None:
        """The sum of the terms is at most `limit`."""
        if terms:
            self.sums.append((terms, limit))
