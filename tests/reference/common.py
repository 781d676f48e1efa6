"""What the scripts beside it share: numbers as text, tables, a chain's stationary law, the least number that meets a target."""

from __future__ import annotations

import json
import platform
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import mpmath
from mpmath import mp, mpf

HERE = Path(__file__).resolve().parent
DIGITS = 50
State = Hashable


def text(x: Any) -> str:
    return str(mp.nstr(x, 25, min_fixed=0, max_fixed=0))


def write(name: str, columns: str, rows: Iterable[str], script: str, digits: int = DIGITS, more: str = "") -> None:
    """A table: a line that says where it is from, the names of its columns, its rows."""
    lines = list(rows)
    source = f"mpmath {mpmath.__version__}, {digits} digits{more}: tests/reference/{script}"
    (HERE / name).write_text("\n".join([f"# {source}", columns, *lines]) + "\n", encoding="ascii")
    print(f"{name}: {len(lines)} rows, {source}, Python {platform.python_version()}", flush=True)


class Fact(NamedTuple):
    """What a formula of `natbound.calculator` has to give: in a field of its answer (`refusal`, `refusal.0`, or none) for these arguments."""

    formula: str
    field: str
    arguments: Mapping[str, Any]
    value: Any


def write_facts(name: str, facts: Iterable[Fact], script: str, digits: int = DIGITS) -> None:
    """A table of them, arguments as JSON between quotes: '{"ports": 3, "load": 1.5}'."""
    rows = (f"{f.formula},{f.field},'{json.dumps(f.arguments)}',{text(mpf(f.value))}" for f in facts)
    write(name, "formula,field,arguments,value", rows, script, digits)


def facts(formula: str, arguments: Mapping[str, Any], **values: Any) -> Iterator[Fact]:
    """One for each field."""
    for field, value in values.items():
        yield Fact(formula, field, arguments, value)


def logarithm(x: mpf) -> mpf:
    """Of a chance: 0 where that is 1 but for rounding."""
    return mpf(0) if abs(x - 1) < mpf(10) ** -DIGITS else mp.log(x) if x > 0 else -mp.inf


def stationary(start: State, moves: Callable[[Any], Iterable[tuple[Any, Any]]]) -> dict[Any, mpf]:
    """The law of the chain of all states that `start` reaches; moves(state) are (next, rate).

    By elimination without subtractions (Grassmann, Taksar, Heyman 1985), state by state: every chance keeps its digits however small.
    Checked by the balance of every state.
    """
    rates: dict[Any, dict[Any, mpf]] = {}
    waiting = [start]
    while waiting:
        state = waiting.pop()
        if state in rates:
            continue
        row = rates[state] = {}
        for to, rate in moves(state):
            if rate and to != state:
                row[to] = row.get(to, mpf(0)) + mpf(rate)
                waiting.append(to)
    states = sorted(rates)
    place = {state: i for i, state in enumerate(states)}
    out = [{place[to]: rate for to, rate in rates[state].items()} for state in states]
    into: list[dict[int, mpf]] = [{} for _ in states]
    for i, row in enumerate(out):
        for j, rate in row.items():
            into[j][i] = rate
    shares: list[dict[int, mpf]] = [{} for _ in states]
    for n in range(len(states) - 1, 0, -1):
        down = {j: rate for j, rate in out[n].items() if j < n}
        whole = mp.fsum(down.values())
        for i, rate in into[n].items():
            if i > n:
                continue
            shares[n][i] = rate / whole
            for j, below in down.items():
                if i != j:
                    out[i][j] = into[j][i] = out[i].get(j, mpf(0)) + rate * below / whole
    law = [mpf(1)]
    for n in range(1, len(states)):
        law.append(mp.fsum(law[i] * share for i, share in shares[n].items()))
    total = mp.fsum(law)
    found = {state: law[place[state]] / total for state in states}
    arrives = dict.fromkeys(states, mpf(0))
    for state in states:
        for to, rate in rates[state].items():
            arrives[to] += found[state] * rate
    for state in states:
        leaves = found[state] * mp.fsum(rates[state].values())
        assert len(states) == 1 or abs(arrives[state] / leaves - 1) < mpf(10) ** (5 - DIGITS), state
    return found


def least(meets: Callable[[int], bool], start: int = 0) -> int:
    """The first whole number from `start` on, one by one."""
    n = start
    while not meets(n):
        n += 1
    return n


def root(f: Callable[[mpf], mpf], low: Any, high: Any, digits: int = 30) -> mpf:
    """Where f, which grows, passes 0: bisection of the logarithm, then of the number. 0 < low."""
    low, high = mpf(low), mpf(high)
    while f(high) < 0:
        low, high = high, high * 16
    while f(low) > 0:
        low, high = low / 16, low
    for _ in range(int(digits * 3.4) + 8):
        middle = mp.sqrt(low * high)
        low, high = (middle, high) if f(middle) < 0 else (low, middle)
    return (low + high) / 2


def erlang_b(ports: Any, load: Any) -> mpf:
    """From 1/B = e^a a^-c Gamma(c + 1, a), for any real number of ports; slow for many."""
    c, a = mpf(ports), mpf(load)
    if c == int(c) and c < 4000:
        term = total = mpf(1)
        for k in range(int(c), 0, -1):
            term *= k / a
            total += term
        return 1 / total
    return 1 / (mp.exp(a - c * mp.log(a)) * mp.gammainc(c + 1, a))
