"""Limits that are numbers of their own (tables, quotas, rates, what servers hold), each as a choice: raised, one refuses less."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from natbound.planning.cheapest import Ladder
from natbound.planning.choices import Choice, at_nat

# kind, what it refuses as, its field, the unit of its value, what it is called
OF_NATS = (
    ("table", ("connection-limits", "limit-per-instance"), "", "a flow table of {:,}"),
    ("table", ("mapping-limits", "limit-port-mappings"), "", "{:,} mappings"),
    ("quota", ("connection-limits", "limit-per-subscriber"), "", "a quota of {:,} a subscriber"),
    ("subscribers", ("mapping-limits", "limit-subscribers"), "", "{:,} subscribers"),
    ("rate", ("rate-limits", "connections"), "/s", "{:,} new connections/s"),
    ("packets", ("rate-limits", "packets"), "/s", "{:,} packets/s"),
)
OF_SERVERS = (("limit-per-endpoint", "endpoint"), ("limit-per-address", "address"))
KINDS = ("table", "quota", "subscribers", "rate", "packets", "servers")


def limits(canonical: Mapping[str, Any], price: Mapping[str, float]) -> list[Choice]:
    """Every limit of the NATs and the servers; `price` of one more, by KINDS."""
    out = []
    for i, nat in enumerate(canonical["nats"]):
        for kind, (group, key), unit, text in OF_NATS:
            given = (nat.get(group) or {}).get(key)
            if given is None:
                continue
            field = f"nats.{i}.{group}.{key}"
            make = _table(field, nat.get("memory") or {}) if key == "limit-per-instance" else _number(field, unit)
            out.append(_limit(kind, nat["name"], given, price[kind], make, text + at_nat(canonical, nat["name"])))
    for v, servers in enumerate(canonical["servers"]):
        for key, what in OF_SERVERS:
            given = (servers.get("connection-limits") or {}).get(key)
            if given is not None:
                text = "{:,} connections on each " + f"{what} of {servers['name']}"
                field = f"servers.{v}.connection-limits.{key}"
                out.append(_limit("servers", servers["name"], given, price["servers"], _number(field, ""), text))
    return out


def _limit(kind: str, where: str, given: Any, price: float, make: Callable[[int], tuple[str, ...]], text: str) -> Choice:
    """From what it is upwards; far enough that it refuses nothing."""
    now = math.floor(float(str(given).removesuffix("/s")))
    ladder = Ladder(now, max(1024 * now, 10**7), lambda n: price * (n - now), now + 1)
    return Choice(kind, where, now, ladder, lambda n: () if n == now else make(n), text.format, (kind,))


def _number(field: str, unit: str) -> Callable[[int], tuple[str, ...]]:
    return lambda n: (f"{field}={n}{unit}",)


def _table(field: str, memory: Mapping[str, Any]) -> Callable[[int], tuple[str, ...]]:
    """A table's size, with the memory for it where that is given."""
    total, each = memory.get("total"), memory.get("per-entry")
    if total is None or each is None:
        return _number(field, "")
    at = field.removesuffix("connection-limits.limit-per-instance")
    return lambda n: (f"{field}={n}", f"{at}memory.total={math.ceil(n * _bytes(each))}B")


def _bytes(text: str) -> float:
    for unit, size in (("KiB", 2**10), ("MiB", 2**20), ("GiB", 2**30), ("TiB", 2**40), ("B", 1)):  # as canonical scenarios have them
        if text.endswith(unit):
            return float(text.removesuffix(unit)) * size
    return float(text)
