"""The one question that everything here rests on: does a demand fit a scenario? Answered exactly, with a certificate."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from natbound.errors import InputError, Unsupported
from natbound.results import decoded

if TYPE_CHECKING:
    from natbound.scenario import Scenario

Pair = dict[str, Any]  # {from, to, connections}


def fits(scenario: Scenario, pairs: Iterable[Pair]) -> bool | None:
    """Whether the demand fits; None where this version can't settle it."""
    try:
        return _ask(scenario, pairs, evidence=False)["fits"]  # type: ignore[no-any-return]
    except Unsupported:
        return None


def shown(scenario: Scenario, pairs: Iterable[Pair]) -> dict[str, Any]:
    """`fits`, `sets_it`, and `evidence` where it is settled."""
    return _ask(scenario, pairs, evidence=True)


def _ask(scenario: Scenario, pairs: Iterable[Pair], evidence: bool) -> dict[str, Any]:
    wanted = [p for p in pairs if int(p["connections"]) > 0]
    if not wanted:  # nothing always fits
        return decoded(scenario._core.fits("0", "even"))
    return decoded(scenario._core.fits_demand(json.dumps(wanted), evidence, False))


def changed(scenario: Scenario, settings: Iterable[str]) -> Scenario | None:
    """The scenario with fields changed; None where it would break a rule of scenarios."""
    try:
        return scenario.with_settings(*settings)
    except InputError:
        return None


def total(pairs: Iterable[Pair]) -> int:
    """Connections in all."""
    return sum(int(p["connections"]) for p in pairs)
