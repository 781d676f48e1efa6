"""Rules of thumb put to the user's own scenario: what each says, and what is true there."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from natbound import wording as w
from natbound.planning.tries import Tries
from natbound.results import Result

if TYPE_CHECKING:
    from natbound.scenario import Scenario

Row = dict[str, Any]


class _Asked:
    """The scenario's numbers, each asked for once."""

    def __init__(self, scenario: Scenario, epsilon: float, seed: int) -> None:
        self.epsilon = epsilon
        self._tries = Tries(scenario, epsilon, seed)
        found = self._tries.carried(())
        likely = found["connections"]
        self.nothing_refuses = likely is None
        self.likely = None if likely is None else float(likely)
        self._surely_carried = math.inf if likely is None else float(found["interval"][0])
        most = scenario.capacity()["maximum"]
        self.maximum = float(most["connections"] if most["connections"] is not None else most["at_most"])
        self.load, self.rate = float(found["load"]), float(found["rate"])
        self.hold = self.load / self.rate if self.rate > 0 else 0.0
        canonical = scenario.canonical
        self.hosts = sum(_size(a) for c in canonical["clients"] for a in c["addresses"])
        self.destinations = int(found["destinations"])
        self.odds: dict[float, tuple[float, bool, float | None]] = {}

    def refused_at(self, load: float) -> tuple[float, bool, float | None]:
        """The worst kind's refusal probability at that load of everything; whether it is only a bound; its logarithm."""
        if load not in self.odds:
            # Below what is carried epsilon is bound enough where nothing is seen to refuse: a lower one takes seconds, and turns no verdict.
            lowest = 1.0 if load <= self._surely_carried else None
            found = self._tries.judged((), load / self.load, lowest)
            self.odds[load] = (found.value, found.bound, found.log)
        return self.odds[load]


def rules(scenario: Scenario, epsilon: float = 1e-6, *, seed: int = 1) -> Result:
    """Each rule with `says`, `true`, `refusal_probability` where the rule would have the load, and `holds`: whether who follows it stays
    below epsilon without giving a fifth of the capacity away, and, where the rule gives a probability above epsilon, is told the true one
    to a factor of 2.

    epsilon: the refusal probability that the worst kind of traffic may have, in (0, 1).
    """
    asked = _Asked(scenario, epsilon, seed)
    rows = [rule(asked) for rule in RULES] if not asked.nothing_refuses else []
    return Result(
        {
            "schema": "natbound.rules/1",
            "epsilon": epsilon,
            "load": asked.load,
            "maximum": asked.maximum,
            "likely": asked.likely,
            "nothing_refuses": asked.nothing_refuses,
            "rules": [row for row in rows if row],
        }
    )


def _row(
    asked: _Asked, name: str, source: str, says: str, load: float, what: str, *, allows: bool | None = None, gives: float | None = None
) -> Row:
    """A rule that would let the load grow to `load`; or one that allows or forbids the load that there is, perhaps as it gives a probability."""
    p, bound, log = asked.refused_at(load)
    assert asked.likely is not None
    fine = p <= asked.epsilon
    if allows is not None:
        verdict = "right" if allows == fine else "too bold" if allows else "too timid"
        if verdict == "right" and gives is not None and not bound:
            verdict = _as_a_number(max(gives, asked.epsilon), max(p, asked.epsilon))
    else:
        verdict = "too bold" if not fine else "wasteful" if load < 0.8 * asked.likely else "right"
    shown = ("at most " if bound else "") + w.probability(p, log)
    true = f"{what}, the worst kind of traffic is refused with probability {shown}; {w.scientific(asked.epsilon)} is reached at {share_of(asked.likely, asked)}"
    return {
        "rule": name,
        "source": source,
        "says": says,
        "load": load,
        "refusal_probability": None if bound else p,
        "at_most": p,
        "true": true,
        "verdict": verdict,
        "holds": verdict == "right",
    }


def _as_a_number(said: float, true: float) -> str:
    """A rule that gives a probability is right where it is within a factor of 2 of the true one: above epsilon, below which no one asks."""
    return "too bold" if true > 2 * said else "too timid" if said > 2 * true else "right"


def share_of(load: float, asked: _Asked) -> str:
    """A load, and what share of the maximum it is."""
    return f"{w.count(load)} live ({load / asked.maximum:.1%} of the maximum)"


def _alert(percent: int, who: str, source: str) -> Callable[[_Asked], Row]:
    def rule(asked: _Asked) -> Row:
        load = asked.maximum * percent / 100
        return _row(
            asked, f"alert at {percent} %", source, f"up to {percent} % ({who}) all is well", load, f"at {w.count(load)} live on average"
        )

    return rule


def _ports_over_hold(asked: _Asked) -> Row:
    rate = asked.maximum / asked.hold
    return _row(
        asked,
        "ports / hold",
        "https://github.com/istio/istio/issues/51210",
        f"{w.count(asked.maximum)} / {w.span(asked.hold)} = {w.count(rate)} new connections a second can be carried",
        asked.maximum,
        f"at {w.count(rate)}/s",
    )


def _ratio(asked: _Asked) -> Row:
    use = asked.load / asked.maximum
    fits = "so it fits" if use <= 1 else "so it does not fit"
    return _row(
        asked,
        "demand / ports below 1",
        "https://calculateyogi.com/technology/nat-port-exhaustion-calculator",
        f"{w.count(asked.load)} / {w.count(asked.maximum)} = {use:.1%}, {fits}",
        asked.load,
        "at this traffic",
        allows=use <= 1,
    )


def _gateway(asked: _Asked) -> Row:
    rate = 900.0 * asked.destinations
    return _row(
        asked,
        "900 a second a destination",
        "https://docs.aws.amazon.com/vpc/latest/userguide/nat-gateway-basics.html",
        f"{asked.destinations:,} destination{'s' if asked.destinations > 1 else ''} carr{'y' if asked.destinations > 1 else 'ies'} {w.count(rate)}/s",
        rate * asked.hold,
        f"at {w.count(rate)}/s held {w.span(asked.hold)}",
    )


def _erlang(asked: _Asked) -> Row:
    """Erlang B on the maximum, as if every search found every free port."""
    from natbound.calculator import erlang_b, log_erlang_b

    says = float(erlang_b(asked.maximum, asked.load))
    return _row(
        asked,
        "Erlang B on all ports",
        "Fourcot et al., Erlang-based dimensioning for IPv4 Address+Port translation, IEEE ICC 2012",
        f"B({w.count(asked.maximum)}, {w.count(asked.load)}) = {w.probability(says, float(log_erlang_b(asked.maximum, asked.load)))}",
        asked.load,
        "at this traffic",
        allows=says <= asked.epsilon,
        gives=says,
    )


def _per_host(asked: _Asked) -> Row:
    from natbound.calculator import poisson_tail

    each = asked.load / asked.hosts
    over = float(poisson_tail(64, each))
    needed = next(n for n in (2**k for k in range(6, 17)) if float(poisson_tail(n, each)) <= asked.epsilon or n == 65536)
    verdict = "too bold" if over > asked.epsilon else "right"
    return {
        "rule": "64 ports a machine",
        "source": "https://cloud.google.com/nat/docs/ports-and-addresses",
        "says": "64 ports for each machine are enough to begin with",
        "load": None,
        "refusal_probability": over,
        "at_most": over,
        "true": f"each of {asked.hosts:,} addresses has {w.count(each)} live on average and wants more than 64 with probability "
        f"{w.probability(over)}; {needed:,} meet {w.scientific(asked.epsilon)}",
        "verdict": verdict,
        "holds": verdict == "right",
    }


def _size(text: str) -> int:
    from natbound.planning.pools import count

    return count([text])


RULES: tuple[Callable[[_Asked], Row], ...] = (
    _ratio,
    _erlang,
    _ports_over_hold,
    _gateway,
    _per_host,
    _alert(75, "node_exporter's mixin", "https://github.com/prometheus/node_exporter/tree/master/docs/node-mixin"),
    _alert(80, "Azure Firewall's alert", "https://azure.github.io/azure-monitor-baseline-alerts/"),
    _alert(95, "a last warning", "https://gitlab.com/gitlab-com/gl-infra/production/-/issues/6712"),
)
