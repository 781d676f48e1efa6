"""Clients that keep TIME-WAIT run out of ports of their own: more source addresses, each with all of its ports."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

from natbound.planning import pools
from natbound.planning.cheapest import Ladder
from natbound.planning.choices import MOST_ADDRESSES, Choice

KIND = "source-address"


def source_addresses(canonical: Mapping[str, Any], price: float) -> list[Choice]:
    """Of each client set with a time-wait whose traffic is that of the whole set: more addresses only share it then."""
    out = []
    for i, client in enumerate(canonical["clients"]):
        sends = [entry for entry in canonical["traffic"] if client["name"] in entry["from"]]
        if client.get("time-wait") is None or not sends or any("rate-per-client" in entry for entry in sends):
            continue
        out.append(_choice(canonical, i, price))
    return out


def _choice(canonical: Mapping[str, Any], index: int, price: float) -> Choice:
    client = canonical["clients"][index]
    texts, now = client["addresses"], pools.count(client["addresses"])
    taken = [a for part in ("clients", "servers") for item in canonical[part] if item is not client for a in item["addresses"]]
    taken += [a for nat in canonical["nats"] for a in nat.get("external-ip-address-pool", [])]

    def settings(addresses: int) -> tuple[str, ...]:
        return () if addresses == now else (f"clients.{index}.addresses={json.dumps(pools.resized(texts, addresses, taken))}",)

    return Choice(
        KIND,
        client["name"],
        now,
        Ladder(now, now + MOST_ADDRESSES, lambda n: price * (n - now), now + math.ceil(now / 8)),
        settings,
        lambda n: f"{n:,} source address{'es' if n != 1 else ''} of {client['name']}",
        ("sockets",),
    )
