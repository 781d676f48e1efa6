"""Claims about the maximum N, such as `N >= 100000`: held or refuted, with a certificate of the side that decides."""

from __future__ import annotations

import json
import operator
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from natbound.errors import InputError
from natbound.results import Result, number

if TYPE_CHECKING:
    from natbound.scenario import Scenario

OPERATORS: dict[str, Callable[[int, int], bool]] = {
    "<=": operator.le, ">=": operator.ge, "==": operator.eq, "=": operator.eq, "<": operator.lt, ">": operator.gt,
}  # fmt: skip


@dataclass(frozen=True)
class Claim:
    """N stands in `relation` to `bound`."""

    relation: str
    bound: int

    def holds(self, n: int) -> bool:
        """Whether it is so for this N."""
        return OPERATORS[self.relation](n, self.bound)


def read_claim(text: str) -> Claim:
    """A claim as it is written."""
    found = re.fullmatch(r"\s*N\s*(<=|>=|==|=|<|>)\s*([0-9][0-9_,]*)\s*", text)
    if found is None or len(found[2]) > 30:
        rule = "a claim is N, one of < <= = >= >, and a whole number"
        raise InputError(rule, path="--claim", value=f"'{text[:60]}'", fix='such as "N >= 100000"')
    return Claim(found[1], int(re.sub("[_,]", "", found[2])))


def decide(scenario: Scenario, text: str) -> Result:
    """Whether the claim holds of the scenario's maximum.

    Gives `holds` (None where the maximum is known between two bounds on both sides of the claim), `maximum`, and `evidence`: so many
    connections that fit, a bound that they can't pass, or both.
    """
    claim = read_claim(text)
    from natbound.exact import small

    part, _ = small.maximum(scenario, json.loads(scenario._core.maximum(False))["maximum"])
    # what is proved: a number that a solver alone gives comes with bounds
    low, high = (number(part[key] if key in part else part["connections"]) for key in ("at_least", "at_most"))
    out: dict[str, Any] = {
        "schema": "natbound.capacity/1",
        "claim": f"N {claim.relation} {claim.bound}",
        "holds": None,
        "sets_it": part["sets_it"],
        "maximum": part,
    }
    if claim.relation in ("=", "=="):
        out["holds"] = low == claim.bound if low == high else None if low <= claim.bound <= high else False
    elif claim.holds(low) == claim.holds(high):  # N lies between, and the others of the relations are monotone
        out["holds"] = claim.holds(low)
    if "limit" in part:
        out["limit"] = part["limit"]
        if "does-not-fit" not in part["evidence"] and low < claim.bound + 1:  # a bound by arithmetic alone has no certificate
            out["holds"] = None
    if out["holds"] is not None:
        out["evidence"] = _evidence(scenario, claim, part, out["holds"], low)
    return Result(out)


def _evidence(scenario: Scenario, claim: Claim, part: dict[str, Any], holds: bool, low: int) -> Any:
    """A certificate that decides: connections that fit where N is large enough, a bound where it is small enough."""
    from natbound.exact import small

    if claim.relation in ("=", "==") and holds:
        return part["evidence"]
    # the least number of connections that shows it by fitting: that claimed, or one more
    enough = claim.bound + (claim.relation in (">", "<=", "=", "=="))
    if low < enough:
        return {**{k: part["evidence"][k] for k in ("schema", "scenario")}, "kind": "does-not-fit", **part["evidence"]["does-not-fit"]}
    return small.demand(scenario, json.loads(scenario._core.fits(str(enough), "best")), None, enough)["evidence"]
