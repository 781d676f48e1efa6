"""fits: these connections can be live together.

Everything is decided on whole ranges: a union of boxes that is smaller than the sum of its parts shows that something occurs twice. Only
where blocks meet that a mapping may share are connections looked at one by one.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from .blocks import Block, read_block, some_dests
from .clash import clusters, once_outside
from .gated import within_gates
from .keys import mapping_side
from .paired import one_address
from .partners import together
from .pool import Way
from .port_set_blocks import in_sets
from .port_sets import check_dealt, check_demand
from .quota import within_quota
from .reading import count, entries, get, need
from .scenario import Nat, Scenario
from .server_limits import limits, within_backends, within_limits
from .servers import Dest
from .sets import Set, Undecided, boxes, element, meet, part, size, spend, total, union, volume, within
from .subscribers import within_subscribers

MOST_ALONE = 1_000_000  # connections looked at one by one


def permitted(scenario: Scenario, block: Block, way: Way, where: str) -> None:
    """Every connection's external endpoint may be given to it."""
    assert block.nat is not None
    plan = block.nat.plan
    if not block.nat.translates:
        return  # each keeps its own endpoint: read_block
    pieces = list(block.pieces())
    used = union(s for _, rects, _ in pieces for _, p in rects for s in p)
    on = union(s for _, _, rects in pieces for _, p in rects for s in p)
    if block.preserve:
        n = size(block.ports)
        need(block.via[1] == block.ports, f"{where}: a preserved port is another one outside")
        need(
            (block.shift + block.first) % n == block.via[2] % n,
            f"{where}: a preserved port is another one outside",
        )
        need(within(used, plan.preserved), f"{where}: ports that {plan.name or 'the design'} does not preserve")
    else:
        need(
            within(on, plan.permitted_to_all(used)),
            f"{where}: external ports that the search does not give to these source ports",
        )
    for dests, _, rects in pieces if block.nat.holes.each else ():
        given_out = [box for r in rects for box in boxes(*r)]
        for protocol in {d.server.protocol for d in dests}:
            kept = block.nat.holes.boxes(protocol)
            need(volume(given_out + kept) == volume(given_out) + volume(kept), f"{where}: endpoints that static mappings keep")
    if way.gives == "any" or block.nat.port_sets is not None:  # a set says on which address it is
        return
    if way.gives == "lowest":
        given = union(s for _, _, rects in pieces for a, _ in rects for s in a)
        need(given == part(block.nat.pool, 0, 1), f"{where}: the pool's first address alone is given")
        return
    towards = [(d.server.protocol, lo, hi, size(d.ports)) for d in block.dests for lo, hi in d.addresses]
    shared = plan.hash_source_only or plan.mapping in ("eim", "eim-if-possible")
    for dest, row, out in block.rows():
        pool_rank = rank_in(block.nat.pool, element(block.via[0], out))
        source = element(block.addresses, row)
        spend(len(towards))
        here = [element_of(towards, dest)] if block.spread else [(p, lo, hi) for p, lo, hi, _ in towards]
        for protocol, lo, hi in here:
            if not shared:
                spend(hi - lo + 1)
                good = all(way.rank(source, to) == pool_rank for to in range(lo, hi + 1))
            else:
                good = pool_rank in way.ranks(source, way.sharing(block.client, [protocol], ((lo, hi),)))
            need(good, f"{where}: the hash picks another address of the pool")


def rank_in(s: Set, value: int) -> int:
    """The rank of an element that is in the set."""
    return size(meet(s, ((0, value),))) - 1


def element_of(towards: list[tuple[int, int, int, int]], rank: int) -> tuple[int, int, int]:
    """Protocol and address (twice) of the destination endpoint of that rank."""
    for protocol, lo, hi, n in towards:
        if rank < (hi - lo + 1) * n:
            return protocol, lo + rank // n, lo + rank // n
        rank -= (hi - lo + 1) * n
    raise AssertionError


def one_by_one(nat: Nat, blocks: list[Block]) -> None:
    """The same as apart(), connection by connection."""
    plan = nat.plan
    if sum(b.connections for b in blocks) > MOST_ALONE:
        raise Undecided("blocks that share mappings, with more connections than this checker looks at one by one (1,000,000)")
    holder: dict[tuple[int, ...], tuple[int, ...]] = {}
    outside: dict[tuple[int, ...], tuple[int, ...]] = {}
    for block in blocks:
        for dest, row, port, out_row, out_port in block.units():
            source = element(block.addresses, row), element(block.ports, port)
            at = element(block.via[0], out_row), element(block.via[1], out_port)
            spend(8 if block.spread else 8 * block.endpoints)
            for d in some_dests(block.dests, dest, 1) if block.spread else block.dests:
                for to in (a for lo, hi in d.addresses for a in range(lo, hi + 1)):
                    for to_port in (p for lo, hi in d.ports for p in range(lo, hi + 1)):
                        mapping = (d.server.protocol, *source, to if plan.mapping == "adm" else -1)
                        key = (
                            d.server.protocol if plan.scope_protocol else -1,
                            to if plan.scope != "none" else -1,
                            to_port if plan.scope == "endpoint" else -1,
                        )
                        need(outside.setdefault(mapping, at) == at, f"{nat.name}: one mapping has two external endpoints")
                        need(holder.setdefault((*key, *at), mapping) == mapping, f"{nat.name}: an external endpoint is used twice")


def apart(nat: Nat, blocks: list[Block]) -> int:
    """A mapping has one external endpoint, and no two share a clash-scope key and an external endpoint. Returns the number of mappings, at most."""
    plan = nat.plan
    shared = plan.mapping in ("eim", "adm")
    meeting = False
    mappings = 0
    made = [b.sources(lambda ds: mapping_side(plan, ds, mapping=True)) for b in blocks]
    if shared:
        mappings = volume([box for here in made for box in here])
        meeting = mappings != sum(map(volume, made)) or any(b.spread and volume(m) != b.count for b, m in zip(blocks, made))  # noqa: B905
    else:
        mappings = sum(b.connections for b in blocks)
    for b in blocks:
        both = volume(mapping_side(plan, b.dests, key=True, mapping=True))
        if not b.spread:
            once = volume(mapping_side(plan, b.dests, key=True)) == both
            need(once, f"{nat.name}: an external endpoint would carry several mappings of one clash-scope key")
    taken = [b.carriers(lambda ds: mapping_side(plan, ds, key=True)) for b in blocks]
    if volume([box for here in taken for box in here]) != sum(map(volume, taken)):
        need(shared, f"{nat.name}: an external endpoint is used twice in one clash scope")
        meeting = True
    if meeting:
        one_by_one(nat, blocks)
    return mappings


def counted_alone(scenario: Scenario, nat: Nat, blocks: list[Block]) -> None:
    """Connections that are counted (`port-sets`) are not seen by what looks at blocks: nothing else may have to do with them."""
    need(not blocks, f"{nat.name}: blocks beside connections that are counted")
    need(not nat.holes.each, f"{nat.name}: static mappings, which those who count do not see")
    need(
        nat.name not in scenario.clients and not nat.inside & scenario.nats.keys(), f"{nat.name}: in a cascade connections are not counted"
    )
    with_it = next(some for some in clusters(scenario) if any(w.name == nat.name for w in some))
    need(len(with_it) == 1, f"{nat.name}: shares clients or endpoints, so that connections are not counted")


def check_fits(scenario: Scenario, body: Any, demand: Counter[tuple[str, str]] | None = None) -> int:
    """Returns how many connections fit; rejects a body that does not show it."""
    said = count(get(body, "connections", "fits"), "connections")
    stages = [
        (f"blocks[{i}]", b)
        for i, v in enumerate(entries(get(body, "blocks", "fits"), "blocks"))
        for b in read_block(scenario, v, f"blocks[{i}]")
    ]
    dealt = [
        check_dealt(scenario, v, demand is not None, f"port-sets[{i}]")
        for i, v in enumerate(entries(body.get("port-sets", []), "port-sets"))
    ]
    need(len({nat.name for nat, _, _ in dealt}) == len(dealt), "port-sets: a NAT occurs twice")
    for nat, _, _ in dealt:
        counted_alone(scenario, nat, [b for _, b in stages if b.nat is nat])
    blocks = [b for _, b in stages if not b.client.inner]
    there = sum(b.connections for b in blocks) + sum(many for _, many, _ in dealt)
    need(there == said, f"the blocks carry {there:,} connections and not {said:,}")

    def whole(dests: list[Dest]) -> list[Any]:
        return [box for d in dests for box in d.boxes]

    boxes = [box for b in blocks for box in b.sources(whole)]
    need(total(boxes) == volume(boxes), "a connection occurs twice")
    for nat in scenario.nats.values():
        spend(len(stages))
        mine = [b for _, b in stages if b.nat is nat]
        way = Way(scenario, nat)
        for where, b in stages:
            if b.nat is nat:
                permitted(scenario, b, way, where)
        mappings = apart(nat, mine) if nat.translates else 0
        if nat.port_sets is not None:
            in_sets(scenario, nat, mine)
        within_quota(nat, mine)
        within_subscribers(nat, mine)
        one_address(nat, mine)
        together(nat, mine)
        live = sum(b.connections for b in mine)
        need(nat.table is None or live <= nat.table, f"{nat.name}: {live:,} connections pass the table's {nat.table}")
        need(nat.mappings is None or mappings <= nat.mappings, f"{nat.name}: {mappings:,} mappings pass the limit")
    counted = [g for g in scenario.gates if demand is None or g.ways is not None]
    within_gates(counted, blocks, [(nat, many) for nat, many, _ in dealt])
    if demand is not None:
        for gate in (g for g in scenario.gates if g.ways is None):
            wanted = sum(n for (c, v), n in demand.items() if gate.counts(c, scenario.servers[v].protocol))
            need(wanted <= gate.most, f"{gate.name}: {wanted:,} connections pass its limit of {gate.most:,}")
    within_limits(scenario, blocks)
    if dealt and any(map(limits, scenario.servers.values())):
        raise Undecided("ports dealt out in sets, and servers with limits: this checker does not decide both")
    last = [b for _, b in stages if b.nat is None or b.nat.name not in scenario.clients]
    once_outside(scenario, last)
    within_backends(scenario, last)
    if demand is not None:
        carried: Counter[tuple[str, str]] = Counter()
        for b in blocks:
            for dests, rects, _ in b.pieces():
                for d in dests:
                    carried[b.client.name, d.server.name] += d.size * sum(size(a) * size(p) for a, p in rects)
        through = {name for nat, _, _ in dealt for name in nat.inside}
        for nat, many, items in dealt:
            check_demand(scenario, nat, many, items, demand)
        spend(len(demand) * (1 + len(through)))
        need(
            +carried == Counter({p: n for p, n in demand.items() if n and p[0] not in through}),
            "the blocks carry other numbers than the demand",
        )
    return said
