"""The router's own numbers: `sysctl`, `ip -j addr`, `conntrack -S`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Any

from natbound.importing.problem import ImportProblem
from natbound.importing.source import Source


@dataclass(slots=True)
class Router:
    """What the router says about itself."""

    sysctl: dict[str, int] = field(default_factory=dict)  # by the last part of the name
    addresses: dict[str, list[str]] = field(default_factory=dict)  # by interface, primary first
    counters: dict[str, int] = field(default_factory=dict)  # over all CPUs
    counter_files: int = 0

    def timer(self, name: str) -> int | None:
        """`nf_conntrack_<name>` in seconds."""
        return self.sysctl.get("nf_conntrack_" + name)


def read_sysctl(source: Source, router: Router) -> None:
    """`name = value` lines (also `name: value` and names with slashes); one number a name is kept."""
    for number, line in source.lines():
        match = re.match(r"\s*([A-Za-z0-9_./-]+)\s*[=:]\s*(.*?)\s*$", line)
        if not match:
            continue
        name = re.split(r"[./]", match[1])[-1]
        if not name.startswith("nf_conntrack_"):
            continue
        if not re.fullmatch(r"\d{1,19}", match[2]):
            raise ImportProblem(source.name, number, line, f"{name} takes a whole number", "run `sysctl -a` again")
        router.sysctl[name] = int(match[2])


def read_addresses(links: list[Mapping[str, Any]], file: str, router: Router) -> None:
    """The global addresses of each interface; secondary ones after primary ones, as MASQUERADE sees them."""
    for link in links:
        infos = [i for i in link.get("addr_info") or [] if isinstance(i, dict) and i.get("local")]
        infos.sort(key=lambda info: bool(info.get("secondary")))
        try:
            router.addresses[str(link.get("ifname"))] = [str(ip_address(info["local"])) for info in infos if info.get("scope") == "global"]
        except ValueError as error:
            raise ImportProblem(file, None, str(error), "not an address") from error


def read_counters(source: Source, router: Router) -> None:
    """`conntrack -S`: sums over the CPUs; of several files the one that counted most (the latest)."""
    sums: dict[str, int] = {}
    for number, line in source.lines():
        for name, value in re.findall(r"(\w+)=(\S*)", line):
            if not re.fullmatch(r"\d{1,19}", value):
                raise ImportProblem(source.name, number, f"{name}={value}", "a counter is a whole number")
            if name != "cpu":
                sums[name] = sums.get(name, 0) + int(value)
    router.counter_files += 1
    for name, total in sums.items():
        router.counters[name] = max(total, router.counters.get(name, 0))
