"""What a plan can't be made of says so, and gives no number: bursts that last too long, traffic whose refusals are not modelled."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from natbound import wording as w
from natbound.errors import Unsupported

if TYPE_CHECKING:
    from natbound.scenario import Scenario


NAMES = {
    "ports": "the ports",
    "blocks": "the port sets",
    "quota": "the quotas",
    "table": "the tables",
    "subscribers": "the subscribers",
    "rate": "the new connections a second",
    "packets": "the packets a second",
    "servers": "the limits",
    "sockets": "the clients' own ports",
}


def longest_cycle(scenario: Scenario) -> tuple[float, str]:
    """Seconds that the slowest entry takes to go through its states (on-off, mmpp) once, and where it is; 0 where none has any."""
    found = (0.0, "")
    for i, entry in enumerate(scenario.canonical["traffic"]):
        rule = entry.get("arrivals", {})
        times = [rule[key] for key in ("on", "off") if key in rule] + [state["mean"] for state in rule.get("states", [])]
        found = max(found, (sum(float(text.removesuffix("s")) for text in times), f"traffic[{i}].arrivals"))
    return found


def likely_part(answer: Mapping[str, Any]) -> Mapping[str, Any]:
    """An answer's likely; raises Unsupported, with the reason, where it is not known."""
    likely: Mapping[str, Any] = answer["likely"]
    if "unknown" in likely:
        raise Unsupported(likely["unknown"])
    return likely


def say_of(refusing: Sequence[Mapping[str, Any]], levels: Sequence[int], keep: Sequence[str]) -> str:
    """Why nothing that may change meets a target: what refuses even where much more of everything is had."""
    said = []
    for one in refusing:
        what = f"{NAMES[one['what']]} of {one['where']}"
        if one["what"] in keep:
            said.append(f"{what} refuse, and are kept as they are")
        elif one["what"] in ("ports", "blocks"):
            said.append(
                f"{what} still refuse {w.probability(math.exp(one['log']), one['log'])} with {levels[0]:,} addresses: a client keeps to one of them, so that more do not "
                "help; a design that tries the others (--designs), more ports (--widen) or shorter timers (--timer) may"
                if levels
                else f"{what} refuse"
            )
        else:
            said.append(f"{what} refuse whatever they are")
    return "; ".join(said) or "nothing that may change is enough"
