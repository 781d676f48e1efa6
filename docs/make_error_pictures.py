"""Draws docs/pictures/error-*.png: the measured error of each formula that has a table in tests/reference, over its domain.

python docs/make_error_pictures.py [NAME...]        # needs the package and Matplotlib; a minute

What is drawn, from which table, and how far off each may be: docs/measured_formulas.py.
"""

from __future__ import annotations

import io
import math
import sys
from collections.abc import Sequence
from pathlib import Path

from measured_formulas import ACROSS, PICTURES, Panel, measured

FOLDER = Path(__file__).parent / "pictures"
FLOOR = 2.0**-54  # drawn for an error of 0
COLUMNS = 3


def draw(panels: Sequence[Panel], file: Path) -> None:
    """The panels in rows, as a small PNG; a dot an input, a line where the promise ends."""
    from matplotlib.figure import Figure
    from PIL import Image  # comes with Matplotlib

    rows = math.ceil(len(panels) / COLUMNS)
    figure = Figure(figsize=(10.5, 2.8 * rows), layout="constrained")
    axes = figure.subplots(rows, COLUMNS, squeeze=False).flat
    for ax, panel in zip(axes, panels, strict=False):
        found = measured(panel)
        x, ports, errors = zip(*found, strict=True)
        dots = ax.scatter(
            x, [max(e, FLOOR) for e in errors], c=[math.log10(p) for p in ports], vmin=0, vmax=7, s=3, cmap="viridis", linewidths=0
        )
        most = max(errors)
        ax.set_yscale("log")
        ax.set_ylim(3e-17, max(1e-8, 10 * most))
        if 0 < panel.within < math.inf:
            ax.axhline(panel.within, color="0.6", linewidth=0.8, linestyle="--")
        ax.set_xscale("symlog", linthresh=1) if panel.across == "deviations" else ax.set_xscale("log")
        said = "exact" if most == 0 else f"at most {most:.1e}{'' if panel.relative_to == 'value' else f' of {panel.relative_to}'}"
        ax.set_title(f"{panel.formula}: {said} ({len(found):,})", fontsize=8)
        ax.set_xlabel(ACROSS[panel.across][0], fontsize=7)
        ax.tick_params(labelsize=6)
        ax.grid(alpha=0.3, linewidth=0.5)
    for ax in axes:
        ax.axis("off")
    figure.colorbar(dots, ax=figure.axes, label="log10 of the ports", shrink=0.6).ax.tick_params(labelsize=6)
    png = io.BytesIO()
    figure.savefig(png, format="png", dpi=80)
    Image.open(png).convert("RGB").quantize(64).save(file, optimize=True)


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    for name in sys.argv[1:] or PICTURES:
        draw(PICTURES[name], FOLDER / f"error-{name}.png")


if __name__ == "__main__":
    main()
