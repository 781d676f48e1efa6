"""explain where a flow table's size is said in several ways: by memory, by a limit, by a limit of the protocol. Only what binds is offered."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

import natbound
from attack import accepted
from natbound.explaining.changes import PRICES
from test_explain import settings_of

MEMORY = {"total": "10MiB", "per-entry": "320B"}  # 32,768 entries
TCP = [{"protocol-id": "tcp", "limit": 1000}]


def network(**nat: Any) -> natbound.Scenario:
    """Ports for 129,024 connections."""
    return natbound.Scenario(
        {
            "clients": [{"name": "A", "addresses": "10.0.0.0/24"}],
            "nats": [{"name": "n", "inside": ["A"], "external-ip-address-pool": "203.0.113.1-203.0.113.2", "design": "ideal", **nat}],
            "servers": [{"name": "x", "addresses": "198.51.100.1", "ports": 443}],
        }
    )


def limits(at_once: int = 0, **more: Any) -> dict[str, Any]:
    return {"connection-limits": ({"limit-per-instance": at_once} if at_once else {}) | more}


def shown(change: dict[str, Any]) -> None:
    """The checker takes that it is enough, and that one less of each part is not."""
    accepted(change["sufficient"])
    for part in (change, *change.get("with", [])):
        accepted(part["one_less"])
        assert part["one_less"]["kind"] == "does-not-fit"


@pytest.mark.parametrize(
    ("nat", "made_of", "fields"),
    [
        ({"memory": MEMORY}, [("memory", 17_232)], ["memory.total=16000000B"]),
        # beside a limit that comes next, or at once, or first
        ({"memory": MEMORY, **limits(40_000)}, [("memory", 17_232), ("table", 10_000)], ["memory.total", "limit-per-instance=50000"]),
        ({"memory": MEMORY, **limits(32_768)}, [("memory", 17_232), ("table", 17_232)], ["memory.total", "limit-per-instance=50000"]),
        ({"memory": MEMORY, **limits(30_000)}, [("table", 20_000), ("memory", 17_232)], ["limit-per-instance=50000", "memory.total"]),
        ({"memory": MEMORY, **limits(90_000)}, [("memory", 17_232)], ["memory.total=16000000B"]),
        # the limit that RFC 8512 has for one protocol
        (limits(**{"limit-per-protocol": TCP}), [("table", 49_000)], ["limit-per-protocol"]),
        (limits(1005, **{"limit-per-protocol": TCP}), [("table", 49_000)], ["limit-per-protocol", "limit-per-instance=50000"]),
        ({"profile": "tnsr"}, [("table", 39_760)], ["limit-per-instance=50000"]),
        ({"mapping-limits": {"limit-per-protocol": TCP}}, [("mapping", 49_000)], ["limit-per-protocol"]),
        ({"translates": False, "external-ip-address-pool": None, "design": None, "memory": MEMORY}, [("memory", 17_232)], ["memory.total=16000000B"]),
    ],
)  # fmt: skip
def test_what_binds_is_raised(nat: dict[str, Any], made_of: list[tuple[str, int]], fields: list[str]) -> None:
    fields_of = {k: v for k, v in nat.items() if v is not None}
    value = network(**fields_of)._document.value if "translates" not in nat else None
    if value is None:  # a firewall: without pool and design
        value = network()._document.value
        value["nats"] = [{"name": "n", "inside": ["A"], **fields_of}]
    scenario = natbound.Scenario(value)
    change = scenario.explain(50_000).to_dict()["changes"][0]
    assert [(p["kind"], p["more"]) for p in (change, *change.get("also", []))] == made_of
    assert change["cost"] == pytest.approx(sum(PRICES[what] * n for what, n in made_of))
    assert [f in setting for f, setting in zip(fields, change["apply"], strict=True)] == [True] * len(fields)
    shown(change)
    assert scenario.with_settings(*settings_of(change["apply"])).capacity(50_000).fits


def test_memory_beside_ports() -> None:
    """Both must be had, each shown to be needed; one more entry's memory is worth one connection."""
    scenario = network(memory=MEMORY)
    found = scenario.explain(140_000).to_dict()
    best = found["changes"][0]
    assert [(p["kind"], p["more"]) for p in (best, *best["with"])] == [("address", 1), ("memory", 107_232)]
    assert "memory of 43,750KiB in n for 140,000 entries (107,232 more)" in best["change"]
    shown(best)
    one = next(v for v in found["values"] if v["what"] == "memory")
    assert (one["connections"], one["up_to"], one["ends"]) == (1, 129_024 - 32_768, True)
    assert one["change"] == "1 more entry of 320B in the memory of n: 32,769 (10,486,080B)"
    assert not any(v["what"] == "table" for v in found["values"])


def test_the_method_names_the_memory() -> None:
    traffic = [{"from": "A", "to": "x", "rate": "500/s", "hold": "60s"}]
    scenario = natbound.Scenario(network(memory=MEMORY)._document.value | {"traffic": traffic})
    assert "the memory of n (10MiB for entries of 320B) holds 32,768" in str(scenario.risk().to_dict())
    table = scenario.with_settings("nats.n.connection-limits.limit-per-instance=32000")
    assert "the flow table of n holds 32,000" in str(table.risk().to_dict())
