"""Limits of a NAT or firewall as a certificate's scenario has them: entries, mappings, subscribers, protocols, and memory for the entries."""

from __future__ import annotations

from typing import Any

from .holes import PROTOCOLS
from .reading import count, entries, get, known_keys, need, word


def read_limit(value: Any, key: str, where: str, others: str = "") -> int | None:
    known_keys(value, f"{key} {others}", where)
    if value.get(key) is None:
        return None
    out = count(value[key], f"{where}.{key}")
    need(out > 0, f"{where}.{key}: a limit of 0 admits nothing")
    return out


def read_protocols(limits: Any, where: str) -> tuple[tuple[int, int], ...]:
    """Limits of one protocol each."""
    out: dict[int, int] = {}
    for i, item in enumerate(entries(limits.get("limit-per-protocol") or [], where)):
        here = f"{where}.limit-per-protocol[{i}]"
        known_keys(item, "protocol-id limit", here)
        protocol, most = word(get(item, "protocol-id", here), here), count(get(item, "limit", here), here)
        need(protocol in PROTOCOLS and PROTOCOLS.index(protocol) not in out and most > 0, f"{here}: no limit of one protocol")
        out[PROTOCOLS.index(protocol)] = most
    return tuple(out.items())


def check_memory(value: Any, limits: Any, where: str) -> None:
    """The flow table has no more entries than memory for them."""
    known_keys(value, "total per-entry", where)
    sizes = {"TiB": 1 << 40, "GiB": 1 << 30, "MiB": 1 << 20, "KiB": 1 << 10, "B": 1}

    def bytes_of(key: str) -> int:
        text = word(get(value, key, where), where)
        unit = next((u for u in sizes if text.endswith(u) and text[: -len(u)].isdecimal()), None)
        need(unit is not None and text.isascii(), f"{where}.{key}: not a size in canonical form")
        return int(text[: -len(str(unit))]) * sizes[str(unit)]

    if value.get("total") is not None:
        each = bytes_of("per-entry")
        need(each > 0, f"{where}.per-entry: 0")
        room = bytes_of("total") // each
        need(count(get(limits, "limit-per-instance", where), where) <= room, f"{where}: room for {room} entries only")
