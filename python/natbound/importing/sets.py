"""Addresses and ports as the few words that a scenario uses for them."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv6Address, ip_address, summarize_address_range

# Where systems draw source ports from, narrowest first: IANA's range (RFC 6335: Windows, macOS), Linux's.
_HABITS = ((49152, 65535), (32768, 60999), (1024, 65535))


def address_words(addresses: Iterable[str]) -> list[str]:
    """Exactly these addresses: single ones, prefixes, and ranges `first-last`."""
    words = []
    by_version: dict[int, set[int]] = {4: set(), 6: set()}
    for address in map(ip_address, addresses):
        by_version[address.version].add(int(address))
    for version, kind in ((4, IPv4Address), (6, IPv6Address)):
        numbers = sorted(by_version[version])
        start = 0
        for i in range(1, len(numbers) + 1):
            if i == len(numbers) or numbers[i] != numbers[i - 1] + 1:
                words.append(range_word(str(kind(numbers[start])), str(kind(numbers[i - 1]))))
                start = i
    return words


def range_word(first: str, last: str) -> str:
    """One address, one prefix, or `first-last`."""
    if first == last:
        return first
    prefixes = list(summarize_address_range(ip_address(first), ip_address(last)))
    return str(prefixes[0]) if len(prefixes) == 1 else f"{first}-{last}"


def compact(words: list[str]) -> str | list[str]:
    """A list of one is written as that one."""
    return words[0] if len(words) == 1 else words


def source_ports(seen: set[int]) -> tuple[str, str]:
    """The range that the clients draw from, and why: the narrowest usual one that holds all ports seen."""
    low, high = min(seen), max(seen)
    why = f"{len(seen)} source ports were seen, from {low} to {high}"
    if len(seen) >= 20 and len({p % 2 for p in seen}) == 1:
        why += f", all {'odd' if low % 2 else 'even'}: such clients have half of the range"
    if low < 1024:
        return "1-65535", why
    if len(seen) >= 20:
        for first, last in _HABITS:
            if first <= low and high <= last:
                return f"{first}-{last}", why
    return "1024-65535", why
