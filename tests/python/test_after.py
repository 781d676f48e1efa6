"""A scenario through a change: against dense chains of this file's own, and against histories stepped in plain Python."""

from __future__ import annotations

import heapq
import math
import random
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from natbound import InputError, Scenario

sys.path.insert(0, str(Path(__file__).parent))
from dense_chains import chain, exponential_of, long_run_of, on_off_chain, small, stationary
from shell import is_refused


def test_a_flood_is_the_dense_chain() -> None:
    ports, hold = 12, 60.0
    scenario = small(ports, [{"to": "A", "rate": "6/min", "hold": "60s"}])
    at = [0.0, 5.0, 60.0, 600.0]
    found = scenario.after(["traffic.rate=12/min"], at)
    before = stationary(chain(ports, 6.0))
    for i, time in enumerate(at):
        law = before @ exponential_of(chain(ports, 12.0), time / hold)
        assert found["refused"][i]["value"] == pytest.approx(law[ports], rel=1e-9)
        assert found["live"][i] == pytest.approx(law @ np.arange(ports + 1), rel=1e-9)
        none = (before @ exponential_of(chain(ports, 12.0, killed=True), time / hold)).sum()
        assert found["first_refusal"]["by"][i] == pytest.approx(1 - none, rel=1e-9, abs=1e-12)
    assert found.exact
    for q in found["first_refusal"]["quantiles"]:
        none = (before @ exponential_of(chain(ports, 12.0, killed=True), q["time"] / hold)).sum()
        assert 1 - none == pytest.approx(q["p"], rel=1e-8)
    mean = hold * (before @ np.linalg.solve(-chain(ports, 12.0, killed=True), np.ones(ports + 1)))
    assert found["first_refusal"]["mean"] == pytest.approx(mean, rel=1e-9)
    assert found.long_run == pytest.approx(stationary(chain(ports, 12.0))[ports], rel=1e-9)


def test_two_destinations_refuse_independently() -> None:
    ports, hold, time = 12, 60.0, 30.0
    scenario = small(ports, [{"to": "A", "rate": "6/min", "hold": "60s"}, {"to": "B", "rate": "3/min", "hold": "60s"}])
    found = scenario.after(["traffic.0.rate=15/min"], [time])
    law = {}
    none = {}
    for name, old, new in (("A", 6.0, 15.0), ("B", 3.0, 3.0)):
        start = stationary(chain(ports, old))
        law[name] = start @ exponential_of(chain(ports, new), time / hold)
        none[name] = (start @ exponential_of(chain(ports, new, killed=True), time / hold)).sum()
    for kind in found["kinds"]:
        assert kind["refused"][0]["value"] == pytest.approx(law[kind["to"]][ports], rel=1e-8)
    assert found["kinds"][0]["to"] == "A"
    assert found["refused"][0]["value"] == pytest.approx((15 * law["A"][ports] + 3 * law["B"][ports]) / 18, rel=1e-8)
    assert found["live"][0] == pytest.approx(sum(p @ np.arange(ports + 1) for p in law.values()), rel=1e-8)
    assert found["first_refusal"]["by"][0] == pytest.approx(1 - none["A"] * none["B"], rel=1e-8)


@pytest.mark.parametrize("start", [0, 9, None])
def test_independent_tries(start: int | None) -> None:
    ports, tries, hold = 16, 3, 60.0  # 2^16 draws fall evenly on 16 ports
    design = {
        "base": "ideal",
        "first-choice": "none",
        "search": {"rounds": [{"start": "random", "step": "independent", "probes": tries}]},
    }
    scenario = small(ports, [{"to": "A", "rate": "6/min", "hold": "60s"}], design=design)

    def refusal(n: int) -> float:
        return float((n / ports) ** tries)

    at = [0.0, 5.0, 30.0, 120.0, 9000.0]
    found = scenario.after(["traffic.rate=12/min"], at, start=start)
    law0 = stationary(chain(ports, 6.0, refusal)) if start is None else np.eye(ports + 1)[start]
    assert found.exact
    for i, time in enumerate(at):
        law = law0 @ exponential_of(chain(ports, 12.0, refusal), time / hold)
        want = law[ports] + sum(law[n] * refusal(n) for n in range(ports))
        assert found["refused"][i]["value"] == pytest.approx(want, rel=1e-9, abs=1e-15)
        none = (law0 @ exponential_of(chain(ports, 12.0, refusal, killed=True), time / hold)).sum()
        assert found["first_refusal"]["by"][i] == pytest.approx(1 - none, rel=1e-8, abs=1e-12)
    for q in found["first_refusal"]["quantiles"]:
        none = (law0 @ exponential_of(chain(ports, 12.0, refusal, killed=True), q["time"] / hold)).sum()
        assert 1 - none == pytest.approx(q["p"], rel=1e-8)


def test_a_shorter_hold_holds_for_live_flows_too() -> None:
    found = small(30, [{"to": "A", "rate": "20/min", "hold": "60s"}]).after(["traffic.hold=30s"], [15.0])
    law = stationary(chain(30, 20.0)) @ exponential_of(chain(30, 10.0), 0.5)
    assert found["refused"][0]["value"] == pytest.approx(law[30], rel=1e-9)


def test_a_table_comes_on_top() -> None:
    nat = {"connection-limits": {"limit-per-instance": 20}}
    traffic = [{"to": "A", "rate": "6/min", "hold": "60s"}, {"to": "B", "rate": "6/min", "hold": "60s"}]
    found = small(12, traffic, nat=nat).after(["traffic.0.rate=9/min", "traffic.1.rate=9/min"], [60.0])
    one = (stationary(chain(12, 6.0)) @ exponential_of(chain(12, 9.0), 1.0))[12]
    table = (stationary(chain(20, 12.0)) @ exponential_of(chain(20, 18.0), 1.0))[20]
    assert found["kinds"][0]["refused"][0]["value"] == pytest.approx(1 - (1 - one) * (1 - table), rel=1e-9)
    assert not found.exact
    assert found["first_refusal"]["at_most"]


def within(odds: dict[str, Any], seen: float, error: float) -> bool:
    """Whether a simulated value agrees with one of this file, both with their errors (four standard errors)."""
    low, high = odds["interval"]
    return bool(abs(odds["value"] - seen) < 4 * math.hypot(error, (high - low) / 4))


def history(
    ports: int, rates: tuple[float, float], draw: Any, at: float, probes: int, rng: random.Random, warm: float
) -> tuple[float, int]:
    """One history of a search of `probes` successive ports from a random start: at `at` after the change from the first rate to the second,
    the exact probability that a connection is refused, and how many were refused since the change. draw(changed) -> hold."""
    busy = [False] * ports
    ends: list[tuple[float, int]] = []
    now, refused = -warm, 0
    while True:
        rate = rates[now >= 0]
        step = rng.expovariate(rate)
        later = now + step
        if now < 0 <= later:  # the change forgets what was drawn
            later, arrives = 0.0, False
        else:
            arrives = True
        if later >= at:
            while ends and ends[0][0] <= at:
                busy[heapq.heappop(ends)[1]] = False
            full = sum(all(busy[(s + i) % ports] for i in range(probes)) for s in range(ports))
            return full / ports, refused
        now = later
        while ends and ends[0][0] <= now:
            busy[heapq.heappop(ends)[1]] = False
        if not arrives:
            continue
        start = rng.randrange(ports)
        place = next(((start + i) % ports for i in range(probes) if not busy[(start + i) % ports]), None)
        if place is None:
            refused += now >= 0
            continue
        busy[place] = True
        heapq.heappush(ends, (now + draw(now >= 0), place))


WALK = {"base": "ideal", "first-choice": "none", "search": {"rounds": [{"start": "random", "step": "ascend", "probes": 3}]}}


@pytest.mark.parametrize(
    ("hold", "draw"),
    [
        ("60s", lambda rng: rng.expovariate(1 / 60)),
        ({"law": "constant", "mean": "60s"}, lambda rng: 60.0),
        (
            {"law": "lognormal", "mean": "60s", "cv": 2},
            lambda rng: rng.lognormvariate(math.log(60) - math.log(5) / 2, math.sqrt(math.log(5))),
        ),
    ],
)
def test_a_search_of_windows_through_a_flood(hold: Any, draw: Any) -> None:
    ports, at, runs = 40, 30.0, 1500
    scenario = small(ports, [{"to": "A", "rate": "20/min", "hold": hold}], design=WALK)
    found = scenario.after(["traffic.rate=45/min"], [at], runs=1500, seed=3)
    assert not found.exact
    assert found.runs == 1500
    rng = random.Random(5)
    seen = [history(ports, (20 / 60, 45 / 60), lambda _: draw(rng), at, 3, rng, 30 * 60.0) for _ in range(runs)]
    odds = np.array([p for p, _ in seen])
    assert within(found["refused"][0], float(odds.mean()), float(odds.std() / math.sqrt(runs)))
    come = np.mean([refused > 0 for _, refused in seen])
    assert found["first_refusal"]["by"][0] == pytest.approx(come, abs=4 * math.sqrt(2 * 0.25 / runs))


def test_a_shorter_time_wait_acts_when_connections_close() -> None:
    """Lives of 20 s and a timer from 60 to 10 s: open flows are then kept for 10 s, closed ones for what is left of 60."""
    ports, at, runs = 40, 15.0, 2000
    traffic = [{"to": "A", "rate": "24/min", "life": {"law": "exponential", "mean": "20s"}}]
    timers = {"timers": {"tcp-fin": "60s"}}
    found = small(ports, traffic, nat=timers).after(["nats.timers.tcp-fin=10s"], [at], runs=2000, seed=3)
    rng = random.Random(6)
    odds = []
    for _ in range(runs):
        live: list[float] = []  # ends
        now = -600.0
        while True:
            now += rng.expovariate(24 / 60)
            if now >= at:
                break
            live = [end for end in live if end > now]
            if len(live) == ports:
                continue
            closes = now + rng.expovariate(1 / 20)
            live.append(closes + (60 if closes < 0 else 10))
        odds.append(float(sum(end > at for end in live)))
    still = np.array(odds)
    assert found["live"][0] == pytest.approx(still.mean(), abs=4 * still.std() * math.sqrt(2 / runs))
    assert still.mean() < 29.9  # with the old timer 31
    want = float(np.mean(still == ports))
    if found["refused"][0]["value"] is None:
        assert want < 0.01
    else:
        assert within(found["refused"][0], want, math.sqrt(max(want, 1 / runs) / runs))


def test_simulated_and_exact_agree() -> None:
    """Two entries whose holds differ by a millionth are stepped; as one they are a chain."""
    entries = [{"to": "A", "rate": "10/min", "hold": "60s"}, {"to": "A", "rate": "10/min", "hold": "60.00006s"}]
    change = ["traffic.0.rate=20/min", "traffic.1.rate=20/min"]
    stepped = small(40, entries).after(change, [20.0, 60.0], runs=4000, seed=2)
    exact = small(40, [{"to": "A", "rate": "20/min", "hold": "60s"}]).after(["traffic.rate=40/min"], [20.0, 60.0])
    assert exact.exact
    assert stepped.runs == 4000
    for i in range(2):
        assert within(stepped["refused"][i], exact["refused"][i]["value"], 0)
        assert stepped["live"][i] == pytest.approx(exact["live"][i], abs=4 * math.sqrt(40 / 4000))
        assert stepped["first_refusal"]["by"][i] == pytest.approx(exact["first_refusal"]["by"][i], abs=4 * math.sqrt(0.25 / 4000))


def test_the_picture_draws_the_numbers() -> None:
    pytest.importorskip("matplotlib")
    found = small(12, [{"to": "A", "rate": "6/min", "hold": "60s"}]).after(["traffic.rate=12/min"])
    ax = found.plot()
    drawn = {str(line.get_label()): line for line in ax.get_lines()}
    assert list(drawn["refused"].get_ydata()) == [odds["value"] for odds in found["refused"]]
    assert drawn["in the long run"].get_ydata()[0] == found["long_run"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("--change traffic.rate", "--set: 'traffic.rate': PATH=VALUE is wanted"),
        ("--at 30", "--at: '30': a time with its unit"),
        ("--start 70000", "start: 70000: there are 28,232 ports"),
        ("--quantiles 2", "quantiles[0]: 2.0"),
        ("--runs 1", "runs: 1: a whole number from 2"),
        ("--change nats.design=nope", "nope"),
    ],
)
def test_wrong_calls(arguments: str, message: str, monkeypatch: Any, capsys: Any) -> None:
    numbers = ["after", "--rate", "100/s", "--hold", "60s", "--ports", "28232", "--design", "ideal"]
    is_refused([*numbers, *arguments.split()], message, monkeypatch, capsys)


def test_port_blocks_are_stepped_to_their_law() -> None:
    """One block a subscriber: then nothing is left over in blocks, and the law is exact."""
    dealt = small(64, [{"to": "A", "rate": "6/min", "hold": "60s"}], nat={"port-set": {"port-set-size": 8}})
    found = dealt.after(("traffic.rate=9/min",), [1.0, 900.0])
    low, high = found["refused"][1]["interval"]
    assert "port blocks dealt on demand" in found.method
    assert low <= found["long_run"] <= high


def test_what_is_not_followed_says_so() -> None:
    with pytest.raises(InputError, match=r"at\[0\]"):
        small(12, [{"to": "A", "rate": "6/min", "hold": "60s"}]).after((), [-1.0])


@pytest.mark.parametrize(("off", "later"), [(60, 60), (180, 60)])
def test_bursts_through_a_change_are_the_dense_chain(off: int, later: int) -> None:
    """The rate is doubled, or the source is on more often too: then it begins anew in its long run."""
    ports, hold, on = 12, 60.0, 60
    rate = 5.0  # a minute

    def scenario(rate: float, off: int) -> Scenario:
        return small(
            ports, [{"to": "A", "rate": f"{rate}/min", "hold": "60s", "arrivals": {"law": "on-off", "on": f"{on}s", "off": f"{off}s"}}]
        )

    times = [0.0, 15.0, 60.0, 240.0]
    found = scenario(rate, off).after(scenario(2 * rate, later), times, runs=12_000)
    assert not found["exact"]
    assert found["runs"] == 12_000
    before = on_off_chain(ports, rate * hold / 60, on / hold, off / hold)
    after = on_off_chain(ports, 2 * rate * hold / 60, on / hold, later / hold)
    law = long_run_of(before)
    if off != later:
        live = law.reshape(2, ports + 1).sum(axis=0)
        law = np.concatenate([live * later / (on + later), live * on / (on + later)])
    for i, time in enumerate(times):
        then = law @ exponential_of(after, time / hold) if time else law
        is_on = then[ports + 1 :]
        want = is_on[-1] / is_on.sum()
        got = found["refused"][i]
        low, high = got["interval"]
        assert abs(got["value"] - want) < 4 / 1.96 * (high - low) / 2 + 1e-4, (time, got, want)
        assert high - low < 0.35 * want
        assert found["live"][i] == pytest.approx(then.reshape(2, -1).sum(axis=0) @ np.arange(ports + 1), abs=0.15)


def through(law: np.ndarray, load: float, time: float) -> np.ndarray:
    """Erlang's system after so many holds, by uniformisation: a sum of positive terms, so that small chances keep their digits."""
    n = np.arange(len(law))
    rate = load + n[-1]
    up, down = np.where(n < n[-1], load, 0) / rate, n / rate
    out, weight = np.zeros(len(law)), math.exp(-rate * time)
    for k in range(int(rate * time + 30 * math.sqrt(rate * time) + 50)):
        out += weight * law
        weight *= rate * time / (k + 1)
        law = law * (1 - up - down) + np.append(0, (law * up)[:-1]) + np.append((law * down)[1:], 0)
    return out


def test_what_the_method_can_not_tell_is_a_bound() -> None:
    """A load that falls to a quarter: chances that fall by sixty powers of ten are right, or told as bounds."""
    ports, at = 200, [0.0, 6.0, 30.0, 60.0, 120.0, 300.0]
    found = small(ports, [{"to": "A", "rate": "210/min", "hold": "60s"}]).after(["traffic.rate=50/min"], at)
    bounds = 0
    for time, odds in zip(at, found["refused"], strict=True):
        want = through(stationary(chain(ports, 210.0)), 50.0, time / 60)[ports]
        if odds["value"] is None:
            bounds += 1
            assert want <= odds["at_most"] < 1e-9
        else:
            assert odds["value"] == pytest.approx(want, rel=0.02)
    assert 0 < bounds < len(at) - 1


def test_counted_first_refusals_have_intervals() -> None:
    ports, hold, time = 12, 60.0, 30.0
    scenario = small(ports, [{"to": "A", "rate": "6/min", "hold": "60s", "arrivals": {"law": "batches", "mean-batch": 1.0001}}])
    found = scenario.after(["traffic.rate=12/min"], [0.0, time], runs=400)
    none = (stationary(chain(ports, 6.0)) @ exponential_of(chain(ports, 12.0, killed=True), time / hold)).sum()
    low, high = found["first_refusal"]["by_intervals"][1]
    assert low < 1 - none < high < low + 0.11
    assert found["first_refusal"]["by_intervals"][0] == [0.0, pytest.approx(1 - 0.025 ** (1 / 400))]


def test_no_change_is_refused(monkeypatch: Any, capsys: Any) -> None:
    is_refused(
        ["after", "--rate", "100/s", "--hold", "60s", "--ports", "28232", "--design", "ideal"], "nothing changes", monkeypatch, capsys
    )


def test_notes_say_what_is_a_bound_and_what_is_not_carried_over() -> None:
    traffic = [{"to": name, "rate": "10/min", "hold": "60s"} for name in "AB"]
    plain = small(30, traffic, nat={"connection-limits": {"limit-per-instance": 25}}).after(["traffic.0.rate=14/min"], [12.0])
    assert any("upper bound" in note for note in plain["notes"])
    assert set(plain["notes"]) <= set(plain["assumptions"])
    dealt = small(64, [{"to": "A", "rate": "6/min", "hold": "60s"}], nat={"port-set": {"port-set-size": 8}})
    assert not any("taken to be on the ports" in note for note in dealt.after(["traffic.rate=9/min"], [1.0], runs=20)["notes"])
    other = dealt.after(["nats.port-set.port-set-size=4"], [1.0], runs=20)
    assert any("taken to be on the ports" in note for note in other["notes"])


def test_what_never_fills_is_followed_at_once() -> None:
    """A load so far below the ports that no double holds its chance: only what is live changes."""
    found = small(60_000, [{"to": "A", "rate": "100/min", "hold": "60s"}]).after(["traffic.rate=150/min"], [0.0, 30.0])
    assert found.exact
    assert found["live"] == pytest.approx([100, 150 - 50 * math.exp(-0.5)], rel=1e-9)
    assert found["refused"][1]["at_most"] <= 1e-290
    assert all(q["time"] is None for q in found["first_refusal"]["quantiles"])
