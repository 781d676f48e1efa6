"""A day of a design whose refusals are exact: each number is the formula at that load, however steep between the loads that are asked for."""

from __future__ import annotations

import math

import natbound
import numpy as np
import pytest
from natbound import calculator

DAY = 1440


def network(ports: int, load: float, design: object, **nat: object) -> natbound.Scenario:
    return natbound.Scenario(
        {
            "clients": [{"name": "a", "addresses": "10.0.0.0/24"}],
            "nats": [
                {
                    "name": "n",
                    "inside": ["a"],
                    "external-ip-address-pool": "203.0.113.5",
                    "design": design,
                    "port-set-restrict": {"start-port-number": 1024, "end-port-number": 1023 + ports},
                    **nat,
                }
            ],
            "servers": [{"name": "s", "addresses": "198.51.100.7", "ports": 443}],
            "traffic": [{"from": "a", "to": "s", "rate": f"{load / 60!r}/s", "hold": "60s"}],
        }
    )


def sine(amplitude: float) -> list[float]:
    return [1 + amplitude * math.sin(2 * math.pi * k / DAY) for k in range(DAY)]


@pytest.mark.parametrize(
    ("ports", "load", "amplitude", "tries"),
    [(28_232, 28_200, 0.5, None), (60_000, 55_000, 0.5, None), (1000, 600, 0.9, 2), (1000, 600, 0.9, 1), (200, 100, 0.8, None)],
)
def test_a_day_by_its_definition(ports: int, load: float, amplitude: float, tries: int | None) -> None:
    search = {"rounds": [{"start": "random", "step": "independent", "probes": tries}]}
    found = network(ports, load, "ideal" if tries is None else {"base": "ideal", "search": search}).day(sine(amplitude))
    assert found.exact

    def refused(live: object) -> object:
        return calculator.erlang_b(ports, live) if tries is None else calculator.refusal_probability(ports, tries, live)

    profile = calculator.Day([r * load / 60 for r in sine(amplitude)], 60.0)
    times = np.arange(DAY) * 60.0
    rates = profile.rate(times)
    assert found.refused == pytest.approx(np.sum(rates * refused(profile.live(times))) / np.sum(rates), rel=1e-3)
    assert found.mean_load == pytest.approx(float(refused(load)), rel=1e-9)
    assert found.at_peak == pytest.approx(float(refused(profile.peak_live().value)), rel=1e-9)
    assert found.stationary_peak == pytest.approx(float(refused(load * (1 + amplitude))), rel=1e-9)


def test_the_mean_of_a_day_that_is_simulated() -> None:
    # a table far below the ports: no state refuses, and Erlang's formula tells all
    found = network(60_000, 3900, "linux-masquerade", **{"connection-limits": {"limit-per-instance": 4096}}).day(sine(0.3))
    assert not found.exact
    assert found.mean_load == pytest.approx(float(calculator.erlang_b(4096, 3900.0)), rel=1e-3)
