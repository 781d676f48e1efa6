"""Brute force over NATs that deal out their ports in sets: every dealing of the sets is written out, and each is a world of oracle.py."""

from __future__ import annotations

import copy
import itertools
import random
from collections.abc import Iterator
from typing import Any

import oracle

External = tuple[int, int]


class Owned(oracle.Router):
    """A router in which each client address has these external endpoints."""

    owned: dict[str, list[External]]

    def permitted(self, f: oracle.Flow) -> set[External]:
        """Those of its own."""
        return set(self.owned.get(f[1], []))


def subscribers(document: Any, nat: Any) -> list[str]:
    """Client addresses in order."""
    known = {c["name"]: c for c in document["clients"]}
    return [a for name in nat["inside"] for a in oracle.listed_addresses(known[name]["addresses"])]


def dealings(document: Any, nat: Any) -> Iterator[dict[str, list[External]]]:
    """Every way to have dealt the sets; of dynamic ones as many to each as there are, in every number."""
    blocks, who = oracle.sets_of(nat), subscribers(document, nat)
    own: dict[str, list[External]] = {a: [] for a in who}
    rule = nat["port-set"]
    if rule.get("deterministic"):
        dynamic = rule.get("dynamic")
        kept, blocks = oracle.parted_sets(nat) if dynamic else (blocks, [])
        own = dict(zip(who, kept, strict=False))
        if not dynamic:
            yield own
            return
        rule = dynamic
    each = rule.get("port-sets-per-subscriber", 1)
    if oracle.Router(nat, oracle.World(document)).paired and not rule.get("dynamic") and rule is nat["port-set"]:
        yield from dealt_in_pairs(blocks, who, each)
        return
    for numbers in itertools.product(range(each + 1), repeat=len(who)):
        if sum(numbers) <= len(blocks):
            ends = list(itertools.accumulate(numbers))
            yield {a: own[a] + [e for b in blocks[end - n : end] for e in b] for a, n, end in zip(who, numbers, ends, strict=True)}


def dealt_in_pairs(blocks: list[list[External]], who: list[str], each: int) -> Iterator[dict[str, list[External]]]:
    """The sets of each client address all on one external address. Addresses are alike, so they come in the order of use; and of dealings to which
    a set could be added that one is enough."""
    by_address: dict[int, list[list[External]]] = {}
    for b in blocks:
        by_address.setdefault(b[0][0], []).append(b)
    for places in itertools.product(range(len(by_address)), repeat=len(who)):
        if any(at > max(places[:i], default=-1) + 1 for i, at in enumerate(places)):
            continue
        for numbers in itertools.product(range(each + 1), repeat=len(who)):
            left = [len(b) for b in by_address.values()]
            own = {}
            for a, n, at in zip(who, numbers, places, strict=True):
                here = by_address[list(by_address)[at]]
                first = len(here) - left[at]
                own[a] = [e for b in here[first : first + n] for e in b]
                left[at] -= n
            if min(left) >= 0 and all(n == each or left[at] == 0 for n, at in zip(numbers, places, strict=True)):
                yield own


def worlds(document: Any) -> Iterator[oracle.World]:
    """A world for every dealing; all NATs with sets together."""
    plain = oracle.World(document)
    dealt = [i for i, n in enumerate(document["nats"]) if "port-set" in n]
    for owned in itertools.product(*(list(dealings(document, document["nats"][i])) for i in dealt)):
        for i, one in zip(dealt, owned, strict=True):
            router = Owned(document["nats"][i], plain)
            router.owned = one
            plain.nats[i] = router
        yield plain


def most(document: Any) -> int:
    """The maximum, over all dealings."""
    return max(oracle.most(w) for w in worlds(document))


def meets(document: Any, demand: dict[tuple[str, str], int]) -> bool:
    """Whether a demand by pairs can be met in some dealing (edm)."""
    return any(oracle.meets(w, demand) for w in worlds(document))


def random_document(rng: random.Random, mapping: str = "edm") -> Any:
    """A small scenario with port sets."""
    scope = rng.choice([{"destination": d, "protocol": p} for d in ("endpoint", "address", "none") for p in (True, False)])
    if mapping == "eim":
        scope = {"destination": "none", "protocol": rng.random() < 0.5}
    at = 0
    clients = []
    for name in "AX"[: rng.randint(1, 2)]:
        n = rng.randint(1, 3 if name == "A" else 2)
        low = rng.choice([1, 9, 10])
        clients.append({"name": name, "addresses": [f"10.0.0.{at + 1}-10.0.0.{at + n}"], "ports": f"{low}-{low + rng.randint(0, 2)}"})
        at += n
    servers = [{"name": "C", "addresses": ["198.51.100.7"], "ports": rng.choice(["80", "80-81"]), "protocol": "tcp"}]
    if rng.random() < 0.7:
        address = rng.choice(["198.51.100.7", "198.51.100.8"])
        servers.append(
            {"name": "D", "addresses": [address], "ports": rng.choice(["81", "82", "80-81"]), "protocol": rng.choice(["tcp", "udp"])}
        )
        if servers[1]["protocol"] == "tcp" and address.endswith("7"):
            servers[1]["ports"] = "82"
    for c in clients:
        if len(servers) > 1 and rng.random() < 0.4:
            c["reaches"] = [rng.choice("CD")]
    wide, sets = rng.randint(1, 3), rng.randint(1, 3)
    lowest = rng.choice([1, 9, 10, 11])
    pool = rng.randint(1, 2)
    nat: dict[str, Any] = {
        "name": "cgn", "inside": [c["name"] for c in clients], "external-ip-address-pool": [f"203.0.113.1-203.0.113.{pool}"],
        "port-set-restrict": {"start-port-number": lowest, "end-port-number": lowest + wide * sets - 1 + rng.randint(0, wide - 1)},
        "port-set": {"port-set-size": wide, "port-sets-per-subscriber": rng.randint(1, sets)},
        "design": {
            "name": "d", "mapping-type": mapping, "clash-scope": scope, "port-classes": [{"ports": "1-65535"}],
            "first-choice": rng.choice(["none", "preserve", "preserve-any"]),
            "search": {"rounds": [{"start": rng.choice(["random", "first"]), "step": "ascend"}]}, "pool": {"choice": "first"},
        },
    }  # fmt: skip
    if rng.random() < 0.5 and at <= sets * pool:
        nat["port-set"] = {"port-set-size": wide, "deterministic": True}
    if rng.random() < 0.3:
        nat["connection-limits"] = {"limit-per-instance": rng.randint(1, 8)}
    if rng.random() < 0.3:
        nat.setdefault("connection-limits", {})["limit-per-subscriber"] = rng.randint(1, 4)
    return {"clients": clients, "nats": [nat], "servers": servers}


def paired_document(rng: random.Random, mapping: str = "edm") -> Any:
    """One whose sets of a subscriber lie on one external address."""
    document = random_document(rng, mapping)
    nat = document["nats"][0]
    sets, wide = rng.randint(2, 3), rng.randint(1, 2)
    lowest = rng.choice([1, 9, 10, 11])
    nat["external-ip-address-pool"] = [f"203.0.113.1-203.0.113.{rng.choice((2, 2, 3))}"]
    nat["port-set-restrict"] = {"start-port-number": lowest, "end-port-number": lowest + wide * sets - 1 + rng.randint(0, wide - 1)}
    nat["port-set"] = {"port-set-size": wide, "port-sets-per-subscriber": rng.randint(2, sets)}
    choice = rng.choice(["random", "round-robin", "first"])
    nat["design"]["pool"] = {"choice": choice, "paired": True, "fallback": choice == "first" or rng.random() < 0.5}
    return document


def dynamic_document(rng: random.Random, mapping: str = "edm") -> Any:
    """One with deterministic sets and a dynamic part."""
    while True:
        document = random_document(rng, mapping)
        nat = document["nats"][0]
        wide, blocks = nat["port-set"]["port-set-size"], oracle.sets_of(nat)
        on_each = len(blocks) // len({b[0][0] for b in blocks})
        if on_each < 2:
            continue
        dynamic = {
            "address-pool-factor": rng.randint(1, on_each - 1),
            "port-set-size": rng.randint(1, wide),
            "port-sets-per-subscriber": rng.randint(1, 3),
        }
        nat["port-set"] = {"port-set-size": wide, "deterministic": True, "dynamic": dynamic}
        if len(subscribers(document, nat)) <= len(oracle.parted_sets(nat)[0]):
            return document


def least_live_that_fails(document: Any) -> int | None:
    """The fewest live flows with which a new one fails, over all reachable states of a complete search (edm); dynamic sets are taken when the own
    set is full and none that is held has room, any free one, and given back when empty. None: nothing ever fails."""
    nat, world = document["nats"][0], oracle.World(document)
    (router,) = world.nats
    limits = nat.get("connection-limits", {})
    flows = [f for c in document["clients"] for f in world.flows(c["name"])]
    rule = nat["port-set"]["dynamic"]
    seen: set[frozenset[Any]] = {frozenset()}
    ring: list[frozenset[Any]] = [frozenset()]
    least: int | None = None

    def choices(state: frozenset[Any], f: Any) -> list[External]:
        """Where a flow may be placed."""
        if len(state) >= limits.get("limit-per-instance", len(flows) + 1):
            return []
        mine = [x for x in state if x[0][1] == f[1]]
        if len(mine) >= limits.get("limit-per-subscriber", len(flows) + 1):
            return []
        busy = {at for g, at in state if router.key(g) == router.key(f)}
        own = [e for e in router.own_set.get(f[1], []) if e not in busy]
        if own:
            return own
        held = [b for b in router.sets if any(at in b for _, at in mine)]
        room = [e for b in held for e in b if e not in busy]
        if room or len(held) >= rule.get("port-sets-per-subscriber", 1):
            return room
        return [e for b in router.sets if not any(at in b for _, at in state) for e in b]

    while ring:
        state = ring.pop()
        live = {f for f, _ in state}
        for f in flows:
            if f in live:
                continue
            places = choices(state, f)
            if not places:
                least = len(state) if least is None else min(least, len(state))
            for at in places:
                after = state | {(f, at)}
                if after not in seen:
                    seen.add(after)
                    ring.append(after)
        for one in state:
            after = state - {one}
            if after not in seen:
                seen.add(after)
                ring.append(after)
    return least


def mappings(document: Any) -> set[Any]:
    """All mappings of a design that shares them."""
    world = oracle.World(document)
    return {f[:3] for c in document["clients"] for f in world.flows(c["name"])}


def sockets(document: Any) -> int:
    """All connections that there could be."""
    world = oracle.World(document)
    return sum(len(world.flows(c["name"])) for c in document["clients"])


def alone(document: Any) -> Iterator[Any]:
    """Each subscriber of deterministic sets in a scenario of its own, with a NAT that has its ports and no table."""
    nat = document["nats"][0]
    owner = {a: c for c in document["clients"] for a in oracle.listed_addresses(c["addresses"])}
    for address, block in zip(subscribers(document, nat), oracle.sets_of(nat), strict=False):
        one = copy.deepcopy(document)
        one["clients"] = [{**owner[address], "addresses": [address]}]
        made = one["nats"][0]
        del made["port-set"]
        made["inside"] = [owner[address]["name"]]
        made["external-ip-address-pool"] = [f"203.0.113.{block[0][0] + 1}"]
        made["port-set-restrict"] = {"start-port-number": block[0][1], "end-port-number": block[-1][1]}
        if made["design"]["first-choice"] == "preserve-any":  # its set and no other ports
            made["design"]["first-choice"] = "preserve"
        made.get("connection-limits", {}).pop("limit-per-instance", None)
        yield one
