"""A NAT's pool with more or fewer addresses."""

from __future__ import annotations

import functools
import ipaddress
from typing import Any

from natbound.errors import InputError

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def spans(texts: list[str]) -> list[tuple[Address, Address]]:
    """The ranges of a canonical address set, as first and last."""
    return [_span(text) for text in texts]


@functools.lru_cache(maxsize=65536)
def _span(text: str) -> tuple[Address, Address]:
    if "/" in text:
        network = ipaddress.ip_network(text)
        return network[0], network[-1]
    first, _, last = text.partition("-")
    return ipaddress.ip_address(first), ipaddress.ip_address(last or first)


def port_spans(texts: list[str]) -> list[tuple[int, int]]:
    """The runs of a canonical port set, as first and last: "1024-1030/2" is every second port."""
    out = []
    for text in texts:
        span, _, step = str(text).partition("/")
        first, _, last = span.partition("-")
        low, high = int(first), int(last or first)
        out += [(p, p) for p in range(low, high + 1, int(step))] if step else [(low, high)]
    return out


def count(texts: list[str]) -> int:
    """How many addresses the set has."""
    return sum(int(last) - int(first) + 1 for first, last in spans(texts))


def resized(texts: list[str], size: int, taken: list[str]) -> list[str]:
    """The first `size` addresses of the pool; what it lacks follows its last one, around those that are taken by others."""
    out, left = [], size
    pool = spans(texts)
    for first, last in pool:
        here = min(left, int(last) - int(first) + 1)
        if here > 0:
            out.append(_text(first, here))
        left -= here
    family = type(pool[-1][1])
    at, end = int(pool[-1][1]), 2 ** pool[-1][1].max_prefixlen
    for first, last in (*_sorted(tuple(taken), pool[-1][1].version), (end, end)):
        here = min(left, first - at - 1)
        if here > 0:
            out.append(_text(family(at + 1), here))
            left -= here
        if left <= 0:
            return out
        at = max(at, last)
    raise InputError("no more addresses follow the pool", value=str(family(end - 1)), fix="give the NAT a pool with room after it")


@functools.lru_cache(maxsize=256)
def _sorted(texts: tuple[str, ...], version: int) -> tuple[tuple[int, int], ...]:
    """The ranges of one family by their first address: of as many NATs as there are, for each number that is tried."""
    return tuple(sorted((int(a), int(b)) for a, b in spans(list(texts)) if a.version == version))


def room(texts: list[str], taken: list[str]) -> int:
    """How many addresses `resized` can add: those after the pool's last one that nobody has, up to 2^32."""
    last = spans(texts)[-1][1]
    at, left = int(last) + 1, 0
    for first, end in _sorted(tuple(taken), last.version):
        left += max(0, first - at)
        at = max(at, end + 1)
    return min(2**32, left + (1 << last.max_prefixlen) - at)


def meet(a: list[str], b: list[str]) -> bool:
    """Whether two address sets have an address in common."""
    pairs = ((x, y) for x in spans(a) for y in spans(b) if x[0].version == y[0].version)
    return any(int(first) <= int(y[1]) and int(y[0]) <= int(last) for (first, last), y in pairs)


def nat_of(canonical: dict[str, Any], name: str | None) -> int:
    """The index of the NAT of that name; the only one where none is named."""
    nats = canonical.get("nats", [])
    names = [n["name"] for n in nats]
    if name is None and len(names) == 1:
        return 0
    if name in names:
        return names.index(name)
    if not names:
        raise InputError("the scenario has no NAT to size", path="nats", fix="add one, or ask natbound capacity")
    rule = "which NAT?" if name is None else "no NAT has that name"
    raise InputError(rule, path="--nat", value="" if name is None else f"'{name}'", fix=f"there are {', '.join(names)}")


def others(canonical: dict[str, Any], nat: int) -> list[str]:
    """Addresses that the NAT's pool may not grow into."""
    out = [a for part in ("clients", "servers") for item in canonical[part] for a in item["addresses"]]
    return out + [a for i, n in enumerate(canonical["nats"]) if i != nat for a in n.get("external-ip-address-pool", [])]


def _text(first: Address, length: int) -> str:
    return str(first) if length == 1 else f"{first}-{first + (length - 1)}"
