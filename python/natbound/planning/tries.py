"""One scenario asked under many settings, each only as closely as the target needs; what was simulated for one serves the others."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, NamedTuple

from natbound import _core
from natbound.errors import InputError

if TYPE_CHECKING:
    from natbound.scenario import Scenario

ROUGH, CLOSE = 4.0, 20.0  # mean holds that probabilities are averaged over
ROUGH_LOAD, CLOSE_LOAD = 2.0, 4.0  # loads
LOWEST = 50.0  # so much below the target a close look seeks a bound where nothing is seen to refuse
SURE = 2.0  # half-widths of a 95 % interval from the target: no closer look would turn it


class Odds(NamedTuple):
    """The worst kind's refusal probability: `value` with its logarithm and 95 % interval, or a `bound` above it."""

    value: float
    log: float
    low: float
    high: float
    bound: bool
    exact: bool
    nat: str | None  # of the worst kind
    refusing: list[dict[str, Any]]  # each limit by itself, the one that refuses most first


class Tries:
    """The questions of one sizing: a scenario, a target, a seed."""

    def __init__(self, scenario: Scenario, target: float, seed: int) -> None:
        self.scenario, self.target = scenario, target
        self._looks = _core.Looks(seed)
        self._odds: dict[tuple[tuple[str, ...], float], dict[float, Odds]] = {}
        self._carried: dict[tuple[tuple[str, ...], float], dict[str, Any]] = {}

    def changed(self, settings: Iterable[str]) -> Scenario:
        """The scenario with those settings."""
        settings = tuple(settings)
        return self.scenario.with_settings(*settings) if settings else self.scenario

    def odds(self, settings: Iterable[str], holds: float = CLOSE, scale: float = 1.0, lowest: float | None = None) -> Odds:
        """What is refused under those settings, at the traffic times `scale`, averaged over so many holds at least where states are simulated.
        lowest: where nothing is seen to refuse, how low a bound is looked for (1: none is); else LOWEST below the target in a close look."""
        key = tuple(settings)
        known = self._odds.setdefault((key, scale), {})
        for effort, odds in known.items():
            if effort >= holds or odds.exact:
                return odds
        if lowest is None:
            lowest = self.target / LOWEST if holds >= CLOSE else 1.0
        changed = self.changed(key)
        try:
            found = json.loads(self._looks.refused(changed._core, lowest, holds, scale))
        except _core.InputError as error:
            path, shown, rule, fix = error.args
            raise InputError(rule, path=path, value=shown, fix=fix) from None
        worst = found["worst"]
        bound = worst["value"] is None
        value = float(worst["at_most"] if bound else worst["value"])
        low, high = (0.0, value) if bound else (float(x) for x in worst["interval"])
        log = worst.get("log")
        log = float(log) if log is not None else (math.log(value) if value > 0 else -math.inf)
        nat = (found["kind"] or {}).get("nat") or None
        if bound and value > self.target and self._below(key, scale):
            value, high, log = self.target, self.target, math.log(self.target)
        known[holds] = Odds(value, log, low, high, bound, bool(found["exact"]), nat, found["refusing"])
        return known[holds]

    def _below(self, key: tuple[str, ...], scale: float) -> bool:
        """Whether the load times `scale` lies surely below the one that meets the target, which bounds what is refused."""
        found = self.carried(key, ROUGH_LOAD)
        return found["connections"] is None or bool(found["interval"][0] >= found["load"] * scale)

    def judged(self, settings: Iterable[str], scale: float = 1.0, lowest: float | None = None) -> Odds:
        """`odds` by a rough look where that leaves no doubt on which side of the target they lie, else by a close one."""
        settings = tuple(settings)
        rough = self.odds(settings, ROUGH, scale)
        return rough if rough.exact or self._sure(rough) else self.odds(settings, CLOSE, scale, lowest)

    def meets(self, settings: Iterable[str]) -> bool:
        """Whether no more than the target is refused."""
        return self.judged(settings).value <= self.target

    def _sure(self, odds: Odds) -> bool:
        if odds.bound:
            return odds.value <= self.target
        if odds.low <= 0 or odds.high <= 0:
            return odds.high <= self.target / 10
        # by the end of the interval that lies on the target's side: of a cascade the other tells how its stages may add up
        above = odds.log > math.log(self.target)
        wide = max(odds.log - math.log(odds.low) if above else math.log(odds.high) - odds.log, 0.02)
        return abs(odds.log - math.log(self.target)) > SURE * wide

    def carried(self, settings: Iterable[str], holds: float = CLOSE_LOAD) -> dict[str, Any]:
        """The load at which the target is met under those settings: `connections` (null: nothing refuses), `interval`,
        `destinations`, `load`, `rate`."""
        settings = tuple(settings)
        key = (settings, holds)
        if (settings, CLOSE_LOAD) in self._carried:
            return self._carried[settings, CLOSE_LOAD]
        if key not in self._carried:
            self._carried[key] = json.loads(self._looks.carried(self.changed(key[0])._core, self.target, holds))
        return self._carried[key]
