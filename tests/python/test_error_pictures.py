"""Every formula against its table of truth (docs/measured_formulas.py), and the page that shows the errors as pictures."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from natbound import calculator

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "docs"))
sys.path.insert(0, str(Path(__file__).parent))

from measured_formulas import PICTURES, Panel, measured, rows
from test_inverses import INVERSES as ASKED_FORWARD

ROOT = Path(__file__).resolve().parents[2]
ALL = [panel for panels in PICTURES.values() for panel in panels]

# What is known by simulation only: tests/cpp/calculator/test_window_loss.cpp, tests/python/test_window_refusal.py, test_evicted.py, tests/reference/make_maxima.py. The inverses of what is measured are
# held to it by test_inverses.py.
SIMULATED = {"window_loss", "window_refusal", "mean_maximum", "load_from_maximum", "cut_probability"}
SIMULATED_TABLES = {
    "packets",
    "window_loss",
    "window_loss_edge",
    "window_loss_many",
    "window_loss_rounds",
    "window_outside",
    "window_patterns",
}
INVERSES = {"keep_alive_for", "scale_for_packets", *(set(ASKED_FORWARD) - {"subscribers_for"})}


@pytest.mark.parametrize("panel", [pytest.param(panel, id=f"{panel.formula} {panel.table}") for panel in ALL])
def test_every_formula_keeps_its_promise(panel: Panel) -> None:
    found = measured(panel)
    assert len(found) >= 6
    worst = max(found, key=lambda dot: dot[2])
    assert worst[2] <= panel.within, worst


def test_no_formula_is_left_out() -> None:
    functions = {name for name in calculator.__all__ if not name[0].isupper()}
    assert functions - {panel.function for panel in ALL} == SIMULATED | INVERSES


def test_no_table_is_left_out_and_no_fact_of_a_table() -> None:
    tables = {file.stem for file in (ROOT / "tests" / "reference").glob("*.csv")}
    assert {panel.table for panel in ALL} | SIMULATED_TABLES == tables
    for table in {panel.table for panel in ALL}:
        panels = [panel for panel in ALL if panel.table == table]
        unread = [row for row in rows(table) if "formula" in row and not any(panel.only(row) for panel in panels)]
        assert not unread, unread[0]


@pytest.mark.parametrize("name", PICTURES)
def test_the_page_shows_every_picture(name: str) -> None:
    page = (ROOT / "docs" / "calculator.md").read_text(encoding="utf-8")
    assert f"(pictures/error-{name}.png)" in page
    assert (ROOT / "docs" / "pictures" / f"error-{name}.png").stat().st_size < 150_000
