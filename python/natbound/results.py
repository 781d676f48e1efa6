"""Results as objects: the JSON that the library gives, with its keys as named fields."""

from __future__ import annotations

import gc
import html
import json
from collections.abc import Iterator, Mapping
from typing import Any


def number(value: Any) -> Any:
    """A count as an integer: counts above 2^53 travel as decimal text."""
    return int(value) if isinstance(value, str) and value.isdecimal() else value


def decoded(text: str) -> dict[str, Any]:
    """The JSON that the library gives. It holds no cycles, and of 20 MB the search for them takes longer than the reading."""
    searching = gc.isenabled()
    gc.disable()
    try:
        return dict(json.loads(text))
    finally:
        if searching:
            gc.enable()


class Result(Mapping[str, Any]):
    """A result: fields as attributes (`answer.maximum.connections`) or keys (`answer["maximum"]`).

    `to_json()` gives the same text as the command's `--json`. Dashes in keys are underscores in attributes.
    """

    def __init__(self, data: dict[str, Any]) -> None:
        self._data = data

    def __getitem__(self, key: str) -> Any:
        return self._data[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._data)

    def __len__(self) -> int:
        return len(self._data)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        for key in (name, name.replace("_", "-")):
            if key in self._data:
                return _wrap(key, self._data[key])
        raise AttributeError(f"no field {name}; there are {', '.join(sorted(self._data))}")

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *(key.replace("-", "_") for key in self._data)]

    def to_dict(self) -> dict[str, Any]:
        """The plain dictionary."""
        return self._data

    def to_json(self) -> str:
        """One JSON object, as `--json` prints it."""
        return json.dumps(self._data, indent=2)

    def __repr__(self) -> str:
        parts = [f"{key}={_short(value)}" for key, value in self._data.items() if key not in ("schema", "scenario")]
        return f"{type(self).__name__}({', '.join(parts)})"

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><th style='text-align:left'>{html.escape(key)}</th><td style='text-align:left'>{html.escape(_short(value))}</td></tr>"
            for key, value in self._data.items()
            if key not in ("schema", "scenario", "evidence")
        )
        return f"<table>{rows}</table>"


def _wrap(key: str, value: Any) -> Any:
    if isinstance(value, dict):
        return Result(value)
    if isinstance(value, list):
        return [_wrap(key, item) for item in value]
    return number(value) if key in ("connections", "at_least", "at_most") else value


def _short(value: Any) -> str:
    if isinstance(value, dict):
        if "connections" in value:
            return str(value["connections"])
        return "{" + ", ".join(list(value)[:4]) + (", ..." if len(value) > 4 else "") + "}"
    if isinstance(value, list):
        return f"[{len(value)} items]"
    text = str(value)
    return text if len(text) <= 70 else text[:67] + "..."
