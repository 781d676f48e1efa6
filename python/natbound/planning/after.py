"""A scenario through a change: a flood, a failover, another version, a shorter timeout."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from natbound.errors import InputError
from natbound.results import Result

if TYPE_CHECKING:
    from natbound.scenario import Scenario

MOST_RUNS, MOST_LIVE, MOST_TIMES, LATEST = 1_000_000, 4_194_304, 1000, 1e12


class AfterResult(Result):
    """What follows a change: the fields of `natbound.after/1`."""

    def plot(self, ax: Any = None) -> Any:
        """The refusal probability by time, and the chance that one was refused by then. Returns the Matplotlib axes."""
        from natbound.pictures_over_time import plot_after

        return plot_after(self._data, ax)


def after(
    scenario: Scenario,
    change: Scenario | Sequence[str] = (),
    at: Sequence[float] = (),
    *,
    start: int | None = None,
    taken_away: str = "kept",
    quantiles: Sequence[float] = (0.05, 0.5, 0.95),
    runs: int = 0,
    seed: int = 1,
    progress: Callable[[float], None] | None = None,
) -> AfterResult:
    """The refusal probability at each time after a change, and the time to the first refusal.

    change: settings ("traffic.rate=900/s", "nats.router.external-ip-address-pool=[203.0.113.5]"), or the scenario after it. at: seconds after
    it, each 0 to 1e12, at most 1,000; none: 0 to five mean holds. start: flows live at the change, spread as the traffic is (0: an empty NAT);
    None: what is live in the long run before it. taken_away: what becomes of flows on ports or addresses that the changed NAT no longer gives:
    "kept" (they stay there until they end, in nobody's way, and count in its table and quotas) or "cut" at the change. All others stay where
    they are; a table that is smaller than what is live refuses new ones until it is not. quantiles: of the first refusal, in (0, 1).

    Exact chains where the search finds every free port, or its tries are independent, and holds are exponential with one mean; with other holds
    the number live of a search that finds every free port is stepped from Erlang's law (or told as `at_most`, where refusals are rarer than
    1e-4). Else the design is simulated from before the change `runs` times (0: as a second or two allow), and the exact probability given the state is averaged
    (`interval`: 95 %). On-off and modulated arrivals are simulated: a source goes on in its state, unless the change is one of how it switches.
    Batches, tables and quotas beside bursts, NATs inside others or side by side, limits on rates, subscribers and servers, and clients'
    time-wait, and port blocks on demand (by the flows in each), are stepped, all of the network at once, and what is refused is counted among the connections that
    arrive within 1 % of a mean hold of each time: `method` says so, and what is seen of rare refusals is little. Raises Unsupported for what
    `simulate` does not step.

    Gives `times`; by time `refused` (of all connections), `worst` (of the worst kind), `live` (mean number); `first_refusal` with `quantiles`,
    `by` (the chance that one was refused by each time; where runs were counted with `by_intervals`, 95 %) and `mean` (of one exact system); `kinds`, the worst first; `long_run`, the refusal
    probability that it settles at; `exact`, `runs`, `method`, `assumptions`.
    """
    from natbound import _core
    from natbound.scenario import Scenario

    if isinstance(change, str) or not isinstance(change, (Scenario, Sequence)):
        raise InputError("a list of settings, or a scenario, is wanted", path="change", value=repr(change), fix='["traffic.rate=900/s"]')
    now = change if isinstance(change, Scenario) else scenario.with_settings(*change)
    for i, time in enumerate(at):
        if not 0 <= time <= LATEST:
            raise InputError("seconds, from 0 to 1e12, are wanted", path=f"at[{i}]", value=str(time))
    for i, p in enumerate(quantiles):
        if not 0 < p < 1:
            raise InputError("a probability above 0 and below 1 is wanted", path=f"quantiles[{i}]", value=str(p))
    for name, value, good, rule in (
        ("at", len(at), len(at) <= MOST_TIMES, "at most 1,000 times are answered"),
        ("start", start, start is None or 0 <= start <= MOST_LIVE, "a whole number from 0 to 4,194,304 is wanted"),
        ("taken_away", taken_away, taken_away in ("kept", "cut"), "kept or cut is wanted"),
        ("runs", runs, runs == 0 or 2 <= runs <= MOST_RUNS, "a whole number from 2 to 1,000,000 is wanted, or 0: as time allows"),
        ("seed", seed, 0 <= seed < 2**64, "a whole number from 0 to 2^64 - 1 is wanted"),
    ):
        if not good:
            raise InputError(rule, path=name, value=str(value))
    if start is None and not isinstance(change, Scenario) and not change:
        fix = "give a change (--change traffic.rate=900/s), or how many are live at first (--start 0)"
        raise InputError("nothing changes", path="change", fix=fix)
    live = None if start is None else float(start)
    try:
        text = scenario._core.after(now._core, list(at), live, list(quantiles), runs, seed, taken_away == "cut", progress)
    except _core.InputError as error:
        path, shown, rule, fix = error.args
        raise now._document.error(path, shown, rule, fix) from None
    found = json.loads(text)
    settled = now.risk(tries=1, seed=seed)
    found["long_run"] = settled["refusal_probability"]
    found["log_long_run"] = settled["log_refusal_probability"]
    if found["long_run"] is None:
        found["long_run_at_most"] = settled["at_most"]
    return AfterResult(found)
