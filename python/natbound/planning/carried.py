"""What a NAT carries at a target: as it is, and by number of addresses."""

from __future__ import annotations

import math
from typing import Any

from natbound.planning.cheapest import Ladder, Search
from natbound.planning.choices import Choice
from natbound.planning.tries import CLOSE_LOAD, ROUGH_LOAD, Tries

NEAR = 0.02  # of the ports that are enough, where states are simulated


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
        "least_ports": None if index is None else least_ports(tries, index, now),
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
    most_carried = float(now["connections"])
    if most_carried < now["load"]:
        return None
    # What is carried grows nearly in a line with the ports.
    low, carried_low, high, carried_high = 0, 0.0, most, most_carried
    n = guess
    while high > max(low + 1, low * (1 + NEAR)) and carried_high > now["load"] * (1 + NEAR):
        found = tries.carried(settings(n), ROUGH_LOAD)
        safe = math.inf if found["connections"] is None else float(found["interval"][0])
        if safe >= now["load"]:
            high, carried_high = n, safe
        else:
            low, carried_low = n, safe
        if carried_high == math.inf or low == 0:
            n = (low + high) // 2
        else:
            n = math.ceil(low + (now["load"] * (1 + NEAR / 2) - carried_low) * (high - low) / (carried_high - carried_low))
        if low == 0 and carried_high < math.inf:  # in proportion, or (where ports are not what refuses) in great steps
            ports_refuse = high == most or carried_high < 0.98 * most_carried
            n = math.ceil(high * now["load"] / carried_high * (1 - NEAR)) if ports_refuse else high // 8
        n = max(low + 1, min(n, high - 1))
    return high


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
