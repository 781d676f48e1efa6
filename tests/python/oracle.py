"""Brute force over small scenarios, for the tests of the checker: every socket, endpoint, draw and history is written out one by one.

It shares no code with natbound or its checker, knows no intervals and no bounds, and is slow: a few sockets, endpoints and destinations.
"""

from __future__ import annotations

import copy
import ipaddress
import itertools
from collections.abc import Callable
from typing import Any

Flow = tuple[str, str, int, str, int]  # protocol, source address and port, destination address and port
External = tuple[int, int]  # rank of the pool's address, port


def listed_addresses(value: Any) -> list[str]:
    """Every address of a set, ascending."""
    out = []
    for text in [value] if isinstance(value, str) else value:
        first, dash, last = text.partition("-")
        if "/" in text:
            out += list(ipaddress.ip_network(text))
        else:
            a, b = ipaddress.ip_address(first), ipaddress.ip_address(last if dash else first)
            out += [type(a)(n) for n in range(int(a), int(b) + 1)]
    return [str(a) for a in sorted(out, key=int)]


def listed_ports(value: Any) -> list[int]:
    """Every port of a set, ascending."""
    out = []
    for text in [value] if isinstance(value, str) else value:
        span, _, step = str(text).partition("/")
        first, dash, last = span.partition("-")
        out += range(int(first), int(last if dash else first) + 1, int(step or 1))
    return sorted(out)


def rotate(x: int, k: int) -> int:
    """Rotates 32 bits to the left."""
    return ((x << k) | (x >> (32 - k))) & 0xFFFFFFFF


def lookup3(k: list[int], seed: int) -> int:
    """Bob Jenkins' lookup3 for four words, line by line."""
    m = 0xFFFFFFFF
    a = b = c = (0xDEADBEEF + (4 << 2) + seed) & m
    a = (a + k[0]) & m
    b = (b + k[1]) & m
    c = (c + k[2]) & m
    a = (a - c) & m
    a ^= rotate(c, 4)
    c = (c + b) & m
    b = (b - a) & m
    b ^= rotate(a, 6)
    a = (a + c) & m
    c = (c - b) & m
    c ^= rotate(b, 8)
    b = (b + a) & m
    a = (a - c) & m
    a ^= rotate(c, 16)
    c = (c + b) & m
    b = (b - a) & m
    b ^= rotate(a, 19)
    a = (a + c) & m
    c = (c - b) & m
    c ^= rotate(b, 4)
    b = (b + a) & m
    a = (a + k[3]) & m
    c ^= b
    c = (c - rotate(b, 14)) & m
    a ^= c
    a = (a - rotate(c, 11)) & m
    b ^= a
    b = (b - rotate(a, 25)) & m
    c ^= b
    c = (c - rotate(b, 16)) & m
    a ^= c
    a = (a - rotate(c, 4)) & m
    b ^= a
    b = (b - rotate(a, 14)) & m
    c ^= b
    return (c - rotate(b, 24)) & m


def little(address: str) -> list[int]:
    """An address as four 32-bit words, as a little-endian machine reads network byte order."""
    raw = ipaddress.ip_address(address).packed.ljust(16, b"\0")
    return [int.from_bytes(raw[i : i + 4], "little") for i in range(0, 16, 4)]


class World:
    """A scenario written out."""

    def __init__(self, scenario: Any) -> None:
        self.known: dict[str, list[tuple[str, int]]] = {}
        self.clients = {c["name"]: c for c in scenario["clients"]}
        self.servers = {v["name"]: v for v in scenario["servers"]}
        self.pools = {n["name"]: n.get("external-ip-address-pool", []) for n in scenario.get("nats", [])}
        self.nats = [Router(n, self) for n in scenario.get("nats", [])]

    def addresses(self, name: str) -> list[str]:
        """Those of a client set, or that a NAT gives."""
        return listed_addresses(self.clients[name]["addresses"] if name in self.clients else self.pools[name])

    def nat(self, name: str) -> Router | None:
        """The NAT of this name."""
        return next((r for r in self.nats if r.name == name), None)

    def sockets(self, name: str) -> list[tuple[str, int]]:
        """All endpoints of a client set, or that a NAT gives."""
        if name not in self.known:
            if (r := self.nat(name)) is not None:
                self.known[name] = sorted({(r.pool[e[0]] if r.translates else e[0], e[1]) for f in r.flows() for e in r.permitted(f)})  # type: ignore[type-var]
                return self.known[name]
            c = self.clients[name]
            self.known[name] = [(a, p) for a in listed_addresses(c["addresses"]) for p in listed_ports(c["ports"])]
        return self.known[name]

    def reached(self, name: str) -> list[tuple[str, str, int]]:
        """All (protocol, address, port) that a client set, or what is inside a NAT, reaches."""
        if (r := self.nat(name)) is not None:
            return sorted({to for n in r.inside for to in self.reached(n)})
        reaches = self.clients[name].get("reaches", [])
        return [
            (v.get("protocol", "tcp"), a, p)
            for v in self.servers.values() if not reaches or v["name"] in reaches
            for a in listed_addresses(v["addresses"]) for p in listed_ports(v["ports"])
        ]  # fmt: skip

    def flows(self, name: str) -> list[Flow]:
        """All connections that a client set could ever have."""
        return [(t, a, p, d, q) for a, p in self.sockets(name) for t, d, q in self.reached(name)]

    def router_of(self, name: str) -> Router | None:
        """The NAT that it is inside."""
        return next((r for r in self.nats if name in r.inside), None)


class Router:
    """A NAT written out."""

    def __init__(self, nat: Any, world: World) -> None:
        self.world, self.name, self.inside = world, nat["name"], nat["inside"]
        self.translates = nat.get("translates", True)
        self.pool = listed_addresses(nat["external-ip-address-pool"]) if self.translates else []
        d = copy.deepcopy(nat["design"])
        restrict = nat.get("port-set-restrict")
        if restrict:
            d = patched(d, d.get("when-restricted", {}))
        self.design = d
        self.classes = [(set(listed_ports(c.get("source", "0-65535"))), listed_ports(c["ports"])) for c in d["port-classes"]]
        if restrict:
            given = restricted_to(restrict)
            self.classes = [(set(range(65536)), given)]
        self.quota = nat.get("connection-limits", {}).get("limit-per-subscriber")
        # Limits on what passes it: of which flows, and how many (of firewalls around it).
        self.gates: list[tuple[Callable[[Flow], bool], int]] = []
        self.without: frozenset[str] = frozenset()  # client addresses that are looked away from
        self.table = nat.get("connection-limits", {}).get("limit-per-instance")
        self.of_protocol = {p["protocol-id"]: p["limit"] for p in nat.get("connection-limits", {}).get("limit-per-protocol") or []}
        self.most_mappings = nat.get("mapping-limits", {}).get("limit-port-mappings")
        self.most_subscribers = nat.get("mapping-limits", {}).get("limit-subscribers")
        self.kept = [
            (m.get("transport-protocol"), listed_addresses(m.get("external-src-address") or nat["external-ip-address-pool"]),
             listed_ports(m["external-src-port"]))
            for m in nat.get("static-mappings") or []
        ]  # fmt: skip
        self.sets: list[list[External]] = []  # that are dealt out to client addresses, and how many each may have
        self.sets_each = 0
        self.own_set: dict[str, list[External]] = {}
        if "port-set" in nat:
            self.sets, self.sets_each = sets_of(nat), nat["port-set"].get("port-sets-per-subscriber", 1)
            if nat["port-set"].get("deterministic"):
                own, self.sets = (self.sets, []) if not nat["port-set"].get("dynamic") else parted_sets(nat)
                self.sets_each = (nat["port-set"].get("dynamic") or {}).get("port-sets-per-subscriber", 1)
                who = (a for n in self.inside for a in world.addresses(n))
                self.own_set = dict(zip(who, own, strict=False))
        self.paired = d.get("pool", {}).get("paired", False)
        self.type = d.get("mapping-type", "edm") if self.translates else "edm"
        self.scope = d.get("clash-scope", {}) if self.translates else {}
        self.rounds = d.get("search", {}).get("rounds", [])
        self.contiguity = d.get("port-contiguity", "none")
        self.given: dict[Flow, set[External]] = {}

    def keeps_for_good(self, protocol: str, e: External) -> bool:
        """Whether a static mapping holds the endpoint, for flows of this protocol."""
        by_protocol = self.scope.get("protocol", True)
        return any(
            (t is None or t == protocol or not by_protocol) and self.pool[e[0]] in addresses and e[1] in ports
            for t, addresses, ports in self.kept
        )

    def flows(self) -> list[Flow]:
        """All connections through it."""
        return [f for name in self.inside for f in self.world.flows(name) if f[1] not in self.without]

    def searched(self, port: int) -> list[int]:
        """The class of a source port, or its ports of the same parity."""
        found = next(ports for source, ports in self.classes if port in source)
        return [p for p in found if p % 2 == port % 2] if self.design.get("port-parity-preservation") else found

    def keeps(self, port: int) -> bool:
        """Whether a source port is first tried as it is."""
        first = self.design.get("first-choice", "none")
        return first == "preserve-any" or (first == "preserve" and port in self.searched(port))

    def key(self, f: Flow) -> tuple[Any, ...]:
        """The clash-scope key."""
        there = {"none": (), "address": (f[3],), "endpoint": (f[3], f[4])}[self.scope.get("destination", "endpoint")]
        return (f[0] if self.scope.get("protocol", True) else None, *there)

    def mapping(self, f: Flow) -> tuple[Any, ...]:
        """The mapping that carries a flow."""
        return {"eim": f[:3], "adm": f[:4]}.get(self.type, f)

    def all_beside(self, at: dict[Any, External | None]) -> bool:
        """Whether, where contiguity is required, mappings of source ports 2k and 2k + 1 are at 2j and 2j + 1 of one address."""
        if self.contiguity != "require":
            return True
        others = ((e, at.get((*m[:2], m[2] ^ 1))) for m, e in at.items() if e is not None)
        return all(o is None or o == (e[0], e[1] ^ 1) for e, o in others)

    def hashed(self, source: str, destination: str) -> int | None:
        """The rank of the pool's address that is fixed for a flow, if it is."""
        pool, n = self.design.get("pool", {}), len(self.pool)
        choice = pool.get("choice", "first")
        if n == 1 or choice == "first":
            return 0
        if choice != "hash" or pool.get("hash") == "unknown":
            return None
        if pool["hash"] == "jhash2":
            v6 = ":" in destination
            seed = 0 if pool.get("of") == "source" else little(destination)[3 if v6 else 0]
            return lookup3(little(source), seed) * n >> 32
        s = little(source)[0]
        return ((s + (s >> 8) + (s >> 16) + (s >> 24)) % 2**32 % n + n - 1) % n

    def permitted(self, f: Flow) -> set[External]:
        """All external endpoints that a flow may ever be given: by a search of its own, or by a mapping of its source that it shares."""
        if not self.translates:
            return {(f[1], f[2])}  # type: ignore[arg-type]  # its own address stands for the pool's
        if self.sets or self.own_set:
            return {e for some in (self.own_set.get(f[1], []), *self.sets) for e in some if not self.keeps_for_good(f[0], e)}
        if f in self.given:
            return self.given[f]
        ranks: set[int] = set()
        alike = [f]
        if self.type in ("eim", "eim-if-possible"):
            name = next(n for n in self.inside if f[1:3] in self.world.sockets(n))
            alike = [(f[0], f[1], f[2], d, q) for t, d, q in self.world.reached(name) if t == f[0]]
        for g in alike:
            rank = self.hashed(g[1], g[3])
            ranks |= set(range(len(self.pool))) if rank is None or self.design.get("pool", {}).get("fallback") else {rank}
        ports = set(self.searched(f[2])) if self.rounds else set()
        self.given[f] = {(r, p) for r in ranks for p in ports | ({f[2]} if self.keeps(f[2]) else set())
                         if not self.keeps_for_good(f[0], (r, p))}  # fmt: skip
        return self.given[f]


def restricted_to(restrict: Any) -> list[int]:
    """The ports of a range, or of a PSID (RFC 7597: so many bits that are not 0, then the PSID)."""
    if "psid-len" not in restrict:
        return list(range(restrict["start-port-number"], restrict["end-port-number"] + 1))
    before, wide = restrict.get("psid-offset", 6), restrict["psid-len"]
    return [p for p in range(65536) if (before == 0 or p >> 16 - before) and (p >> 16 - before - wide) % 2**wide == restrict["psid"]]


def sets_of(nat: Any) -> list[list[External]]:
    """All port sets of a NAT in order: by address, then port."""
    if "port-set-restrict" in nat:
        ports = restricted_to(nat["port-set-restrict"])
    else:
        ports = max((listed_ports(c["ports"]) for c in nat["design"]["port-classes"]), key=len)
    wide, firsts = nat["port-set"]["port-set-size"], []
    while ports:
        run = next((k for k in range(len(ports)) if ports[k] != ports[0] + k), len(ports))
        firsts += range(ports[0], ports[0] + run - wide + 1, wide)
        ports = ports[run:]
    ranks = range(len(listed_addresses(nat["external-ip-address-pool"])))
    return [[(rank, p) for p in range(low, low + wide)] for rank in ranks for low in firsts]


def parted_sets(nat: Any) -> tuple[list[list[External]], list[list[External]]]:
    """RFC 7422, 2: the deterministic sets but the last D of each address; and all other ports, consecutive ones of an address taken together."""
    dynamic, blocks = nat["port-set"]["dynamic"], sets_of(nat)
    kept = []
    for rank in sorted({b[0][0] for b in blocks}):
        here = [b for b in blocks if b[0][0] == rank]
        kept += here[: len(here) - dynamic.get("address-pool-factor", 1)]
    taken = {end for b in kept for end in b}
    more: list[list[External]] = []
    for (end,) in sets_of({**nat, "port-set": {"port-set-size": 1}}):  # every permitted port
        last = more[-1] if more else []
        if end in taken:
            continue
        if last and len(last) < dynamic["port-set-size"] and last[-1] == (end[0], end[1] - 1):
            last.append(end)
        else:
            more.append([end])
    return kept, [b for b in more if len(b) == dynamic["port-set-size"]]


def patched(target: Any, patch: Any) -> Any:
    """RFC 7396."""
    if not isinstance(patch, dict):
        return patch
    out = dict(target) if isinstance(target, dict) else {}
    for k, v in patch.items():
        if v is None:
            out.pop(k, None)
        else:
            out[k] = patched(out.get(k), v)
    return out


# ---- what is possible at one moment


def matching(flows: list[Flow], router: Router) -> dict[Flow, External]:
    """As many flows as possible, each on an endpoint of its own within its clash-scope key (augmenting paths)."""
    held: dict[tuple[Any, External], Flow] = {}

    def place(f: Flow, tried: set[Any]) -> bool:
        for e in sorted(router.permitted(f)):
            slot = (router.key(f), e)
            if slot in tried:
                continue
            tried.add(slot)
            if slot not in held or place(held[slot], tried):
                held[slot] = f
                return True
        return False

    for f in flows:
        place(f, set())
    return {f: slot[1] for slot, f in held.items()}


def pushed(room: dict[Any, dict[Any, int]]) -> bool:
    """One unit more from "source" to "sink", where what is left of the arcs has a path for it."""
    came: dict[Any, Any] = {"source": None}
    todo = ["source"]
    while todo:
        at = todo.pop()
        for b, n in room.get(at, {}).items():
            if n > 0 and b not in came:
                came[b] = at
                todo.append(b)
    if "sink" not in came:
        return False
    at = "sink"
    while came[at] is not None:
        room[came[at]][at] -= 1
        room[at][came[at]] += 1
        at = came[at]
    return True


def within_quota(flows: list[Flow], router: Router) -> dict[Flow, External]:
    """As matching(), with no more than the quota of each client address (paths through the network written out, one unit each)."""
    room: dict[Any, dict[Any, int]] = {}
    for f in flows:
        for a, b, n in [("source", f[1], router.quota), (f[1], f, 1)]:
            room.setdefault(a, {})[b] = n
            room.setdefault(b, {}).setdefault(a, 0)
        for e in router.permitted(f):
            slot = (router.key(f), e)
            for a, b in [(f, slot), (slot, "sink")]:
                room.setdefault(a, {})[b] = 1
                room.setdefault(b, {}).setdefault(a, 0)
    while pushed(room):
        pass
    return {f: slot[1] for f in flows for slot in room[f] if isinstance(slot, tuple) and len(slot) == 2 and room[slot][f] == 1}


def best_assignment(router: Router) -> dict[Flow, External]:
    """A largest set of flows through a NAT that can be live together, limits included."""
    flows = router.flows()
    if router.type in ("edm", "eim-if-possible"):
        found = matching(flows, router) if router.quota is None else within_quota(flows, router)
        if router.most_mappings is not None:
            found = dict(list(found.items())[: router.most_mappings])
    else:
        found = {}
        mappings = sorted({router.mapping(f) for f in flows})
        carried = {m: [f for f in flows if router.mapping(f) == m] for m in mappings}
        options = [[None, *sorted(router.permitted(carried[m][0]))] for m in mappings]
        for given in itertools.product(*options):
            used = [m for m, e in zip(mappings, given, strict=False) if e is not None]
            if not router.all_beside(dict(zip(mappings, given, strict=False))):
                continue
            if router.most_mappings is not None and len(used) > router.most_mappings:
                continue
            groups: dict[Any, dict[Any, list[Flow]]] = {}
            for m, e in zip(mappings, given, strict=False):
                for f in carried[m] if e is not None else []:
                    groups.setdefault((router.key(f), e), {}).setdefault(m, []).append(f)
            here = {f: at[1] for at, by in groups.items() for f in max(by.values(), key=len)}
            if router.quota is not None:
                own: dict[str, list[Flow]] = {}
                for f in here:
                    own.setdefault(f[1], []).append(f)
                here = {f: here[f] for some in own.values() for f in some[: router.quota]}
            if len(here) > len(found):
                found = here
    return dict(list(found.items())[: router.table]) if router.table is not None else found


def most(world: World) -> int:
    """The maximum of a scenario."""
    routed = sum(len(world.flows(n)) for n in world.clients if world.router_of(n) is None)
    return routed + sum(len(best_assignment(r)) for r in world.nats)


def meets(world: World, demand: dict[tuple[str, str], int]) -> bool:
    """Whether so many connections of each (client set, server set) can be live together; edm and eim-if-possible alone (maximum flow)."""
    room: dict[Any, dict[Any, int]] = {}

    def edge(a: Any, b: Any, n: int) -> None:
        room.setdefault(a, {})[b] = n
        room.setdefault(b, {}).setdefault(a, 0)

    for (name, to), wanted in demand.items():
        router, v = world.router_of(name), world.servers[to]
        there = set(itertools.product([v.get("protocol", "tcp")], listed_addresses(v["addresses"]), listed_ports(v["ports"])))
        edge("source", (name, to), wanted)
        for f in world.flows(name):
            if (f[0], *f[3:]) not in there:
                continue
            edge((name, to), f, 1)
            if router is None:
                edge(f, "sink", 1)
                continue
            assert router.type in ("edm", "eim-if-possible")
            limits = [x for x in (router.table, router.most_mappings) if x is not None]
            for e in router.permitted(f):
                edge(f, ("slot", router.name, router.key(f), e), 1)
                edge(("slot", router.name, router.key(f), e), ("table", router.name), 1)
            edge(("table", router.name), "sink", min(limits, default=10**9))

    return sum(1 for _ in iter(lambda: pushed(room), False)) == sum(demand.values())


def wrong_with(world: World, live: list[tuple[Flow, str | None, External | None]]) -> str | None:
    """Why these flows, each with its NAT and its external endpoint, can't be live together; None: they can."""
    if len({f for f, _, _ in live}) != len(live):
        return "twice"
    for f, nat, _ in live:
        owner = next((n for n in world.clients if f[1:3] in world.sockets(n)), None)
        if owner is None or f not in world.flows(owner):
            return "no such flow"
        router = world.router_of(owner)
        if (router.name if router else None) != nat:
            return "another way out"
    for router in world.nats:
        mine = [(f, e) for f, n, e in live if n == router.name]
        at: dict[Any, Any] = {}
        by: dict[Any, Any] = {}
        for f, e in mine:
            if e not in router.permitted(f):
                return "not permitted"
            if router.type in ("eim", "adm") and at.setdefault(router.mapping(f), e) != e:
                return "a mapping with two endpoints"
            if by.setdefault((router.key(f), e), router.mapping(f)) != router.mapping(f):
                return "clash"
        if not router.all_beside(at):
            return "apart"
        if router.table is not None and len(mine) > router.table:
            return "table"
        own = [f[1] for f, _ in mine]
        if router.quota is not None and any(own.count(a) > router.quota for a in set(own)):
            return "quota"
        entries = {router.mapping(f) for f, e in mine}
        if router.most_mappings is not None and len(entries) > router.most_mappings:
            return "mappings"
    return None
