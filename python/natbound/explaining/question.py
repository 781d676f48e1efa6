"""The one question that everything here rests on: does a demand fit a scenario? Answered exactly, with a certificate."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from natbound.errors import InputError, LimitReached, Unsupported
from natbound.results import decoded
from natbound.working import check

if TYPE_CHECKING:
    from natbound.scenario import Scenario

Pair = dict[str, Any]  # {from, to, connections}


def fits(scenario: Scenario, pairs: Iterable[Pair]) -> bool | None:
    """Whether the demand fits; None where this version can't settle it."""
    try:
        return _ask(scenario, pairs, evidence=False)["fits"]  # type: ignore[no-any-return]
    except LimitReached:  # not a trait of the question, so that nothing may be concluded from it
        raise
    except Unsupported:
        return None


def shown(scenario: Scenario, pairs: Iterable[Pair]) -> dict[str, Any]:
    """`fits`, `sets_it`, and `evidence` where it is settled."""
    return _ask(scenario, pairs, evidence=True)


def settled(scenario: Scenario, pairs: list[Pair], found: dict[str, Any]) -> dict[str, Any]:
    """What was found, or where that left it open and OR-Tools CP-SAT is there what that makes of it, as `capacity` asks it: that they fit is shown
    by a certificate; that they do not has none, so that `fits` stays null and `engine.verdict` says it."""
    if found["fits"] is not None:
        return found
    from natbound.exact import settle

    check("asking whether a demand fits")
    out = settle(scenario, pairs, found)
    if "limit" in out:
        raise LimitReached(out["limit"]["says"])
    return out


def _ask(scenario: Scenario, pairs: Iterable[Pair], evidence: bool) -> dict[str, Any]:
    check("asking whether a demand fits")
    wanted = [p for p in pairs if int(p["connections"]) > 0]
    if not wanted:  # nothing always fits
        return decoded(scenario._core.fits("0", "even"))
    found = decoded(scenario._core.fits_demand(json.dumps(wanted), evidence, False))
    if found["fits"] is None and "limit" in found:
        raise LimitReached(found["limit"]["says"])
    return found


def changed(scenario: Scenario, settings: Iterable[str]) -> Scenario | None:
    """The scenario with fields changed; None where it would break a rule of scenarios, or be one that is not modelled."""
    try:
        return scenario.with_settings(*settings)
    except (InputError, Unsupported):
        return None


def total(pairs: Iterable[Pair]) -> int:
    """Connections in all."""
    return sum(int(p["connections"]) for p in pairs)
