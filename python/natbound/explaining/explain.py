"""natbound explain: the question put together."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from natbound import wording
from natbound.demand import Given, read_demand
from natbound.errors import InputError, LimitReached, Unsupported
from natbound.explaining.changes import PRICES, changes
from natbound.explaining.parts import shown_in_parts
from natbound.explaining.question import settled
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
    try:
        found = settled(scenario, pairs, shown_in_parts(scenario, pairs))
    except LimitReached as reached:
        raise LimitReached(f"whether {sum(int(p['connections']) for p in pairs):,} connections fit: {reached}") from None
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
    if "engine" in found:
        out["engine"] = found["engine"]
    if found["fits"] is None:
        raise Unsupported(f"whether {wording.fits(out['demand'], True)}: {found['sets_it']}")
    if found["fits"]:
        out["evidence"] = found["evidence"]
        return Explanation(out)
    out["evidence"] = found["evidence"]
    step = "looking for reasons"
    try:
        every = Reasons(scenario, pairs)
        for which in every:
            if len(out["reasons"]) == reasons:
                out["more_reasons"] = True
                break
            out["reasons"].append(reason_json(every, which))
        first = out["reasons"][0]["pairs"]
        clients, servers = {p["from"] for p in first}, {p["to"] for p in first}
        step = "looking for changes"
        out["changes"], out["not_enough"] = changes(scenario, pairs, clients, servers, price)
        step = "looking for what one more is worth"
        out["values"] = values(scenario, clients, servers)
    except LimitReached as reached:  # what was found until then stands
        out["changes"], out["not_enough"] = getattr(reached, "found", (out["changes"], out["not_enough"]))
        if not out["reasons"]:
            out["more_reasons"] = None
        out["limit"] = {"kind": "memory" if "memory" in str(reached) else "time", "step": step, "says": f"{reached} ({step})"}
    if out["reasons"]:
        del out["evidence"]
    return Explanation(out)
