"""Allocator designs: the catalogue, and what can be proved of a design."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from natbound import _core, reading
from natbound.results import Result


class Design:
    """How a NAT picks the external endpoint, as a value over a few axes (docs/designs.md)."""

    def __init__(self, value: dict[str, Any] | reading.Document) -> None:
        document = value if isinstance(value, reading.Document) else reading.Document(value)
        try:
            self._text = _core.parse_design(document.to_json())
        except _core.InputError as error:
            path, shown, rule, fix = error.args
            raise document.error(path, shown, rule, fix) from None

    @classmethod
    def load(cls, path: str | Path) -> Design:
        """The design of a YAML or JSON file."""
        return cls(reading.read(path))

    def to_dict(self) -> dict[str, Any]:
        """Every axis, written out: a design file."""
        return dict(json.loads(self._text))

    def check(self, properties: str | list[str] = "unique") -> Result:
        """Proves or refutes properties; each has `verdict` (holds, fails, unknown), `scope`, and `evidence` or `trace`."""
        names = [properties] if isinstance(properties, str) else properties
        try:
            return Result(json.loads(_core.check_design(self._text, names)))
        except _core.InputError as error:
            path, shown, rule, fix = error.args
            raise reading.Document(None).error(path, shown, rule, fix) from None

    @property
    def name(self) -> str:
        """The design's name."""
        return str(self.to_dict()["name"])

    def __repr__(self) -> str:
        d = self.to_dict()
        return f"Design({d['name']}: {d['summary']})"


class Unknown(KeyError):
    """A KeyError that prints its message, and not the message's repr."""

    def __str__(self) -> str:
        return str(self.args[0])


class Catalogue(Mapping[str, Design]):
    """The designs that natbound knows, by name: `natbound.designs["linux-masquerade"]`."""

    def __getitem__(self, name: str) -> Design:
        for text in _core.catalogue():
            if json.loads(text)["name"] == name:
                return Design(json.loads(text))
        raise Unknown(f"no such design: {name!r}; known: {', '.join(self)}")

    def __iter__(self) -> Iterator[str]:
        return iter([str(json.loads(text)["name"]) for text in _core.catalogue()])

    def __len__(self) -> int:
        return len(_core.catalogue())

    def __repr__(self) -> str:
        return f"designs({', '.join(self)})"


designs = Catalogue()
