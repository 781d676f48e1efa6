"""The command about a change: what follows a flood, a failover, another version, a shorter timeout."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from natbound.cli.common import Json, Seed, advancing, print_json
from natbound.cli.given import about_a_scenario
from natbound.cli.quantities import plain, seconds

if TYPE_CHECKING:
    from natbound.scenario import Scenario


@about_a_scenario
def after(
    scenario: Scenario,
    change: Annotated[
        list[str] | None, typer.Option(metavar="PATH=VALUE", help="What changes, as --set has it: traffic.rate=900/s. Repeatable.")
    ] = None,
    at: Annotated[str, typer.Option(metavar="T,T", help="When, after the change, as in 30s,1m,5m. Default: up to five holds.")] = "",
    start: Annotated[int | None, typer.Option(min=0, help="Live at the change; 0: empty. Default: what is live in the long run.")] = None,
    taken_away: Annotated[
        str, typer.Option(metavar="kept|cut", help="Flows on ports or addresses that the change takes away: until they end, or not at all.")
    ] = "kept",
    quantiles: Annotated[str, typer.Option(metavar="P,Q", help="Which quantiles of the first refusal.")] = "5%,50%,95%",
    runs: Annotated[int, typer.Option(min=0, help="Simulations, where the design needs them; 0: as time allows.")] = 0,
    seed: Seed = 1,
    as_json: Json = False,
) -> None:
    """What follows a change: refusals by time, and when the first one comes."""
    times = [seconds(text, "--at") for text in at.split(",") if text.strip()]
    chances = [plain(text, "--quantiles") for text in quantiles.split(",")]
    with advancing("following the change", as_json) as progress:
        found = scenario.after(
            change or [], times, start=start, taken_away=taken_away, quantiles=chances, runs=runs, seed=seed, progress=progress
        ).to_dict()  # fmt: skip
    if as_json:
        print_json(found)
        return
    for line in _lines(found):
        print(line)


def _lines(found: dict[str, Any]) -> list[str]:
    from natbound import wording as w

    begin = f"{w.count(found['load_before'])} live" + ("" if found["start"] == "stationary" else " at first")
    out = [f"From {begin} to {w.count(found['rate'])}/s, {w.count(found['load'])} live were none refused:"]
    rows = [("after", "live", "refused", "by then one was")]
    by = found["first_refusal"]["by"]
    between = found["first_refusal"].get("by_intervals", [None] * len(by))
    for time, live, odds, come, ends in zip(found["times"], found["live"], found["refused"], by, between, strict=True):
        rows.append((w.span(time), w.count(live), _odds(odds), _come(come, ends)))
    settled = found["long_run"]
    long = f"at most {w.probability(found['long_run_at_most'])}" if settled is None else w.probability(settled, found["log_long_run"])
    rows.append(("in the end", "", long, ""))
    widths = [max(len(row[i]) for row in rows) for i in range(4)]
    out += ["  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    first = found["first_refusal"]
    if first.get("unknown"):
        out.append(f"First refusal: not known: {first['unknown']}")
    else:
        late = f"later than {w.span(max(found['times']))}" if found["runs"] else "over 1,000 years"
        shown = ", ".join(f"{q['p']:.3g}: {late if q['time'] is None else w.span(q['time'])}" for q in first["quantiles"])
        mean = "" if first["mean"] is None else f"after {w.span(first['mean'])} on average; "
        early = "no earlier than " if first["at_most"] else ""
        out.append(f"First refusal: {early}{mean}with probability {shown}")
    worst = "at the worst of these times" if found["runs"] else "at worst"
    for kind in found["kinds"][:3]:
        out.append(f"  {kind['text']}: {worst} {_odds(kind['refusal_probability'])}")
    out += [f"Note: {told}." for told in found["notes"]]
    return [*out, f"Method: {found['method']}."]


def _come(chance: float | None, ends: list[float] | None) -> str:
    from natbound import wording as w

    if chance is None:
        return "-"
    if ends is None or ends[0] == ends[1]:
        return w.probability(chance)
    return f"at most {w.probability(ends[1])}" if chance == 0 else f"{w.probability(chance)} ({w.between((ends[0], ends[1]))})"


def _odds(odds: dict[str, Any]) -> str:
    from natbound import wording as w

    if odds["value"] is None:
        return f"at most {w.probability(odds['at_most'])}"
    low, high = odds["interval"]
    return w.probability(odds["value"], odds.get("log")) + (f" ({w.between((low, high))})" if low < high else "")
