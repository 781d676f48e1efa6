"""What certificates say of gates: bounds that count them, connections that meet them, demands that pass them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from .alone import with_their_stages
from .blocks import Block
from .gates import Gate
from .holes import PROTOCOLS
from .reading import count, entries, get, known_keys, need, word
from .scenario import Nat, Scenario
from .sets import size, spend


def all_through(scenario: Scenario, gate: Gate) -> int:
    """All connections that could meet it."""
    there = (c for c in scenario.clients.values() if c.name in gate.clients)
    return sum(c.sockets * d.size for c in there for d in scenario.destinations(c) if gate.counts(c.name, d.server.protocol))


def read_gates(scenario: Scenario, value: Any, where: str) -> list[Gate]:
    """The gates that a bound names."""
    out: list[Gate] = []
    for i, item in enumerate(entries(value, where)):
        here = f"{where}[{i}]"
        known_keys(item, "nat protocol at-most", here)
        name, most = word(get(item, "nat", here), here), count(get(item, "at-most", here), here)
        protocol = PROTOCOLS.index(item["protocol"]) if item.get("protocol") in PROTOCOLS else None
        need("protocol" not in item or protocol is not None, f"{here}: no such protocol")
        found = next((g for g in scenario.gates if (g.name, g.protocol, g.most) == (name, protocol, most)), None)
        need(found is not None and found not in out, f"{here}: no such limit, or a second time")
        assert found is not None
        out.append(found)
    return out


def without_what_meets(scenario: Scenario, gates: Iterable[Gate]) -> Scenario:
    """The scenario of the pairs of clients and servers that meet none of these."""
    met = list(gates)
    clients = {}
    barred: dict[str, set[str]] = {}  # by NAT: clients of whom all that is left meets one of these there
    spend(len(scenario.clients) * len(scenario.servers))
    for c in scenario.clients.values():
        ways: list[str] = [n.name for n in scenario.nats_of(c)] if not c.inner else []
        by: list[str | None] = [*ways] or [None]
        left = {
            way: {
                v.name
                for v in scenario.servers.values()
                if scenario.reached(c, v) and not any(g.counts(c.name, v.protocol, way) for g in met)
            }
            for way in by
        }
        reaches = frozenset(name for some in left.values() for name in some)
        if not c.inner and reaches:
            clients[c.name] = replace(c, reaches=reaches)
            for way in (w for w in ways if not left[w]):
                barred.setdefault(way, set()).add(c.name)
    nats = {n.name: replace(n, inside=n.inside - barred.get(n.name, set())) for n in scenario.nats.values()}
    return with_their_stages(replace(scenario, nats=nats), clients)


def within_gates(gates: Iterable[Gate], blocks: list[Block], dealt: list[tuple[Nat, int]]) -> None:
    """No gate lets more through than it may; what is dealt out in sets is counted whole."""
    for gate in gates:
        live = sum(many for nat, many in dealt if nat.inside & gate.clients and (gate.ways is None or nat.name in gate.ways))
        for block in blocks:
            if block.client.name not in gate.clients or (
                gate.ways is not None and block.nat is not None and block.nat.name not in gate.ways
            ):
                continue
            if gate.protocol is None:
                live += block.connections
                continue
            for dests, rects, _ in block.pieces():
                live += sum(d.size for d in dests if d.server.protocol == gate.protocol) * sum(size(a) * size(p) for a, p in rects)
        need(live <= gate.most, f"{gate.name}: {live:,} connections pass its limit of {gate.most:,}")


def passes_gate(scenario: Scenario, value: Any, demand: Mapping[tuple[str, str], int], where: str) -> bool:
    """Whether a demand wants more through one of the gates that are named than it lets through."""
    found = read_gates(scenario, value, where)
    spend(len(found) * len(demand))
    need(all(g.ways is None for g in found), f"{where}: a limit that connections may pass by")
    return any(sum(n for (c, v), n in demand.items() if g.counts(c, scenario.servers[v].protocol)) > g.most for g in found)


def binding_gates(scenario: Scenario) -> dict[str, int]:
    """By the name of a NAT with gates that can refuse, the least of them."""
    out: dict[str, int] = {}
    for gate in scenario.gates:
        if all_through(scenario, gate) > gate.most:
            out[gate.name] = min(gate.most, out.get(gate.name, gate.most))
    return out
