"""Parts of the checker against their definitions, obligations, and any JSON at all."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

import histories
import made
import oracle
import small
from attack import CHECK, check, checker, maxima, past, valid
from mutation import ODD, mutants


def test_fewest_endpoints_of_every_sequence() -> None:
    rng = random.Random(5)
    exact = cases = 0
    for _ in range(400):
        scenario = small.random_scenario(rng, searching=True)
        router = oracle.World(scenario).nats[0]
        plan = checker.design.read_plan(scenario["nats"][0]["design"], None, "design")
        if "port-set-restrict" in scenario["nats"][0]:
            continue
        for c in plan.classes:
            port = rng.randint(c.source[0][0], min(c.source[0][0] + 14, c.source[-1][1]))
            bound = checker.probes.fewest_endpoints(plan, c, ((port, port),))
            seen = []
            todo: list[list[int]] = [[]]
            while todo:
                given = todo.pop()
                try:
                    seen.append(len(set(histories.probes(router, port, histories.Numbers(given)))))
                except histories.Stuck as stuck:
                    todo += [[*given, v] for v in range(stuck.args[0])]
                assert len(seen) < 100_000
            cases += 1
            assert bound <= min(seen), (plan, port)
            exact += bound == min(seen)
    assert exact > 0.9 * cases > 200


def test_hashes() -> None:
    def rank(source: str, destination: str, only: bool) -> int:
        read = checker.reading.address
        seed = 0 if only else checker.pool.words(read(destination, ""))[0]
        return int(checker.pool.jhash2(checker.pool.words(read(source, "")), seed))

    # computed by hand from include/linux/jhash.h, little endian
    assert rank("10.0.0.2", "198.51.100.7", False) == 0xE0F1A7C5
    assert rank("10.0.0.2", "198.51.100.7", True) == 0xFA270FA5
    assert rank("10.0.0.3", "198.51.100.7", False) == 0x0999559B
    rng = random.Random(1)
    for _ in range(300):
        words = tuple(rng.getrandbits(32) for _ in range(4))
        seed = rng.getrandbits(32)
        assert checker.pool.jhash2(words, seed) == oracle.lookup3(list(words), seed)


def text(commands: Any) -> str:
    """Nested lists as SMT-LIB."""
    return commands if isinstance(commands, str) else "(" + " ".join(map(text, commands)) + ")"


def holding(**axes: Any) -> Any:
    """A certificate of kind holds."""
    how = small.design(**axes)
    wanted = checker.obligations.unique(*checker.holds.axes(how))
    obligations = [{"name": n, "smt2": "; said\n" + "\n".join(map(text, c)), "expected": "unsat"} for n, c in wanted.items()]
    return {"schema": made.SCHEMA, "kind": "holds", "property": "unique", "design": how, "obligations": obligations}


@pytest.mark.parametrize("mapping", ["edm", "adm", "eim", "eim-if-possible"])
@pytest.mark.parametrize("scope", ["none", "address", "endpoint"])
def test_holds(mapping: str, scope: str) -> None:
    for protocol, causes in ((True, ["tcp-fin"]), (False, [])):
        certificate = holding(
            mapping_type=mapping, clash_scope={"destination": scope, "protocol": protocol}, reuse={"take-over": causes, "chance": 0.5}
        )
        assert valid(certificate) is (True if checker.holds.solvers() else None)


def test_holds_under_attack(monkeypatch: pytest.MonkeyPatch) -> None:
    certificate = holding(reuse={"take-over": ["tcp-fin"], "chance": 1})
    monkeypatch.setattr(checker.holds, "solvers", dict)
    assert valid(certificate) is None
    monkeypatch.setattr(checker.holds, "solvers", lambda: {"gullible": lambda _: "unsat"})
    assert valid(certificate) is True
    certificate["obligations"][0]["smt2"] = "(set-logic UF) (assert false) (check-sat)"
    assert valid(certificate) is False
    certificate = holding(reuse={"take-over": ["tcp-fin"], "chance": 1})
    for done, mutant in mutants(certificate, random.Random(3), 400):
        if valid(mutant) is True:
            assert checker.holds.axes(mutant["design"]) == checker.holds.axes(certificate["design"]), done
            assert {o["name"]: checker.obligations.parse(o["smt2"]) for o in mutant["obligations"]} == {
                o["name"]: checker.obligations.parse(o["smt2"]) for o in certificate["obligations"]
            }
    # a line less, or a bracket's content exchanged, anywhere
    rng = random.Random(4)
    for _ in range(200):
        lie = holding(reuse={"take-over": ["tcp-fin"], "chance": 1})
        which = rng.choice(lie["obligations"])
        words = which["smt2"].split()
        words.pop(rng.randrange(1, len(words)))
        which["smt2"] = "; said\n" + " ".join(words[2:])
        assert valid(lie) is False
    for answer, verdict in (("sat", False), ("unknown", None), ("", None)):
        monkeypatch.setattr(checker.holds, "solvers", lambda answer=answer: {"other": lambda _: answer})
        assert valid(holding()) is verdict


def anything(rng: random.Random, depth: int = 0) -> Any:
    """A JSON value of any shape, with the keys and words of certificates."""
    if depth > 5 or rng.random() < 0.3:
        return rng.choice([*ODD, "fits", "A", "10.0.0.1", "80", 2**70, -(2**70)])
    if rng.random() < 0.4:
        return [anything(rng, depth + 1) for _ in range(rng.randrange(4))]
    keys = ["schema", "kind", "scenario", "clients", "nats", "servers", "blocks", "connections", "name", "addresses", "ports", "design",
            "port-classes", "to", "from", "via", "groups", "levels", "trace", "open", "lower-bound"]  # fmt: skip
    return {rng.choice(keys): anything(rng, depth + 1) for _ in range(rng.randrange(6))}


def test_any_json_is_decided() -> None:
    rng = random.Random(9)
    good = [*maxima(range(3)), *past(range(3)), holding()]
    for _ in range(2000):
        value = anything(rng)
        assert valid(value) is not True
        if isinstance(value, dict):
            base = rng.choice(good)
            assert valid({**value, "schema": made.SCHEMA, "kind": base["kind"]}) is not True
            valid({**base, **value})
    deep: Any = []
    for _ in range(100_000):
        deep = [deep]
    for kind in ("fits", "maximum", "guaranteed", "holds", "likely", "unheard-of"):
        assert valid({"schema": made.SCHEMA, "kind": kind, "scenario": deep, "blocks": deep}) is not True
    assert check({"schema": made.SCHEMA, "kind": "likely"}).valid is None


def test_too_large_is_not_decided(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checker.sets, "MOST_WORK", 3_000_000)  # a twentieth: the time it takes is proportional
    hashed = small.design(pool={"choice": "hash", "hash": "jhash2", "of": "source", "fallback": False})
    inside, outside = small.client("hosts", "2001:db8::/64", "10-13"), small.server("web", "2001:db8:1::/64", "80")
    scenario = small.scenario([inside], [small.nat(["hosts"], "2001:db8:2::/126", hashed)], [outside])
    body = {"connections": 1, "lower-bound": {"reason": "sequence", "endpoints": 1}}
    assert valid(made.certificate("guaranteed", scenario, body)) is None


def many(clients: int, servers: int, nats: int) -> tuple[Any, Any]:
    """A scenario of many sets, and a certificate that no more connections fit there than the pools have ports for."""
    cs = [small.client(f"c{i}", f"10.{i >> 16}.{i >> 8 & 255}.{i & 255}", "1024-65535") for i in range(clients)]
    vs = [small.server(f"s{j}", f"198.{18 + (j >> 16)}.{j >> 8 & 255}.{j & 255}", "443") for j in range(servers)]
    ns = [small.nat([c["name"] for c in cs[k::nats]], f"203.0.{k >> 8}.{k & 255}", small.design()) for k in range(nats)]
    named = [{**n, "name": f"n{k}"} for k, n in enumerate(ns)]
    to = [{"server": v["name"], "addresses": v["addresses"], "ports": v["ports"]} for v in vs]
    bodies = []
    for k, n in enumerate(named):
        closed = [{"client": c["name"], "addresses": c["addresses"], "ports": c["ports"], "mappings": 1} for c in cs[k::nats]]
        level = {"weight": 1, "open": [{"addresses": n["external-ip-address-pool"], "ports": ["1-65535"]}], "closed": closed}
        bodies.append({"nat": n["name"], "at-most": 65535 * servers, "groups": [{"to": to, "keys": servers, "levels": [level]}]})
    scenario = small.scenario(cs, named, vs)
    return scenario, made.certificate("does-not-fit", scenario, {"at-most": 65535 * servers * nats, "nats": bodies})


def test_a_thousand_sets_are_decided_at_once() -> None:
    began = time.process_time()
    scenario, certificate = many(1000, 1000, 1)
    assert valid(certificate, scenario) is True
    assert time.process_time() - began < 10  # half a second where nothing else runs; every pair by itself took twenty


def test_what_is_too_much_ends_before_the_work_is_done() -> None:
    began = time.process_time()
    _, certificate = many(1500, 10, 1500)
    certificate["scenario"]["nats"][0]["inside"] *= 100_000
    assert valid(certificate) is not True
    _, certificate = many(3000, 3, 3000)
    assert valid(certificate) is not True  # 9 million pairs of NAT and client set, several times
    assert time.process_time() - began < 60


def run(*arguments: str, stdin: str | None = None) -> tuple[int, str]:
    """The checker as a program of its own, away from every installed package."""
    command = [sys.executable, "-S", "-E", str(CHECK / "__main__.py"), *arguments]
    done = subprocess.run(command, input=stdin, capture_output=True, text=True, timeout=120, check=False, env={"PATH": os.devnull})
    assert "Traceback" not in done.stderr
    return done.returncode, done.stdout + done.stderr


def test_command_line(tmp_path: Path) -> None:
    good = maxima(range(2))[0]
    path = tmp_path / "certificate.json"
    path.write_text(json.dumps(good))
    scenario = tmp_path / "scenario.json"
    scenario.write_text(json.dumps(good["scenario"]))
    assert run(str(path)) == (0, f"valid: {check(good).reason}\n")
    assert run(str(path), "--scenario", str(scenario))[0] == 0
    scenario.write_text(json.dumps({**good["scenario"], "description": "another"}))
    assert run(str(path), "--scenario", str(scenario))[0] == 1
    code, out = run("-", "--json", stdin=json.dumps({**good, "connections": good["connections"] + 1}))
    assert code == 1
    assert json.loads(out)["valid"] is False
    assert run("-", stdin=json.dumps(holding()))[0] == 3  # no solver there
    for unreadable in ("", "{", '{"kind": 1, "kind": 2}', "[" * 200_000, "9" * 10_000):
        assert run("-", stdin=unreadable)[0] == 2
    assert run(str(tmp_path / "nothing.json"))[0] == 2
    path.write_bytes(b"\xff\xfe\x00")
    assert run(str(path))[0] == 2
