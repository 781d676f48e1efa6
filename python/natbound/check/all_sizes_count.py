"""The maximum at small sizes, tuple by tuple: every socket, destination endpoint and external endpoint of the shape is made, and flows are laid
one after another, others giving way where they can. It knows nothing of classes, cuts or formulas.
"""

from __future__ import annotations

import itertools
from typing import Any

from .scenario import Nat, Scenario
from .sets import meet, spend

Sizes = dict[str, int]


class Small:
    """A scenario of these sizes."""

    def __init__(self, scenario: Scenario, sizes: Sizes) -> None:
        self.s, self.sizes = scenario, sizes
        self.clients = list(scenario.clients.values())
        self.servers = list(scenario.servers.values())
        self.addresses = self.destinations()

    def destinations(self) -> list[tuple[str, list[int]]]:
        """Addresses, each with the server sets that lie there: as the parts in which the scenario's lie, in ascending order."""
        cuts = sorted({x for v in self.servers for lo, hi in v.addresses for x in (lo, hi + 1)})
        found: list[list[int]] = []
        for lo in cuts:
            here = [j for j, v in enumerate(self.servers) if meet(v.addresses, ((lo, lo),))]
            if here and here not in found:
                found.append(here)
        return [(f"{j}.{k}", here) for j, here in enumerate(found) for k in range(self.sizes[f"p{j}-addresses"])]

    def flows(self, i: int) -> list[tuple[int, str, str]]:
        """(server set, address, port) of all destination endpoints that a client set reaches."""
        return [
            (v, at, f"{v}.{q}")
            for at, here in self.addresses for v in here if self.s.reached(self.clients[i], self.servers[v])
            for q in range(self.sizes[f"v{v}-ports"])
        ]  # fmt: skip

    def total(self) -> int:
        """Of all NATs, and of clients that are routed as they are."""
        out = sum(self.through(n, nat) for n, nat in enumerate(self.s.nats.values()))
        for i, c in enumerate(self.clients):
            if self.s.nat_of(c) is None:
                out += self.sizes[f"c{i}-addresses"] * self.sizes[f"c{i}-ports"] * len(self.flows(i))
        return out

    def outside(self, n: int, nat: Nat, k: int) -> list[tuple[int, str]]:
        """The external endpoints that a class of source ports may be given."""
        inside = [c for c in self.clients if c.name in nat.inside]
        used = [j for j, c in enumerate(nat.plan.classes) if any(meet(o.ports, c.source) for o in inside)]
        ports = [nat.plan.classes[j].ports for j in used]
        kinds: list[list[int]] = []
        for at in sorted({x for s in ports for lo, hi in s for x in (lo, hi + 1)}):
            here = [j for j, s in zip(used, ports) if meet(s, ((at, at),))]  # noqa: B905
            if here and here not in kinds:
                kinds.append(here)
        return [
            (address, f"{a}.{q}")
            for address in range(self.sizes.get(f"n{n}-addresses", 1))
            for a, here in enumerate(kinds) if k in here
            for q in range(self.sizes[f"n{n}-ports-{a}"])
        ]  # fmt: skip

    def through(self, n: int, nat: Nat) -> int:
        """The most through one NAT."""
        plan = nat.plan
        weight: dict[Any, int] = {}  # of each mapping
        open_to: dict[Any, list[Any]] = {}
        for i, c in enumerate(self.clients):
            if c.name not in nat.inside:
                continue
            for k, own in enumerate(plan.classes):
                if not meet(c.ports, own.source):
                    continue
                out = self.outside(n, nat, k)
                for address, port in itertools.product(range(self.sizes[f"c{i}-addresses"]), range(self.sizes[f"c{i}-ports-{k}"])):
                    for v, at, to_port in self.flows(i):
                        spend(1 + len(out))
                        p = self.servers[v].protocol
                        seen = {"eim": (), "adm": (at,)}.get(plan.mapping, (at, to_port))
                        key = ((p,) if plan.scope_protocol else (), *((at, to_port)[: ("none", "address", "endpoint").index(plan.scope)]))
                        mapping = ((i, address), k, port, p, seen)
                        weight[mapping] = weight.get(mapping, 0) + 1
                        open_to[mapping] = [(key, *e) for e in out]
        quota = self.sizes.get(f"n{n}-quota")
        held = laid(sorted(weight, key=lambda m: -weight[m]), open_to, quota)
        most = sum(weight[m] for m in held)
        return min([most, *(self.sizes[name] for name in (f"n{n}-table", f"n{n}-mappings") if name in self.sizes)])


def laid(mappings: list[Any], open_to: dict[Any, list[Any]], quota: int | None) -> list[Any]:
    """Which mappings can be held together: each external endpoint by one, and so many of one client address. One more is held wherever a chain
    of others can move to make room, or (within a quota) another of their clients' takes their place. Without a quota none that is held is ever
    lost, and what can be held together are the independent sets of a matroid: so the heaviest first is best."""
    at: dict[Any, Any] = {}  # endpoint of each mapping that is held
    holder: dict[Any, Any] = {}
    of: dict[Any, list[Any]] = {}
    for m in mappings if quota is not None else []:
        of.setdefault(m[0], []).append(m)

    def place(m: Any, seen: set[Any]) -> bool:
        seen.add(m)
        for e in open_to[m]:
            if e in seen:
                continue
            seen.add(e)
            spend(1)
            other = holder.get(e)
            if other is None or place(other, seen) or instead(other, seen):
                at[m], holder[e] = e, m
                return True
        return False

    def instead(m: Any, seen: set[Any]) -> bool:
        """Another mapping of the same client address is held, and m no longer."""
        if ("client", m[0]) in seen:
            return False
        seen.add(("client", m[0]))
        for other in of.get(m[0], []):
            if other not in at and other not in seen and place(other, seen):
                del at[m]
                return True
        return False

    def one_more(candidates: list[Any]) -> bool:
        seen: set[Any] = set()
        return any(m not in at and m not in seen and place(m, seen) for m in candidates)

    if quota is None:
        for m in mappings:
            one_more([m])
    for client, own in of.items():
        while quota is not None and sum(1 for m in at if m[0] == client) < quota and one_more(own):
            pass
    return list(at)
