"""What a NAT's limits on connections, mappings and subscribers bound its connections by."""

from __future__ import annotations

from typing import Any

from .groups import one_of_each
from .scenario import Nat, Scenario
from .sets import meet, size, spend
from .subscribers import most_of_all


def limit(scenario: Scenario, nat: Nat) -> list[int]:
    """What the NAT's limits bound its connections by, each by itself."""
    out = [] if nat.table is None else [nat.table]
    if (most := most_of_all(scenario, nat)) is not None:
        out.append(most)
    if nat.mappings is not None:
        most = 1
        for client in one_of_each(scenario.inside(nat)):
            carried: dict[Any, int] = {}
            for d in scenario.destinations(client):
                if nat.plan.mapping != "adm":
                    carried[d.server.protocol] = carried.get(d.server.protocol, 0) + d.size
                for first, _ in d.addresses if nat.plan.mapping == "adm" else ():  # the mapping is of one address
                    at = [e for e in scenario.destinations(client) if e.server.protocol == d.server.protocol]
                    spend(len(at))
                    carried[d.server.protocol, first] = sum(size(e.ports) for e in at if meet(e.addresses, ((first, first),)))
            most = max(most, *carried.values(), 1)
        out.append(nat.mappings if nat.plan.mapping in ("edm", "eim-if-possible") else nat.mappings * most)
    return out
