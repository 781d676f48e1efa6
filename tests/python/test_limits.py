"""Blocks, evicting tables and queues from Python; values are tested in tests/cpp and tests/reference."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest
from natbound import calculator
from natbound.calculator import Connections, EvictingTable


def test_port_blocks() -> None:
    tails = calculator.poisson_tail(np.array([64, 256]), np.array([40, 200]))
    assert tails == pytest.approx([1.72634917e-4, 6.21351079e-5], rel=1e-8)
    assert calculator.blocks_for(64, [100, 10], 1e-6).tolist() == [3, 1]
    subscribers = calculator.subscribers_for(128, 8, 504, 150, 1e-6)
    assert isinstance(subscribers, int)
    refused = calculator.blocks_refused(128, 8, 504, subscribers, 150)
    assert refused.refusal <= 1e-6 < calculator.blocks_refused(128, 8, 504, subscribers + 1, 150).refusal
    assert refused.by_pool > refused.by_quota
    assert refused.mean_blocks < 504


def test_risk_has_the_formula_for_windows_beside_its_average() -> None:
    from natbound import Scenario

    def found(**design: object) -> dict[str, object]:
        rounds = [{"start": "random", "step": "ascend", "probes": n, **design} for n in (128, 64, 32, 16, 8)]
        return (
            Scenario(
                {
                    "clients": [{"name": "A", "addresses": "10.0.0.0/24"}],
                    "nats": [
                        {
                            "name": "r",
                            "inside": "A",
                            "external-ip-address-pool": "203.0.113.1",
                            "design": {"base": "ideal", "search": {"rounds": rounds}},
                        }
                    ],
                    "servers": [{"name": "S", "addresses": "198.51.100.1", "ports": 443}],
                    "traffic": [{"from": "A", "to": "S", "live": 61300, "hold": "60s"}],
                }
            )
            .risk(tries=1)
            .to_dict()
        )

    plain = found()
    formula = plain["formula"]
    assert isinstance(formula, dict)
    assert formula["refusal_probability"] == pytest.approx(calculator.window_loss(64512, 61300, (128, 64, 32, 16, 8)), rel=1e-6)
    assert formula["leaves_out"] == []
    assert formula["refusal_probability"] == pytest.approx(plain["refusal_probability"], rel=0.2)
    biased = found(bits=16)["formula"]
    assert isinstance(biased, dict)
    assert biased["leaves_out"] == ["that rounds start from a random number of 16 bits"]


def test_windows() -> None:
    linux = (128, 64, 32, 16, 8)
    losses = calculator.window_loss(64512, [[0.85 * 64512], [0.95 * 64512]], linux)
    assert losses.shape == (2, 1)
    assert losses[1, 0] == pytest.approx(1.55e-3, rel=0.05)
    assert calculator.window_loss(64512, 0.9 * 64512, linux, hold="constant") > 10 * calculator.window_loss(64512, 0.9 * 64512, linux)
    for call, message in (
        (lambda: calculator.window_loss(64512, [60000, 1], [32]), "load = 1: must be 0.3 to 1.25 times the ports (at index [1])"),
        (lambda: calculator.window_loss(64512, 60000, [300]), "windows[0] = 300: must be at least 8"),
        (lambda: calculator.window_loss(64512, 60000, [32, 64]), "windows[1] = 64: must be at least 1 and at most the window before"),
        (lambda: calculator.window_loss(64512, math.nan, [32]), "load = nan"),
        (lambda: calculator.window_loss(64512, 60000, [32], hold="lognormal"), "hold = 'lognormal'"),  # type: ignore[arg-type]
    ):
        with pytest.raises(ValueError, match=re.escape(message)):
            call()


def test_limits_in_sequence() -> None:
    together = calculator.limits_in_sequence([20, 2], [12, 60], quota=96, block=16, pool=38, table=430, hold=60)
    assert together.exact
    assert together.refusal == pytest.approx(together.by_quota + together.by_pool + together.by_table, rel=1e-12)
    homes, offices = together.classes
    assert homes.by_quota < 1e-50 < offices.by_quota
    alone = calculator.limits_in_sequence(2, 60, quota=96)
    assert alone.by_quota == pytest.approx(calculator.erlang_b(96, 60), rel=1e-12)
    limited = calculator.limits_in_sequence([20, 2], [12, 60], quota=96, block=16, pool=38, table=430, hold=60, rate=7, burst=20)
    assert not limited.exact
    assert limited.by_rate == pytest.approx(calculator.finite_queue(20, 6 / 7).loss, rel=2e-3)
    assert together.low[:] == together.high[:] == together[:5]
    # simulated (6 million connections, constant holds): the pool refuses 1.2e-5, said to be 0.079
    smooth = calculator.limits_in_sequence(1000, 1.0, quota=5, pool=600, table=600, rate=590, burst=20)
    assert smooth.low.by_pool < 1.2e-5 < smooth.high.by_pool
    assert smooth.low.refusal < 0.41 < smooth.high.refusal
    # simulated (exponential holds): 0.4594
    less = calculator.limits_in_sequence(100, 1.0, quota=5, pool=60, table=60, rate=55, burst=5)
    assert less.low.refusal < 0.4594 < less.high.refusal
    assert calculator.limits_in_sequence(np.array(2), np.float32(60), quota=np.array(96)) == alone
    for call, message in (
        (lambda: calculator.limits_in_sequence([], [], quota=1), "subscribers = []: must be one number"),
        (lambda: calculator.limits_in_sequence([1, 2], [3, 4, 5], quota=1), "subscribers = [1, 2]: must be one number, or 3"),
        (lambda: calculator.limits_in_sequence(1, -1, quota=1), "load = -1: must be at least 1e-200 and at most 1e9"),
        (lambda: calculator.limits_in_sequence([3, 3], [1, math.nan], quota=5), "load[1] = nan: must be at least"),
        (lambda: calculator.limits_in_sequence([2, 3], [1.0, 2.0], quota=[5, math.nan]), "quota[1] = nan: must be a whole number"),
        (lambda: calculator.limits_in_sequence([2, 0], [1.0, 2.0], quota=5), "subscribers[1] = 0: must be at least 1"),
        (lambda: calculator.limits_in_sequence(1, 1, quota=1.5), "quota = 1.5: must be a whole number"),
        (lambda: calculator.limits_in_sequence(1, 1, quota=1, pool=0), "pool = 0: must be at least 1"),
        (lambda: calculator.limits_in_sequence(1, 1, quota=1, rate=math.inf), "rate = inf: must be above 0"),
    ):
        with pytest.raises(ValueError, match=re.escape(message)):
            call()


def test_an_evicting_table() -> None:
    table = EvictingTable(10000, [Connections(20, 100, 2), Connections(20, 100, 60), Connections(20, 100, 60, keep_alive=20)])
    assert table.cut(0) < 1e-6 < 0.05 < table.cut(1)
    assert table.cut(2) == 0
    assert table.cut_by_eviction(1) == table.cut(1)
    step = table.evicted_after(np.array([0.0, 0.8, 1.2, math.inf]) * table.characteristic_time())
    assert step == pytest.approx([0, 0, 1, 1], abs=1e-5)
    assert table.keep_alive_for(1e-6) < table.characteristic_time()
    assert EvictingTable(1e6, [Connections(1, 10, 1, closed_timeout=60)]).characteristic_time() == math.inf
    assert calculator.eviction_exact(1, 2, 5, 1) == pytest.approx(2 / 2.2)


def test_finite_queues() -> None:
    answer = calculator.finite_queue([1, 10, 100], 0.9)
    assert answer.loss.shape == (3,)
    assert answer.loss[0] == pytest.approx(0.9 / 1.9)
    assert np.exp(answer.log_loss) == pytest.approx(answer.loss)
    assert answer.delay == pytest.approx(answer.waiting + 1)
    assert (np.diff(answer.waiting) > 0).all()
    assert calculator.finite_queue(3, 1.0, service="exponential").loss == pytest.approx(0.25)
    room = calculator.room_for(0.9, 1e-6)
    assert calculator.finite_queue(room, 0.9).loss <= 1e-6 < calculator.finite_queue(room - 1, 0.9).loss


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: calculator.poisson_tail([1, -1], 1), "ports = -1: must be at least 0 and at most 1e15 (at index [1])"),
        (lambda: calculator.blocks_refused(128, 8, 504, 0, 1), "subscribers = 0: must be at least 1"),
        (lambda: calculator.blocks_refused(1.5, 8, 504, 1, 1), "block = 1.5: must be a whole number"),  # type: ignore[arg-type]
        (lambda: calculator.subscribers_for(128, 8, 504, 10, [0.5, 2]), "target = 2: must lie between 0 and 1 (at index [1])"),
        (lambda: EvictingTable(10, [Connections(1, math.nan, 1)]), "life = nan: must be at least 1e-100 and at most 1e100"),
        (lambda: calculator.finite_queue(5, [1, math.nan]), "load = nan: must be above 0 and at most 100 (at index [1])"),
        (lambda: calculator.finite_queue(5, 1, service="M/D/1"), "service = 'M/D/1': must be"),  # type: ignore[arg-type]
        (lambda: calculator.room_for(2, 0.25), "target = 0.25: is met by no room"),
    ],
)
def test_bad_arguments(call: object, message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        call()  # type: ignore[operator]


def test_formulas_of_one_kind_are_the_table() -> None:
    table = calculator.EvictingTable(4000, [calculator.Connections(100, 60, 2)])
    assert calculator.cut_probability(4000, 100, 60, 2) == table.cut()
    assert calculator.characteristic_time(4000, 100, 60, 2) == table.characteristic_time()
    assert calculator.keep_alive_for(4000, 100, 60, 2, 1e-6) == table.keep_alive_for(1e-6)
    assert calculator.cut_probability([4000, 4000], 100, 60, [2, 2]).tolist() == [table.cut(), table.cut()]


def test_ports_that_are_not_drawn_twice() -> None:
    """The chain by itself: a birth-death law with C(n, tries) / C(ports, tries) refused."""
    ports, tries, load = 40, 3, 25.0
    refused = [math.comb(n, tries) / math.comb(ports, tries) for n in range(ports + 1)]
    law = [1.0]
    for n in range(ports):
        law.append(law[-1] * load * (1 - refused[n]) / (n + 1))
    want = sum(p * r for p, r in zip(law, refused, strict=True)) / sum(law)
    assert calculator.refusal_probability(ports, tries, load, with_replacement=False) == pytest.approx(want, rel=1e-12)
    assert calculator.log_refusal_probability(ports, tries, load, with_replacement=False) == pytest.approx(math.log(want), rel=1e-12)
    assert calculator.load_for_attempts(ports, tries, want, with_replacement=False) == pytest.approx(load, rel=1e-9)


@pytest.mark.parametrize(
    ("live", "each", "depth", "over"),
    [(300.0, 8.0, 20, 0.8), (3e3, 1.0, 200, 0.93), (3e3, 40.0, 5, 0.7), (1.5e5, 0.5, 60, 0.995), (4e4, 2.0, 300, 1.1)],
)
def test_many_that_send_are_the_sum_over_their_number(live: float, each: float, depth: int, over: float) -> None:
    """Where their number stays: M/D/1/K at each number live, weighed by Poisson's law, one by one."""
    opening = 0.2 * live * each
    limit = (opening + live * each) / over
    n = np.arange(max(0, int(live - 14 * math.sqrt(live))), int(live + 30 * math.sqrt(live)) + 60)
    logs = n * math.log(live) - live - np.array([math.lgamma(x + 1) for x in n])
    rates = opening + n * each
    loss = np.exp(logs + calculator.finite_queue(depth, rates / limit).log_loss)
    found = calculator.packet_limit(limit, depth, opening=opening, live=live, each=each)
    assert found.log_refusal == pytest.approx(math.log(loss.sum()), abs=2e-5)
    assert found.loss == pytest.approx((loss * rates).sum() / (opening + live * each), rel=1e-4)
