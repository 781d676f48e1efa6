"""Whole networks simulated: NATs inside others, limits of servers and on subscribers, firewalls. Each against the product form of its states
(independent Poisson numbers, cut to what all limits admit together), written out here; and a plain NAT against the fast simulator."""

from __future__ import annotations

import copy
import itertools
import math
from collections.abc import Callable
from typing import Any

import natbound
import pytest

C = {"name": "C", "addresses": "198.51.100.7", "ports": 80}


def pool(name: str, inside: list[str], ports: int, address: str) -> dict[str, Any]:
    """A NAT that takes any free one of so many ports."""
    return {
        "name": name, "inside": inside, "external-ip-address-pool": address, "design": "ideal",
        "port-set-restrict": {"start-port-number": 2000, "end-port-number": 1999 + ports},
    }  # fmt: skip


def homes(rates: dict[str, float], hold: str = "40s") -> dict[str, Any]:
    """Client sets of a few addresses with traffic of their own."""
    return {
        "clients": [{"name": n, "addresses": f"10.0.{k}.1-10.0.{k}.4"} for k, n in enumerate(rates)],
        "servers": [copy.deepcopy(C)],
        "traffic": [{"from": n, "to": "C", "rate": f"{r}/s", "hold": hold} for n, r in rates.items()],
    }


def refused(loads: list[float], most: int, admits: Callable[..., bool]) -> list[float]:
    """What is refused of each class: the states are independent Poisson numbers below `most`, given that they are admitted."""
    weights = [[math.exp(n * math.log(a) - math.lgamma(n + 1)) for n in range(most)] for a in loads]
    whole, out = 0.0, [0.0] * len(loads)
    for state in itertools.product(range(most), repeat=len(loads)):
        if not admits(*state):
            continue
        p = math.prod(w[n] for w, n in zip(weights, state, strict=True))
        whole += p
        for k in range(len(loads)):
            if not admits(*(n + (i == k) for i, n in enumerate(state))):
                out[k] += p
    return [x / whole for x in out]


def agrees(scenario: dict[str, Any], expected: dict[str, float], seed: int = 1) -> None:
    """Each client set's share of refusals lies within what the simulation says of it, twice as wide."""
    found = natbound.Scenario(scenario).simulate(seed=seed, arrivals=300_000).to_dict()
    seen = {k["from"]: k for k in found["kinds"]}
    for name, share in expected.items():
        low, high = seen[name]["interval"]
        wide = high - low
        assert low - wide / 2 <= share <= high + wide / 2, (name, share, seen[name])
        assert wide < 0.3 * share


def test_two_homes_behind_a_carrier() -> None:
    s = homes({"a": 0.5, "b": 1.0})
    s["nats"] = [pool("ha", ["a"], 26, "100.64.0.1"), pool("hb", ["b"], 45, "100.64.0.2"), pool("cgn", ["ha", "hb"], 62, "203.0.113.1")]
    exact = refused([20, 40], 64, lambda a, b: a <= 26 and b <= 45 and a + b <= 62)
    agrees(s, {"a": exact[0], "b": exact[1]})


@pytest.mark.parametrize("hold", [{"law": "constant", "mean": "40s"}, {"law": "lognormal", "mean": "40s", "cv": 2}])
def test_three_stages_whatever_the_holds_law(hold: dict[str, Any]) -> None:
    s = homes({"a": 0.5, "b": 0.6, "c": 0.4})
    for t in s["traffic"]:
        t["hold"] = hold
    s["nats"] = [
        pool("in", ["a"], 26, "100.64.0.1"),
        pool("mid", ["in", "b"], 48, "100.64.1.1"),
        pool("out", ["mid", "c"], 60, "203.0.113.1"),
    ]
    exact = refused([20, 24, 16], 50, lambda a, b, c: a <= 26 and a + b <= 48 and a + b + c <= 60)
    agrees(s, dict(zip("abc", exact, strict=True)))


def test_a_server_shared_by_two_nats_and_routed_clients() -> None:
    s = homes({"a": 0.5, "b": 0.6, "c": 0.4})
    s["nats"] = [pool("na", ["a"], 28, "203.0.113.1"), pool("nb", ["b"], 30, "203.0.113.2")]
    s["servers"][0]["connection-limits"] = {"limit-per-endpoint": 64}
    exact = refused([20, 24, 16], 66, lambda a, b, c: a <= 28 and b <= 30 and a + b + c <= 64)
    agrees(s, dict(zip("abc", exact, strict=True)))


def test_a_limit_of_each_server_address() -> None:
    s = homes({"a": 1.0})
    s["servers"][0] |= {"addresses": "198.51.100.7-198.51.100.8", "ports": "80-81", "connection-limits": {"limit-per-address": 24}}
    s["nats"] = [pool("na", ["a"], 1000, "203.0.113.1")]
    agrees(s, {"a": natbound.calculator.erlang_b(24, 20)})


def test_a_limit_on_subscribers() -> None:
    """Of n addresses, each with Poisson many, no more than m have any: a first connection is refused where m others do."""
    s = homes({"a": 0.1})
    s["clients"][0]["addresses"] = "10.0.0.1-10.0.0.8"
    s["nats"] = [pool("na", ["a"], 1000, "203.0.113.1") | {"mapping-limits": {"limit-subscribers": 4}}]
    own = math.expm1(4 / 8)  # the weight of some connections, beside 1 of none
    weights = [math.comb(8, k) * own**k for k in range(5)]
    idle = math.comb(7, 4) * own**4  # four others, and none of one's own
    agrees(s, {"a": idle / sum(weights)})


def test_a_firewall_is_a_table() -> None:
    s = homes({"a": 1.0})
    s["nats"] = [{"name": "fw", "inside": ["a"], "translates": False, "design": "linux-masquerade",
                  "connection-limits": {"limit-per-instance": 45}}]  # fmt: skip
    agrees(s, {"a": natbound.calculator.erlang_b(45, 40)})


def test_timers_of_both_nats() -> None:
    """The home keeps nothing, the carrier its entries for 30 s more: 70 s of load there, but for the few that take an entry up again."""
    s = homes({"a": 1.0})
    s["traffic"][0] = {"from": "a", "to": "C", "rate": "1/s", "life": "40s"}
    quiet = {"tcp-fin": "0s", "tcp-rst": "0s", "tcp-silence": "0s", "udp": "0s"}
    s["nats"] = [
        pool("home", ["a"], 60000, "100.64.0.1") | {"timers": quiet},
        pool("cgn", ["home"], 75, "203.0.113.1") | {"timers": quiet | {"tcp-fin": "30s"}},
    ]
    agrees(s, {"a": natbound.calculator.erlang_b(75, 70)})


def test_who_tries_again() -> None:
    s = homes({"a": 1.0})
    s["servers"][0]["connection-limits"] = {"limit-per-endpoint": 45}
    s["nats"] = [pool("na", ["a"], 1000, "203.0.113.1")]
    plain = copy.deepcopy(s)
    del plain["servers"][0]["connection-limits"]
    plain["nats"] = [pool("na", ["a"], 45, "203.0.113.1")]
    one, other = (natbound.Scenario(x).simulate(arrivals=200_000, tries=4, backoff=20).to_dict()["retries"] for x in (s, plain))
    for key in ("attempt_refusal", "connection_failure"):
        assert one[key]["interval"][0] <= other[key]["interval"][1]
        assert other[key]["interval"][0] <= one[key]["interval"][1]
    assert one["mean_delay"] == pytest.approx(other["mean_delay"], rel=0.1)


@pytest.mark.parametrize(
    ("part", "message"),
    [
        ({"rate-limits": {"connections": "5/s"}}, "rate-limits beside"),
    ],
)
def test_what_is_not_stepped_says_so(part: dict[str, Any], message: str) -> None:
    s = homes({"a": 1.0})
    s["servers"][0]["connection-limits"] = {"limit-per-endpoint": 45}
    s["nats"] = [pool("na", ["a"], 1000, "203.0.113.1") | part]
    with pytest.raises(natbound.Unsupported, match=message):
        natbound.Scenario(s).simulate(arrivals=1000)
