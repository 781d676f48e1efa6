"""A limit on packets whose senders come and go: against plain simulations, its limits of slow and of fast change, and itself nearby."""

import csv
import itertools
import math
from pathlib import Path

import numpy as np
import pytest
from natbound import calculator

ROWS = list(csv.DictReader((Path(__file__).parent.parent / "reference" / "packets.csv").read_text().splitlines()[1:]))


@pytest.mark.parametrize("row", ROWS, ids=lambda row: "-".join(row[x] for x in ("depth", "live", "hold", "each")))
def test_packets_are_lost_and_wait_as_simulated(row: dict[str, str]) -> None:
    x = {name: float(value) for name, value in row.items()}
    given = {"opening": x["live"] / x["hold"], "live": x["live"], "each": x["each"], "hold": x["hold"]}
    found = calculator.packet_limit(x["per_second"], x["depth"], **given)
    few = 1 + x["each"] * x["hold"] < 4 and x["live"] <= 20  # packets of a connection, connections
    for name, off in (("refusal", 0.15 if few else 0.06), ("loss", 0.15 if few else 0.06), ("delay", 0.05 if few else 0.03)):
        if x[name] == 0:
            assert getattr(found, name) < 1e-6
        elif x[f"{name}_error"] < 0.2 * x[name]:  # else hardly any was lost
            assert getattr(found, name) == pytest.approx(x[name], abs=off * x[name] + 3 * x[f"{name}_error"])


@pytest.mark.parametrize(
    ("live", "each", "depth"), [(8.0, 90.0, 20), (60.0, 14.0, 100), (700.0, 1.3, 30), (30.0, 30.0, 2000), (5e4, 0.0199, 500)]
)
def test_senders_that_change_slowly_are_a_chain_of_their_number(live: float, each: float, depth: int) -> None:
    """At each number live M/D/1/K, and who finds it full does not join: the law by itself, number by number."""
    opening, limit, hold = 50.0, 1000.0, 1e7
    law, refused, most = [0.0], [], int(live + 14 * math.sqrt(live) + 40)
    for n in range(most):
        refused.append(float(calculator.finite_queue(depth, (opening + n * each) / limit).loss))
        law.append(law[-1] + math.log(live / (n + 1)) + math.log1p(-refused[-1]))
    top = max(law)
    weights = [math.exp(p - top) for p in law[:most]]
    want = sum(w * r for w, r in zip(weights, refused, strict=True)) / sum(weights)
    assert calculator.packet_limit(limit, depth, opening=opening, live=live, each=each, hold=hold).refusal == pytest.approx(want, rel=0.03)


@pytest.mark.parametrize(
    ("limit", "depth", "opening", "live", "each"),
    [(231328.0, 20, 42491.0, 100.1, 0.445), (231328.0, 20, 42491.0, 5000.0, 0.445), (1000.0, 5, 900.0, 300.0, 0.01),
     (1000.0, 30, 50.0, 700.0, 1.3), (1000.0, 8, 0.0, 400.0, 2.2), (1e6, 4, 1e5, 2e4, 10.0), (2e5, 50, 1.9e5, 3e5, 1e-3)],
)  # fmt: skip
def test_senders_that_stay_are_an_average_over_their_number(limit: float, depth: int, opening: float, live: float, each: float) -> None:
    """M/D/1/K at each number live, which is Poisson's; also where it hardly matters how many are live."""
    full = max(live, (limit - opening) / each)
    spread = 14 * math.sqrt(full) + 60
    n = np.unique(np.concatenate([np.arange(max(0, live - 14 * math.sqrt(live) - 60) // 1, live + spread),
                                  np.arange(live, min(full + spread, live + 4e5))]) // 1)  # fmt: skip
    logs = -live + n * math.log(live) - np.array([math.lgamma(x + 1) for x in n])
    logs = logs + np.asarray(calculator.finite_queue(depth, np.minimum(100, (opening + n * each) / limit)).log_loss)
    want = logs.max() + math.log(np.exp(logs - logs.max()).sum())
    found = calculator.packet_limit(limit, depth, opening=opening, live=live, each=each, hold=0)
    assert found.log_refusal == pytest.approx(want, abs=1e-3)


@pytest.mark.parametrize(("depth", "live", "each"), [(200, 80.0, 12.0), (4000, 400.0, 2.4), (50, 1e4, 0.098)])
def test_senders_that_change_at_once_are_their_mean(depth: int, live: float, each: float) -> None:
    """Where each sends hardly more than one packet while it is live: M/D/1/K at the rate of those that get in."""
    found = calculator.packet_limit(1000, depth, opening=20, live=live, each=each, hold=1e-5)
    mean = calculator.finite_queue(depth, (20 + live * each) / 1000)
    assert found.log_refusal == pytest.approx(float(mean.log_loss), rel=0.03, abs=0.05)
    assert found.delay == pytest.approx(float(mean.delay) / 1000, rel=0.03)


@pytest.mark.parametrize(("depth", "live", "each"), [(50, 20.0, 40.0), (200, 2000.0, 0.47), (4000, 100.0, 9.9), (1000, 500.0, 2.1)])
def test_answers_go_over_into_each_other(depth: int, live: float, each: float) -> None:
    """From holds of which a bucket lasts for thousands to holds that a bucket is nothing beside: no step between the two methods."""
    holds = [0.01 * 1.1**i for i in range(160)]
    found = [calculator.packet_limit(1000, depth, opening=20, live=live, each=each, hold=hold) for hold in holds]
    for here, there in itertools.pairwise(found):
        if here.refusal > 1e-12:
            assert -0.05 < there.log_refusal - here.log_refusal < 2
        assert there.delay / here.delay == pytest.approx(1.05, abs=0.1)


def test_what_is_beyond_the_digits_of_the_chain_is_bounded() -> None:
    load = {"opening": 8.0, "live": 80.0, "each": 1.0, "hold": 10.0}
    found = calculator.packet_limit(1000, 20_000, **load)
    assert found.log_refusal <= math.log(1e-280)
    assert found.delay == pytest.approx(1e-3 * (1 + 0.088 / 2 / (1 - 0.088)), rel=0.02)


def test_deep_and_rare() -> None:
    """What was said to be lost a hundred times too often: none in 4e9 packets, and delays six times too short."""
    load = {"opening": 8.0, "live": 80.0, "each": 10.0, "hold": 10.0}
    assert calculator.packet_limit(1000, 4000, **load).refusal < 3e-7
    scale = calculator.scale_for_packets(1000, 4000, 1e-4, **load)
    more = {**load, "opening": 8 * scale, "live": 80 * scale}
    assert calculator.packet_limit(1000, 4000, **more).refusal == pytest.approx(1e-4, rel=1e-4)


def test_a_scale_beyond_what_the_average_can_come_to() -> None:
    """So deep a bucket refuses 1e-72 or 1e-2, half a percent of load apart; the average, asked for what leads there, was said to have no more."""
    load = {"opening": 19632.0, "live": 9816.0, "each": 5.0, "hold": 10.0}
    scale = calculator.scale_for_packets(98160, 981600, 1e-9, **load)
    more = {**load, "opening": load["opening"] * scale, "live": load["live"] * scale}
    assert calculator.packet_limit(98160, 981600, **more).log_refusal == pytest.approx(math.log(1e-9), abs=1e-4)


@pytest.mark.parametrize(
    "given",
    [
        (0.0115, 390, 2.27e14, 1.8e-6, 3.7e-6, 2.4),  # opening alone is beyond all bounds
        (1.5e-5, 6_000_000, 4e-4, 3e-14, 2.5e11, 8.6e5),
        (31509.4, 21209, 5926.63, 4508.91, 0.796676, 70.2796),  # refusals below the least double where the methods go over
        (2.7e-4, 2140, 7.8e-15, 1.6e9, 7.5e13, 3e-21),
    ],
)
def test_ends_of_the_domain_have_answers(given: tuple[float, int, float, float, float, float]) -> None:
    limit, depth, opening, live, each, hold = given
    found = calculator.packet_limit(limit, depth, opening=opening, live=live, each=each, hold=hold)
    assert 0 <= found.refusal <= 1
    assert 0 <= found.loss <= 1
    assert 0 < found.delay <= (depth + 1) / limit


def test_few_live_have_no_steps() -> None:
    """The number live is summed one by one where few are: against steps, and against the sum over a number that stays."""
    for limit, depth, each in ((1287, 1, 5.0), (2500, 2, 4.0), (8025, 4, 5.0)):
        last = 0.0
        for k in range(120):
            live = 0.5 * 1.02**k  # 0.5 to 5
            given = {"opening": 2 * live, "live": live, "each": each}
            found = calculator.packet_limit(limit, depth, hold=10, **given).refusal
            stays = calculator.packet_limit(limit, depth, hold=0, **given).refusal
            assert last < found < last * 1.02 ** (depth + 1) * 1.001 or last == 0, (limit, live)
            assert found == pytest.approx(stays, rel=0.05), (limit, live)
            last = found
