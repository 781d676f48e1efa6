"""The maximum of a small scenario by constraints: every mapping and external endpoint a variable, every rule a constraint, settled by CP-SAT or by
Z3. Slower than a flow, and fit for rules that no flow has. Other engines: they share nothing with natbound but the meaning of a scenario
(oracle.World)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from oracle import Router, World, listed_addresses, listed_ports


class Rules:
    """Yes-or-no variables, numbered; which imply which; and sums of some that are at most a number."""

    def __init__(self) -> None:
        self.variables = 0
        self.implied: list[tuple[int, int]] = []
        self.sums: list[tuple[list[int], int]] = []

    def new(self) -> int:
        """A variable."""
        self.variables += 1
        return self.variables - 1

    def implies(self, one: int, other: int) -> None:
        """Where one is, the other is."""
        self.implied.append((one, other))

    def at_most(self, some: Iterable[int], most: int) -> None:
        """No more of these than so many."""
        many = list(some)
        if len(many) > most:
            self.sums.append((many, most))


class _Written:
    """A NAT written out: which endpoint each mapping has, and which mapping uses it towards what."""

    def __init__(self, rules: Rules, router: Router) -> None:
        self.rules, self.router = rules, router
        self.chosen: dict[Any, dict[Any, int]] = {}  # by mapping and endpoint: that it has it
        self.used: dict[Any, dict[Any, int]] = {}  # by clash-scope key and endpoint, then mapping: that it uses it there
        self.live: list[tuple[Any, int]] = []  # flows as they come in, and their variables

    def carries(self, z: int, f: Any, e: Any) -> None:
        """Where z is, this flow has this endpoint."""
        m = self.router.mapping(f)
        here = self.chosen.setdefault(m, {})
        if e not in here:
            here[e] = self.rules.new()
        users = self.used.setdefault((self.router.key(f), e), {})
        if m not in users:
            users[m] = self.rules.new()
            self.rules.implies(users[m], here[e])
        self.rules.implies(z, users[m])
        self.live.append((f, z))

    def limits(self) -> None:
        """One endpoint a mapping, one mapping an endpoint and key, and the numbers that the NAT is given."""
        rules, router = self.rules, self.router
        for at in self.chosen.values():
            rules.at_most(at.values(), 1)
        for users in self.used.values():
            rules.at_most(users.values(), 1)
        if router.table is not None:
            rules.at_most((z for _, z in self.live), router.table)
        for protocol, most in router.of_protocol.items():
            rules.at_most((z for f, z in self.live if f[0] == protocol), most)
        if router.most_mappings is not None:
            rules.at_most((x for at in self.chosen.values() for x in at.values()), router.most_mappings)
        if router.most_subscribers is not None:
            served = {a: rules.new() for a in {f[1] for f, _ in self.live}}
            for f, z in self.live:
                rules.implies(z, served[f[1]])
            rules.at_most(served.values(), router.most_subscribers)
        if router.quota is not None:
            for a in {f[1] for f, _ in self.live}:
                rules.at_most((z for f, z in self.live if f[1] == a), router.quota)
        if router.paired:
            self._dealt(lambda e: e[0], 1)
        if router.contiguity == "require":
            self._beside()
        if router.sets:
            of = {e: i for i, some in enumerate(router.sets) for e in some}  # a set of one's own is no one else's anyway
            self._dealt(of.get, router.sets_each, alone=True)

    def _beside(self) -> None:
        """Of the mappings of source ports 2k and 2k + 1 one alone is there, or their endpoints are 2j and 2j + 1 of one address."""
        for (protocol, address, port), at in self.chosen.items():
            other = self.chosen.get((protocol, address, port ^ 1), {})
            for (rank, p), x in at.items():
                self.rules.at_most((x, *(y for e, y in other.items() if e != (rank, p ^ 1))), 1)

    def _dealt(self, part: Callable[[Any], Any], most: int, alone: bool = False) -> None:
        """Each client address has at most so many parts of the endpoints; `alone`: and no other has them."""
        has: dict[tuple[str, Any], int] = {}
        for m, at in self.chosen.items():
            for e, x in at.items():
                if part(e) is None:
                    continue
                owned = (m[1], part(e))
                if owned not in has:
                    has[owned] = self.rules.new()
                self.rules.implies(x, has[owned])
        for k, several in enumerate(({a for a, _ in has}, {b for _, b in has})):
            for one in several if k == 0 or alone else ():
                self.rules.at_most((x for owned, x in has.items() if owned[k] == one), most if k == 0 else 1)


def _ways(nats: list[_Written], name: str, f: Any) -> Iterator[tuple[Any, list[tuple[_Written, Any, Any]]]]:
    """Every way of a flow that comes from a client set or NAT: as it leaves, and each NAT with the flow as it enters and the endpoint it gets."""
    around = [n for n in nats if name in n.router.inside]
    if not around:
        yield f, []
    for n in around:
        for e in n.router.permitted(f):
            address = n.router.pool[e[0]] if n.router.translates else e[0]
            for end, more in _ways(nats, n.router.name, (f[0], address, e[1], *f[3:])):
                yield end, [(n, f, e), *more]


def rules_of(scenario: dict[str, Any], demand: dict[tuple[str, str], int] | None = None) -> tuple[Rules, list[int]]:
    """The rules, and the variables of which each is a live connection. With a demand (by client set and server set): of no pair more."""
    world = World(scenario)
    rules = Rules()
    written = [_Written(rules, r) for r in world.nats]
    live: dict[Any, list[tuple[Any, int]]] = {}  # by flow: where it comes from outside, and its variable; at most one of them
    owner: dict[Any, str] = {}
    for name in world.clients:
        for f in world.flows(name):
            owner[f] = name
            live[f] = []
            for end, ways in _ways(written, name, f):
                z = rules.new()
                live[f].append((end[1:3], z))
                for nat, flow, e in ways:
                    nat.carries(z, flow, e)
    for nat in written:
        nat.limits()
    tuples: dict[Any, list[int]] = {}
    for f, several in live.items():
        rules.at_most((z for _, z in several), 1)
        for at, z in several:
            tuples.setdefault((f[0], *f[3:], at), []).append(z)
    for several in tuples.values():  # whoever sends it: outside a tuple is one connection
        rules.at_most(several, 1)
    for v in world.servers.values():
        ports = listed_ports(v["ports"])
        here = [(f, at, z) for f, several in live.items() for at, z in several
                if f[0] == v.get("protocol", "tcp") and f[3] in listed_addresses(v["addresses"]) and f[4] in ports]  # fmt: skip
        if v.get("backends"):
            backends = len(listed_addresses(v["backends"]["addresses"])) * len(listed_ports(v["backends"]["ports"]))
            for source in {at for _, at, _ in here}:  # a backend tells its connections apart by where they come from
                rules.at_most((z for _, at, z in here if at == source), backends)
        limits = v.get("connection-limits") or {}
        for a in listed_addresses(v["addresses"]):
            if limits.get("limit-per-address") is not None:
                rules.at_most((z for f, _, z in here if f[3] == a), limits["limit-per-address"])
            for p in ports if limits.get("limit-per-endpoint") is not None else []:
                rules.at_most((z for f, _, z in here if f[3:] == (a, p)), limits["limit-per-endpoint"])
        for (client, server), most in (demand or {}).items():
            if server == v["name"]:
                rules.at_most((z for f, _, z in here if owner[f] == client), most)
    return rules, [z for several in live.values() for _, z in several]


def maximum(scenario: dict[str, Any], seconds: float = 20, demand: dict[tuple[str, str], int] | None = None) -> int | None:
    """The most connections, by CP-SAT; None where that does not settle it in time."""
    from ortools.sat.python import cp_model

    rules, live = rules_of(scenario, demand)
    model = cp_model.CpModel()
    x = [model.new_bool_var("") for _ in range(rules.variables)]
    for one, other in rules.implied:
        model.add_implication(x[one], x[other])
    for some, most in rules.sums:
        model.add(sum(x[i] for i in some) <= most)
    model.maximize(sum(x[i] for i in live))
    solver = cp_model.CpSolver()
    solver.parameters.max_time_in_seconds = seconds
    solver.parameters.num_workers = 1
    return round(solver.objective_value) if solver.solve(model) == cp_model.OPTIMAL else None


def by_z3(scenario: dict[str, Any], least: int, seconds: float = 20) -> tuple[bool | None, bool | None]:
    """Whether so many connections fit, and whether one more does, by Z3; None where that does not settle it in time."""
    import z3

    rules, live = rules_of(scenario)
    x = [z3.Bool(f"x{i}") for i in range(rules.variables)]
    solver = z3.Solver()
    solver.set(timeout=int(seconds * 1000))
    for one, other in rules.implied:
        solver.add(z3.Implies(x[one], x[other]))
    for some, most in rules.sums:
        solver.add(z3.PbLe([(x[i], 1) for i in some], most))
    verdicts: list[bool | None] = []
    for wanted in (least, least + 1):
        solver.push()
        solver.add(z3.PbGe([(x[i], 1) for i in live], wanted) if live else wanted <= 0)
        found = solver.check()
        verdicts.append(True if found == z3.sat else False if found == z3.unsat else None)
        solver.pop()
    return verdicts[0], verdicts[1]
