"""A scenario as YAML for people: one line an entry, each with where its numbers come from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import yaml


def _flow(value: Any) -> str:
    """`value` on one line, quoted where YAML needs it."""
    text: str = yaml.safe_dump(value, default_flow_style=True, sort_keys=False, width=float("inf"), allow_unicode=True)
    return text.removesuffix("\n...\n").strip()


def _comment(text: str) -> str:
    return "# " + " ".join(text.split())


def to_yaml(scenario: Mapping[str, Any], report: list[str], notes: Mapping[tuple[str, int], list[str]]) -> str:
    """YAML that reads back as `scenario`; `report` becomes its heading, `notes` the remarks above entries."""
    lines = [_comment(line) for line in report]
    for key, value in scenario.items():
        if not isinstance(value, list):
            lines.append(f"{key}: {_flow(value)}")
            continue
        lines.append(f"{key}:")
        for i, entry in enumerate(value):
            lines += ["  " + _comment(note) for note in notes.get((key, i), [])]
            if key == "nats":
                for j, (name, part) in enumerate(entry.items()):
                    lines.append(f"  {'-' if j == 0 else ' '} {name}: {_flow(part)}")
            else:
                lines.append(f"  - {_flow(entry)}")
    return "\n".join(lines) + "\n"
