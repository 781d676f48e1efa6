"""Writes docs/ledger.md from `natbound.ledger`: `python docs/make_ledger.py`."""

from __future__ import annotations

from pathlib import Path

from natbound.ledger import GROUPS, ROWS, Figure, Row

INTRODUCTION = """\
# The ledger

Made by `docs/make_ledger.py` from `natbound.ledger`. Worked examples that others published: {rows} sources, {figures} numbers. Every number is made again from the source's own factors by the
expression shown, and written as the source writes it. {follow} follow. {fit} fit: a factor is not printed beside them, and the round one that gives just this number is used.
{wrong} do not follow. Where a number follows from a factor that is itself off, the cell says what comes out rather.

Beside each stands what none of them gives: the probability that a new connection is refused. *Published* means rate and hold, or load, as the source has them; *assumed* means that the source
has a size and no traffic, and what was put in. Erlang B is the best case: Poisson arrivals, a search that tries every port. Real allocators may give up earlier; some rows have the chain of
32 random tries beside it. As in `docs/calculator.md`, load = rate x mean hold.

Sources were read in November 2026 in stored copies, of long ones the passage with the number; where that was not at the link itself, the row says where. Figures with *to the hundred* and the
like are printed as *about* so many. Numbers and short facts only; the words are ours.
"""


def made(figure: Figure) -> str:
    """How a number comes about."""
    text = f"`{figure.expression}`"
    if not figure.follows:
        text += f" = **{figure.computed()}**"
    if figure.but:
        text += f"; rather {figure.corrected()}: `{figure.but}`"
    if figure.why:
        text += f" ({figure.why})"
    return text + (", fitted" if figure.fitted else "")


def line(row: Row) -> str:
    """A row of the table."""
    source = f'<a id="{row.id}"></a>[{row.source}]({row.link})'
    if row.seen:
        source += f"; read in: {row.seen}"
    if row.note:
        source += f". {row.note}"
    published = "<br>".join(f"{'' if f.follows else '✗ '}{f.what}: **{f.printed}** {made(f)}" for f in row.figures)
    beside = "<br>".join(f"**{b.shown()}** {b.method}, `{b.expression}`; {b.given}" for b in row.beside)
    return f"| {source} | {published} | {beside} |"


def page() -> str:
    """The whole page."""
    figures = [(row, figure) for row in ROWS for figure in row.figures]
    wrong = [(row, figure) for row, figure in figures if not figure.follows]
    fit = sum(figure.fitted for _, figure in figures)
    counts = {"rows": len(ROWS), "figures": len(figures), "follow": len(figures) - len(wrong) - fit, "fit": fit, "wrong": len(wrong)}
    parts = [
        INTRODUCTION.format(**counts),
        "## Numbers that do not follow\n",
        "| source | number | printed | its factors give | why |",
        "|---|---|---|---|---|",
    ]
    parts += [f"| [{r.source}](#{r.id}) | {f.what} | {f.printed} | {f.computed()} | {f.why} |" for r, f in wrong]
    for title, rows in GROUPS.items():
        parts += [
            f"\n## {title}\n",
            "| source | published, and how it comes about | probability of refusal beside it |",
            "|---|---|---|",
            *map(line, rows),
        ]
    return "\n".join(parts) + "\n"


if __name__ == "__main__":
    Path(__file__).with_name("ledger.md").write_text(page(), encoding="utf-8")
