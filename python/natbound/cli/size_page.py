"""The page of `natbound size`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from natbound import wording as w
from natbound.planning.domain import NAMES

AS_IT_IS = "as it is"  # the design and the timers
LEAST = 1e-12  # what refuses less is not worth a line


def lines(result: dict[str, Any]) -> Iterator[str]:
    """What meets the target, what today's NAT carries, and what is carried by addresses."""
    where = ""
    if len(result["nats"]) > 1:
        where = f" ({', '.join(result['nats'])} grow)"
    elif result["options"] and result["nat"] is not None and result["several"]:
        where = f" ({result['nat']} refuses first, and grows)"
    yield f"To refuse the worst kind of {w.count(result['load'])} live with probability {w.scientific(result['target'])} at most{where}:"
    met = [option for option in result["options"] if option["cost"] is not None]
    unmet = [option for option in result["options"] if option["cost"] is None]
    for option in met:
        yield f"  {', '.join(_parts(option))} (cost {option['cost']:g}): {odds(option, result['target'])}"
    if met and met[0]["one_less"]:
        yield f"    one less of each is too little: {'; '.join(one['change'] + ': ' + odds(one, result['target']) for one in met[0]['one_less'])}"
    if met and len(met[0]["refusing"]) > 1 and (after := _next(met[0])):
        yield after
    for reason in dict.fromkeys(option["why"] for option in unmet):
        names = [option["change"] for option in unmet if option["why"] == reason]
        yield f"  {names[0]}{f' (and {len(names) - 1} more)' if len(names) > 1 else ''}: {reason}"
    now = result["as_is"]
    if now["load"] is not None:
        today = "As it is" if result["addresses"] is None else f"With today's {result['addresses']:,}"
        ports = "" if now["least_ports"] is None else f", or {w.count(now['least_ports'])} ports an address would do"
        yield f"{today}: {w.count(now['most_rate'])}/s at most, or holds of {w.span(now['longest_hold'])}{ports}"
    for own in result["own_ports"]:
        if own["probability"] > result["target"]:
            yield (
                f"Whatever the NATs have: {w.probability(own['probability'])} of {own['from']}'s connections to {own['destination']} "
                f"find no free port of their own ({w.count(own['most_per_second'])}/s an address at most)"
            )
    if result["curve"]:
        points = [_plain(c["addresses"]) for c in result["curve"]]
        # of deterministic sets several sizes take as many addresses
        what, points = ("addresses", points) if len(set(points)) == len(points) else ("size", [c["is"] for c in result["curve"]])
        yield f"Load by {what}: " + ", ".join(f"{point}: {_carried(c)}" for point, c in zip(points, result["curve"], strict=True))


def _parts(option: dict[str, Any]) -> list[str]:
    """Addresses, the variant, and what else changes."""
    n = option["addresses"]
    first = [] if n is None else [f"{_plain(n)} address{'es' if n != 1 else ''}" if n >= 1 else f"{_plain(n)} of an address"]
    others = [text for text in option["changes"] if not text.startswith(first[0])] if first else option["changes"]
    return [*first, *([option["change"]] if option["change"] != AS_IT_IS or not others else []), *others]


def _plain(addresses: float) -> str:
    return f"{addresses:,}" if addresses >= 1 or addresses == 0 else f"1/{1 / addresses:,.0f}"


def _carried(point: dict[str, Any]) -> str:
    return "no limit" if point["likely"] is None else w.count(point["likely"])


def odds(one: dict[str, Any], target: float) -> str:
    """A refusal probability, or a bound on it; with more digits where it would read as the target."""
    p = one["refusal_probability"]
    shown = w.probability(p, one["log_refusal_probability"])
    if one["bound"]:
        return "not known to be less" if p >= 1 else f"at most {shown}"
    return w.scientific(float(f"{p:.5g}")) if p != target and shown == w.probability(target) else shown


def _next(option: dict[str, Any]) -> str | None:
    """What refuses most after what refuses first."""
    import math

    second = option["refusing"][1]
    if second["log"] < math.log(LEAST):
        return None
    return (
        f"    next to refuse then: {NAMES[second['what']]} of {second['where']} ({w.probability(math.exp(second['log']), second['log'])})"
    )
