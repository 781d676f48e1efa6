"""Bad calls of every command: one line on standard error, exit status 2, nothing on standard output, nothing half-written."""

from __future__ import annotations

import gzip
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import natbound
import pytest
from natbound import calculator

EXAMPLES = Path(__file__).parents[2] / "examples"
HOME = str(EXAMPLES / "home-lan.yaml")
QUIET = EXAMPLES / "linux-router-quiet"
COMMAND = [sys.executable, "-c", "from natbound.cli import main; main()"]


def run(*arguments: str, text: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    return subprocess.run([*COMMAND, *arguments], input=text, capture_output=True, timeout=120, check=False)


def refused(*arguments: str, says: str = "", text: bytes = b"") -> str:
    """Runs a call that must be refused; returns its one line."""
    done = run(*arguments, text=text)
    line = done.stderr.decode()
    assert done.returncode == 2, (arguments, done)
    assert done.stdout == b"", arguments
    assert line.startswith("natbound: "), line
    assert line.count("\n") == 1, line
    assert says in line, line
    return line


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ("nonsense", "No such command"),
        ("answer --nonsense", "No such option"),
        (f"answer {HOME} {HOME}", "unexpected extra argument"),
        (f"answer {HOME} --design ideal", "--design: goes with no file: a scenario has it inside; use --set nats.design"),
        (f"answer {HOME} --live 5", "--live: goes with no file"),
        (f"answer {HOME} --epsilon nan", "a probability above 0 and below 1"),
        (f"answer {HOME} --epsilon x", "--epsilon"),
        (f"answer {HOME} --number most", "guaranteed, likely or maximum"),
        (f"answer {HOME} --seed 99999999999999999999", "--seed"),
        ("answer --live nan --rate 5/s", "--live: nan: a finite number"),
        ("answer --live -5 --rate 5/s", "--live -5: traffic[0].live"),
        ("answer --live 1e300 --rate 5/s", "at most 1e15"),
        ("answer --live 5 --rate 700", "--rate 700: traffic[0].rate: '700': the unit of time is missing"),
        ("answer --live 5 --rate 7/s --hold 9s", "any two of"),
        ("answer --live 5 --rate 7/s --addresses 0", "--addresses"),
        ("answer --live 5 --rate 7/s --addresses 300", "at most 254"),
        ("answer --live 5 --rate 7/s --design nothing", "--design nothing: nats[0].design: 'nothing': no such design"),
        ("answer --live 5 --rate 7/s --design nothing.json", "no such file"),
        (f"capacity {HOME} --demand -1", "--demand"),
        (f"capacity {HOME} --place worst", "even or best"),
        (f"compare {HOME}", "--designs"),
        (f"compare {HOME} --designs ,", "natbound design list"),
        (f"compare {HOME} --designs ideal,nothing", "--designs: 'nothing': no such design"),
        (f"simulate {HOME} --arrivals 0", "--arrivals"),
        (f"simulate {HOME} --arrivals 99999999999999999999", "--arrivals"),
        ("new x", "unexpected extra argument"),
        ("design show", "Missing argument"),
        ("design check ideal --property nonsense", "no such property"),
        ("design check ideal --smt2 /dev/null/x", "--smt2"),
        ("check /nonexistent", "can't be read: No such file"),
        ("check /dev/null", "not JSON"),
        ("import /nonexistent", "No such file"),
        ("import /dev/zero", "a device"),
        ("import", "Missing argument"),
        (f"import {QUIET} -o /nonexistent/x", "can't be written"),
        (f"risk {HOME} --scale nan", "a finite number above 0"),
        (f"risk {HOME} --tries -1", "--tries"),
        (f"size {HOME} --target 2", "a probability above 0 and below 1"),
        ("schema nonsense", "scenario or design"),
    ],
)
def test_one_line(arguments: str, says: str) -> None:
    refused(*arguments.split(), says=says)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"[" * 1_000_000, "nested too deeply"),
        (b'{"a": ' * 100_000, "nested too deeply"),
        (b'{"schema": "natbound.certificate/1",\n"kind"', ":2: not JSON"),
        (b'{"a": 1, "a": 2}', "a key stands twice"),
        (b"9" * 10_000, "digits"),
        (b"\x7fELF\x00\xff", "not text"),
        (b"", "not JSON"),
    ],
)
def test_certificates_that_are_none(tmp_path: Path, content: bytes, says: str) -> None:
    file = tmp_path / "c.json"
    file.write_bytes(content)
    assert str(file) in refused("check", str(file), says=says)


def test_standard_input_is_read_once() -> None:
    refused("check", "-", "--scenario", "-", says="one of the two only", text=b"{}")


@pytest.mark.parametrize(
    ("axes", "says"),
    [
        ({"foo": 1}, "foo: 'foo': no such key"),
        ({"pressure": "x"}, "pressure: 'x': no such word"),
        ({"port-classes": []}, "port-classes: []: a design needs at least one class"),
        ({"reuse": {"take-over": [], "chance": 1.5}}, "reuse.chance: '1.5': a probability is 0 to 1"),
        ({"base": "nothing"}, "base: 'nothing': no such design"),
    ],
)
def test_designs_by_file(tmp_path: Path, axes: dict[str, object], says: str) -> None:
    file = tmp_path / "mine.json"
    file.write_text(json.dumps({**({} if "base" in axes else natbound.designs["ideal"].to_dict()), **axes}))
    for arguments in (["design", "show", str(file)], ["design", "check", str(file)], ["answer", HOME, "--set", f"nats.design={file}"],
                      ["compare", HOME, "--designs", str(file)], ["answer", "--live", "5", "--rate", "1/s", "--design", str(file)]):  # fmt: skip
        assert f"{file}:1: {says}" in refused(*arguments)


def test_a_design_by_file_may_rest_on_another(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text("base: cilium\nname: mine\npressure: drop-least-recently-used\n")
    shown = natbound.Design.load(file).to_dict()
    assert shown["name"] == "mine"
    assert shown["search"] == natbound.designs["cilium"].to_dict()["search"]


def test_values_from_python() -> None:
    home = natbound.load(HOME).canonical
    for wrong, path in ((float("nan"), "traffic[0].live"), ({1}, "traffic[0].live"), (float("inf"), "traffic[0].live")):
        bad = {**home, "traffic": [{"from": "A", "to": "C", "live": wrong, "hold": "60s"}]}
        with pytest.raises(natbound.InputError) as caught:
            natbound.Scenario(bad)
        assert caught.value.path == path
    holding_itself = dict(home)
    holding_itself["nats"] = [holding_itself]
    with pytest.raises(natbound.InputError):
        natbound.Scenario(holding_itself)
    scenario = natbound.load(HOME)
    for call in (lambda: scenario.answer(2), lambda: scenario.answer(seed=-1), lambda: scenario.simulate(arrivals=0),
                 lambda: scenario.simulate(arrivals=10**20), lambda: scenario.capacity(-1)):  # fmt: skip
        with pytest.raises(natbound.InputError):
            call()


def test_json_that_yaml_reads_otherwise(tmp_path: Path) -> None:
    file = tmp_path / "home.json"
    home = natbound.load(HOME).canonical
    text = json.dumps(
        {**home, "description": "\U0001f600", "traffic": [{"from": "A", "to": "C", "live": "LIVE", "hold": "60s"}]}, indent="\t"
    )
    for live in ("3e4", "3E+4", "3.0e4", "30000.0"):
        file.write_text(text.replace('"LIVE"', live))
        read = natbound.load(file).canonical
        assert read["traffic"][0]["live"] == 30000
        assert read["description"] == "\U0001f600"
    file.write_text(text.replace('"LIVE"', "3e99"))
    assert f"{file}:" in refused("answer", str(file), says="'3e99': a load is at most 1e15")


def test_words_and_numbers_that_yaml_reads_otherwise(tmp_path: Path) -> None:
    file = tmp_path / "home.yaml"
    text = Path(HOME).read_text()
    file.write_text(text.replace("name: X", "name: no"))
    assert f"{file}:4: clients[1].name: 'no': text is wanted; put it in quotes" in refused("answer", str(file))
    file.write_text(text.replace("ports: 80,", "ports: 0120,"))
    assert f"{file}:12: servers[0].ports: '0120': a number that begins with 0" in refused("answer", str(file))


def test_captures_that_are_cut_off(tmp_path: Path) -> None:
    for name in ("conntrack-L.txt.gz", "ip-addr.json", "nft.json"):
        folder = tmp_path / name.replace(".", "-")
        shutil.copytree(QUIET, folder)
        whole = (folder / name).read_bytes()
        (folder / name).write_bytes(whole[: len(whole) // 2])
        assert f"{folder / name}:" in refused("import", str(folder), "-o", str(tmp_path / "out.yaml"))
    (tmp_path / "bomb.gz").write_bytes(gzip.compress(b"\0" * 100_000_000))
    refused("import", str(tmp_path / "bomb.gz"), says="binary")
    (tmp_path / "empty").mkdir()
    refused("import", str(tmp_path / "empty"), says="no files")
    assert not (tmp_path / "out.yaml").exists()
    assert [n for n in os.listdir(tmp_path) if n.startswith(".")] == []


def test_overload_without_measure_is_answered() -> None:
    home = natbound.load(HOME, ["traffic.hold=", "traffic.live=1e12"])
    began = time.process_time()
    assert home.simulate(arrivals=1000).refusal_probability > 0.99
    assert time.process_time() - began < 30


def test_ctrl_c() -> None:
    process = subprocess.Popen(
        [*COMMAND, "simulate", HOME, "--arrivals", "100000000000"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),  # where the tests run in the background it is ignored
    )
    time.sleep(3)
    began = time.monotonic()
    process.send_signal(signal.SIGINT)
    out, error = process.communicate(timeout=30)
    assert time.monotonic() - began < 5  # a second, on a machine that does nothing else
    assert (process.returncode, out, error) == (130, b"", b"natbound: interrupted\n")


def test_a_reader_that_stops_early_and_a_full_disk() -> None:
    done = subprocess.run(f"{' '.join(map(repr, COMMAND))} schema | head -1", shell=True, capture_output=True, timeout=60, check=False)
    assert done.stderr == b""
    if os.path.exists("/dev/full"):
        with open("/dev/full", "wb") as full:
            full_disk = subprocess.run([*COMMAND, "new"], stdout=full, stderr=subprocess.PIPE, timeout=60, check=False)
        assert full_disk.returncode == 2
        assert full_disk.stderr == b"natbound: standard output: No space left on device\n"


def test_what_the_core_cannot_settle_is_caught_by_the_public_name() -> None:
    cascade = natbound.load(HOME).canonical
    cascade["nats"].append({**cascade["nats"][0], "name": "carrier", "inside": ["router"], "external-ip-address-pool": ["198.51.100.200"]})
    cascade["nats"][0]["rate-limits"] = {"connections": "5/s"}
    with pytest.raises(natbound.Unsupported, match="rate-limits"):
        natbound.Scenario(cascade).simulate()


@pytest.mark.parametrize(
    ("ports", "error", "says"),
    [
        ("60s", TypeError, "erlang_b: ports = '60s': must be a number"),
        (None, TypeError, "erlang_b: ports = None: must be a number"),
        (1 + 2j, TypeError, "erlang_b: ports = (1+2j): must be a number"),
        ([1, [2]], TypeError, "erlang_b: ports = [1, [2]]: must be a number, or an array of numbers of one shape"),
        (10**400, ValueError, "is beyond the largest double"),
        ([1, 2], ValueError, "erlang_b: the arrays' shapes do not fit together: lengths 2 and 3"),
    ],
)
def test_what_is_no_number_names_function_argument_and_rule(ports: object, error: type[Exception], says: str) -> None:
    with pytest.raises(error) as caught:
        calculator.erlang_b(ports, [1, 2, 3])
    assert says in str(caught.value)
