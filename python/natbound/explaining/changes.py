"""The smallest changes that each alone make a demand fit: shown sufficient by a placing on the changed scenario, and smallest by a certificate
that one less does not do."""

from __future__ import annotations

import functools
import json
import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from natbound import _core
from natbound.errors import LimitReached, Unsupported
from natbound.explaining.base import Base, needed_limits
from natbound.explaining.kinds import Kind, as_given, kinds_of
from natbound.explaining.parts import parts_of
from natbound.explaining.question import Pair, fits, total
from natbound.explaining.reasons import Reasons
from natbound.explaining.search import MOST_TRIED, least
from natbound.explaining.together import MOST_KINDS, Together
from natbound.working import check

if TYPE_CHECKING:
    from natbound.scenario import Scenario

PRICES = {
    "address": 1.0, "port": 0.001, "sharing": 1.0, "port-set": 0.1, "port-set-size": 0.001, "table": 0.0001, "memory": 0.0001, "mapping": 0.0001, "quota": 0.0001, "subscriber": 0.001, "server": 0.0001, "backend": 1.0, "destination": 1.0, "client-port": 0.001,
    "hold": 1.0, "mapping-type": 2.0, "clash-scope": 2.0, "design": 2.0,
}  # fmt: skip
MAPPING_TYPES = ("edm", "adm", "eim", "eim-if-possible")
SCOPES = ("none", "address", "endpoint")


def changes(
    scenario: Scenario, pairs: list[Pair], clients: set[str], servers: set[str], price: dict[str, float]
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Those that make the demand fit, the cheapest first; and those that do not, with the reason.

    A limit of time or memory raises LimitReached, with what was found so far as its `found` (the same two lists).

    clients, servers: the sets of one reason. What changes none of them, nor their NAT, leaves that reason as it is, so it is not tried.

    A limit that is less than what is wanted through its NAT must be raised whatever else is done: where that alone does not do, each other
    change is looked for on top of it (`with`). Several are looked for together where no change of one kind does, or they may cost less.
    """
    tried: list[dict[str, Any]] = []
    try:
        for one in _tried(scenario, pairs, clients, servers, price, tried):
            tried.append(one)
    except LimitReached as reached:
        reached.found = _sorted(tried, price)  # type: ignore[attr-defined]
        raise
    return _sorted(tried, price)


def _tried(scenario: Scenario, pairs: list[Pair], clients: set[str], servers: set[str], price: dict[str, float],
           before: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:  # fmt: skip
    """Each change that was looked for; `before` holds those that were given out."""
    base = Base(scenario, pairs, [])
    limits = needed_limits(scenario, pairs)
    if limits:
        raised = base.raised(limits)
        if raised is not None and fits(raised.scenario, pairs):
            yield raised.alone()
        elif raised is not None:
            base = raised
            first = next(iter(Reasons(base.scenario, pairs)), None)
            some = [pairs[i] for i in first] if first is not None else pairs
            clients, servers = {p["from"] for p in some}, {p["to"] for p in some}
    if base.parts or not limits:
        for kind in kinds_of(base.scenario, clients, servers):
            if kind.what not in ("table", "memory", "mapping") or not base.parts:
                yield _more(base, kind)
        yield from _others(base, clients)
    cheapest = min((_cost(one, price) for one in before if one["enough"]), default=math.inf)
    together = Together(scenario, pairs, price)
    several = together.found(by_reasons=cheapest < math.inf)
    if several is not None and _cost(several, price) < cheapest:
        yield several
    elif several is None and cheapest == math.inf and (parts := together.lacking()) > MOST_KINDS:
        why = f"{parts:,} parts of the network that have nothing to do with one another each need a change of their own"
        yield {"kind": "several", "of": "network", "enough": False, "change": "several changes together", "why": why}
    if (shorter := _shorter_hold(scenario, scenario.canonical, pairs)) is not None:
        yield shorter


def _cost(one: dict[str, Any], price: dict[str, float]) -> float:
    """Of a change, with what goes with it."""
    others = one.get("with", [])
    more = [*others, *(also for part in (one, *others) for also in part.get("also", []))]
    return round(float(price[one["kind"]] * one["amount"] + sum(price[part["kind"]] * part["more"] for part in more)), 12)


def _sorted(tried: list[dict[str, Any]], price: dict[str, float]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Those that are enough, with their cost, the cheapest first; and the others."""
    enough, not_enough = [], []
    for one in tried:
        if one.pop("enough"):
            one["cost"] = _cost(one, price)
            del one["amount"]
            enough.append(one)
        else:
            one.pop("amount", None)
            not_enough.append(one)
    enough.sort(key=lambda c: (c["cost"], c.get("more") or 0))
    return enough, not_enough


def _more(base: Base, kind: Kind) -> dict[str, Any]:
    """The least number of one kind."""

    @functools.cache
    def verdict(n: int) -> bool | None:
        return base.network.fits(kind.settings(n), base.pairs)

    # with an address, an entry or a destination for each connection, further ones change nothing
    most = min(kind.most, max(1, total(base.pairs))) if kind.monotone else kind.most
    floor = base.network.floor(kind.settings, most, base.pairs) if kind.monotone else 0
    found = least(verdict, most, kind.monotone, quick=kind.alike or most < 65536, floor=floor)
    out: dict[str, Any] = {"kind": kind.what, "of": kind.of, "enough": found.n is not None, "monotone": kind.monotone}
    if found.n is None:
        out["change"] = base.words(kind.words(found.tried))
        if not found.minimal:
            return out | {"why": "not settled"}
        why = "not even that, and there are no further ones" if most == kind.most else "not even that, nor any further ones"
        out["why"] = why if kind.monotone else f"none of the numbers up to {found.tried}; beyond is not known"
        return out | ({"evidence": base.shown(kind.settings(found.tried)).get("evidence")} if kind.monotone else {})
    out |= kind.told(found.n)
    out |= {"amount": found.n, "change": base.words(kind.words(found.n)), "smallest": found.minimal}
    out |= base.done(kind.settings(found.n))
    out["one_less"] = base.shown(kind.settings(found.n - 1) if found.n > 1 else []).get("evidence")
    if not kind.monotone:
        out["note"] = (
            f"a hash over a larger pool picks other addresses, so that more may be worse: each number up to {MOST_TRIED} was tried by itself"
        )
    return out


def _others(base: Base, clients: set[str]) -> Iterator[dict[str, Any]]:
    """Another mapping type, a wider clash scope, or another design of the catalogue."""
    clients = as_given(base.scenario, clients)
    for i, nat in enumerate(base.scenario.canonical.get("nats", [])):
        if not clients & parts_of(base.scenario).behind(i):
            continue
        design, name = nat["design"], nat["name"]
        for other in MAPPING_TYPES:
            if other != design.get("mapping-type", "edm"):
                yield _other(base, "mapping-type", name, f"mapping-type {other} in {name}", _axis(base, i, design, "mapping-type", other))
        now = design.get("clash-scope", {}).get("destination", "endpoint")
        for wider in SCOPES[SCOPES.index(now) + 1 :]:
            scope = {**design.get("clash-scope", {}), "destination": wider}
            words = f"each external endpoint of {name} used anew for every destination {wider} (clash-scope)"
            yield _other(base, "clash-scope", name, words, _axis(base, i, design, "clash-scope", scope))
        for other in (json.loads(text)["name"] for text in _core.catalogue()):
            if other != design.get("name"):
                yield _other(base, "design", name, f"design {other} in {name}", f"nats.{i}.design={other}")


def _axis(base: Base, i: int, design: dict[str, Any], axis: str, value: Any) -> str:
    """The setting of one axis: on the design's name, where that is all that it is."""
    whole = f"nats.{i}.design={json.dumps({**design, axis: value})}"
    short = f"nats.{i}.design={json.dumps({'base': design.get('name'), axis: value})}"
    a, b = base.network.nat(i, [short]), base.network.nat(i, [whole])
    return short if a is not None and a == b else whole


def _other(base: Base, kind: str, of: str, words: str, setting: str) -> dict[str, Any]:
    verdict = base.network.fits([setting], base.pairs)
    out: dict[str, Any] = {"kind": kind, "of": of, "enough": verdict is True, "change": base.words(words)}
    if verdict is not True:
        return out | {"why": "it does not" if verdict is False else "not settled"}
    return out | {"amount": 1, "smallest": True} | base.done([setting])


def _shorter_hold(scenario: Scenario, canonical: dict[str, Any], pairs: list[Pair]) -> dict[str, Any] | None:
    """As much shorter as makes the demand's largest multiple of it: live connections are rate times hold."""
    if not any(k in entry for entry in canonical.get("traffic", []) for k in ("rate", "rate-per-client")):
        return None
    check("looking for shorter holds")
    try:
        found = json.loads(scenario._core.fits_demand(json.dumps(pairs), False, True))
    except Unsupported:
        return None
    if "limit" in found:
        raise LimitReached(found["limit"]["says"])
    multiple = found["multiple"]
    best = multiple if multiple["exact"] else multiple.get("at_least")
    words = "holds shorter"
    if best is None or best["connections"] in (0, None):
        return {
            "kind": "hold",
            "of": "traffic",
            "enough": False,
            "change": words,
            "why": "however short each is held, whole connections of this mix do not fit",
        }
    out = {
        "kind": "hold",
        "of": "traffic",
        "enough": True,
        "change": f"every connection held {_below_one(best['value'])} times as long: {best['connections']:,} live instead of {total(pairs):,}",
        "factor": best["fraction"],
        "amount": 1 - best["value"],
        "apply": _held(canonical, best["value"]),
        "smallest": bool(multiple["exact"]),
    }
    if "evidence" in multiple:
        out["sufficient"] = multiple["evidence"]
    return out


def _below_one(factor: float) -> str:
    """With four digits, or as many as tell it from 1."""
    return next((text for digits in range(4, 17) if float(text := f"{factor:.{digits}g}") < 1), "1")


def _held(canonical: dict[str, Any], factor: float) -> list[str]:
    """The settings of the traffic's holds, rounded down, where each is a mean."""
    out = []
    for i, entry in enumerate(canonical["traffic"]):
        hold = entry.get("hold")
        if not hold or not str(hold["mean"]).endswith("s"):
            continue
        mean = float(str(hold["mean"])[:-1]) * factor
        step = 10.0 ** (math.floor(math.log10(mean)) - 3)
        out.append(f"--set traffic.{i}.hold={json.dumps({**hold, 'mean': f'{math.floor(mean / step) * step:.12g}s'})}")
    return out
