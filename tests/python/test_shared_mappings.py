"""How likely a refusal is where mappings carry connections to several destinations (eim, adm): against the exact product form, written out, and
against simulations."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import natbound
import pytest


def _scenario(
    ports: int, own: int, clients: int, destinations: int, load: float, *, mapping: str = "eim", scope: str = "none", hold: Any = "20s"
) -> Any:
    """`clients` addresses with `own` ports each, through `ports` external ones, towards so many destinations alike."""
    seconds = 20
    server = {"addresses": f"198.51.100.1-198.51.100.{destinations}", "ports": 443}
    if mapping == "adm":
        server = {"addresses": "198.51.100.1", "ports": f"443-{442 + destinations}"}
    return {
        "clients": [{"name": "c", "addresses": f"10.0.0.1-10.0.0.{clients}", "ports": f"1024-{1023 + own}"}],
        "nats": [
            {
                "name": "n",
                "inside": ["c"],
                "external-ip-address-pool": "203.0.113.1",
                "port-set-restrict": {"start-port-number": 1024, "end-port-number": 1023 + ports},
                "design": {"base": "ideal", "mapping-type": mapping, "clash-scope": {"destination": scope}},
            }
        ],
        "servers": [{"name": "w", **server}],
        "traffic": [{"from": "c", "to": "w", "rate": f"{load / seconds}/s", "hold": hold}],
    }


def _one_client(own: int, destinations: int, load: float) -> tuple[list[float], list[float]]:
    """Weights of k mapped sockets of one client, and the same times the share of sockets free towards a destination that have none: connections
    towards each destination, a^x / x!, on every set of x sockets alike."""
    each = load / destinations
    weights = [each**x / math.factorial(x) for x in range(own + 1)]

    def meet(u: int, x: int) -> list[tuple[int, float]]:
        return [
            (u + x - h, math.comb(u, h) * math.comb(own - u, x - h) / math.comb(own, x)) for h in range(max(0, x + u - own), min(u, x) + 1)
        ]

    law = [1.0] + [0.0] * own
    for _ in range(destinations - 1):
        law = _spread(law, weights, meet, own)
    final, idle = [0.0] * (own + 1), [0.0] * (own + 1)
    for u, p in enumerate(law):
        for x, w in enumerate(weights):
            for k, q in meet(u, x) if p else ():
                final[k] += p * w * q
                idle[k] += p * w * q * (own - k) / (own - x) if x < own else 0.0
    return final, idle


def _spread(law: list[float], weights: list[float], meet: Any, own: int) -> list[float]:
    out = [0.0] * (own + 1)
    for u, p in enumerate(law):
        for x, w in enumerate(weights):
            for k, q in meet(u, x) if p else ():
                out[k] += p * w * q
    return out


def _convolved(a: list[float], b: list[float], most: int) -> list[float]:
    out = [0.0] * (most + 1)
    for i, x in enumerate(a[: most + 1]):
        for j, y in enumerate(b[: most + 1 - i]):
            out[i + j] += x * y
    return out


def exact(ports: int, own: int, clients: int, destinations: int, load: float) -> float:
    """The probability of refusal."""
    law, idle = _one_client(own, destinations, load / clients)
    others = [1.0]
    for _ in range(clients - 1):
        others = _convolved(others, law, ports)
    everyone = _convolved(others, law, ports)
    return _convolved(others, idle, ports)[ports] / sum(everyone)


CASES = [
    (20, 30, 1, 1, 10), (20, 30, 1, 2, 8), (20, 40, 1, 3, 12), (20, 30, 2, 2, 9), (30, 40, 2, 4, 14), (30, 40, 2, 4, 30), (40, 60, 3, 3, 20),
    (40, 60, 3, 8, 12), (25, 20, 3, 5, 10), (50, 80, 2, 6, 90), (60, 100, 2, 2, 30),
]  # fmt: skip


@pytest.mark.parametrize(("ports", "own", "clients", "destinations", "load"), CASES)
def test_the_product_form(ports: int, own: int, clients: int, destinations: int, load: float) -> None:
    scenario = natbound.Scenario(_scenario(ports, own, clients, destinations, load))
    found = scenario.risk(tries=1)
    truth = exact(ports, own, clients, destinations, load)
    assert found.refusal_probability == pytest.approx(truth, rel=1e-10)
    assert found.exact


def test_the_reference_by_hand() -> None:
    """One client with two sockets, one endpoint, two destinations with load 1 each. Weights: nothing live 1; the first alone, on either socket,
    1; the second alone 1; both, on one socket (1/2 of the ways), 1/2. A new one towards the first destination draws a socket that is free
    towards it: refused if that has nothing while the other is busy."""
    weights = {"nothing": Fraction(1), "first": Fraction(1), "second": Fraction(1), "both": Fraction(1, 2)}
    refused = {"nothing": Fraction(0), "first": Fraction(1), "second": Fraction(1, 2), "both": Fraction(1)}
    by_hand = sum(weights[k] * refused[k] for k in weights) / sum(weights.values())
    assert exact(1, 2, 1, 2, 2.0) == pytest.approx(float(by_hand), rel=1e-12)


@pytest.mark.parametrize("hold", ["20s", {"law": "constant", "mean": "20s"}])
@pytest.mark.parametrize(("ports", "own", "clients", "destinations", "load", "mapping"), [
    (200, 300, 2, 2, 180, "eim"), (200, 300, 2, 16, 210, "eim"), (300, 310, 2, 50, 360, "eim"), (200, 2000, 10, 8, 180, "eim"),
    (100, 400, 4, 3, 90, "adm"),
])  # fmt: skip
def test_the_simulator_agrees(ports: int, own: int, clients: int, destinations: int, load: float, mapping: str, hold: Any) -> None:
    scope = "none" if mapping == "eim" else "address"
    scenario = natbound.Scenario(_scenario(ports, own, clients, destinations, load, mapping=mapping, scope=scope, hold=hold))
    found = scenario.risk(tries=1)
    seen = scenario.simulate(seed=7, arrivals=2_000_000)
    low, high = seen.interval
    assert low * 0.9 < found.refusal_probability < high * 1.1
    assert found.exact
    assert "mappings that connections to several destinations share" in found.method


def test_a_carrier_grade_nat_has_all_numbers() -> None:
    s = _scenario(60_000, 64_512, 200, 16, 50_000)
    s["nats"][0]["connection-limits"] = {"limit-per-subscriber": 2000}
    scenario = natbound.Scenario(s)
    likely = scenario.answer(remedies=False).likely
    # between what Erlang's formula allows and what all sharing would
    assert natbound.calculator.load_for(60_000, 1e-6) < likely.connections < 61_500
    assert scenario.risk().refusal_probability < 1e-100


def test_overloaded_mappings_are_no_erlang_system() -> None:
    """A socket's mapping lies under several keys: where another holds its endpoint under one, the connection is refused with ports free."""
    s = _scenario(300, 400, 4, 4, 600, scope="endpoint")
    scenario = natbound.Scenario(s)
    assert scenario.simulate(arrivals=200_000).refusal_probability > 0.05
    answer = scenario.answer(remedies=False).to_dict()
    assert answer["likely"]["connections"] is None
    assert "share endpoints with others" in answer["likely"]["unknown"]
    counted = scenario.risk(tries=3)
    assert counted.refusal_probability > 0.05
    assert counted.method.startswith("counted: ")
    assert not counted.exact
    assert counted.retries.method == "simulated"


@pytest.mark.parametrize("law", ["sequential", "linux"])
def test_other_laws_of_source_ports_are_counted(law: str) -> None:
    """Ports in turn meet less often than those that are drawn, and Linux's more: 30 times as many refused, or none at all."""
    s = _scenario(200, 300, 2, 4, 190)
    s["clients"][0]["source-ports"] = {"law": law}
    found = natbound.Scenario(s).risk(tries=1)
    assert found.method.startswith("counted: ")
    drawn = natbound.Scenario(_scenario(200, 300, 2, 4, 190)).risk(tries=1).refusal_probability
    assert found.interval[0] > 10 * drawn if law == "sequential" else found.interval[1] < drawn / 10


@pytest.mark.parametrize(("clients", "of_clients", "of_destinations", "load"), [
    ([(1, 300), (1, 300)], [0.7, 0.3], [0.6, 0.3, 0.1], 190), ([(1, 300), (5, 1000)], [0.5, 0.5], [0.25] * 4, 185),
    ([(2, 300)], [1], [0.9, 0.1], 180), ([(2, 300)], [1], [0.7, 0.1, 0.1, 0.1], 185),
    ([(1, 250), (3, 300)], [0.6, 0.4], [0.4, 0.3, 0.2, 0.1], 190),
])  # fmt: skip
def test_uneven_uses_are_within_the_interval(
    clients: list[tuple[int, int]], of_clients: list[float], of_destinations: list[float], load: float
) -> None:
    """Clients and destinations that are not used alike."""
    s = _scenario(200, 300, 2, 2, load)
    s["clients"] = [
        {"name": f"c{i}", "addresses": f"10.{i}.0.1-10.{i}.0.{n}", "ports": f"1024-{1023 + own}"} for i, (n, own) in enumerate(clients)
    ]
    s["nats"][0]["inside"] = [c["name"] for c in s["clients"]]
    s["servers"] = [{"name": f"w{j}", "addresses": f"198.51.100.{j + 1}", "ports": 443} for j in range(len(of_destinations))]
    s["traffic"] = [
        {"from": f"c{i}", "to": f"w{j}", "rate": f"{load / 20 * a * b}/s", "hold": "20s"}
        for i, a in enumerate(of_clients)
        for j, b in enumerate(of_destinations)
    ]
    scenario = natbound.Scenario(s)
    found, seen = scenario.risk(tries=1), scenario.simulate(seed=3, arrivals=3_000_000)
    assert found.exact
    assert seen.interval[0] * 0.97 < found.refusal_probability < seen.interval[1] * 1.03
