"""Mutants of a certificate: small lies of many kinds, anywhere in it."""

from __future__ import annotations

import copy
import ipaddress
import math
import random
import re
from collections.abc import Iterator
from typing import Any

Path = tuple[Any, ...]
ODD: list[Any] = [
    None,
    True,
    False,
    [],
    {},
    "",
    "x",
    0,
    -1,
    1.5,
    math.nan,
    math.inf,
    10**30,
    str(10**30),
    [[]],
    {"x": 1},
    "0-65535",
    "10.0.0.0/29",
    "2001:db8::/125",
]


def paths(value: Any, here: Path = ()) -> Iterator[Path]:
    """The paths of all values inside."""
    yield here
    for key, inner in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield from paths(inner, (*here, key))


def at(value: Any, path: Path) -> Any:
    """The value at a path."""
    for key in path:
        value = value[key]
    return value


def put(value: Any, path: Path, new: Any) -> None:
    """Replaces the value at a path that is not empty."""
    at(value, path[:-1])[path[-1]] = new


def nudged(value: Any, rng: random.Random) -> Any:
    """Something close to a value: a number or the end of a range off by one, a flag turned, a word changed."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + rng.choice([-1, 1])
    if isinstance(value, float):
        return value * 2
    if isinstance(value, str):
        if re.fullmatch(r"[0-9]+", value):
            return str(int(value) + rng.choice([-1, 1]))
        if re.fullmatch(r"[0-9]+-[0-9]+", value):
            numbers = [int(n) for n in value.split("-")]
            numbers[rng.randrange(2)] += rng.choice([-1, 1])
            return f"{numbers[0]}-{numbers[1]}"
        ends = value.split("-")
        try:
            i = rng.randrange(len(ends))
            ends[i] = str(ipaddress.ip_address(ends[i]) + rng.choice([-1, 1]))
            return "-".join(ends)
        except ValueError:
            return value + "x"
    if isinstance(value, list):
        return [*value, copy.deepcopy(rng.choice(value))] if value else [0]
    return {**value, "unheard-of": 1} if isinstance(value, dict) else 0


def _one(certificate: Any, rng: random.Random, where: list[Path]) -> tuple[str, Any]:
    out = copy.deepcopy(certificate)
    how = rng.choice(
        ["nudge", "nudge", "nudge", "drop", "drop", "twice", "swap", "order", "alike", "odd", "number", "number", "name", "two"]
    )
    path = rng.choice(where)
    old = at(out, path)
    if how == "nudge":
        put(out, path, nudged(old, rng))
    elif how == "drop":
        del at(out, path[:-1])[path[-1]]
    elif how == "odd":
        put(out, path, rng.choice(ODD))
    elif how in ("twice", "order", "swap"):
        lists = [p for p in where if isinstance(at(out, p), list) and at(out, p)]
        path = rng.choice(lists)
        items = at(out, path)
        i, j = rng.randrange(len(items)), rng.randrange(len(items))
        if how == "twice":
            items.insert(j, copy.deepcopy(items[i]))
        elif how == "order":
            items[i], items[j] = items[j], items[i]
        else:  # one member of two objects exchanged
            both = [k for k in items[i] if k in items[j]] if isinstance(items[i], dict) and isinstance(items[j], dict) else []
            if both:
                k = rng.choice(both)
                items[i][k], items[j][k] = items[j][k], items[i][k]
    elif how == "alike":  # the value of the same member somewhere else
        others = [p for p in where if p[-1] == path[-1] and p != path]
        if others:
            put(out, path, copy.deepcopy(at(out, rng.choice(others))))
    elif how == "number":  # one number everywhere it occurs outside the scenario, so that the parts still agree
        leaves = [p for p in where if p[0] != "scenario" and type(at(out, p)) is int]
        if leaves:
            number = at(out, rng.choice(leaves))
            new = number + rng.choice([-1, 1])
            for p in leaves:
                if at(out, p) == number:
                    put(out, p, new)
    elif how == "name":  # two names exchanged in the whole body
        words = sorted({at(out, p) for p in where if p[0] != "scenario" and isinstance(at(out, p), str)})
        a, b = rng.choice(words), rng.choice(words)
        for p in where:
            if p[0] != "scenario" and at(out, p) in (a, b) and isinstance(at(out, p), str):
                put(out, p, b if at(out, p) == a else a)
    else:
        for _ in range(2):
            p = rng.choice([q for q in paths(out) if q])
            put(out, p, nudged(at(out, p), rng))
    return f"{how} {'.'.join(map(str, path))}", out


def mutants(certificate: dict[str, Any], random: random.Random, most: int = 200) -> Iterator[tuple[str, dict[str, Any]]]:
    """So many mutants, each with what was done to it; none equals the certificate. Half of them leave the scenario alone."""
    where = [p for p in paths(certificate) if p]
    body = [p for p in where if p[0] != "scenario"]
    made = 0
    while made < most:
        done, out = _one(certificate, random, body if random.random() < 0.8 else where)
        if out != certificate:
            made += 1
            yield done, out
