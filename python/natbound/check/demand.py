"""A demand: so many connections from each client set to each server set; and why it cannot be met."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

from .alone import alone, pairs_alone, read_pairs
from .cascade import at_stages
from .does_not_fit import check_does_not_fit, check_nat
from .gated import passes_gate
from .groups import check_group, heaviest_first
from .left import whole
from .limit import limit
from .needs import too_many_mappings
from .paired import too_few_bins
from .pool import Way
from .port_sets import too_few
from .quota import passes
from .reading import count, entries, get, known_keys, need, word
from .scenario import Nat, Scenario
from .server_limits import read_counted
from .servers import Dest
from .sets import covers, size, spend
from .subscribers import too_many_served

Demand = Counter[tuple[str, str]]


def read_demand(scenario: Scenario, value: Any) -> Demand:
    """A list of {from, to, connections}."""
    out: Demand = Counter()
    for i, item in enumerate(entries(value, "demand")):
        where = f"demand[{i}]"
        known_keys(item, "from to connections", where)
        pair = word(get(item, "from", where), where), word(get(item, "to", where), where)
        need(
            pair[0] in scenario.clients and not scenario.clients[pair[0]].inner and pair[1] in scenario.servers,
            f"{where}: a name that the scenario does not have",
        )
        need(pair not in out, f"{where}: a pair is named twice")
        out[pair] = count(get(item, "connections", where), where)
    return out


def _closed_demand(scenario: Scenario, nat: Nat, value: Any, demand: Demand, where: str) -> bool:
    """Whether the closed client sets of a group want more than is open to them there."""
    group, at_most = check_group(scenario, [Way(scenario, nat)], value, where, "demand")
    there = whole(group.dests)
    servers = [v.name for v in scenario.servers.values() if covers(there, Dest(v, v.addresses, v.ports).boxes)]
    wanted = 0
    for client in {i.client.name: i.client for i in group.items}.values():
        spend(len(group.items))
        mine = [i for i in group.items if i.client is client]
        full = all(i.addresses == client.addresses and i.ports == client.ports and not i.to for i in mine)
        need(full, f"{where}: the demand of {client.name} is of all its sockets")
        levels = {i.level for i in mine}
        heaviest = max(w[0][0] for w in heaviest_first(scenario, nat, client, group.dests))
        need(sum(group.weights[k] for k in levels) >= heaviest, f"{where}: {client.name} is in levels of too little weight")
        own = sum(demand[client.name, v] for v in servers)
        need(all(i.mappings == own for i in mine) and len(mine) == len(levels), f"{where}: {client.name} demands {own:,} there")
        wanted += own
    return wanted > at_most


def _pairs_through(scenario: Scenario, nat: Nat, item: Any, demand: Demand, where: str) -> bool:
    """Whether some pairs want more than the maximum of a NAT in a scenario in which their clients reach their servers alone."""
    way = Way(scenario, nat)
    shared = way.plan.mapping in ("eim", "eim-if-possible") and not way.plan.hash_source_only
    need(way.gives != "hashed" or not shared, f"{where}: the hash picks an address for other destinations too")
    pairs = read_pairs(scenario, item["pairs"], where)
    need(all(name in nat.inside for name, _ in pairs), f"{where}: a client that is not inside {nat.name}")
    bound = {k: v for k, v in item.items() if k != "pairs"}
    return sum(demand[pair] for pair in pairs) > check_nat(replace(scenario, clients=alone(scenario, pairs)), nat, bound, where)


def _all_ways(scenario: Scenario, body: Any, demand: Demand) -> bool:
    """Whether some pairs, or all, want more than the maximum of a scenario in which their clients reach their servers alone."""
    bound = {k: v for k, v in body.items() if k != "pairs"}
    if "pairs" not in body:
        return sum(n for pair, n in demand.items() if not scenario.clients[pair[0]].inner) > check_does_not_fit(scenario, bound)
    pairs = read_pairs(scenario, body["pairs"], "pairs")
    return sum(demand[pair] for pair in pairs) > check_does_not_fit(pairs_alone(scenario, pairs), bound)


def _by_one_way(scenario: Scenario, demand: Demand) -> Demand:
    """What must go through the one NAT that its clients are inside: who may take another need not send a NAT anything."""
    spend(len(demand) + sum(len(n.inside) for n in scenario.nats.values()))
    ways = Counter(name for n in scenario.nats.values() for name in n.inside)
    return Counter({pair: n for pair, n in demand.items() if ways[pair[0]] == 1})


def check_too_much(scenario: Scenario, body: Any, demand: Demand) -> None:
    """The demand passes what one table, one Hall set, or one client set's own sockets can carry."""
    demand = at_stages(scenario, demand)
    for (name, to), wanted in demand.items():
        client, server = scenario.clients[name], scenario.servers[to]
        if wanted > (client.sockets * size(server.addresses) * size(server.ports) if scenario.reached(client, server) else 0):
            return
    if "at-most" in body:
        need(_all_ways(scenario, body, demand), "as many fit as are wanted")
        return
    own = [pair for pair in demand if not scenario.clients[pair[0]].inner]
    counted = read_counted(scenario, body.get("servers", []), "servers")
    found = bool(counted) and sum(demand[pair] for pair in own if pair[1] in counted) > sum(counted.values())
    found = passes_gate(scenario, body.get("gates", []), Counter({p: demand[p] for p in own}), "gates") or found
    if "served" in body:
        found = too_many_served(scenario, body["served"], demand, "served") or found
    here = _by_one_way(scenario, demand)
    for i, item in enumerate(entries(body.get("nats", []), "nats")):
        where = f"nats[{i}]"
        known_keys(item, "nat at-most table quota backends subscribers paired groups pairs packing needs port-sets", where)
        name = word(get(item, "nat", where), where)
        need(name in scenario.nats, f"{where}: no NAT {name[:40]!r}")
        nat = scenario.nats[name]
        if nat.port_sets is not None:
            need(not {"pairs", "groups", "quota", "needs"} & item.keys(), f"{where}: {nat.name} deals out its ports in sets")
            found = too_few(scenario, nat, item.get("port-sets", []), here, where + ".port-sets") or found
        elif "pairs" in item:
            found = _pairs_through(scenario, nat, item, here, where) or found
            continue
        spend(len(demand))
        through = sum(n for (c, _), n in here.items() if c in nat.inside)
        found = found or any(through > most for most in limit(scenario, nat))
        if "needs" in item:
            found = too_many_mappings(scenario, nat, item["needs"], here, where + ".needs") or found
        if "packing" in item:
            found = too_few_bins(scenario, nat, item["packing"], here, where + ".packing") or found
        found = passes(scenario, nat, item.get("quota", []), here, where + ".quota") or found
        for j, g in enumerate(entries(item.get("groups", []), where)):
            found = _closed_demand(scenario, nat, g, here, f"{where}.groups[{j}]") or found
    need(found, "nothing in it is less than the demand")
