"""The page that `natbound answer` prints: the verdict on the operator's own traffic first, then the three numbers, what failure looks like and
what would help."""

from __future__ import annotations

import io
from typing import Any

from rich import box
from rich.console import Console, Group
from rich.markup import escape
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from natbound import wording as w


def verdict(answer: dict[str, Any]) -> str:
    """One or two sentences on the scenario's own traffic."""
    t, likely, maximum = answer["traffic"], answer["likely"], answer["maximum"]
    worst = t.get("worst") or likely.get("worst") or {}
    where = worst.get("text", "")
    parts = []
    if t["given"]:
        top = maximum.get("connections") or maximum.get("at_most")
        used = f" ({t['load'] / float(top) * 100:.2g} % of the maximum)" if top else ""
        parts.append(f"At {w.count(t['rate'])}/s x {w.span(t['hold'])} = {w.count(t['load'])} live{used}: {_refusals(answer)}")
    else:
        parts.append("No traffic is given, so this speaks of any")
    if likely.get("nothing_refuses"):
        parts.append("no new connection can be refused")
    elif t["given"] and t.get("room"):
        room = t["room"]
        parts.append(
            f"room for {room:.2g} times as much before {likely['epsilon']:g}"
            if room >= 1
            else f"that is {1 / room:.2g} times what keeps every kind of traffic below {likely['epsilon']:g}"
        )
    text = "; ".join(parts) + "."
    if where and not likely.get("nothing_refuses"):
        text += f" First to fail: {where}."
    return text


def _refusals(answer: dict[str, Any]) -> str:
    p = answer["traffic"]["refusal_probability"]
    if p.get("value") is not None and p["value"] == 0:
        return "no refusals"
    if p.get("value") is not None:
        return f"{w.probability(p['value'])} refused, about {w.per_day(answer['traffic']['refusals_per_day'])} a day"
    return f"fewer than {w.per_day(answer['traffic']['refusals_per_day'])} refusals a day"


def render(answer: dict[str, Any]) -> Group:
    """The page as Rich renderables."""
    t = answer["traffic"]
    bad = (t["refusal_probability"].get("value") or 0) > answer["likely"]["epsilon"] and t["given"]
    items: list[Any] = [Text(verdict(answer), style="bold red" if bad else "bold green")]
    first = t.get("seconds_to_first_refusal") or {}
    if t["given"] and first.get("value") is not None:
        items.append(Text(f"First refusal after {w.span(first['value'])} on average."))
    elif t["given"] and first.get("at_least") is not None:
        items.append(Text(f"First refusal after more than {w.span(first['at_least'])} on average."))
    for watch in answer["watch"]:
        items.append(Text.assemble("Watch ", (watch["counter"], "cyan"), f" ({watch['command']})" if watch["command"] else ""))
    items += [Text(), _numbers(answer)]
    if answer["failure"]:
        items.append(Text("\nWhen it fails", style="bold"))
        items += [Padding(Text(line["text"]), (0, 0, 0, 2)) for line in answer["failure"]]
    if answer["remedies"]:
        items += [Text("\nWhat would help", style="bold"), _remedies(answer["remedies"], answer["likely"])]
    if answer["assumptions"]:
        items.append(Text("\nAssumed: " + "; ".join(answer["assumptions"]) + ".", style="dim"))
    return Group(*items)


def _numbers(answer: dict[str, Any]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for name in ("", "connections", "what sets it", "how to check"):
        table.add_column(name, justify="right" if name == "connections" else "left", overflow="fold")
    g, likely, m = answer["guaranteed"], answer["likely"], answer["maximum"]
    warn = "" if g["nothing_fails"] else " An unlucky or hostile pattern can do this; it is no forecast."
    table.add_row("guaranteed", w.bounded(g), escape(g["sets_it"]) + "." + warn, "--certificate g.json, natbound check")
    interval = likely.get("interval")
    plus = f" (95 %: {w.count(interval[0])} to {w.count(interval[1])})" if interval and interval[0] != interval[1] else ""
    table.add_row(
        "likely",
        w.bounded(likely),
        f"mean live load at which the worst kind of traffic fails with probability {likely['epsilon']:g}{plus}: {escape(likely['method'])}",
        "natbound simulate",
    )
    table.add_row("maximum", w.bounded(m), escape(m["sets_it"]) + ".", "--certificate m.json, natbound check")
    return table


def _told_apart(changed: dict[str, Any], now: dict[str, Any]) -> str:
    """What is likely after a change, unless its interval and today's overlap: then the change does nothing that was seen."""
    a, b = changed.get("interval"), now.get("interval")
    if a and b and a[0] <= b[1] and b[0] <= a[1]:
        return "as now"
    return w.bounded(changed)


def _remedies(remedies: list[dict[str, Any]], now: dict[str, Any]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for name in ("", "guaranteed", "likely", "maximum", "refused"):
        table.add_column(name, justify="left" if name == "" else "right", overflow="fold")
    for r in remedies:
        text = f"[bold]{escape(r['name'])}[/bold]: [cyan]{escape(r['apply'])}[/cyan]"
        if r["breaks"]:
            text += f"\n[dim]but {escape(r['breaks'])}[/dim]"
        p = r["refusal_probability"]
        refused = w.probability(p["value"]) if p.get("value") is not None else f"< {w.probability(p.get('at_most'))}"
        table.add_row(text, w.bounded(r["guaranteed"]), _told_apart(r["likely"], now), w.bounded(r["maximum"]), refused)
    return table


def plain(answer: dict[str, Any], width: int) -> str:
    """The page as plain text of that width."""
    out = io.StringIO()
    Console(file=out, width=width, color_system=None, force_terminal=False).print(render(answer))
    return out.getvalue()
