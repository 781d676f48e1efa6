"""Where the clients' own ports run out first, TIME-WAIT included, every question about how many there can be says so."""

from __future__ import annotations

from typing import Any

import natbound
import pytest
from natbound import calculator

PORTS, WAIT = 28232, 60.05


def proxies(addresses: int = 1, rate: float = 450.0, **more: Any) -> dict[str, Any]:
    """Each closes first, and so keeps its port for a minute."""
    value: dict[str, Any] = {
        "clients": [{"name": "proxy", "addresses": f"10.0.0.1-10.0.0.{addresses}", "ports": "32768-60999", "time-wait": "60s"}],
        "nats": [{"name": "egress", "inside": ["proxy"], "external-ip-address-pool": "203.0.113.10", "design": "ideal",
                  "timers": {"tcp-fin": "30s"}}],
        "servers": [{"name": "backend", "addresses": "198.51.100.20", "ports": 8080}],
        "traffic": [{"from": "proxy", "to": "backend", "rate": f"{rate}/s", "life": "50ms", "client-closes": "100%"}],
    }  # fmt: skip
    return value | more


def carried(addresses: int = 1) -> float:
    """Connections a second that 1e-6 of which find no port of their own."""
    return addresses * float(calculator.load_for(PORTS, 1e-6)) / WAIT


@pytest.mark.parametrize("nats", [True, False])
def test_likely_is_no_more_than_they_allow(nats: bool) -> None:
    value = proxies() if nats else proxies(nats=[])
    answer = natbound.Scenario(value).answer(remedies=False)
    hold = 30.05 if nats else 0.05
    assert answer.likely.connections == pytest.approx(carried() * hold, rel=1e-9)
    assert answer.likely.connections <= answer.maximum.connections
    assert "TIME-WAIT" in answer.likely.method
    assert answer.traffic.room == pytest.approx(carried() / 450, rel=1e-9)


def test_rules_see_them() -> None:
    rows = {row["rule"]: row for row in natbound.Scenario(proxies()).rules().to_dict()["rules"]}
    over_hold = rows["ports / hold"]  # 28,232 / 30.05 s, which is 940 a second
    assert over_hold["verdict"] == "too bold"
    assert over_hold["refusal_probability"] == pytest.approx(float(calculator.erlang_b(PORTS, PORTS / 30.05 * WAIT)), rel=1e-9)


def test_alert_can_fire() -> None:
    found = natbound.Scenario(proxies()).alert()
    assert found.connections == pytest.approx(carried() * 30.05 * (1 - 1e-6), rel=1e-9)
    assert found.utilisation < 0.5
    with pytest.raises(natbound.InputError, match="no NAT or firewall whose connections"):
        natbound.Scenario(proxies(nats=[])).alert()


@pytest.mark.parametrize("nats", [True, False])
def test_size_adds_source_addresses(nats: bool) -> None:
    value = proxies(2, 3000.0) if nats else proxies(2, 3000.0, nats=[])
    found = natbound.Scenario(value).size(1e-6)
    least = next(n for n in range(2, 20) if calculator.erlang_b(PORTS, 3000 * WAIT / n) <= 1e-6)
    first = found.options[0]
    assert f"{least} source addresses of proxy" in first["changes"]
    assert first["cost"] == least - 2 + (first["more_addresses"] or 0)
    assert first["one_less"][-1]["refusal_probability"] > 1e-6
    assert found.as_is.most_rate == pytest.approx(carried(2), rel=1e-9)


def test_no_time_wait_no_change() -> None:
    """Ports that nobody said are scarce bound nothing: who gives clients no time-wait asks about the NAT."""
    value = proxies()
    del value["clients"][0]["time-wait"]
    answer = natbound.Scenario(value).answer(remedies=False)
    assert answer.likely.connections is None or answer.likely.connections > carried() * 30.05
