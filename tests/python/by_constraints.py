"""The maximum of a small scenario by CP-SAT: every mapping and external endpoint a variable, every rule a constraint. Slower than a flow, and
fit for rules that no flow has. A second engine: it shares nothing with natbound but the meaning of a scenario (oracle.World)."""

from __future__ import annotations

from typing import Any

from oracle import World, listed_addresses, listed_ports
from ortools.sat.python import cp_model


def maximum(scenario: dict[str, Any], seconds: float = 20, demand: dict[tuple[str, str], int] | None = None) -> int | None:
    """The most connections; None where CP-SAT does not settle it in time. With a demand (by client set and server set): of no pair more."""
    world = World(scenario)
    model = cp_model.CpModel()
    live: dict[Any, list[Any]] = {}  # by flow: the variables of which one makes it live
    outside: dict[Any, list[Any]] = {}  # by flow: the same with the endpoint from which it comes outside
    owner: dict[Any, str] = {}
    for name in world.clients:
        routers = [r for r in world.nats if name in r.inside]
        for f in world.flows(name):
            owner[f] = name
            live[f] = [] if routers else [model.new_bool_var("")]
            outside[f] = [] if routers else [(f[1:3], live[f][0])]
    for router in world.nats:
        mappings: dict[Any, list[Any]] = {}
        for f in router.flows():
            mappings.setdefault(router.mapping(f), []).append(f)
        users: dict[Any, list[Any]] = {}  # by clash-scope key and endpoint: the mappings that use it there
        entries, mine = [], []
        for flows in mappings.values():
            at = {e: model.new_bool_var("") for e in sorted({e for f in flows for e in router.permitted(f)})}
            model.add_at_most_one(at.values())
            entries += list(at.values())
            for e, chosen in at.items():
                there = {k: model.new_bool_var("") for k in {router.key(f) for f in flows}}
                for k, used in there.items():
                    model.add_implication(used, chosen)
                    users.setdefault((k, e), []).append(used)
                for f in flows:
                    if e in router.permitted(f):
                        z = model.new_bool_var("")
                        model.add_implication(z, there[router.key(f)])
                        live[f].append(z)
                        outside[f].append(((router.pool[e[0]] if router.translates else e[0], e[1]), z))
                        mine.append((f, z))
        for several in users.values():
            model.add_at_most_one(several)
        if router.table is not None:
            model.add(sum(z for _, z in mine) <= router.table)
        if router.most_mappings is not None:
            model.add(sum(entries) <= router.most_mappings)
        if router.most_subscribers is not None:
            served = {a: model.new_bool_var("") for a in {f[1] for f, _ in mine}}
            for f, z in mine:
                model.add_implication(z, served[f[1]])
            model.add(sum(served.values()) <= router.most_subscribers)
        if router.quota is not None:
            for a in {f[1] for f, _ in mine}:
                model.add(sum(z for f, z in mine if f[1] == a) <= router.quota)
    for several in live.values():
        if len(several) > 1:
            model.add_at_most_one(several)
    for v in world.servers.values():
        if v.get("backends"):
            backends = len(listed_addresses(v["backends"]["addresses"])) * len(listed_ports(v["backends"]["ports"]))
            endpoints = {(v.get("protocol", "tcp"), a, p) for a in listed_addresses(v["addresses"]) for p in listed_ports(v["ports"])}
            here = [x for f, several in outside.items() if (f[0], *f[3:]) in endpoints for x in several]
            for at in {at for at, _ in here}:  # a backend tells its connections apart by where they come from
                model.add(sum(z for other, z in here if other == at) <= backends)
        limits = v.get("connection-limits") or {}
        for a in listed_addresses(v["addresses"]):
            here = [(f, z) for f, several in live.items() if f[0] == v.get("protocol", "tcp") and f[3] == a for z in several]
            here = [(f, z) for f, z in here if f[4] in listed_ports(v["ports"])]
            if limits.get("limit-per-address") is not None:
                model.add(sum(z for _, z in here) <= limits["limit-per-address"])
            if limits.get("limit-per-endpoint") is not None:
                for p in listed_ports(v["ports"]):
                    model.add(sum(z for f, z in here if f[4] == p) <= limits["limit-per-endpoint"])
    if demand is not None:
        for (client, server), most in demand.items():
            v = world.servers[server]
            there = {(v.get("protocol", "tcp"), a, p) for a in listed_addresses(v["addresses"]) for p in listed_ports(v["ports"])}
            model.add(sum(z for f, zs in live.items() if owner[f] == client and (f[0], *f[3:]) in there for z in zs) <= most)
    model.maximize(sum(z for several in live.values() for z in several))
    solver = cp_model.CpSolver()
    solver.parameters.max_time_in_seconds = seconds
    solver.parameters.num_workers = 1
    return round(solver.objective_value) if solver.solve(model) == cp_model.OPTIMAL else None
