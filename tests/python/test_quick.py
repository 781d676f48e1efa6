"""Numbers at the shell in place of a file: the same options for every command about a scenario, and the answer of the file they stand for."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from natbound import calculator
from natbound.cli.app import app
from natbound.cli.quick import Numbers, quick_scenario
from natbound.scenario import Scenario
from shell import is_refused
from typer.testing import CliRunner

HOME = str(Path(__file__).parents[2] / "examples" / "home-lan.yaml")
NUMBERS = ["--rate", "470/s", "--hold", "60s", "--ports", "28232", "--design", "ideal"]
COMMANDS: dict[str, list[str]] = {
    "answer": [],
    "capacity": [],
    "compare": ["--designs", "ideal"],
    "simulate": ["--arrivals", "1000"],
    "risk": [],
    "size": ["--target", "0.01"],
    "alert": [],
    "rules": [],
    "day": ["--amplitude", "0.1"],
    "uncertainty": ["--between", "traffic.rate=450/s..470/s"],
}


def run(*arguments: str) -> Any:
    done = CliRunner().invoke(app, [*arguments, "--json"])
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


@pytest.mark.parametrize("command", COMMANDS)
def test_numbers_give_what_their_file_gives(command: str, tmp_path: Path) -> None:
    file = tmp_path / "same.json"
    file.write_text(json.dumps(quick_scenario(Numbers(rate="470/s", hold="60s", ports=28232, design="ideal")).value))
    assert run(command, *NUMBERS, *COMMANDS[command]) == run(command, str(file), *COMMANDS[command])


def test_each_number_does_what_it_says() -> None:
    assert run("risk", *NUMBERS)["refusal_probability"] == pytest.approx(calculator.erlang_b(28232, 28200), rel=1e-12)
    two = run("risk", *NUMBERS, "--destinations", "2")  # half of the load each
    assert two["log_refusal_probability"] == pytest.approx(calculator.log_erlang_b(28232, 14100), rel=1e-12)
    assert run("capacity", *NUMBERS, "--addresses", "3")["maximum"]["connections"] == 3 * 28232
    assert run("capacity", *NUMBERS, "--ports", "65535", "--clients", "2")["maximum"]["connections"] == 65535
    assert (
        run("capacity", "--destinations", "10", "--ports", "64", "--design", "ideal")["maximum"]["connections"] == 640
    )  # needs no traffic
    changed = run("risk", *NUMBERS, "--set", "traffic.rate=450/s")
    assert changed["load"] == pytest.approx(27000)
    live = Scenario(quick_scenario(Numbers(live=41000, rate="700/s"))).risk()
    assert live["hold"] == pytest.approx(41000 / 700)


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize(
    ("more", "message"),
    [
        ([HOME, "--rate", "5/s", "--ports", "9"], "--rate, --ports: goes with no file"),
        ([HOME, "--design", "ideal"], "--design: goes with no file: a scenario has it inside; use --set nats.design=..."),
        ([], "a scenario file, or any two of --live, --rate and --hold are wanted"),
        (["--live", "5", "--rate", "5/s", "--ports", "0"], "--ports"),
        (["--live", "5", "--rate", "5/s", "--ports", "65536"], "--ports"),
        (["--live", "5", "--rate", "5/s", "--design", "nothing"], "--design nothing: nats[0].design: 'nothing': no such design"),
    ],
)
def test_one_line_says_what_is_wrong(command: str, more: list[str], message: str, monkeypatch: Any, capsys: Any) -> None:
    is_refused([command, *COMMANDS[command], *more], message, monkeypatch, capsys)
