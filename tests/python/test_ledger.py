"""The ledger: every published number comes about as its row says, every probability agrees with another computation, the page is the data."""

from __future__ import annotations

import importlib.util
import math
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import mpmath
import pytest
from chains import attempts
from natbound.ledger import ROWS, Beside, Figure, Row, value
from natbound.ledger.entry import METHODS, NAMES

ROOT = Path(__file__).parents[2]
FIGURES = [pytest.param(f, id=f"{r.id}-{f.what[:40]}") for r in ROWS for f in r.figures]
BESIDE = [pytest.param(b, id=f"{r.id}-{b.expression}") for r in ROWS for b in r.beside]


def log_erlang_b(ports: int, load: float) -> float:
    """The gamma law's density over its upper tail, to 40 digits; in overload 1/B = 1 + c/a + c (c - 1)/a^2 + ..."""
    with mpmath.workdps(40):
        c, a = mpmath.mpf(ports), mpmath.mpf(load)
        if c > a:
            density = c * mpmath.log(a) - a - mpmath.loggamma(c + 1)
            return float(density - mpmath.log(mpmath.gammainc(c + 1, a, regularized=True)))
        term, total = mpmath.mpf(1), mpmath.mpf(1)
        for k in range(ports):
            term *= (c - k) / a
            total += term
            if term < total * mpmath.mpf("1e-20"):
                break
        return float(-mpmath.log(total))


def in_batches(ports: int, load: float, size: int) -> Any:
    """Fixed batches, partly accepted: n p(n) = load / size x the sum of p over the last `size` states."""
    p = [1.0]
    for n in range(1, ports + 1):
        p.append(load / size / n * math.fsum(p[max(0, n - size) : n]))
    lost = math.fsum(q * max(0, n + size - ports) for n, q in enumerate(p))
    return SimpleNamespace(refusal=lost / size / math.fsum(p))


def in_sizes(ports: int, loads: tuple[float, ...], sizes: tuple[int, ...]) -> Any:
    """Every state of every class, one by one."""
    classes = range(len(loads))
    room: dict[tuple[int, ...], float] = {(): 1.0}
    for c in classes:
        room = {(*s, n): w * loads[c] ** n / math.factorial(n) for s, w in room.items() for n in range(ports // sizes[c] + 1)}
    used = {s: sum(n * b for n, b in zip(s, sizes, strict=True)) for s in room}
    total = math.fsum(w for s, w in room.items() if used[s] <= ports)
    return SimpleNamespace(refusal=[math.fsum(w for s, w in room.items() if ports - b < used[s] <= ports) / total for b in sizes])


def with_retries(ports: int, load: float, tries: int) -> Any:
    """The fixed point, by iteration."""
    attempted = load
    for _ in range(1000):
        refused = math.exp(log_erlang_b(ports, attempted))
        attempted = load * sum(refused**k for k in range(tries))
    return SimpleNamespace(attempt_refusal=refused, connection_failure=refused**tries)


OTHERWISE = {
    **NAMES,
    "log_erlang_b": log_erlang_b,
    "erlang_b": lambda ports, load: math.exp(log_erlang_b(ports, load)),
    "refusal_probability": attempts,
    "batches": in_batches,
    "kaufman_roberts": in_sizes,
    "retries": with_retries,
}


def test_enough_rows_each_with_its_own_link() -> None:
    assert len(ROWS) >= 30
    assert len({row.link.split("#")[0] for row in ROWS}) == len(ROWS)
    assert len({row.id for row in ROWS}) == len(ROWS)
    assert all(row.link.startswith("https://") for row in ROWS)
    assert all(row.figures and row.beside for row in ROWS)


@pytest.mark.parametrize("figure", FIGURES)
def test_the_printed_number_follows_or_does_not(figure: Figure) -> None:
    assert (figure.computed() == figure.printed) == figure.follows
    assert figure.follows or figure.why
    if figure.but:
        assert figure.why
        assert (figure.corrected() == figure.printed) != figure.follows  # it mends what does not follow, or changes what does


@pytest.mark.parametrize("beside", BESIDE)
def test_the_probability_by_another_computation(beside: Beside) -> None:
    assert set(OTHERWISE) == set(NAMES) >= set(METHODS)
    assert beside.log() < 0
    found = float(value(beside.expression, OTHERWISE))
    assert beside.log() == pytest.approx(found if beside.logarithm else math.log(found), rel=1e-9, abs=1e-9)
    assert beside.given.startswith(("published: ", "assumed: ")) or beside.given == "published"


def test_expressions_see_nothing_but_the_formulas() -> None:
    for escape in ("__import__('os')", "open('/etc/hostname')", "math.pi"):
        with pytest.raises(NameError):
            value(escape)


@pytest.mark.parametrize(
    ("log", "text"),
    [(math.log(0.298), "0.298"), (math.log(1.7143e-7), "1.71e-7"), (math.log(9.9996e-5), "1.00e-4"), (-2000.0, "2.58e-869")],
)
def test_three_digits(log: float, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Beside, "log", lambda _: log)
    assert Beside("erlang_b(1, 1)", "published").shown() == text


def test_known_slips_are_among_them() -> None:
    def printed(row: str) -> dict[str, Figure]:
        return {f.printed: f for r in ROWS if r.id == row for f in r.figures}

    assert printed("codingace-overload")["15.87%"].computed() == "13.80%"
    assert printed("gitlab-10629")["448"].corrected() == "434"
    assert repr(800 * 1.1 * 1.1) in printed("codingace-capacity")["969"].why
    assert str(math.ceil(800 * 1.1 * 1.1)) == "969"
    assert printed("nanog-2012-happy")["29500"].computed() == "500"


def test_the_page_is_what_the_script_makes() -> None:
    spec = importlib.util.spec_from_file_location("make_ledger", ROOT / "docs" / "make_ledger.py")
    assert spec is not None
    assert spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    assert (ROOT / "docs" / "ledger.md").read_text(encoding="utf-8") == script.page()


def test_rows_are_values() -> None:
    row = ROWS[0]
    assert isinstance(row, Row)
    assert hash(row) == hash(ROWS[0])
    with pytest.raises(AttributeError):
        row.id = "other"  # type: ignore[misc]
