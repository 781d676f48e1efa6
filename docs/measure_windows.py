"""Prints how far `window_loss` is from plain simulations, as the table of docs/calculator.md.

python docs/measure_windows.py        # at once: the simulations are in tests/reference/window_loss*.csv, and how they were made
"""

from __future__ import annotations

import csv
import statistics
from collections.abc import Callable
from pathlib import Path

from natbound import calculator

REFERENCE = Path(__file__).resolve().parents[1] / "tests" / "reference"
TABLES = ("window_loss", "window_loss_rounds", "window_loss_many")
HARDEST = "window_loss_edge"
Row = dict[str, str]


def windows(row: Row) -> list[int]:
    return [int(w) for w in row["windows"].split("+")]


def times(row: Row) -> float:
    """So many ports as all windows together."""
    return int(row["ports"]) / sum(windows(row))


GROUPS: tuple[tuple[str, Callable[[Row], bool]], ...] = (
    ("one window (8 to 256)", lambda row: len(windows(row)) == 1),
    ("two rounds", lambda row: len(windows(row)) == 2),
    ("3 to 6 rounds, ports 30 to 60 times all windows", lambda row: len(windows(row)) > 2 and times(row) < 60),
    ("3 to 6 rounds, more ports", lambda row: len(windows(row)) > 2 and times(row) >= 60),
)


def rows(table: str) -> list[Row]:
    with (REFERENCE / f"{table}.csv").open() as lines:
        next(lines)
        return list(csv.DictReader(lines))


def error(row: Row) -> float | None:
    """Of the formula, over the simulation; nothing where it has no answer."""
    ports = int(row["ports"])
    try:
        found = calculator.window_loss(ports, float(row["load"]) * ports, windows(row), hold=row["hold"])  # type: ignore[arg-type]
    except ValueError:
        return None
    return float(found) / float(row["refused"]) - 1


def line(name: str, asked: list[Row]) -> str:
    found = [e for e in map(error, asked) if e is not None]
    typical = statistics.median(abs(e) for e in found)
    said = f"| {name} | {len(asked)} | {typical:.1%} | {min(found):+.1%} | {max(found):+.1%} | {len(asked) - len(found)} |"
    return said.replace("%", " %")


def table() -> list[str]:
    """The lines of the table."""
    out = ["| | rows | median error | lowest | highest | no answer |", "|---|---|---|---|---|---|"]
    drawn = [row for table in TABLES for row in rows(table)]
    for hold in ("exponential", "constant"):
        for name, holds in GROUPS:
            out.append(line(f"{hold} holds, {name}", [row for row in drawn if row["hold"] == hold and holds(row)]))
    for hold in ("exponential", "constant"):
        out.append(line(f"{hold} holds, the hardest", [row for row in rows(HARDEST) if row["hold"] == hold]))
    return out


if __name__ == "__main__":
    print("\n".join(table()))
