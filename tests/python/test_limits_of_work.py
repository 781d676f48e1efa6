"""Limits of time and memory, and Ctrl-C: long counting ends soon, with bounds that hold."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import natbound
import natbound.calculator
import pytest
from natbound.check import check

sys.path.insert(0, str(Path(__file__).resolve().parent))

import small


def long_one(clients: int = 2500) -> dict[str, Any]:
    """Paired pooling over a thousand addresses: each of them is counted by itself, which takes seconds."""
    rng = random.Random(1)
    names = [f"c{i}" for i in range(clients)]
    nat = {"name": "n", "inside": names, "external-ip-address-pool": "203.0.112.0/22", "design": {"base": "ideal", "pool": {"choice": "random", "paired": True}}}  # fmt: skip
    return {
        "clients": [
            {"name": c, "addresses": f"10.{i >> 8}.{i & 255}.0/24", "ports": "1024-65535", "reaches": [f"s{k}" for k in rng.sample(range(100), 8)]}
            for i, c in enumerate(names)
        ],
        "nats": [nat],
        "servers": [{"name": f"s{k}", "addresses": f"198.51.100.{k}", "ports": "1-3"} for k in range(100)],
    }  # fmt: skip


@pytest.fixture(scope="module")
def file(tmp_path_factory: Any) -> Path:
    """The scenario in a file."""
    path = Path(tmp_path_factory.mktemp("long")) / "long.json"
    path.write_text(json.dumps(long_one()))
    return path


def test_time_limit_gives_bounds() -> None:
    scenario = natbound.Scenario(long_one())
    began = time.monotonic()
    with natbound.limits(seconds=0.5):
        part = scenario.capacity().to_dict()["maximum"]
    assert time.monotonic() - began < 2
    assert part["limit"]["kind"] == "time"
    assert part["connections"] is None
    # 65,536 ports (the design gives fewer) on 1,024 addresses towards 300 endpoints
    assert int(part["at_least"]) <= 64512 * 1024 * 300 <= int(part["at_most"])
    assert check(part["evidence"], scenario.canonical).valid is not False


def test_the_limit_is_of_its_block_alone() -> None:
    scenario = natbound.load(Path(__file__).parents[2] / "examples" / "home-lan.yaml")
    with pytest.raises(natbound.InputError), natbound.limits(seconds=-1):
        pass
    with natbound.limits(seconds=1e-9):
        assert "limit" in scenario.capacity().to_dict()["maximum"]
    assert scenario.capacity().maximum.connections == 64512


def test_demand_within_a_limit_is_unknown() -> None:
    scenario = natbound.Scenario(long_one(200))
    demand = [{"from": f"c{i}", "to": r, "connections": 50} for i, c in enumerate(long_one(200)["clients"]) for r in c["reaches"]]
    with natbound.limits(seconds=1e-6):
        found = scenario.capacity(demand).to_dict()
    assert found["fits"] is None
    assert "time limit" in found["sets_it"]
    assert found["multiple"]["exact"] is False


def test_time_limit_where_many_are_paired() -> None:
    clients = [small.client(f"c{i}", f"10.{i // 64}.{i % 64 * 4}.0/22", "1024-65535") for i in range(3000)]
    paired = {"choice": "random", "hash": "", "of": "source", "fallback": False, "paired": True}
    how = small.design(port_classes=[{"source": ["0-65535"], "ports": ["1024-65535"]}], pool=paired)
    router = small.nat([c["name"] for c in clients], "203.0.112.0/22", how)
    scenario = natbound.Scenario(small.scenario(clients, [router], [small.server("C", "198.51.100.7", "443")]))
    began = time.process_time()
    with natbound.limits(seconds=0.5):
        found = scenario.capacity(10**7).to_dict()
    assert time.process_time() - began < 2.5
    assert found["fits"] is None
    assert found["limit"]["step"].startswith("dealing")


def test_memory_limit() -> None:
    with natbound.limits(memory=1):
        part = natbound.Scenario(long_one(400)).capacity().to_dict()["maximum"]
    assert part["limit"]["kind"] == "memory"
    assert part["connections"] is None


@pytest.mark.parametrize("more", [["capacity"], ["explain", "--demand", "30000000000"]])
def test_command_with_timeout(more: list[str], file: Path) -> None:
    out = subprocess.run([sys.executable, "-c", "from natbound.cli import main; main()", more[0], str(file), *more[1:], "--timeout", "300ms"],
                         capture_output=True, text=True, timeout=60)  # fmt: skip
    assert out.returncode == 3, out.stderr
    assert "time limit of 0.3 s" in out.stdout + out.stderr  # beside what was found by then, or instead of it


def test_a_multiple_that_ran_out_of_time_is_told() -> None:
    """Whatever the limit ends, the maximum or only the largest multiple, the result says so."""
    scenario = natbound.Scenario(
        {
            "clients": [{"name": f"c{i}", "addresses": f"10.0.{i}.0/24"} for i in range(100)],
            "nats": [
                {"name": f"n{i}", "inside": [f"c{i}"], "external-ip-address-pool": f"100.64.{i}.0/30", "design": "ideal"}
                for i in range(100)
            ],
            "servers": [{"name": f"s{i}", "addresses": f"198.51.0.{i}", "ports": 443} for i in range(1, 101)],
            "traffic": [{"from": f"c{i}", "to": "s1", "rate": "5/s", "hold": "60s"} for i in range(100)],
        }
    )
    only_the_multiple = 0
    began = time.monotonic()
    scenario.capacity()
    most = time.monotonic() - began
    for k in range(1, 20):
        with natbound.limits(seconds=most * k / 20):
            found = scenario.capacity().to_dict()
        most_known, multiple_known = found["maximum"]["connections"] is not None, bool(found["multiple"]["exact"])
        only_the_multiple += most_known and not multiple_known
        assert (most_known and multiple_known) or "limit" in found or "limit" in found["maximum"]
    assert only_the_multiple > 0


def test_ctrl_c_stops_counting() -> None:
    text = ("import json, sys, natbound; from natbound.cli import main; s = natbound.Scenario(json.load(sys.stdin)); print('ready', flush=True);"
            "natbound.Scenario.capacity(s)")  # fmt: skip
    program = subprocess.Popen([sys.executable, "-c", text], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                               preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler))  # fmt: skip
    assert program.stdin is not None
    assert program.stdout is not None
    program.stdin.write(json.dumps(long_one()))
    program.stdin.close()
    assert program.stdout.readline() == "ready\n"
    time.sleep(0.5)
    assert program.poll() is None
    began = time.monotonic()
    program.send_signal(signal.SIGINT)
    program.wait(timeout=20)
    assert time.monotonic() - began < 1.5
    assert program.stderr is not None
    assert "KeyboardInterrupt" in program.stderr.read()


@pytest.mark.parametrize("formula", [natbound.calculator.time_to_full, natbound.calculator.time_to_first_refusal])
def test_signals_stop_a_formula_that_takes_a_minute(formula: Any) -> None:
    class StopError(Exception):
        pass

    def stop(*_: object) -> None:
        raise StopError

    before = signal.signal(signal.SIGALRM, stop)
    began = time.process_time()
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.3)
        with pytest.raises(StopError):
            formula(2**32, 4e9)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert time.process_time() - began < 5


def test_of_many_nats_what_would_help_is_worked_out_at_the_one_that_fails_first() -> None:
    names = range(6)
    document = {
        "clients": [{"name": f"c{k}", "addresses": f"10.0.{k}.0/24"} for k in names],
        "nats": [
            {"name": f"n{k}", "inside": [f"c{k}"], "external-ip-address-pool": f"203.0.113.{10 * k}", "design": "ideal"} for k in names
        ],
        "servers": [{"name": "C", "addresses": "198.51.100.7", "ports": 443}],
        "traffic": [{"from": f"c{k}", "to": "C", "rate": f"{100 + (k == 4)}/s", "hold": "60s"} for k in names],
    }
    many = natbound.Scenario(document).answer()
    assert [r["apply"] for r in many["remedies"]] == ["add 203.0.113.41 to the pool of n4"]
    few = natbound.Scenario(
        {**document, "clients": document["clients"][:2], "nats": document["nats"][:2], "traffic": document["traffic"][:2]}
    )
    assert len(few.answer()["remedies"]) == 2
