"""Pictures of a day, of the time until ports run out, and of what more room costs. Each draws the numbers of a result and returns the axes."""

from __future__ import annotations

import math
from typing import Any

from natbound import wording as w
from natbound.arguments import result_of

POINTS = 65
UNITS = (("years", 365.25 * 86400), ("days", 86400.0), ("hours", 3600.0), ("minutes", 60.0), ("seconds", 1.0))


def axes(ax: Any = None) -> Any:
    """The axes given, or those of a new figure."""
    if ax is not None:
        return ax
    from matplotlib.figure import Figure

    return Figure(figsize=(7, 4), layout="constrained").subplots()


def plot_day(day: dict[str, Any], ax: Any = None) -> Any:
    """The mean number of live connections through the day, and the band within which it is 95 % of the time (`natbound day`)."""
    result_of("day", day)
    ax = axes(ax)
    hours = [time / 3600 for time in day["times"]]
    band = day["band"]
    if band is not None:  # of bursts it is not known
        ax.fill_between(hours, band["low"], band["high"], color="tab:blue", alpha=0.25, linewidth=0, label=f"{band['p']:.0%} of the time")
    ax.plot(hours, day["live"], color="tab:blue", label="mean, were none refused")
    peak = day["peak"]
    ax.plot([peak["time"] / 3600], [peak["live"]], marker="o", linestyle="", color="tab:red", label=f"most: {w.count(peak['live'])}")
    ax.set_xlabel("hours")
    ax.set_ylabel("live connections")
    ax.set_ylim(bottom=0)
    ax.legend(fontsize=8)
    return ax


def plot_exhaustion(found: dict[str, Any], ax: Any = None) -> Any:
    """The probability that all ports are busy, and that a first connection was refused, by time (`natbound exhaustion`)."""
    from natbound.planning.exhaustion import EVENTS, law_of

    result_of("exhaustion", found)
    ax = axes(ax)
    ends = [q["time"] for event in EVENTS for q in found[event]["quantiles"] if q["time"] is not None]
    # where all are later than is known, or than a double holds
    by_formula = found["law"] == "constant" and "histories" not in found
    latest = found["hold"] if by_formula else 1e9 * 365.25 * 86400
    last = 1.25 * max(ends, default=latest)
    if by_formula:
        last = min(last, found["hold"])
    name, size = next((name, size) for name, size in UNITS if last >= 2 * size or size == 1)
    times = [last * k / (POINTS - 1) for k in range(POINTS)]
    for event, words, style in (("full", "all ports busy", "-"), ("refusal", "first refusal", "--")):
        chances = [law_of(found, event).by(time) for time in times]
        ax.plot([t / size for t in times], [math.nan if p is None else p for p in chances], style, label=words)
    if found["arithmetic"] <= last:
        ax.axvline(found["arithmetic"] / size, color="gray", linewidth=0.8, linestyle=":", label="ports / rate")
    ax.set_xlabel(name)
    ax.set_ylabel("probability that it has happened")
    ax.set_ylim(-0.02, 1.02)
    ax.legend(fontsize=8)
    return ax


def plot_after(found: dict[str, Any], ax: Any = None) -> Any:
    """The refusal probability after a change with its 95 % band where it is simulated, and what it is in the long run (`natbound after`)."""
    result_of("after", found)
    ax = axes(ax)
    points = sorted(zip(found["times"], found["refused"], strict=True), key=lambda point: float(point[0]))
    name, size = next((name, size) for name, size in UNITS if points[-1][0] >= 2 * size or size == 1)
    seen = [(time / size, odds) for time, odds in points if odds["value"]]
    if not found["exact"]:
        low, high = ([odds["interval"][end] for _, odds in seen] for end in (0, 1))
        ax.fill_between([t for t, _ in seen], low, high, color="tab:blue", alpha=0.25, linewidth=0, label="95 %")
    ax.plot([t for t, _ in seen], [odds["value"] for _, odds in seen], marker=".", color="tab:blue", label="refused")
    by = [(time / size, p) for time, p in zip(found["times"], found["first_refusal"]["by"], strict=True) if p]
    if by:
        ax.plot(*zip(*sorted(by), strict=True), color="tab:orange", linestyle="--", label="one was refused by then")
    if found["long_run"]:
        ax.axhline(found["long_run"], color="gray", linewidth=0.8, linestyle=":", label="in the long run")
    if seen or by:
        ax.set_yscale("log")
    ax.set_xlabel(f"{name} after the change")
    ax.set_ylabel("probability")
    ax.legend(fontsize=8)
    return ax


def plot_size(size: dict[str, Any], ax: Any = None) -> Any:
    """The load that meets the target by what it costs, today's traffic, and what would carry it (`natbound size`)."""
    result_of("size", size)
    ax = axes(ax)
    price = size["prices"]["address"]
    points = [(max(0, c["addresses"] - size["addresses"]) * price, c) for c in size["curve"] if c["likely"] is not None]
    points = [(cost, c) for cost, c in points if c["addresses"] >= size["addresses"]] or points
    ax.plot(
        [cost for cost, _ in points],
        [c["likely"] for _, c in points],
        marker=".",
        color="tab:blue",
        label=f"carried at {w.scientific(size['target'])}",
    )
    for cost, c in points:
        ax.annotate(f"{c['addresses']:,}", (cost, c["likely"]), xytext=(3, -9), textcoords="offset points", fontsize=7)
    ax.axhline(size["load"], color="black", linestyle="--", label=f"your traffic: {w.count(size['load'])}")
    met = [option for option in size["options"] if option["cost"] is not None]
    for option in met:
        label = f"{w.count(option['addresses'])} address{'' if option['addresses'] == 1 else 'es'}, {option['change']}"
        ax.plot([option["cost"]], [size["load"]], marker="o", linestyle="", label=label)
    ax.set_xlabel("cost (numbers at the curve: addresses)")
    ax.set_ylabel("mean live connections")
    ax.set_ylim(bottom=0)
    ax.legend(fontsize=8)
    return ax
