"""Traffic that is known as a range: each page says of which end its numbers are; and bounds are not told as values."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from natbound.cli import main

TOP = {
    "clients": [{"name": "a", "addresses": "10.0.0.0/28"}],
    "nats": [{"name": "n", "inside": ["a"], "external-ip-address-pool": "203.0.113.9", "design": "ideal",
              "port-set-restrict": {"start-port-number": 1024, "end-port-number": 1123}}],
    "servers": [{"name": "s", "addresses": "198.51.100.0/27", "ports": 443}],
    "traffic": [{"from": "a", "to": "s", "rate": "3/s", "hold": "60s", "top-share": "10%-60%"}],
}  # fmt: skip


def page(arguments: list[str], scenario: dict[str, Any], tmp_path: Path, monkeypatch: Any, capsys: Any) -> str:
    file = tmp_path / "s.json"
    file.write_text(json.dumps(scenario))
    monkeypatch.setattr(sys, "argv", ["natbound", arguments[0], str(file), *arguments[1:]])
    with pytest.raises(SystemExit):
        main()
    return str(capsys.readouterr().out)


@pytest.mark.parametrize("command", ["risk", "size", "alert", "rules"])
def test_the_end_of_a_range_is_told(command: str, tmp_path: Path, monkeypatch: Any, capsys: Any) -> None:
    told = "this is of a busiest destination with 60% of it"
    assert told in page([command], TOP, tmp_path, monkeypatch, capsys)
    sure = {**TOP, "traffic": [{**TOP["traffic"][0], "top-share": "60%"}]}
    assert told not in page([command], sure, tmp_path, monkeypatch, capsys)


def test_bounds_of_a_kind_are_told_as_bounds(tmp_path: Path, monkeypatch: Any, capsys: Any) -> None:
    """Ports and a table that all destinations share: between bounds, too rare to be simulated."""
    scenario = {**TOP, "nats": [{**TOP["nats"][0], "connection-limits": {"limit-per-instance": 130}}],
                "servers": [{"name": "s", "addresses": "198.51.100.0/31", "ports": 443}],
                "traffic": [{"from": "a", "to": "s", "rate": "1.3/s", "hold": "60s", "top-share": "80%"}]}  # fmt: skip
    out = page(["risk", "--tries", "1"], scenario, tmp_path, monkeypatch, capsys)
    kinds = [line for line in out.splitlines() if line.startswith("  a to s")]
    assert "(bounds:" in out
    assert any(": between " in line for line in kinds)
