"""`natbound formula`, and quantities at the shell: every formula by its name, with units, arrays and one clear line for a mistake."""

from __future__ import annotations

import json
import math
from typing import Any

import mpmath
import pytest
from natbound import InputError, calculator
from natbound.cli.app import app
from natbound.cli.formula import first_sentence, functions
from natbound.cli.quantities import Quantity, parse, per_second, plain, seconds
from shell import is_refused
from typer.testing import CliRunner


def run(*arguments: str) -> str:
    done = CliRunner().invoke(app, ["formula", *arguments])
    assert done.exit_code == 0, done.output
    return done.stdout


@pytest.mark.parametrize(
    ("text", "want"),
    [
        ("64_512", (64512, 0)),
        ("2%", (0.02, 0)),
        ("1e-6", (1e-6, 0)),
        ("60s", (60, 1)),
        ("1.5 h", (5400, 1)),
        ("470/s", (470, -1)),
        ("30/min", (0.5, -1)),
        ("470/s*60s", (28200, 0)),
        ("1000/s * 60s / 4", (15000, 0)),
        ("120s/60s", (2, 0)),
        ("500ms", (0.5, 1)),
        ("-3", (-3, 0)),
    ],
)
def test_quantities(text: str, want: tuple[float, int]) -> None:
    found = parse(text, "x")
    assert found == Quantity(pytest.approx(want[0], rel=1e-15), want[1])


@pytest.mark.parametrize("text", ["", "s", "/s", "60 x", "60s*", "4*/s", "1e400", "5/0", "60s60", "nan", "(3)", "1,2", "--3", "5**2"])
def test_what_is_no_quantity(text: str) -> None:
    with pytest.raises(InputError, match=r"^x: "):
        parse(text, "x")


def test_the_kind_of_quantity() -> None:
    assert (seconds("2min", "x"), per_second("2/min", "x"), plain("2/s*3s", "x")) == (120, pytest.approx(1 / 30), 6)
    for function, text in ((seconds, "7"), (seconds, "7/s"), (per_second, "7"), (plain, "7s")):
        with pytest.raises(InputError, match="is wanted"):
            function(text, "x")


def test_every_function_is_listed_with_a_line() -> None:
    listed = dict(line.split(": ", 1) for line in run().splitlines())
    assert list(listed) == sorted(listed)
    assert set(listed) == {name for name in calculator.__all__ if name[0].islower()}
    assert all(len(text) > 15 for text in listed.values())
    assert first_sentence(functions()["equivalent_random"]).endswith("(Y. Rapp, 1964)")


def test_results() -> None:
    assert float(run("erlang_b", "ports=28232", "load=470/s*60s")) == pytest.approx(calculator.erlang_b(28232, 28200), rel=1e-11)
    rows = run("erlang_b", "ports=1024,512,256", "load=500").splitlines()
    assert [row.split()[:2] for row in rows] == [["ports", "1,024"], ["ports", "512"], ["ports", "256"]]
    assert float(rows[1].split()[2]) == pytest.approx(calculator.erlang_b(512, 500), rel=1e-11)
    assert run("rate_for", "ports=28232", "hold=1min", "target=1e-6").strip().endswith("/s")
    assert not run("rate_for", "ports=28232", "hold=60", "target=1e-6").strip().endswith("/s")
    assert "mean_delay" in run("retries", "ports=10", "load=8", "backoff=1h", "jitter=1", "hold=10s")
    assert run("first_passage_mean", "ports=10", "load=5", "start=stationary", "event=full").strip() == "11.0154082145"
    assert run("batches", "ports=10", "load=5", "mean_size=2", "geometric=true") != run("batches", "ports=10", "load=5", "mean_size=2")


def test_what_is_below_the_least_double_is_no_zero() -> None:
    assert run("erlang_b", "ports=28232", "load=20000").strip() == "6.7e-655"
    assert run("erlang_b", "ports=28232", "load=28200,20000").splitlines()[1].split()[-1] == "6.7e-655"
    assert run("erlang_b", "ports=3", "load=0").strip() == "0"


def test_json() -> None:
    found = json.loads(run("kaufman_roberts", "ports=5", "loads=2,1", "sizes=1,2", "--json"))
    assert found["schema"] == "natbound.formula/1"
    assert found["arguments"] == {"ports": 5, "loads": [2, 1], "sizes": [1, 2]}
    assert found["result"]["refusal"] == pytest.approx([0.1721854304635762, 0.3818984547461369])
    assert found["result"]["exact"] is True
    assert json.loads(run("modulated", "ports=10", "switching=0,1;1,0", "loads=5,9", "--json"))["result"]["load"] == 7
    assert json.loads(run("first_passage_mean", "ports=64512", "load=1000", "--json"))["result"] == "infinity"
    assert json.loads(run("hold_for", "ports=10", "rate=2/s", "target=1e-3", "--json"))["unit"] == "s"


def test_a_name_alone_says_what_it_takes() -> None:
    said = run("erlang_b")
    assert said.startswith("erlang_b(ports, load)")
    assert "Erlang's loss formula" in said


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["erlang"], "'erlang': no such formula; natbound formula lists them"),
        (["erlang_b", "ports"], "ARGUMENT=VALUE is wanted"),
        (["erlang_b", "ports=3"], "erlang_b: load is missing; erlang_b(ports, load)"),
        (["erlang_b", "ports=3", "laod=3"], "'laod': no such argument; erlang_b(ports, load)"),
        (["erlang_b", "ports=3", "ports=4"], "stands twice"),
        (["erlang_b", "ports=-1", "load=3"], "erlang_b: ports = -1: must be at least 0"),
        (["erlang_b", "ports=3", "load=60s"], "erlang_b: load: '60s': a plain number is wanted; as in load=470/s*60s"),
        (["erlang_b", "ports=1,2", "load=1,2,3"], "shapes do not fit"),
        (["erlang_b", "ports=many", "load=3"], "a number is wanted"),
        (["erlang_b", "ports=nan", "load=3"], "a number is wanted"),
        (["first_passage_cdf", "ports=9", "load=8", "time=120s"], "divide, as in time=120s/60s"),
        (["first_passage_mean", "ports=9", "load=8", "event=soon"], "event: 'soon': must be full or refusal"),
        (["rate_for", "ports=9", "hold=60/s", "target=0.1"], "hold: '60/s': a time is wanted; such as 60s"),
        (["eviction_exact", "size=3", "rate=1/s", "life=2", "gap=1s"], "life: has no unit, where others have one"),
        (["tries_for", "ports=100", "load=200", "target=1e-3"], "tries_for:"),
        (["modulated", "ports=9", "switching=0,1;1", "loads=1,2"], "the rows have different lengths"),
        (["transient_law", "ports=8,9", "load=1", "time=2"], "transient_law: an argument is of a kind"),
        (["poisson_tail", "ports=1", "load=-2"], "poisson_tail: load = -2"),
    ],
)
def test_one_line_says_what_is_wrong(arguments: list[str], message: str, monkeypatch: Any, capsys: Any) -> None:
    is_refused(["formula", *arguments], message, monkeypatch, capsys)


@pytest.mark.parametrize(
    ("ports", "flows"), [(1, 1), (1, 2), (2, 2), (365, 23), (28232, 199), (64512, 2), (64512, 300), (64512, 3000), (9, 10)]
)
def test_races_are_the_birthday_problem(ports: int, flows: int) -> None:
    with mpmath.workdps(50):
        none = mpmath.ff(ports, flows) / mpmath.mpf(ports) ** flows
        assert calculator.race_probability(ports, flows) == pytest.approx(float(1 - none), rel=1e-12)


def test_the_most_that_may_race() -> None:
    for ports in (1, 2, 10, 365, 28232, 64512):
        for target in (1e-12, 1e-3, 0.5, 0.999999):
            most = calculator.race_flows_for(ports, target)
            assert most >= 1
            assert calculator.race_probability(ports, most) <= target
            assert calculator.race_probability(ports, most + 1) > target
    assert calculator.race_flows_for([28232, 64512], 0.5).tolist() == [198, 299]
    assert math.isclose(calculator.race_probability(64512, 2), 1 / 64512)
    for bad in (
        lambda: calculator.race_probability(0, 1),
        lambda: calculator.race_probability(3, 1.5),
        lambda: calculator.race_flows_for(3, 1),
    ):
        with pytest.raises(ValueError, match="must be"):
            bad()
