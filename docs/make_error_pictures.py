"""Draws docs/pictures/error-*.png: the measured relative error of each formula that has a table in tests/reference, over its domain.

python docs/make_error_pictures.py        # needs the package and Matplotlib; half a minute
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from natbound import calculator as c

ROOT = Path(__file__).parents[1]
REFERENCE = ROOT / "tests" / "reference"
LEAST = 1e-300  # a true value below this is no double to compare
FLOOR = 2.0**-54  # drawn for an error of 0

Row = dict[str, Any]


class Panel(NamedTuple):
    """One formula, one column of a table."""

    formula: str
    table: str
    column: str
    of: Callable[[Row], float]
    across: str = "deviations"  # what the horizontal axis is
    only: Callable[[Row], bool] = lambda row: True


def _deviations(row: Row) -> float:
    """How many standard deviations the load lies above the ports."""
    return float((row["load"] - row["ports"]) / math.sqrt(max(row["ports"], row["load"])))


ACROSS: dict[str, tuple[str, Callable[[Row], float]]] = {
    "deviations": ("(load - ports) / √max", _deviations),
    "target": ("target", lambda row: row["target"]),
    "alpha": ("load of an idle source", lambda row: row["alpha"]),
    "load": ("load", lambda row: row["load"]),
    "time": ("time, in mean holds", lambda row: row["time"]),
}


def _start(row: Row) -> Any:
    return row["start"]


def _transient(row: Row) -> dict[str, Any]:
    return {"start_load": row["start_load"]} if row["start_load"] else {"start": row["start"]}


PICTURES: dict[str, tuple[Panel, ...]] = {
    "loss": (
        Panel("erlang_b", "erlang_b", "erlang_b", lambda r: c.erlang_b(r["ports"], r["load"])),
        Panel("log_erlang_b", "erlang_b", "log_erlang_b", lambda r: c.log_erlang_b(r["ports"], r["load"])),
        Panel("erlang_b_load_derivative", "erlang_b", "load_derivative", lambda r: c.erlang_b_load_derivative(r["ports"], r["load"])),
        Panel("log_erlang_b_load_derivative", "slopes", "log_load_derivative", lambda r: c.log_erlang_b_load_derivative(r["ports"], r["load"])),
        Panel("log_erlang_b_ports_derivative", "slopes", "log_ports_derivative", lambda r: c.log_erlang_b_ports_derivative(r["ports"], r["load"])),
        Panel("log(refusal_probability)", "attempts", "log_refusal", lambda r: math.log(c.refusal_probability(r["ports"], r["tries"], r["load"])),
              only=lambda r: r["draws"] == "with" and r["log_refusal"] > -690),
    ),
    "waiting": (
        Panel("erlang_c", "erlang_c", "erlang_c", lambda r: c.erlang_c(r["ports"], r["load"])),
        Panel("log_erlang_c", "erlang_c", "log_erlang_c", lambda r: c.log_erlang_c(r["ports"], r["load"])),
        Panel("log_erlang_c_load_derivative", "erlang_c", "log_load_derivative", lambda r: c.log_erlang_c_load_derivative(r["ports"], r["load"])),
        Panel("log_erlang_c_ports_derivative", "erlang_c", "log_ports_derivative", lambda r: c.log_erlang_c_ports_derivative(r["ports"], r["load"])),
        Panel("finite_queue(...).log_loss", "finite_queue", "log_loss", lambda r: c.finite_queue(r["room"], r["load"], service=r["service"]).log_loss, "load"),
        Panel("finite_queue(...).length", "finite_queue", "length", lambda r: c.finite_queue(r["room"], r["load"], service=r["service"]).length, "load"),
    ),
    "sizing": (
        Panel("load_for", "loads", "erlang_b", lambda r: c.load_for(r["ports"], r["target"]), "target"),
        Panel("load_for_waiting", "loads", "erlang_c", lambda r: c.load_for_waiting(r["ports"], r["target"]), "target", lambda r: r["target"] < 1),
        Panel("engset_time_congestion", "engset", "time", lambda r: c.engset_time_congestion(r["sources"], r["ports"], r["alpha"]), "alpha"),
        Panel("log_engset_time_congestion", "engset", "log_time", lambda r: c.log_engset_time_congestion(r["sources"], r["ports"], r["alpha"]), "alpha"),
        Panel("engset_call_congestion", "engset", "call", lambda r: c.engset_call_congestion(r["sources"], r["ports"], r["alpha"]), "alpha"),
        Panel("log_engset_call_congestion", "engset", "log_call", lambda r: c.log_engset_call_congestion(r["sources"], r["ports"], r["alpha"]), "alpha"),
    ),
    "over-time": (
        Panel("log_first_passage_mean, full", "first_passage", "log_full", lambda r: c.log_first_passage_mean(r["ports"], r["load"], event="full")),
        Panel("log_first_passage_mean, refusal", "first_passage", "log_first_refusal", lambda r: c.log_first_passage_mean(r["ports"], r["load"])),
        Panel("first_passage_cdf", "passage_law", "cdf",
              lambda r: c.first_passage_cdf(r["ports"], r["load"], r["time"], start=_start(r), event=r["event"]), "time"),
        Panel("first_passage_survival", "passage_law", "survival",
              lambda r: c.first_passage_survival(r["ports"], r["load"], r["time"], start=_start(r), event=r["event"]), "time"),
        Panel("transient_full_probability", "transient", "full",
              lambda r: c.transient_full_probability(r["ports"], r["load"], r["time"], **_transient(r)), "time"),
        Panel("transient_mean", "transient", "mean", lambda r: c.transient_mean(r["ports"], r["load"], r["time"], **_transient(r)), "time"),
    ),
}  # fmt: skip


def rows(name: str) -> Iterator[Row]:
    """A table's rows, numbers as numbers."""
    with (REFERENCE / f"{name}.csv").open() as lines:
        next(lines)
        for row in csv.DictReader(lines):
            yield {key: _number(text) for key, text in row.items()}


def _number(text: str) -> Any:
    try:
        return float(text)
    except ValueError:
        return text


def measured(panel: Panel) -> list[tuple[float, float, float]]:
    """(across, ports, relative error) of each row that has a double as its true value."""
    across, found = ACROSS[panel.across][1], []
    for row in rows(panel.table):
        want = row[panel.column]
        if not panel.only(row) or not math.isfinite(want) or not abs(want) > LEAST:
            continue
        found.append((across(row), max(1.0, row.get("ports", row.get("room", 1.0))), abs(float(panel.of(row)) / want - 1)))
    return found


def draw(panels: Sequence[Panel], file: Path) -> None:
    """The panels side by side, as a small PNG."""
    from matplotlib.figure import Figure
    from PIL import Image  # comes with Matplotlib

    figure = Figure(figsize=(10.5, 5.6), layout="constrained")
    for ax, panel in zip(figure.subplots(2, 3).flat, panels, strict=True):
        found = measured(panel)
        x, ports, errors = zip(*found, strict=True)
        dots = ax.scatter(
            x, [max(e, FLOOR) for e in errors], c=[math.log10(p) for p in ports], vmin=0, vmax=7, s=3, cmap="viridis", linewidths=0
        )
        ax.set_yscale("log")
        ax.set_ylim(3e-17, 1e-8)
        ax.set_xscale("symlog", linthresh=1) if panel.across == "deviations" else ax.set_xscale("log")
        ax.set_title(f"{panel.formula}: at most {max(errors):.1e}", fontsize=8)
        ax.set_xlabel(ACROSS[panel.across][0], fontsize=7)
        ax.tick_params(labelsize=6)
        ax.grid(alpha=0.3, linewidth=0.5)
    figure.colorbar(dots, ax=figure.axes, label="log10 of the ports", shrink=0.6).ax.tick_params(labelsize=6)
    png = io.BytesIO()
    figure.savefig(png, format="png", dpi=80)
    Image.open(png).convert("RGB").quantize(64).save(file, optimize=True)


def main() -> None:
    folder = ROOT / "docs" / "pictures"
    folder.mkdir(exist_ok=True)
    for name, panels in PICTURES.items():
        draw(panels, folder / f"error-{name}.png")


if __name__ == "__main__":
    main()
