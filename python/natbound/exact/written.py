"""A scenario's maximum as an integer program written out connection by connection: which endpoint each mapping has at each NAT, and which of them
uses it under which clash-scope key.

It says what counts by class (counts.py) can't: mappings that are shared between keys (overloading), addresses that are told apart (paired pooling, a
hash, port sets, a limit on subscribers), NATs inside others, backends, ways out that share endpoints. So it grows with the sizes: for small scenarios.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from itertools import product
from typing import TYPE_CHECKING

from natbound.check.pool import Way
from natbound.check.scenario import Client, Nat
from natbound.check.scenario import Scenario as Checked
from natbound.check.sets import Set, minus, size
from natbound.errors import Unsupported
from natbound.exact.program import Program

if TYPE_CHECKING:
    from natbound.check.servers import Server

MOST = 200_000  # variables; with more a solver takes long to be given them alone

Flow = tuple[int, int, int, int, int]  # protocol, source address and port, destination address and port
End = tuple[int, int]  # external address and port


@dataclass(frozen=True)
class Connection:
    """One that may be: a variable, and what is so where that is 1."""

    live: int
    client: Client
    server: Server
    flow: Flow
    outside: End  # where it comes from, in the end
    passed: tuple[tuple[Nat, End], ...]  # NATs, the innermost first, with the endpoint that each gives

    @property
    def first(self) -> str | None:
        """The first NAT on its way."""
        return self.passed[0][0].name if self.passed else None


def each(s: Set) -> Iterator[int]:
    """The members of a set, ascending."""
    for lo, hi in s:
        yield from range(lo, hi + 1)


class _Stage:
    """One NAT: which endpoint each mapping has, who uses it under which key, and which connections pass."""

    def __init__(self, world: Checked, nat: Nat, new: Callable[[], int], program: Program, most: int) -> None:
        self.nat, self.new, self.program, self.most = nat, new, program, most
        self.way = Way(world, nat) if nat.translates else None
        self.has: dict[Hashable, dict[End, int]] = defaultdict(dict)  # by mapping and endpoint
        self.uses: dict[Hashable, dict[Hashable, int]] = defaultdict(dict)  # by key and endpoint, then mapping
        self.passing: list[tuple[Flow, int]] = []
        self.dealt = _own_ports(world, nat)
        self.sets = _sets_on_demand(nat)
        self.ends_of = cache(self._ends_of)

    def ends(self, client: Client, f: Flow) -> list[End]:
        """All external endpoints that the connection may ever be given."""
        return [f[1:3]] if self.way is None else self.ends_of(client, f[0], f[1], f[2], f[3])

    def _ends_of(self, client: Client, protocol: int, address: int, port: int, to: int) -> list[End]:
        nat, way, source = self.nat, self.way, ((port, port),)
        assert way is not None
        ports = nat.plan.permitted(source)
        if nat.port_sets is not None:
            own = self.dealt.get(address)
            self._few_enough(sum(size(s) for _, s in self.sets))
            dealt = [*([own] if own else []), *self.sets]
            return [(a, p) for a, s in dealt for p in each(minus(s, nat.holes.on(protocol, a) if nat.holes.each else ()))]
        there = way.externals(client, ((address, address),), [protocol], ((to, to),))
        self._few_enough(size(there) * size(ports))
        return [(a, p) for a in each(there) for p in each(minus(ports, nat.holes.on(protocol, a) if nat.holes.each else ()))]

    def _few_enough(self, ends: int) -> None:
        if ends > self.most:  # a variable each, for one connection alone
            raise too_many(self.most)

    def carries(self, z: int, f: Flow, e: End) -> None:
        """Where z is, the connection has this endpoint."""
        self.passing.append((f, z))
        if not self.nat.translates:
            return
        plan = self.nat.plan
        mapping = f[:3] if plan.mapping == "eim" else f[:4] if plan.mapping == "adm" else f
        key = (f[0] if plan.scope_protocol else -1, f[3] if plan.scope != "none" else -1, f[4] if plan.scope == "endpoint" else -1)
        here, users = self.has[mapping], self.uses[key, e]
        if e not in here:
            here[e] = self.new()
        if mapping not in users:
            users[mapping] = self.new()
            self._implies(users[mapping], here[e])
        self._implies(z, users[mapping])

    def _implies(self, one: int, other: int) -> None:
        self.program.at_most([(1, one), (-1, other)], 0)

    def _few(self, some: Iterable[int], most: int) -> None:
        many = list(some)
        if len(many) > most:
            self.program.at_most([(1, x) for x in many], most)

    def limits(self) -> None:
        """One endpoint a mapping, one mapping an endpoint and key, and the numbers that the NAT is given."""
        nat = self.nat
        for ends in self.has.values():
            self._few(ends.values(), 1)
        for users in self.uses.values():
            self._few(users.values(), 1)
        if nat.table is not None:
            self._few((z for _, z in self.passing), nat.table)
        if nat.mappings is not None:
            self._few((x for ends in self.has.values() for x in ends.values()), nat.mappings)
        mine: dict[int, list[int]] = defaultdict(list)
        for f, z in self.passing:
            mine[f[1]].append(z)
        if nat.quota is not None:
            for some in mine.values():
                self._few(some, nat.quota)
        if nat.subscribers is not None and len(mine) > nat.subscribers:
            served = {a: self.new() for a in mine}
            for a, some in mine.items():
                for z in some:
                    self._implies(z, served[a])
            self._few(served.values(), nat.subscribers)
        if nat.translates and nat.plan.contiguity == "require":
            self._beside()
        if nat.translates and nat.plan.paired and size(nat.pool) > 1:
            self._parts(lambda e: e[0], 1, alone=False)
        if nat.port_sets is not None and self.sets:
            of = {(a, p): (a, s[0][0]) for a, s in self.sets for p in each(s)}
            self._parts(of.get, nat.port_sets.more.each if nat.port_sets.more else nat.port_sets.each, alone=True)

    def _beside(self) -> None:
        """Port contiguity: mappings of source ports 2k and 2k + 1 are at 2j and 2j + 1 of one address, where both are there."""
        for mapping, ends in self.has.items():
            assert isinstance(mapping, tuple)  # of eim: protocol, source address and port
            other = self.has.get((*mapping[:2], mapping[2] ^ 1), {})
            for (there, p), x in ends.items():
                self._few((x, *(y for e, y in other.items() if e != (there, p ^ 1))), 1)

    def _parts(self, part: Callable[[End], Hashable], most: int, *, alone: bool) -> None:
        """Each client address has so many parts of the endpoints (those in none do not count) at most; `alone`: and nobody else has those."""
        owned: dict[tuple[int, Hashable], int] = {}
        for mapping, ends in self.has.items():
            for e, x in ends.items():
                if (there := part(e)) is None:
                    continue
                which = mapping[1], there  # type: ignore[index]  # a flow's beginning
                if which not in owned:
                    owned[which] = self.new()
                self._implies(x, owned[which])
        of_address: dict[int, list[int]] = defaultdict(list)
        of_part: dict[Hashable, list[int]] = defaultdict(list)
        for (address, there), x in owned.items():
            of_address[address].append(x)
            of_part[there].append(x)
        for some in of_address.values():
            self._few(some, most)
        for some in of_part.values() if alone else ():
            self._few(some, 1)


def too_many(most: int) -> Unsupported:
    """The error."""
    return Unsupported(f"one by one the connections need more than {most:,} unknowns")


def _own_ports(world: Checked, nat: Nat) -> dict[int, tuple[int, Set]]:
    """The set of each client address, where sets are deterministic."""
    sets = nat.port_sets
    if sets is None or not sets.deterministic:
        return {}
    there = ((a, ((lo, lo + sets.size - 1),)) for a in each(nat.pool) for lo in sets.firsts)
    return dict(zip((a for name in sets.order for a in each(world.clients[name].addresses)), there, strict=False))


def _sets_on_demand(nat: Nat) -> list[tuple[int, Set]]:
    """The sets that are dealt to whoever needs them."""
    sets = nat.port_sets
    if sets is None or (sets.deterministic and sets.more is None):
        return []
    wide, firsts = (sets.more.size, sets.more.firsts) if sets.more else (sets.size, sets.firsts)
    return [(a, ((lo, lo + wide - 1),)) for a in each(nat.pool) for lo in firsts]


class Written:
    """The program of a scenario; with a demand (connections by client set, then server set), of no pair more than it wants."""

    def __init__(self, world: Checked, wanted: dict[str, dict[str, int]] | None = None, most: int = MOST) -> None:
        self.world, self.wanted, self.program, self.most = world, wanted, Program(), most
        self.connections: list[Connection] = []
        for nat in world.nats.values():
            if nat.translates and Way(world, nat).starts == "any" and nat.plan.pool_choice == "hash" and not nat.plan.fallback:
                raise Unsupported(f"{nat.name} picks an address by a hash that is not known: the best and the worst one differ")
        pairs = [(c, v) for c in world.clients.values() if not c.inner for v in world.servers.values() if world.reached(c, v)]
        pairs = [(c, v) for c, v in pairs if wanted is None or wanted.get(c.name, {}).get(v.name)]
        there = sum(c.sockets * size(v.addresses) * size(v.ports) for c, v in pairs)
        dealt = (size(nat.pool) * len(nat.port_sets.firsts) for nat in world.nats.values() if nat.port_sets is not None)
        if max(there, *dealt, 0) > most:  # before anything of that size is made
            raise too_many(most)
        self.stages = {nat.name: _Stage(world, nat, self._new, self.program, most) for nat in world.nats.values()}
        self.outside: dict[tuple[int, End, int, int], list[int]] = defaultdict(list)
        for client, server in pairs:
            self._connections(client, server)
        for stage in self.stages.values():
            stage.limits()
        for some in self.outside.values():  # whoever sends it: outside a tuple is one connection
            if len(some) > 1:
                self.program.at_most([(1, z) for z in some], 1)
        self._servers()

    def _new(self) -> int:
        if len(self.program.most) >= self.most:
            raise too_many(self.most)
        return self.program.new(1)

    def _connections(self, client: Client, server: Server) -> None:
        mine: list[int] = []
        for address, port, to, on in product(*map(each, (client.addresses, client.ports, server.addresses, server.ports))):
            flow = (server.protocol, address, port, to, on)
            several = []
            for end, ways in self._ways(client, flow):
                several.append(self._one(flow, end, ways))
                passed = tuple((stage.nat, e) for stage, _, e in ways)
                self.connections.append(Connection(several[-1], client, server, flow, end, passed))
            if len(several) > 1:
                self.program.at_most([(1, z) for z in several], 1)
            mine += several
        self.program.wanted += [(1, z) for z in mine]
        if self.wanted is not None and mine:
            self.program.at_most([(1, z) for z in mine], self.wanted[client.name][server.name])

    def _one(self, flow: Flow, end: End, ways: list[tuple[_Stage, Flow, End]]) -> int:
        """A connection that goes one way, as a variable."""
        z = self._new()
        for stage, f, e in ways:
            stage.carries(z, f, e)
        self.outside[flow[0], end, flow[3], flow[4]].append(z)
        return z

    def _ways(self, client: Client, f: Flow) -> Iterator[tuple[End, list[tuple[_Stage, Flow, End]]]]:
        """Every way out: the endpoint outside, and each NAT with the connection as it comes in and the endpoint that it gets."""
        around = self.world.nats_of(client)
        if not around:
            yield f[1:3], []
        for nat in around:
            stage = self.stages[nat.name]
            for e in stage.ends(client, f):
                out = (f[0], *e, *f[3:])
                if nat.name in self.world.clients:
                    for end, more in self._ways(self.world.clients[nat.name], out):
                        yield end, [(stage, f, e), *more]
                else:
                    yield e, [(stage, f, e)]

    def _servers(self) -> None:
        """What the servers hold, and what their backends tell apart."""
        at: dict[Hashable, list[int]] = defaultdict(list)
        limit: dict[Hashable, int] = {}
        for c in self.connections:
            v, to = c.server, c.flow[3:]
            held: list[tuple[Hashable, int | None]] = [
                ((v.name, *to), v.per_endpoint),
                ((v.name, to[0]), v.per_address),
                ((v.name, "backends", c.outside), v.backends),
                *((k, g.most) for k, g in enumerate(self.world.gates) if g.counts(c.client.name, v.protocol, c.first)),
            ]
            for key, most in held:
                if most is not None:
                    at[key].append(c.live)
                    limit[key] = most
        for key, some in at.items():
            if len(some) > limit[key]:
                self.program.at_most([(1, z) for z in some], limit[key])
