"""The command line, called inside the test's process."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import pytest
from natbound.cli import main


def is_refused(arguments: Sequence[str], message: str, monkeypatch: Any, capsys: Any) -> None:
    """A wrong call: status 2, and one line that says what is wrong."""
    monkeypatch.setattr(sys, "argv", ["natbound", *arguments])
    with pytest.raises(SystemExit) as stopped:
        main()
    assert stopped.value.code == 2
    said = capsys.readouterr().err
    assert message in said
    assert said.count("\n") == 1
