"""Where an alert would say nothing there is none; a table that no NAT has is watched like one that a NAT has."""

from __future__ import annotations

from typing import Any

import pytest
from natbound import InputError, Scenario, calculator


def pods(life: str = "500ms", *, timers: dict[str, str] | None = None, second: str | None = None) -> Scenario:
    nat: dict[str, Any] = {
        "name": "node", "inside": ["pods"], "external-ip-address-pool": "10.1.2.3", "design": {"base": "linux-masquerade", "first-choice": "none"},
        "port-set-restrict": {"start-port-number": 1024, "end-port-number": 2047}, "timers": timers or {},
    }  # fmt: skip
    servers = [{"name": "db", "addresses": "10.9.9.9", "ports": 5432}]
    traffic = [{"from": "pods", "to": "db", "rate": "7/s", "life": life}]
    if second:
        servers.append({"name": "game", "addresses": "10.9.9.10", "ports": 27015, "protocol": "udp"})
        traffic.append({"from": "pods", "to": "game", "rate": second, "hold": "60s"})
    clients = [{"name": "pods", "addresses": "10.244.0.0/24", "ports": "32768-60999"}]
    return Scenario({"clients": clients, "nats": [nat], "servers": servers, "traffic": traffic})


@pytest.mark.parametrize("second", [None, "3/s"])
def test_entries_that_are_taken_over_tell_nothing(second: str | None) -> None:
    # TIME_WAIT of 120 s fills 1,024 ports at 8.5 connections a second; refused are they from a hundred times as many on
    with pytest.raises(InputError, match="closing ones, which new connections take over, fill the ports long before 1e-6 is refused"):
        pods(second=second).alert()


def test_those_that_are_kept_do() -> None:
    assert pods("60s", timers={"tcp-fin": "0s"}).alert()["utilisation"] < 1


def test_a_firewalls_table_is_watched() -> None:
    wall = {"name": "edge", "inside": ["desks"], "translates": False, "connection-limits": {"limit-per-instance": 1000}}
    found = Scenario(
        {
            "clients": [{"name": "desks", "addresses": "192.0.2.0/26"}],
            "nats": [wall],
            "servers": [{"name": "web", "addresses": "198.51.100.0/28", "ports": 443}],
            "traffic": [{"from": "desks", "to": "web", "rate": "30/s", "hold": "20s"}],
        }
    ).alert()
    assert found["maximum"] == 1000
    assert found["reaches_epsilon_at"] == pytest.approx(float(calculator.load_for(1000, 1e-6)), rel=1e-3)
