"""A probability and the simulation that should agree with it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from natbound.errors import InputError

if TYPE_CHECKING:
    from natbound.scenario import Progress, Scenario

NORMAL = 1.959963984540054  # 97.5 % of the normal law


def agreement(
    scenario: Scenario, risk: dict[str, Any], *, arrivals: int, scale: float = 1.0, seed: int = 1, progress: Progress | None = None
) -> dict[str, Any]:
    """Steps the concrete design so many arrivals under the scenario's traffic times `scale`, beside a result of `risk`.

    `z` is the difference of the two refusal probabilities in standard errors: of the simulation, by batch means but no less than what
    independent refusals would have, and of the model where it was averaged over simulated states. It is null where the model gives a
    bound only; then `within` says whether the simulation keeps it. Both are null where the hash of a pool is not known: the model is of a median
    assignment of clients to addresses, the simulation of a random one. |z| above 4 is a defect of one of the two.
    """
    found = scenario.simulate(seed=seed, arrivals=arrivals, scale=scale, progress=progress).to_dict()
    out = {key: found[key] for key in ("seed", "arrivals", "refused", "refusal_probability", "interval")}
    if not found["arrivals"]:
        raise InputError("risk: the simulation saw no arrival: its clients had no free socket")
    if not risk["hash_known"]:
        return {**out, "z": None, "within": None}
    model = risk["refusal_probability"]
    if model is None:
        return {**out, "z": None, "within": found["interval"][0] <= risk["at_most"]}
    low, high = found["interval"]
    chance = math.sqrt(model * (1 - model) / found["arrivals"])
    wide = 0.0 if risk["exact"] else (risk["interval"][1] - risk["interval"][0]) / (2 * NORMAL)
    error = math.hypot(max((high - low) / (2 * NORMAL) if found["refused"] else 0.0, chance), wide)
    return {**out, "z": (found["refusal_probability"] - model) / error if error > 0 else 0.0, "within": None}
