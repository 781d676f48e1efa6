"""What a NAT carries at a target: as it is, and by number of addresses."""

from __future__ import annotations

import math
from typing import Any

from natbound.planning.cheapest import Ladder, Search
from natbound.planning.choices import Choice
from natbound.planning.tries import CLOSE_LOAD, ROUGH, ROUGH_LOAD, Tries

NEAR = 0.02  # of the ports that are enough, where states are simulated
STEP, MOST = 0.1, 0.875  # a first step, the largest
OVERLOAD = -3.0  # the logarithm of what is refused where too few ports are the rule


def as_is(tries: Tries, index: int | None) -> dict[str, Any]:
    """The most rate, the longest hold, and the least ports that the scenario's own size would do with."""
    now = tries.carried(())
    if now["connections"] is None:
        return {"load": None, "why": "nothing refuses"}
    factor = now["connections"] / now["load"]
    return {
        "load": now["connections"],
        "room": factor,
        "most_rate": now["rate"] * factor,
        "longest_hold": now["load"] / now["rate"] * factor,
        "least_ports": None if index is None or now["own_ports"] else least_ports(tries, index, now),
    }


def least_ports(tries: Tries, index: int, now: dict[str, Any]) -> int | None:
    """The least ports an address, from the first that the design gives on, that meet the target with today's addresses: exact where the method
    is, else to one in fifty, on the safe side. None where they are not enough, or ports are dealt out in sets."""
    nat = tries.scenario.canonical["nats"][index]
    given = nat.get("port-set-restrict") or {}
    if nat.get("port-set") or given.get("psid-len") is not None:
        return None
    first = int(given.get("start-port-number", 1024))
    most = int(given.get("end-port-number", 65535)) - first + 1

    def settings(n: int) -> tuple[str, ...]:
        at = f"nats.{index}.port-set-restrict"
        return (f"{at}.start-port-number={first}", f"{at}.end-port-number={first + n - 1}")

    guess: int = min(most, max(1, math.ceil(most * now["load"] / now["connections"])))
    if now["exact"]:
        search = Search([Ladder(1, most, lambda n: 0.0, guess)], lambda levels: tries.meets(settings(levels[0])))
        return search.least((), ())
    if float(now["connections"]) < now["load"]:
        return None
    # What is refused at today's load falls with the ports, its logarithm nearly in a line where it is little; of overloads the line
    # says nothing, so the first steps are in proportion to what is carried.
    target = math.log(tries.target)
    low, above, high, below = 0, 0.0, most, -math.inf  # how far the logarithm lies from the target's
    n, step, again = guess, STEP, 0  # again: how often in a row one end has stayed
    while high > max(low + 1, low * (1 + NEAR)):
        odds = tries.odds(settings(n), ROUGH)
        enough = odds.high <= tries.target
        if enough:
            high, below = n, _log(odds.high) - target
        else:
            low, above = n, _log(odds.high) - target
        again = max(again, 0) + 1 if enough else min(again, 0) - 1
        if low > 0 and abs(again) < 3 and -math.inf < below and above < OVERLOAD - target:
            n = math.ceil(low + (high - low) * above / (above - below) + NEAR / 4 * high)
            n = min(n, math.ceil(high / (1 + NEAR)))  # where that is too few, the search is over
        elif low > 0:
            n = math.ceil(low * (1 + STEP)) if below == -math.inf else round(math.sqrt(low * high))
        else:  # the guess is good where ports are what refuses
            n = math.floor(high * (1 - step))
            step = min(2 * step, MOST)
        n = max(low + 1, min(n, high - 1))
    return high


def _log(probability: float) -> float:
    return math.log(probability) if probability > 0 else -math.inf


def curve(tries: Tries, space: Choice, points: int | None) -> list[dict[str, Any]]:
    """The load that meets the target, by addresses (of a PSID by its share of one, of deterministic sets by what they take)."""
    count = points if points is not None else 8 if tries.carried(())["exact"] else 3
    out = []
    for level in list(space.shown)[:count]:
        found = tries.carried(space.settings(level), CLOSE_LOAD if level == space.now else ROUGH_LOAD)
        addresses = float(level) if space.addresses is None else space.addresses(level)
        addresses = int(addresses) if addresses == int(addresses) else addresses
        out.append({"addresses": addresses, "likely": found["connections"], "cost": space.ladder.cost(level), "is": space.text(level)})
    return out
