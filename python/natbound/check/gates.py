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
    ways: frozenset[str] | None = None  # of spread clients: the first NATs of the ways that it is on; None: of all that they have

    def counts(self, client: str, protocol: int, nat: str | None = None) -> bool:
        """Whether a connection meets it, by the way through this NAT first (or by some way, or none)."""
        return client in self.clients and self.protocol in (None, protocol) and (nat is None or self.ways is None or nat in self.ways)


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
    _ways_apart(nats, clients, outer)
    gates = [replace(g, ways=_ways(g, nats, kept, outer)) for g in gates]
    for gate in gates:  # all that goes through one NAT
        if gate.protocol is None and gate.ways is not None and len(gate.ways) == 1:
            (name,) = gate.ways
            if kept[name].inside <= gate.clients:
                own = kept[name].table
                kept[name] = replace(kept[name], table=gate.most if own is None else min(gate.most, own))
    return kept, tuple(gates)


def _outwards(name: str, outer: dict[str, str]) -> list[str]:
    """It, and those that it is inside."""
    out = [name]
    while name in outer:
        name = outer[name]
        out.append(name)
    return out


def _first(name: str, nats: dict[str, Nat], outer: dict[str, str]) -> str | None:
    """The first NAT on the way that begins there, firewalls left out."""
    return next((n for n in _outwards(name, outer) if nats[n].translates), None)


def _ways_apart(nats: dict[str, Nat], clients: dict[str, Client], outer: dict[str, str]) -> None:
    """Of clients that are inside several, each way has a NAT of its own first."""
    firsts: dict[str, list[str | None]] = {}
    for n in nats.values():
        spend(1 + len(n.inside))
        for name in n.inside & clients.keys():
            firsts.setdefault(name, []).append(_first(n.name, nats, outer))
    for name, several in firsts.items():
        good = len(several) == 1 or (None not in several and len(several) == len(set(several)))
        need(good, f"{name}: comes to one NAT by two ways, or passes untranslated by one of several")


def _ways(gate: Gate, nats: dict[str, Nat], kept: dict[str, Nat], outer: dict[str, str]) -> frozenset[str] | None:
    """The first NATs of the ways that it is on; None where its clients have no others."""
    spend(len(kept) + len(gate.clients))
    here = {n for n in kept if kept[n].inside & gate.clients}
    first = _first(gate.name, nats, outer)
    on = frozenset(n for n in here if n == first or gate.name in _outwards(n, outer))
    return None if on == here else on
