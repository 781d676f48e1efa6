"""A scenario from a few numbers at the shell, for `natbound answer --live 41000 --rate 700/s`."""

from __future__ import annotations

import ipaddress
import math
from dataclasses import dataclass
from pathlib import Path

from natbound.errors import InputError
from natbound.reading import Document, inline_designs

FIRST_PORT, LAST_PORT = 1024, 65535  # what is left of an address's ports where so many are enough


@dataclass(frozen=True)
class Numbers:
    """What is given in place of a file; None where nothing is."""

    live: float | None = None
    rate: str | None = None
    hold: str | None = None
    addresses: int | None = None
    ports: int | None = None
    clients: int | None = None
    destinations: int | None = None
    design: str | None = None

    def given(self) -> list[str]:
        """The options that are given, as they are written."""
        return [f"--{name}" for name, value in vars(self).items() if value is not None]


def quick_scenario(numbers: Numbers, needs_traffic: bool = True) -> Document:
    """Any two of live, rate and hold (or none of them, where no traffic is needed); everything else is said in the scenario, with addresses of the documentation ranges."""
    given: dict[str, float | str | None] = {"live": numbers.live, "rate": numbers.rate, "hold": numbers.hold}
    count = sum(value is not None for value in given.values())
    if count != 2 and (needs_traffic or count or not numbers.given()):
        raise InputError(
            "a scenario file, or any two of --live, --rate and --hold are wanted"
            + ("" if needs_traffic else " (or none, and other numbers)"),
            fix=f"such as {'--live 41000 --rate 700/s' if needs_traffic else '--addresses 2 --design cilium'}; natbound new prints a starter file",
        )
    if numbers.live is not None and not math.isfinite(numbers.live):
        raise InputError("a finite number is wanted", path="--live", value=str(numbers.live))
    nat: dict[str, object] = {
        "name": "nat",
        "inside": ["clients"],
        "external-ip-address-pool": [_range("203.0.113.1", numbers.addresses or 1, 254, "--addresses")],
        "design": numbers.design or "linux-masquerade",
    }
    if numbers.ports is not None:
        first = FIRST_PORT if numbers.ports <= LAST_PORT - FIRST_PORT + 1 else LAST_PORT + 1 - numbers.ports
        nat["port-set-restrict"] = {"start-port-number": first, "end-port-number": first + numbers.ports - 1}
    out = {
        "description": "made of a few numbers at the shell",
        "clients": [
            {
                "name": "clients",
                "addresses": _range("10.0.0.1", numbers.clients or 1000, 2**24 - 2, "--clients"),
                "ports": "1024-65535",
            }
        ],
        "nats": [nat],
        "servers": [
            {
                "name": "server",
                "addresses": _range("198.18.0.1", numbers.destinations or 1, 2**17 - 2, "--destinations"),
                "ports": 443,
            }
        ],
    }
    if count:
        out["traffic"] = [{"from": "clients", "to": "server", **{key: value for key, value in given.items() if value is not None}}]
    document = Document(out)
    document.settings = {
        f"traffic[0].{key}": f"--{key} {value:g}" if isinstance(value, float) else f"--{key} {value}"
        for key, value in given.items()
        if value is not None
    }
    document.texts["traffic[0].live"] = f"{numbers.live or 0:g}"
    document.settings["nats[0].design"] = f"--design {nat['design']}"
    if numbers.ports is not None:
        document.settings["nats[0].port-set-restrict"] = f"--ports {numbers.ports}"
    inline_designs(document, Path.cwd())
    return document


def _range(first: str, count: int, most: int, option: str) -> str:
    if count > most:
        raise InputError(f"at most {most:,} can be named here", path=option, value=str(count), fix="write a scenario file")
    start = ipaddress.IPv4Address(first)
    return str(start) if count == 1 else f"{start}-{start + (count - 1)}"
