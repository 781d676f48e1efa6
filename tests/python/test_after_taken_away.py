"""A change of the NAT itself: what is live stays where it lies. Against histories of this file's own, stepped in plain Python: the positions
before the change are walked to flow by flow, and what follows is stepped too, or the dense chain from there."""

from __future__ import annotations

import copy
import math
import random
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from natbound import Scenario

sys.path.insert(0, str(Path(__file__).parent))
from dense_chains import chain, exponential_of, small, stationary
from shell import is_refused

HOLD = 60.0
Cell = tuple[int, int]  # address, port
Picker = Callable[[set[Cell], random.Random], Cell | None]


def walk(addresses: list[int], ports: range, probes: int | None = None, *, lowest: bool = False) -> Picker:
    """Successive ports from a random one (or the lowest), of an address that is drawn; complete searches go on to the next address."""

    def pick(busy: set[Cell], rng: random.Random) -> Cell | None:
        first = rng.randrange(len(addresses))
        for i in range(len(addresses) if probes is None else 1):
            address = addresses[(first + i) % len(addresses)]
            start = 0 if lowest else rng.randrange(len(ports))
            for step in range(probes or len(ports)):
                cell = (address, ports[(start + step) % len(ports)])
                if cell not in busy:
                    return cell
        return None

    return pick


def stepped(pick: Picker, load: float, rng: random.Random, time: float, live: list[Cell]) -> list[Cell]:
    """So many holds more of one destination."""
    while True:
        time -= rng.expovariate(load + len(live))
        if time < 0:
            return live
        if rng.random() * (load + len(live)) < load:
            cell = pick(set(live), rng)
            if cell is not None:
                live.append(cell)
        else:
            live.pop(rng.randrange(len(live)))


def states(pick: Picker, load: float, many: int, seed: int) -> list[list[Cell]]:
    """As they are met in the long run: one history, looked at every hold and a half."""
    rng = random.Random(seed)
    live: list[Cell] = stepped(pick, load, rng, 10, [])
    out = []
    for _ in range(many):
        live = stepped(pick, load, rng, 1.5, live)
        out.append(list(live))
    return out


def law_of(numbers: list[int], ports: int) -> np.ndarray:
    return np.bincount(numbers, minlength=ports + 1) / len(numbers)


def error_of(values: np.ndarray, law: np.ndarray, many: int) -> float:
    """Of a mean over so many samples of the law."""
    mean = law @ values
    return math.sqrt(float(law @ (values - mean) ** 2) / many)


def agrees(odds: dict[str, Any], want: float, error: float) -> None:
    low, high = odds["interval"] if odds["value"] is not None else (0.0, odds["at_most"])
    value = odds["value"] or 0.0
    assert abs(value - want) < 2.2 * (high - low) / 2 + 4.5 * error + 1e-9, (odds, want, error)


def live_then(start: np.ndarray, then: np.ndarray, seen: list[list[Cell]], time: float, taken_away: str) -> float:
    """The mean number live: on ports that are given still, by their law at the change and after it; the others, unless cut, fade."""
    number = np.arange(len(start))
    away = float(np.mean([len(s) for s in seen]) - start @ number) if taken_away == "kept" else 0.0
    return float(start @ then @ number) + away * math.exp(-time / HOLD)


def entry(rate: float, to: str = "A") -> dict[str, Any]:
    return {"to": to, "rate": f"{rate}/min", "hold": "60s"}


DRAWS = {
    "base": "ideal",
    "first-choice": "none",
    "search": {"rounds": [{"start": "random", "step": "independent", "probes": 3}]},
}


def on_some(law: np.ndarray, ports: int, some: int) -> np.ndarray:
    out = np.zeros(some + 1)
    for n, chance in enumerate(law):
        for k in range(max(0, n - ports + some), min(n, some) + 1):
            out[k] += chance * math.comb(some, k) * math.comb(ports - some, n - k) / math.comb(ports, n)
    return out


@pytest.mark.parametrize("taken_away", ["kept", "cut"])
def test_fewer_ports_for_independent_draws_are_the_exact_mixture(taken_away: str) -> None:
    """Any flows are on any ports with equal chance: those that stay are hypergeometric."""
    ports, some = 32, 8  # 2^16 draws fall evenly on both
    at = [0.0, 6.0, 60.0]
    scenario = small(ports, [entry(14)], design=DRAWS)
    found = scenario.after(["nats.port-set-restrict.end-port-number=1031", "traffic.rate=5/min"], at, taken_away=taken_away)
    before = stationary(chain(ports, 14.0, lambda n: (n / ports) ** 3))
    start = on_some(before, ports, some)
    away = before @ np.arange(ports + 1) - start @ np.arange(some + 1)
    assert found.exact
    for i, time in enumerate(at):
        law = start @ exponential_of(chain(some, 5.0, lambda n: (n / some) ** 3), time / HOLD) if time else start
        assert found["refused"][i]["value"] == pytest.approx(float(law @ (np.arange(some + 1) / some) ** 3), rel=1e-8)
        live = law @ np.arange(some + 1) + (away * math.exp(-time / HOLD) if taken_away == "kept" else 0)
        assert found["live"][i] == pytest.approx(live, rel=1e-8)


@pytest.mark.parametrize("lowest", [False, True])
@pytest.mark.parametrize("kept", ["lower", "upper"])
def test_fewer_ports_of_a_search_that_walks(lowest: bool, kept: str) -> None:
    """From a random port, live flows lie in runs; from the lowest one, they crowd there."""
    ports, load, after = 30, 18.0, 14.0
    chosen = range(1024, 1036) if kept == "lower" else range(1042, 1054)
    design = {"base": "ideal", "search": {"rounds": [{"start": "first" if lowest else "random", "step": "ascend"}]}}
    scenario = small(ports, [entry(load)], design=design)
    restrict = f"nats.port-set-restrict={{start-port-number: {chosen[0]}, end-port-number: {chosen[-1]}}}"
    at = [0.0, 6.0, 30.0, 120.0]
    found = scenario.after([restrict, f"traffic.rate={after}/min"], at, runs=4000, seed=2)
    seen = states(walk([0], range(1024, 1024 + ports), lowest=lowest), load, 4000, 3)
    start = law_of([sum(p in chosen for _, p in live) for live in seen], 12)
    assert not found.exact
    for i, time in enumerate(at):
        then = exponential_of(chain(12, after), time / HOLD) if time else np.eye(13)
        agrees(found["refused"][i], float(start @ then[:, 12]), error_of(then[:, 12], start, 4000))
        live = start @ then @ np.arange(13)
        live += (np.mean([len(s) for s in seen]) - start @ np.arange(13)) * math.exp(-time / HOLD)
        assert found["live"][i] == pytest.approx(float(live), abs=0.35)
        none = start @ (exponential_of(chain(12, after, killed=True), time / HOLD) if time else np.eye(13)).sum(axis=1)
        assert found["first_refusal"]["by"][i] == pytest.approx(1 - float(none), abs=0.03)


def test_more_ports_are_empty_at_first() -> None:
    found = small(12, [entry(10)]).after(["nats.port-set-restrict.end-port-number=1039", "traffic.rate=20/min"], [0.0, 30.0])
    law = np.concatenate([stationary(chain(12, 10.0)), np.zeros(4)])
    assert found.exact
    assert found["refused"][0]["value"] is None or found["refused"][0]["value"] == 0
    assert found["refused"][1]["value"] == pytest.approx((law @ exponential_of(chain(16, 20.0), 0.5))[16], rel=1e-9)


def test_other_ports_altogether() -> None:
    """None of the old ones: what was live takes none of the new, and ends by and by."""
    scenario = small(12, [entry(10)])
    found = scenario.after(["nats.port-set-restrict={start-port-number: 2048, end-port-number: 2059}"], [0.0, 30.0])
    then = np.eye(13)[0] @ exponential_of(chain(12, 10.0), 0.5)
    assert found.exact
    assert found["refused"][1]["value"] == pytest.approx(then[12], rel=1e-9)
    live = stationary(chain(12, 10.0)) @ np.arange(13)
    assert found["live"][0] == pytest.approx(live, rel=1e-9)
    assert found["live"][1] == pytest.approx(live * math.exp(-0.5) + then @ np.arange(13), rel=1e-9)


def two_addresses(design: Any, load: float) -> Scenario:
    return small(10, [entry(load)], design=design, nat={"external-ip-address-pool": ["203.0.113.1", "203.0.113.2"]})


@pytest.mark.parametrize("taken_away", ["kept", "cut"])
def test_an_address_is_taken_away(taken_away: str) -> None:
    at = [0.0, 6.0, 60.0]
    found = two_addresses("ideal", 13).after(
        ["nats.external-ip-address-pool=[203.0.113.2]", "traffic.rate=9/min"], at, taken_away=taken_away, runs=4000, seed=4
    )
    seen = states(walk([1, 2], range(1024, 1034)), 13.0, 4000, 5)
    start = law_of([sum(a == 2 for a, _ in live) for live in seen], 10)
    for i, time in enumerate(at):
        then = exponential_of(chain(10, 9.0), time / HOLD) if time else np.eye(11)
        agrees(found["refused"][i], float(start @ then[:, 10]), error_of(then[:, 10], start, 4000))
        assert found["live"][i] == pytest.approx(live_then(start, then, seen, time, taken_away), abs=0.3)


def test_each_address_by_itself_keeps_its_flows() -> None:
    """Without fallback each address is a system: the one that stays goes on, whichever rank it had."""
    design = {"base": "ideal", "pool": {"choice": "hash", "hash": "vpp-fold", "of": "source", "fallback": False}}
    found = two_addresses(design, 13).after(["nats.external-ip-address-pool=[203.0.113.2]"], [0.0, 30.0])
    half = stationary(chain(10, 6.5))
    then = half @ exponential_of(chain(10, 13.0), 0.5)
    assert found["refused"][0]["value"] == pytest.approx(half[10], rel=0.05)  # 1,001 clients do not halve
    assert found["refused"][1]["value"] == pytest.approx(then[10], rel=0.05)
    live = half @ np.arange(11)
    assert found["live"][0] == pytest.approx(2 * live, rel=0.01)
    assert found["live"][1] == pytest.approx(then @ np.arange(11) + live * math.exp(-0.5), rel=0.01)


def test_an_address_comes_on_top() -> None:
    one = small(10, [entry(9)])
    found = one.after(["nats.external-ip-address-pool=[203.0.113.1, 203.0.113.9]", "traffic.rate=16/min"], [30.0])
    law = np.concatenate([stationary(chain(10, 9.0)), np.zeros(10)])
    assert found["refused"][0]["value"] == pytest.approx((law @ exponential_of(chain(20, 16.0), 0.5))[20], rel=1e-9)


def windows_busy(busy: set[Cell], ports: range, probes: int) -> float:
    taken = [(0, p) in busy for p in ports]
    return sum(all(taken[(s + i) % len(ports)] for i in range(probes)) for s in range(len(ports))) / len(ports)


WALKS = {"base": "ideal", "search": {"rounds": [{"start": "random", "step": "ascend", "probes": 3}]}}


def test_another_design_meets_the_ports_of_the_former() -> None:
    """From the lowest port up, then windows of three from a random one, on fewer ports."""
    ports, load, after, runs = 40, 20.0, 12.0, 800
    first = {"base": "ideal", "search": {"rounds": [{"start": "first", "step": "ascend"}]}}
    chosen = range(1034, 1054)
    scenario = small(ports, [entry(load)], design=first)
    changed = scenario.canonical
    changed["nats"][0]["design"] = WALKS
    changed["nats"][0]["port-set-restrict"] = {"start-port-number": 1034, "end-port-number": 1053}
    changed["traffic"][0]["rate"] = f"{after}/min"
    at = [0.0, 12.0, 60.0]
    found = scenario.after(Scenario(changed), at, runs=runs, seed=6)
    rng = random.Random(7)
    odds: list[list[float]] = [[], [], []]
    for live in states(walk([0], range(1024, 1064), lowest=True), load, runs, 8):
        time = 0.0
        for i, t in enumerate(at):
            stepped(walk([0], chosen, 3), after, rng, (t - time) / HOLD, live)
            time = t
            odds[i].append(windows_busy(set(live), chosen, 3))
    for i in range(3):
        agrees(found["refused"][i], float(np.mean(odds[i])), float(np.std(odds[i]) / math.sqrt(runs)))
        low, high = found["refused"][i]["interval"]
        assert high - low < 0.8 * np.mean(odds[i])


def test_a_smaller_table_refuses_until_it_has_room() -> None:
    """More is live than it holds: a death process, then Erlang's chain; exact where the table alone refuses."""
    table, load, at = 12, 20.0, [0.0, 12.0, 60.0]
    found = small(60, [entry(load)], nat={"connection-limits": {"limit-per-instance": 40}}).after(
        [f"nats.connection-limits.limit-per-instance={table}"], at
    )
    start = stationary(chain(40, load))
    q = np.zeros((41, 41))
    for n in range(41):
        if n < table:
            q[n, n + 1] = load
        if n > 0:
            q[n, n - 1] = n
        q[n, n] = -q[n].sum()
    for i, time in enumerate(at):
        law = start @ exponential_of(q, time / HOLD) if time else start
        assert found["refused"][i]["value"] == pytest.approx(law[table:].sum(), rel=1e-8)
        assert found["live"][i] == pytest.approx(law @ np.arange(41), rel=1e-8)


def test_flows_that_are_away_fill_the_table() -> None:
    """Other ports, and a table of 14: what stays on the old ports takes entries, so connections are refused with 12 ports free."""
    ports, table, load, runs = 12, 14, 9.0, 4000
    nat = {"connection-limits": {"limit-per-instance": table}}
    scenario = small(ports, [entry(load)], nat=nat)
    at = [0.0, 12.0, 30.0]
    found = scenario.after(["nats.port-set-restrict={start-port-number: 2048, end-port-number: 2059}"], at, runs=runs, seed=9)
    # the numbers on the new ports and on the old: a chain of two numbers
    size = (ports + 1) * (ports + 1)
    q = np.zeros((size, size))
    for new in range(ports + 1):
        for old in range(ports + 1):
            i = new * (ports + 1) + old
            if new < ports and new + old < table:
                q[i, i + ports + 1] = load
            if new:
                q[i, i - ports - 1] = new
            if old:
                q[i, i - 1] = old
            q[i, i] = -q[i].sum()
    law = np.zeros(size)
    law[: ports + 1] = stationary(chain(ports, load))
    full = np.array([new == ports or new + old >= table for new in range(ports + 1) for old in range(ports + 1)])
    for i, time in enumerate(at):
        then = law @ exponential_of(q, time / HOLD) if time else law
        agrees(found["refused"][i], float(then[full].sum()), 0.003)


def behind_a_server_limit(scenario: Scenario) -> dict[str, Any]:
    """The whole network is stepped; the limit is out of reach."""
    out = scenario.canonical
    out["servers"][0]["connection-limits"] = {"limit-per-endpoint": 1000}
    return out


@pytest.mark.parametrize("taken_away", ["kept", "cut"])
def test_networks_carry_flows_over_too(taken_away: str) -> None:
    ports, load, after, runs = 30, 18.0, 14.0, 2000
    before = behind_a_server_limit(small(ports, [entry(load)]))
    changed = copy.deepcopy(before)
    changed["nats"][0]["port-set-restrict"]["end-port-number"] = 1035
    changed["traffic"][0]["rate"] = f"{after}/min"
    at = [6.0, 60.0]
    found = Scenario(before).after(Scenario(changed), at, runs=runs, seed=3, taken_away=taken_away)
    assert "stepped for limits of servers" in found["method"]
    seen = states(walk([0], range(1024, 1054)), load, 4000, 3)
    start = law_of([sum(p < 1036 for _, p in live) for live in seen], 12)
    for i, time in enumerate(at):
        then = exponential_of(chain(12, after), time / HOLD)
        agrees(found["refused"][i], float(start @ then[:, 12]), error_of(then[:, 12], start, 4000))
        assert found["live"][i] == pytest.approx(live_then(start, then, seen, time, taken_away), abs=0.35)


def test_a_coarser_scope_finds_both_destinations_ports_taken() -> None:
    """Two destinations shared the ports, a port a destination; then a port carries one flow at a time."""
    ports, load, runs = 12, 4.0, 2000
    scenario = small(ports, [entry(load), entry(load, "B")])
    changed = scenario.canonical
    changed["nats"][0]["design"] = {"base": "ideal", "clash-scope": {"destination": "none", "protocol": True}}
    at = [6.0, 60.0]
    found = scenario.after(Scenario(changed), at, runs=runs, seed=3)
    pick = walk([0], range(1024, 1036))
    rng = random.Random(4)
    full = np.zeros((2, runs))
    for run, (a, b) in enumerate(zip(states(pick, load, runs, 5), states(pick, load, runs, 6), strict=True)):
        live, time = a + b, 0.0
        for i, t in enumerate(at):
            stepped(pick, 2 * load, rng, (t - time) / HOLD, live)
            time = t
            full[i, run] = len(set(live)) == ports
    for i in range(2):
        agrees(found["refused"][i], full[i].mean(), full[i].std() / math.sqrt(runs))


def test_what_is_never_met_leaves_room() -> None:
    """No run refuses: the bound is that of so many runs, however many connections each has at one time."""
    one = behind_a_server_limit(small(4000, [entry(300)]))
    found = Scenario(one).after(["traffic.rate=301/min"], [1.0], runs=20)
    assert found["refused"][0]["value"] is None
    assert found["refused"][0]["at_most"] == pytest.approx(1 - 0.05 ** (1 / 20), rel=1e-9)
    assert found["first_refusal"]["by_intervals"][0][1] > 0.1


def test_wrong_words_are_refused(monkeypatch: Any, capsys: Any) -> None:
    call = "after --rate 100/s --hold 60s --ports 28232 --design ideal --change nats.design=cilium --taken-away lost"
    is_refused(call.split(), "taken_away: lost: kept or cut is wanted", monkeypatch, capsys)
