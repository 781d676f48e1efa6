"""The cheapest addresses, ports, timers, designs and limits with which no kind of traffic is refused more often than a target."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from natbound.errors import InputError, Unsupported
from natbound.planning import carried, choices, limits, pools
from natbound.planning.choices import Choice
from natbound.planning.domain import say_of
from natbound.planning.sized import Sized
from natbound.planning.source_addresses import source_addresses
from natbound.planning.tries import Tries
from natbound.pricing import priced
from natbound.results import Result

if TYPE_CHECKING:
    from natbound.scenario import Scenario

PRICES = {
    "address": 1.0,
    "source-address": 1.0,
    "port": 0.001,
    "timers": 0.5,
    "design": 2.0,
    "sets": 0.0,
    **dict.fromkeys(limits.KINDS, 0.0),
}
WIDEST = (1024, 65535)
MOST_SETS = 16  # a subscriber's that are tried beyond today's


class SizeResult(Result):
    """What meets a target, by cost: the fields of `natbound.size/1`."""

    def plot(self, ax: Any = None) -> Any:
        """The load that is carried, by cost, with today's traffic and the options. Returns the Matplotlib axes."""
        from natbound.pictures_over_time import plot_size

        return plot_size(self._data, ax)


def size(
    scenario: Scenario,
    target: float = 1e-6,
    *,
    nat: str | None = None,
    designs: Sequence[str] = (),
    timers: Mapping[str, tuple[float, float]] | None = None,
    widen: tuple[int, int] | None = None,
    keep: Sequence[str] = (),
    prices: Mapping[str, float] | None = None,
    alternatives: int = 6,
    curve: int | None = None,
    seed: int = 1,
) -> SizeResult:
    """What meets the target at the scenario's traffic, the cheapest first.

    target: probability in (0, 1) that the worst kind of traffic may be refused with. nat: which NAT is to grow; else the one that refuses
    first as the load grows, and each other one that would still refuse. What may change: addresses (of a PSID its share of one, of
    deterministic sets their size); `designs`, tried beside its own; the timers that a design names as remedies, and `timers`: by cause of close
    the seconds from and to which it may be set, {"tcp-fin": (30, 120)}; with `widen`, ports: first and last that a restricted NAT may be given
    on each address; and every limit that refuses (table, quota, subscribers, rate, packets, servers), unless `keep` names it. prices: of one more
    `address` (of a fraction, that fraction), `source-address`, `port` on each address, and one more of a limit (free unless said); of each of the `timers` that
    is changed, of another `design`; in any one unit. alternatives: for so many numbers of addresses the cheapest of the rest is given too.
    curve: for so many numbers of addresses the load that meets the target (8, or 3 where states are simulated).

    Gives `options` (`changes`, `addresses`, `cost`, refusal probability, `apply`, and `one_less`: what would be refused with one less of each
    thing), by cost; `as_is` (what today's NAT carries: most rate, the longest hold, the least ports), and `curve`.
    """
    if not 0 < target < 1:
        raise InputError("a probability above 0 and below 1 is wanted", path="--target", value=str(target))
    price = priced(PRICES, prices)
    for name in keep:
        if name not in limits.KINDS:
            raise InputError("no such limit", path="--keep", value=f"'{name}'", fix=f"there are {', '.join(limits.KINDS)}")
    if widen is None and "port" in (prices or {}):
        widen = WIDEST
    if widen is not None and not 1 <= widen[0] <= widen[1] <= 65535:
        raise InputError("the first and the last port are wanted, from 1 to 65535", path="--widen", value=f"{widen[0]}-{widen[1]}")
    canonical = scenario.canonical
    tries = Tries(scenario, target, seed)
    grown = _grown(canonical, tries, nat)
    spans = choices.timers_given(canonical, timers or {})
    while True:
        options: list[dict[str, Any]] = []
        blocked: set[str] = set()
        helped = 0
        for variant in _variants(canonical, tries, grown[0] if grown else None, designs, price):
            least = min((o["addresses"] or 0 for o in options if o["cost"] is not None), default=math.inf)
            if variant.only_if_fewer and least < math.inf and helped >= 2:
                continue  # more sets for each subscriber take more of the pool: two that did not help are enough
            try:
                there = tries.changed(variant.settings).canonical
                dimensions = list(_choices(there, grown, price, widen, spans, tries))
                dimensions += source_addresses(there, price["source-address"])
                dimensions += [c for c in limits.limits(there, price) if c.kind not in keep]
                sized = Sized(tries, variant.settings, dimensions)
                found = sized.options(alternatives)
            except InputError:
                if not variant.only_if_fewer:
                    raise
                continue  # an address has no more sets
            except Unsupported as error:
                options.append(_unmet(variant.label, str(error)))
                continue
            if variant.only_if_fewer:
                helped = 0 if any((o["addresses"] or 0) < least for o in found) else helped + 1
                found = [o for o in found if (o["addresses"] or 0) < least]
            elif not found:
                options.append(_unmet(variant.label, say_of(sized.refusing(), sized.shown(), keep)))
            if not found:
                blocked |= {r["where"] for r in sized.refusing() if r["what"] in ("ports", "blocks")}
            options += [{"change": variant.label, **option, "cost": option["cost"] + variant.cost} for option in found]
        more = [i for i, n in enumerate(canonical["nats"]) if n["name"] in blocked and i not in grown]
        if nat is not None or not more or any(option["cost"] is not None for option in options):
            break
        grown.append(more[0])
    options.sort(key=lambda o: (o["cost"] is None, o["cost"] or 0.0, o["addresses"] or 0))
    first = grown[0] if grown else None
    now = tries.carried(())
    return SizeResult(
        {
            "schema": "natbound.size/1",
            "target": target,
            "nat": None if first is None else canonical["nats"][first]["name"],
            "nats": [canonical["nats"][i]["name"] for i in grown],
            "several": len(canonical["nats"]) > 1,
            "load": now["load"],
            "rate": now["rate"],
            "addresses": None if first is None else pools.count(canonical["nats"][first]["external-ip-address-pool"]),
            "options": options,
            "as_is": carried.as_is(tries, first),
            "curve": []
            if first is None or now["own_ports"]
            else carried.curve(tries, choices.space(canonical, first, price["address"], now["load"]), curve),
            "prices": price,
            "own_ports": json.loads(scenario._core.own_ports()),
        }
    )


def _grown(canonical: dict[str, Any], tries: Tries, name: str | None) -> list[int]:
    """The NAT that is to grow: the one named, else the one that refuses first; none where nothing translates."""
    nats = canonical["nats"]
    if name is not None:
        index = pools.nat_of(canonical, name)
        return [index] if nats[index].get("translates") is not False else []
    translating = [i for i, n in enumerate(nats) if n.get("translates") is not False]
    if len(translating) > 1:
        first = tries.carried(())["nat"]
        translating.sort(key=lambda i: nats[i]["name"] != first)
    elif not translating and not limits.limits(canonical, PRICES) and not source_addresses(canonical, 1.0):
        raise InputError("the scenario has no NAT to size", path="nats", fix="add one, or ask natbound capacity")
    return translating[:1]


class _Variant(NamedTuple):
    label: str
    settings: tuple[str, ...] = ()
    cost: float = 0.0
    only_if_fewer: bool = False  # worth a line only where fewer addresses do than with those before


def _variants(
    canonical: dict[str, Any], tries: Tries, index: int | None, designs: Sequence[str], price: Mapping[str, float]
) -> Iterator[_Variant]:
    """Each design with its own timers, and with what it offers as remedies for timers; each number of sets a subscriber may have."""
    yield _Variant("as it is")
    if index is None:
        return
    own = canonical["nats"][index]
    sets, at = own.get("port-set") or {}, "port-set"
    if sets.get("dynamic"):
        sets, at = sets["dynamic"], "port-set.dynamic"
    if sets and not sets.get("deterministic"):
        least = int(sets["port-sets-per-subscriber"])
        for most in range(least + 1, least + 1 + MOST_SETS):
            setting = f"nats.{index}.{at}.port-sets-per-subscriber={most}"
            yield _Variant(f"up to {most:,} sets a subscriber", (setting,), price["sets"] * (most - least), True)
    lives = any("life" in entry for entry in canonical["traffic"])
    for name in (None, *designs):
        base = () if name is None else (f"nats.{index}.design={name}",)
        cost = 0.0 if name is None else price["design"]
        if name is not None:
            yield _Variant(f"design {name}", base, cost)
        there = own if name is None else tries.changed(base).canonical["nats"][index]
        for remedy in there["design"].get("remedies", []) if lives else []:
            changed = remedy["set"].get("timers", {})
            if not any(choices.seconds_of(value) < choices.timer_of(there, cause) for cause, value in changed.items()):
                continue
            settings = (*base, *(f"nats.{index}.timers.{cause}={value}" for cause, value in changed.items()))
            label = f"{remedy['name']}: {remedy['apply']}"
            yield _Variant(label if name is None else f"design {name}, {label}", settings, cost + price["timers"])


def _choices(
    canonical: dict[str, Any],
    grown: Sequence[int],
    price: Mapping[str, float],
    widen: tuple[int, int] | None,
    timers: Mapping[str, tuple[float, float]],
    tries: Tries,
) -> Iterator[Choice]:
    """What may change at the NATs that grow; limits apart."""
    load = tries.carried(())["load"]
    for index in grown:
        yield choices.space(canonical, index, price["address"], load)
    for index in grown:
        wider = choices.ports(canonical, index, price["port"], widen) if widen else None
        if wider is not None:
            yield wider
        for cause, (shortest, longest) in timers.items():
            shorter = choices.timer(canonical, index, cause, shortest, longest, price["timers"])
            if shorter is not None:
                yield shorter


def _unmet(label: str, why: str) -> dict[str, Any]:
    return {"change": label, "addresses": None, "cost": None, "why": why}
