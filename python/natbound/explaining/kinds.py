"""What can be added to a scenario: so many further addresses, ports, port sets, table entries, destinations or client ports. Each kind is a value that
makes settings of a number, says how far it goes, and whether more of it can only help."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from natbound.explaining.entries import entries_of, told
from natbound.explaining.parts import parts_of
from natbound.planning import pools

if TYPE_CHECKING:
    from natbound.scenario import Scenario


@dataclass(frozen=True)
class Kind:
    """One thing of which there can be more."""

    what: str  # its price's name
    of: str  # the name of the NAT, client set or server set
    settings: Callable[[int], list[str]]
    words: Callable[[int], str]
    most: int  # more than so many can't be had
    monotone: bool = True  # every placing that was possible stays possible when there is more
    alike: bool = True  # further ones are like the first, so that the maximum is concave in their number
    amounts: Callable[[int], list[tuple[str, int]]] | None = None  # by prices' names, where not n of `what`
    which: str = ""  # of several of one name

    @property
    def key(self) -> tuple[str, str]:
        """What tells it from all others of the scenario."""
        return self.what, f"{self.of} {self.which}"

    def made_of(self, n: int) -> list[tuple[str, int]]:
        """How many of each price's name n of them are."""
        return [(self.what, n)] if self.amounts is None else self.amounts(n)

    def told(self, n: int) -> dict[str, Any]:
        """That it is n of this kind, and what else they are made of."""
        return told(self.made_of(n))

    def cost(self, price: Mapping[str, float], n: int) -> float:
        """Of n of them."""
        return sum(price[what] * many for what, many in self.made_of(n))


def kinds_of(scenario: Scenario, clients: set[str], servers: set[str]) -> Iterator[Kind]:
    """All of them, of every NAT and of these client and server sets."""
    canonical = scenario.canonical
    dealt = any(nat.get("port-set") for nat in canonical.get("nats", []))
    for kind in _of_all(scenario, canonical, as_given(scenario, clients), servers):
        yield _had(scenario, kind) if dealt else kind


def _had(scenario: Scenario, kind: Kind) -> Kind:
    """No more of it than the scenario may have: there are only so many port sets, for so many subscribers. Unchanged where not even one is."""

    def there(n: int) -> bool:
        return parts_of(scenario).changed(kind.settings(n)) is not None

    if there(kind.most) or not there(1):
        return kind
    low, high = 1, kind.most
    while high - low > 1:
        middle = min(2 * low, (low + high) // 2)  # few are parsed sooner than many
        low, high = (middle, high) if there(middle) else (low, middle)
    return replace(kind, most=low)


def _of_all(scenario: Scenario, canonical: dict[str, Any], clients: set[str], servers: set[str]) -> Iterator[Kind]:
    for i, nat in enumerate(canonical.get("nats", [])):
        if clients & parts_of(scenario).behind(i):
            if nat.get("translates") is not False:
                yield from _of_ports(canonical, i, nat)
            yield from _limits_of(scenario, i, nat)
    yield from of_servers(canonical, servers)
    for i, client in enumerate(canonical["clients"]):
        if client["name"] in clients:
            yield from _of_client(i, client)


def of_servers(canonical: dict[str, Any], servers: set[str]) -> Iterator[Kind]:
    """Those of server sets, which all parts of a network may have in common."""
    for i, server in enumerate(canonical["servers"]):
        if server["name"] in servers:
            yield from _of_server(canonical, i, server)


def as_given(scenario: Scenario, clients: set[str]) -> set[str]:
    """Client sets by the names that the scenario gives them: behind workers, questions are asked of "lan (router worker 0)", a part of lan."""
    given = scenario._core.given_names()
    return {given.get(name, name) for name in clients}


def plural(n: int, one: str, many: str = "") -> str:
    """1 address, 2 addresses."""
    return f"{n:,} more {one if n == 1 else many or one + 's'}"


def _of_ports(canonical: dict[str, Any], i: int, nat: dict[str, Any]) -> Iterator[Kind]:
    name, texts = nat["name"], nat["external-ip-address-pool"]
    size, taken = pools.count(texts), pools.others(canonical, i)
    room = pools.room(texts, taken)
    if room:
        yield Kind(
            "address", name,
            lambda n: [f"nats.{i}.external-ip-address-pool={json.dumps(pools.resized(texts, size + n, taken))}"],
            lambda n: f"{plural(n, 'public address', 'public addresses')} for {name}",
            room, monotone=not hashed(nat, 0), alike=not hashed(nat, 0),
        )  # fmt: skip
    base = _port_range(nat)
    if base is not None:
        first, last = base
        most = 65535 - last + first - 1
        if most > 0:
            yield Kind(
                "port", name,
                lambda n: [f"nats.{i}.port-set-restrict={json.dumps(dict(zip(('start-port-number', 'end-port-number'), wider(first, last, n), strict=True)))}"],
                lambda n: f"{plural(n, 'port')} an address of {name}: {'-'.join(map(str, wider(first, last, n)))}",
                most, alike=_ports_alike(canonical, i, nat),
            )  # fmt: skip
    yield from _sharing(i, nat)
    yield from _port_sets(i, nat)


def _sharing(i: int, nat: dict[str, Any]) -> Iterator[Kind]:
    """A PSID that fewer customers share an address by: each bit less doubles the ports."""
    restrict = nat.get("port-set-restrict") or {}
    bits, psid = restrict.get("psid-len", 0), restrict.get("psid", 0)
    if bits:
        yield Kind(
            "sharing", nat["name"],
            lambda n: [f"nats.{i}.port-set-restrict={json.dumps({**restrict, 'psid-len': bits - n, 'psid': psid >> n})}"],
            lambda n: f"a PSID of {bits - n} bits in {nat['name']}: {2 ** (bits - n):,} customers an address instead of {2**bits:,}",
            bits, alike=False,
        )  # fmt: skip


def _port_sets(i: int, nat: dict[str, Any]) -> Iterator[Kind]:
    """More sets for each subscriber, where sets are dealt out on demand (alone, or beside deterministic ones); where each has one for ever, a
    larger one. That can only help where nothing but the sets takes ports: a hole would fall into another one's set, a dynamic part shrink. The
    rule is written out whole."""
    rule = nat.get("port-set") or {}

    def setting(**changed_keys: Any) -> list[str]:
        return [f"nats.{i}.port-set={json.dumps({**rule, **changed_keys})}"]

    if rule.get("deterministic"):
        size = int(rule["port-set-size"])
        yield Kind(
            "port-set-size", nat["name"],
            lambda n: setting(**{"port-set-size": size + n}),
            lambda n: f"{plural(n, 'port')} for each subscriber of {nat['name']}: sets of {size + n:,}",
            65536 - size, monotone=not nat.get("static-mappings") and not rule.get("dynamic"), alike=False,
        )  # fmt: skip
    dynamic = rule.get("dynamic")
    if rule and (dynamic or not rule.get("deterministic")):
        each = "port-sets-per-subscriber"
        now = int((dynamic or rule).get(each, 1))
        yield Kind(
            "port-set", nat["name"],
            lambda n: setting(dynamic={**dynamic, each: now + n}) if dynamic else setting(**{each: now + n}),
            lambda n: f"{plural(n, 'port set')} for each subscriber of {nat['name']}: {now + n:,}",
            65536 - now, alike=False,
        )  # fmt: skip


def _limits_of(scenario: Scenario, i: int, nat: dict[str, Any]) -> Iterator[Kind]:
    for entries in entries_of(scenario, i, nat):
        if entries.most > 0:
            yield Kind(
                entries.what, nat["name"], entries.settings, entries.words, entries.most, amounts=entries.amounts, which=entries.protocol
            )
    for field, key, what, one, many in (
        ("connection-limits", "limit-per-subscriber", "quota", "connection a subscriber", "connections a subscriber"),
        ("mapping-limits", "limit-subscribers", "subscriber", "subscriber", "subscribers"),
    ):
        now = nat.get(field, {}).get(key)
        if now is not None:
            yield _limit(what, nat["name"], f"nats.{i}.{field}.{key}", int(now), one, many)


def _limit(what: str, name: str, path: str, now: int, one: str, many: str) -> Kind:
    return Kind(
        what, name,
        lambda n: [f"{path}={now + n}"],
        lambda n: f"{plural(n, one, many)} in {name}: {now + n:,}",
        2**63 - 1 - now, which=path.rsplit(".", 1)[1],
    )  # fmt: skip


def _of_server(canonical: dict[str, Any], i: int, server: dict[str, Any]) -> Iterator[Kind]:
    name, texts = server["name"], server["addresses"]
    taken = [a for n in canonical.get("nats", []) for a in n.get("external-ip-address-pool", [])] + [
        a for c in canonical["clients"] for a in c["addresses"]
    ]
    taken += [a for j, v in enumerate(canonical["servers"]) if j != i for a in v["addresses"]]
    size, room = pools.count(texts), pools.room(texts, taken)
    ports = sum(last - first + 1 for first, last in pools.port_spans(server["ports"]))
    for key, one in (("limit-per-endpoint", "endpoint"), ("limit-per-address", "address")):
        now = (server.get("connection-limits") or {}).get(key)
        if now is not None:
            path = f"servers.{i}.connection-limits.{key}"
            yield _limit("server", name, path, int(now), f"connection at each {one}", f"connections at each {one}")
    if server.get("backends"):
        behind = server["backends"]["addresses"]
        others = texts + [a for v in canonical["servers"] for a in v["addresses"]]
        if more := pools.room(behind, others):
            yield Kind(
                "backend", name,
                lambda n: [f"servers.{i}.backends.addresses={json.dumps(pools.resized(behind, pools.count(behind) + n, others))}"],
                lambda n: f"{plural(n, 'backend')} of {name}",
                more,
            )  # fmt: skip
    each = "" if ports == 1 else f" ({ports:,} endpoints each)"
    if room:
        yield Kind(
            "destination", name,
            lambda n: [f"servers.{i}.addresses={json.dumps(pools.resized(texts, size + n, taken))}"],
            lambda n: f"{plural(n, 'address', 'addresses')} of {name} as a destination{each}",
            room, alike=not any(hashed(n) or _carries_several(n) for n in canonical.get("nats", [])),
        )  # fmt: skip


def _of_client(i: int, client: dict[str, Any]) -> Iterator[Kind]:
    name = client["name"]
    if len(pools.port_spans(client["ports"])) != 1:
        return
    first, last = pools.port_spans(client["ports"])[0]
    most = 65535 - last + first - 1
    if most > 0:
        yield Kind(
            "client-port", name,
            lambda n: [f"clients.{i}.ports={'-'.join(map(str, wider(first, last, n)))}"],
            lambda n: f"{plural(n, 'port')} for each client of {name}: {'-'.join(map(str, wider(first, last, n)))}",
            most, alike=False,
        )  # fmt: skip


def wider(first: int, last: int, n: int) -> tuple[int, int]:
    """The range with n more ports: above it as long as there are any, then below."""
    above = min(n, 65535 - last)
    return first - (n - above), last + above


def _port_range(nat: dict[str, Any]) -> tuple[int, int] | None:
    """The ports that most flows are given, where they are one range."""
    restrict = nat.get("port-set-restrict")
    if restrict and "psid-len" in restrict:
        return None  # ports of a PSID come by halves: _sharing
    if restrict:
        return restrict["start-port-number"], restrict["end-port-number"]
    classes = [pools.port_spans(c["ports"]) for c in nat["design"]["port-classes"]]
    widest = max(classes, key=lambda runs: sum(last - first + 1 for first, last in runs))
    return widest[0] if len(widest) == 1 else None


def hashed(nat: dict[str, Any], above: int = 1) -> bool:
    """Whether a hash alone picks the address, of a pool of more than so many: over a larger pool it picks other ones. A draw, a cursor or a walk
    may use the old ones as before."""
    pool = nat["design"].get("pool", {})
    return pool.get("choice") == "hash" and not pool.get("fallback") and pools.count(nat.get("external-ip-address-pool", [])) > above


def _carries_several(nat: dict[str, Any]) -> bool:
    """Whether a mapping has connections to several destinations: what one more is worth then depends on which mappings there are, and may rise."""
    return nat.get("translates") is not False and nat["design"].get("mapping-type", "edm") not in ("edm", "eim-if-possible")


def _ports_alike(canonical: dict[str, Any], i: int, nat: dict[str, Any]) -> bool:
    """Whether any further port is as good as another, and to give ports changes nothing else. It is not where ports come in sets, by parity or in
    classes (here, or at a NAT around this one), nor where some of those to come are taken: by a static mapping, or with their address by others."""
    around = _around(canonical, nat["name"])
    if any(n.get("port-set") or n["design"].get("port-parity-preservation") for n in (nat, *around)):
        return False
    span = _port_range(nat)
    held = [run for kept in nat.get("static-mappings", []) for run in pools.port_spans(kept["external-src-port"])]
    if span is None or any(first < span[0] or last > span[1] for first, last in held):
        return False
    if pools.meet(nat["external-ip-address-pool"], pools.others(canonical, i)):
        return False
    return (
        nat["design"].get("first-choice") != "preserve-any"
        and (nat.get("port-set-restrict") is not None or not nat["design"].get("when-restricted"))
        and all(map(_one_class, (nat, *around)))
    )


def _around(canonical: dict[str, Any], name: str) -> list[dict[str, Any]]:
    """The NATs that this one is inside, the nearest first."""
    out, names = [], [name]
    for inner in names:  # which grows
        found = [n for n in canonical["nats"] if inner in n["inside"] and n["name"] not in names and n.get("translates") is not False]
        out += found
        names += [n["name"] for n in found]
    return out


def _one_class(nat: dict[str, Any]) -> bool:
    """Whether every source port is searched the same external ports."""
    classes = nat["design"]["port-classes"]
    return nat.get("port-set-restrict") is not None or (len(classes) == 1 and classes[0].get("source", ["0-65535"]) == ["0-65535"])
