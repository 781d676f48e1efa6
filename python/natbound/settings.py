"""`--set PATH=VALUE`: one field of a scenario changed, for what-if questions (`nats.router.design=cilium`, `traffic.rate=900/s`).

An element of a list is meant by its name or its index; the only element of a list by neither. An empty VALUE takes the field away, which
leaves its default.
"""

from __future__ import annotations

import functools
import json
import re
from pathlib import Path
from typing import Any

from natbound import reading
from natbound.errors import InputError


def apply_settings(document: reading.Document, settings: list[str]) -> None:
    """Changes the document in place, one setting after another; an error names the setting and not the file's line."""
    for setting in settings:
        path, equals, text = setting.partition("=")
        keys = [key for key in re.split(r"[.\[\]]", path) if key]
        if not equals or not keys:
            raise InputError("PATH=VALUE is wanted", path="--set", value=f"'{setting}'", fix="--set nats.router.design=cilium")
        try:
            value = reading.parse(text).value if text.strip() else None
        except InputError as error:
            raise InputError(error.rule, path=f"--set {path}", value=f"'{text}'", fix=error.fix) from error
        document.settings[_Change(document, path, keys).make(value)] = f"--set {setting}"
    if settings:
        reading.inline_designs(document, Path.cwd())


class _Change:
    """One change: goes down the path, noting the full path on its way."""

    def __init__(self, document: reading.Document, path: str, keys: list[str]) -> None:
        self.document, self.path, self.keys = document, path, keys
        self.full = ""

    def make(self, value: Any) -> str:
        """Makes it; returns the field's full path."""
        at: Any = self.document.value
        *above, last = self.keys
        for key in above:
            at = self.below(at, key)
        if isinstance(at, list):
            index = self.element(at, last)
            if index is None:
                at = self.only(at)
            elif value is None:
                del at[index]
                self.document.forget_lines(self.full)
                return self.full
            else:
                at[index] = value
                return f"{self.full}[{index}]"
        if not isinstance(at, dict):
            raise self.error("has no fields", self.full or "the file")
        if value is None and last not in at and last not in known_fields():
            raise self.error("no such field to take away", last)
        if value is None:
            at.pop(last, None)
        else:
            at[last] = value
        return f"{self.full}.{last}" if self.full else last

    def below(self, at: Any, key: str) -> Any:
        """The value under one key of the path; made where it is not there."""
        if isinstance(at, list):
            index = self.element(at, key)
            if index is not None:
                self.full += f"[{index}]"
                return at[index]
            at = self.only(at)
        if not isinstance(at, dict):
            raise self.error("has no fields", self.full or "the file")
        if key.isdecimal():
            raise self.error(f"{self.full or 'the file'} has no entries here", key, "write the first into the file")
        if key not in at and at.get("name") == key:
            return at  # `clients.A.ports` where clients is one set and not a list
        self.full += f".{key}" if self.full else key
        if key == "design" and isinstance(at.get(key), str):
            at[key] = {"base": at[key]}  # an axis of a design given by name
        if at.get(key) is None:
            at[key] = {}
        return at[key]

    def only(self, items: list[Any]) -> Any:
        """The only element of a list, which the path passes over."""
        self.full += "[0]"
        return items[0]

    def element(self, items: list[Any], key: str) -> int | None:
        """Which element of a list is meant; None: the only one, and key is a field of it."""
        if key.isdecimal() and int(key) < len(items):
            return int(key)
        for i, item in enumerate(items):
            if isinstance(item, dict) and item.get("name") == key:
                return i
        is_field = key in known_fields() or any(isinstance(item, dict) and key in item for item in items)
        if len(items) == 1 and isinstance(items[0], dict) and is_field:
            return None
        if not items:
            raise self.error("the list is empty", key)
        if is_field:
            where = self.full or "the file"
            raise self.error(f"{where} has {len(items)} entries: which one?", key, f"say {self.choices(items, key)}")
        raise self.error("no such element", key, f"known: {self.choices(items)}")

    def choices(self, items: list[Any], key: str = "") -> str:
        """The paths of a list's elements, each with what it is where that is not its name."""
        out = []
        for i, item in enumerate(items[:6]):
            fields = item if isinstance(item, dict) else {}
            name = fields.get("name", i)
            text = f"{self.full}.{name}.{key}" if key else str(name)
            if "name" not in fields and "from" in fields:
                text += f" (from {_listed(fields['from'])} to {_listed(fields.get('to'))})"
            out.append(text)
        return (", " if not key else " or ").join(out) + (" ..." if len(items) > 6 else "")

    def error(self, rule: str, value: str, fix: str = "") -> InputError:
        return InputError(rule, path=f"--set {self.path}", value=f"'{value}'", fix=fix)


def _listed(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


@functools.cache
def known_fields() -> frozenset[str]:
    """Every field that occurs in the format of scenarios, designs included."""
    from natbound import _core

    found: set[str] = set()
    todo: list[Any] = [json.loads(_core.scenario_schema()), json.loads(_core.design_schema())]
    while todo:
        node = todo.pop()
        if isinstance(node, dict):
            found.update(node.get("properties", {}))
            todo += node.values()
        elif isinstance(node, list):
            todo += node
    return frozenset(found)
