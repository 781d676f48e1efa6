"""docs/questions.md: every command prints what the page shows, and the number that matters in each comes out the same by other means."""

from __future__ import annotations

import json
import math
import random
import re
import shlex
from collections.abc import Callable
from heapq import heappop, heappush
from pathlib import Path
from typing import Any

import mpmath
import pytest
from chains import attempts
from natbound.cli.app import app
from typer.testing import CliRunner

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "questions.md").read_text(encoding="utf-8")
SECTIONS = {int(found[1]): found[2] for found in re.finditer(r"^### (\d+)\. (.*?)(?=^##|\Z)", PAGE, re.MULTILINE | re.DOTALL)}
COMMANDS = [
    (number, *block) for number, text in SECTIONS.items() for block in re.findall(r"```console\n\$ natbound (.*)\n([^`]*)```", text)
]
NUMBER = re.compile(r"\d[\d,]*(?:\.\d+)?(?:e[-+]?\d+)?")


def run(command: str, monkeypatch: Any, *more: str) -> Any:
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("COLUMNS", "100")
    return CliRunner().invoke(app, [*shlex.split(command), *more])


def same(shown: str, printed: str, simulated: bool) -> bool:
    """The same words, and the same numbers to what is left open by the mathematics of another machine, whose last bits send a simulation
    another way."""
    tolerance = 0.25 if simulated else 1e-3
    if NUMBER.sub("#", shown).split() != NUMBER.sub("#", printed).split():
        return False
    pairs = zip(NUMBER.findall(shown), NUMBER.findall(printed), strict=True)
    return all(math.isclose(float(a.replace(",", "")), float(b.replace(",", "")), rel_tol=tolerance) for a, b in pairs)


def test_all_eighteen_are_there_with_their_links() -> None:
    assert sorted(SECTIONS) == list(range(1, 19))
    assert {number for number, *_ in COMMANDS} == set(SECTIONS)
    for number, text in SECTIONS.items():
        assert "](https://" in text, number
        assert len(re.findall(r"console\n\$", text)) == sum(n == number for n, *_ in COMMANDS), number


@pytest.mark.parametrize(("number", "command", "shown"), [pytest.param(*c, id=f"{c[0]}-{c[1][:50]}") for c in COMMANDS])
def test_the_page_shows_what_is_printed(number: int, command: str, shown: str, monkeypatch: Any) -> None:
    done = run(command, monkeypatch)
    assert done.exit_code in (0, 1), done.output  # 1: a question whose answer is no
    head, cut, _ = shown.partition("\n...\n")
    printed = done.stdout
    if cut:
        printed = "\n".join(printed.splitlines()[: len(head.splitlines())])
    assert same(head, printed, command.startswith("simulate")), f"question {number}: the page is old; printed is\n{printed}"


# The number that matters, by another way: recurrences and mpmath for formulas, counting for shares, a small simulator for searches.


def erlang_b(ports: int, load: float) -> float:
    inverse = 1.0
    for n in range(1, ports + 1):
        inverse = 1 + inverse * n / load
        if inverse > 1e300:
            return 0.0
    return 1 / inverse


def gamma_median(n: int, rate: float) -> float:
    """The median time of the n-th arrival."""
    with mpmath.workdps(30):
        return float(mpmath.findroot(lambda t: mpmath.gammainc(n, 0, rate * t, regularized=True) - mpmath.mpf(0.5), n / rate))


def dealt(owners: int, ports: int, share: int) -> int:
    """Addresses, dealing out share by share."""
    left, addresses = 0, 0
    for _ in range(owners):
        if left < share:
            left, addresses = ports, addresses + 1
        left -= share
    return addresses


def linux_search(load: float, keep: bool, arrivals: int) -> float:
    """Linux's search on 64,512 ports: the client's own, then runs of 128, 64, 32, 16 and 8 from random starts. The share refused."""
    draw, ports, hold = random.Random(7), 64_512, 1.0
    busy, ends, now, refused = bytearray(ports), [], 0.0, 0
    for port in draw.sample(range(ports), int(0.997 * load)):
        busy[port] = 1
        heappush(ends, (draw.expovariate(1 / hold), port))
    warm = int(1.5 * load)
    for k in range(warm + arrivals):
        now += draw.expovariate(load / hold)
        while ends and ends[0][0] <= now:
            busy[heappop(ends)[1]] = 0
        found = draw.randrange(ports) if keep else -1
        if found < 0 or busy[found]:
            for length in (128, 64, 32, 16, 8):
                start = draw.randrange(65_536) % ports
                found = busy.find(0, start, start + length)
                if found < 0 and start + length > ports:
                    found = busy.find(0, 0, start + length - ports)
                if found >= 0:
                    break
            else:
                refused += k >= warm
                continue
        busy[found] = 1
        heappush(ends, (now + draw.expovariate(1 / hold), found))
    return refused / arrivals


def no_two_alike(ports: int, flows: int) -> float:
    return math.prod(1 - k / ports for k in range(flows))


Check = Callable[[list[Any]], None]
CHECKS: dict[int, Check] = {}


def question(number: int) -> Callable[[Check], Check]:
    def keep(check: Check) -> Check:
        CHECKS[number] = check
        return check

    return keep


@question(1)
def _(found: list[Any]) -> None:
    assert found[0]["addresses"] == dealt(4, 64_000, 21_000) == 2
    assert found[0]["largest_share"] == 64_000 // 4
    assert found[0]["fits"] is False


@question(2)
def _(found: list[Any]) -> None:
    assert found[0]["full"]["quantiles"][1]["time"] == pytest.approx(gamma_median(1024, 2.1), rel=1e-9)
    assert found[0]["refusal_probability"] == pytest.approx(erlang_b(1024, 3780), rel=1e-12)


@question(3)
def _(found: list[Any]) -> None:
    want = [load * erlang_b(64_000, load) for load in (63_000, 64_000, 65_000, 70_000)]
    assert found[0]["result"]["mean"] == pytest.approx(want, rel=1e-9)


@question(4)
def _(found: list[Any]) -> None:
    assert found[0]["result"] == pytest.approx([erlang_b(n, 500) for n in (1024, 512, 256)], rel=1e-11)


@question(5)
def _(found: list[Any]) -> None:
    assert found[0]["owners_per_address"] == 64_512 // 2048 == 31
    assert found[0]["refusal_probability"] == pytest.approx(erlang_b(2048, 1950), rel=1e-11)
    for load, ports in zip((1950, 1050, 600), found[1]["result"], strict=True):
        assert erlang_b(ports, load) <= 1e-6 < erlang_b(ports - 1, load)


@question(6)
def _(found: list[Any]) -> None:
    assert found[0]["addresses"] == dealt(120, 64_512, 7168) == 14
    assert dealt(120, 64_512, 512) == 1


@question(7)
def _(found: list[Any]) -> None:
    assert found[0]["addresses"] == dealt(256, 64_512, 1024) == dealt(315, 64_512, 1024) == 5


@question(8)
def _(found: list[Any]) -> None:
    assert dealt(434, 64_512, 2048) == 14
    assert found[0]["addresses"] == dealt(448, 64_512, 2048) == 15
    need = found[0]["needed"]["share"]
    assert erlang_b(need, 1800) <= 1e-6 < erlang_b(need - 1, 1800)


@question(9)
def _(found: list[Any]) -> None:
    assert found[0]["result"] == pytest.approx([erlang_b(28_232, x) for x in (27_960, 60_000, 30_000, 20_000)], rel=1e-10, abs=1e-300)
    assert round(1 / erlang_b(28_000, 466 * 60)) == 257


@question(10)
def _(found: list[Any]) -> None:
    rate = found[0]["result"]
    assert erlang_b(28_232, 60 * rate * (1 + 1e-9)) > 1e-6 > erlang_b(28_232, 60 * rate * (1 - 1e-9))
    assert round(670 / rate, 2) == 1.46
    assert erlang_b(28_232, 670 * 60) == pytest.approx(0.298, abs=5e-4)


@question(11)
def _(found: list[Any]) -> None:
    assert found[0]["full"]["quantiles"][1]["time"] == pytest.approx(gamma_median(64_512, 8000), rel=1e-9)
    load = 40_000 * 60
    mean = 480_000 - 456_000 * math.exp(-found[1]["first_refusal"]["quantiles"][1]["time"] / 60)  # live, were none refused
    assert mean == pytest.approx(28_233, abs=10)
    assert found[2]["result"] == next(n for n in range(30, 60) if erlang_b(64_512, load / n) <= 1e-6) == 38


@question(12)
def _(found: list[Any]) -> None:
    for target, tries in zip((1e-3, 1e-6), found[0]["result"], strict=True):
        assert attempts(32_768, tries, 0.8 * 32_768) <= target < attempts(32_768, tries - 1, 0.8 * 32_768)


@question(13)
def _(found: list[Any]) -> None:
    assert found[0]["maximum"]["connections"] == 640
    assert found[0]["guaranteed"]["connections"] == 64
    assert erlang_b(64, found[0]["likely"]["connections"] / 10) == pytest.approx(1e-6, rel=1e-3)
    assert found[0]["traffic"]["refusal_probability"]["value"] == pytest.approx(erlang_b(64, 40), rel=1e-9)


@question(14)
def _(found: list[Any]) -> None:
    assert found[0]["options"][0]["addresses"] == 2
    assert erlang_b(55_000, 60 * found[0]["as_is"]["most_rate"]) == pytest.approx(1e-6, rel=1e-3)
    assert erlang_b(55_000, 900 * 60) == pytest.approx(1.714e-7, rel=1e-3)
    assert round(1 / erlang_b(55_000, 900 * 61)) == 429


@question(15)
def _(found: list[Any]) -> None:
    for answer, keep in zip(found, (True, False), strict=True):
        low, high = answer["interval"]
        other = linux_search(61_286, keep, 250_000)
        assert 0.85 * low < other < 1.15 * high
    assert found[0]["interval"][1] < found[1]["interval"][0] * 1.15
    assert found[0]["refusal_probability"] < found[1]["refusal_probability"]


@question(16)
def _(found: list[Any]) -> None:
    for ports, flows in zip((28_232, 64_512), found[0]["result"], strict=True):
        assert 1 - no_two_alike(ports, flows) <= 1e-3 < 1 - no_two_alike(ports, flows + 1)


@question(17)
def _(found: list[Any]) -> None:
    assert found[0]["fits"] is False
    assert 65_535 - 1024 + 1 == 64_512 == 60_000 + 4_512  # what one address has for one endpoint
    assert found[1]["full"]["quantiles"][1]["time"] == pytest.approx(gamma_median(262_144, 15_000), rel=1e-9)


@question(18)
def _(found: list[Any]) -> None:
    # hardly a source port is used twice, so that the ten destinations share the 64 ports
    assert found[0]["refusal_probability"] == pytest.approx(erlang_b(64, 400), rel=0.01)


@pytest.mark.parametrize("number", range(1, 19))
def test_the_number_that_matters(number: int, monkeypatch: Any) -> None:
    CHECKS[number]([json.loads(run(command, monkeypatch, "--json").stdout) for n, command, _ in COMMANDS if n == number])
