"""multiple: k times a demand fits, each pair rounded down to whole connections, and no larger multiple that wants more does."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

from .demand import Demand, check_too_much, read_demand
from .fits import check_fits
from .reading import count, get, known_keys, need, word
from .scenario import Scenario
from .sets import spend

Fraction = tuple[int, int]


def read_fraction(value: Any, where: str) -> Fraction:
    """Two counts as text, such as 2016/3125."""
    found = re.fullmatch(r"([0-9]{1,160})/([0-9]{1,160})", word(value, where))
    if found is None:
        need(False, f"{where}: a fraction is wanted")
        raise AssertionError
    top, bottom = int(found[1]), int(found[2])
    need(bottom > 0, f"{where}: it divides by 0")
    return top, bottom


def times(demand: Demand, k: Fraction) -> Demand:
    """The multiple of a demand, rounded down pair by pair."""
    return Counter({pair: n * k[0] // k[1] for pair, n in demand.items()})


def check_multiple(scenario: Scenario, body: Any, exact: bool) -> tuple[Fraction, Fraction]:
    """Returns the multiple that fits and the larger one that does not. Where `exact`, none between them wants anything else than the first."""
    demand = read_demand(scenario, get(body, "demand", "multiple"))
    k, beyond = (read_fraction(get(body, key, "multiple"), key) for key in ("multiple", "next"))
    spend(len(demand))
    need(all(demand.values()), "demand: a pair that wants nothing")
    need(k[0] * beyond[1] < beyond[0] * k[1], "next: not above the multiple")
    fits = known_keys(get(body, "fits", "multiple"), "connections blocks port-sets demand", "fits")
    wanted = times(demand, k)
    shown = read_demand(scenario, fits["demand"]) if "demand" in fits else Counter()
    need(+shown == +wanted, f"fits: another demand than {k[0]}/{k[1]} of it")
    carried = check_fits(scenario, fits, shown)
    need(count(get(body, "connections", "multiple"), "connections") == carried, "connections: another number than fits")
    too_many = known_keys(
        get(body, "does-not-fit", "multiple"), "at-most nats direct together gates servers demand pairs served", "does-not-fit"
    )
    over = read_demand(scenario, get(too_many, "demand", "does-not-fit"))
    need(+over == +times(demand, beyond), f"does-not-fit: another demand than {beyond[0]}/{beyond[1]} of it")
    check_too_much(scenario, too_many, over)
    if exact:  # a pair that wants m at k wants another one from (m + 1) / n on
        between = any((wanted[pair] + 1) * beyond[1] < beyond[0] * n for pair, n in demand.items())
        need(not between, "next: a smaller multiple wants more than the one that fits")
    return k, beyond
