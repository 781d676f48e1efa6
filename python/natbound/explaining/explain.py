"""natbound explain: the question put together."""

from __future__ import annotations

import json
from collections.abc import Mapping
from itertools import islice
from typing import TYPE_CHECKING, Any

from natbound.demand import Given, read_demand
from natbound.errors import InputError, Unsupported
from natbound.explaining.changes import PRICES, changes
from natbound.explaining.question import shown
from natbound.explaining.reasons import Reasons, reason_json
from natbound.explaining.result import Explanation
from natbound.explaining.values import values
from natbound.pricing import priced

if TYPE_CHECKING:
    from natbound.scenario import Scenario


def explain(scenario: Scenario, demand: Given | None = None, *, reasons: int = 1, prices: Mapping[str, float] | None = None) -> Explanation:
    """Why the demand does not fit, and the smallest changes that each alone make it fit, the cheapest first.

    demand: as of `capacity`; else the scenario's traffic (mean number live). reasons: how many, at most. prices: of one more `address`, `port`
    (of each address), `table` entry, `mapping`, `destination` address, `client-port`, of all `hold` (times the part that goes), of another
    `mapping-type`, `clash-scope` or `design`, in any one unit.

    Raises Unsupported where it is not settled whether the demand fits.
    """
    price = priced(PRICES, prices)
    if not 1 <= reasons <= 1000:
        raise InputError("a number of reasons from 1 to 1,000 is wanted", path="--reasons", value=str(reasons))
    if demand is None:
        pairs = json.loads(scenario._core.traffic_demand())
        if not pairs:
            raise InputError("there is no traffic, and no demand", path="--demand", fix="--demand 100000, or a file with one")
        left_out = {}
    else:
        wanted = read_demand(scenario, demand)
        pairs, left_out = [p for p in wanted.pairs if int(p["connections"])], wanted.left_out
    found = shown(scenario, pairs)
    out: dict[str, Any] = {
        "schema": "natbound.explain/1",
        "demand": sum(int(p["connections"]) for p in pairs),
        "pairs": pairs,
        "fits": found["fits"],
        "sets_it": found["sets_it"],
        "reasons": [],
        "more_reasons": False,
        "changes": [],
        "not_enough": [],
        "values": [],
        "prices": price,
    }
    out.update(left_out)
    if found["fits"] is None:
        raise Unsupported(f"whether {out['demand']:,} connections fit: {found['sets_it']}")
    if found["fits"]:
        out["evidence"] = found["evidence"]
        return Explanation(out)
    every = Reasons(scenario, pairs)
    some = list(islice(every, reasons + 1))
    out["more_reasons"] = len(some) > reasons
    out["reasons"] = [reason_json(every, which) for which in some[:reasons]]
    first = every.of(some[0])
    clients, servers = {p["from"] for p in first}, {p["to"] for p in first}
    out["changes"], out["not_enough"] = changes(scenario, pairs, clients, servers, price)
    out["values"] = values(scenario, clients, servers)
    return Explanation(out)
