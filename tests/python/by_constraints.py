"""The maximum of a small scenario by constraints: every mapping and external endpoint a variable, every rule a constraint, settled by CP-SAT or by
Z3. Slower than a flow, and fit for rules that no flow has. Other engines: they share nothing with natbound but the meaning of a scenario
(oracle.World)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from oracle import World, listed_addresses, listed_ports


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


def rules_of(scenario: dict[str, Any], demand: dict[tuple[str, str], int] | None = None) -> tuple[Rules, list[int]]:
    """The rules, and the variables of which each is a live connection. With a demand (by client set and server set): of no pair more."""
    world = World(scenario)
    rules = Rules()
    live: dict[Any, list[tuple[Any, int]]] = {}  # by flow: where it comes from outside, and its variable; at most one of them
    owner: dict[Any, str] = {}
    for name in world.clients:
        routed = not any(name in r.inside for r in world.nats)
        for f in world.flows(name):
            owner[f] = name
            live[f] = [(f[1:3], rules.new())] if routed else []
    for router in world.nats:
        mappings: dict[Any, list[Any]] = {}
        for f in router.flows():
            mappings.setdefault(router.mapping(f), []).append(f)
        users: dict[Any, list[int]] = {}  # by clash-scope key and endpoint: the mappings that use it there
        entries, mine = [], []
        for flows in mappings.values():
            at = {e: rules.new() for e in sorted({e for f in flows for e in router.permitted(f)})}
            rules.at_most(at.values(), 1)
            entries += list(at.values())
            for e, chosen in at.items():
                there = {k: rules.new() for k in {router.key(f) for f in flows}}
                for k, used in there.items():
                    rules.implies(used, chosen)
                    users.setdefault((k, e), []).append(used)
                for f in flows:
                    if e in router.permitted(f):
                        z = rules.new()
                        rules.implies(z, there[router.key(f)])
                        live[f].append(((router.pool[e[0]] if router.translates else e[0], e[1]), z))
                        mine.append((f, z))
        for several in users.values():
            rules.at_most(several, 1)
        if router.table is not None:
            rules.at_most((z for _, z in mine), router.table)
        if router.most_mappings is not None:
            rules.at_most(entries, router.most_mappings)
        if router.most_subscribers is not None:
            served = {a: rules.new() for a in {f[1] for f, _ in mine}}
            for f, z in mine:
                rules.implies(z, served[f[1]])
            rules.at_most(served.values(), router.most_subscribers)
        if router.quota is not None:
            for a in {f[1] for f, _ in mine}:
                rules.at_most((z for f, z in mine if f[1] == a), router.quota)
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
