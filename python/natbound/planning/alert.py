"""At which utilisation to alert, so that a refusal stays as unlikely as wanted or a lead time remains; as a Prometheus rule."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any

from natbound.arguments import real, text
from natbound.errors import InputError
from natbound.planning.tries import Tries
from natbound.results import Result
from natbound.wording import scientific

if TYPE_CHECKING:
    from natbound.scenario import Scenario

DAY = 86400.0
FITS = 0.99  # of a load: rounded to whole connections, client by client, it may not fit by a few
NOISE = 0.01  # of what is live, in its mean over the window
SELECTOR = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*\s*(\{(?:[^{}\"]|\"(?:\\.|[^\"\\])*\")*\})?")
PAIRS = {")": "(", "]": "[", "}": "{"}


def alert(
    scenario: Scenario,
    epsilon: float = 1e-6,
    *,
    growth: float = 0.0,
    lead: float = 0.0,
    metric: str | None = None,
    seed: int = 1,
) -> Result:
    """The threshold on live connections.

    epsilon: the refusal probability of the worst kind of traffic that must not be reached, in (0, 1). growth: of the load, a day (0.02 is 2 %),
    >= 0. lead: seconds that must remain between the alert and epsilon, >= 0. metric: the PromQL expression that counts live connections; only its
    brackets and quotes are checked.
    """
    growth, lead = real("growth", growth), real("lead", lead)
    for name, value in (("--growth", growth), ("--lead", lead)):
        if not (value >= 0 and math.isfinite(value)):
            raise InputError("must be finite and at least 0", path=name, value=str(value))
    if growth > 0 and lead == 0:
        raise InputError("without a lead time growth changes nothing", path="--growth", value=f"{growth:g}", fix="--growth 2% --lead 14d")
    if lead > 0 and growth == 0:
        raise InputError("a load that does not grow needs no lead time", path="--lead", value=f"{lead:g}", fix="--growth 2% --lead 14d")
    if growth > 1:
        raise InputError(
            "a load that more than doubles in a day is none to plan for", path="--growth", value=f"{growth:g}", fix="2% is 0.02"
        )
    if metric is not None:
        _check_closed(text("metric", metric))
    likely, maximum = Tries(scenario, epsilon, seed).carried(()), scenario.capacity()["maximum"]
    if likely["connections"] is None:
        raise InputError("nothing refuses here: there is nothing to alert on", path="nats")
    factor = likely["connections"] / likely["load"]
    if not scenario.canonical["nats"]:
        raise InputError(
            f"there is no NAT or firewall whose connections could be watched; {factor:.3g} times the traffic is carried",
            path="nats",
            fix="ask natbound risk",
        )
    reaches = float(likely["interval"][0])  # on the safe side
    # What is counted is carried: of the load that is offered at most epsilon is not.
    threshold = reaches * (1 - epsilon) * (1 + growth) ** (-lead / DAY)
    if _taken_over(scenario, threshold):
        raise InputError(
            f"no number of entries tells when: closing ones, which new connections take over, fill the ports long before {scientific(epsilon)} is "
            f"refused, at {likely['rate'] * threshold / likely['load']:,.0f} new connections/s ({threshold / likely['load']:.3g} times the traffic)",
            path="nats",
            fix="alert on new connections a second",
        )
    hold = likely["load"] / likely["rate"] if likely["rate"] > 0 else 0.0
    window = max(60.0, _settled(hold, threshold), 10 * _turn(scenario))
    most = maximum["connections"] if maximum["connections"] is not None else maximum["at_most"]
    load = float(likely["load"]) if scenario.canonical["traffic"] else None
    expression = metric or _metric(scenario)
    data: dict[str, Any] = {
        "schema": "natbound.alert/1",
        "epsilon": epsilon,
        "connections": threshold,
        "utilisation": threshold / float(most),
        "maximum": most,
        "reaches_epsilon_at": reaches,
        "lead_seconds": lead,
        "growth_per_day": growth,
        "averaged_over_seconds": window,
        "load": load,
        "alerts_now": None if load is None else load >= threshold,
        "metric": expression,
    }
    data["rule"] = _rule(data)
    return Result(data)


def _taken_over(scenario: Scenario, live: float) -> bool:
    """Whether so many entries, shared as the traffic is, would not fit: only where closing ones give their ports away before their time can
    that much be offered and hardly be refused."""
    if not any(nat.get("design", {}).get("reuse", {}).get("take-over") for nat in scenario.canonical["nats"]):
        return False
    return scenario.capacity(max(1, math.floor(FITS * live)))["fits"] is False


def _settled(hold: float, live: float) -> float:
    """Seconds over which the mean of what is live lies within 1 % of its own, one deviation: the load is a mean, and one reading above it is no
    alarm. A Poisson number that forgets in a hold has, over t, the variance 2 live hold / t; ten holds at most, as an alarm is to come in time."""
    return min(10.0, 2 / (NOISE**2 * max(live, 1.0))) * hold


def _check_closed(metric: str) -> None:
    """Brackets are closed in their order, and quotes are."""
    bare = re.sub(r"\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])*'|`[^`]*`", "", metric)
    opened: list[str] = []
    for sign in bare:
        if sign in PAIRS.values():
            opened.append(sign)
        elif sign in "\"'`" or (sign in PAIRS and (not opened or opened.pop() != PAIRS[sign])):
            opened = [sign]
            break
    if opened or not metric.strip():
        raise InputError("a PromQL expression is wanted, its brackets and quotes closed", path="--metric", value=f"'{metric}'",
                         fix="--metric 'sum(node_nf_conntrack_entries)'")  # fmt: skip


def _averaged(metric: str, minutes: int) -> str:
    """Over the last minutes: of a selector its range; of any other expression a subquery, as ranges are for selectors alone
    (prometheus.io/docs/prometheus/latest/querying/basics)."""
    if SELECTOR.fullmatch(metric.strip()):
        return f"avg_over_time({metric.strip()}[{minutes}m])"
    return f"avg_over_time(({metric.strip()})[{minutes}m:])"


def _scalar(text: str) -> str:
    """As YAML has it: plain where that is read back as it is."""
    return "'" + text.replace("'", "''") + "'" if re.search(r":\s|\s#|\n", text) else text


def _turn(scenario: Scenario) -> float:
    """Seconds in which arrivals that come and go are once on and off, or once in each of their states, on average: the longest of all entries."""
    longest = 0.0
    for entry in scenario.canonical["traffic"]:
        arrivals = entry.get("arrivals") or {}
        times = [arrivals[key] for key in ("on", "off") if key in arrivals] + [state["mean"] for state in arrivals.get("states", [])]
        longest = max(longest, sum(float(str(t).removesuffix("s")) for t in times))
    return longest


def _metric(scenario: Scenario) -> str:
    """What counts live connections where the design's own counter is read with conntrack; else a name to be replaced."""
    conntrack = any("conntrack" in nat.get("design", {}).get("failure", {}).get("command", "") for nat in scenario.canonical["nats"])
    return "node_nf_conntrack_entries" if conntrack else "nat_live_connections"


def _rule(data: dict[str, Any]) -> str:
    minutes = max(1, math.ceil(data["averaged_over_seconds"] / 60))
    expression = f"{_averaged(data['metric'], minutes)} > {math.floor(data['connections'])}"
    lead = f", {data['lead_seconds'] / DAY:.3g} days of growth ahead" if data["lead_seconds"] else ""
    return (
        "groups:\n"
        "  - name: natbound\n"
        "    rules:\n"
        "      - alert: NatNearExhaustion\n"
        f"        expr: {_scalar(expression)}\n"
        "        for: 1m\n"  # what is averaged needs no more
        "        labels:\n"
        "          severity: warning\n"
        "        annotations:\n"
        f"          summary: NAT at {data['utilisation']:.1%} of {float(data['maximum']):,.0f} connections\n"
        f"          description: beyond it a new connection of the worst kind is refused with probability above {scientific(data['epsilon'])}{lead}\n"
    )
