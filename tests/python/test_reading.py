"""Bad input: one message with file, line, field, value, rule and fix; exit 2; nothing half-written; never a traceback."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import natbound
import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"
HOME = (EXAMPLES / "home-lan.yaml").read_text()


def run(*arguments: str, text: bytes | None = None) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-c", "from natbound.cli import main; main()", *arguments]
    return subprocess.run(command, input=text, capture_output=True, timeout=120)


@pytest.mark.parametrize(
    ("old", "new", "line", "field", "says"),
    [
        ("addresses: 192.168.1.10,", "adresses: 192.168.1.10,", 3, "clients[0].adresses", "did you mean addresses"),
        ("ports: 80,", "ports: 70000,", 12, "servers[0].ports", "at most 65535"),
        ("ports: 80,", "ports: 0,", 12, "servers[0].ports", "0 is not a port"),
        ("1024-65535}    # 1", "65535-1024}    # 1", 3, "clients[0].ports", "reversed"),
        ("name: X", "name: A", 4, "clients[1].name", "taken"),
        ("inside: [A, X]", "inside: [A, Y]", 7, "nats[0].inside", "client set"),
        ("rate: 500/s", "rate: -500/s", 14, "traffic[0].rate", "not negative"),
        ("rate: 500/s", "rate: .nan", 14, "traffic[0].rate", ""),
        ("hold: 60s", "hold: 60", 14, "traffic[0].hold", "unit"),
        ("192.168.1.11", "192.168.1.0/24", 4, "clients[1].addresses", "overlaps"),
        ("design: linux-masquerade", "design: linux-masquerad", 9, "nats[0].design", "did you mean linux-masquerade"),
        ("design: linux-masquerade", "design: nowhere.yaml", 9, "nats[0].design", "no such file"),
    ],
)
def test_one_message_with_line_and_field(tmp_path: Path, old: str, new: str, line: int, field: str, says: str) -> None:
    text = HOME.replace("   # 1-1023", "    # 1-1023").replace(old, new, 1)
    assert text != HOME
    file = tmp_path / "bad.yaml"
    file.write_text(text)
    with pytest.raises(natbound.InputError) as caught:
        natbound.load(file)
    assert caught.value.file == str(file)
    assert caught.value.path.startswith(field)
    assert caught.value.line == line
    assert says in str(caught.value)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x00\x01\x02",
        b"\xff\xfe",
        b"a: [",
        b"{",
        b"[" * 100_000,
        b"a: &x [*x]",
        b"- 1",
        b"clients: {a: 1, a: 2}",
        b"true",
        b'{"clients": 1e999}',
    ],
)
def test_hostile_files_end_with_status_2_and_one_line(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "hostile.yaml"
    file.write_bytes(content)
    done = run("answer", str(file))
    assert done.returncode == 2
    assert done.stdout == b""
    assert done.stderr.startswith(b"natbound: ")
    assert b"Traceback" not in done.stderr
    assert done.stderr.count(b"\n") == 1


def test_an_alias_bomb_is_refused() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 12)]
    done = run("answer", "-", text="\n".join(lines).encode())
    assert done.returncode == 2


def test_a_huge_file_is_refused_without_reading_it_all(tmp_path: Path) -> None:
    file = tmp_path / "huge.yaml"
    with open(file, "wb") as stream:
        stream.truncate(2**30)
    done = run("answer", str(file))
    assert done.returncode == 2
    assert b"larger than" in done.stderr


def test_missing_file_folder_and_bad_options(tmp_path: Path) -> None:
    for arguments in (
        ("answer", str(tmp_path / "none.yaml")),
        ("answer", str(tmp_path)),
        ("answer",),
        ("answer", "--live", "5"),
        ("answer", str(EXAMPLES / "home-lan.yaml"), "--epsilon", "2"),
        ("answer", str(EXAMPLES / "home-lan.yaml"), "--set", "nats.nobody.design=ideal"),
        ("answer", str(EXAMPLES / "home-lan.yaml"), "--set", "nonsense"),
        ("design", "show", "nobody"),
        ("check", str(EXAMPLES / "home-lan.yaml")),
        ("import", str(tmp_path)),
    ):
        done = run(*arguments)
        assert done.returncode == 2, arguments
        assert b"Traceback" not in done.stderr, arguments


def test_output_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    target = tmp_path / "c.json"
    target.write_text("before")
    assert run("answer", "-", "--certificate", str(target), text=b"clients: []").returncode == 2
    assert target.read_text() == "before"
    assert run("capacity", str(EXAMPLES / "home-lan.yaml"), "--certificate", str(tmp_path / "no" / "c.json")).returncode == 2
    assert os.listdir(tmp_path) == ["c.json"]


def test_settings_change_any_field() -> None:
    home = natbound.load(EXAMPLES / "home-lan.yaml")
    changed = home.with_settings("nats.router.design=cilium", "clients.A.ports=2000-2999", "traffic.0.rate=7/s").canonical
    assert changed["nats"][0]["design"]["name"] == "cilium"
    assert changed["clients"][0]["ports"] == ["2000-2999"]
    assert changed["traffic"][0]["rate"] == "7/s"
    axis = home.with_settings("nats.router.design.pressure=drop-least-recently-used").canonical
    assert axis["nats"][0]["design"]["pressure"] == "drop-least-recently-used"
    assert home.canonical["nats"][0]["design"]["name"] == "linux-masquerade"


def test_what_the_schema_says_of_the_examples() -> None:
    jsonschema = pytest.importorskip("jsonschema")
    from natbound import _core, reading

    schema = json.loads(_core.scenario_schema())
    for file in sorted(EXAMPLES.glob("*.yaml")):
        jsonschema.validate(reading.read(file).value, schema)
        jsonschema.validate(natbound.load(file).canonical, schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"clients": [], "servers": [], "cleints": []}, schema)


def test_what_a_design_sets_holds_with_restricted_ports_too() -> None:
    """The base's exceptions for restricted ports do not undo what is set over it."""
    home = natbound.load(EXAMPLES / "home-lan.yaml")
    changed = home.with_settings('nats.router.design={"base": "linux-masquerade", "first-choice": "none"}').canonical["nats"][0]["design"]
    assert (changed["first-choice"], changed["when-restricted"]) == ("none", {})
    kept = home.with_settings('nats.router.design={"base": "linux-masquerade", "pressure": "refuse"}').canonical["nats"][0]["design"]
    assert kept["when-restricted"] == {"first-choice": "preserve"}
    own = home.with_settings(
        'nats.router.design={"base": "linux-masquerade", "first-choice": "none", "when-restricted": {"first-choice": "preserve"}}'
    )
    assert own.canonical["nats"][0]["design"]["when-restricted"] == {"first-choice": "preserve"}
