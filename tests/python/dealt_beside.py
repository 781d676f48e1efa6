"""Random small scenarios in which a NAT deals out its ports in sets beside something else: NATs inside it or around it, static mappings, servers with
limits, clients that are spread, pools that are shared."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import dealt
import natbound
import oracle
import small
import test_cascade
import test_clash
import test_spread
from test_server_limits import with_backends, with_server_limits
from test_static_mappings import with_holes


def subscribers(s: dict[str, Any], nat: dict[str, Any]) -> int:
    """How many addresses want sets of the NAT: of clients, and those that NATs inside it give."""
    pools = {n["name"]: n["external-ip-address-pool"] for n in s["nats"]} | {c["name"]: c["addresses"] for c in s["clients"]}
    return sum(len(oracle.listed_addresses(pools[name])) for name in nat["inside"])


def deal(rng: random.Random, s: dict[str, Any], nat: dict[str, Any]) -> None:
    """Port sets for one NAT, out of its widest range."""
    wide = max((oracle.listed_ports(c["ports"]) for c in nat["design"]["port-classes"]), key=len)
    size = rng.randint(1, min(3, len(wide)))
    nat["port-set"] = {"port-set-size": size}
    there = len(oracle.sets_of(nat))
    on_each = there // len(oracle.listed_addresses(nat["external-ip-address-pool"]))
    if subscribers(s, nat) <= there and rng.random() < 0.7:
        nat["port-set"]["deterministic"] = True
        if on_each > 1 and rng.random() < 0.3:
            more = {"address-pool-factor": 1, "port-set-size": rng.randint(1, size), "port-sets-per-subscriber": rng.randint(1, 2)}
            nat["port-set"]["dynamic"] = more
            if subscribers(s, nat) > len(oracle.parted_sets(nat)[0]):
                del nat["port-set"]["dynamic"]
    else:
        nat["port-set"]["port-sets-per-subscriber"] = rng.randint(1, max(on_each, 1))


def right(make: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """One that breaks no rule."""
    while True:
        s = make()
        try:
            natbound.Scenario(s)
        except natbound.InputError:
            continue
        except natbound.Unsupported:
            return s
        return s


def _canonical(s: dict[str, Any]) -> dict[str, Any]:
    for c in s["clients"]:
        c.setdefault("reaches", [])
    return s


def cascade(rng: random.Random) -> dict[str, Any]:
    """Sets at one NAT of a cascade or more, mostly at an outer one."""

    def make() -> dict[str, Any]:
        s = test_cascade.made(rng)
        inner = {name for n in s["nats"] for name in n["inside"]}
        outer = next(n for n in s["nats"] if n["name"] not in inner)
        for n in s["nats"]:
            if rng.random() < (0.85 if n is outer else 0.3):
                if rng.random() < 0.3:
                    n["design"]["clash-scope"] = {"destination": rng.choice(["none", "address"]), "protocol": rng.random() < 0.5}
                deal(rng, s, n)
        return s if any("port-set" in n for n in s["nats"]) else make()

    return right(make)


def any_mapping(rng: random.Random) -> dict[str, Any]:
    """The same with other designs in it."""

    def make() -> dict[str, Any]:
        s = cascade(rng)
        for n in s["nats"]:
            if rng.random() < 0.6:
                n["design"]["mapping-type"] = rng.choice(["eim", "adm", "eim-if-possible"])
            if rng.random() < 0.5:
                n["design"]["first-choice"] = rng.choice(["preserve", "preserve-any"])
        return s

    return right(make)


def holes(rng: random.Random, mapping: str = "edm") -> dict[str, Any]:
    """Static mappings beside the sets."""

    def make() -> dict[str, Any]:
        s = dealt.random_document(rng, mapping) if rng.random() < 0.8 else dealt.dynamic_document(rng, mapping)
        return with_holes(rng, _canonical(s))

    return right(make)


def limits(rng: random.Random) -> dict[str, Any]:
    """Servers with limits, backends, or both."""

    def make() -> dict[str, Any]:
        s = _canonical(dealt.random_document(rng, rng.choice(["edm", "edm", "eim"])))
        s = with_server_limits(rng, s) if rng.random() < 0.7 else with_backends(rng, s)
        return with_holes(rng, s) if rng.random() < 0.3 else s

    return right(make)


def _some_sets(rng: random.Random, s: dict[str, Any]) -> dict[str, Any]:
    for n in s["nats"]:
        if rng.random() < 0.7:
            deal(rng, s, n)
    return s


def spread(rng: random.Random) -> dict[str, Any]:
    """Clients spread over several NATs."""
    return right(lambda: _some_sets(rng, test_spread.spread(rng)))


def spread_holes(rng: random.Random) -> dict[str, Any]:
    """The same beside static mappings."""

    def make() -> dict[str, Any]:
        s = with_holes(rng, spread(rng))
        for n in s["nats"]:
            for m in n["static-mappings"]:
                m["external-src-port"] = [str(int(p) + 12) for p in m["external-src-port"]]
        return s

    return right(make)


def shared(rng: random.Random) -> dict[str, Any]:
    """Pools that are shared."""
    return right(lambda: _some_sets(rng, test_clash.made(rng)))


KINDS: dict[str, Callable[[random.Random], dict[str, Any]]] = {
    "port sets, cascades": cascade,
    "port sets, cascades, any mapping": any_mapping,
    "port sets, cascades, quotas": lambda rng: right(lambda: small.with_quotas(rng, cascade(rng), 4)),
    "port sets, cascades, server limits": lambda rng: right(lambda: with_server_limits(rng, cascade(rng))),
    "port sets, static mappings": holes,
    "port sets, static mappings, shared mappings": lambda rng: holes(rng, "eim"),
    "port sets, server limits": limits,
    "port sets, spread clients": spread,
    "port sets, spread clients, static mappings": spread_holes,
    "port sets, shared endpoints": shared,
}
