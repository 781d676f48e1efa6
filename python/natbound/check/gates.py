"""Gates: limits on what some client sets have live together towards some servers, whatever becomes of their tuples.

A firewall (it translates nothing) in a row with NATs is one, and so is a limit of one protocol. They are taken out where a scenario is read: what is
left is looked at as if there were none, and every answer is held to them (gated.py).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from .cascade import inner_first
from .reading import need
from .sets import spend

if TYPE_CHECKING:
    from .scenario import Client, Nat


@dataclass(frozen=True)
class Gate:
    """At most so many connections of these client sets; of one protocol, or of all (None)."""

    name: str
    protocol: int | None
    clients: frozenset[str]
    most: int

    def counts(self, client: str, protocol: int) -> bool:
        """Whether a connection meets it."""
        return client in self.clients and self.protocol in (None, protocol)


def taken_out(nats: dict[str, Nat], clients: dict[str, Client]) -> tuple[dict[str, Nat], tuple[Gate, ...]]:
    """The NATs without firewalls in rows, and the gates."""
    order = inner_first(nats)
    outer = {name: n.name for n in nats.values() for name in n.inside if name in nats}
    rows = {n.name for n in nats.values() if not n.translates and (n.name in outer or n.inside & nats.keys())}
    passing: dict[str, frozenset[str]] = {}
    comes: dict[str, frozenset[str]] = {}  # client sets and NATs, directly or through firewalls alone
    gates = []
    for n in order:
        spend(1 + len(n.inside))
        passing[n.name] = frozenset(c for name in n.inside for c in passing.get(name, {name}))
        comes[n.name] = frozenset(c for name in n.inside for c in (comes[name] if name in nats and not nats[name].translates else {name}))
        gates += [Gate(n.name, protocol, passing[n.name], most) for protocol, most in n.protocols]
        if n.name in rows and n.table is not None:
            gates.append(Gate(n.name, None, passing[n.name], n.table))
    kept = {n.name: replace(n, inside=comes[n.name] if n.translates else n.inside) for n in nats.values() if n.name not in rows}
    for name in rows:
        if nats[name].quota is None:
            continue
        around = name
        while around in outer and around not in kept:
            around = outer[around]
        alone = around in kept and comes[around] == comes[name] and comes[name] <= clients.keys()
        need(alone, f"{name}: a quota of a firewall in a row with NATs")
        quotas = [q for q in (kept[around].quota, nats[name].quota) if q is not None]
        kept[around] = replace(kept[around], quota=min(quotas))
    for gate in gates:
        spend(len(nats) + len(gate.clients))
        behind = {m for m in nats if m == gate.name or gate.name in _outwards(m, outer)}
        ways = {c for n in nats.values() if n.name not in behind for c in n.inside}
        need(not gate.clients & ways, f"{gate.name}: clients that pass it with some of their connections, and others not")
    return kept, tuple(gates)


def _outwards(name: str, outer: dict[str, str]) -> list[str]:
    out = []
    while name in outer:
        name = outer[name]
        out.append(name)
    return out
