"""The way into a NAT's pool: which external addresses a flow may be given, with the named hashes computed from their definitions.

jhash2: Bob Jenkins' lookup3 over 32-bit words as Linux uses it (include/linux/jhash.h; nf_nat_core.c find_best_ips_proto): the four words of
the source address in network byte order read as little-endian numbers (IPv4: the first, the rest 0), seeded with the destination (IPv4:
its word, IPv6: its last word) or 0, scaled to the pool by the high half of the product. vpp-fold: the first such word plus itself shifted
right by 8, 16 and 24 bits, modulo the pool, less one (VPP nat44_ed_in2out.c keeps the last address of a walk that begins there).

Where one source's mapping is offered to its flows towards other destinations too (eim, eim-if-possible), a flow may be given any address that
the hash picks for that source and any destination that it reaches with the same protocol.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from .scenario import Client, Nat, Scenario
from .sets import Set, element, part, size, spend, union

Draw = Callable[[int], int]  # the next number, below a given one

M32 = 0xFFFFFFFF
HASH = 30  # small steps that one hash costs


def words(address: int) -> tuple[int, ...]:
    """An address as four little-endian words of network byte order; IPv4 fills the first."""
    raw = (address & M32).to_bytes(4, "big") + bytes(12) if address >> 32 == 0xFFFF else address.to_bytes(16, "big")
    return tuple(int.from_bytes(raw[i : i + 4], "little") for i in (0, 4, 8, 12))


def jhash2(key: tuple[int, ...], seed: int) -> int:
    """lookup3 over four words: the first three mixed, then the last added and all of it mixed once more."""
    v = [(0xDEADBEEF + 4 * len(key) + seed + k) & M32 for k in key[:3]]
    for i, by in enumerate((4, 6, 8, 16, 19, 4)):
        x, y, z = i % 3, (i + 1) % 3, (i + 2) % 3
        v[x] = ((v[x] - v[z]) & M32) ^ ((v[z] << by | v[z] >> (32 - by)) & M32)
        v[z] = (v[z] + v[y]) & M32
    v[0] = (v[0] + key[3]) & M32
    for i, by in enumerate((14, 11, 25, 16, 4, 14, 24)):
        x, z = (i + 2) % 3, (i + 1) % 3
        v[x] = ((v[x] ^ v[z]) - ((v[z] << by | v[z] >> (32 - by)) & M32)) & M32
    return v[2]


def hashed_rank(nat: Nat, source: int, destination: int) -> int:
    """The rank in the pool that the NAT's hash picks for a flow."""
    n = size(nat.pool)
    key = words(source)
    if nat.plan.hash == "jhash2":
        seed = 0 if nat.plan.hash_source_only else words(destination)[0 if destination >> 32 == 0xFFFF else 3]
        return jhash2(key, seed) * n >> 32
    s = key[0]
    fold = (s + (s >> 8) + (s >> 16) + (s >> 24)) & M32
    return (fold - 1) % n


class Way:
    """The way into one NAT's pool."""

    def __init__(self, scenario: Scenario, nat: Nat) -> None:
        self.scenario, self.nat, self.plan = scenario, nat, nat.plan
        self.seen: dict[tuple[int, int], int] = {}
        self.turn = 0  # searches that began in turn (round robin)
        # the rank where each search starts: 0, picked by a known hash, or anything (drawn, in turn, or a hash that nobody knows: any
        # function of the flow)
        self.starts = "any"
        if size(nat.pool) == 1 or self.plan.pool_choice == "first":
            self.starts = "lowest"
        elif self.plan.pool_choice == "hash" and self.plan.hash != "unknown" and size(nat.pool) <= M32:
            self.starts = "hashed"
        # what may be given in the end
        self.gives = "any" if self.plan.fallback else self.starts

    def start(self, source: int, destination: int, draw: Draw) -> int:
        """The rank where the next search begins."""
        if self.starts == "lowest":
            return 0
        if self.starts == "hashed":
            return self.rank(source, destination)
        if self.plan.pool_choice != "round-robin":
            return draw(size(self.nat.pool))
        self.turn += 1
        return (self.turn - 1) % size(self.nat.pool)

    def rank(self, source: int, destination: int) -> int:
        """As hashed_rank, remembered."""
        key = (source, 0 if self.plan.hash_source_only else destination)
        found = self.seen.get(key)
        if found is None:
            spend(HASH)
            found = self.seen[key] = hashed_rank(self.nat, *key)
        return found

    def sharing(self, client: Client, protocols: Iterable[int], towards: Set) -> Set:
        """The destination addresses whose hash counts: those towards which it is asked, or all that the source's mapping may come from."""
        if self.plan.hash_source_only:
            return ((0, 0),)
        if self.plan.mapping not in ("eim", "eim-if-possible"):
            return towards
        wanted = set(protocols)
        return union(s for d in self.scenario.destinations(client) if d.server.protocol in wanted for s in d.addresses)

    def ranks(self, source: int, towards: Set) -> set[int]:
        """The ranks that the hash picks for one source address towards these."""
        spend(size(towards))
        return {self.rank(source, to) for lo, hi in towards for to in range(lo, hi + 1)}

    def externals(self, client: Client, sources: Set, protocols: Iterable[int], towards: Set, enough: Set = ()) -> Set:
        """All external addresses that flows from these source addresses may be given, or the whole pool where that lies within `enough`."""
        if self.gives == "lowest":
            return part(self.nat.pool, 0, 1)
        if self.gives == "any" or (enough and size(union((*enough, *self.nat.pool))) == size(enough)):
            return self.nat.pool
        counted = self.sharing(client, protocols, towards)
        found: set[int] = set()
        for lo, hi in sources:
            for source in range(lo, hi + 1):
                found |= self.ranks(source, counted)
                if len(found) == size(self.nat.pool):
                    return self.nat.pool
        return union((a, a) for a in (element(self.nat.pool, r) for r in found))
