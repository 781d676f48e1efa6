"""Times that a scenario gives beside `hold`, or for ends that none of its traffic has: each acts, or is told."""

from __future__ import annotations

from typing import Any

import natbound as n
import pytest

TIMERS = {"tcp-fin": "30s", "tcp-silence": "350s", "udp": "60s"}


def home(traffic: dict[str, Any], *, protocol: str = "tcp", **client: Any) -> n.Scenario:
    return n.Scenario({
        "clients": [{"name": "A", "addresses": "192.168.1.0/30", **client}],
        "nats": [{"name": "edge", "inside": ["A"], "external-ip-address-pool": "203.0.113.5",
                  "design": {"base": "ideal", "port-classes": [{"ports": ["1024-1123"]}]}, "timers": TIMERS}],
        "servers": [{"name": "C", "addresses": "198.51.100.7", "protocol": protocol, "ports": 80}],
        "traffic": [{"from": "A", "to": "C", "rate": "1/s", **traffic}],
    })  # fmt: skip


def told(scenario: n.Scenario) -> list[str]:
    assumed: list[str] = scenario.risk().assumptions
    return [text for text in assumed if "timer" in text or "time-wait" in text or "client-closes" in text]


def test_timers_beside_hold_are_told() -> None:
    (text,) = [t for t in told(home({"hold": "50s"})) if t.startswith("edge")]
    assert text.startswith("edge: its timers tcp-fin, tcp-silence, udp: not added, since a hold contains")
    assert "life in place of hold" in text
    # and nowhere do they change a number
    assert (
        home({"hold": "50s"}).risk().refusal_probability
        == home({"hold": "50s"}).with_settings("nats.edge.timers.tcp-fin=90s").risk().refusal_probability
    )


def test_timers_of_other_ends_are_told_beside_life() -> None:
    assert [t for t in told(home({"life": "50s"})) if t.startswith("edge")] == [
        "edge: its timers tcp-silence, udp: no connection ends so, and nothing is kept by it"
    ]
    ends = {"fin": "50%", "silence": "50%"}
    assert [t for t in told(home({"life": "50s", "ends": ends})) if t.startswith("edge")] == [
        "edge: its timer udp: no connection ends so, and nothing is kept by it"
    ]


@pytest.mark.parametrize(
    ("design", "causes"),
    [
        ("linux-masquerade", None),  # the catalogue's own timers are given by nobody
        ({"base": "linux-masquerade", "timers": {"tcp-fin": "7s"}}, "its timer tcp-fin: not added"),
        ({"base": "ideal", "timers": {"udp": "7s", "tcp-rst": "1s"}}, "its timers tcp-rst, udp: not added"),
    ],
)
def test_timers_of_a_design_of_ones_own(design: Any, causes: str | None) -> None:
    canonical = home({"hold": "50s"}).canonical
    canonical["nats"][0] |= {"design": design, "timers": {}}
    said = [t for t in told(n.Scenario(canonical)) if "timer" in t]
    assert len(said) == (causes is not None)
    assert causes is None or causes in said[0]


@pytest.mark.parametrize("cause", TIMERS)
def test_what_is_not_told_acts(cause: str) -> None:
    """Whatever timer is not named changes the load."""
    for traffic, protocol in (
        ({"life": "50s"}, "tcp"),
        ({"life": "50s", "ends": {"fin": "90%", "silence": "10%"}}, "tcp"),
        ({"life": "50s"}, "udp"),
    ):
        scenario = home(traffic, protocol=protocol)
        changed = scenario.with_settings(f"nats.edge.timers.{cause}=500s")
        named = any(t.startswith("edge: its timer") and cause in t.split(": ")[1] for t in told(scenario))
        assert named == (scenario.risk().load == changed.risk().load), (traffic, protocol, cause)


def test_waits_that_hold_nothing_are_told() -> None:
    wait = {"time-wait": "60s"}
    assert any("A: time-wait holds no socket" in t for t in told(home({"hold": "50s"}, protocol="udp", **wait)))
    assert not any("holds no socket" in t for t in told(home({"hold": "50s"}, **wait)))
    assert any("client-closes changes nothing" in t for t in told(home({"hold": "50s", "client-closes": "50%"})))
    assert not any("changes nothing" in t for t in told(home({"hold": "50s", "client-closes": "50%"}, **wait)))
