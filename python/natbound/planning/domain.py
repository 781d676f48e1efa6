"""What a plan can't be made of says so, and gives no number: arrivals in bursts, traffic whose refusals are not modelled."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from natbound.errors import Unsupported

if TYPE_CHECKING:
    from natbound.scenario import Scenario


def poisson_alone(scenario: Scenario, command: str) -> None:
    """Raises Unsupported where an entry's `arrivals` are not Poisson; `command` is what was asked for."""
    for i, entry in enumerate(scenario.canonical["traffic"]):
        if "arrivals" in entry:
            law = entry["arrivals"]["law"]
            raise Unsupported(
                f"traffic[{i}].arrivals: '{law}': {command} is right for Poisson arrivals alone; risk and simulate take bursts"
            )


def likely_part(answer: Mapping[str, Any]) -> Mapping[str, Any]:
    """An answer's likely; raises Unsupported, with the reason, where it is not known."""
    likely: Mapping[str, Any] = answer["likely"]
    if "unknown" in likely:
        raise Unsupported(likely["unknown"])
    return likely
