"""The shape of a scenario: who may be carried by what, with every size a parameter; and the maximum as a formula over them.

Servers are kept as products: p{j}-addresses, where the same server sets lie, times the ports v{j}-ports of each; clients as c{i}-addresses
times the ports that they have in a class of the NAT's design; a pool as n{i}-addresses times the ports that the same classes search.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from typing import Any

from .all_sizes_terms import Block, Leaf, Network, Term, block_formula, extreme, least_cut, plus, times
from .keys import by_address
from .reading import need
from .scenario import Nat, Scenario
from .servers import Dest
from .sets import Set, Undecided, meet, minus, size

MOST_GROUPS, MOST_RIGHTS, MOST_WEIGHTS = 4, 4, 4  # the formula has 2^n cuts, and n! orders of weights


@dataclass
class Shape:
    """All that the proof speaks of."""

    sizes: dict[str, int] = field(default_factory=dict)  # the parameters, and the scenario's own sizes
    networks: list[Network] = field(default_factory=list)  # distinct ones
    formula: Term = "0"


class Reader:
    """Makes the shape of a scenario."""

    def __init__(self, scenario: Scenario) -> None:
        self.s, self.out = scenario, Shape()
        self.clients, self.servers = list(scenario.clients.values()), list(scenario.servers.values())
        self.places: list[tuple[int, ...]] = []

    def run(self) -> Shape:
        for v in self.servers:
            if v.crowded or v.per_endpoint is not None or v.per_address is not None:
                raise Undecided(f"{v.name}: limits and backends of servers are not proved for all sizes")
        for i, c in enumerate(self.clients):
            self.out.sizes[f"c{i}-addresses"] = size(c.addresses)
        found: dict[tuple[int, ...], int] = {}
        for (lo, hi), here in by_address([Dest(v, v.addresses, v.ports) for v in self.servers]):
            there = tuple(sorted(self.servers.index(d.server) for d in here))
            found[there] = found.get(there, 0) + hi - lo + 1
        self.places = list(found)
        self.out.sizes.update({f"p{j}-addresses": n for j, n in enumerate(found.values())})
        self.out.sizes.update({f"v{j}-ports": size(v.ports) for j, v in enumerate(self.servers)})
        parts = [self.nat(n, nat) for n, nat in enumerate(self.s.nats.values())]
        for i, c in enumerate(self.clients):
            if self.s.nat_of(c) is None:
                self.out.sizes[f"c{i}-ports"] = size(c.ports)
                to = plus([self.endpoints(v) for v in range(len(self.servers)) if self.reached(i, v)])
                parts.append(times([f"c{i}-addresses", f"c{i}-ports", to]))
        self.out.formula = plus(parts)
        return self.out

    def reached(self, i: int, v: int) -> bool:
        return self.s.reached(self.clients[i], self.servers[v])

    def endpoints(self, v: int) -> Term:
        return times([plus([f"p{j}-addresses" for j, there in enumerate(self.places) if v in there]), f"v{v}-ports"])

    def families(self, nat: Nat, inside: list[int]) -> list[tuple[Term, dict[int, list[tuple[Term, Term]]]]]:
        """For each kind of clash-scope key: how many keys; and the mappings of each client set's sockets under one: (weight, how many)."""
        plan = nat.plan
        mapping = "edm" if plan.mapping == "eim-if-possible" else plan.mapping
        cells = [(j, v) for j, there in enumerate(self.places) for v in there if any(self.reached(i, v) for i in inside)]
        order = ("none", "address", "endpoint")
        if order.index(plan.scope) > {"edm": 2, "adm": 1, "eim": 0}[mapping]:
            raise Undecided(f"{nat.name}: one mapping under several clash-scope keys (overloading) is a colouring problem (NP-hard)")

        def protocol(v: int) -> int:
            return self.servers[v].protocol if plan.scope_protocol else 0

        keys: dict[Any, list[tuple[int, int]]] = {}
        for j, v in cells:
            keys.setdefault({"endpoint": v, "address": (j, protocol(v)), "none": protocol(v)}[plan.scope], []).append((j, v))
        if plan.scope == "endpoint" and not plan.scope_protocol:
            for a, b in itertools.combinations(dict.fromkeys(v for _, v in cells), 2):
                one, other = self.servers[a], self.servers[b]
                if meet(one.addresses, other.addresses) and meet(one.ports, other.ports):
                    raise Undecided(f"{nat.name}: {one.name} and {other.name} share endpoints, and its clash scope knows no protocol")
        out = []
        for here in keys.values():
            many = (
                self.endpoints(here[0][1]) if plan.scope == "endpoint" else f"p{here[0][0]}-addresses" if plan.scope == "address" else "1"
            )
            mappings: dict[int, list[tuple[Term, Term]]] = {}
            for i in inside:
                kinds: dict[Any, list[tuple[int, int]]] = {}
                for j, v in here:
                    if self.reached(i, v):
                        p = self.servers[v].protocol
                        kinds.setdefault({"edm": 0, "adm": (j, p), "eim": p}[mapping], []).append((j, v))
                for some in kinds.values():
                    ends = plus([f"v{v}-ports" for _, v in some])
                    if plan.scope == "none" and mapping != "adm":
                        ends = plus([self.endpoints(v) for v in dict.fromkeys(v for _, v in some)])
                    each = f"p{some[0][0]}-addresses" if plan.scope == "none" else "1"
                    if mapping == "edm":
                        pair = ("1", "1" if plan.scope == "endpoint" else ends)
                    else:
                        pair = (ends, each if mapping == "adm" else "1")
                    mappings.setdefault(i, []).append(pair)
            out.append((many, mappings))
        return out

    def atoms(self, nat: Nat, used: list[int]) -> list[tuple[int, ...]]:
        """External ports that the same classes search; names them."""
        cuts = sorted({x for k in used for lo, hi in nat.plan.classes[k].ports for x in (lo, hi + 1)})
        found: dict[tuple[int, ...], int] = {}
        for lo, after in itertools.pairwise(cuts):
            there = tuple(k for k in used if meet(nat.plan.classes[k].ports, ((lo, lo),)))
            if there:
                found[there] = found.get(there, 0) + after - lo
        number = list(self.s.nats.values()).index(nat)
        self.out.sizes.update({f"n{number}-ports-{a}": n for a, n in enumerate(found.values())})
        return list(found)

    def nat(self, n: int, nat: Nat) -> Term:
        plan, name = nat.plan, nat.name
        refused(self.s, nat)
        inside = [i for i, c in enumerate(self.clients) if c.name in nat.inside]
        own: dict[int, list[int]] = {}
        for i in inside:
            here = [(k, meet(self.clients[i].ports, c.source)) for k, c in enumerate(plan.classes)]
            own[i] = [k for k, ports in here if ports]
            for k, ports in here:
                kept_outside(nat, ports, plan.classes[k].ports)
                if ports:
                    self.out.sizes[f"c{i}-ports-{k}"] = size(ports)
        pool: list[Term] = []
        if plan.fallback or plan.pool_choice in ("random", "round-robin"):
            pool = [f"n{n}-addresses"]
            self.out.sizes[f"n{n}-addresses"] = size(nat.pool)
        elif plan.pool_choice == "hash" and size(nat.pool) > 1:
            raise Undecided(f"{name}: which address a hash picks depends on addresses and not on sizes")
        atoms = self.atoms(nat, sorted({k for ks in own.values() for k in ks}))
        right = [times([*pool, f"n{n}-ports-{a}"]) for a in range(len(atoms))]
        families = self.families(nat, inside)
        if nat.quota is not None:
            self.out.sizes[f"n{n}-quota"] = nat.quota
        if nat.quota is None:
            out = plus([times([many, self.family(mappings, own, atoms, right)]) for many, mappings in families])
        else:
            out = self.with_quota(n, nat, families, own, (atoms, right))
        limits = [("table", nat.table), ("mappings", nat.mappings)]
        for key, limit in limits:
            if limit is not None:
                if key == "mappings" and plan.mapping in ("eim", "adm"):
                    raise Undecided(f"{name}: a limit on mappings that carry several connections is not proved for all sizes")
                self.out.sizes[f"n{n}-{key}"] = limit
        return extreme("min", [*(f"n{n}-{key}" for key, limit in limits if limit is not None), out])

    def blocks(self, leaves: list[tuple[int, Term, int, Term]], atoms: list[tuple[int, ...]], right: list[Term], merge: bool) -> list[Any]:
        """Leaves (group, weight, class, how many), sorted into blocks: (block, names, weights)."""
        joined = list(range(len(atoms)))
        opens = {k: [a for a, there in enumerate(atoms) if k in there] for _, _, k, _ in leaves}
        for open_ in opens.values():
            both = {joined[a] for a in open_}
            joined = [min(both) if x in both else x for x in joined]
        out = []
        for root in sorted({joined[opens[k][0]] for _, _, k, _ in leaves}):
            mine = [a for a, x in enumerate(joined) if x == root]
            found: dict[Any, list[Term]] = {}
            weights: list[Term] = []
            for at, (group, weight, k, many) in enumerate(leaves):
                if joined[opens[k][0]] == root:
                    weights += [] if weight in weights else [weight]
                    key = (group, weights.index(weight), tuple(mine.index(a) for a in opens[k]), None if merge else at)
                    found.setdefault(key, []).append(many)
            if len(mine) > MOST_RIGHTS or len(weights) > MOST_WEIGHTS:
                raise Undecided("more kinds of ports or of mappings than are proved for all sizes")
            block = Block(len(mine), tuple(Leaf(*key[:3]) for key in found))
            out.append((block, ([right[a] for a in mine], [plus(many) for many in found.values()]), weights))
        return out

    def network(self, net: Network) -> None:
        if net not in self.out.networks:
            self.out.networks.append(net)

    def family(self, mappings: dict[int, Any], own: dict[int, list[int]], atoms: Any, right: list[Term]) -> Term:
        leaves = [
            (-1, w, k, times([f"c{i}-addresses", f"c{i}-ports-{k}", m])) for i, kinds in mappings.items() for w, m in kinds for k in own[i]
        ]
        parts = []
        for block, own_names, weights in self.blocks(leaves, atoms, right, merge=True):
            self.network(Network(0, (block,)))
            parts.append(block_formula(block, own_names, weights))
        return plus(parts)

    def with_quota(self, n: int, nat: Nat, families: Any, own: dict[int, list[int]], outside: Any) -> Term:
        if nat.plan.mapping in ("eim", "adm"):
            raise Undecided(f"{nat.name}: a quota, and mappings that carry several connections, are not proved for all sizes")
        groups = [i for i in own if any(i in mappings for _, mappings in families)]
        if len(groups) > MOST_GROUPS:
            raise Undecided(f"{nat.name}: a quota for more than {MOST_GROUPS} client sets is not proved for all sizes")
        blocks, names = [], []
        for many, mappings in families:
            leaves = [
                (groups.index(i), w, k, times([many, f"c{i}-addresses", f"c{i}-ports-{k}", m]))
                for i, kinds in mappings.items() for w, m in kinds for k in own[i]
            ]  # fmt: skip
            for block, own_names, _ in self.blocks(leaves, outside[0], [times([many, r]) for r in outside[1]], merge=False):
                blocks.append(block)
                names.append(own_names)
        net = Network(len(groups), tuple(blocks))
        self.network(net)
        return least_cut(net, ([["*", f"c{i}-addresses", f"n{n}-quota"] for i in groups], names))


def refused(s: Scenario, nat: Nat) -> None:
    """What is not proved for all sizes."""
    spread = any(nat.inside & o.inside for o in s.nats.values() if o is not nat)
    cascade = bool(nat.inside & s.nats.keys()) or any(nat.name in o.inside for o in s.nats.values())
    shared = any(meet(nat.pool, o.pool) for o in s.nats.values() if o is not nat)
    routed = any(meet(nat.pool, c.addresses) for c in s.clients.values() if s.nat_of(c) is None)
    for what, there in (
        ("port sets", nat.port_sets is not None), ("a firewall", not nat.translates), ("a limit on subscribers", nat.subscribers is not None),
        ("static mappings", bool(nat.holes.each)), ("paired pooling", nat.plan.paired), ("clients spread over NATs", spread),
        ("a cascade", cascade), ("a pool that others use", shared or routed),
    ):  # fmt: skip
        if there:
            raise Undecided(f"{nat.name}: {what}: not proved for all sizes")


def kept_outside(nat: Nat, own: Set, searched: Set) -> None:
    """Ports that are kept though they are not searched are each a class of their own."""
    need(nat.plan.rounds or not own or nat.plan.preserved, "a design that searches nothing")
    outside = minus(meet(own, nat.plan.preserved), searched) if nat.plan.rounds else own
    if outside:
        raise Undecided(f"{nat.name}: ports that are kept outside the range that is searched are not proved for all sizes")


def shape_of(scenario: Scenario) -> Shape:
    """The shape of a scenario, or Undecided where it is not proved for all sizes."""
    clients = {name: c for name, c in scenario.clients.items() if not c.inner}
    if scenario.gates:
        raise Undecided("firewalls in rows, and limits of one protocol: not proved for all sizes")
    return Reader(Scenario(clients, scenario.servers, scenario.nats)).run()
