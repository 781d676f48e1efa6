"""The same network written in another way: sets cut in two, names changed, lists in another order. Nothing of it may change an answer."""

from __future__ import annotations

import copy
import random
from typing import Any

from oracle import listed_addresses, listed_ports


def halves(rng: random.Random, one: dict[str, Any], keys: list[str]) -> list[dict[str, Any]] | None:
    """A set as two, cut across its addresses or its ports, of which `keys` may be; None where there is one of each."""
    listed = {"addresses": listed_addresses, "ports": listed_ports}
    choices = [key for key in keys if len(listed[key](one[key])) > 1]
    if not choices:
        return None
    key = rng.choice(choices)
    every = list(listed[key](one[key]))
    rng.shuffle(every)
    at = rng.randint(1, len(every) - 1)
    return [
        {**copy.deepcopy(one), "name": f"{one['name']}{k}", key: [str(x) for x in part]} for k, part in enumerate((every[:at], every[at:]))
    ]


def may_be_cut(kind: str, one: dict[str, Any]) -> list[str]:
    """Client addresses are of one set each; backends, and what is limited together, stay together."""
    if kind == "clients":
        return ["addresses"]
    if one.get("backends"):
        return []
    return ["addresses"] if "limit-per-address" in (one.get("connection-limits") or {}) else ["addresses", "ports"]


def named(value: Any, names: dict[str, list[str]]) -> list[str]:
    """A list of names, each of them replaced."""
    return [new for name in value for new in names[name]]


def written_anew(s: dict[str, Any], names: dict[str, list[str]]) -> dict[str, Any]:
    """With these names in `reaches` and `inside`."""
    for c in s["clients"]:
        if "reaches" in c:
            c["reaches"] = named(c["reaches"], names)
    for n in s["nats"]:
        n["inside"] = named(n["inside"], names)
    return s


def split(rng: random.Random, s: dict[str, Any], kind: str) -> dict[str, Any]:
    """The same with some of its `kind` (clients or servers) cut in two."""
    s = copy.deepcopy(s)
    names = {x["name"]: [x["name"]] for key in ("clients", "servers", "nats") for x in s[key]}
    out = []
    for one in s[kind]:
        parts = halves(rng, one, may_be_cut(kind, one)) if rng.random() < 0.7 else None
        out += parts or [one]
        names[one["name"]] = [p["name"] for p in parts or [one]]
    s[kind] = out
    return written_anew(s, names)


def renamed(rng: random.Random, s: dict[str, Any]) -> dict[str, Any]:
    """The same with other names, which sort in another order."""
    s = copy.deepcopy(s)
    every = [x for key in ("clients", "servers", "nats") for x in s[key]]
    numbers = rng.sample(range(100, 1000), len(every))
    names = {x["name"]: [f"n{k}"] for x, k in zip(every, numbers, strict=True)}
    for x in every:
        x["name"] = names[x["name"]][0]
    return written_anew(s, names)


def permuted(rng: random.Random, s: dict[str, Any]) -> dict[str, Any]:
    """The same with its lists in another order."""
    s = copy.deepcopy(s)
    for key in ("clients", "servers", "nats"):
        rng.shuffle(s[key])
    for n in s["nats"]:
        rng.shuffle(n["inside"])
    return s
