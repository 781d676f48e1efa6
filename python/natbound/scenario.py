"""Scenarios: who connects through what to whom, and every question about them."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from natbound import _core, reading
from natbound.answer import Answer
from natbound.arguments import real, text, whole, within
from natbound.claim import decide
from natbound.demand import Given, read_demand
from natbound.errors import InputError
from natbound.results import Result, decoded
from natbound.settings import apply_settings

if TYPE_CHECKING:
    from natbound.explaining import Explanation
    from natbound.planning.after import AfterResult
    from natbound.planning.day import DayResult
    from natbound.planning.measured import Counts, Fit, Maxima, Samples
    from natbound.planning.size import SizeResult

Progress = Callable[[float], None]


class Scenario:
    """A scenario, checked against every rule.

    Made by `natbound.load(path)` or from a dictionary of the same shape as the YAML. Raises `InputError` with
    file, line, field, value, rule and fix; `Unsupported` from questions that this version can't settle.
    """

    def __init__(self, value: dict[str, Any] | reading.Document) -> None:
        self._document = value if isinstance(value, reading.Document) else reading.Document(reading.copied(value))
        try:
            self._core = _core.Scenario(self._document.to_json())
        except _core.InputError as error:
            path, shown, rule, fix = error.args
            raise self._document.error(path, shown, rule, fix) from None

    @property
    def canonical(self) -> dict[str, Any]:
        """Every default and the whole design written out."""
        return dict(json.loads(self._core.canonical()))

    @property
    def written_out(self) -> dict[str, Any]:
        """As `canonical`, and NATs with workers as so many NATs side by side: what answers and certificates speak of."""
        return dict(json.loads(self._core.written_out()))

    def with_settings(self, *settings: str) -> Scenario:
        """A copy with fields changed: `scenario.with_settings("nats.router.design=cilium")`."""
        for setting in settings:
            text("settings", setting)
        document = self._document.copy()
        apply_settings(document, list(settings))
        return Scenario(document)

    def answer(self, epsilon: float = 1e-6, *, seed: int = 1, remedies: bool = True) -> Answer:
        """The three numbers with evidence, what sets each, and what would move it.

        epsilon: the probability that no kind of traffic may exceed, in (0, 1). seed: of the simulations, where the
        design needs them. remedies: also compute the effect of what would help.
        """
        epsilon, seed = _probability("epsilon", epsilon), _seed(seed)
        from natbound.exact import small

        found = json.loads(self._core.answer(epsilon, seed, remedies))
        found["maximum"], engine = small.maximum(self, found["maximum"])
        if engine:
            found["maximum"]["engine"] = engine
        return Answer(found, self)

    def capacity(self, demand: Given | None = None, *, place: str = "even", claim: str | None = None, engine: str = "auto") -> Result:
        """The maximum; with `demand`, whether it fits and the largest multiple of it that does; with `claim` ("N >= 100000"), whether that holds.

        demand: a number of connections (placed `even`, as the traffic is, or `best`), a list of {"from", "to", "connections"}, or a file with
        such a list or with a recorded table (conntrack -L). Without one, the largest multiple of the scenario's traffic is given.
        engine: `flow`, natbound's own alone; `auto`, which also asks CP-SAT where that leaves a demand open, or the maximum of a small scenario; or
        `z3` or `cp-sat`, which solve the same question by themselves: `engine` then holds what they say. Raises `Unsupported` where they
        can't be asked (docs/commands.md), and `natbound.exact.Disagreement` where the two differ.
        """
        from natbound.exact import settle, small
        from natbound.exact.engines import checked, compared

        second = checked(engine) in ("z3", "cp-sat")
        if claim is not None and engine != "auto":
            raise InputError(
                "a claim is decided by the flow and its certificate", path="--engine", value=f"'{engine}'", fix="leave one out"
            )
        if claim is not None:
            text("claim", claim)
            if demand is not None:
                raise InputError("a claim is about the maximum, which no demand changes", path="--claim", value=f"'{claim}'")
            return decide(self, claim)
        if demand is None:
            most = decoded(self._core.maximum())
            if engine == "auto":
                most["maximum"], who = small.maximum(self, most["maximum"])
                most |= {"engine": who} if who else {}
            return Result(compared(self, engine, most) if second else most)
        if place not in ("even", "best"):
            raise InputError("even or best is wanted", path="place", value=f"'{place}'")
        wanted = read_demand(self, demand)
        if place == "best" or wanted.connections == 0:
            found = decoded(self._core.fits(str(wanted.connections), place))
            if engine == "auto":
                found = small.demand(self, found, None, wanted.connections)
            return Result(compared(self, engine, found, wanted=wanted.connections) if second else found)
        found = decoded(self._core.fits_demand(wanted.json, True, True))
        if second:
            found = compared(self, engine, found, wanted.pairs)
        elif found.get("fits") is None and engine == "auto":
            found = settle(self, wanted.pairs, found)
        return Result({**found, **wanted.left_out})

    def for_all_sizes(self) -> Result:
        """The maximum of this scenario's shape as a formula over its sizes (addresses, ports, endpoints, limits), proved by Z3 for all of them.

        `formula` (SMT-LIB), `in_words`, `parameters` (name, means, value here), `connections` (the formula at the scenario's own sizes, which is
        its maximum), `proved` (True, or None with the `reason` where a solver's limit was reached) and `evidence`. Raises `Unsupported` for
        shapes whose maximum is NP-hard or not covered (docs/all-sizes.md).
        """
        return Result(decoded(self._core.for_all_sizes()))

    def explain(self, demand: Given | None = None, *, reasons: int = 1, prices: Mapping[str, float] | None = None) -> Explanation:
        """Why a demand (else the traffic) does not fit, the smallest changes that make it fit, and what one more of each thing is worth:
        `natbound.explaining.explain`."""
        from natbound.explaining import explain

        return explain(self, demand, reasons=reasons, prices=prices)

    def simulate(
        self,
        *,
        seed: int = 1,
        arrivals: int = 1_000_000,
        scale: float = 1.0,
        tries: int = 1,
        backoff: float = 1.0,
        factor: float = 2.0,
        jitter: float = 0.0,
        progress: Progress | None = None,
    ) -> Result:
        """Steps the concrete design under the scenario's traffic, all rates times `scale`: arrivals, refused, and the refusal probability with
        a 95 % interval that knows of clusters, and as how many `independent` failures it is worth (below 20: too few to judge by).

        tries: attempts of a connection in all (1 to 1,000), the second after `backoff` seconds (0 to 1e9), each next wait `factor` (1 to
        1,000) times the one before, each spread evenly within `jitter` (0 to 1, a share of itself) on either side. More than one adds
        `retries`: attempts and the share of them refused, connections that gave up and the share of connections that fail, each share with
        its interval, and the mean delay of those that come in.
        """
        seed, scale, arrivals = _seed(seed), real("scale", scale), whole("arrivals", arrivals)
        within("scale", scale, 0 < scale <= 1e15, "a finite number above 0 is wanted")
        within("arrivals", arrivals, 0 < arrivals <= 10**12, "a whole number from 1 to 10^12 is wanted")
        retry = _retry(tries, backoff, factor, jitter, least=1, most=1000)
        return Result(json.loads(self._core.simulate(seed, arrivals, progress, scale, retry)))

    def risk(
        self,
        scale: float = 1.0,
        *,
        tries: int = 0,
        backoff: float = 1.0,
        factor: float = 2.0,
        jitter: float = 0.0,
        seed: int = 1,
        simulate: int = 0,
        epsilon: float = 1e-6,
        progress: Progress | None = None,
    ) -> Result:
        """How likely a refusal is at the scenario's traffic times `scale` (> 0): of attempts (`refusal_probability`, with `interval`,
        `error_bound` and `method`), of connections after their `retries`, and of time (`full_probability`, where it is known).

        tries: attempts of a connection in all (at most 1,000); 0: as clients do of themselves, by what they see (seven SYNs into silence,
        else one); `backoff`, `factor`, `jitter` as in `simulate`. `retries.method` says how they were counted: `fixed point` where back-offs
        are so long and spread that each try meets the NAT as a stranger would, `simulated` (with `interval`), or `bound` where that is too
        rare to be seen or can't be simulated: `at_most`, what is refused without retries.
        epsilon: at which limits that are no ports (tables, memory, quotas, rates) are ranked with them: `limits`, `first_limit`.
        simulate: also so many arrivals through the simulator; `simulation.z` says how many standard errors it is off (null where
        it saw too few independent refusals to judge).
        """
        retry = _retry(tries, backoff, factor, jitter, least=0, most=1000)
        epsilon, seed, scale, simulate = _probability("epsilon", epsilon), _seed(seed), real("scale", scale), whole("simulate", simulate)
        within("scale", scale, 0 < scale <= 1e15, "a finite number above 0 is wanted")
        within("simulate", simulate, 0 <= simulate <= 10**12, "a whole number of arrivals up to 10^12 is wanted")
        try:
            out = json.loads(self._core.risk(scale, retry, seed, epsilon))
        except _core.InputError as error:
            path, shown, rule, fix = error.args
            raise self._document.error(path, shown, rule, fix) from None
        if simulate:
            from natbound.planning import agreement

            out["simulation"] = agreement(self, out, arrivals=simulate, scale=scale, seed=seed, progress=progress)
        return Result(out)

    def size(self, target: float = 1e-6, **options: Any) -> SizeResult:
        """The cheapest addresses, timers and designs that meet a target: `natbound.planning.size`."""
        from natbound.planning import size

        return size(self, real("target", target), **options)

    def alert(self, epsilon: float = 1e-6, **options: Any) -> Result:
        """The utilisation at which to alert, with a Prometheus rule: `natbound.planning.alert`."""
        from natbound.planning import alert

        return alert(self, _probability("epsilon", epsilon), **options)

    def day(self, rates: Sequence[float], **options: Any) -> DayResult:
        """Refusals through a day of rates: `natbound.planning.day`."""
        from natbound.planning import day

        return day(self, rates, **options)

    def after(self, change: Scenario | Sequence[str] = (), at: Sequence[float] = (), **options: Any) -> AfterResult:
        """What follows a change, by time: `natbound.planning.after`."""
        from natbound.planning import after

        return after(self, change, at, **options)

    def uncertainty(
        self,
        between: Mapping[str, tuple[str, str]] | None = None,
        *,
        measured: Mapping[str, Samples | Counts | Maxima | Fit] | None = None,
        seed: int = 1,
    ) -> Result:
        """The refusal probability where fields are known as intervals, samples, counts, maxima or fits: `natbound.planning.uncertainty`."""
        from natbound.planning import uncertainty

        return uncertainty(self, between, measured=measured, seed=seed)

    def rules(self, epsilon: float = 1e-6, *, seed: int = 1) -> Result:
        """What rules of thumb say about this scenario, and what is true: `natbound.planning.rules`."""
        from natbound.planning import rules

        return rules(self, _probability("epsilon", epsilon), seed=_seed(seed))

    def compare(self, designs: Sequence[str], epsilon: float = 1e-6) -> list[Answer]:
        """The answer for each design in every NAT of the scenario."""
        if isinstance(designs, str) or not isinstance(designs, Sequence):
            raise InputError("a list of designs is wanted", path="designs", value=repr(designs))
        count = len(self.canonical.get("nats", []))
        return [self.with_settings(*(f"nats.{i}.design={name}" for i in range(count))).answer(epsilon, remedies=False) for name in designs]

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickled and copied as what it was made of: the core holds no state of its own."""
        return type(self), (self._document,)

    def __repr__(self) -> str:
        c = self.canonical
        nats = ", ".join(f"{n['name']} ({n['design']['name']})" for n in c.get("nats", [])) or "no NAT"
        names = ", ".join(x["name"] for x in c["clients"])
        return f"Scenario({names} -> {nats} -> {', '.join(x['name'] for x in c['servers'])})"

    def _repr_html_(self) -> str:
        import html

        return f"<pre>{html.escape(repr(self))}</pre>"


def _retry(tries: int, backoff: float, factor: float, jitter: float, *, least: int, most: int) -> tuple[int, float, float, float]:
    tries, backoff, factor, jitter = whole("tries", tries), real("backoff", backoff), real("factor", factor), real("jitter", jitter)
    of_themselves = ", or 0 for what clients do of themselves" if least == 0 else ""
    within("tries", tries, least <= tries <= most, f"a whole number from 1 to {most:,} is wanted{of_themselves}")
    within("backoff", backoff, 0 <= backoff <= 1e9, "seconds, from 0 to 1e9, are wanted")
    within("factor", factor, 1 <= factor <= 1000, "a number from 1 to 1,000 is wanted")
    within("jitter", jitter, 0 <= jitter <= 1, "a share from 0 to 1 is wanted")
    return tries, backoff, factor, jitter


def _probability(name: str, value: Any) -> float:
    found = real(name, value)
    within(name, found, 0 < found < 1, "a probability above 0 and below 1 is wanted")
    return found


def _seed(value: Any) -> int:
    found = whole("seed", value)
    within("seed", found, 0 <= found < 2**64, "a whole number from 0 to 2^64 - 1 is wanted")
    return found


def load(path: str | Path, settings: Sequence[str] = ()) -> Scenario:
    """The scenario of a YAML or JSON file (`-`: standard input), with fields changed by `PATH=VALUE` settings."""
    if not isinstance(path, (str, os.PathLike)):
        raise InputError("the name of a file is wanted", path="path", value=repr(path))
    document = reading.read(path)
    apply_settings(document, [text("settings", setting) for setting in settings])
    return Scenario(document)
