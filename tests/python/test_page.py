"""The page that `natbound answer` prints: nothing cut off, no line too long, readable without colour."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import natbound
import pytest
from natbound.page import assumed, plain

EXAMPLES = Path(__file__).parents[2] / "examples"
COMMAND = [sys.executable, "-c", "from natbound.cli import main; main()", "answer"]


@pytest.fixture(scope="module")
def answers() -> dict[str, dict[str, Any]]:
    return {name: natbound.load(EXAMPLES / f"{name}.yaml").answer().to_dict() for name in ("home-lan", "cloud-nat", "stateless-router")}


@pytest.mark.parametrize("width", [60, 80, 120])
def test_every_width(answers: dict[str, dict[str, Any]], width: int) -> None:
    for answer in answers.values():
        page = plain(answer, width)
        lines = page.splitlines()
        assert max(map(len, lines)) <= width
        assert all(line == line.rstrip() for line in lines)
        assert "\x1b" not in page
        assert "\u2026" not in page  # what Rich cuts off ends so
        assert page.isascii()
        words = " ".join(page.split())
        for remedy in answer["remedies"]:
            assert remedy["apply"] in words
            assert remedy["breaks"] in words
        for line in answer["failure"]:
            assert line["text"] in words
        assert answer["maximum"]["sets_it"] in words
        if width >= 80:
            assert len(lines) <= 45  # no more than a screen or so
            block = run_of_text = 0
            for line in lines:
                run_of_text = run_of_text + 1 if line.startswith("    ") else 0
                block = max(block, run_of_text)
            assert block <= 6  # no wall of text


def test_the_numbers_can_be_compared(answers: dict[str, dict[str, Any]]) -> None:
    lines = plain(answers["home-lan"], 80).splitlines()
    at = next(i for i, line in enumerate(lines) if line.startswith("What would help"))
    assert lines[at + 1].startswith("as it is")
    assert "64,512" in lines[at + 1]
    assert lines[at + 1].index("128") + 3 == lines[at].index("guaranteed") + len("guaranteed")


def test_assumptions_take_two_lines() -> None:
    many = [f"traffic[{i}]: the same of each" for i in range(9)] + ["short", "x" * 300, "y" * 50]
    text = assumed(many, 80)
    assert len(text) <= 160
    assert "more (--json)" in text
    assert assumed(["traffic[0]: so", "traffic[1]: so"], 80) == "Assumed: traffic[0], traffic[1]: so."


def test_piped_and_no_color() -> None:
    for environment in ({}, {"NO_COLOR": "1"}, {"COLUMNS": "120"}, {"TERM": "dumb"}):
        done = subprocess.run(
            [*COMMAND, str(EXAMPLES / "stateless-router.yaml")],
            capture_output=True, timeout=60, check=True, text=True, env={**os.environ, **environment},
        )  # fmt: skip
        assert "\x1b" not in done.stdout
        assert done.stderr == ""
    pty = pytest.importorskip("pty")
    for environment, coloured in (({"TERM": "xterm-256color"}, True), ({"TERM": "xterm-256color", "NO_COLOR": "1"}, False)):
        leader, follower = pty.openpty()
        clean = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "FORCE_COLOR", "CI")}
        process = subprocess.Popen(
            [*COMMAND, str(EXAMPLES / "stateless-router.yaml")], stdout=follower, stderr=subprocess.DEVNULL, env={**clean, **environment}
        )
        os.close(follower)
        shown = b""
        while True:
            try:
                part = os.read(leader, 65536)
            except OSError:
                break
            if not part:
                break
            shown += part
        os.close(leader)
        assert process.wait(timeout=60) == 0
        assert b"guaranteed" in shown
        assert (b"\x1b[1;32m" in shown) is coloured
