"""The commands about chance and money: risk, size, alert, rules."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from natbound.cli.common import Backoff, Epsilon, Factor, Jitter, Json, Seed, advancing, check_epsilon, of_ranges, print_json
from natbound.cli.given import about_a_scenario
from natbound.cli.quantities import seconds
from natbound.errors import InputError

if TYPE_CHECKING:
    from natbound.scenario import Scenario


@about_a_scenario
def risk(
    scenario: Scenario,
    scale: Annotated[float, typer.Option(help="All rates times this.")] = 1.0,
    tries: Annotated[int, typer.Option(min=0, max=1000, help="Attempts of a connection in all; 0: as clients do of themselves.")] = 0,
    backoff: Backoff = "1s",
    factor: Factor = 2.0,
    jitter: Jitter = 0.0,
    seed: Seed = 1,
    simulate: Annotated[int, typer.Option(min=0, max=10**12, help="Also simulate so many arrivals, to see that they agree.")] = 0,
    epsilon: Annotated[float, typer.Option(help="The refusals at which limits beside ports are ranked.")] = 1e-6,
    as_json: Json = False,
) -> None:
    """How likely a refusal is: attempts, connections after retries, and the time to the first."""
    from natbound import wording as w
    from natbound.page import limits_in_order

    with advancing("simulating", as_json or not simulate) as progress:
        data = scenario.risk(
            scale,
            tries=tries,
            backoff=seconds(backoff, "--backoff"),
            factor=factor,
            jitter=jitter,
            seed=seed,
            simulate=simulate,
            epsilon=epsilon,
            progress=progress,
        ).to_dict()
    if as_json:
        print_json(data)
        return
    p, retries, first = data["refusal_probability"], data["retries"], data["seconds_to_first_refusal"]
    print(f"At {w.count(data['rate'])}/s x {w.span(data['hold'])} = {w.count(data['load'])} live:")
    low, high = data["interval"]
    what = "bounds" if data["interval_is"] == "bounds" else "95 %"
    told = not data["exact"] and (p is None or high > 0)  # below 1e-308 the ends are 0 as the value is, which its logarithm tells
    plus = "" if not told else f" ({what}: {w.probability(low)} to {w.probability(high)})"
    print(
        f"  attempts refused    {w.probability(p, data['log_refusal_probability']) + plus if p is not None else 'at most ' + w.probability(data['at_most'])}"
    )
    formula = data.get("formula")
    if formula:
        leaves = f", which leaves out {' and '.join(formula['leaves_out'])}" if formula["leaves_out"] else ""
        print(
            f"  by formula          {w.probability(formula['refusal_probability'])} ({formula['name']}{leaves}); the line above is the simulated average"
        )
    print(f"  a day               {'fewer than ' if p is None else ''}{w.per_day(data['refusals_per_day'])}")
    if first is not None:
        print(f"  first refusal       {w.first_refusal(first)}")
    for cut in data.get("cuts", []):
        after = f"; an entry is dropped after {w.span(cut['silence'])} without a packet" if cut.get("silence") else ""
        print(f"  connections cut     {w.probability(cut['probability'])} by the full table of {cut['nat']}{after}")
    scarce = [x for x in data["own_ports"] if x["time_wait"] or x["probability"] > data.get("epsilon", 1e-6)]
    for own in sorted(scarce, key=lambda x: -x["probability"])[:3]:
        odds = w.probability(own["probability"], own["log_probability"])
        most = f"{own['ports']:,.0f} ports x {w.span(own['hold'])} are {w.count(own['most_per_second'])}/s an address"
        print(f"  no port of its own  {odds} of {own['from']} towards {own['destination']}: {most}")
    if data["full_probability"] is not None:
        print(f"  time with no port   {w.probability(data['full_probability'])}")
    if retries["tries"] > 1:
        print(f"  with {retries['tries']} tries        {_retried(retries)}")
    for kind in data["kinds"][:3]:
        odds = kind["refusal_probability"]
        shown = w.probability(odds["value"], odds.get("log")) if odds["value"] is not None else "at most " + w.probability(odds["at_most"])
        if data["interval_is"] == "bounds" and odds["value"] is not None and odds["interval"][0] < odds["interval"][1]:
            shown = f"between {w.probability(odds['interval'][0])} and {w.probability(odds['interval'][1])}"
        print(f"  {kind['text']}: {shown}")
    for line in _which_limit(data) + limits_in_order(data)[1:]:
        print(line)
    print(f"Method: {data['method']}.")
    for line in of_ranges(scenario):
        print(line)
    if simulate:
        seen = data["simulation"]
        verdict = {None: "of another assignment of clients to addresses", True: "within the bound", False: "beyond the bound"}[
            seen["within"]
        ]
        if seen["z"] is not None:
            verdict = f"z = {seen['z']:.2f}"
        elif seen["within"] is not None and p is not None:
            where = "within" if seen["within"] else "outside of"
            verdict = f"too few independent refusals to judge; the above is {where} {w.between(seen['interval'])}"
        print(
            f"Simulated: {seen['arrivals']:,} arrivals, {seen['refused']:,} refused: {w.probability(seen['refusal_probability'])}; {verdict}."
        )


def _which_limit(data: dict[str, Any]) -> list[str]:
    """Where several limits refuse: which, the one that refuses most first."""
    from natbound import wording as w

    all_of_them = data["refused_by"]
    if len(all_of_them) < 2 or data["refusal_probability"] is None:
        return []
    lines = ["Refused first by:"]
    for one in sorted(all_of_them, key=lambda x: (-x["value"], -x["interval"][1]))[:5]:
        low, high = one["interval"]
        what = {"exact": "", "bounds": f" (bounds: {w.probability(low)} to {w.probability(high)})"}.get(one["interval_is"])
        what = f" (95 %: {w.probability(low)} to {w.probability(high)})" if what is None else what
        where = f" of {one['where']}" if one["where"] else ""
        lines.append(f"  {one['kind']}{where}: {w.probability(one['value'])}{what}")
    return lines


def _retried(retries: dict[str, Any]) -> str:
    from natbound import wording as w

    if retries["method"] == "bound":
        return f"at most {w.probability(retries['at_most'])} of connections fail: {retries['why']}"
    fail = retries["connection_failure"]
    spread = f" ({w.between(retries['attempt_interval'])})" if retries["method"] == "simulated" else ""
    text = f"{w.probability(retries['attempt_refusal'])}{spread} of attempts refused, "
    text += f"{'at most ' + w.probability(retries['at_most']) if fail is None else w.probability(fail)} of connections fail"
    if retries["method"] != "simulated":
        return f"{text}, by the fixed point"
    return text + ("" if fail is None else f" ({w.between(retries['interval'])})") + ", simulated"


@about_a_scenario
def size(
    scenario: Scenario,
    target: Annotated[float, typer.Option(help="The probability that no kind of traffic may be refused with.")] = 1e-6,
    nat: Annotated[str | None, typer.Option(help="Which NAT is to grow; else the one that refuses first.")] = None,
    designs: Annotated[str, typer.Option(metavar="A,B,C", help="Other designs to try, by name or file.")] = "",
    timer: Annotated[
        list[str] | None,
        typer.Option(
            metavar="CAUSE=A..B", help="A timer that may be changed, as in time_wait=30s..120s (tcp-fin, tcp-rst, tcp-silence, udp)."
        ),
    ] = None,
    widen: Annotated[
        str | None, typer.Option(metavar="FIRST-LAST", help="Ports that a restricted NAT may be given, as in 1024-65535.")
    ] = None,
    keep: Annotated[
        str, typer.Option(metavar="A,B", help="Limits to leave as they are: table, quota, subscribers, rate, packets, servers.")
    ] = "",
    price: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=X", help="Price of one more address, port, table entry ..., of timers, of a design (docs/commands.md)."),
    ] = None,
    seed: Seed = 1,
    as_json: Json = False,
) -> None:
    """The cheapest addresses, ports, timers, designs and limits that meet a target."""
    result = scenario.size(
        target,
        nat=nat,
        designs=_listed(designs),
        timers=dict(_timer(text) for text in timer or []),
        widen=_range(widen) if widen is not None else None,
        keep=_listed(keep),
        prices=_prices(price or []),
        seed=seed,
    ).to_dict()
    met = any(option["cost"] is not None for option in result["options"])
    if as_json:
        print_json(result)
    else:
        from natbound.cli.size_page import lines

        for line in [*lines(result), *of_ranges(scenario)]:
            print(line)
    raise typer.Exit(0 if met else 1)


@about_a_scenario
def alert(
    scenario: Scenario,
    epsilon: Epsilon = 1e-6,
    growth: Annotated[str, typer.Option(help="Growth of the load a day, as in 2%.")] = "0%",
    lead: Annotated[str, typer.Option(help="Time that must remain, as in 7d or 12h.")] = "0d",
    metric: Annotated[str | None, typer.Option(help="PromQL that counts live connections.")] = None,
    seed: Seed = 1,
    as_json: Json = False,
) -> None:
    """The utilisation at which to alert, as a Prometheus rule."""
    from natbound import wording as w

    check_epsilon(epsilon)
    result = scenario.alert(epsilon, growth=_share(growth), lead=seconds(lead, "--lead"), metric=metric, seed=seed).to_dict()
    if as_json:
        print_json(result)
        return
    now = "" if not result["alerts_now"] else " It fires at today's load."
    for line in of_ranges(scenario):
        print(f"# {line}")
    print(f"# Alert at {w.count(result['connections'])} live, {result['utilisation']:.1%} of the maximum.{now}")
    print(result["rule"], end="")


@about_a_scenario
def rules(scenario: Scenario, epsilon: Epsilon = 1e-6, seed: Seed = 1, as_json: Json = False) -> None:
    """What rules of thumb say about this scenario, and what is true."""

    check_epsilon(epsilon)
    result: dict[str, Any] = scenario.rules(epsilon, seed=seed).to_dict()
    if as_json:
        print_json(result)
        return
    if result["nothing_refuses"]:
        print("Nothing refuses here: no rule is needed.")
    for row in result["rules"]:
        print(f"{row['rule']}: {row['verdict']}\n  says: {row['says']}\n  true: {row['true']}")
    for line in of_ranges(scenario):
        print(line)


def _listed(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]


def _timer(text: str) -> tuple[str, tuple[float, float]]:
    name, equals, value = text.partition("=")
    shortest, dots, longest = value.partition("..")
    if not equals or not dots:
        raise InputError("CAUSE=SHORTEST..LONGEST is wanted", path="--timer", value=f"'{text}'", fix="--timer time_wait=30s..120s")
    return name.strip(), (seconds(shortest, "--timer"), seconds(longest, "--timer"))


def _range(text: str) -> tuple[int, int]:
    first, dash, last = text.partition("-")
    if not dash or not first.strip().isdecimal() or not last.strip().isdecimal():
        raise InputError("FIRST-LAST is wanted", path="--widen", value=f"'{text}'", fix="--widen 1024-65535")
    return int(first), int(last)


def _prices(texts: list[str]) -> dict[str, float]:
    out = {}
    for text in texts:
        name, equals, value = text.partition("=")
        try:
            out[name.strip()] = float(value)
        except ValueError:
            equals = ""
        if not equals:
            raise InputError("NAME=NUMBER is wanted", path="--price", value=f"'{text}'", fix="--price address=4")
    return out


def _share(text: str) -> float:
    number, percent = (text[:-1], 100.0) if text.endswith("%") else (text, 1.0)
    try:
        return float(number) / percent
    except ValueError:
        raise InputError("a share such as 2% or 0.02 is wanted", path="--growth", value=f"'{text}'") from None
