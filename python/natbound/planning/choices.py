"""What may be changed at a scenario's NATs and servers so that less is refused: each a ladder of levels, with the settings that make a level."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from natbound.errors import InputError
from natbound.planning import pools
from natbound.planning.cheapest import Ladder

MOST_ADDRESSES = 65536


@dataclass(frozen=True)
class Choice:
    """One thing: its `kind` is a price's name, `where` the NAT or server set, `refuses` the limits of which more of it is less (as
    `_core.Looks` names them)."""

    kind: str
    where: str
    now: int
    ladder: Ladder
    settings: Callable[[int], tuple[str, ...]]
    text: Callable[[int], str]  # what a level is, after "as it is"
    refuses: tuple[str, ...] = ("ports",)
    shown: Sequence[int] = field(default=())  # levels for the curve of what is carried
    addresses: Callable[[int], float] | None = None

    @property
    def name(self) -> str:
        return f"{self.kind} of {self.where}"


def at_nat(canonical: Mapping[str, Any], name: str) -> str:
    """Which NAT, where there are several."""
    return f" at {name}" if len(canonical["nats"]) > 1 else ""


def space(canonical: Mapping[str, Any], index: int, price: float, load: float) -> Choice:
    """More external endpoints for one NAT: addresses, or what takes addresses: a larger share of one, larger sets for subscribers."""
    nat = canonical["nats"][index]
    if (nat.get("port-set-restrict") or {}).get("psid-len") is not None:
        return _share_of_an_address(canonical, index, price)
    rule = nat.get("port-set") or {}
    if rule.get("deterministic") and not rule.get("dynamic"):
        return _sets_for_ever(canonical, index, price)
    pool = _Pool(canonical, index)
    least = _addresses_for_sets(canonical, index, int(rule["port-set-size"])) if rule.get("dynamic") else 1
    guess = math.ceil(load / 60000)
    shown, n = [], 1
    while n <= 16:
        if n >= least:
            shown.append(n)
        n = n + 1 if n < 4 else (n * 3 // 2 if len(shown) % 2 == 0 else n * 4 // 3)
    return Choice(
        "address",
        nat["name"],
        pool.now,
        Ladder(least, MOST_ADDRESSES, lambda n: price * max(0, n - pool.now), max(least, min(guess, MOST_ADDRESSES))),
        pool.settings,
        lambda n: f"{n:,} address{'es' if n != 1 else ''}{at_nat(canonical, nat['name'])}",
        ("ports", "blocks"),
        shown,
        float,
    )


class _Pool:
    """A NAT's addresses."""

    def __init__(self, canonical: Mapping[str, Any], index: int) -> None:
        self.index = index
        self.texts = canonical["nats"][index]["external-ip-address-pool"]
        self.taken = pools.others(dict(canonical), index)
        self.now = pools.count(self.texts)

    def settings(self, addresses: int) -> tuple[str, ...]:
        if addresses == self.now:
            return ()
        return (f"nats.{self.index}.external-ip-address-pool={json.dumps(pools.resized(self.texts, addresses, self.taken))}",)


def _share_of_an_address(canonical: Mapping[str, Any], index: int, price: float) -> Choice:
    """A port set of RFC 7597: a PSID of fewer bits is twice the share, of 0 bits the whole address; then further addresses."""
    nat = canonical["nats"][index]
    given = nat["port-set-restrict"]
    bits, psid, pool = int(given["psid-len"]), int(given["psid"]), _Pool(canonical, index)

    def size(level: int) -> float:
        return pool.now * 2.0 ** (level - bits) if level <= bits else float(pool.now + level - bits)

    def settings(level: int) -> tuple[str, ...]:
        left = max(bits - level, 0)
        if left == bits:
            return ()
        at = f"nats.{index}.port-set-restrict"
        return (f"{at}.psid-len={left}", f"{at}.psid={psid >> min(level, bits)}", *pool.settings(pool.now + max(level - bits, 0)))

    def text(level: int) -> str:
        if level < bits:
            return f"a PSID of {bits - level} bit{'s' if bits - level != 1 else ''}{at_nat(canonical, nat['name'])}"
        n = pool.now + level - bits
        return f"{n:,} whole address{'es' if n != 1 else ''}{at_nat(canonical, nat['name'])}"

    return Choice(
        "address",
        nat["name"],
        0,
        Ladder(0, bits + MOST_ADDRESSES - pool.now, lambda level: price * (size(level) - size(0)), 0),
        settings,
        text,
        ("ports",),
        range(bits + 1),
        size,
    )


def _sets_for_ever(canonical: Mapping[str, Any], index: int, price: float) -> Choice:
    """Sets of RFC 7422: larger ones, and as many addresses as it takes to give every subscriber one."""
    nat = canonical["nats"][index]
    pool = _Pool(canonical, index)
    now = int(nat["port-set"]["port-set-size"])

    def needed(size: int) -> int:
        return _addresses_for_sets(canonical, index, size)

    most = max(last - first + 1 for first, last in _runs(nat))
    return Choice(
        "address",
        nat["name"],
        now,
        Ladder(1, most, lambda size: price * max(0, needed(size) - pool.now), now),
        lambda size: (f"nats.{index}.port-set.port-set-size={size}", *pool.settings(needed(size))),
        lambda size: f"sets of {size:,} ports{at_nat(canonical, nat['name'])}",
        ("ports",),
        sorted({min(most, 2**k) for k in range(6, 13)} | {now}),
        lambda size: float(needed(size)),
    )


def _addresses_for_sets(canonical: Mapping[str, Any], index: int, size: int) -> int:
    """The fewest addresses that have a deterministic set of so many ports for each client address."""
    nat = canonical["nats"][index]
    clients = sum(pools.count(c["addresses"]) for c in canonical["clients"] if c["name"] in nat["inside"])
    dynamic = nat["port-set"].get("dynamic") or {}
    each = sum((last - first + 1) // size for first, last in _runs(nat)) - int(dynamic.get("address-pool-factor", 1) if dynamic else 0)
    return math.ceil(clients / each)


def _runs(nat: Mapping[str, Any]) -> list[tuple[int, int]]:
    """The ports that a NAT's sets are cut from, as runs."""
    given = nat.get("port-set-restrict")
    if given:
        return [(int(given["start-port-number"]), int(given["end-port-number"]))]
    sets = [pools.port_spans(part["ports"]) for part in nat["design"]["port-classes"]]
    return max(sets, key=lambda runs: sum(last - first + 1 for first, last in runs))


def ports(canonical: Mapping[str, Any], index: int, price: float, widest: tuple[int, int]) -> Choice | None:
    """More ports on each address of a NAT that is restricted to some: upwards first, then downwards, within `widest`."""
    nat = canonical["nats"][index]
    given = nat.get("port-set-restrict") or {}
    if given.get("start-port-number") is None:
        return None
    first, last = int(given["start-port-number"]), int(given["end-port-number"])
    now, above = last - first + 1, max(widest[1] - last, 0)
    most = now + above + max(first - widest[0], 0)

    def ends(ports: int) -> tuple[int, int]:
        more = ports - now
        return first - max(more - above, 0), last + min(more, above)

    def settings(ports: int) -> tuple[str, ...]:
        start, end = ends(ports)
        at = f"nats.{index}.port-set-restrict"
        return () if ports == now else (f"{at}.start-port-number={start}", f"{at}.end-port-number={end}")

    return Choice(
        "port",
        nat["name"],
        now,
        Ladder(now, most, lambda n: price * (n - now), now),
        settings,
        lambda n: f"ports {ends(n)[0]}-{ends(n)[1]} ({n:,} an address){at_nat(canonical, nat['name'])}",
    )


CAUSES = {"time-wait": "tcp-fin"}


def seconds_of(text: str) -> float:
    """Of a canonical time."""
    return float(str(text).removesuffix("s"))


def timer_of(nat: Mapping[str, Any], cause: str) -> float:
    """Seconds that the NAT keeps an entry after a close of that cause."""
    own = {**nat["design"].get("timers", {}), **nat.get("timers", {})}
    return seconds_of(own.get(cause, "0s"))


def timer(canonical: Mapping[str, Any], index: int, cause: str, shortest: float, longest: float, price: float) -> Choice | None:
    """An entry kept for less long after its connection's close, from `longest` in whole seconds down to `shortest`; None where it is as short
    already."""
    nat = canonical["nats"][index]
    now = timer_of(nat, cause)
    top = min(now, longest)
    if shortest >= top:
        return None
    steps = math.ceil(top - shortest)
    offset = 0 if top == now else 1  # level 0: as it is

    def seconds(level: int) -> float:
        return now if level == 0 else max(top - (level - offset), shortest)

    return Choice(
        "timers",
        nat["name"],
        0,
        Ladder(0, steps + offset, lambda level: price if level else 0.0, 0),
        lambda level: (f"nats.{index}.timers.{cause}={seconds(level):g}s",) if level else (),
        lambda level: f"{cause} {seconds(level):g} s{at_nat(canonical, nat['name'])}",
        ("ports", "table", "quota", "blocks"),
    )


def timers_given(canonical: Mapping[str, Any], timers: Mapping[str, tuple[float, float]]) -> dict[str, tuple[float, float]]:
    """By cause of close, checked: names that there are, times that grow, and traffic that they matter to."""
    out = {}
    for name, (shortest, longest) in timers.items():
        cause = CAUSES.get(name.replace("_", "-"), name.replace("_", "-"))
        if cause not in ("tcp-fin", "tcp-rst", "tcp-silence", "udp"):
            raise InputError(
                "no such timer", path="--timer", value=f"'{name}'", fix="there are tcp-fin (time_wait), tcp-rst, tcp-silence and udp"
            )
        if not (0 <= shortest <= longest < math.inf):
            raise InputError(
                "two times are wanted, the shorter first", path=f"--timer {name}", value=f"{shortest:g}s..{longest:g}s", fix="30s..120s"
            )
        out[cause] = (shortest, longest)
    if out and not any("life" in entry for entry in canonical["traffic"]):
        raise InputError(
            "the traffic gives whole holds, with every timer in them", path="--timer", fix="give traffic's life instead of its hold"
        )
    return out
