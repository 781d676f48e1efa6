"""Pictures and notebook tables, made of the numbers in a result."""

from __future__ import annotations

import base64
import html
import io
from typing import Any

from natbound import wording as w
from natbound.arguments import result_of
from natbound.page import verdict


def plot_answer(answer: dict[str, Any], ax: Any = None) -> Any:
    """Refusal probability against load, with guaranteed, likely and maximum marked. Returns the axes."""
    from matplotlib.figure import Figure

    result_of("answer", answer)
    if ax is None:
        figure = Figure(figsize=(7, 4), layout="constrained")
        ax = figure.subplots()
    likely = answer["likely"]
    points = [(load, p) for load, p in likely.get("curve", []) if p > 0]
    if points:
        ax.semilogy(
            [x for x, _ in points],
            [y for _, y in points],
            marker=".",
            color="tab:blue",
            label="worst kind of traffic",
        )
        ax.axhline(likely["epsilon"], color="gray", linewidth=0.8, linestyle=":")
        ax.annotate(
            f"{likely['epsilon']:g}",
            (0, likely["epsilon"]),
            xytext=(2, 2),
            textcoords="offset points",
            fontsize=8,
        )
    for name, colour in (("guaranteed", "tab:red"), ("likely", "tab:orange"), ("maximum", "tab:green")):
        value = answer[name].get("connections")
        if value is not None:
            ax.axvline(float(value), color=colour, label=f"{name}: {w.count(value)}")
    if answer["traffic"]["given"] and "load" in answer["traffic"]:
        load = answer["traffic"]["load"]
        ax.axvline(load, color="black", linestyle="--", label=f"your traffic: {w.count(load)}")
    ax.set_xlabel("mean number of live connections offered")
    ax.set_ylabel("probability that a new one fails")
    ax.set_xlim(left=0)
    ax.legend(fontsize=8)
    return ax


def answer_html(answer: dict[str, Any]) -> str:
    """The verdict, the three numbers as a table, and the picture where Matplotlib is installed."""
    rows = "".join(
        f"<tr><th style='text-align:left'>{name}</th><td>{html.escape(w.bounded(answer[name]))}</td>"
        f"<td style='text-align:left'>{html.escape(text)}</td></tr>"
        for name, text in (
            ("guaranteed", answer["guaranteed"].get("unknown") or answer["guaranteed"]["sets_it"]),
            (
                "likely",
                answer["likely"].get("unknown") or f"at probability {answer['likely']['epsilon']:g}: {answer['likely']['method']}",
            ),
            ("maximum", answer["maximum"]["sets_it"]),
        )
    )
    out = f"<p><b>{html.escape(verdict(answer))}</b></p><table>{rows}</table>"
    try:
        from matplotlib.figure import Figure
    except ImportError:
        return out + "<p>(pip install 'natbound[notebook]' for the picture)</p>"
    figure = Figure(figsize=(7, 4), layout="constrained")
    plot_answer(answer, figure.subplots())
    png = io.BytesIO()
    figure.savefig(png, format="png", dpi=90)
    return out + f"<img alt='refusal probability against load' src='data:image/png;base64,{base64.b64encode(png.getvalue()).decode()}'>"
