"""Whether a search behind a NAT can fail, and with how many live flows at least.

Every flow whose search can fail at all has at least so many distinct endpoints to try (probes.py), each of which a live flow must hold. A
search cannot fail

- where, in one clash scope and on one way into the pool, there are no more sockets than the endpoints of any such search: those of others are
  then too few ("sockets");
- where every socket's own port is tried first and no two sockets there have the same one: then, by induction over the history, each flow sits
  on its own port, and a new flow's own is free ("preserved").

Both are decided for parts of the ports that never meet, and for each external address by itself where a known hash picks it. Where flows of
one source share an endpoint towards several destinations (eim, eim-if-possible), "preserved" must hold towards all of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from .keys import Key, keys_of, mapping_side, weights
from .pool import Way
from .probes_past_holes import fewest_past
from .scenario import Client, Nat, Scenario
from .servers import Dest
from .sets import Set, element, meet, size, spend, union, volume

Members = dict[str, int]  # client set -> how many of its addresses


@dataclass
class Part:
    """Source ports whose external ports never meet those of another part."""

    sources: Set
    onto: Set


def parts(nat: Nat) -> list[Part]:
    """The classes of ports, joined where they may use the same external port."""
    out: list[Part] = []
    for c in nat.plan.classes:
        new = Part(c.source, nat.plan.permitted(c.source))
        for old in [o for o in out if meet(o.onto, new.onto)]:
            out.remove(old)
            new = Part(union((*old.sources, *new.sources)), union((*old.onto, *new.onto)))
        out.append(new)
    return out


def members(scenario: Scenario, nat: Nat, way: Way, key: Key) -> Iterator[list[tuple[int | None, Members]]]:
    """For each way under the key: the client addresses that may hold endpoints there, by the external address that their searches start at."""
    spend(len(scenario.clients) * len(key.cells))
    inside = [c for c in scenario.inside(nat) if any(scenario.reached(c, cell.server) for cell in key.cells)]
    if way.starts != "hashed":
        yield [(0 if way.starts == "lowest" else None, {c.name: size(c.addresses) for c in inside})]
        return
    # never listed: there may be 2^64 of them, and the hashes are counted (sets.spend)
    each: Iterable[Set] = (((a, a),) for lo, hi in key.addresses for a in range(lo, hi + 1))
    if nat.plan.scope == "none" or nat.plan.hash_source_only or nat.plan.mapping in ("eim", "eim-if-possible"):
        each = [key.addresses]
    protocols = {cell.server.protocol for cell in key.cells}
    for towards in each:
        spend(1 + len(inside))
        found: dict[int, Members] = {}
        for c in inside:
            counted = way.sharing(c, protocols, towards)
            for lo, hi in c.addresses:
                for source in range(lo, hi + 1):
                    for rank in way.ranks(source, counted):
                        here = found.setdefault(rank, {})
                        here[c.name] = here.get(c.name, 0) + 1
        yield list(found.items())


def spans_keys(nat: Nat, dests: list[Dest]) -> bool:
    """Whether one mapping can carry flows under several clash-scope keys."""
    if nat.plan.mapping not in ("eim", "adm"):
        return False
    both = volume(mapping_side(nat.plan, dests, key=True, mapping=True))
    return both > volume(mapping_side(nat.plan, dests, mapping=True))


def least_of_search(scenario: Scenario, nat: Nat) -> int | None:
    """A lower bound of the live flows with which a search behind the NAT can fail; None: none ever does."""
    plan, way = nat.plan, Way(scenario, nat)
    shortest: dict[tuple[Set, Set, Set], int] = {}

    def on_one(client: Client, part: Part, kept: Set) -> int:
        """The fewest endpoints of a sequence of a flow of the client set from one of the part's ports, on one address."""
        key = (client.ports, part.sources, kept)
        if key not in shortest:
            shortest[key] = min(
                fewest_past(plan, c, own, kept) for c in plan.classes if (own := meet(meet(client.ports, c.source), part.sources))
            )
        return shortest[key]

    def shortest_of(client: Client, part: Part, rank: int | None, protocol: int) -> int:
        """The same over all addresses that it visits: the whole pool, the one of that rank, or any one. (Paired pooling: the one that its client has, or
        more.)"""
        among = nat.pool if plan.fallback or rank is None else ((element(nat.pool, rank),) * 2,)
        each = [(size(where), on_one(client, part, kept)) for where, kept in nat.holes.alike(protocol, among)]
        return sum(many * fewest for many, fewest in each) if plan.fallback and not plan.paired else min(fewest for _, fewest in each)

    def own(name: str, part: Part) -> Set:
        return meet(scenario.clients[name].ports, part.sources)

    def keeps(here: Members, key: Key, part: Part) -> bool:
        """Whether each socket has a port to itself there."""
        names = [n for n in here if own(n, part)]
        alone = all(here[n] == 1 and how_many(n, key) == 1 for n in names)
        spans = [s for n in names for s in own(n, part)]
        kept = union(s for h in nat.holes.of(key.cells[0].server.protocol) for s in h.ports)
        alone = alone and not meet(union(spans), kept)
        return alone and size(union(spans)) == sum(size(own(n, part)) for n in names) and meet(union(spans), plan.preserved) == union(spans)

    def how_many(name: str, key: Key) -> int:
        return sum(n for _, n in weights(scenario, plan, scenario.clients[name], key))

    def of_part(part: Part) -> int | None:
        best: int | None = None
        all_keep = True
        open_: list[tuple[Key, int | None, Members]] = []
        for key in keys:
            for ways in members(scenario, nat, way, key):
                kept = [keeps(here, key, part) for _, here in ways]
                all_keep = all_keep and all(kept)
                if plan.fallback:
                    merged: Members = {}
                    for _, here in ways:
                        merged.update({n: size(scenario.clients[n].addresses) for n in here})
                    ways, kept = [(None, merged)], [all(kept)]
                open_ += [(key, rank, here) for (rank, here), k in zip(ways, kept) if not (k and plan.mapping in ("edm", "adm"))]  # noqa: B905
        if all_keep:
            return None
        if overloaded and sum(size(own(c.name, part)) * size(c.addresses) for c in inside) > 1:
            best = 2  # a mapping made for one key may meet another's on the same endpoint under a second key
        for key, rank, here in open_:
            names = [n for n in here if own(n, part)]
            if not names:
                continue
            least = min(shortest_of(scenario.clients[n], part, rank, key.cells[0].server.protocol) for n in names)
            if sum(here[n] * size(own(n, part)) * how_many(n, key) for n in names) > least:
                best = least if best is None else min(best, least)
        return best

    keys = keys_of(plan, [Dest(v, v.addresses, v.ports) for v in scenario.servers.values()])
    inside = scenario.inside(nat)
    overloaded = any(spans_keys(nat, scenario.destinations(c)) for c in inside)
    found = [x for p in parts(nat) if (x := of_part(p)) is not None]
    return min(found) if found else None
