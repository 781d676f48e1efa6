"""A probability and the simulation that should agree with it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from natbound.errors import InputError

if TYPE_CHECKING:
    from natbound.scenario import Progress, Scenario

NORMAL = 1.959963984540054  # 97.5 % of the normal law
ENOUGH = 20  # independent refusals (simulator.hpp: enough_to_judge)


def agreement(
    scenario: Scenario, risk: dict[str, Any], *, arrivals: int, scale: float = 1.0, seed: int = 1, progress: Progress | None = None
) -> dict[str, Any]:
    """Steps the concrete design so many arrivals under the scenario's traffic times `scale`, beside a result of `risk`.

    `z` is the difference of the two refusal probabilities in standard errors: of the simulation, by its interval (refusals come in clusters),
    and of the model where it was averaged over simulated states. It is null where the simulation saw fewer than 20 `independent` refusals:
    too few to judge by; then `within` says whether the model lies within the simulation's interval. It is null, too, where the model gives a
    bound only; then `within` says whether the simulation keeps it. Both are null where the hash of a pool is not known: the model is of a
    median assignment of clients to addresses, the simulation of a random one. |z| above 4 is a defect of one of the two.
    """
    found = scenario.simulate(seed=seed, arrivals=arrivals, scale=scale, progress=progress).to_dict()
    out = {key: found[key] for key in ("seed", "arrivals", "refused", "refusal_probability", "interval", "independent")}
    if not found["arrivals"]:
        raise InputError("risk: the simulation saw no arrival: its clients had no free socket")
    if not risk["hash_known"]:
        return {**out, "z": None, "within": None}
    model = risk["refusal_probability"]
    if model is None:
        return {**out, "z": None, "within": found["interval"][0] <= risk["at_most"]}
    (low, high), seen = found["interval"], found["refusal_probability"]
    least, most = (model, model) if risk["exact"] else risk["interval"]
    if found["independent"] < ENOUGH:
        return {**out, "z": None, "within": low <= most and least <= high}
    towards = high - seen if model > seen else seen - low
    error = math.hypot(towards, (most - least) / 2) / NORMAL
    return {**out, "z": (seen - model) / error if error > 0 else 0.0, "within": None}
