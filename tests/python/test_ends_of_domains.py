"""Formulas at the ends of their domains, against exact arithmetic, closed forms and matrix exponentials."""

from __future__ import annotations

import math
from decimal import Decimal, localcontext
from fractions import Fraction

import numpy as np
import pytest
from natbound import calculator
from natbound.calculator import maxima

# mpmath.expm of 120 to 250 digits
FALLEN = [
    (11, 0.0008, 10.5, 7, -93.83325018182605),
    (30, 1.0, 3.0, 30, -54.82777835397742),
    (30, 0.001, 20.0, 30, -281.8900399207405),
]


@pytest.mark.parametrize(("ports", "load", "time", "start", "want"), FALLEN)
def test_a_full_system_after_a_deep_fall(ports: int, load: float, time: float, start: int, want: float) -> None:
    assert calculator.log_transient_full_probability(ports, load, time, start=start) == pytest.approx(want, rel=1e-13)
    assert calculator.transient_full_probability(ports, load, time, start=start) == pytest.approx(math.exp(want), rel=1e-10)


def test_a_fall_too_deep_for_its_logarithm_is_said() -> None:
    assert calculator.transient_full_probability(65536, 30000, 1.0, start=65536) < 1e-11
    with pytest.raises(ValueError, match="time = 1: leaves too little"):
        calculator.log_transient_full_probability(65536, 30000, 1.0, start=65536)


@pytest.mark.parametrize(("ports", "load"), [(2, 1e-120), (2, 1e-200), (100, 1e-100), (5, 5e-324), (4194304, 1e-300)])
def test_first_refusals_of_next_to_no_load(ports: int, load: float) -> None:
    """As many arrivals at once as nearly never come: ports! / load^(ports + 1), and without memory."""
    want = math.lgamma(ports + 1) - (ports + 1) * math.log(load)
    assert calculator.log_first_passage_mean(ports, load) == pytest.approx(want, rel=1e-12)
    assert calculator.log_first_passage_quantile(ports, load, 0.5) == pytest.approx(want + math.log(math.log(2)), rel=1e-12)


def test_a_quantile_next_to_the_start() -> None:
    """Of those that begin full, the next arrival is refused."""
    ports, load, p = 1000, 1992.0, 1e-190
    want = p / (load * calculator.erlang_b(ports, load))
    assert calculator.first_passage_quantile(ports, load, p, start="stationary") == pytest.approx(want, rel=1e-12)


def blocks_by_fractions(block: int, most: int, pool: int, subscribers: int, load: int) -> Fraction:
    """What is accepted of all that is offered: the product form in whole numbers."""
    weights, carried = [Fraction(1)], [Fraction(0)]
    for j in range(1, most + 1):
        terms = [Fraction(load**i, math.factorial(i)) for i in range((j - 1) * block + 1, j * block + 1)]
        weights.append(sum(terms, Fraction(0)))
        carried.append(sum(((j - 1) * block + 1 + i) * t for i, t in enumerate(terms)) + Fraction(0))

    def times(a: list[Fraction], b: list[Fraction]) -> list[Fraction]:
        return [sum((a[i] * b[n - i] for i in range(n + 1) if i < len(a) and n - i < len(b)), Fraction(0)) for n in range(pool + 1)]

    others = [Fraction(1)]
    for _ in range(subscribers - 1):
        others = times(others, weights)
    return sum(times(others, carried)) / sum(times(others, weights)) / load


@pytest.mark.parametrize("load", [10, 10**3, 10**5, 10**7, 10**9])
def test_blocks_far_above_what_there_is(load: int) -> None:
    want = blocks_by_fractions(5, 3, 3, 24, load)
    found = calculator.blocks_refused(5, 3, 3, 24, float(load))
    assert abs(found.refusal - float(1 - want)) < 2e-15
    assert found.mean_blocks <= 3 * (1 + 1e-11)
    if load < 10**8:
        assert calculator.load_for_blocks(5, 3, 3, 24, float(1 - want)) == pytest.approx(load, rel=1e-15 * load + 1e-12)


def paired_by_decimals(ports: int, load: float, clients: int, addresses: int, destinations: int) -> Decimal:
    """The product form over dealings of clients to addresses, to 400 digits."""
    with localcontext() as digits:
        digits.prec, digits.Emax, digits.Emin = 400, 10**9, -(10**9)
        a = Decimal(load)
        u, v = [], []
        for k in range(clients + 1):
            terms = [Decimal(1)]
            for n in range(1, ports + 1):
                terms.append(terms[-1] * k * a / n)
            u.append(sum(terms) ** destinations / math.factorial(k))
            v.append(k * terms[-1] / sum(terms) * u[-1])

        def times(x: list[Decimal], y: list[Decimal]) -> list[Decimal]:
            return [sum((x[i] * y[n - i] for i in range(n + 1)), Decimal(0)) for n in range(clients + 1)]

        others = [Decimal(1)] + [Decimal(0)] * clients
        for _ in range(addresses - 1):
            others = times(others, u)
        return addresses * times(others, v)[clients] / (clients * times(others, u)[clients])


@pytest.mark.parametrize(("clients", "addresses"), [(7, 9), (9, 4), (5, 12)])
@pytest.mark.parametrize("load", [30.0, 1e3, 1e5])
def test_pairs_of_many_destinations(clients: int, addresses: int, load: float) -> None:
    want = paired_by_decimals(40, load, clients, addresses, 649)
    found = calculator.paired_refusal(40, load, clients, addresses, destinations=649)
    assert abs(Decimal(found) - want) < Decimal("1e-11")


def test_pairs_far_above_what_there_is() -> None:
    """A client alone on its address has its ports and no more, and a little more load changes little."""
    for load in (865992.663, 1e6, 1e7, 1e8):
        refused = calculator.paired_refusal(1748, np.array([load * (1 - 1e-12), load]), 1757, 2544, destinations=649)
        assert abs(refused[1] - refused[0]) < 1e-12
        assert ((1 - refused) * load < 1748 * (1 + 1e-15 * load)).all()
    load = calculator.load_for_paired(1748, 1757, 2544, 0.9979809730071503, destinations=649)
    assert calculator.paired_refusal(1748, load, 1757, 2544, destinations=649) == pytest.approx(0.9979809730071503, rel=1e-12)


@pytest.mark.parametrize("window", [0, 1e-6, 1e-4, 1e-3, 1e-2])
def test_maxima_of_short_windows(window: float) -> None:
    """The diffusion at the load from which on it is used, against the chain itself."""
    assert maxima._by_diffusion(30.0, window) == pytest.approx(maxima._exactly(30.0, window), abs=3e-3)


def test_no_maximum_is_below_the_mean_and_it_grows_with_the_window() -> None:
    windows = np.array([0, *10 ** np.linspace(-9, 3, 25)])
    for load in (31.0, 1000.0, 1e6):
        found = calculator.mean_maximum(load, windows)
        assert found[0] == load
        assert (np.diff(found) >= 0).all()
        assert calculator.load_from_maximum(found, windows) == pytest.approx(np.full(26, load), rel=1e-9)


def test_more_tries_than_ports_are_as_many() -> None:
    for tries in (5, 762040513):
        found = calculator.load_for_attempts(4, tries, 3.4e-8, with_replacement=False)
        assert (
            found
            == calculator.load_for_attempts(4, 4, 3.4e-8, with_replacement=False)
            == pytest.approx(calculator.load_for(4, 3.4e-8), rel=1e-12)
        )


def test_engsets_logarithm_next_to_zero() -> None:
    """All sources live: (1 + 1 / alpha)^-n."""
    assert calculator.log_engset_time_congestion(1, 1, 9.06e52) == pytest.approx(-1 / 9.06e52, rel=1e-12)
    assert calculator.log_engset_call_congestion(2, 1, 1.3e53) == pytest.approx(-1 / 1.3e53, rel=1e-12)
    assert calculator.log_engset_time_congestion(7, 7, 1.1e10) == pytest.approx(-7 * math.log1p(1 / 1.1e10), rel=1e-12)


@pytest.mark.parametrize("load", [1e-200, 1e-100, 1e-10, 1e-3])
def test_the_wait_at_low_load(load: float) -> None:
    """In a room that is never full: load / (1 - load), half of that where the service is constant (Pollaczek and Khinchin)."""
    for room in (40, 1000):
        assert calculator.finite_queue(room, load).waiting == pytest.approx(load / (1 - load) / 2, rel=1e-12)
        assert calculator.finite_queue(room, load, service="exponential").waiting == pytest.approx(load / (1 - load), rel=1e-12)
    assert calculator.finite_queue(1, load).waiting == calculator.finite_queue(1, load, service="exponential").waiting == 0


def test_a_law_has_a_chance_for_every_number() -> None:
    for start in (0, 43):
        law, _ = calculator.transient_law(43, 2.0, 1.0, start=start)
        assert law.shape == (44,)
        assert law.sum() == pytest.approx(1, rel=1e-12)


@pytest.mark.parametrize(
    ("call", "argument"),
    [
        (lambda: calculator.rate_for(10, 1e-320, 0.1), "hold = 9.99"),
        (lambda: calculator.hold_for(10, 1e-320, 0.1), "rate = 9.99"),
        (lambda: calculator.rate_for(1e15, 1e-300, 0.1), "hold = 1"),
        (lambda: calculator.hold_for(10, 1e300, 1e-300), "rate = 1"),
        (lambda: calculator.rate_for_waiting(10, 1e-320, 0.1), "hold = 9.99"),
        (lambda: calculator.rate_for_engset(100, 10, 1e-320, 0.1), "hold = 9.99"),
    ],
)
def test_no_rate_overflows_in_silence(call: object, argument: str) -> None:
    with pytest.raises(ValueError, match=f"{argument}.*that no double holds"):
        call()  # type: ignore[operator]


def test_counts_are_signed() -> None:
    for found in (calculator.ports_for([5.0], 0.1), calculator.ports_for_engset([9], 1.0, 0.1), calculator.addresses_for([5.0], 10, 0.1)):
        assert found.dtype == np.int64
        assert (found - 100 < 0).all()
