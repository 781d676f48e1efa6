"""The scenario inside a certificate: client sets, servers and NATs in canonical form, read anew and held to the rules of the format."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from .cascade import with_stages
from .design import Plan, read_plan
from .gates import Gate, taken_out
from .holes import Holes, read_holes
from .nat_limits import check_memory, read_limit, read_protocols
from .port_set_rules import PortSets, ports_to_cut, read_port_sets
from .reading import addresses, count, entries, get, known_keys, need, ports, word
from .servers import Dest, Server, behind_their_sets, read_server
from .sets import PORTS, Set, Undecided, meet, minus, size, spend, total, union, volume


@dataclass(frozen=True)
class Client:
    """A set of client addresses, each with the same ports."""

    name: str
    addresses: Set
    ports: Set
    reaches: frozenset[str]  # empty: every server
    inner: bool = False  # stands for a NAT, as the one that it is inside sees it

    @property
    def sockets(self) -> int:
        """How many endpoints."""
        return size(self.addresses) * size(self.ports)


@dataclass(frozen=True)
class Nat:
    """A NAT, with its design as it acts there."""

    name: str
    inside: frozenset[str]
    pool: Set
    plan: Plan
    table: int | None  # the most flows
    mappings: int | None  # the most mappings
    quota: int | None  # the most flows of one client address
    holes: Holes  # the static mappings
    port_sets: PortSets | None = None  # its ports are dealt to client addresses
    subscribers: int | None = None  # the most client addresses with mappings
    translates: bool = True  # else a stateful firewall: no pool, every flow passes as it is
    protocols: tuple[tuple[int, int], ...] = ()  # the most flows of one protocol


@dataclass(frozen=True)
class Scenario:
    """All of it."""

    clients: dict[str, Client]
    servers: dict[str, Server]
    nats: dict[str, Nat]
    gates: tuple[Gate, ...] = ()

    def reached(self, client: Client, server: Server) -> bool:
        """Whether the client set may connect to the server set."""
        return not client.reaches or server.name in client.reaches

    def inside(self, nat: Nat) -> list[Client]:
        """The client sets inside a NAT, and NATs that let anything through."""
        spend(len(self.clients))
        return [c for c in self.clients.values() if c.name in nat.inside and c.ports]

    def nat_of(self, client: Client) -> Nat | None:
        """The NAT that a client set is inside, or None where it is routed as it is."""
        spend(len(self.nats))
        return next((n for n in self.nats.values() if client.name in n.inside), None)

    def nats_of(self, client: Client) -> list[Nat]:
        """The NATs that a client set is inside: several where its flows take any of them."""
        spend(len(self.nats))
        return [n for n in self.nats.values() if client.name in n.inside]

    def destinations(self, client: Client) -> list[Dest]:
        """All that a client set reaches."""
        spend(len(self.servers))
        return [Dest(v, v.addresses, v.ports) for v in self.servers.values() if self.reached(client, v)]


def _names(value: Any, known: set[str], where: str) -> frozenset[str]:
    out = [word(name, where) for name in entries(value, where)]
    need(len(set(out)) == len(out), f"{where}: a name is given twice")
    need(set(out) <= known, f"{where}: a name that the scenario does not have")
    return frozenset(out)


def _is_v4(s: Set) -> bool:
    return s[0][0] >> 32 == 0xFFFF


def _client(value: Any, where: str, servers: dict[str, Server]) -> Client:
    known_keys(value, "name addresses ports reaches source-ports time-wait", where)
    own = ports(value.get("ports", "1024-65535"), where + ".ports")
    need(own[0][0] > 0, f"{where}.ports: 0 is not a port")
    reaches = _names(value.get("reaches", []), set(servers), where + ".reaches")
    return Client(word(get(value, "name", where), where), addresses(get(value, "addresses", where), where), own, reaches)


def _restriction(value: Any, where: str) -> Set:
    known_keys(value, "start-port-number end-port-number psid-offset psid-len psid", where)
    if "psid" not in value and "psid-len" not in value:
        lo, hi = (count(get(value, k, where), where) for k in ("start-port-number", "end-port-number"))
        need(0 < lo <= hi < PORTS, f"{where}: not a range of ports")
        return ((lo, hi),)
    # RFC 7597, 5.1: offset bits (not all 0), the PSID, the rest
    need("start-port-number" not in value and "end-port-number" not in value, f"{where}: a range and a PSID")
    length, psid = (count(get(value, k, where), where) for k in ("psid-len", "psid"))
    offset = count(value.get("psid-offset", 6), where)
    need(offset + length <= 16 and psid >> min(length, 16) == 0, f"{where}: not a PSID of 16 bits at most")
    rest = 16 - offset - length
    firsts = [(high << 16 - offset) + (psid << rest) for high in range(1 if offset else 0, 1 << offset)]
    return minus(union((lo, lo + (1 << rest) - 1) for lo in firsts), ((0, 0),))


def _firewall(value: Any, where: str, clients: dict[str, Client], nats: set[str]) -> Nat:
    """It translates nothing, and keeps state of what passes."""
    need(value["translates"] is False, f"{where}.translates: true or false")
    need(not value.get("external-ip-address-pool"), f"{where}: a pool, and translates: false")
    for key in ("port-set-restrict", "port-set", "static-mappings", "nat64-prefixes"):
        need(value.get(key) is None, f"{where}: {key} does not go with translates: false")
    known_keys(value.get("mapping-limits", {}), "", where + ".mapping-limits")
    inside = _names(get(value, "inside", where), set(clients) | nats, where + ".inside")
    need(inside, f"{where}.inside: clients are wanted")
    limits, at = value.get("connection-limits", {}), where + ".connection-limits"
    if value.get("memory") is not None:
        check_memory(value["memory"], limits, where + ".memory")
    plan = read_plan(get(value, "design", where), None, where + ".design")
    table = read_limit(limits, "limit-per-instance", at, "limit-per-subscriber limit-per-protocol")
    quota = read_limit(limits, "limit-per-subscriber", at, "limit-per-instance limit-per-protocol")
    name = word(get(value, "name", where), where)
    return Nat(
        name,
        inside,
        (),
        plan,
        table,
        None,
        quota,
        read_holes(None, (), True, where),
        translates=False,
        protocols=read_protocols(limits, at),
    )


def _nat(value: Any, where: str, clients: dict[str, Client], nats: set[str]) -> Nat:
    keys = "name inside external-ip-address-pool translates port-set-restrict port-set static-mappings nat64-prefixes design connection-limits mapping-limits timers rate-limits memory profile"
    known_keys(value, keys, where)
    if value.get("translates", True) is not True:
        return _firewall(value, where, clients, nats)
    pool = addresses(get(value, "external-ip-address-pool", where), where + ".external-ip-address-pool")
    inside = _names(get(value, "inside", where), set(clients) | nats, where + ".inside")
    need(inside, f"{where}.inside: clients are wanted")
    restrict = None
    if value.get("port-set-restrict") is not None:
        restrict = _restriction(value["port-set-restrict"], where + ".port-set-restrict")
    port_sets = None
    if value.get("port-set") is not None:
        restrict = ports_to_cut(get(value, "design", where), restrict, where)
        port_sets = read_port_sets(value["port-set"], restrict, entries(value["inside"], where), where + ".port-set")
    # connections a second say how often and not what is possible: read, and not looked at
    known_keys(value.get("rate-limits") or {}, "connections connections-burst packets packets-burst", where + ".rate-limits")
    if value.get("memory") is not None:
        check_memory(value["memory"], value.get("connection-limits") or {}, where + ".memory")
    limits, at = value.get("connection-limits", {}), where + ".connection-limits"
    plan = read_plan(get(value, "design", where), restrict, where + ".design")
    if port_sets is not None:  # a port outside them is nobody's
        assert restrict is not None
        plan = replace(plan, preserved=meet(plan.preserved, restrict))
    return Nat(
        word(get(value, "name", where), where), inside, pool,
        plan,
        read_limit(limits, "limit-per-instance", at, "limit-per-subscriber limit-per-protocol"),
        read_limit(value.get("mapping-limits", {}), "limit-port-mappings", where + ".mapping-limits", "limit-subscribers"),
        read_limit(limits, "limit-per-subscriber", at, "limit-per-instance limit-per-protocol"),
        read_holes(value.get("static-mappings"), pool, plan.scope_protocol, where + ".static-mappings"),
        port_sets,
        read_limit(value.get("mapping-limits", {}), "limit-subscribers", where + ".mapping-limits", "limit-port-mappings"),
        protocols=read_protocols(limits, at),
    )  # fmt: skip


def read_scenario(value: Any) -> Scenario:
    """Reads the canonical form. Traffic says how often and not what is possible: it is not looked at."""
    known_keys(value, "description clients nats servers traffic", "scenario")
    names: set[str] = set()

    def fresh(name: str) -> str:
        need(name and name not in names, f"scenario: the name {name[:40]!r} is empty or taken")
        names.add(name)
        return name

    servers = {}
    for i, v in enumerate(entries(get(value, "servers", "scenario"), "scenario.servers")):
        server = read_server(v, f"scenario.servers[{i}]")
        servers[fresh(server.name)] = server
    endpoints = [box for v in servers.values() for box in Dest(v, v.addresses, v.ports).boxes]
    need(total(endpoints) == volume(endpoints), "scenario.servers: two server sets share endpoints")
    behind_their_sets(value["servers"], servers)
    clients = {}
    for i, c in enumerate(entries(get(value, "clients", "scenario"), "scenario.clients")):
        client = _client(c, f"scenario.clients[{i}]", servers)
        clients[fresh(client.name)] = client
    apart = size(union(span for c in clients.values() for span in c.addresses)) == sum(size(c.addresses) for c in clients.values())
    need(apart, "scenario.clients: two client sets overlap")
    listed = entries(value.get("nats", []), "scenario.nats")
    nat_names = {word(get(n, "name", "scenario.nats"), "scenario.nats") for n in listed}
    nats: dict[str, Nat] = {}
    for i, n in enumerate(listed):
        nat = _nat(n, f"scenario.nats[{i}]", clients, nat_names)
        spend(len(nats) + len(clients))
        need(
            all(not nat.inside & o.inside & nat_names for o in nats.values()),
            f"{nat.name}: a NAT is inside two NATs",
        )
        nats[fresh(nat.name)] = nat
    need(clients and servers, "scenario: clients and servers are wanted")
    nats, gates = taken_out(nats, clients)
    for name, nat in nats.items():
        own = [clients[c] for c in nat.inside & clients.keys() if nat.translates]
        # IPv6 to IPv4 is NAT64 (RFC 6146)
        need(all(_is_v4(nat.pool) or not _is_v4(c.addresses) for c in own), f"{name}: the pool is IPv6, and clients are IPv4")
        need(not any(meet(nat.pool, c.addresses) for c in own), f"{name}: the pool overlaps its clients' own addresses")
    out = with_stages(Scenario(clients, servers, nats, gates))
    for n in nats.values():
        for m in (nats[name] for name in n.inside if name in nats):
            need(_is_v4(n.pool) == _is_v4(m.pool), f"{n.name}: the pool is of another address family than that of {m.name}")
    firewalls = [n for n in nats.values() if not n.translates]
    for f in firewalls:
        others = [n for n in nats.values() if n is not f]
        need(not any(f.inside & n.inside for n in others), f"{f.name}: its clients are inside another NAT")
    for nat in (n for n in nats.values() if n.translates):
        for client in {c.reaches: c for c in out.inside(nat)}.values():
            there = [d.addresses for d in out.destinations(client)]
            good = all(_is_v4(nat.pool) == _is_v4(a) == (a[-1][1] >> 32 == 0xFFFF) for a in there)
            need(good, f"{nat.name}: {client.name} reaches servers of another address family than the pool")
    for n in (n for n in nats.values() if n.plan.paired and size(n.pool) > 1):
        if any(m.inside & nats.keys() for m in nats.values()):
            raise Undecided(f"{n.name}: paired pooling in a cascade: this checker does not decide that")
        if any(n.inside & m.inside for m in nats.values() if m is not n):
            raise Undecided(f"{n.name}: paired pooling of clients that are spread over several NATs: this checker does not decide that")
    for n in nats.values():
        if n.port_sets is not None and n.port_sets.deterministic:
            wanted = sum(size(clients[name].addresses if name in clients else nats[name].pool) for name in n.inside)
            need(wanted <= size(n.pool) * len(n.port_sets.firsts), f"{n.name}: fewer port sets than client addresses")
    spread = sum(len(n.inside) for n in nats.values()) != len({name for n in nats.values() for name in n.inside})
    if spread and any(n.inside & nats.keys() for n in nats.values()):
        raise Undecided("clients spread over several NATs, and a NAT inside another: this checker does not decide both")
    for n in nats.values():
        if n.inside & nats.keys():
            sets = [c.addresses for c in out.inside(n)]
            if sum(map(size, sets)) != size(union(span for s in sets for span in s)):
                raise Undecided(f"{n.name}: what is inside it overlaps: this checker does not decide that")
    return out


def same_value(a: Any, b: Any) -> bool:
    """Whether two JSON values are equal, kinds included (1 is not true), 60 and 60.0 being one number."""
    if isinstance(a, bool) or isinstance(b, bool):
        return a is b
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(same_value(a[k], b[k]) for k in a)
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(same_value(x, y) for x, y in zip(a, b))  # noqa: B905
    if isinstance(a, (int, float)) and isinstance(b, (int, float)):
        return a == b
    return type(a) is type(b) and bool(a == b)
