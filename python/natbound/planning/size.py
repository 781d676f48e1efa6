"""The cheapest addresses, ports, timers and designs with which no kind of traffic is refused more often than a target."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from natbound.errors import InputError, Unsupported
from natbound.planning import pools
from natbound.planning.domain import likely_part
from natbound.pricing import priced
from natbound.results import Result

if TYPE_CHECKING:
    from natbound.scenario import Scenario

MOST_ADDRESSES = 65536
PRICES = {"address": 1.0, "timers": 0.5, "design": 2.0}


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
    prices: Mapping[str, float] | None = None,
    curve: int | None = None,
    seed: int = 1,
) -> SizeResult:
    """What meets the target at the scenario's traffic, the cheapest first.

    target: probability in (0, 1) that the worst kind of traffic may be refused with. nat: which NAT, where there are several. designs: to be
    tried beside its own. prices: of one more `address`, of changed `timers`, of another `design`, in any one unit. curve: for so
    many numbers of addresses the load that meets the target is given too (8, or 3 where states are simulated).

    Gives `options` (addresses, timers and design, with cost and refusal probability, by cost), `as_is` (what today's addresses carry: most rate, the longest hold, the least ports), and `curve`.
    """
    if not 0 < target < 1:
        raise InputError("a probability above 0 and below 1 is wanted", path="--target", value=str(target))
    price = priced(PRICES, prices)
    canonical = scenario.canonical
    index = pools.nat_of(canonical, nat)
    own = canonical["nats"][index]
    if own.get("translates") is False:
        raise InputError(
            "a firewall has no pool to size", path=f"nats[{index}]", value=f"'{own['name']}'", fix="explain says which table would do"
        )
    study = _Sizing(scenario, index, target, seed)
    options: list[dict[str, Any]] = []
    for change, settings, kind in _changes(canonical, index, designs):
        try:
            found = study.least_addresses(settings)
        except Unsupported as error:
            options.append({"change": change, "addresses": None, "cost": None, "why": str(error)})
            continue
        if found is None:
            why = f"not with {MOST_ADDRESSES:,} addresses: clients keep to one address, or a limit other than ports refuses"
            options.append({"change": change, "addresses": None, "cost": None, "why": why})
            continue
        addresses, odds = found
        more = max(0, addresses - study.addresses)
        options.append(
            {
                "change": change,
                "addresses": addresses,
                "more_addresses": addresses - study.addresses,
                "cost": more * price["address"] + (price[kind] if kind else 0.0),
                "refusal_probability": odds[0],
                "log_refusal_probability": odds[1],
                "apply": [f"--set {text}" for text in (*settings, *study.pool(addresses))],
            }
        )
    options.sort(key=lambda o: (o["cost"] is None, o["cost"] or 0.0, o["addresses"] or 0))
    return SizeResult(
        {
            "schema": "natbound.size/1",
            "target": target,
            "nat": own["name"],
            "load": study.load,
            "rate": study.rate,
            "addresses": study.addresses,
            "options": options,
            "as_is": study.as_is(),
            "curve": study.curve(curve if curve is not None else 8 if study.exact else 3),
            "prices": price,
        }
    )


def _changes(canonical: dict[str, Any], index: int, designs: Sequence[str]) -> Iterator[tuple[str, tuple[str, ...], str]]:
    """Each design with its own timers, and what it offers as remedies for timers."""
    yield "as it is", (), ""
    own = canonical["nats"][index]
    if any("life" in entry for entry in canonical["traffic"]):
        for remedy in own["design"].get("remedies", []):
            timers = remedy["set"].get("timers", {})
            if timers:
                settings = tuple(f"nats.{index}.timers.{cause}={value}" for cause, value in timers.items())
                yield f"{remedy['name']}: {remedy['apply']}", settings, "timers"
    for name in designs:
        yield f"design {name}", (f"nats.{index}.design={name}",), "design"


def _least(
    meets: Callable[[int], bool], guess: int, most: int, *, part: float = 0.0, hopeless: Callable[[int], bool] = lambda _: False
) -> int | None:
    """The least of 1 .. most that meets the target, to that part of itself, on the safe side; None where none does. From a guess, in growing
    steps: each question is a study of its own."""
    low, high, n = 0, most + 1, max(1, min(guess, most))
    step = max(1, int(part * n))
    while high - low > max(1, int(part * high)):
        if meets(n):
            high = n
        elif hopeless(n):
            return None
        else:
            low = n
        # beyond what was asked on the other side nothing is known yet
        if high > most:
            n = min(low + step, most)
        elif low == 0:
            n = max(high - step, 1)
        else:
            n = (low + high) // 2
        step *= 2
    return None if high > most else high


class _Sizing:
    """One scenario, asked at several sizes."""

    def __init__(self, scenario: Scenario, index: int, target: float, seed: int) -> None:
        canonical = scenario.canonical
        self.scenario, self.index, self.target, self.seed = scenario, index, target, seed
        self.texts = canonical["nats"][index]["external-ip-address-pool"]
        self.taken = pools.others(canonical, index)
        self.addresses = pools.count(self.texts)
        risk = scenario.risk(seed=seed)
        self.load, self.rate, self.exact = risk["load"], risk["rate"], risk["exact"]
        self.canonical = canonical
        self.known: dict[tuple[str, ...], float | None] = {}

    def pool(self, addresses: int) -> tuple[str, ...]:
        """The settings that make the pool so large."""
        if addresses == self.addresses:
            return ()
        return (f"nats.{self.index}.external-ip-address-pool={json.dumps(pools.resized(self.texts, addresses, self.taken))}",)

    def refused(self, settings: Sequence[str], addresses: int) -> float:
        """The worst kind's refusal probability, or a bound on it."""
        return self.odds(settings, addresses)[0]

    def odds(self, settings: Sequence[str], addresses: int) -> tuple[float, float | None]:
        """That, and its logarithm."""
        changed = self.scenario.with_settings(*settings, *self.pool(addresses))
        worst = changed.risk(seed=self.seed, tries=1)["worst_refusal_probability"]
        return float(worst["value"] if worst["value"] is not None else worst["at_most"]), worst.get("log")

    def least_addresses(self, settings: Sequence[str]) -> tuple[int, tuple[float, float | None]] | None:
        """The least addresses that meet the target, and the probability there with its logarithm."""
        seen: dict[int, tuple[float, float | None]] = {}

        def refused(n: int) -> float:
            if n not in seen:
                seen[n] = self.odds(settings, n)
            return seen[n][0]

        carried = self.likely(*settings)
        guess = math.ceil(self.addresses * self.load / carried) if carried else self.addresses

        def hopeless(n: int) -> bool:
            """More addresses no longer help: the last doubling changed little."""
            before = max((k for k in seen if k <= n // 2), default=0)
            return n >= 4 * max(self.addresses, guess) and before > 0 and refused(n) > 0.9 * refused(before)

        found = _least(lambda n: refused(n) <= self.target, guess, MOST_ADDRESSES, hopeless=hopeless)
        return None if found is None else (found, seen[found])

    def likely(self, *settings: str) -> float | None:
        """The load that meets the target."""
        if settings not in self.known:
            changed = self.scenario.with_settings(*settings) if settings else self.scenario
            found = likely_part(changed.answer(self.target, seed=self.seed, remedies=False))["connections"]
            self.known[settings] = None if found is None else float(found)
        return self.known[settings]

    def as_is(self) -> dict[str, Any]:
        """What today's NAT carries at the target."""
        load = self.likely()
        if load is None:
            return {"load": None, "why": "nothing refuses"}
        factor = load / self.load
        return {
            "load": load,
            "room": factor,
            "most_rate": self.rate * factor,
            "longest_hold": self.load / self.rate * factor,
            "least_ports": self.least_ports(load),
        }

    def least_ports(self, carried: float) -> int | None:
        """The least ports an address, from the first that the design gives on, that meet the target with today's addresses: exact where
        the method is, else to one in a hundred, on the safe side."""
        given = self.canonical["nats"][self.index].get("port-set-restrict") or {}
        first = int(given.get("start-port-number", 1024))
        most = int(given.get("end-port-number", 65535)) - first + 1
        guess = most * min(1.0, self.load / carried)
        if not self.exact and guess < 0.99 * most:  # each study costs: a secant through another one comes nearer
            there = self.likely(*self.ports(first, round(guess))) or 0.0
            guess += (self.load - there) * (most - guess) / max(carried - there, 1.0)
        return _least(lambda n: self.with_ports(first, n) <= self.target, math.ceil(guess), most, part=0.0 if self.exact else 0.01)

    def ports(self, first: int, ports: int) -> tuple[str, ...]:
        """The settings that give each address so many."""
        return (
            f"nats.{self.index}.port-set-restrict.start-port-number={first}",
            f"nats.{self.index}.port-set-restrict.end-port-number={first + ports - 1}",
        )

    def with_ports(self, first: int, ports: int) -> float:
        """The worst kind's refusal probability with so many ports."""
        return self.refused(self.ports(first, ports), self.addresses)

    def curve(self, points: int) -> list[dict[str, Any]]:
        """The load that meets the target, by number of addresses: 1, 2, 3, 4, 6, 8, 12 ..."""
        out: list[dict[str, Any]] = []
        n, step = 1, 0
        while len(out) < points and n <= MOST_ADDRESSES:
            out.append({"addresses": n, "likely": self.likely(*self.pool(n))})
            step += 1
            n = n + 1 if n < 4 else (n * 3 // 2 if step % 2 == 0 else n * 4 // 3)
        return out
