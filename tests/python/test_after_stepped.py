"""Changes that are followed by stepping everything: against dense chains of one limit, and the long run at late times."""

from __future__ import annotations

import copy
import math
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from natbound import Scenario, Unsupported
from natbound import calculator as c

sys.path.insert(0, str(Path(__file__).parent))
from dense_chains import chain, exponential_of, long_run_of, on_off_chain, small, stationary

TIMES = [15.0, 60.0, 300.0]
HOLD = 60.0


def agree(found: Any, i: int, want: float, wide: float = 4.0) -> None:
    got = found["refused"][i]
    low, high = got["interval"]
    assert abs(got["value"] - want) < wide / 1.96 * (high - low) / 2 + 2e-3, (i, got, want)
    assert high - low < want


def flood(ports: int, before: float, after: float, time: float) -> float:
    """Of one limit, exponential holds: refused at a time after the load rises."""
    law = stationary(chain(ports, before)) @ exponential_of(chain(ports, after), time / HOLD)
    return float(law[ports])


def doubled(scenario: Scenario, runs: int = 12_000, at: Any = TIMES, rate: str = "traffic.rate=16/min") -> Any:
    found = scenario.after([rate], at, runs=runs, seed=5)
    assert not found["exact"]
    assert found["runs"] == runs
    assert "stepped for" in found["method"]
    return found


def entry(**more: Any) -> dict[str, Any]:
    return {"to": "A", "rate": "8/min", "hold": "60s", **more}


def network(**changes: Any) -> dict[str, Any]:
    """A large NAT, and one server."""
    scenario: dict[str, Any] = {
        "clients": [{"name": "clients", "addresses": "10.0.0.1-10.0.3.232", "ports": "1024-65535"}],
        "nats": [{"name": "nat", "inside": ["clients"], "external-ip-address-pool": ["203.0.113.1"], "design": "ideal"}],
        "servers": [{"name": "A", "addresses": "198.51.100.1", "ports": 443}],
        "traffic": [{"from": "clients", **entry()}],
    }
    return {**scenario, **changes}


def test_what_servers_hold() -> None:
    found = doubled(
        Scenario(
            network(servers=[{"name": "A", "addresses": "198.51.100.1", "ports": 443, "connection-limits": {"limit-per-endpoint": 12}}])
        )
    )
    for i, time in enumerate(TIMES):
        agree(found, i, flood(12, 8, 16, time))
        live = stationary(chain(12, 8.0)) @ exponential_of(chain(12, 16.0), time / HOLD) @ np.arange(13)
        assert found["live"][i] == pytest.approx(live, abs=0.15)


def test_a_nat_inside_another() -> None:
    """The outer one is the narrow one: a pool of 12 ports."""
    one = network()
    one["nats"].append({"name": "outer", "inside": ["nat"], "external-ip-address-pool": ["192.0.2.1"], "design": "ideal",
                        "port-set-restrict": {"start-port-number": 1024, "end-port-number": 1035}})  # fmt: skip
    one["nats"][0]["external-ip-address-pool"] = ["100.64.0.1"]
    found = doubled(Scenario(one), runs=6000)
    for i, time in enumerate(TIMES):
        agree(found, i, flood(12, 8, 16, time))


def test_clients_spread_over_two_nats() -> None:
    one = network()
    one["nats"][0]["port-set-restrict"] = {"start-port-number": 1024, "end-port-number": 1031}
    one["nats"].append(copy.deepcopy(one["nats"][0]) | {"name": "other", "external-ip-address-pool": ["203.0.113.2"]})
    found = doubled(Scenario(one))
    for i, time in enumerate(TIMES):  # 8 ports each, of half of it
        agree(found, i, flood(8, 4, 8, time))


def test_a_limit_on_subscribers() -> None:
    """Each connection is of a client of its own, nearly: as many subscribers as connections."""
    one = network()
    one["clients"][0]["addresses"] = "10.0.0.0/15"
    one["nats"][0]["mapping-limits"] = {"limit-subscribers": 12}
    found = doubled(Scenario(one), runs=6000)
    for i, time in enumerate(TIMES):
        agree(found, i, flood(12, 8, 16, time))


@pytest.mark.parametrize("geometric", [True])
def test_batches(geometric: bool) -> None:
    """Geometric batches, against the dense chain; each connection of a batch counts."""
    ports, size = 16, 3.0
    stay = 1 - 1 / size

    def batches_chain(load: float) -> np.ndarray:
        q = np.zeros((ports + 1, ports + 1))
        for n in range(ports + 1):
            for more in range(1, ports - n + 1):
                last = more == ports - n
                q[n, n + more] = load / size * stay ** (more - 1) * (1 if last else 1 / size)
            if n:
                q[n, n - 1] = n
            q[n, n] = -q[n].sum()
        return q

    def refused(law: np.ndarray) -> float:  # E(X - free)+ over E X
        return float(law @ stay ** (ports - np.arange(ports + 1)))

    found = doubled(small(ports, [entry(arrivals={"law": "batches", "mean-batch": size})]))
    law = long_run_of(batches_chain(8.0))
    for i, time in enumerate(TIMES):
        agree(found, i, refused(law @ exponential_of(batches_chain(16.0), time / HOLD)))
    assert refused(long_run_of(batches_chain(16.0))) == pytest.approx(c.batches(ports, 16.0, size, geometric=geometric).refusal, rel=1e-9)


def test_a_table_beside_bursts() -> None:
    table, on, off = 10, 60.0, 60.0
    bursts = entry(rate="5/min", arrivals={"law": "on-off", "on": "60s", "off": "60s"})
    found = doubled(small(40, [bursts], nat={"connection-limits": {"limit-per-instance": table}}), rate="traffic.rate=10/min", runs=16_000)
    law = long_run_of(on_off_chain(table, 5.0, on / HOLD, off / HOLD))
    for i, time in enumerate(TIMES):
        then = law @ exponential_of(on_off_chain(table, 10.0, on / HOLD, off / HOLD), time / HOLD)
        on_now = then[table + 1 :]
        agree(found, i, on_now[-1] / on_now.sum())


def test_a_limit_on_connections_a_second() -> None:
    """A token bucket soon settles: M/D/1/K."""
    one = small(60_000, [entry(rate="1/s", hold="10s")], nat={"rate-limits": {"connections": "2/s", "connections-burst": 3}})
    found = one.after(["traffic.rate=3/s"], [1e-9, 60.0], runs=20_000)
    for i, rate in enumerate((1.0, 3.0)):
        if i:  # at the change the bucket is as the slow traffic left it
            agree(found, i, float(c.finite_queue(3, rate / 2.0).loss))
        else:
            assert found["refused"][0]["value"] < float(c.finite_queue(3, 1.5).loss)


def test_clients_time_wait_and_the_long_run() -> None:
    """Late, what is refused is what simulate() counts."""
    one = network()
    one["clients"][0] |= {"addresses": "10.0.0.1-10.0.0.4", "time-wait": "60s"}
    one["nats"][0] |= {"port-set-restrict": {"start-port-number": 1024, "end-port-number": 1043}}
    one["traffic"][0] |= {"hold": "60s", "rate": "20/min"}
    scenario = Scenario(one)
    found = scenario.after(["traffic.rate=30/min"], [900.0], runs=8000)
    late = scenario.with_settings("traffic.rate=30/min").simulate(seed=3, arrivals=200_000)
    agree(found, 0, late.refusal_probability, wide=5)


def test_the_first_refusal_and_a_given_start() -> None:
    scenario = Scenario(
        network(servers=[{"name": "A", "addresses": "198.51.100.1", "ports": 443, "connection-limits": {"limit-per-endpoint": 12}}])
    )
    found = scenario.after(["traffic.rate=16/min"], [60.0], start=5, runs=6000)
    start = np.eye(13)[5]
    none = (start @ exponential_of(chain(12, 16.0, killed=True), 1.0)).sum()
    assert found["first_refusal"]["by"][0] == pytest.approx(1 - none, abs=4 * math.sqrt(none * (1 - none) / 6000))
    agree(found, 0, float((start @ exponential_of(chain(12, 16.0), 1.0))[12]))
    assert found["live"][0] == pytest.approx(start @ exponential_of(chain(12, 16.0), 1.0) @ np.arange(13), abs=0.15)


def test_the_same_seed_gives_the_same() -> None:
    scenario = small(16, [entry(arrivals={"law": "batches", "mean-batch": 3})])
    first, again, other = (scenario.after(["traffic.rate=16/min"], [60.0], runs=200, seed=s)["refused"] for s in (1, 1, 2))
    assert first == again != other


def test_what_is_not_stepped_says_so() -> None:
    sets = small(4000, [entry(arrivals={"law": "batches", "mean-batch": 3})], nat={"port-set": {"port-set-size": 4, "deterministic": True}})
    with pytest.raises(Unsupported, match="bursts"):
        sets.after(["traffic.rate=9/min"], [1.0])


def test_what_is_closing_is_met_with_the_rest_of_its_timer() -> None:
    """One connection in 50 is kept for 1,000 s, half of all that is live: it is there from the start, and does not run out at once."""
    one = network(servers=[{"name": "A", "addresses": "198.51.100.1", "ports": 443, "connection-limits": {"limit-per-endpoint": 1000}}])
    one["nats"][0]["design"] = {"base": "ideal", "timers": {"tcp-fin": "2s", "tcp-silence": "1000s"}}
    one["traffic"] = [{"from": "clients", "to": "A", "rate": "10/s", "life": "2s", "ends": {"fin": "98%", "silence": "2%"}}]
    found = Scenario(one).after(["traffic.rate=10.001/s"], [0.0, 60.0], runs=40, seed=3)
    for live in found["live"]:
        assert live == pytest.approx(10 * (2 + 0.98 * 2 + 0.02 * 1000), rel=0.05)  # 2.5 % is four deviations of the mean


def test_a_proxy_in_time_wait_is_followed() -> None:
    """Without a NAT: what is live are the connections, and the ports that TIME-WAIT keeps make those that come after the flood wait."""
    proxy = {
        "clients": [{"name": "p", "addresses": "10.1.0.1", "ports": "32768-60999", "source-ports": "linux", "time-wait": "60s"}],
        "nats": [],
        "servers": [{"name": "A", "addresses": "10.2.0.1", "ports": 443}],
        "traffic": [{"from": "p", "to": "A", "rate": "400/s", "life": "200ms", "client-closes": "100%"}],
    }
    found = Scenario(proxy).after(["traffic.rate=800/s"], [1.0, 120.0], runs=4)
    assert found["live"][0] == pytest.approx(160, rel=0.4)
    assert found["live"][1] == pytest.approx(0.2 * 28_232 / 60.2, rel=0.4)  # what the ports let through


def test_a_table_beside_holds_of_two_means() -> None:
    """Ports and table together have a product form, for any holds: what is refused in the end, which each by itself would be off by a half."""
    ports, table, loads = 12, 16, {"A": 10.0, "B": 8.0}
    nat = {"connection-limits": {"limit-per-instance": table}}
    traffic = [{"to": "A", "rate": "10/min", "hold": "60s"}, {"to": "B", "rate": "24/min", "hold": "20s"}]
    found = small(ports, traffic, nat=nat).after(["traffic.0.rate=10.01/min"], [900.0], runs=4000)
    weights = {
        (a, b): loads["A"] ** a / math.factorial(a) * loads["B"] ** b / math.factorial(b)
        for a in range(ports + 1)
        for b in range(ports + 1)
        if a + b <= table
    }
    total = sum(weights.values())
    refused = {name: sum(w for n, w in weights.items() if n[i] == ports or sum(n) == table) / total for i, name in enumerate(("A", "B"))}
    agree(found, 0, (10 * refused["A"] + 24 * refused["B"]) / 34)
    assert found["live"][0] == pytest.approx(sum(w * sum(n) for n, w in weights.items()) / total, rel=0.02)
    assert "holds of several laws" in found["method"]
