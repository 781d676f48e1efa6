"""Writes docs/formats.md from the schema that the library exports: `python docs/make_formats.py`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from natbound import _core


def fields(schema: dict[str, Any], path: str, out: list[str]) -> None:
    """A line for each field, depth first."""
    options = [schema, *schema.get("anyOf", [])]
    lists = [o["items"] for o in options if "items" in o]
    for option in options:
        if option in lists:  # one by itself may stand for a list of one
            continue
        if "items" in option and "properties" not in option:
            fields(option["items"], path + "[]", out)
        for key, value in option.get("properties", {}).items():
            if "description" in value:
                out.append(f"| `{path}.{key}` | {value['description']} |")
                fields(value, f"{path}.{key}", out)


def page() -> str:
    """The whole page."""
    parts = ["# Formats\n", "Made by `docs/make_formats.py` from the schema (`natbound schema scenario`, `natbound schema design`).\n"]
    for title, text in (("Scenario", _core.scenario_schema()), ("Design", _core.design_schema())):
        out: list[str] = []
        schema = json.loads(text)
        if title == "Scenario":  # the design has a section of its own
            nat = next(o["items"] for o in schema["properties"]["nats"]["anyOf"] if "items" in o)
            nat["properties"]["design"].pop("anyOf")
        fields(schema, title.lower(), out)
        parts += [f"## {title}\n", "| field | meaning |", "|---|---|", *out, ""]
    return "\n".join(parts)


if __name__ == "__main__":
    Path(__file__).with_name("formats.md").write_text(page())
