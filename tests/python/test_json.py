"""What scripts rest on (docs/commands.md): `--json`, exit status, certificates, standard input."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import natbound

EXAMPLES = Path(__file__).parents[2] / "examples"
HOME = str(EXAMPLES / "home-lan.yaml")
SMALL = """
clients: [{name: A, addresses: 10.0.0.1-10.0.0.4, ports: 2000-2009}]
nats: [{name: r, inside: A, external-ip-address-pool: 203.0.113.5, design: ideal,
        port-set-restrict: {start-port-number: 2000, end-port-number: 2019}}]
servers: [{name: C, addresses: 198.51.100.7, ports: 80}]
traffic: [{from: A, to: C, rate: 1/s, hold: 5s}]
"""
WIDE = """
clients: [{name: A, addresses: "2001:db8:1::/64", ports: 1024-65535}]
servers: [{name: C, addresses: "2001:db8:2::/120", ports: 80}]
"""


def run(*arguments: str, status: int = 0, text: str = SMALL) -> Any:
    """The one JSON value on standard output; nothing on standard error, where nothing is wrong."""
    command = [sys.executable, "-c", "from natbound.cli import main; main()", *arguments, "--json"]
    done = subprocess.run(command, input=text, capture_output=True, timeout=120, text=True, check=False)
    assert done.returncode == status, done.stderr
    assert "import" in arguments or done.stderr == ""
    return json.loads(done.stdout)


def test_answer() -> None:
    out = run("answer", "-", "--epsilon", "1e-3")
    assert out["schema"] == "natbound.answer/1"
    assert out["maximum"]["connections"] == out["guaranteed"]["connections"] == 20
    assert type(out["maximum"]["connections"]) is int
    assert isinstance(out["likely"]["connections"], float)
    assert out["likely"]["epsilon"] == 1e-3
    low, high = out["likely"]["interval"]
    assert low <= out["likely"]["connections"] <= high
    for name in ("guaranteed", "likely", "maximum"):
        evidence = out[name]["evidence"]
        assert evidence["schema"] == "natbound.certificate/1"
        assert evidence["scenario"]["clients"][0]["name"] == "A"
    limits = out["limits"]
    assert all({"name", "kind", "connections", "load", "headroom", "binds", "failure"} <= set(limit) for limit in limits)
    assert [limit["load"] for limit in limits] == sorted(limit["load"] for limit in limits)
    assert {limit["binds"] for limit in limits} <= {"guaranteed", "likely", "maximum"}


def test_what_was_found_is_printed_where_the_rest_is_unknown() -> None:
    shared = ("--set", "nats.design.mapping-type=eim", "--set", "servers.ports=80-81")
    command = [sys.executable, "-c", "from natbound.cli import main; main()", "answer", "-", *shared]
    done = subprocess.run(command, input=SMALL, capture_output=True, timeout=120, text=True, check=False)
    assert done.returncode == 3
    assert "\nlikely" in done.stdout
    assert "\nmaximum" in done.stdout
    assert done.stderr.startswith("natbound: unknown: ")
    done = subprocess.run([*command, "--json"], input=SMALL, capture_output=True, timeout=120, text=True, check=False)
    out = json.loads(done.stdout)
    assert (done.returncode, out["likely"]["connections"]) == (3, None)
    assert out["guaranteed"]["connections"] == 2  # two mappings of one endpoint, met under the other key
    assert out["maximum"]["connections"] > 0
    assert out["likely"]["unknown"] in done.stderr


def test_counts_above_2_to_53_are_text() -> None:
    exactly = 2**64 * 64512 * 256
    out = run("answer", "-", text=WIDE)
    assert out["maximum"]["connections"] == out["guaranteed"]["connections"] == str(exactly)
    assert str(exactly) in [limit["connections"] for limit in out["limits"] if limit["binds"] == "maximum"]
    assert run("capacity", "-", text=WIDE)["maximum"]["connections"] == str(exactly)
    wanted = 2**53 + 1
    out = run("capacity", "-", "--demand", str(wanted), text=WIDE)
    assert (out["demand"], out["fits"]) == (str(wanted), True)
    assert natbound.Scenario(natbound.reading.parse(WIDE)).answer().maximum.connections == exactly


def test_capacity_and_exit_status() -> None:
    assert run("capacity", "-")["maximum"]["connections"] == 20
    assert run("capacity", "-", "--demand", "20")["fits"] is True
    out = run("capacity", "-", "--demand", "21", status=1)
    assert out["fits"] is False
    assert out["evidence"]["kind"] == "does-not-fit"
    assert run("capacity", "-", "--demand", "21", "--place", "best", status=1)["fits"] is False
    assert run("capacity", "-", "--demand", "21", "--set", "nats.external-ip-address-pool=203.0.113.5-203.0.113.6")["fits"] is True


def test_bounds_are_an_answer() -> None:
    two = str(EXAMPLES / "home-lan-two-addresses.yaml")
    out = run("capacity", two, "--set", "nats.design=ovs")["maximum"]  # its hash is not known: the best case and the worst
    assert (out["connections"], out["at_least"], out["at_most"]) == (None, 64512, 129024)
    assert out["evidence"]["kind"] == "bounds"
    assert run("capacity", two, "--set", "nats.design=ovs", "--demand", "100000", status=3)["fits"] is None


def test_certificates_travel(tmp_path: Path) -> None:
    scenario = tmp_path / "s.yaml"
    scenario.write_text(SMALL)
    for arguments, kind in (
        (("answer", "--number", "guaranteed"), "guaranteed"),
        (("answer",), "maximum"),
        (("capacity",), "maximum"),
        (("capacity", "--demand", "20"), "fits"),
        (("capacity", "--demand", "21"), "does-not-fit"),
    ):
        file = tmp_path / "c.json"
        run(arguments[0], str(scenario), *arguments[1:], "--certificate", str(file), status=int("21" in arguments))
        out = run("check", str(file), "--scenario", str(scenario))
        assert (out["schema"], out["valid"], out["kind"]) == ("natbound.check/1", True, kind)
        out = run("check", str(file), "--scenario", HOME, status=1)
        assert (out["valid"], out["reason"]) == (False, "it was made for another scenario")
        assert run("check", "-", text=file.read_text())["valid"] is True
        spoilt = json.loads(file.read_text())
        spoilt["scenario"]["clients"][0]["ports"] = ["2000-2004"] if kind != "does-not-fit" else ["2000-2100"]
        if kind == "does-not-fit":
            spoilt["scenario"]["nats"][0]["external-ip-address-pool"] = ["203.0.113.5-203.0.113.6"]
        assert run("check", "-", text=json.dumps(spoilt), status=1)["valid"] is False
    run("answer", str(scenario), "--number", "likely", "--certificate", str(file))
    assert run("check", str(file), status=3)["valid"] is None


def test_the_other_commands(tmp_path: Path) -> None:
    known = run("design", "list")["designs"]
    assert {"ideal", "linux-masquerade", "linux-snat", "openbsd-pf", "vpp-nat44-ed", "cilium", "ovs"} <= {d["name"] for d in known}
    for d in known:
        file = tmp_path / "design.json"
        file.write_text(json.dumps(run("design", "show", d["name"])))
        assert run("design", "show", str(file)) == json.loads(file.read_text())  # what is shown is a design file
    (proved,) = run("design", "check", "ideal", "--property", "unique")["properties"]
    assert (proved["property"], proved["verdict"], proved["scope"]) == ("unique", "holds", "for all numbers of flows, ports and addresses")
    assert proved["evidence"]["kind"] == "holds"
    both = run("design", "check", "ideal", "--property", "unique", "--property", "complete", status=3)["properties"]
    assert [p["verdict"] for p in both] == ["holds", "unknown"]
    assert both[1]["reason"]
    out = run("simulate", "-", "--seed", "3", "--arrivals", "20000")
    assert out["schema"] == "natbound.simulate/1"
    assert out["seed"] == 3
    assert out["arrivals"] == 20000
    assert out["refusal_probability"] == out["refused"] / out["arrivals"]
    assert out["interval"][0] <= out["refusal_probability"] <= out["interval"][1]
    compared = run("compare", "-", "--designs", "ideal,openbsd-pf")
    assert [c["design"] for c in compared] == ["ideal", "openbsd-pf"]
    assert all(c["schema"] == "natbound.answer/1" for c in compared)
    imported = run("import", str(EXAMPLES / "linux-router-quiet"))
    natbound.Scenario(imported)


def test_import_writes_what_the_name_says(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "from natbound.cli import main; main()", "import", str(EXAMPLES / "linux-router-quiet"), "-o"]
    for name in ("s.json", "s.yaml"):
        done = subprocess.run([*command, str(tmp_path / name)], capture_output=True, timeout=120, check=True)
        assert done.stdout == b""
    assert json.loads((tmp_path / "s.json").read_text()) == natbound.reading.read(tmp_path / "s.yaml").value
