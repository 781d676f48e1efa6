"""docs/make_error_pictures.py measures what it says, of every table, and the page shows its pictures."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]


def script() -> Any:
    spec = importlib.util.spec_from_file_location("make_error_pictures", ROOT / "docs" / "make_error_pictures.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


SCRIPT = script()
PANELS = [pytest.param(panel, id=panel.formula) for panels in SCRIPT.PICTURES.values() for panel in panels]


@pytest.mark.parametrize("panel", PANELS)
def test_every_panel_has_points_and_small_errors(panel: Any) -> None:
    found = SCRIPT.measured(panel)
    rows = sum(1 for _ in SCRIPT.rows(panel.table))
    assert len(found) > (0.25 if panel.table == "attempts" else 0.4) * rows
    assert max(error for *_, error in found) < 1e-9


def test_no_table_is_left_out_and_the_page_has_the_pictures() -> None:
    used = {panel.table for panels in SCRIPT.PICTURES.values() for panel in panels}
    exact = {"ports"}  # whole numbers, all equal
    simulated = {
        "window_loss",
        "window_loss_many",
        "window_patterns",
    }  # their errors are those of simulation: tests/cpp/calculator/test_window_loss.cpp
    assert used | exact | simulated == {file.stem for file in (ROOT / "tests" / "reference").glob("*.csv")}
    page = (ROOT / "docs" / "calculator.md").read_text(encoding="utf-8")
    for name in SCRIPT.PICTURES:
        assert f"(pictures/error-{name}.png)" in page
        assert (ROOT / "docs" / "pictures" / f"error-{name}.png").stat().st_size < 100_000
