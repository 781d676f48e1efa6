"""What the importer estimates, against routers whose truth is known: a real one, and simulated ones."""

from __future__ import annotations

import heapq
import json
import random
import re
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from natbound.importing import import_paths
from natbound.importing.arrivals import steady_window
from natbound.importing.gather import gather
from natbound.importing.intervals import poisson
from natbound.importing.life import fit
from natbound.importing.offered import group_of
from natbound.importing.product import fit_product
from natbound.importing.traffic import measure

EXAMPLES = Path(__file__).parents[2] / "examples"


# --- a router in a few lines -----------------------------------------------------------------------------


@dataclass
class Router:
    """Clients behind a pool of two addresses; entries stay `keep` s after the close and are collected lazily.

    Unlike Linux it finds any free port; like Linux it then takes a closing entry over, if `take_over`.
    """

    rates: dict[str, float]  # by server address
    life: float
    seed: int
    ports: int = 1000
    keep: float = 10
    length: float = 120
    tries: int = 5
    take_over: bool = True
    numbered: bool = True  # DESTROY tells what was left
    clients: int = 12
    first: int = 0
    first_refused: int = 0
    failed: int = 0
    lines: list[str] = field(default_factory=list)
    listing: list[str] = field(default_factory=list)
    waiting: list[str] = field(default_factory=list)

    def run(self, listed_at: float, runs_on: float = 0.0) -> Router:
        rng = random.Random(self.seed)
        servers = list(self.rates)
        pool = {(c, s): rng.randrange(2) for c in range(self.clients) for s in servers}
        agenda: list[tuple[float, int, str, tuple]] = []
        order = 0

        def plan(t: float, what: str, *rest: object) -> None:
            nonlocal order
            order += 1
            heapq.heappush(agenda, (t, order, what, rest))

        for s in servers:
            plan(rng.expovariate(self.rates[s]), "arrive", s)
        for k in range(1, 40):
            plan(20.0 * k + rng.random(), "collect")
        plan(listed_at, "list")
        held: dict[tuple[str, int, int], dict] = {}
        stuck: set[int] = set()
        end = self.length + runs_on
        number = 0

        def destroy(t: float, key: tuple[str, int, int]) -> None:
            entry = held.pop(key)
            left = entry["close"] + self.keep - t
            count = f" {int(left)}" if left >= 1 and self.numbered else ""
            self.lines.append(f"[{t:.6f}]\t[DESTROY] tcp      6{count} TIME_WAIT {entry['text']} [ASSURED] id={entry['id']}")

        while agenda:
            t, _, what, rest = heapq.heappop(agenda)
            if t > end:
                break
            if what == "arrive":
                (s,) = rest
                if t < self.length:
                    plan(t + rng.expovariate(self.rates[s]), "arrive", s)
                    self.first += 1
                    flow = (rng.randrange(self.clients), rng.randrange(32768, 61000), s)
                    plan(t, "try", flow, 1, rng.expovariate(1 / self.life), self.first)
            elif what == "try":
                flow, nth, life, which = rest
                c, sport, s = flow
                a = pool[c, s]
                stuck.discard(which)
                port = None
                start = rng.randrange(self.ports)
                for i in range(self.ports):
                    key = (s, a, (start + i) % self.ports)
                    if key not in held or held[key]["close"] + self.keep <= t:
                        port = key
                        break
                if port is None and self.take_over:
                    closing = [k for k, e in held.items() if k[:2] == (s, a) and e["close"] <= t]
                    port = rng.choice(closing) if closing else None
                if port is None:
                    self.failed += 1
                    self.first_refused += nth == 1
                    if nth < self.tries:
                        stuck.add(which)
                        plan(t + 1, "try", flow, nth + 1, life, which)
                    continue
                if port in held:
                    destroy(t, port)
                number += 1
                text = (
                    f"src=192.168.0.{c + 1} dst={s} sport={sport} dport=443 src={s} dst=203.0.113.{a + 1} sport=443 dport={20000 + port[2]}"
                )
                held[port] = {"open": t, "close": t + life, "id": number, "text": text, "which": flow}
                self.lines.append(
                    f"[{t:.6f}]\t    [NEW] tcp      6 15 SYN_SENT {text} [UNREPLIED] id={number}".replace(
                        f"dport=443 src={s}", f"dport=443 [UNREPLIED] src={s}"
                    )
                )
            elif what == "collect":
                for key in [k for k, e in held.items() if e["close"] + self.keep <= t]:
                    destroy(t, key)
            elif what == "list":
                for e in held.values():
                    left = e["close"] + self.keep - t
                    if left > 0:
                        state = f"{int(left)} TIME_WAIT" if e["close"] <= t else "431990 ESTABLISHED"
                        age = int(t) - int(e["open"])
                        self.listing.append(f"tcp      6 {state} {e['text']} [ASSURED] mark=0 delta-time={age} use=1")
                for _, _, kind, more in agenda:
                    if kind == "try" and more[1] > 1:
                        c, sport, s = more[0]
                        self.waiting.append(f"SYN-SENT 0 1 192.168.0.{c + 1}:{sport} {s}:443")
        return self

    def write(self, folder: Path, *, events=True, ages=True, listing=True, sockets=True) -> Path:
        folder.mkdir(parents=True, exist_ok=True)
        files = {
            "rules": f"*nat\n-A POSTROUTING -p tcp -j SNAT --to-source 203.0.113.1-203.0.113.2:20000-{20000 + self.ports - 1}\nCOMMIT\n",
            "sysctl": f"net.netfilter.nf_conntrack_tcp_timeout_time_wait = {int(self.keep)}\nnet.netfilter.nf_conntrack_max = 262144\n",
            "counters": f"cpu=0 found=1 insert_failed={self.failed} drop={self.failed}\n",
        }
        if events:
            files["events"] = "".join(line + "\n" for line in self.lines)
        if listing:
            listed = "".join(line + "\n" for line in self.listing)
            files["listing"] = listed if ages else re.sub(r" delta-time=\d+", "", listed)
        if self.waiting and sockets:
            files["sockets"] = "State Recv-Q Send-Q Local Peer\n" + "".join(w + "\n" for w in self.waiting)
        for name, content in files.items():
            (folder / name).write_text(content)
        return folder


def overall(folder: Path, ports: int = 1000):
    found = gather([folder])
    traffic = measure(found, ports)
    return traffic, traffic.overall["tcp"]


# --- the real router -------------------------------------------------------------------------------------


def test_the_quiet_router_against_its_truth():
    truth = json.loads((EXAMPLES / "linux-router-quiet" / "truth.json").read_text())
    traffic, life = overall(EXAMPLES / "linux-router-quiet", 200)
    assert life.low <= truth["hold_mean_s"] <= life.high
    assert life.value == pytest.approx(truth["hold_mean_s"], rel=0.06)
    assert life.high / life.low < 1.2
    start, end = traffic.window
    assert end - start == pytest.approx(truth["duration_s"], rel=0.01)
    assert sum(r.value for r in traffic.rates.values()) == pytest.approx(truth["rate_per_s"], rel=0.01)
    inside = 0
    for server, rate in traffic.rates.items():
        done = truth["by_destination"][f"{server[0]}:{server[1]}"] / truth["duration_s"]
        assert rate.low <= done <= rate.high
        inside += traffic.lives[server].low <= truth["hold_mean_s"] <= traffic.lives[server].high
    assert inside >= 6  # of eight intervals of 95 %


def test_the_exhausted_router():
    result = import_paths([EXAMPLES / "linux-router-exhausted"])
    found = gather([EXAMPLES / "linux-router-exhausted"])
    traffic = measure(found, 200)
    offered = traffic.offered
    assert offered is not None
    hot = (("198.18.0.101", 443, "tcp"), "198.18.0.12")
    assert set(offered.group_rates) == {hot}
    # Two ways to its arrivals that share no flow: what others were offered, and its own first seconds.
    start, end = traffic.window
    groups: dict = {}
    for flow in found.events.flows:
        groups.setdefault(group_of(flow), []).append(flow)
    others = fit_product(groups, {hot: offered.since}, start, end, early=False)[0][hot]
    own = poisson(sum(f.opened < offered.since for f in groups[hot]), offered.since - start)
    assert max(others.low, own.low) < min(others.high, own.high)
    estimate = offered.group_rates[hot]
    assert estimate.high - estimate.low < min(others.high - others.low, own.high - own.low)
    # A third: what opened, over the share that opens in n tries. Tries came every 1.1 s, and the
    # last flow opened 4.6 s after arrivals stopped: n is 5, give or take one.
    refused = offered.in_group.value
    assert max(f.opened for f in found.events.flows) - end == pytest.approx(4.6, abs=0.1)
    assert offered.opened[hot] / (1 - refused**6) < estimate.value < offered.opened[hot] / (1 - refused**4)
    # The sockets that waited, each trying about once a second, against those that opened.
    assert 60 / (60 + offered.opened[hot]) == pytest.approx(refused, abs=0.03)
    assert offered.first_try.low < offered.first_try.value < offered.first_try.high
    # Nearly every flow of that group was cut by the next one, so its lives are known one by one.
    mine = found.events.flows
    cut = [
        f.destroyed - f.opened - (10 - f.left - 0.5)
        for f in mine
        if (f.server, f.external[0]) == hot and f.left is not None and f.opened < mine[0].opened + 75
    ]
    assert len(cut) > 1400
    assert sum(cut) / len(cut) == pytest.approx(traffic.lives[hot[0]].value, rel=0.1)
    told = "\n".join(result.report)
    assert "insert_failed = 6347" in told
    assert "first tries that fail, all traffic" in told
    rate = next(e["rate"] for e in result.scenario["traffic"] if e["to"] == "s-198-18-0-101-443")
    assert float(rate.removesuffix("/s")) > 3848 / 120  # more than what opened


def test_without_the_clients_sockets_the_same_group_is_found(tmp_path):
    for path in (EXAMPLES / "linux-router-exhausted").iterdir():
        if not path.name.startswith("client"):
            (tmp_path / path.name).symlink_to(path)
    traffic, _ = overall(tmp_path, 200)
    assert traffic.offered is not None
    assert set(traffic.offered.group_rates) == {(("198.18.0.101", 443, "tcp"), "198.18.0.12")}


# --- simulated ones --------------------------------------------------------------------------------------


def test_lives_and_rates_are_covered_as_often_as_stated(tmp_path):
    """95 % intervals over 20 routers: fewer than 16 hits would happen by chance once in 2,000."""
    lives = rates = 0
    ratios = []
    for seed in range(20):
        truth = (0.7, 3.0, 12.0, 25.0)[seed % 4]
        router = Router({"198.51.100.1": 12, "198.51.100.2": 4}, truth, seed, length=60 + 3 * truth)
        router.run(listed_at=30 + 2 * truth)
        traffic, life = overall(router.write(tmp_path / str(seed)))
        lives += life.low <= truth <= life.high
        ratios.append(life.value / truth)
        rates += all(r.low <= router.rates[s[0]] <= r.high for s, r in traffic.rates.items() if s[0] == "198.51.100.1")
    assert lives >= 16
    assert rates >= 16
    assert sum(ratios) / len(ratios) == pytest.approx(1, abs=0.04)


def test_taken_over_entries_do_not_shorten_lives(tmp_path):
    ratios = []
    for seed in range(5):
        router = Router({"198.51.100.1": 14}, 6.0, seed, ports=80).run(listed_at=80)
        cut = sum(bool(re.search(r"DESTROY\] tcp +6 \d+ TIME", line)) for line in router.lines)
        assert cut > 300
        assert router.failed < 0.02 * router.first
        _, life = overall(router.write(tmp_path / str(seed)), 80)
        ratios.append(life.value / 6.0)
    assert sum(ratios) / len(ratios) == pytest.approx(1, abs=0.05)


def test_flows_older_than_the_capture(tmp_path):
    """Long lives, a short capture that starts late: most flows are censored at both ends."""
    ratios = []
    for seed in range(6):
        router = Router({"198.51.100.1": 10}, 60.0, seed, length=400, ports=2000).run(listed_at=385)
        router.lines = [line for line in router.lines if float(line[1:].split("]")[0]) > 360]
        _, life = overall(router.write(tmp_path / str(seed)), 2000)
        assert life.low < 60 < life.high or abs(life.value / 60 - 1) < 0.3
        ratios.append(life.value / 60)
    assert sum(ratios) / len(ratios) == pytest.approx(1, abs=0.1)


@pytest.mark.parametrize("ages", [True, False])
def test_a_listing_alone(tmp_path, ages):
    router = Router({"198.51.100.1": 60}, 5.0, 4).run(listed_at=90)
    result = import_paths([router.write(tmp_path, events=False, ages=ages)])
    traffic, life = overall(tmp_path)
    assert life.low < 5 < life.high
    (rate,) = traffic.rates.values()
    assert rate.low < 60 < rate.high
    assert any("no events" in line for line in result.report)


def test_events_alone_say_that_they_mislead(tmp_path):
    router = Router({"198.51.100.1": 20}, 5.0, 5).run(listed_at=60)
    result = import_paths([router.write(tmp_path, listing=False)])
    assert any("too long" in line for line in result.report)


def test_updates_tell_closes_exactly(tmp_path):
    rng = random.Random(6)
    events = []
    t = 0.0
    for i in range(3000):
        t += rng.expovariate(30)
        text = (
            f"src=10.0.0.{i % 50 + 1} dst=198.51.100.1 sport={1024 + i} dport=80"
            f" src=198.51.100.1 dst=203.0.113.1 sport=80 dport={1024 + i} id={i}"
        )
        life = rng.expovariate(1 / 20)
        events += [
            (t, f"[NEW] tcp      6 120 SYN_SENT {text}"),
            (t + 0.01, f"[UPDATE] tcp      6 60 SYN_RECV {text}"),
            (t + life, f"[UPDATE] tcp      6 120 TIME_WAIT {text}"),
            (t + life + 120, f"[DESTROY] tcp      6 {text}"),
        ]
    seen = sorted(e for e in events if e[0] < t)
    (tmp_path / "events").write_text("".join(f"[{1e9 + a:.6f}]\t{b}\n" for a, b in seen))
    _, life = overall(tmp_path)
    assert life.low < 20 < life.high
    assert life.high / life.low < 1.1


@pytest.fixture(scope="module")
def refusing() -> Router:
    """One group of three servers' six refuses about half of all first tries."""
    rates = {"198.51.100.1": 30.0, "198.51.100.2": 9.0, "198.51.100.3": 5.0}
    return Router(rates, 12.0, 11, ports=150, length=120).run(listed_at=80, runs_on=30)


@pytest.mark.parametrize("sockets", [True, False])
def test_offered_load_while_refused(tmp_path, refusing, sockets):
    """Arrivals, load and refusals against what was done."""
    router = refusing
    assert router.failed > 1000
    traffic, _ = overall(router.write(tmp_path, sockets=sockets), router.ports)
    offered = traffic.offered
    assert offered is not None
    for server, rate in traffic.rates.items():
        assert rate.value == pytest.approx(router.rates[server[0]], rel=0.12)
    late = router.first * (traffic.window[1] - offered.since) / router.length
    assert offered.first_try.value == pytest.approx(router.first_refused / late, rel=0.15)
    opened = sum("[NEW]" in line and "dst=198.51.100.1 " in line for line in router.lines)
    assert opened / router.length < 0.93 * router.rates["198.51.100.1"]  # what opened alone would mislead


def test_arrivals_are_cut_where_the_load_stops():
    rng = random.Random(7)
    times = []
    t = 20.0
    while t < 80:
        t += rng.expovariate(30)
        times.append(t)
    start, end = steady_window(times, 0.0, 140.0)
    assert start == pytest.approx(20, abs=0.5)
    assert end == pytest.approx(80, abs=0.5)
    even = sorted(rng.uniform(0, 100) for _ in range(500))
    assert steady_window(even, 0.0, 100.0) == (0.0, 100.0)


def test_fit_on_known_spans():
    exact = fit([(2.0, 2.001)] * 50 + [(4.0, 4.001)] * 50)
    assert exact is not None
    assert exact.value == pytest.approx(3.0, rel=0.001)  # exposure / closes
    censored = fit([(2.0, 2.001)] * 50 + [(4.0, float("inf"))] * 50)
    assert censored is not None
    assert censored.value == pytest.approx(6.0, rel=0.001)
    assert fit([(2.0, float("inf"))]) is None
    assert fit([(0.0, 2.0)]) is None
    assert fit([]) is None
