"""blocks and exhaustion: against plain counting, the formulas of other sums, and published figures."""

from __future__ import annotations

import json
import math
from typing import Any

import mpmath
import pytest
from natbound import InputError, calculator
from natbound.cli.app import app
from natbound.planning import blocks, exhaustion
from shell import is_refused
from typer.testing import CliRunner


@pytest.mark.parametrize(
    ("given", "addresses"),
    [
        ({"owners": 256, "share": 1024}, 5),
        ({"owners": 434, "share": 2048}, 14),
        ({"owners": 448, "share": 2048}, 15),  # not 14: no share is split
        ({"owners": 3, "surge": 1, "share": 21000, "ports": 64000}, 2),
        ({"owners": 1008, "share": 64}, 1),
        ({"owners": 1, "share": 64512}, 1),
    ],
)
def test_shares(given: dict[str, Any], addresses: int) -> None:
    found = blocks(**given)
    left, count = 0, 0  # dealt out one by one
    for _ in range(given["owners"] + given.get("surge", 0)):
        if left < given["share"]:
            left, count = given.get("ports", 64512), count + 1
        left -= given["share"]
    assert found.addresses == count == addresses
    for there in range(1, 2 * count):
        with_so_many = blocks(**given, addresses=there)
        assert with_so_many.fits == (there >= count)
        largest = with_so_many.largest_share
        assert largest == 0 or blocks(**{**given, "share": largest}).addresses <= there
        assert blocks(**{**given, "share": largest + 1}).addresses > there if largest < found.ports else True


def test_shares_for_a_load() -> None:
    found = blocks(50, share=64, load=50, target=1e-3, multiple=8)
    assert found.refusal_probability == pytest.approx(8.4394266559406e-3, rel=1e-12)
    assert found.exceeds == pytest.approx(float(1 - mpmath.gammainc(65, 50, regularized=True)), rel=1e-9)
    assert found.needed.share == 72  # 71 for 1e-3
    assert blocks(50, load=50, target=1e-3).share == 71
    assert blocks(3, surge=1, ports=64000, addresses=2, multiple=8).share == 32000


def test_blocks_taken_as_needed() -> None:
    found = blocks(4000, block=128, most=8, load=150, target=1e-6)
    assert (found.pool, found.owners_per_address_sure, found.addresses_sure) == (504, 63, 64)
    assert found.owners_per_address == 252
    assert found.addresses == math.ceil(4000 / 252) == 16
    assert found.refusal_probability == pytest.approx(calculator.blocks_refused(128, 8, 504, 250, 150).refusal)
    crowded = blocks(4000, block=128, most=8, load=150, addresses=12)
    assert crowded.refusal_probability == pytest.approx(crowded.by_quota + crowded.by_pool)
    assert crowded.refusal_probability > 1e-6
    assert blocks(4000, block=128, load=150).addresses is None  # one block is too small, however many addresses


def test_exhaustion_is_the_first_passage() -> None:
    found = exhaustion(64, 1.0, 50.0, by=500.0)  # load 50
    assert found.full.mean == pytest.approx(50 * 11.9419191417, rel=1e-10)
    assert found.refusal.mean == pytest.approx(50 * 14.3117483748, rel=1e-10)
    assert found.full.by.p == pytest.approx(0.543733718574, rel=1e-9)
    for event in ("full", "refusal"):
        for q in found[event]["quantiles"]:
            assert found.probability(event, q["time"]) == pytest.approx(q["p"], rel=1e-7)
    assert found.arithmetic == 64
    assert exhaustion(64, 1.0, 50.0, start=64).full.mean == 0
    assert exhaustion(64512, 1.0, 50.0).full.mean is None  # beyond the largest double


@pytest.mark.parametrize("hold", [None, 60.0])
def test_where_nothing_closes_it_is_the_gamma_law(hold: float | None) -> None:
    found = exhaustion(28232, 8000.0, hold, law="constant", by=3.5)
    with mpmath.workdps(40):
        want = mpmath.gammainc(28232, 0, 8000 * mpmath.mpf(3.5), regularized=True)
        assert found.full.by.p == pytest.approx(float(want), rel=1e-10)
        for event, n in (("full", 28232), ("refusal", 28233)):
            assert found[event]["mean"] == pytest.approx(n / 8000)
            for q in found[event]["quantiles"]:
                assert float(mpmath.gammainc(n, 0, 8000 * mpmath.mpf(q["time"]), regularized=True)) == pytest.approx(q["p"], rel=1e-9)


def test_beyond_a_constant_hold_nothing_is_claimed() -> None:
    found = exhaustion(128_232, 470.0, 272.5, law="constant", by=274.0)
    assert found.full.mean is None
    assert found.full.by.p is None
    assert [q["time"] is None for q in found["full"]["quantiles"]] == [False, True, True]
    assert exhaustion(1, 1.0, start=1).full.mean == 0
    assert exhaustion(1, 1.0, start=1).refusal.mean == 1


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        ("blocks --owners 256 --share 1024", 0),
        ("blocks --owners 3 --surge 1 --share 21000 --ports 64000 --addresses 1", 1),
        ("blocks --owners 4000 --block 128 --most 8 --load 150", 0),
        ("blocks --owners 4000 --block 128 --load 2/s*75s", 1),
        ("blocks --owners 4000 --block 128", 0),
        ("exhaustion --rate 8000/s --hold 60s --by 8s", 0),
        ("exhaustion --rate 8000/s", 0),
        ("exhaustion --live 30000 --hold 60s --ports 28232 --start 20000", 0),
        ("exhaustion --live 30000 --rate 500/s --ports 28232 --law constant", 0),
        ("exhaustion --rate 1000/s --hold 1s", 0),
        ("exhaustion --live 900 --rate 50/s --ports 950 --law lognormal --cv 2 --by 20s", 0),
        ("exhaustion --live 90 --rate 50/s --ports 950 --law gamma --cv 2 --by 1h", 0),
        ("exhaustion --live 900 --rate 50/s --ports 950 --law constant --start 800", 0),
    ],
)
def test_pages_and_objects(arguments: str, status: int) -> None:
    done = CliRunner().invoke(app, arguments.split())
    assert done.exit_code == status, done.output
    assert "None" not in done.output
    found = CliRunner().invoke(app, [*arguments.split(), "--json"])
    assert found.exit_code == status
    data = json.loads(found.stdout, parse_constant=lambda text: pytest.fail(f"{text} is no JSON"))
    assert data["schema"] == f"natbound.{arguments.split()[0]}/1"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("blocks", "Missing option '--owners'"),
        ("blocks --owners 0 --share 9", "--owners: 0: a whole number from 1"),
        ("blocks --owners 5", "--share, --addresses, --load: one of the three is wanted"),
        ("blocks --owners 5 --share 70000", "--share: 70,000 of 64,512: not even one owner fits"),
        ("blocks --owners 5 --share 5 --block 5", "--share, --block: give one of the two"),
        ("blocks --owners 5 --block 128 --most 600", "--most: 600 of 504: an address has not so many blocks"),
        ("blocks --owners 5 --share 5 --load 60s", "--load: '60s': a plain number is wanted"),
        ("blocks --owners 5 --share 5 --load 0", "--load: 0.0: a number above 0"),
        ("blocks --owners 5 --share 5 --load 3 --target 1", "--target: 1.0"),
        ("blocks --owners 5 --share 5 --load 1e20", "--load: 1e+20: a number above 0 and at most 1e9"),
        ("blocks --owners 999 --addresses 1 --multiple 20000", "--addresses: 1: no share is left for each of 999"),
        ("exhaustion --rate 1e300/s --hold 1s", "--rate: 1e+300: a number above 0 and at most 1e12"),
        ("exhaustion --rate 1e9/s --hold 1e9s", "--rate, --hold: 1e+18: at most 1e12 live"),
        ("exhaustion --hold 60s", "--rate: new connections a second are wanted"),
        ("exhaustion --rate 700", "--rate: '700': a rate with its unit"),
        ("exhaustion --rate 7/s --hold 60", "--hold: '60': a time with its unit"),
        ("exhaustion --rate 7/s --hold 60s --live 5", "--live: '5': goes with one of --rate and --hold"),
        ("exhaustion --rate 7/s --start 70000", "--start: 70000: at most as many"),
        ("exhaustion --rate 7/s --law weibull", "--law: 'weibull': one of exponential, constant"),
        ("exhaustion --rate 7/s --hold 9s --law gamma", "--cv: goes with --law lognormal and --law gamma"),
        ("exhaustion --rate 7/s --quantiles 1.5", "--quantiles: 1.5"),
        ("exhaustion --rate 0/s", "--rate: 0.0: a number above 0"),
        ("exhaustion --rate 7/s --ports 0", "--ports: 0"),
        ("exhaustion --rate 7/s --by 0s", "--by: 0.0"),
    ],
)
def test_one_line_says_what_is_wrong(arguments: str, message: str, monkeypatch: Any, capsys: Any) -> None:
    is_refused([*arguments.split()], message, monkeypatch, capsys)


def test_bad_numbers_from_python() -> None:
    for wrong in (lambda: exhaustion(10, math.nan), lambda: exhaustion(10, 1.0, math.inf), lambda: blocks(1, load=math.nan, share=1)):
        with pytest.raises(InputError):
            wrong()
