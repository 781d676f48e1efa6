"""What is right for Poisson arrivals alone says so, and gives no number for arrivals in bursts."""

from __future__ import annotations

from typing import TYPE_CHECKING

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
