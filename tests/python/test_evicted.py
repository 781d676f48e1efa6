"""Tables that drop their least recently used entry, where their mean demand is near to their size: the table itself, simulated."""

from __future__ import annotations

import heapq
import itertools
import math
import random
from collections import OrderedDict

import pytest
from natbound import Scenario, calculator
from natbound.calculator import Connections, EvictingTable


def simulated(size: int, kinds: list[Connections], opened: int) -> list[float]:
    """The share of each kind's connections that are cut."""
    draw, order = random.Random(3), itertools.count()
    table: OrderedDict[int, Connections] = OrderedDict()  # the oldest first
    ends: dict[int, float] = {}  # of the open ones
    events: list[tuple[float, int, str, int]] = []

    def touch(now: float, one: int) -> None:
        """A packet: what comes after it."""
        kind = table[one]
        table.move_to_end(one)
        serial[one] = next(order)
        packet = now + min(draw.expovariate(1 / kind.gap), kind.keep_alive)
        first = min((ends[one], "end"), (packet, "packet"), (now + kind.idle_timeout, "idle"))
        heapq.heappush(events, (first[0], serial[one], first[1], one))

    serial: dict[int, int] = {}
    cut, done = [0] * len(kinds), [0] * len(kinds)
    for which, kind in enumerate(kinds):
        heapq.heappush(events, (draw.expovariate(kind.rate), -1, "open", which))
    ids, of = itertools.count(), {}
    while sum(done) < opened:
        now, mark, what, one = heapq.heappop(events)
        counted = now > 5 * max(kind.life for kind in kinds)
        if what == "open":
            kind = kinds[one]
            heapq.heappush(events, (now + draw.expovariate(kind.rate), -1, "open", one))
            if len(table) == size:
                gone, _ = table.popitem(last=False)
                serial.pop(gone)
                if ends.pop(gone, None) is not None and counted:
                    cut[of[gone]] += 1
                    done[of[gone]] += 1
            new = next(ids)
            of[new], table[new], ends[new] = one, kind, now + draw.expovariate(1 / kind.life)
            touch(now, new)
        elif serial.get(one) == mark and what == "packet":
            touch(now, one)
        elif serial.get(one) == mark:
            if what != "closed":
                del ends[one]
                cut[of[one]] += counted and what == "idle"
                done[of[one]] += counted
            if what == "end":  # the closing packet renews the entry
                table.move_to_end(one)
                serial[one] = next(order)
                if math.isfinite(table[one].closed_timeout):
                    heapq.heappush(events, (now + table[one].closed_timeout, serial[one], "closed", one))
            else:
                del table[one], serial[one]
    return [c / n for c, n in zip(cut, done, strict=True)]


@pytest.mark.parametrize(
    ("size", "kinds", "within"),
    [
        (250, [Connections(10, 15, 30, closed_timeout=10)], 0.1),  # as many as are wanted on average
        (250, [Connections(10, 20, 10, idle_timeout=60, closed_timeout=5)], 0.25),  # some by the idle timeout
        (230, [Connections(10, 15, 30, closed_timeout=10)], 0.15),
        (250, [Connections(20, 15, 10, closed_timeout=10)], 0.05),  # T below the timeout: closed ones go too
        (250, [Connections(5, 15, 60, closed_timeout=10), Connections(5, 15, 20, closed_timeout=10)], 0.3),
    ],
)
def test_the_cut_of_a_table_nearly_full(size: int, kinds: list[Connections], within: float) -> None:
    table = EvictingTable(size, kinds)
    for which, seen in enumerate(simulated(size, kinds, 40_000)):
        assert table.cut(which) == pytest.approx(seen, rel=within), (which, seen)


def test_never_too_little_by_much_where_closed_entries_make_room() -> None:
    """Where the oldest are as often closed as open the formula says up to twice as much."""
    for size, gap in ((240, 2.0), (25, 1.0)):
        kind = Connections(size / 25, 15, gap, closed_timeout=10)
        seen = simulated(size, [kind], 40_000)[0]
        assert 0.7 * seen < EvictingTable(size, [kind]).cut() < 2.5 * seen, (size, gap, seen)


def test_inverses_of_a_table_nearly_full() -> None:
    """A mean demand of 2,500: that many entries are full as often as Erlang's system."""
    room = calculator.size_for_cut(100, 15, 30, 1e-6, closed_timeout=10)
    assert room == pytest.approx(calculator.ports_for(2500, 1e-6), abs=1)
    rate = calculator.rate_for_cut(2500, 15, 30, 1e-6, closed_timeout=10)
    assert 25 * rate == pytest.approx(calculator.load_for(2500, 1e-6), rel=1e-3)
    # An entry that is silent for so long may be the one that goes when the table fills.
    assert calculator.keep_alive_for(2500, 100, 15, 30, 1e-6, closed_timeout=10) < 20
    assert calculator.keep_alive_for(3500, 100, 15, 30, 1e-6, closed_timeout=10) > 1e60


@pytest.mark.parametrize(("size", "rate", "life", "gap"), [(10, 0.2, 2, 40), (10, 0.2, 2, 0.5), (10, 0.2, 4, 1.5), (6, 0.2, 2, 0.5)])
def test_a_cut_that_is_rare_against_the_exact_chain(size: int, rate: float, life: float, gap: float) -> None:
    """The time that an entry has varies, and with it by powers of ten how likely a cut is: 1.2e-11 for the first, by its mean."""
    assert calculator.cut_probability(size, rate, life, gap) == pytest.approx(calculator.eviction_exact(size, rate, life, gap), rel=0.07)


def test_more_entries_never_cut_more() -> None:
    draw = random.Random(7)

    def between(low: float, high: float) -> float:
        return math.exp(draw.uniform(math.log(low), math.log(high)))

    for _ in range(200):
        size, life, gap = int(between(1, 1e7)), between(1e-3, 1e5), between(1e-3, 1e4)
        given = {"rate": size / life * between(0.2, 5), "life": life, "gap": gap}
        for timer in ("keep_alive", "idle_timeout", "closed_timeout"):
            if draw.random() < 0.5:
                given[timer] = between(0.05, 50) * draw.choice([life, gap])
        few, many = (calculator.cut_probability(n, **given) for n in (size, 1.02 * size + 1))
        assert 0 <= many <= few * (1 + 1e-9) + 1e-300 <= 1 + 1e-8, (size, given, few, many)


def test_plans_count_what_a_full_table_cuts() -> None:
    """As `likely` and `alert` do: nobody is refused by such a table, and somebody fails."""
    evicting = {"base": "ideal", "pressure": "drop-least-recently-used"}
    nat = {"name": "router", "inside": ["lan"], "external-ip-address-pool": "203.0.113.9", "design": evicting}
    scenario = Scenario(
        {
            "clients": [{"name": "lan", "addresses": "192.168.1.10-192.168.1.39"}],
            "nats": [{**nat, "connection-limits": {"limit-per-instance": 500}}],
            "servers": [{"name": "web", "addresses": "198.51.100.0/24", "ports": 443}],
            "traffic": [{"from": "lan", "to": "web", "rate": "8.2/s", "hold": "60s"}],
        }
    )
    best = scenario.size(1e-6).to_dict()["options"][0]
    assert best["changes"]
    assert best["refusal_probability"] == pytest.approx(float(calculator.erlang_b(593, 492)), rel=1e-9)
    assert calculator.ports_for(492, 1e-6) == 593
    rows = {row["rule"]: row for row in scenario.rules().to_dict()["rules"]}
    assert rows["demand / ports below 1"]["verdict"] == "too bold"
    assert rows["alert at 75 %"]["verdict"] != "too bold"  # 375 of 407
