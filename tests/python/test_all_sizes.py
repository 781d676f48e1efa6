"""The maximum for all sizes: formulas of random shapes against the maximum at random sizes, both solvers, and certificates that are attacked."""

from __future__ import annotations

import copy
import random
import re
import sys
from pathlib import Path
from typing import Any

import natbound
import pytest

sys.path.insert(0, str(Path(__file__).parent))

from mutation import mutants
from natbound.check import check
from natbound.check.all_sizes import same_small, value
from natbound.check.all_sizes_shape import shape_of
from natbound.check.holds import solvers
from natbound.check.obligations import parse
from natbound.check.scenario import read_scenario
from natbound.check.sets import Rejected
from natbound.cli import main as cli
from small import client, design, nat, scenario, server, whole

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
KINDS = [
    ("edm", "endpoint"), ("edm", "address"), ("edm", "none"), ("adm", "address"), ("adm", "none"), ("eim", "none"), ("eim-if-possible", "address"),
]  # fmt: skip


def made(shape: int, sizes: int) -> dict[str, Any]:
    """A scenario: of one shape for each `shape`, at other sizes for each `sizes`."""
    rng, own = random.Random(shape), random.Random(f"{shape}/{sizes}")
    mapping, scope = KINDS[shape % len(KINDS)]
    two = rng.random() < 0.4
    wide = own.randint(1, 4)
    classes = [{"source": ["0-65535"], "ports": [f"10-{9 + wide}"]}]
    if two:  # ranges that overlap, nest, or are apart
        low, ours = rng.choice(["overlap", "nest", "apart"]), [own.randint(1, 3) for _ in range(3)]
        a, b, c = ours
        first = {"overlap": (10, 9 + a + b), "nest": (10, 9 + a), "apart": (10, 9 + a)}[low]
        second = {"overlap": (10 + a, 9 + a + b + c), "nest": (10, 9 + a + c), "apart": (10 + a, 9 + a + c)}[low]
        spans = [f"{lo}-{hi}" for lo, hi in (first, second)]
        classes = [{"source": ["0-99"], "ports": [spans[0]]}, {"source": ["100-65535"], "ports": [spans[1]]}]
    pool = {
        "choice": rng.choice(["first", "random", "round-robin"]),
        "hash": "",
        "of": "source-and-destination",
        "fallback": rng.random() < 0.5,
    }
    how = design(mapping_type=mapping, clash_scope={"destination": scope, "protocol": rng.random() < 0.6}, port_classes=classes, pool=pool,
                 search={"rounds": [whole()], "stop-when-covered": False, "first-choice-counts": False})  # fmt: skip
    names = ["C", "D", "U"][: rng.randint(1, 3)]
    beside = rng.random() < 0.5  # U lies on D's addresses, under another protocol
    ends = {n: own.randint(1, 2) for n in "CDU"}
    servers = [
        server(n, f"198.51.{j if not (beside and n == 'U') else 1}.1-198.51.{j if not (beside and n == 'U') else 1}.{ends['D' if beside and n == 'U' else n]}",
               f"{70 if n == 'U' else 80}-{(69 if n == 'U' else 79) + own.randint(1, 2)}", "udp" if n == "U" else "tcp")
        for j, n in enumerate(names)
    ]  # fmt: skip
    clients = []
    for i in range(rng.randint(1, 3)):
        kind = rng.choice(["low", "high", "both"]) if two else "high"
        spans = [f"{50 - own.randint(0, 2)}-50", f"200-{199 + own.randint(1, 3)}"][{"low": 0, "high": 1, "both": 0}[kind] :]
        clients.append(client(f"A{i}", f"10.0.{i}.1-10.0.{i}.{own.randint(1, 3)}", spans if kind == "both" else spans[:1],
                              [n for n in names if rng.random() < 0.6]))  # fmt: skip
    limits: dict[str, Any] = {}
    if mapping in ("edm", "eim-if-possible") and rng.random() < 0.4:
        limits["limit-per-subscriber"] = own.randint(1, 6)
    if rng.random() < 0.4:
        limits["limit-per-instance"] = own.randint(3, 30)
    inside = [c["name"] for c in clients]
    routed = [inside.pop()] if rng.random() < 0.3 and len(inside) > 1 else []
    several = [inside] if len(inside) < 2 or rng.random() < 0.6 else [inside[:1], inside[1:]]
    nats = [
        nat(some, f"203.0.{k}.1-203.0.{k}.{own.randint(1, 3)}", how, f"n{k}", connection_limits=limits) for k, some in enumerate(several)
    ]
    assert inside or routed
    return scenario(clients, nats, servers)


@pytest.mark.parametrize("shape", range(70))
def test_the_formula_is_the_maximum_at_all_sizes_that_are_tried(shape: int) -> None:
    proved = natbound.Scenario(made(shape, 0)).for_all_sizes()
    assert proved["proved"] is True
    formula = parse(proved["formula"])[0]
    for sizes in range(6):
        one = natbound.Scenario(made(shape, sizes))
        here = shape_of(read_scenario(one.canonical))
        assert here.formula == formula[4]  # the same shape
        found = one.capacity()["maximum"]
        assert found["connections"] == value(formula[4], here.sizes)


@pytest.mark.parametrize("shape", range(0, 70, 5))
def test_the_checker_decides_it_with_every_solver(shape: int) -> None:
    proof = natbound.Scenario(made(shape, 1)).for_all_sizes()["evidence"]
    verdict = check(proof)
    assert verdict.valid is True, verdict.reason
    for name in solvers():
        assert name in verdict.reason
    assert check(proof, natbound.Scenario(made(shape, 2)).canonical).valid is False


def wrong_ones(formula: str, rng: random.Random) -> list[str]:
    """Formulas with one operator or one name changed."""
    words = re.findall(r"[^\s()]+|[()]", formula)
    start = words.index("Int", len(words) - words[::-1].index("Int") - 1) + 1
    out = []
    for _ in range(6):
        at = rng.choice([k for k in range(start, len(words)) if words[k] not in "()"])
        names = sorted({w for w in words[start:] if "-" in w and len(w) > 1} - {words[at]})
        other = (
            rng.choice(names or ["7"])
            if len(words[at]) > 1 and "-" in words[at]
            else {"min": "max", "max": "min", "+": "*", "*": "+"}.get(words[at], "7")
        )
        out.append(" ".join([*words[:at], other, *words[at + 1 :]]))
    return out


def refutation(read: Any, formula: Any, names: list[str]) -> str:
    """Sizes at which counting gives another number, in words."""
    try:
        same_small(read, formula, names, 80)
    except Rejected as why:
        return str(why)
    return ""


def test_wrong_formulas_are_refuted_by_sizes() -> None:
    rng, refuted, same = random.Random(5), 0, 0
    for shape in range(0, 70, 3):
        s = natbound.Scenario(made(shape, 0))
        proof = s.for_all_sizes()["evidence"]
        read = read_scenario(s.canonical)
        names = sorted(shape_of(read).sizes)
        for text in wrong_ones(proof["formula"], rng):
            assert check({**copy.deepcopy(proof), "formula": text}).valid is False
            why = refutation(read, parse(text)[0][4], names)
            refuted, same = refuted + bool(why), same + (not why)  # same: such as an order of the sum, or what no size tells apart
            assert not why or re.search(r"gives -?\d+ and counting gives \d+ at [a-z]\d+-", why)
    assert refuted > 2 * same


def test_a_cut_that_is_left_out_has_a_counterexample() -> None:
    # two client sets that reach different servers, joined by a quota: without the mixed cuts it is too much
    proof = natbound.Scenario(made(0, 0)).for_all_sizes()["evidence"]
    obligation = next(o for o in proof["obligations"] if o["name"].endswith("reached"))
    changed = re.sub(r"\(assert \(< (.*) \(min (.*)\)\)\)\n\(check-sat\)", r"(assert (< \1 (+ \2)))\n(check-sat)", obligation["smt2"])
    assert changed != obligation["smt2"]
    for name, decide in solvers().items():
        assert decide(changed) == "sat", name
        assert decide(obligation["smt2"]) == "unsat", name


def meaning(proof: dict[str, Any]) -> Any:
    """What a certificate says, whatever the order and the words."""
    terms = parse(proof["formula"])[0]
    terms[2] = sorted(terms[2])
    return (
        sorted((p["name"], str(p["value"])) for p in proof["parameters"]),
        terms, str(proof["connections"]),
        {o["name"]: (parse(o["smt2"]), o["expected"]) for o in proof["obligations"]}, len(proof["obligations"]),
        {k: v for k, v in proof.items() if k in ("schema", "kind", "scenario")}, sorted(proof),
        [sorted(x) for k in ("parameters", "obligations") for x in proof[k]],
    )  # fmt: skip


def test_mutated_certificates_are_never_accepted() -> None:
    tried = 0
    for shape in (0, 2, 5):
        proof = natbound.Scenario(made(shape, 0)).for_all_sizes()["evidence"]
        for done, other in mutants(proof, random.Random(shape), 120):
            if other.get("scenario") != proof["scenario"] or check(other).valid is not True:
                tried += other.get("scenario") == proof["scenario"]
                continue
            assert meaning(other) == meaning(proof), done
    assert tried > 150


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"design": {"base": "ideal", "mapping-type": "eim"}}, "colouring"),
        ({"design": {"base": "ideal", "pool": {"choice": "hash", "hash": "unknown", "fallback": False}}}, "hash"),
        ({"design": {"base": "ideal", "pool": {"paired": True}}}, "paired"),
        ({"static-mappings": [{"external-src-port": 2000}]}, "static mappings"),
        ({"mapping-limits": {"limit-subscribers": 3}}, "subscribers"),
        ({"design": {"base": "ideal", "mapping-type": "adm", "clash-scope": {"destination": "address"}},
          "connection-limits": {"limit-per-subscriber": 4}}, "quota"),
    ],
)  # fmt: skip
def test_what_is_not_covered_is_said(change: dict[str, Any], said: str) -> None:
    value = {
        "clients": [{"name": "A", "addresses": "10.0.0.0/30"}],
        "nats": [{"name": "r", "inside": ["A"], "external-ip-address-pool": ["203.0.113.1-203.0.113.2"], "design": "ideal", **change}],
        "servers": [{"name": "C", "addresses": "198.51.100.1-198.51.100.2", "ports": "80-81"}],
    }
    with pytest.raises(natbound.Unsupported, match=said):
        natbound.Scenario(value).for_all_sizes()


def test_from_the_command_line(tmp_path: Path, monkeypatch: Any, capsys: Any) -> None:
    """The formula, its value, and a certificate that `check` accepts; a shape that has none is unknown, and says why."""

    def run(status: int, *arguments: str) -> str:
        monkeypatch.setattr(sys, "argv", ["natbound", *arguments])
        with pytest.raises(SystemExit) as stopped:
            cli()
        assert stopped.value.code == status
        said = capsys.readouterr()
        return str(said.err if status else said.out)

    proof = str(tmp_path / "proof.json")
    said = run(0, "capacity", str(EXAMPLES / "home-lan.yaml"), "--for-all-sizes", "--certificate", proof)
    assert said.startswith("maximum = min(router.table, ")
    assert "here 64,512" in said
    assert "valid" in run(0, "check", proof)
    assert "a cascade" in run(3, "capacity", str(EXAMPLES / "nat444.yaml"), "--for-all-sizes")
