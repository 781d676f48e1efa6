"""A scenario from a few numbers at the shell, for `natbound answer --live 41000 --rate 700/s`."""

from __future__ import annotations

import ipaddress
import math
from pathlib import Path

from natbound.errors import InputError
from natbound.reading import Document, inline_designs


def quick_scenario(
    live: float | None,
    rate: str | None,
    hold: str | None,
    addresses: int,
    clients: int,
    destinations: int,
    design: str,
) -> Document:
    """Any two of live, rate and hold; everything else is said in the scenario, with addresses of the documentation ranges."""
    given: dict[str, float | str | None] = {"live": live, "rate": rate, "hold": hold}
    if sum(value is not None for value in given.values()) != 2:
        raise InputError(
            "a scenario file, or any two of --live, --rate and --hold are wanted",
            fix="natbound answer --live 41000 --rate 700/s; natbound new prints a starter file",
        )
    if live is not None and not math.isfinite(live):
        raise InputError("a finite number is wanted", path="--live", value=str(live))
    out = {
        "description": "made of a few numbers at the shell",
        "clients": [
            {
                "name": "clients",
                "addresses": _range("10.0.0.1", clients, 2**24 - 2, "--clients"),
                "ports": "1024-65535",
            }
        ],
        "nats": [
            {
                "name": "nat",
                "inside": ["clients"],
                "external-ip-address-pool": [_range("203.0.113.1", addresses, 254, "--addresses")],
                "design": design,
            }
        ],
        "servers": [
            {
                "name": "server",
                "addresses": _range("198.18.0.1", destinations, 2**17 - 2, "--destinations"),
                "ports": 443,
            }
        ],
        "traffic": [
            {
                "from": "clients",
                "to": "server",
                **{key: value for key, value in given.items() if value is not None},
            }
        ],
    }
    document = Document(out)
    document.settings = {
        f"traffic[0].{key}": f"--{key} {value:g}" if isinstance(value, float) else f"--{key} {value}"
        for key, value in given.items()
        if value is not None
    }
    document.texts["traffic[0].live"] = f"{live or 0:g}"
    document.settings["nats[0].design"] = f"--design {design}"
    inline_designs(document, Path.cwd())
    return document


def _range(first: str, count: int, most: int, option: str) -> str:
    if count > most:
        raise InputError(f"at most {most:,} can be named here", path=option, value=str(count), fix="write a scenario file")
    start = ipaddress.IPv4Address(first)
    return str(start) if count == 1 else f"{start}-{start + (count - 1)}"
