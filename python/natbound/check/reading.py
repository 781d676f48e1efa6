"""Reading what a certificate says: every value is looked at before it is used, and a wrong one is a reason to reject."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from typing import Any

from .sets import IPV4, PORTS, Rejected, Set, minus, size, spend, union


def need(condition: object, reason: str) -> None:
    """Reject unless the condition holds."""
    if not condition:
        raise Rejected(reason)


def short(value: object) -> str:
    """A value as it is shown in a reason."""
    text = value if isinstance(value, str) else repr(value) if isinstance(value, (float, bool)) else type(value).__name__
    return text if len(text) <= 60 else text[:57] + "..."


def get(value: Any, key: str, where: str) -> Any:
    """A member that must be there."""
    need(isinstance(value, dict), f"{where}: an object is wanted")
    need(key in value, f"{where}: {key} is missing")
    return value[key]


def known_keys(value: Any, keys: str, where: str) -> dict[str, Any]:
    """An object with no other keys than these: what this checker does not know might change the meaning."""
    if not isinstance(value, dict):
        raise Rejected(f"{where}: an object is wanted")
    unknown = sorted(str(k) for k in set(value) - set(keys.split()))
    need(not unknown, f"{where}: {', '.join(unknown)[:60]} is not known to this checker")
    return value


def entries(value: Any, where: str) -> list[Any]:
    """A list."""
    if not isinstance(value, list):
        raise Rejected(f"{where}: a list is wanted")
    return value


def word(value: Any, where: str) -> str:
    """A text."""
    if not isinstance(value, str):
        raise Rejected(f"{where}: text is wanted")
    return value


def flag(value: Any, where: str) -> bool:
    """True or false."""
    if not isinstance(value, bool):
        raise Rejected(f"{where}: true or false is wanted")
    return value


def count(value: Any, where: str) -> int:
    """A count: a whole number >= 0, or the same as a decimal string."""
    if isinstance(value, str) and re.fullmatch(r"[0-9]{1,80}", value):
        return int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 10**80:
        raise Rejected(f"{where}: a count is wanted, not {short(value)}")
    return value


def address(text: Any, where: str) -> int:
    """One address on the common axis."""
    text = word(text, where).strip(" ")
    try:
        need("%" not in text, f"{where}: {short(text)} is not an address")
        parsed = ipaddress.ip_address(text)
    except ValueError:
        raise Rejected(f"{where}: {short(text)} is not an address") from None
    return int(parsed) + (IPV4 if parsed.version == 4 else 0)


def _address_spans(value: Any, where: str) -> Set:
    text = word(value, where).strip(" ")
    if "/" in text:
        base, _, digits = text.partition("/")
        lo = address(base, where)
        width = 32 if lo >> 32 == 0xFFFF else 128
        need(
            re.fullmatch(r"[0-9]{1,3}", digits) and int(digits) <= width,
            f"{where}: {short(text)} is not a prefix",
        )
        mask = (1 << (width - int(digits))) - 1
        need(lo & mask == 0, f"{where}: {short(text)} has bits set below its length")
        return ((lo, lo | mask),)
    first, dash, last = text.partition("-")
    lo = address(first, where)
    hi = address(last, where) if dash else lo
    need(
        lo <= hi and (lo >> 32 == 0xFFFF) == (hi >> 32 == 0xFFFF),
        f"{where}: {short(text)} is not a range of addresses",
    )
    return ((lo, hi),)


def _port_spans(value: Any, where: str) -> Set:
    """A port, a range, or every so manieth port of one."""
    if type(value) is int and 0 <= value < PORTS:
        value = str(value)
    text = word(value, where)
    found = re.fullmatch(r" *([0-9]{1,5}) *(?:- *([0-9]{1,5}) *(?:/ *([0-9]{1,5}) *)?)?", text)
    if not found:
        raise Rejected(f"{where}: {short(text)} is not a range of ports")
    lo, hi, step = int(found[1]), int(found[2] or found[1]), int(found[3] or 1)
    need(lo <= hi < PORTS and step > 0, f"{where}: {short(text)} is not a range of ports")
    if step == 1:
        return ((lo, hi),)
    spend((hi - lo) // step + 1)
    return tuple((p, p) for p in range(lo, hi + 1, step))


def _set(value: Any, where: str, span: Callable[[Any, str], Set], depth: int = 0) -> Set:
    need(depth < 8, f"{where}: nested too deeply")
    if isinstance(value, dict):
        need(
            set(value) <= {"include", "minus"} and "include" in value,
            f"{where}: include and minus are wanted",
        )
        left = _set(value["include"], where, span, depth + 1)
        return minus(left, _set(value["minus"], where, span, depth + 1)) if "minus" in value else left
    if isinstance(value, str) and "," in value:
        value = value.split(",")
    if isinstance(value, list):
        parts = [_set(item, where, span, depth + 1) for item in value]
        out = union(s for p in parts for s in p)
        need(size(out) == sum(size(p) for p in parts), f"{where}: an element is named twice")
        return out
    return span(value, where)


def addresses(value: Any, where: str) -> Set:
    """A set of addresses; an empty one is refused."""
    out = _set(value, where, _address_spans)
    need(out, f"{where}: the set is empty")
    return out


def ports(value: Any, where: str) -> Set:
    """A set of ports; an empty one is refused."""
    out = _set(value, where, _port_spans)
    need(out, f"{where}: the set is empty")
    return out
