"""The page that `natbound answer` prints: the verdict on the operator's own traffic first, then the three numbers, what failure looks like and
what would help."""

from __future__ import annotations

import io
from typing import Any

from rich.console import Console, Group
from rich.markup import escape
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from natbound import wording as w


def verdict(answer: dict[str, Any]) -> str:
    """One or two sentences on the scenario's own traffic."""
    t, likely, maximum = answer["traffic"], answer["likely"], answer["maximum"]
    if t.get("unknown"):
        return f"How likely a refusal is can't be worked out here: {t['unknown']}."
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
    elif t["given"] and t.get("room") and not _own_ports(answer):
        room = t["room"]
        parts.append(
            f"room for {room:.2g} times as much before {w.scientific(likely['epsilon'])}"
            if room >= 1
            else f"that is {1 / room:.2g} times what keeps every kind of traffic below {w.scientific(likely['epsilon'])}"
        )
    text = "; ".join(parts) + "."
    if own := _own_ports(answer):
        text += own
    elif where and not likely.get("nothing_refuses"):
        text += f" First to fail: {where}."
    return text


def _own_ports(answer: dict[str, Any]) -> str:
    """Where the clients' own ports run out before anything else: at what traffic, and how often at this one."""
    first = answer.get("first_limit")
    if not first or first["kind"] != "sockets":
        return ""
    now = next((x["refusal_probability"] for x in answer["limits"] if x["name"] == first["name"] and "refusal_probability" in x), 0)
    at = f"; now {w.probability(now)} of its connections find none free" if now > answer["likely"]["epsilon"] else ""
    return f" First to run out: {first['name']}, at {first['factor']:.3g} times the traffic{at}."


def _refusals(answer: dict[str, Any]) -> str:
    p = answer["traffic"]["refusal_probability"]
    if p.get("value") is not None and p["value"] == 0:
        return "no refusals"
    if p.get("value") is not None:
        return f"{w.probability(p['value'])} refused, about {w.per_day(answer['traffic']['refusals_per_day'])} a day"
    return f"fewer than {w.per_day(answer['traffic']['refusals_per_day'])} refusals a day"


def render(answer: dict[str, Any], width: int = 100) -> Group:
    """The page as Rich renderables; the width says how much of the assumptions fits in two lines."""
    t = answer["traffic"]
    odds = t.get("refusal_probability") or {}
    bad = (odds.get("value") or 0) > answer["likely"]["epsilon"] and t["given"]
    items: list[Any] = [Text(verdict(answer), style="bold red" if bad else "bold green")]
    first = t.get("seconds_to_first_refusal") or {}
    if t["given"] and first:
        items.append(Text(f"First refusal {w.first_refusal(first)}."))
    for watch in answer["watch"]:
        items.append(Text.assemble("Watch ", (watch["counter"], "cyan"), f" ({watch['command']})" if watch["command"] else ""))
    items += [Text(), _numbers(answer)]
    items.append(Text.assemble(("Check: ", "dim"), "natbound answer SCENARIO --number maximum --certificate c.json; natbound check c.json"))
    items += [Text(line) for line in limits_in_order(answer)]
    if answer["failure"]:
        items.append(Text("\nWhen it fails", style="bold"))
        items += [Padding(Text(text), (0, 0, 0, 2)) for text in dict.fromkeys(line["text"] for line in answer["failure"])]
    if answer["remedies"]:
        items += [Text(), *_remedies(answer)]
    if answer["assumptions"]:
        items.append(Text("\n" + assumed(answer["assumptions"], width), style="dim"))
    return Group(*items)


def limits_in_order(answer: dict[str, Any]) -> list[str]:
    """Which limit the traffic meets first as it grows, how far off the next is, and what a client sees: where more than ports can refuse."""
    first = answer.get("first_limit")
    limits = answer.get("limits") or []
    others = any(limit["kind"] in ("quota", "table", "memory", "rate", "packets") for limit in limits)
    if not first or not (others or first["kind"] == "sockets"):
        return []
    lines = [
        "",
        f"Limits, by the factor on the traffic at which each refuses {w.scientific(answer.get('epsilon') or answer['likely']['epsilon'])}:",
    ]
    shown = [limit for limit in limits if limit["binds"] != "maximum" and _matters(limit, first)][:5]
    for limit in shown:
        odds = limit.get("refusal_probability")
        now = f" (now {w.probability(odds)})" if odds is not None and odds > 1e-300 else ""
        lines.append(f"  x {limit['headroom']:<8.3g} {limit['name'].rstrip('.')}{now}: {limit['failure']}")
    return lines


def _matters(limit: dict[str, Any], first: dict[str, Any]) -> bool:
    """The clients' own ports are seldom scarce: they are shown where they are first, or where somebody asked for TIME-WAIT."""
    return limit["kind"] != "sockets" or limit["name"] == first["name"] or "TIME-WAIT" in limit["name"]


def assumed(assumptions: list[str], width: int) -> str:
    """What was assumed, in two lines: what is said of several things once, and where to read what does not fit."""
    about: dict[str, list[str]] = {}
    for text in assumptions:
        subject, colon, rest = text.partition(": ")
        about.setdefault(rest if colon else text, []).extend([subject] if colon else [])
    texts = [f"{', '.join(subjects)}: {text}" if subjects else text for text, subjects in about.items()]
    texts.sort(key=len)  # the most of them
    room = 2 * width - 12
    taken: list[str] = []
    for i, text in enumerate(texts):
        left = len(texts) - i - 1
        if taken and sum(len(x) + 2 for x in [*taken, text]) + 10 + (24 if left else 0) > room:
            return f"Assumed: {'; '.join(taken)}; and {left + 1} more (--json)."
        taken.append(text)
    return f"Assumed: {'; '.join(taken)}."


def _range(bounds: list[float | None]) -> str:
    high = bounds[1]
    return f"That is with the largest share guessed for the busiest destination; with the least, {'nothing refuses' if high is None else w.count(high)}."


def _numbers(answer: dict[str, Any]) -> Table:
    table = Table(box=None, pad_edge=False, show_header=False, padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True, style="bold")
    table.add_column(no_wrap=True, justify="right", style="bold")
    table.add_column(overflow="fold")
    g, likely, m = answer["guaranteed"], answer["likely"], answer["maximum"]
    if g.get("unknown"):
        table.add_row("guaranteed", "unknown", escape(g["unknown"]) + ".")
    else:
        sets = escape(g["sets_it"].split("; fewer can't")[0])
        warn = "" if g["nothing_fails"] else " [dim]An unlucky or hostile pattern can do this; it is no forecast.[/dim]"
        table.add_row("guaranteed", w.bounded(g), f"{sets}.{warn}")
    if likely.get("unknown"):
        table.add_row("likely", "unknown", escape(likely["unknown"]) + ".")
    elif likely.get("nothing_refuses"):
        table.add_row("likely", w.bounded(likely), escape(likely["method"]) + ".")
    else:
        interval = likely.get("interval")
        plus = f" (95 %: {w.count(interval[0])} to {w.count(interval[1])})" if interval and interval[0] != interval[1] else ""
        text = f"mean live load at which the worst kind of traffic fails with probability {w.scientific(likely['epsilon'])}{plus}."
        if likely.get("range"):
            text += f" {_range(likely['range'])}"
        table.add_row("likely", w.bounded(likely), f"{text} [dim]By {escape(likely['method'])}.[/dim]")
    table.add_row("maximum", w.bounded(m), escape(m["sets_it"].rstrip(".")) + ".")
    return table


def _told_apart(changed: dict[str, Any], now: dict[str, Any]) -> str:
    """What is likely after a change, unless its interval and today's overlap: then the change does nothing that was seen."""
    a, b = changed.get("interval"), now.get("interval")
    if a and b and a[0] <= b[1] and b[0] <= a[1]:
        return "as now"
    return w.bounded(changed)


def _remedies(answer: dict[str, Any]) -> list[Any]:
    """A line of numbers for each, and below it, in the page's whole width, the exact line to apply and what it breaks."""
    rows = [("as it is", answer, answer["traffic"]["refusal_probability"])]
    rows += [(r["name"], r, r["refusal_probability"]) for r in answer["remedies"]]
    cells = [["What would help", "guaranteed", "likely", "maximum", "refused"]]
    for name, numbers, p in rows:
        refused = w.probability(p["value"]) if p.get("value") is not None else f"< {w.probability(p.get('at_most'))}"
        likely = w.bounded(numbers["likely"]) if numbers is answer else _told_apart(numbers["likely"], answer["likely"])
        cells.append([name, w.bounded(numbers["guaranteed"]), likely, w.bounded(numbers["maximum"]), refused])
    wide = [max(len(row[i]) for row in cells) for i in range(5)]
    out: list[Any] = []
    for i, row in enumerate(cells):
        line = row[0].ljust(min(wide[0], 30)) + "".join("  " + row[k].rjust(wide[k]) for k in range(1, 5))
        out.append(Text(line, style="bold" if i != 1 else ""))
        if i > 1:
            remedy = answer["remedies"][i - 2]
            out.append(Padding(Text(remedy["apply"], style="cyan"), (0, 0, 0, 2)))
            if remedy["breaks"]:
                out.append(Padding(Text(f"but {remedy['breaks']}", style="dim"), (0, 0, 0, 2)))
    return out


def plain(answer: dict[str, Any], width: int) -> str:
    """The page as plain text of that width."""
    out = io.StringIO()
    Console(file=out, width=width, color_system=None, force_terminal=False).print(render(answer, width))
    return "".join(line.rstrip() + "\n" for line in out.getvalue().splitlines())


def show(answer: dict[str, Any]) -> None:
    """Prints the page: in colour and as wide as the terminal (to 120 columns, for lines that an eye can follow), or as plain text."""
    console = Console()
    width = min(console.width, 120)
    if console.is_terminal:
        console.print(render(answer, width), width=width)
    else:
        print(plain(answer, width), end="")
