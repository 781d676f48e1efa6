"""A day of rates through the scenario: when most is live, and what the NAT refuses over the day, for any design."""

from __future__ import annotations

import bisect
import json
import math
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from natbound import _core
from natbound.arguments import real
from natbound.errors import InputError, Unsupported
from natbound.planning.domain import longest_cycle
from natbound.results import Result

if TYPE_CHECKING:
    from natbound.scenario import Scenario

# The design's refusal probability is asked for at a few loads, and its logarithm is read between them. Where a method is exact more loads are
# taken wherever that bends, until half-way between two the line is within CLOSE of it (or is so far below the highest that it counts for
# nothing); where states are simulated so many loads, whose bend makes some 2 % of error in a day's sum, and below them as far as it counts.
EXACT_LOADS, SIMULATED_LOADS = 12, 12
CLOSE, MOST_EXACT = 1e-3, 400
LOWEST_SIMULATED, STRIDE = 0.7, 0.85  # of the highest load; of the load before
NOTHING = math.log(1e-4)  # of the highest refusal
APART = 1e-3  # of the highest load: what lies nearer to it is not simulated by itself
HOLDS, PRECISION = (
    5.4,
    0.02,
)  # mean holds that each of them is averaged over, up to three times as many until its logarithm is so well known
ROUGH, RARE = 2.0, math.log(1e-3)  # mean holds where so little is refused beside the highest load that it hardly counts in the day's sum
LOWEST = 1e-9  # the bound that is looked for at the highest one
MINUTES = 1440
BAND = 0.95
LITTLE = 0.01  # of what is refused: if that much is bounds, the sum is one
# The chain that the modified offered load is held to: chances it has digits for, its ports, and its steps through a day.
LEAST_FOLLOWED, MOST_FOLLOWED = 1e-100, 4_194_304
STEPS_A_HOLD, MOST_STEPS = 8, 2880  # the chain is then right to 1e-4
CYCLES = 100  # of arrivals that come and go, in a day: with fewer the rate of the hour and that of the state can't be told apart


Refused = Callable[[float, float, bool], dict[str, Any]]  # see _refusals


class Odds(NamedTuple):
    """A refusal probability, or what it is at most."""

    value: float
    at_most: bool


class RefusalCurve:
    """The scenario's refusal probability (of all attempts) by load: asked for at a few loads, read between in logarithms.

    Where risk has only a bound (`at_most`), so has the curve: at that load, and up to the next one that has a value.
    """

    def __init__(self, refused: Refused, load: float, low: float, high: float, also: Sequence[float] = ()) -> None:
        """also: loads between low and high that are asked for themselves."""
        self._refused, self._load = refused, load
        top = refused(high / load, LOWEST, False)
        self.method, self.exact = top["method"], bool(top["exact"])
        self.points: list[tuple[float, float]] = []
        self.bounds: list[bool] = []
        self.rough: set[float] = set()  # loads that hardly count
        if self.exact:
            for x in sorted({*_between(low, high, EXACT_LOADS), *(x for x in also if low < x < high)}, reverse=True):
                self._ask(x)
            self._refine()
        else:
            self._simulate(low, high, also, _log(top) + RARE)

    def _simulate(self, low: float, high: float, also: Sequence[float], rare: float) -> None:
        lowest = max(low, LOWEST_SIMULATED * high)
        apart = {x for x in also if lowest < x < high * (1 - APART)}
        loads = sorted({*_between(lowest, high, SIMULATED_LOADS), *apart}, reverse=True)
        # All are looked at before any is read: each is read off what lies around it, too. What is refused less often than the bound
        # that a higher load has is bounded by that one.
        hardly = False
        for x in loads:
            if hardly and x not in apart:
                self.rough.add(x)
            one = self._refused(x / self._load, 1.0, x in self.rough)
            if _is_bound(one):
                break
            hardly = _log(one) < rare
        # From the highest down. A refusal grows with the load: what a higher one is refused at most, or was seen to be, a lower one is at most,
        # too, and below a load where no state could refuse none need be looked at.
        for x in loads:
            if self.bounds and self.bounds[0]:
                self.points.insert(0, (math.log(x), self.points[0][1]))
                self.bounds.insert(0, True)
            else:
                self._ask(x)
        x = lowest
        while x > low and not self.bounds[0] and self.points[0][1] > self.points[-1][1] + NOTHING:
            x = max(low, STRIDE * x)
            if self.points[0][1] < rare:
                self.rough.add(x)
            self._ask(x)

    def _ask(self, load: float) -> None:
        """A point below or between those that are known, which is no higher than the next one above."""
        one = self._refused(load / self._load, 1.0, load in self.rough)
        k = bisect.bisect(self.points, (math.log(load), -math.inf))
        above = self.points[k][1] if k < len(self.points) else math.inf
        self.points.insert(k, (math.log(load), min(_log(one), above)))
        self.bounds.insert(k, _is_bound(one))

    def _refine(self) -> None:
        """From the highest loads down, where most is refused."""
        k = len(self.points) - 1
        counts = self.points[-1][1] + NOTHING
        while k > 0 and len(self.points) < MOST_EXACT:
            (x0, y0), (x1, y1) = self.points[k - 1], self.points[k]
            if y1 < counts:
                break
            if x1 - x0 < 1e-6:
                k -= 1
                continue
            self._ask(math.exp((x0 + x1) / 2))
            if abs(self.points[k][1] - (y0 + y1) / 2) > CLOSE and math.isfinite(y0):
                k += 1  # its upper half next
            else:
                k -= 1

    def at(self, load: float) -> Odds:
        x, least = math.log(load), self.points[0][0]
        if x < least - 1e-12:
            return Odds(math.exp(self.points[0][1]), True)  # none was asked for so low a load
        x = max(x, least)
        k = min(max(bisect.bisect(self.points, (x, 0.0)), 1), len(self.points) - 1)
        below = max(k - 1, 0)
        (x0, y0), (x1, y1) = self.points[below], self.points[k]
        if x <= x0 and self.bounds[below]:
            return Odds(math.exp(y0), True)
        if x < x1 and (self.bounds[below] or self.bounds[k]):
            return Odds(math.exp(y1), True)
        if x1 == x0 or y0 == y1 or x >= x1:
            return Odds(math.exp(y1), self.bounds[k])
        if y0 == -math.inf:
            return Odds(0.0, False)
        return Odds(math.exp(min(0.0, y0 + (y1 - y0) * (x - x0) / (x1 - x0))), False)


def _between(low: float, high: float, count: int) -> list[float]:
    """So many loads, each as many times the one before."""
    return [low * (high / low) ** (k / (count - 1)) for k in range(count - 1)] + [high] if high > low else [high]


def _log(one: dict[str, Any]) -> float:
    log = one["overall"].get("log")
    return -math.inf if log is None else float(log)


def _is_bound(one: dict[str, Any]) -> bool:
    return one["overall"]["value"] is None


def _refusals(scenario: Scenario, seed: int) -> Refused:
    """What is refused at the traffic times a scale: what was simulated at one serves the others. The second argument: how low a bound is
    looked for where nothing is seen to refuse (1: none is). The third: a rough look will do."""
    looks = _core.Looks(seed)

    def refused(scale: float, lowest: float, rough: bool) -> dict[str, Any]:
        holds, precision = (ROUGH, 0.0) if rough else (HOLDS, PRECISION)
        try:
            found: dict[str, Any] = json.loads(looks.refused(scenario._core, lowest, holds, scale, precision))
        except _core.InputError as error:
            path, shown, rule, fix = error.args
            raise InputError(rule, path=path, value=shown, fix=fix) from None
        except Unsupported:  # what no method answers is counted
            risk = scenario.risk(scale, tries=1, seed=seed)
            bound = risk["refusal_probability"] is None
            overall = {"value": None if bound else risk["refusal_probability"], "log": risk["log_refusal_probability"]}
            return {**{key: risk[key] for key in ("rate", "load", "exact", "method", "assumptions")}, "overall": overall}
        return found

    return refused


class DayResult(Result):
    """A day through a scenario: the fields of `natbound.day/1`."""

    def plot(self, ax: Any = None) -> Any:
        """Live connections through the day with their 95 % band. Returns the Matplotlib axes."""
        from natbound.pictures_over_time import plot_day

        return plot_day(self._data, ax)


def day(scenario: Scenario, rates: Sequence[float], *, period: float = 86400.0, seed: int = 1) -> DayResult:
    """Refusals through a day that repeats. rates: of all traffic, in any one unit, at equal distances from time 0, linear between (24 for
    hours, 1,440 for minutes); they are scaled so that their mean is the scenario's rate.

    Live flows are M_t/G/infinity with the scenario's laws of holds, each entry's, exact; refusals are the design's at the load of the moment (the modified
    offered load: right where holds are short beside the day, or refusals few). Gives `peak` and `busiest_minute` (time in seconds, live), `lag`,
    `refused` (the share of the day's connections), `refusals_per_day`, `at_peak` (refusal probability at the worst time), and what stationary
    arithmetic says: `stationary_peak` (rate's peak x hold), `mean_load`, with `stationary_error` = stationary_peak / at_peak - 1. Where no state
    could refuse each of these is None, and `at_most` has its bound by its name. `modified_load_error` has what the modified offered load itself is
    off by, over the day (`share`) and at the worst time (`at_peak`): measured on the chain (`Day.chain`) of as many ports as refuse as much at that
    time, with exponential holds of the same mean; None under bursts and where there are only bounds. `peak` has what would be `live` were none
    refused, and `carried`, what is (None where there is only a bound).

    Bursts (`arrivals`) are refused as in the long run at the load of the moment; `band` is then None. Raises Unsupported where an entry goes
    through its states (on-off, mmpp) less than 100 times a day.
    """
    from natbound.calculator import Day

    if isinstance(rates, str) or not isinstance(rates, Iterable):
        raise InputError("a list of rates is wanted", path="rates", value=repr(rates))
    values = [real(f"rates[{i}]", r) for i, r in enumerate(rates)]
    if len(values) < 2:
        raise InputError("at least two rates are wanted", path="rates", value=str(len(values)))
    for i, value in enumerate(values):
        if not (value >= 0 and math.isfinite(value)):
            raise InputError("a rate must be finite and at least 0", path=f"rates[{i}]", value=str(value))
    mean = sum(values) / len(values)
    if mean == 0:
        raise InputError("at least one rate must be above 0", path="rates")
    bursty = _bursts(scenario, period)
    at = _refusals(scenario, seed)
    base = at(1.0, 1.0, False)
    rate, load = float(base["rate"]), float(base["load"])
    hold = load / rate
    scaled = [value / mean * rate for value in values]
    profile = Day.of(scenario, scaled, period=period)
    live = [float(x) for x in profile.live([period * k / MINUTES for k in range(MINUTES)])]
    now = [float(x) for x in profile.rate([period * k / MINUTES for k in range(MINUTES)])]
    peak, busiest, most = profile.peak_live(), profile.busiest(60.0), profile.peak_rate()
    least = max(min(live), 1e-3 * max(live), 1e-9)
    curve = RefusalCurve(at, load, least, max(peak.value, most.value * hold), (load, peak.value, most.value * hold))
    odds = [curve.at(max(n, least)) for n in live]
    failing = sum(r * p.value for r, p in zip(now, odds, strict=True))
    unseen = sum(r * p.value for r, p in zip(now, odds, strict=True) if p.at_most)
    refused = Odds(failing / sum(now), unseen > LITTLE * failing)
    at_peak, stationary, mean_load = curve.at(peak.value), curve.at(most.value * hold), curve.at(load)
    daily = Odds(refused.value * rate * 86400, refused.at_most)
    numbers = {"refused": refused, "refusals_per_day": daily, "at_peak": at_peak, "stationary_peak": stationary, "mean_load": mean_load}
    comparable = at_peak.value > 0 and not (at_peak.at_most or stationary.at_most)
    return DayResult(
        {
            "schema": "natbound.day/1",
            "rate": rate,
            "hold": hold,
            "peak": {"time": peak.time, "live": peak.value, "carried": None if at_peak.at_most else peak.value * (1 - at_peak.value)},
            "lag": profile.lag(),
            "busiest_minute": {"time": busiest.time, "live": busiest.value},
            **{name: None if p.at_most else p.value for name, p in numbers.items()},
            "at_most": {name: p.value for name, p in numbers.items() if p.at_most},
            "stationary_error": stationary.value / at_peak.value - 1 if comparable else None,
            "modified_load_error": None if bursty else _off_by(scaled, hold, period, at_peak),
            "exact": curve.exact,
            "method": "modified offered load: " + curve.method,
            "assumptions": list(base["assumptions"])
            + (["bursts are as many an hour as the rate then has, and short beside it"] if bursty else [])
            + (["where no state could refuse, a bound stands for the probability"] if any(curve.bounds) else []),
            "times": [period * k / MINUTES for k in range(0, MINUTES, 10)],
            "live": live[::10],
            "band": None if bursty else {"p": BAND, **_band(live[::10])},
        }
    )


def _off_by(rates: Sequence[float], hold: float, period: float, at_peak: Odds) -> dict[str, float] | None:
    """What the modified offered load is off by, relative: against the chain of as many ports as refuse so much at the worst time."""
    from natbound.calculator import Day, ports_for

    if at_peak.at_most or not LEAST_FOLLOWED <= at_peak.value < 1:
        return None
    profile = Day(rates, hold, period=period)
    ports = int(ports_for(profile.peak_live().value, at_peak.value))
    if not 1 <= ports <= MOST_FOLLOWED:
        return None
    chain = profile.chain(ports, int(min(max(STEPS_A_HOLD * period / hold, MINUTES), MOST_STEPS)))
    by_load = profile.refused(ports)
    return {"share": by_load.share / chain.share - 1, "at_peak": by_load.at_peak / chain.at_peak - 1}


def _bursts(scenario: Scenario, period: float) -> bool:
    """Whether arrivals come in bursts. Their mean through the day is as without; each state is met often enough in each part of the day."""
    cycle, where = longest_cycle(scenario)
    if cycle * CYCLES > period:
        raise Unsupported(
            f"{where}: going through its states once takes {cycle:g} s; day is right where that is at most a hundredth of the period "
            f"({period:g} s): give what is slower as rates"
        )
    return any("arrivals" in entry for entry in scenario.canonical["traffic"])


def _band(means: Sequence[float]) -> dict[str, list[int]]:
    """The least and the most live at a moment that a Poisson number keeps to with probability BAND, half of the rest on either side."""
    return {"low": [_quantile((1 - BAND) / 2, m) for m in means], "high": [_quantile((1 + BAND) / 2, m) for m in means]}


def _quantile(p: float, mean: float) -> int:
    """The least n with P(N <= n) >= p, N Poisson."""
    from natbound.calculator import poisson_tail

    def reaches(n: int) -> bool:
        return n >= 0 and poisson_tail(n, mean) <= 1 - p

    # from near where a normal variable has it, in steps that double, and then between the last two
    at = int(mean + math.copysign(1.96, p - 0.5) * math.sqrt(mean))
    step = -1 if reaches(at) else 1
    while reaches(at + step) == (step < 0):
        step *= 2
    high, low = max(at, at + step), min(at, at + step)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if reaches(middle) else (middle, high)
    return high
