"""A scenario's maximum as an integer program over counts: how many mappings of each client class have an endpoint of each external class, and how
many connections they carry to each piece of the destinations.

Sockets, endpoints and destinations that every rule treats alike are one class, so that the program grows with the rules and not with the sizes.
Counts are enough where every mapping lies under one clash-scope key: then what is left is a flow, whose average over alike ones is a
solution by counts, and which has a whole solution wherever it has one in parts. Where mappings are shared between keys (overloading), or addresses are told apart (paired pooling, a
hash, port sets), they are not: `Unsupported`, and written.py is asked.
"""

from __future__ import annotations

import itertools
from bisect import bisect_right
from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from natbound.check.clash import ways_out
from natbound.check.keys import by_address
from natbound.check.pool import Way
from natbound.check.scenario import Client, Nat
from natbound.check.scenario import Scenario as Checked
from natbound.check.servers import Dest, Server
from natbound.check.sets import ALL_PORTS, Set, boxes, meet, part, size, union, volume
from natbound.errors import Unsupported
from natbound.exact.program import Program, Terms


@dataclass(frozen=True)
class Piece:
    """Destination endpoints of one server set that are alike: `addresses` of one group, with `ports` of one group each."""

    server: Server
    where: int
    on: int
    addresses: int
    ports: int

    @property
    def size(self) -> int:
        """How many endpoints."""
        return self.addresses * self.ports


def pieces_of(world: Checked) -> list[Piece]:
    """All destinations: addresses where the same server sets meet are alike, and on them ports of the same ones."""
    dests = [Dest(v, v.addresses, v.ports) for v in world.servers.values()]
    wide: dict[tuple[str, ...], int] = defaultdict(int)
    for (lo, hi), here in by_address(dests):
        wide[tuple(d.server.name for d in here)] += hi - lo + 1
    out = []
    for where, (names, addresses) in enumerate(wide.items()):
        kinds = port_kinds([world.servers[n].ports for n in names])
        for on, (inside, ports) in enumerate(kinds.items()):
            out += [Piece(world.servers[n], where, on, addresses, size(ports)) for n, i in zip(names, inside, strict=True) if i]
    return out


def port_kinds(sets: list[Set]) -> dict[tuple[bool, ...], Set]:
    """Ports that lie in the same of these sets, by which ones; those in none are left out."""
    cuts = sorted({x for s in sets for lo, hi in s for x in (lo, hi + 1)})
    found: dict[tuple[bool, ...], list[tuple[int, int]]] = {}
    starts = [[lo for lo, _ in s] for s in sets]
    for lo, after in itertools.pairwise(cuts):
        at = [bisect_right(b, lo) - 1 for b in starts]
        inside = tuple(k >= 0 and s[k][1] >= lo for k, s in zip(at, sets, strict=True))
        if any(inside):
            found.setdefault(inside, []).append((lo, after - 1))
    return {inside: union(spans) for inside, spans in found.items()}


@dataclass(frozen=True)
class Under:
    """A kind of mapping of one socket: `number` of them, alike, each under one of `keys` keys, which `key` names."""

    name: tuple[Any, ...]
    number: int
    key: tuple[Any, ...]
    keys: int
    protocol: int


class Counted:
    """The program of a scenario; with a demand (connections by client set, then server set), of no pair more than it wants."""

    def __init__(self, world: Checked, wanted: dict[str, dict[str, int]] | None = None) -> None:
        expressible(world)
        self.world, self.wanted, self.program = world, wanted, Program()
        self.pieces = pieces_of(world)
        used = [s for c in world.clients.values() for s in [c.ports]]
        for n in world.nats.values():
            used += [s for c in n.plan.classes for s in (c.source, c.ports)] if n.translates else []
            used += [n.plan.preserved, *(h.ports for h in n.holes.each)] if n.translates else []
        self.kinds = list(port_kinds([s for s in used if s] or [ALL_PORTS]).values())
        self.flows: dict[tuple[str, int, Piece], Terms] = defaultdict(list)  # by client set, kind of port, piece
        self.by_way: dict[int, Terms] = defaultdict(list)  # by gate that is on some ways alone: what meets it
        for nat in world.nats.values():
            self._nat(nat)
        for client in world.clients.values():
            if not world.nats_of(client):
                for kind, piece, most in self._sockets(client):
                    self.flows[client.name, kind, piece].append((1, self.program.new(most)))
        self._ends()

    def _sockets(self, client: Client) -> list[tuple[int, Piece, int]]:
        """Kinds of the client set's ports, with each piece it reaches, and the number of (socket, destination)."""
        reached = [p for p in self.pieces if self.world.reached(client, p.server)]
        here = [(k, size(client.addresses) * size(s)) for k, s in enumerate(self.kinds) if meet(s, client.ports)]
        return [
            (k, p, n * p.size)
            for k, n in here
            for p in reached
            if self.wanted is None or self.wanted.get(client.name, {}).get(p.server.name)
        ]

    def _nat(self, nat: Nat) -> None:
        program = self.program
        live: Terms = []
        entries: Terms = []
        held: dict[tuple[Any, int], Terms] = defaultdict(list)  # by clash-scope key and kind of external port: the mappings there
        rooms: dict[tuple[Any, int], int] = {}
        for client in self.world.inside(nat):
            mine: Terms = []
            carried: dict[tuple[int, Under], list[tuple[Piece, int]]] = defaultdict(list)
            for kind, piece, most in self._sockets(client):
                flow = program.new(most)
                self.flows[client.name, kind, piece].append((1, flow))
                mine.append((1, flow))
                for k, gate in enumerate(self.world.gates):
                    if gate.ways is not None and gate.counts(client.name, piece.server.protocol, nat.name):
                        self.by_way[k].append((1, flow))
                if nat.translates:
                    carried[kind, under_of(nat, piece)].append((piece, flow))
            _each_under_one_key(nat, client, carried, len(self.world.nats_of(client)) > 1)
            for (kind, under), flows in carried.items():
                sockets = size(client.addresses) * size(self.kinds[kind])
                mappings: Terms = []
                for onto in self._onto(nat, kind):
                    slot = under.key, onto
                    room = under.keys * self._endpoints(nat, onto, under.protocol)
                    rooms[slot] = room
                    mappings.append((1, program.new(min(room, sockets * under.number))))
                    held[slot].append(mappings[-1])
                program.at_most(mappings, sockets * under.number)
                for piece, flow in flows:
                    each = piece.size // under.number  # connections that one mapping carries there
                    program.at_most([(1, flow), *((-each, m) for _, m in mappings)], 0)
                entries += mappings
            live += mine
            if nat.quota is not None:
                program.at_most(mine, nat.quota * size(client.addresses))
        for slot, terms in held.items():
            program.at_most(terms, rooms[slot])
        if nat.table is not None:
            program.at_most(live, nat.table)
        if nat.mappings is not None:
            program.at_most(entries, nat.mappings)

    def _onto(self, nat: Nat, kind: int) -> list[int]:
        """The kinds of external ports that source ports of a kind may be given. Those that are kept are each its own alone: as many for each
        of the kind's ports, so that by count any of the kind will do."""
        first = self.kinds[kind][0][0]
        searched = nat.plan.class_of(first).ports if nat.plan.rounds else ()
        out = [k for k, s in enumerate(self.kinds) if meet(s, searched)]
        keeps = meet(((first, first),), nat.plan.preserved) and kind not in out
        return [*out, kind] if keeps else out

    def _endpoints(self, nat: Nat, kind: int, protocol: int) -> int:
        """External endpoints of a kind that no static mapping holds."""
        pool = part(nat.pool, 0, 1) if Way(self.world, nat).gives == "lowest" else nat.pool
        on = self.kinds[kind]
        kept = [box for h in nat.holes.of(protocol) for box in boxes(meet(h.addresses, pool), meet(h.ports, on))]
        return size(pool) * size(on) - volume(kept)

    def _ends(self) -> None:
        program = self.program
        at: dict[Any, Terms] = defaultdict(list)
        limit: dict[Any, int] = {}
        for (name, kind, piece), terms in self.flows.items():
            client, server = self.world.clients[name], piece.server
            if len(terms) > 1:  # by one NAT or another
                program.at_most(terms, size(client.addresses) * size(self.kinds[kind]) * piece.size)
            if server.per_endpoint is not None:
                at[piece] += terms
                limit[piece] = server.per_endpoint * piece.size
            if server.per_address is not None:
                at[server.name, piece.where] += terms
                limit[server.name, piece.where] = server.per_address * piece.addresses
            for k, gate in enumerate(self.world.gates):
                if gate.ways is None and gate.counts(name, server.protocol):
                    at["gate", k] += terms
                    limit["gate", k] = gate.most
            if self.wanted is not None:
                at[name, server.name, "wanted"] += terms
                limit[name, server.name, "wanted"] = self.wanted[name][server.name]
            program.wanted += terms
        for k, terms in self.by_way.items():
            program.at_most(terms, self.world.gates[k].most)
        for here, terms in at.items():
            program.at_most(terms, limit[here])


def under_of(nat: Nat, piece: Piece) -> Under:
    """The mappings of a socket that carry its connections to a piece of the destinations."""
    plan, protocol = nat.plan, piece.server.protocol
    name: tuple[Any, ...] = (protocol,)
    number = 1
    if plan.mapping == "adm":
        name, number = (protocol, piece.where), piece.addresses
    elif plan.mapping != "eim":
        name, number = (protocol, piece.where, piece.on), piece.size
    key: tuple[Any, ...] = (protocol if plan.scope_protocol else None,)
    keys = 1
    if plan.scope != "none":
        key, keys = (*key, piece.where), piece.addresses
    if plan.scope == "endpoint":
        key, keys = (*key, piece.on), piece.size
    return Under(name, number, key, keys, protocol)


def _each_under_one_key(nat: Nat, client: Client, carried: dict[tuple[int, Under], list[tuple[Piece, int]]], spread: bool) -> None:
    several = {(k, u.name) for k, u in carried}
    if len(several) < len(carried) or any(u.number % u.keys for _, u in carried):
        raise Unsupported(f"mappings of {nat.name} lie under several clash-scope keys each (overloading: a colouring)")
    if (spread or nat.quota is not None) and any(u.number < sum(p.size for p, _ in some) for (_, u), some in carried.items()):
        why = f"{client.name} may take several NATs" if spread else "there is a quota of connections"
        raise Unsupported(f"{why}, and a mapping of {nat.name} carries several connections")


def expressible(world: Checked) -> None:
    """Raises Unsupported where counts by class are not enough."""
    for n in world.nats.values():
        why = [
            (n.name in world.clients or any(c.inner for c in world.inside(n)), "a NAT inside another"),
            (n.port_sets is not None, "ports dealt out in sets"),
            (n.subscribers is not None, "a limit on subscribers"),
            (n.translates and n.plan.paired and size(n.pool) > 1, "paired pooling"),
            (n.translates and n.plan.contiguity == "require", "ports that are required beside one another"),
            (n.translates and Way(world, n).gives == "hashed", "a pool whose address a hash picks"),
            (
                n.translates and n.plan.pool_choice == "hash" and n.plan.hash == "unknown" and not n.plan.fallback and size(n.pool) > 1,
                "a pool whose address a hash that is not known picks",
            ),
        ]
        for there, what in why:
            if there:
                raise Unsupported(f"{n.name} has {what}")
    if any(v.backends is not None for v in world.servers.values()):
        raise Unsupported("servers with backends")
    ends = [list(w.endpoints) for w in ways_out(world)]
    if volume([b for each in ends for b in each]) < sum(map(volume, ends)):
        raise Unsupported("two ways out share external endpoints")
