"""An explanation, readable as text and as a table in Jupyter."""

from __future__ import annotations

import html
from typing import Any

from natbound import wording
from natbound.results import Result


class Explanation(Result):
    """Fields: `fits`, `reasons`, `changes` (the cheapest first), `not_enough`, `values`."""

    def __repr__(self) -> str:
        return "\n".join(lines(self.to_dict()))

    def _repr_html_(self) -> str:
        data = self.to_dict()
        rows = [("<b>why</b>", html.escape(r["sets_it"]), "") for r in data["reasons"]]
        rows += [("<b>would do</b>", html.escape(c["change"]), f"{c['cost']:g}") for c in data["changes"]]
        rows += [("<b>one more</b>", html.escape(worth(v)), "") for v in data["values"]]
        cells = "".join(
            "<tr>"
            + "".join(f"<td style='text-align:{side}'>{c}</td>" for side, c in zip(("left", "left", "right"), r, strict=True))
            + "</tr>"
            for r in rows
        )
        head = "<tr><th></th><th></th><th>cost</th></tr>" if data["changes"] else ""
        return f"<p>{html.escape(verdict(data))}</p><table>{head}{cells}</table>"


def verdict(data: dict[str, Any]) -> str:
    """Whether it fits, and what sets it."""
    return f"{wording.fits(data['demand'], data['fits'])}: {data['sets_it']}"


def worth(value: dict[str, Any]) -> str:
    """1 more public address for router: 64,512 more connections, and the same for each of the next 3."""
    gain, up_to = value["connections"], value["up_to"]
    out = f"{value['change']}: " + (f"{gain:,} more connection{'s' if gain != 1 else ''}" if gain else "nothing")
    if up_to is None:
        return out + ", however many"
    if up_to > 1:
        return out + f" for each of the first {up_to:,}" + ("" if value["ends"] else " at least")
    return out + (" (the next is worth something else)" if value["ends"] else "")


def lines(data: dict[str, Any]) -> list[str]:
    """The explanation as a page."""
    out = [verdict(data)]
    out += wording.left_out(data)
    if data["fits"]:
        return out
    out += ["", "Why"]
    for reason in data["reasons"]:
        out.append(f"  {reason['sets_it']}")
        names = [f"{w['without']['from']} to {w['without']['to']}" for w in reason["without"]]
        if len(names) > 1 and reason["minimal"]:
            some = ", ".join(names[:4]) + (f" or one of {len(names) - 4:,} others" if len(names) > 4 else "")
            out.append(f"    of these, any one left out ({some}) lets the others fit")
        elif reason["minimal"] is False:
            fewer = ", ".join(f"{p['from']} to {p['to']}" for p in reason["smaller"]["pairs"][:4])
            more = len(reason["smaller"]["pairs"]) - 4
            fewer += f" and {more:,} others" if more > 0 else ""
            out.append(f"    fewer of these do not fit already ({fewer}): OR-Tools CP-SAT says so, which has no certificate")
        elif reason["minimal"] is None:
            out.append("    whether some of these do not fit already is not settled")
    if not data["reasons"]:
        out.append("  not known yet: the limit came first")
    if data["more_reasons"]:
        out.append(f"  there are further reasons: --reasons {len(data['reasons']) + 1}")
    out += [
        "",
        "Each of these makes it fit (cheapest first)"
        if data["changes"]
        else "No change that was tried makes it fit"
        if "limit" not in data
        else "Changes were not all tried",
    ]
    out += [f"  {c['cost']:>10.4g}  {c['change']}" + ("" if c["smallest"] else " (fewer may do)") for c in data["changes"]]
    out += [f"  {one['why']}" for one in data["not_enough"] if one["kind"] == "several"]
    if data["values"]:
        out += ["", "What one more is worth to the maximum"]
        out += [f"  {worth(v)}" for v in data["values"]]
    if "limit" in data:
        out += ["", f"unknown beyond this: {data['limit']['says']}"]
    return out
