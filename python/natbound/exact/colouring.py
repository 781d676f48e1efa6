"""Endpoint-independent mapping with overloading per destination: which mappings share an external endpoint is colouring.

An item is a mapping: a socket of a client set, with the keys (destinations, as the clash scope tells them apart) that it is to reach. Two that
reach the same key have different external endpoints. A greedy order first (most constrained first, Brelaz 1979), then tabu search (of the library), then the solver.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from natbound import _core
from natbound.check.blocks import some_dests
from natbound.check.pool import Way
from natbound.check.scenario import Nat
from natbound.check.scenario import Scenario as Checked
from natbound.check.servers import Dest
from natbound.check.sets import Set, meet, part, size
from natbound.exact.packing import solve
from natbound.exact.program import solver_there
from natbound.tuples import address_text

EFFORT = 2_000_000  # of the search by moves, for each item: a thousand take a few seconds
MOST_ITEMS, MOST_KEYS, MOST_CHOICES = 20_000, 200_000, 400_000


@dataclass(frozen=True)
class Item:
    """A mapping that is wanted."""

    client: str
    socket: int
    to: tuple[tuple[str, int], ...]  # server sets, of each so many endpoints
    keys: frozenset[Any]


@dataclass(frozen=True)
class Question:
    """The items, and how many external endpoints each may have (all the same ones)."""

    nat: Nat
    items: list[Item]
    pool: Set
    ports: Set
    only_way: bool  # every socket is to reach all endpoints: no other choice of sockets is there

    @property
    def colours(self) -> int:
        """How many external endpoints."""
        return size(self.pool) * size(self.ports)


def question_of(world: Checked, wanted: dict[str, dict[str, int]]) -> Question | None:
    """What is asked, where it is of this kind: one NAT, whose clients may all be given the same endpoints."""
    nats = [n for n in world.nats.values() if any(c in n.inside for c in wanted)]
    if len(world.nats) != 1 or len(nats) != 1 or not all(c in nats[0].inside for c in wanted):
        return None
    nat = nats[0]
    plan = nat.plan
    if plan.mapping != "eim" or plan.scope == "none" or nat.port_sets is not None or nat.holes.each or plan.paired:
        return None
    clients = [world.clients[c] for c in wanted]
    way = Way(world, nat)
    ports = plan.permitted(clients[0].ports)
    if way.gives == "hashed" or any(not plan.permitted(c.ports) == plan.permitted_to_all(c.ports) == ports for c in clients):
        return None
    pool = part(nat.pool, 0, 1) if way.gives == "lowest" else nat.pool
    items, only_way, many = [], True, 0
    for c in clients:
        there: dict[tuple[int, int], list[tuple[str, int]]] = {}
        for name, n in wanted[c.name].items():
            server = world.servers[name]
            full, rest = divmod(n, size(server.addresses) * size(server.ports))
            only_way = only_way and rest == 0 and full == c.sockets
            many += n
            if full + (rest > 0) > c.sockets or many > MOST_KEYS:
                return None
            for k in range(full + (rest > 0)):
                there.setdefault((k, server.protocol), []).append(
                    (name, rest if k == full else size(server.addresses) * size(server.ports))
                )
        items += [Item(c.name, k, tuple(to), _keys(world, nat, to)) for (k, _), to in there.items()]
    return Question(nat, items, pool, ports, only_way) if 0 < len(items) <= MOST_ITEMS and ports else None


def _dests(world: Checked, to: Any) -> list[Dest]:
    servers = [(world.servers[name], n) for name, n in to]
    return [d for v, n in servers for d in some_dests([Dest(v, v.addresses, v.ports)], 0, n)]


def _keys(world: Checked, nat: Nat, to: Any) -> frozenset[Any]:
    out: set[tuple[int, ...]] = set()
    for d in _dests(world, to):
        protocol = d.server.protocol if nat.plan.scope_protocol else 0
        for lo, hi in d.addresses:
            for a in range(lo, hi + 1):
                if nat.plan.scope == "address":
                    out.add((protocol, a))
                else:
                    out.update((protocol, a, p) for first, last in d.ports for p in range(first, last + 1))
    return frozenset(out)


def coloured(q: Question, seconds: float) -> tuple[list[int] | None, bool, str]:
    """A colour for each item; or none, and whether the solver says that there is none; and who found it."""
    members = _members(q)
    colours = min(q.colours, len(q.items))
    began = time.monotonic()
    if found := _greedy(q.items, members, colours):
        return found, False, "most constrained first"
    if len(q.items) * colours > MOST_CHOICES:
        return None, False, "too many choices"
    distinct = list({tuple(m) for m in members.values()})
    # one by one: a moment of the search, a moment of the solver (which also says that there is none), then both for long
    long = EFFORT * min(1000, len(q.items))
    for effort, moment in ((long // 20, min(2.0, seconds)), (long, 0.0)):
        found, proper = _core.colouring(len(q.items), distinct, colours, effort, 1)
        if proper:
            return found, False, "tabu search"
        if moment and solver_there():
            by_solver, none, how = _by_solver(q.items, members, colours, moment)
            if by_solver or none:
                return by_solver, none, how
    if not solver_there():
        return None, False, "tabu search"
    return _by_solver(q.items, members, colours, max(1.0, seconds - (time.monotonic() - began)))


def in_part(q: Question) -> tuple[list[int], str] | None:
    """A colour for each item, few of which meet another of the same colour at some key, and who found it."""
    members = _members(q)
    colours = min(q.colours, len(q.items))
    if len(q.items) * colours > MOST_CHOICES:
        return None
    if found := _greedy(q.items, members, colours):
        return found, "most constrained first"
    distinct = list({tuple(m) for m in members.values()})
    return _core.colouring(len(q.items), distinct, colours, EFFORT * min(1000, len(q.items)) // 20, 1)[0], "tabu search"


def _members(q: Question) -> dict[Any, list[int]]:
    """The items that reach each key."""
    out: dict[Any, list[int]] = {}
    for i, item in enumerate(q.items):
        for key in item.keys:
            out.setdefault(key, []).append(i)
    return out


def _by_solver(items: list[Item], members: dict[Any, list[int]], colours: int, seconds: float) -> tuple[list[int] | None, bool, str]:
    from ortools.sat.python import cp_model

    model = cp_model.CpModel()
    put = [[model.NewBoolVar(f"{i}:{k}") for k in range(colours)] for i in range(len(items))]
    for choices in put:
        model.AddExactlyOne(choices)
    largest = max(members.values(), key=len)
    for alike in {tuple(m) for m in members.values()}:
        for k in range(colours):
            (model.AddExactlyOne if len(alike) == colours else model.AddAtMostOne)([put[i][k] for i in alike])
    for k, i in enumerate(largest[:colours]):  # colours are alike
        model.Add(put[i][k] == 1)
    solver, good, none = solve(model, seconds)
    how = f"{len(items):,} mappings, {colours:,} external endpoints"
    return ([next(k for k, x in enumerate(c) if solver.Value(x)) for c in put] if good else None), none, how


def _greedy(items: list[Item], members: dict[Any, list[int]], colours: int) -> list[int] | None:
    """Always the item that sees most colours, with its first free one."""
    if sum(len(m) ** 2 for m in members.values()) > 20_000_000:
        return None
    seen: list[set[int]] = [set() for _ in items]
    out = [-1] * len(items)
    waiting = set(range(len(items)))
    weight = [sum(len(members[k]) for k in item.keys) for item in items]
    by_rank: dict[int, set[int]] = {0: set(waiting)}
    top = 0
    while waiting:
        while not by_rank.get(top):
            top -= 1
        i = max(by_rank[top], key=lambda j: (weight[j], -j))
        by_rank[top].discard(i)
        waiting.discard(i)
        free = next((k for k in range(colours) if k not in seen[i]), None)
        if free is None:
            return None
        out[i] = free
        for key in items[i].keys:
            for j in members[key]:
                if out[j] < 0 and free not in seen[j]:
                    by_rank[len(seen[j])].discard(j)
                    seen[j].add(free)
                    by_rank.setdefault(len(seen[j]), set()).add(j)
                    top = max(top, len(seen[j]))
    return out


def _at_key(nat: Nat, dests: list[Dest], key: tuple[int, ...]) -> list[Dest]:
    """Those of the destinations that lie under the key."""
    protocol, address, *port = key
    there = ((address, address),), tuple((p, p) for p in port)
    out = []
    for d in dests:
        addresses, ports = meet(d.addresses, there[0]), meet(d.ports, there[1]) if port else d.ports
        if addresses and ports and (not nat.plan.scope_protocol or d.server.protocol == protocol):
            out.append(Dest(d.server, addresses, ports))
    return out


def _listed(s: Set, text: Any = str) -> list[str]:
    return [text(lo) if lo == hi else f"{text(lo)}-{text(hi)}" for lo, hi in s]


def laid_out(world: Checked, q: Question, colours: list[int]) -> tuple[list[dict[str, Any]], int]:
    """The blocks of a certificate and their connections: one for each mapping, without the keys that an earlier one of the same colour reaches."""
    out: list[dict[str, Any]] = []
    connections, taken = 0, set()
    for item, k in zip(q.items, colours, strict=True):
        c = world.clients[item.client]
        dests = _dests(world, item.to)
        free = {key for key in item.keys if (key, k) not in taken}
        taken |= {(key, k) for key in free}
        if len(free) < len(item.keys):
            dests = [d for key in sorted(free) for d in _at_key(q.nat, dests, key)]
        if not dests:
            continue
        connections += sum(d.size for d in dests)
        to = [{"server": d.server.name, "addresses": _listed(d.addresses, address_text), "ports": _listed(d.ports)} for d in dests]
        own = {
            "client": c.name,
            "addresses": _listed(c.addresses, address_text),
            "ports": _listed(c.ports),
            "first": item.socket,
            "shift": 0,
        }
        via = {"nat": q.nat.name, "addresses": _listed(q.pool, address_text), "ports": _listed(q.ports), "first": k}
        out.append({"to": to, "from": own, "via": via, "count": 1, "preserve": False, "spread": False})
    return out, connections
