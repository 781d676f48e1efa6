"""A demand: a number of connections, a list of {from, to, connections}, a file with such a list, or a recorded table (`conntrack -L`)."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from natbound import _core, reading
from natbound.arguments import whole
from natbound.errors import InputError

if TYPE_CHECKING:
    from natbound.scenario import Scenario

Given = int | str | Path | Sequence[Mapping[str, Any]]
MOST = 10**30


@dataclass(frozen=True)
class Demand:
    """What is wanted, pair by pair, and what was left out of a recorded table."""

    pairs: list[dict[str, Any]]  # {from, to, connections}, each pair once
    outside: int = 0  # recorded connections that are between no sets of the scenario
    twice: int = 0  # recorded lines whose outside tuple comes again later
    lines: int = 0  # of a recorded table, in all
    not_counted: dict[str, int] = field(default_factory=dict)  # of these, by kind

    @property
    def left_out(self) -> dict[str, Any]:
        """What results say of it: `outside` and `twice`, where there is any; `lines` and `not_counted` (kind to number), where any is not."""
        told: dict[str, Any] = {name: n for name, n in (("outside", self.outside), ("twice", self.twice)) if n}
        return told | ({"lines": self.lines, "not_counted": self.not_counted} if self.not_counted else {})

    @property
    def json(self) -> str:
        """As the library reads it."""
        return json.dumps(self.pairs)

    @property
    def connections(self) -> int:
        """In all."""
        return sum(int(p["connections"]) for p in self.pairs)


def read_demand(scenario: Scenario, given: Given) -> Demand:
    """The demand by pairs. A number is shared as the traffic is, else evenly; text is a number or a file's name."""
    if hasattr(given, "__index__") and not isinstance(given, int):
        given = whole("demand", given)  # NumPy's
    if isinstance(given, bool) or not isinstance(given, (int, float, str, Path, Sequence)):
        raise InputError("a number, a list or a file is wanted", path="--demand", value=str(given))
    if isinstance(given, str) and re.fullmatch(r"\s*[-+]?[0-9][0-9_]*(\.[0-9]*)?([eE][-+]?[0-9]+)?\s*", given):
        given = number(given)
    if isinstance(given, int):
        if not 0 <= given <= MOST:
            raise InputError("a count is not negative" if given < 0 else "at most 10^30 connections", path="--demand", value=str(given))
        return Demand(json.loads(scenario._core.demand_of(str(given))))
    if isinstance(given, str) and not given.strip():
        raise InputError("a whole number of connections, or a file, is wanted", path="--demand", value=f"'{given}'")
    if isinstance(given, (str, Path)):
        from natbound import recorded

        table = recorded.pairs_of(scenario.written_out, given)
        if table is not None:
            pairs = _of_list(scenario, reading.Document(table.pairs, str(given))).pairs
            return Demand(pairs, table.outside, table.twice, table.lines, table.not_counted)
        return _of_list(scenario, reading.parse(reading.read_text(given), "<stdin>" if str(given) == "-" else str(given)))
    if isinstance(given, float):
        raise InputError("a whole number is wanted: connections can't be split", path="--demand", value=str(given))
    return _of_list(scenario, reading.Document([dict(item) if isinstance(item, Mapping) else item for item in copy.deepcopy(given)]))


def number(text: str) -> int:
    """A whole number of connections."""
    try:
        return int(text.strip())
    except ValueError:
        raise InputError("a whole number of connections, or a file, is wanted", path="--demand", value=f"'{text.strip()}'") from None


def _of_list(scenario: Scenario, document: reading.Document) -> Demand:
    for i, item in enumerate(document.value if isinstance(document.value, list) else []):
        n = item.get("connections") if isinstance(item, dict) else None
        if isinstance(n, int) and not isinstance(n, bool) and n >= 2**53:
            item["connections"] = str(n)  # exact in JSON, too
        elif isinstance(n, int) and not isinstance(n, bool) and n < 0:
            raise document.error(f"[{i}].connections", str(n), "a whole number of connections, 0 or more, is wanted")
    try:
        return Demand(json.loads(scenario._core.read_demand(document.to_json())))
    except _core.InputError as error:
        path, shown, rule, fix = error.args
        raise document.error(path, shown, rule, fix) from None
