"""What the ledger is made of: published numbers, the expressions they come from, and the probabilities beside them.

Expressions are text, so that the page shows just what is computed. They may use the names in `NAMES` and nothing else.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Any

from natbound import calculator

METHODS = {
    "erlang_b": "Erlang B",
    "log_erlang_b": "Erlang B by its logarithm",
    "refusal_probability": "exact chain of independent random tries",
    "batches": "exact chain with batches",
    "retries": "Erlang B with retries",
    "kaufman_roberts": "Kaufman-Roberts",
}

NAMES: dict[str, Any] = {
    "ceil": math.ceil,
    "log2": math.log2,
    "max": max,
    "min": min,
    "round": round,
    **{name: getattr(calculator, name) for name in METHODS},
}


def value(expression: str, names: dict[str, Any] | None = None) -> Any:
    """What an expression of the ledger gives; `names` to compute it by other means."""
    return eval(expression, {"__builtins__": {}}, NAMES if names is None else names)


@dataclass(frozen=True)
class Figure:
    """One printed number and its own factors."""

    what: str  # with the unit
    printed: str  # the digits as the source prints them
    expression: str  # the same from the source's own factors
    form: str = ",d"  # how the source writes numbers
    follows: bool = True  # False: `expression` gives something else
    fitted: bool = False  # a factor is not printed beside the number; the round one that fits is used
    but: str = ""  # the same with a factor that the source has otherwise, or leaves out
    why: str = ""  # of `but`, or of a number that does not follow

    def computed(self) -> str:
        """What the factors give, written as the source would."""
        return format(value(self.expression), self.form)

    def corrected(self) -> str:
        """What `but` gives; empty where there is none."""
        return format(value(self.but), self.form) if self.but else ""


@dataclass(frozen=True)
class Beside:
    """A probability that the source does not give."""

    expression: str
    given: str  # where the load comes from

    @property
    def method(self) -> str:
        """The formula by its name in the field."""
        return METHODS[re.split(r"\W", self.expression)[0]]

    @property
    def logarithm(self) -> bool:
        """Whether the expression gives the natural logarithm: the number itself may lie below the smallest double."""
        return self.expression.startswith("log_")

    def log(self) -> float:
        """The natural logarithm of the probability."""
        found = float(value(self.expression))
        return found if self.logarithm else math.log(found)

    def shown(self) -> str:
        """Three digits: 0.298, 1.71e-7, 3.79e-89164."""
        log10 = self.log() / math.log(10)
        if log10 > -3:
            return f"{10**log10:#.3g}"
        exponent = math.floor(log10 + 5e-4)
        return f"{10 ** (log10 - exponent):.2f}e{exponent}"


@dataclass(frozen=True)
class Row:
    """A worked example."""

    id: str
    source: str
    link: str
    figures: tuple[Figure, ...]
    beside: tuple[Beside, ...]
    seen: str = ""  # where it was read, if not at the link
    note: str = ""
