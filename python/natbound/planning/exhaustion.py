"""When the ports run out: the law of the time until all are busy, and until the first refusal."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, Literal

from natbound.errors import InputError
from natbound.planning.histories import Histories
from natbound.results import Result

Law = Literal["exponential", "constant", "lognormal", "gamma"]
LAWS = ("exponential", "constant", "lognormal", "gamma")
QUANTILES = (0.05, 0.5, 0.95)
MOST = 1e12  # of a rate, a time in seconds, a load
EVENTS = ("full", "refusal")
MOST_SIMULATED, MOST_CV = 100_000, 100
SURE = 0.999  # that the event comes before a first hold ends


class Exhaustion(Result):
    """When the ports run out. Fields: `full`, `refusal` (each with `mean`, `quantiles` and `by`), `arithmetic`, `method`."""

    def plot(self, ax: Any = None) -> Any:
        """The probability that it has happened, against time. Returns the Matplotlib axes."""
        from natbound.pictures_over_time import plot_exhaustion

        return plot_exhaustion(self._data, ax)

    def probability(self, event: str, time: float) -> float | None:
        """P(the event has come by `time` seconds); None where that is not known."""
        return law_of(self._data, event).by(time)


def exhaustion(
    ports: int,
    rate: float,
    hold: float | None = None,
    *,
    start: int = 0,
    law: Law = "exponential",
    cv: float | None = None,
    by: float | None = None,
    quantiles: Sequence[float] = QUANTILES,
    seed: int = 1,
) -> Exhaustion:
    """The time until all of `ports` are busy (`full`) and until the first connection is refused (`refusal`), in seconds.

    rate: new connections a second (Poisson), above 0. hold: seconds that each keeps its port, on average; None: for good (leaks, or a time well
    below an idle timeout). start: live at first. law: of the holds; lognormal and gamma need cv, standard deviation over mean, above 0 and at
    most 100. by: also the probabilities that it has happened by then. quantiles: in (0, 1).

    Exponential holds are exact; `constant` ones from empty, where a refusal before the first hold's end is all but sure (0.999), or beyond
    100,000 ports up to that end (what would come later is None). Other laws, and other constant holds, are simulated: 100 to 10,000 histories of at most 200,000 arrivals each, up
    to 100,000 ports; those live at first are as a glance at any moment finds them. Each number then has an `interval` (95 %), and what was not
    seen is None, with `seen`, the time until which was looked.

    `arithmetic`: (ports - start) / rate, what one works out by hand. A search that gives up with ports free refuses earlier.
    """
    from natbound import calculator as c

    for name, value in (("--rate", rate), ("--hold", 1.0 if hold is None else hold), ("--by", 1.0 if by is None else by)):
        if not 0 < value <= MOST:
            raise InputError("a number above 0 and at most 1e12 is wanted", path=name, value=str(value))
    if hold is not None and rate * hold > MOST:
        raise InputError("at most 1e12 live", path="--rate, --hold", value=f"{rate * hold:g}")
    if not 1 <= ports <= 4_194_304:
        raise InputError("a whole number from 1 to 4,194,304 is wanted", path="--ports", value=str(ports))
    if not 0 <= start <= ports:
        raise InputError("at most as many as there are ports", path="--start", value=str(start))
    if law not in LAWS:
        raise InputError(f"one of {', '.join(LAWS)} is wanted", path="--law", value=f"'{law}'",
                         fix="natbound after SCENARIO --start 0 takes any law that a scenario has")  # fmt: skip
    if (law in ("lognormal", "gamma")) != (cv is not None):
        raise InputError("goes with --law lognormal and --law gamma, which need it", path="--cv", value="" if cv is None else str(cv),
                         fix="--cv 2" if cv is None else "--law lognormal")  # fmt: skip
    if cv is not None and not 0 < cv <= MOST_CV:
        raise InputError("a number above 0 and at most 100 is wanted", path="--cv", value=str(cv))
    if not 0 <= seed < 2**64:
        raise InputError("a whole number from 0 to 2^64 - 1 is wanted", path="--seed", value=str(seed))
    for p in quantiles:
        if not 0 < p < 1:
            raise InputError("a probability above 0 and below 1 is wanted", path="--quantiles", value=str(p))
    data: dict[str, Any] = {
        "schema": "natbound.exhaustion/1",
        "ports": ports,
        "rate": rate,
        "hold": hold,
        "load": None if hold is None else rate * hold,
        "start": start,
        "law": None if hold is None else law,
        "cv": None if hold is None else cv,
        "seed": seed,
        "arithmetic": (ports - start) / rate,
        "refusal_probability": None if hold is None else float(c.erlang_b(ports, rate * hold)),
        "log_refusal_probability": None if hold is None else float(c.log_erlang_b(ports, rate * hold)),
    }
    if _simulated(data) and ports > MOST_SIMULATED:
        raise InputError(f"at most {MOST_SIMULATED:,} are simulated, and such holds have no formula", path="--ports", value=str(ports))
    for event in EVENTS:
        times = law_of(data, event)
        data[event] = {
            "mean": times.mean(),
            "quantiles": [{"p": p, "time": times.quantile(p)} for p in quantiles],
            "by": None if by is None else {"time": by, "p": times.by(by)},
        }
        if isinstance(times, Histories):
            data[event]["interval"] = times.mean_interval()
            for q in data[event]["quantiles"]:
                q["interval"] = times.interval(q["p"])
            if by is not None:
                data[event]["by"]["interval"] = times.by_interval(by)
            data["seen"], data["histories"] = times.seen, len(times.times)
    data["method"] = law_of(data, "full").method
    return Exhaustion(data)


def _simulated(data: dict[str, Any]) -> bool:
    if data["law"] != "constant" or data["start"] > 0:
        return data["law"] in ("lognormal", "gamma", "constant")
    # from empty there is a formula, up to the first hold's end
    surely = _Filling(data["ports"] + 1, data["rate"], data["hold"]).by(data["hold"]) or 0.0
    return surely < SURE and data["ports"] <= MOST_SIMULATED


def law_of(data: dict[str, Any], event: str) -> _Chain | _Filling | Histories:
    """The law of the time until the event, of a result's own numbers."""
    if data["law"] == "exponential":
        return _Chain(data["ports"], data["rate"], data["hold"], data["start"], event)
    if _simulated(data):
        return Histories.of(data["ports"], data["rate"], data["law"], data["hold"], data["cv"] or 1.0, data["start"], data["seed"], event)
    return _Filling(data["ports"] - data["start"] + (event == "refusal"), data["rate"], math.inf if data["hold"] is None else data["hold"])


class _Chain:
    """Exponential holds: the first passage of Erlang's chain."""

    method = "the first passage of Erlang's loss chain (Poisson arrivals, exponential holds, a search that finds every free port)"

    def __init__(self, ports: int, rate: float, hold: float, start: int, event: str) -> None:
        self.arguments, self.hold = (ports, rate * hold), hold
        self.options: dict[str, Any] = {"start": start, "event": event}

    def mean(self) -> float | None:
        from natbound import calculator as c

        return _finite(float(c.first_passage_mean(*self.arguments, **self.options)) * self.hold)

    def quantile(self, p: float) -> float | None:
        from natbound import calculator as c

        return _finite(float(c.first_passage_quantile(*self.arguments, p, **self.options)) * self.hold)

    def by(self, time: float) -> float | None:
        from natbound import calculator as c

        return float(c.first_passage_cdf(*self.arguments, time / self.hold, **self.options))


class _Filling:
    """Nothing closes before `until`: the n-th arrival of a Poisson process."""

    method = "the time of the arrival that does it, where nothing closes before (Poisson arrivals, a search that finds every free port)"

    def __init__(self, arrivals: int, rate: float, until: float) -> None:
        self.arrivals, self.rate, self.until = arrivals, rate, until

    def mean(self) -> float | None:
        """Known where it is as good as sure that nothing closes before."""
        return self.arrivals / self.rate if self.until == math.inf or 1 - (self.by(self.until) or 0) < 1e-9 else None

    def quantile(self, p: float) -> float | None:
        if self.arrivals == 0:
            return 0.0
        high = self.arrivals / self.rate
        while self._by(high) < p:
            high *= 2
        found = _halve(lambda time: self._by(time) >= p, high)
        return found if found <= self.until else None

    def by(self, time: float) -> float | None:
        return self._by(time) if time <= self.until else None

    def _by(self, time: float) -> float:
        from natbound import calculator as c

        return 1.0 if self.arrivals == 0 else float(c.poisson_tail(self.arrivals - 1, self.rate * time))


def _halve(reached: Callable[[float], bool], high: float) -> float:
    """The least time that `reached` holds at, below `high`, to the last digits."""
    low = 0.0
    for _ in range(200):
        middle = (low + high) / 2
        if middle in (low, high):
            break
        low, high = (low, middle) if reached(middle) else (middle, high)
    return high


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
