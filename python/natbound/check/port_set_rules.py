"""port-set: how a NAT cuts its ports into sets, and whose a set is (docs/formats.md, docs/certificates.md)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

from .reading import count, entries, flag, get, known_keys, need, ports
from .sets import PORTS, Set, Undecided, size


class Dynamic(NamedTuple):
    """Beside deterministic sets, those that any client address may take: numbered like PortSets'."""

    size: int
    each: int  # the most of one client address, its own set not among them
    firsts: tuple[int, ...]


@dataclass(frozen=True)
class PortSets:
    """The sets of one NAT. Set number i lies on the pool's address of rank i div |firsts|, its lowest port is firsts[i mod |firsts|]."""

    size: int
    each: int  # the most sets of one client address
    deterministic: bool  # client address number i has set number i, counted in this order of client sets
    order: tuple[str, ...]
    firsts: tuple[int, ...]
    more: Dynamic | None = None

    def ports(self, sets: int) -> int:
        """The ports of a client address with so many sets, its own (where sets are deterministic) the first."""
        if self.more is None or sets == 0:
            return sets * self.size
        return self.size + (sets - 1) * self.more.size


def ports_to_cut(design: Any, restrict: Set | None, where: str) -> Set:
    """The ports that are cut into sets: those of the operator, else the widest range of the design."""
    if restrict is not None:
        return restrict
    classes = [ports(get(c, "ports", where), where) for c in entries(get(design, "port-classes", where), where)]
    need(classes, f"{where}: no ports")
    return max(classes, key=size)


def read_port_sets(value: Any, cut: Set, inside: list[str], where: str) -> PortSets:
    """Reads `port-set`."""
    known_keys(value, "port-set-size port-sets-per-subscriber deterministic dynamic", where)
    wide = count(get(value, "port-set-size", where), where)
    each = count(value.get("port-sets-per-subscriber", 1), where)
    need(0 < wide < PORTS and each > 0, f"{where}: a size of 0 or more than the ports, or no sets for anyone")
    firsts = tuple(lo for first, last in cut for lo in range(first, last - wide + 2, wide))
    deterministic = flag(value.get("deterministic", False), where)
    need(each <= len(firsts), f"{where}: one address has {len(firsts):,} sets")
    need(each == 1 or not deterministic, f"{where}: deterministic sets are one a subscriber")
    if len(set(inside)) != len(inside):
        raise Undecided(f"{where}: a client set is named twice")
    more = None
    if value.get("dynamic") is not None:
        need(deterministic, f"{where}: dynamic sets beside none that are deterministic")
        firsts, more = _read_dynamic(value["dynamic"], cut, firsts, wide, where + ".dynamic")
    return PortSets(wide, each, deterministic, tuple(inside), firsts, more)


def _read_dynamic(value: Any, cut: Set, firsts: tuple[int, ...], wide: int, where: str) -> tuple[tuple[int, ...], Dynamic]:
    """The deterministic sets that the dynamic part leaves on an address, and that part: all other permitted ports, cut run by run."""
    known_keys(value, "address-pool-factor port-set-size port-sets-per-subscriber", where)
    factor = count(value.get("address-pool-factor", 1), where)
    small = count(get(value, "port-set-size", where), where)
    each = count(value.get("port-sets-per-subscriber", 1), where)
    need(0 < factor < len(firsts) and small > 0 and each > 0, f"{where}: no dynamic sets, or no others")
    kept = firsts[: len(firsts) - factor]
    found: list[int] = []
    for first, last in cut:
        mine = [lo for lo in kept if first <= lo <= last]  # from the run's lowest port on, without a gap
        found += range(mine[-1] + wide if mine else first, last - small + 2, small)
    need(found, f"{where}: no run of dynamic ports makes a set")
    return kept, Dynamic(small, each, tuple(found))
