"""Certificates of small scenarios, made from brute force (oracle.py), to be checked and attacked."""

from __future__ import annotations

import itertools
import random
from typing import Any

from histories import fewest
from oracle import External, Flow, Router, World, best_assignment, listed_addresses, listed_ports, most, wrong_with

SCHEMA = "natbound.certificate/1"


def server_at(world: World, flow: Flow) -> str:
    """The server set that a flow goes to."""
    return next(
        v["name"] for v in world.servers.values()
        if v.get("protocol", "tcp") == flow[0] and flow[3] in listed_addresses(v["addresses"]) and flow[4] in listed_ports(v["ports"])
    )  # fmt: skip


def client_at(world: World, flow: Flow) -> str:
    """The client set that a flow comes from."""
    return next(n for n in world.clients if flow[1:3] in world.sockets(n))


def to_item(world: World, flow: Flow) -> dict[str, Any]:
    """A flow's destination as an item of `to`."""
    return {"server": server_at(world, flow), "addresses": [flow[3]], "ports": [str(flow[4])]}


def expanded(world: World, body: Any) -> list[tuple[Flow, str | None, External | None]]:
    """The connections that the blocks of a body of `fits` say, one by one."""
    out = []
    for block in body["blocks"]:
        source, via, first = block["from"], block.get("via"), int(block["from"].get("first", 0))
        addresses, ports = listed_addresses(source["addresses"]), listed_ports(source["ports"])
        to = [
            (world.servers[t["server"]].get("protocol", "tcp"), a, p)
            for t in block["to"] for a in listed_addresses(t["addresses"]) for p in listed_ports(t["ports"])
        ]  # fmt: skip
        for k in range(int(block["count"])):
            row, column = divmod(first + k, len(ports))
            port = ports[(int(source.get("shift", 0)) + column) % len(ports)]
            if block.get("spread"):
                dest, row = divmod(row, len(addresses))
                towards = [to[dest]]
            else:
                towards = to
            external, nat = None, None
            if via is not None:
                nat = via["nat"]
                pool = next(r for r in world.nats if r.name == nat).pool
                out_addresses, out_ports = listed_addresses(via["addresses"]), listed_ports(via["ports"])
                out_row, out_column = divmod(int(via.get("first", 0)) + k, len(out_ports))
                external = (pool.index(out_addresses[out_row]), out_ports[out_column])
                assert not block.get("preserve") or external[1] == port, "not preserved"
            out += [((t, addresses[row], port, d, q), nat, external) for t, d, q in towards]
    return out


def block(world: World, router: Router | None, flows: list[Flow], externals: list[External | None]) -> dict[str, Any] | None:
    """A block of units of one source address, one pool address and one set of destinations: flows of each unit are given in turn.

    None where some of them keep their ports and others are searched one.
    """
    ports = sorted({f[2] for f in flows})
    to: list[dict[str, Any]] = []
    for f in flows:
        if to_item(world, f) not in to:
            to.append(to_item(world, f))
    out: dict[str, Any] = {
        "to": to,
        "from": {"client": client_at(world, flows[0]), "addresses": [flows[0][1]], "ports": [str(p) for p in ports], "first": 0, "shift": 0},
        "count": len(ports), "preserve": False, "spread": False,
    }  # fmt: skip
    if router:
        chosen = sorted({e for e in externals if e is not None})
        out["via"] = {"nat": router.name, "addresses": [router.pool[chosen[0][0]]], "ports": [str(p) for _, p in chosen], "first": 0}
        out["preserve"] = [str(p) for p in ports] == out["via"]["ports"] and all(map(router.keeps, ports))
        searched = router.rounds and all(p in router.searched(q) for _, p in chosen for q in ports)
        return out if out["preserve"] or searched else None
    return out


def fits_body(world: World, rng: random.Random) -> dict[str, Any]:
    """A body of `fits` with a largest set of connections, its blocks joined as far as that stays right (or not, by chance)."""
    blocks: list[dict[str, Any]] = []
    live = 0
    for router in world.nats:
        given = best_assignment(router)
        live += len(given)
        units: dict[Any, list[Flow]] = {}
        for f, e in sorted(given.items(), key=str):
            units.setdefault((f[:3], e), []).append(f)
        runs: dict[Any, list[tuple[list[Flow], External]]] = {}
        for (source, e), flows in units.items():
            runs.setdefault((source[1], e[0], tuple(f[3:] for f in flows), source[0]), []).append((flows, e))
        for run in runs.values():
            joined = block(world, router, [f for flows, _ in run for f in flows], [e for _, e in run])
            if joined and rng.random() < 0.8 and wrong_with(world, expanded(world, {"blocks": [*blocks, joined]})) is None:
                blocks.append(joined)
            else:
                blocks += [b for flows, e in run if (b := block(world, router, flows, [e]))]
    for name in world.clients:
        if world.router_of(name) is None:
            c = world.clients[name]
            flows = world.flows(name)
            live += len(flows)
            to = [to_item(world, f) for f in flows if f[1:3] == flows[0][1:3]]
            sockets = len(world.sockets(name))
            blocks.append({"to": to, "from": {"client": name, "addresses": c["addresses"], "ports": c["ports"], "first": 0, "shift": 0},
                           "count": sockets, "preserve": False, "spread": False})  # fmt: skip
    return {"connections": live, "blocks": blocks}


def cut(nodes: dict[Any, set[External]]) -> tuple[set[Any], set[External], int]:
    """(the nodes of a Hall set, the endpoints open to them, the size of a largest matching), by augmenting paths."""
    held: dict[External, Any] = {}

    def place(n: Any, tried: set[External]) -> bool:
        for e in sorted(nodes[n]):
            if e not in tried:
                tried.add(e)
                if e not in held or place(held[e], tried):
                    held[e] = n
                    return True
        return False

    left = [n for n in nodes if not place(n, set())]
    closed, open_ = set(left), set()
    while left:
        n = left.pop()
        for e in nodes[n] - open_:
            open_.add(e)
            if held[e] not in closed:
                closed.add(held[e])
                left.append(held[e])
    return closed, open_, len(held)


def level(world: World, router: Router, nodes: dict[Any, list[Flow]], weight: int, apart: bool) -> dict[str, Any]:
    """A level over some mappings (each with its flows)."""
    closed, open_, size = cut({m: router.permitted(flows[0]) for m, flows in nodes.items()})

    def items(some: set[Any]) -> list[dict[str, Any]]:
        counted: dict[Any, list[Any]] = {}
        for m in some:
            counted.setdefault((nodes[m][0][:3][1:], tuple(str(to_item(world, f)) for f in nodes[m]) if apart else ()), []).append(m)
        joined: dict[Any, list[Any]] = {}
        for (socket, to), ms in sorted(counted.items(), key=str):
            joined.setdefault((client_at(world, nodes[ms[0]][0]), socket[0], to, len(ms)), []).append((socket[1], ms[0]))
        out = []
        for (client, address, _, n), found in joined.items():
            item = {"client": client, "addresses": [address], "ports": [str(p) for p, _ in found], "mappings": n}
            if apart:
                item["to"] = [to_item(world, f) for f in nodes[found[0][1]]]
            out.append(item)
        return out

    loose = set(nodes) - closed
    assert len(loose) + len(open_) == size
    by_rank: dict[int, list[str]] = {}
    for r, p in sorted(open_):
        by_rank.setdefault(r, []).append(str(p))
    return {"weight": weight, "closed": items(closed), "loose": items(loose), "at-most": size,
            "open": [{"addresses": [router.pool[r]], "ports": ports} for r, ports in by_rank.items()]}  # fmt: skip


def capped_item(world: World, router: Router) -> dict[str, Any]:
    """A NAT's item of does-not-fit where it has a quota: with the best set of client addresses counted by it."""
    everyone = sorted({f[1] for f in router.flows()})
    best: dict[str, Any] | None = None
    for some in (c for n in range(len(everyone) + 1) for c in itertools.combinations(everyone, n)):
        router.without = frozenset(some)
        item = nat_item(world, router)
        total = sum(g["at-most"] for g in item["groups"]) + router.quota * len(some)
        item["at-most"] = total if item["table"] is None else min(total, item["table"])
        if some:
            names = {n: [a for a in some if a in listed_addresses(world.clients[n]["addresses"])] for n in router.inside}
            item["quota"] = [{"client": n, "addresses": a} for n, a in names.items() if a]
        if best is None or item["at-most"] < best["at-most"]:
            best = item
    router.without = frozenset()
    assert best is not None
    return best


def nat_item(world: World, router: Router) -> dict[str, Any]:
    """A NAT's item of does-not-fit: a group for each clash-scope key, alike ones joined."""
    keys: dict[Any, list[Flow]] = {}
    for f in router.flows():
        keys.setdefault(router.key(f), []).append(f)
    groups: list[dict[str, Any]] = []
    pool = router.design.get("pool", {})
    apart = (
        pool.get("choice") == "hash"
        and pool.get("of") != "source"
        and router.scope.get("destination") == "none"
        and router.type in ("edm", "adm")
    )
    for flows in keys.values():
        mappings: dict[Any, list[Flow]] = {}
        for f in flows:
            mappings.setdefault(router.mapping(f), []).append(f)
        weights = sorted({len(fs) for fs in mappings.values()}, reverse=True)
        levels = [
            level(world, router, {m: fs for m, fs in mappings.items() if len(fs) >= w}, w - lighter, apart)
            for w, lighter in zip(weights, [*weights[1:], 0], strict=False)
        ]
        to = []
        for f in flows:
            if to_item(world, f) not in to:
                to.append(to_item(world, f))
        same = next((g for g in groups if g["levels"] == levels), None) if not apart else None
        if same:
            same["to"] += to
            same["keys"] += 1
        else:
            groups.append({"to": to, "keys": 1, "levels": levels})
    for g in groups:
        g["at-most"] = g["keys"] * sum(x["weight"] * x["at-most"] for x in g["levels"])
    total = sum(g["at-most"] for g in groups)
    limits = [x for x in (router.table, router.most_mappings if router.type == "edm" else None) if x is not None]
    table = min(limits) if limits else None
    return {"nat": router.name, "at-most": total if table is None else min(total, table), "table": table, "groups": groups}


def bound_body(world: World) -> dict[str, Any]:
    """A body of `does-not-fit`."""
    nats = [nat_item(world, r) if r.quota is None else capped_item(world, r) for r in world.nats]
    direct = []
    for name in world.clients:
        if world.router_of(name) is None:
            s, e = len(world.sockets(name)), len(world.reached(name))
            direct.append({"client": name, "sockets": s, "endpoints": e, "at-most": s * e})
    return {"at-most": sum(x["at-most"] for x in nats + direct), "nats": nats, "direct": direct}


def certificate(kind: str, scenario: Any, body: Any) -> dict[str, Any]:
    """A certificate of that kind."""
    return {"schema": SCHEMA, "kind": kind, "scenario": scenario, **body}


def maximum(scenario: Any, rng: random.Random) -> dict[str, Any]:
    """A certificate of kind maximum."""
    world = World(scenario)
    fits, bound = fits_body(world, rng), bound_body(world)
    assert fits["connections"] == most(world)
    if fits["connections"] < bound["at-most"]:  # mappings that several connections share: Hall sets with quotas are not exact
        assert any(r.quota is not None and r.type in ("eim", "adm") for r in world.nats)
        return certificate("bounds", scenario, {"fits": fits, "does-not-fit": bound})
    return certificate("maximum", scenario, {"connections": fits["connections"], "fits": fits, "does-not-fit": bound})


def step(world: World, verb: str, f: Flow, draws: list[int] | None = None) -> dict[str, Any]:
    """A step of a trace."""
    out: dict[str, Any] = {verb: {"client": client_at(world, f), "address": f[1], "ports": [str(f[2])]},
                           "to": {"address": f[3], "port": f[4], "protocol": f[0]}}  # fmt: skip
    if verb == "open":
        out["draws"], out["step"] = draws or [], [0] * len(draws or [])
    return out


def guaranteed(scenario: Any, rng: random.Random) -> dict[str, Any]:
    """A certificate of kind guaranteed."""
    world = World(scenario)
    found = [(fewest(r), r) for r in world.nats]
    failing = [(x, r) for x, r in found if x is not None]
    if not failing:
        best = maximum(scenario, rng)
        bound = {"reason": "nothing-fails", "why": "sockets", "maximum": {k: best[k] for k in ("connections", "fits", "does-not-fit")}}
        return certificate("guaranteed", scenario, {"connections": best["connections"], "lower-bound": bound})
    (live, steps, (flow, draws)), router = min(failing, key=lambda x: x[0][0])
    trace = [step(world, s[0], s[1], s[2] if s[0] == "open" else None) for s in steps]
    bound = (
        {"reason": "table", "limit": live} if live in (router.table, router.most_mappings) else {"reason": "sequence", "endpoints": live}
    )
    if live == router.quota and rng.random() < 0.8:
        bound = {"reason": "quota", "limit": live}
    return certificate("guaranteed", scenario, {
        "connections": live, "nat": router.name, "trace": trace, "failing": step(world, "open", flow, draws), "lower-bound": bound,
    })  # fmt: skip
