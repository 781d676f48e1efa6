"""Reservation by the chain of all states: against linear algebra, against what is exact by itself, and simulated."""

from __future__ import annotations

import itertools
import math
import random

import numpy as np
import pytest
from natbound import calculator as calc


def brute(ports: int, loads: list[float], sizes: list[int], reserved: list[int], holds: list[float]) -> np.ndarray:
    """The refusals from the balance equations of all states, solved as they stand."""
    levels = [range(ports // s + 1) for s in sizes]
    states = [n for n in itertools.product(*levels) if sum(a * b for a, b in zip(n, sizes, strict=True)) <= ports]
    place = {n: i for i, n in enumerate(states)}
    q = np.zeros((len(states), len(states)))
    refused = np.zeros((len(sizes), len(states)))
    for n, i in place.items():
        taken = sum(a * b for a, b in zip(n, sizes, strict=True))
        for k, size in enumerate(sizes):
            if taken + size + reserved[k] <= ports:
                to = place[tuple(x + (j == k) for j, x in enumerate(n))]
                q[i, to] += loads[k] / holds[k]
            else:
                refused[k, i] = 1
            if n[k]:
                q[i, place[tuple(x - (j == k) for j, x in enumerate(n))]] += n[k] / holds[k]
    q -= np.diag(q.sum(axis=1))
    balance = np.vstack([q.T, np.ones(len(states))])
    law = np.linalg.lstsq(balance, np.append(np.zeros(len(states)), 1.0), rcond=None)[0]
    return refused @ law


@pytest.mark.parametrize("seed", range(12))
def test_the_chain_is_that_of_the_balance_equations(seed: int) -> None:
    draw = random.Random(seed)
    kinds = draw.choice((2, 2, 3))
    ports = draw.randint(4, 30 if kinds == 2 else 12)
    sizes = [draw.randint(1, 4) for _ in range(kinds)]
    reserved = [draw.randint(0, 4) for _ in range(kinds)]
    loads = [draw.uniform(0.2, 1.2) * ports / s / kinds for s in sizes]
    holds = [10 ** draw.uniform(-1, 1) for _ in range(kinds)]
    found = calc.reserved_sizes(ports, loads, sizes, reserved, holds)
    assert found.exact
    np.testing.assert_allclose(found.refusal, brute(ports, loads, sizes, reserved, holds), rtol=1e-8, atol=1e-13)


@pytest.mark.parametrize(
    ("ports", "loads", "sizes"), [(60, [20.0, 5.0], [1, 4]), (40, [3.0, 1.5, 1.0], [1, 2, 3]), (300, [60.0, 6.0], [1, 7])]
)
def test_without_reservation_it_is_kaufman_and_roberts(ports: int, loads: list[float], sizes: list[int]) -> None:
    want = calc.kaufman_roberts(ports, loads, sizes)
    got = calc.reserved_sizes(ports, loads, sizes, 0, [0.2 * (k + 1) for k in range(len(sizes))])  # insensitive to holds
    np.testing.assert_allclose(got.refusal, want.refusal, rtol=1e-11)
    assert got.mean == pytest.approx(want.mean, rel=1e-12)


def test_one_size_is_a_line_and_deep_tails_keep_their_digits() -> None:
    want = calc.kaufman_roberts(30, [8.0, 4.0], [1, 1], [3, 0])
    assert want.exact
    np.testing.assert_allclose(calc.reserved_sizes(30, [8.0, 4.0], [1, 1], [3, 0]).refusal, want.refusal, rtol=1e-12)
    deep = calc.reserved_sizes(100, [1.0, 0.2], [1, 3], 0)
    np.testing.assert_allclose(deep.refusal, calc.kaufman_roberts(100, [1.0, 0.2], [1, 3]).refusal, rtol=1e-11)
    assert deep.refusal[0] < 1e-59
    with pytest.raises(ValueError, match="less often than 1e-250"):
        calc.reserved_sizes(400, [1e-3, 1e-3], [1, 3], 0)


def test_a_simulation_agrees() -> None:
    ports, loads, sizes, reserved, holds = 20, [8.0, 2.0], [1, 4], [4, 0], [1.0, 5.0]
    want = calc.reserved_sizes(ports, loads, sizes, reserved, holds).refusal
    draw = random.Random(7)
    live = [0, 0]
    rates = [a / h for a, h in zip(loads, holds, strict=True)]
    batches: list[list[float]] = [[], []]
    for batch in range(60):
        offered, refused = [0, 0], [0, 0]
        for _ in range(10_000):
            events = [*rates, live[0] / holds[0], live[1] / holds[1]]
            which = draw.choices(range(4), events)[0]
            if which >= 2:
                live[which - 2] -= 1
                continue
            offered[which] += 1
            if live[0] * sizes[0] + live[1] * sizes[1] + sizes[which] + reserved[which] > ports:
                refused[which] += 1
            else:
                live[which] += 1
        if batch >= 5:
            for k in range(2):
                batches[k].append(refused[k] / offered[k])
    for k in range(2):
        z = (np.mean(batches[k]) - want[k]) / (np.std(batches[k], ddof=1) / math.sqrt(len(batches[k])))
        assert abs(z) < 4


def test_bad_input_and_the_limit_of_states() -> None:
    with pytest.raises(ValueError, match="more states"):
        calc.reserved_sizes(100_000, [10.0, 10.0], [1, 2], [1, 0])
    with pytest.raises(ValueError, match=r"holds\[1\] = 0"):
        calc.reserved_sizes(10, [1.0, 1.0], [1, 2], [1, 0], [1.0, 0.0])
    with pytest.raises(ValueError, match=r"loads\[0\]"):
        calc.reserved_sizes(10, [-1.0, 1.0], [1, 2], [1, 0])
