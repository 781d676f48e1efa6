"""The maximum and demands by three engines: the flow, Z3 and CP-SAT over counts by class or written out, and tuple by tuple by the tests' own program."""

from __future__ import annotations

import contextlib
import copy
import random
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import natbound
import pytest
from natbound.check.scenario import read_scenario
from natbound.exact import Disagreement, engines
from natbound.exact.counts import Counted
from natbound.exact.program import Program
from natbound.exact.written import Written

sys.path.insert(0, str(Path(__file__).resolve().parent))

import by_constraints
import many
import oracle
import small

MANY = 40  # of each kind; more take longer and nothing else
EXAMPLES = Path(__file__).parents[2] / "examples"


def plain(rng: random.Random) -> Any:
    """Any mapping and clash scope, tables, mapping limits, restrictions, one NAT or two; no hash."""
    s = small.random_scenario(rng)
    for n in s["nats"]:
        _drawn(n)
    return s


def _drawn(nat: Any) -> None:
    if nat["design"]["pool"]["choice"] == "hash":
        nat["design"]["pool"].update(choice="random", hash="")


def quotas(rng: random.Random) -> Any:
    """A quota at each NAT."""
    return small.with_quotas(rng, plain(rng), 6)


def servers(rng: random.Random) -> Any:
    """Limits of servers."""
    s = plain(rng)
    for v in s["servers"]:
        v["connection-limits"] = {rng.choice(["limit-per-endpoint", "limit-per-address"]): rng.randint(1, 6)}
    return s


def holes(rng: random.Random) -> Any:
    """Static mappings."""
    s = plain(rng)
    for n in s["nats"]:
        kept: dict[str, Any] = {"external-src-port": [rng.choice(["10", "11", "10-11", "12"])]}
        if rng.random() < 0.5:
            kept["transport-protocol"] = rng.choice(["tcp", "udp"])
        if rng.random() < 0.5:
            kept["external-src-address"] = [n["external-ip-address-pool"][0].split("-")[0]]
        n["static-mappings"] = [kept]
    return s


def spread(rng: random.Random) -> Any:
    """Some clients may take either of two NATs."""
    s = plain(rng)
    if len(s["nats"]) == 1:
        other = copy.deepcopy(s["nats"][0])
        v6 = ":" in other["external-ip-address-pool"][0]
        other |= {"name": "second", "external-ip-address-pool": ["2001:db8::8" if v6 else "203.0.113.8"]}
        other["design"] = small.random_design(rng, False)
        _drawn(other)
        other["inside"] = rng.choice([other["inside"], other["inside"][:1]])
        s["nats"].append(other)
    return s


@pytest.mark.parametrize(("kind", "settled_least"), [(plain, 25), (quotas, 20), (servers, 25), (holes, 20), (spread, 12)])
def test_three_engines_agree(kind: Callable[[random.Random], Any], settled_least: int) -> None:
    settled = fitting = by_tuples = 0
    for seed in range(MANY):
        rng = random.Random(f"{kind.__name__} {seed}")
        s = kind(rng)
        try:
            scenario = natbound.Scenario(s)
            says = [scenario.capacity(engine=e)["engine"]["says"] for e in ("z3", "cp-sat")]
        except (natbound.Unsupported, natbound.InputError):  # shared keys, or static mappings that leave nothing
            continue
        assert says[0] == says[1]
        settled += 1
        wanted = rng.randint(1, 2 * says[0] + 2)
        found = [scenario.capacity(wanted, place=rng.choice(["even", "best"]), engine=e) for e in ("z3", "cp-sat")]
        fitting += found[0]["fits"] is True
        world = oracle.World(scenario.canonical)
        if sum(len(world.flows(n)) for n in world.clients) <= 12:
            by_tuples += 1
            assert by_constraints.maximum(scenario.canonical) == says[0]
    assert settled >= settled_least
    assert fitting > 5
    assert by_tuples > 1


@pytest.mark.parametrize("engine", ["z3", "cp-sat"])
def test_size_does_not_matter(engine: str) -> None:
    for name in ("home-lan", "cgnat"):
        scenario = natbound.load(EXAMPLES / f"{name}.yaml")
        found = scenario.capacity(engine=engine)
        assert found["engine"]["says"] == found.maximum.connections
        assert found["engine"]["trust"].startswith("nothing")


def test_a_difference_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    scenario = natbound.load(EXAMPLES / "home-lan.yaml")
    asked = engines.maximum

    def one_more(program: Program, engine: str) -> tuple[int | None, str, str]:
        says, *who = asked(program, engine)
        assert says is not None
        return says + 1, who[0], who[1]

    monkeypatch.setattr(engines, "maximum", one_more)
    with pytest.raises(Disagreement, match="natbound says 64,512, and Z3 says at most 64,513"):
        scenario.capacity(engine="z3")
    with pytest.raises(Disagreement, match="that 64,513 do not fit"):
        scenario.capacity(64_513, place="best", engine="z3")


def test_a_limit_of_time_leaves_the_flow() -> None:
    scenario = natbound.load(EXAMPLES / "home-lan.yaml")
    found = scenario.capacity()
    with natbound.limits(seconds=1e-9):
        late = engines.compared(scenario, "cp-sat", found.to_dict())
    assert late["maximum"]["connections"] == 64512
    assert late["engine"]["says"] is None
    assert "did not finish" in late["engine"]["trust"]


def _agreed(s: Any) -> int:
    """What both engines say of a scenario written out connection by connection; natbound's own bounds hold it, or Disagreement is raised."""
    scenario = natbound.Scenario(s)
    world = read_scenario(scenario.canonical)
    program = Written(world).program
    says = [engines.maximum(program, e)[0] for e in ("cp-sat", "z3")]
    assert says[0] == says[1] == by_constraints.maximum(scenario.canonical)
    assert says[0] is not None
    with contextlib.suppress(natbound.Unsupported):  # quotas of a cascade whose addresses are used unevenly
        engines.compared(scenario, "cp-sat", scenario.capacity().to_dict())
    return says[0]


@pytest.mark.parametrize("kind", many.KINDS)
def test_written_out_connection_by_connection(kind: str) -> None:
    settled = 0
    for seed in range(4):
        try:
            settled += _agreed(many.KINDS[kind](random.Random(f"{kind} {seed} written"))) > 0
        except natbound.InputError:  # static mappings that leave nothing
            continue
    assert settled > 0


def test_what_counts_can_not_say_is_written_out() -> None:
    servers = [small.server("C", "198.51.100.7", "80-81")]
    clients = [small.client("A", "10.0.0.1", "10-12")]

    def asked(addresses: str = "203.0.113.4-203.0.113.5", **axes: Any) -> Any:
        s = small.scenario(clients, [small.nat(["A"], addresses, small.design(**axes))], servers)
        return natbound.Scenario(s).capacity(engine="z3")["engine"]

    hashed = {"choice": "hash", "hash": "jhash2", "of": "source", "fallback": False}
    paired = {"choice": "random", "hash": "", "of": "source", "fallback": False, "paired": True}
    for axes in ({"mapping_type": "eim"}, {"pool": hashed}, {"pool": paired}):
        assert asked(**axes)["model"].startswith("every connection by itself")
    with pytest.raises(natbound.Unsupported, match="a hash that is not known"):
        asked(pool={**hashed, "hash": "unknown"})
    with pytest.raises(natbound.Unsupported, match=r"overloading.*more than 200,000 unknowns"):
        asked("203.0.0.0/16", mapping_type="eim", pool={**hashed, "choice": "random", "hash": ""})


def test_the_program_is_small() -> None:
    program = Counted(read_scenario(natbound.load(EXAMPLES / "cgnat.yaml").canonical)).program
    assert len(program.most) < 20


def test_command() -> None:
    def said(*more: str) -> subprocess.CompletedProcess[str]:
        text = "from natbound.cli import main; main()"
        return subprocess.run([sys.executable, "-c", text, "capacity", str(EXAMPLES / "home-lan.yaml"), *more], capture_output=True, text=True, timeout=60)  # fmt: skip

    out = said("--engine", "cp-sat", "--demand", "64513")
    assert out.returncode == 1
    assert "OR-Tools CP-SAT" in out.stdout
    assert "says at most 64,512" in out.stdout
    assert said("--engine", "flow").returncode == 0
    assert "auto, flow, z3 or cp-sat is wanted" in said("--engine", "cplex").stderr
    assert "leave one out" in said("--engine", "z3", "--claim", "N > 3").stderr


def test_an_engine_that_gives_up_says_so(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    from natbound.cli import main

    monkeypatch.setattr(engines, "SECONDS", 0.0)
    monkeypatch.setattr(sys, "argv", ["natbound", "capacity", str(EXAMPLES / "cgnat.yaml"), "--engine", "cp-sat", "--demand", "1000"])
    with pytest.raises(SystemExit) as ended:
        main()
    first, second = capsys.readouterr().out.splitlines()[:2]
    assert ended.value.code == 0  # the flow's answer
    assert first.startswith("1,000 connections fit")
    assert " s, given counts by class: " in second.partition(" gave up after ")[2]
    assert second.endswith("the answer above is natbound's flow's alone")


def test_z3_has_one_minute_for_all_its_questions(monkeypatch: pytest.MonkeyPatch) -> None:
    left: list[float] = []

    def time_left(most: float) -> float:
        left.append(most)
        return most

    monkeypatch.setattr(engines, "time_left", time_left)
    program = Program()  # of each three, which exclude one another, 3/2 in fractions: no 3 in all, but 2
    for _ in range(2):
        x = [program.new(1) for _ in range(3)]
        program.wanted += [(1, k) for k in x]
        for i in range(3):
            program.at_most([(1, x[i]), (1, x[i - 1])], 1)
    assert engines.maximum(program, "z3")[0] == 2
    assert left == [engines.SECONDS]
