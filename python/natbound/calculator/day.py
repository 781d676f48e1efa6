"""A day whose rates rise and fall: how many flows are live (M_t/G/infinity, any law of holds), and what is refused.

day = natbound.calculator.Day([120, 80, ..., 300], hold=90)     # connections a second for each hour, hold in seconds
day.peak_live(), day.lag(), day.busiest(60), day.refused(64512)
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from natbound import _core

if TYPE_CHECKING:
    from natbound.scenario import Scenario

Law = Literal["exponential", "constant", "lognormal", "gamma"]
LAWS = ("exponential", "constant", "lognormal", "gamma")


class Moment(NamedTuple):
    time: float
    value: float


class DayRefusals(NamedTuple):
    """Probabilities. The first two by the modified offered load, the others by Erlang B with what a busy-hour table would put in."""

    share: float  # of the day's connections
    at_peak: float  # at the worst time of day
    stationary_share: float  # Erlang B of rate(t) x mean hold at each time
    stationary_peak: float  # Erlang B of the peak rate x mean hold
    mean_load: float  # Erlang B of the mean rate x mean hold

    @property
    def stationary_error(self) -> float:
        """By how much the stationary formula at the peak rate is off: 0.35 is 35 % too high."""
        return self.stationary_peak / self.at_peak - 1


class DayChain(NamedTuple):
    share: float  # of the day's connections refused
    at_peak: float  # the most that all ports are busy with at any time
    peak_time: float
    days: int  # that were followed until they repeated


def _floats(name: str, values: Any) -> list[float]:
    try:
        return [float(x) for x in values]
    except (TypeError, ValueError):
        raise ValueError(f"{name} = {values!r}: must be numbers") from None


class Day:
    """Rates through a day that repeats, and the flows that are live then. S. G. Eick, W. A. Massey, W. Whitt, Oper. Res. 41 (1993) 731.

    rates: new connections per unit of time, at equal distances from time 0 on or at `times`; "linear" between, or "constant" from each on.
    hold: the mean hold, in the same unit (seconds, as the period is); law with cv = standard deviation / mean for lognormal and gamma; or
    mixture = (weights, means) of exponential holds; or samples, holds that were measured (1 to 65,536, each as likely, or by sample_weights);
    or histogram = (edges, weights), even within each bin: one of the four. `live` is exact for any law, to 1e-10 of
    the peak; to 1e-7 where hold x cv^2 is beyond 10 periods.
    """

    def __init__(
        self,
        rates: Sequence[float],
        hold: float | None = None,
        *,
        times: Sequence[float] | None = None,
        period: float = 86400,
        between: Literal["linear", "constant"] = "linear",
        law: Law = "exponential",
        cv: float | None = None,
        mixture: tuple[Sequence[float], Sequence[float]] | None = None,
        samples: Sequence[float] | None = None,
        sample_weights: Sequence[float] | None = None,
        histogram: tuple[Sequence[float], Sequence[float]] | None = None,
    ) -> None:
        if [hold is None, mixture is None, samples is None, histogram is None].count(False) != 1:
            raise ValueError("hold, mixture, samples and histogram: give just one of the four")
        if samples is not None and len(samples) == 0:
            raise ValueError("samples = []: must be at least one hold")
        if sample_weights is not None and samples is None:
            raise ValueError("sample_weights: go with samples")
        if law not in LAWS:
            raise ValueError(f"law = {law!r}: must be one of {', '.join(LAWS)}")
        if between not in ("linear", "constant"):
            raise ValueError(f'between = {between!r}: must be "linear" or "constant"')
        if law in ("lognormal", "gamma") and cv is None:
            raise ValueError(f"cv = None: a {law} hold needs its standard deviation over its mean")
        if cv is not None and (hold is None or law not in ("lognormal", "gamma")):
            what = f"a hold of law {law!r}" if hold is not None else "a mixture, samples or a histogram"
            raise ValueError(f'cv = {cv!r}: {what} has none to choose: give law="lognormal" or "gamma" with a hold, or no cv')
        if law != "exponential" and hold is None:
            raise ValueError(f"law = {law!r}: goes with hold, not with a mixture, samples or a histogram")
        if histogram is not None:
            (samples, sample_weights), law = histogram, "exponential"
        weights, means = mixture if mixture is not None else (sample_weights if sample_weights is not None else [], [])
        self._profile = (
            _floats("rates", rates),
            [] if times is None else _floats("times", times),
            float(period),
            between == "linear",
        )
        self._hold = hold if law == "exponential" else None
        self._day = _core.Day(
            *self._profile,
            law if histogram is None else "histogram",
            0.0 if hold is None else float(hold),
            1.0 if cv is None else float(cv),
            _floats("weights", weights),
            _floats("means", means),
            [] if samples is None else _floats("samples", samples),
        )

    @classmethod
    def of(cls, scenario: Scenario, rates: Sequence[float], *, period: float = 86400) -> Day:
        """A day of a scenario's traffic: rates of all of it together, in connections a second, at equal distances, linear between; holds as its
        entries have them, each by its rate, and after a life what the NAT keeps it for. Any law, exact as above."""
        day = cls.__new__(cls)
        day._profile = (_floats("rates", rates), [], float(period), True)
        day._hold = None
        day._day = _core.Day(scenario._core, day._profile[0], day._profile[2])
        return day

    def rate(self, time: Any) -> Any:
        """New connections per unit of time, at a time or an array of times."""
        return self._day.rate(time)

    def live(self, time: Any) -> Any:
        """The mean number of live flows at a time or an array of times, if nothing is refused; the number is then Poisson."""
        return self._day.live(time)

    def mean_rate(self) -> float:
        return self._day.mean_rate()

    def peak_rate(self) -> Moment:
        """When the rate is highest (the middle, if it stays there for a while)."""
        return Moment(*self._day.peak_rate())

    def peak_live(self) -> Moment:
        """When the most flows are live: later than the rate's peak, and lower than its rate x hold."""
        return Moment(*self._day.peak_live())

    def lag(self) -> float:
        """From the rate's peak to that of the live flows."""
        return self._day.lag()

    def busiest(self, length: float = 60) -> Moment:
        """The start of the busiest minute (or other length), and the mean number of live flows in it."""
        return Moment(*self._day.busiest(length))

    def refused(self, ports: float) -> DayRefusals:
        """Refusals by the modified offered load, and what stationary formulas say."""
        return DayRefusals(*self._day.refused(ports))

    def chain(self, ports: int, steps: int = 17280) -> DayChain:
        """Refusals without approximation: the chain M_t/M/c/c, exponential holds only, ports 1 to 4,194,304, steps a day 100 to 1e6.

        Only the hours in which more is refused than 1e-12 of the most are followed; 64,512 ports with a peak hour take a second, a day that refuses
        all through minutes (ports x steps x 30 ns a day). Error: 1e-6 of the value with 12 steps a hold, second order.
        """
        if self._hold is None:
            raise ValueError("law: the chain needs exponential holds, given as `hold`")
        return DayChain(*_core.day_chain(*self._profile, self._hold, ports, steps))
