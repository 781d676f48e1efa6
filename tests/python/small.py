"""Random scenarios small enough for brute force, over all axes that the checker reads."""

from __future__ import annotations

import random
from typing import Any


def design(**axes: Any) -> dict[str, Any]:
    """A design written out; `axes` with underscores."""
    out: dict[str, Any] = {
        "name": "made", "summary": "", "sources": [], "notes": [], "mapping-type": "edm",
        "clash-scope": {"destination": "endpoint", "protocol": True},
        "port-classes": [{"source": ["0-65535"], "ports": ["10-13"]}],
        "first-choice": "none",
        "search": {"rounds": [whole()], "stop-when-covered": False, "first-choice-counts": False},
        "pool": {"choice": "first", "hash": "", "of": "source-and-destination", "fallback": False},
        "commit": "atomic", "reuse": {"take-over": [], "chance": 1}, "pressure": "refuse",
        "failure": {"kind": "drop", "counter": "", "command": ""}, "when-restricted": {}, "timers": {}, "remedies": [],
    }  # fmt: skip
    return {**out, **{k.replace("_", "-"): v for k, v in axes.items()}}


def whole() -> dict[str, Any]:
    """A round through all ports from a random start."""
    return {"start": "random", "step": "ascend", "take-over-last": 0}


def client(name: str, addresses: Any, ports: Any, reaches: Any = ()) -> dict[str, Any]:
    """A client set."""
    return {"name": name, "addresses": [addresses] if isinstance(addresses, str) else addresses,
            "ports": [ports] if isinstance(ports, str) else ports, "reaches": list(reaches), "source-ports": {"law": "uniform"}}  # fmt: skip


def server(name: str, addresses: Any, ports: Any, protocol: str = "tcp") -> dict[str, Any]:
    """A server set."""
    return {"name": name, "addresses": [addresses] if isinstance(addresses, str) else addresses,
            "ports": [ports] if isinstance(ports, str) else ports, "protocol": protocol}  # fmt: skip


def nat(inside: list[str], pool: Any, how: dict[str, Any], name: str = "router", **more: Any) -> dict[str, Any]:
    """A NAT."""
    out = {"name": name, "inside": inside, "external-ip-address-pool": [pool] if isinstance(pool, str) else pool, "design": how,
           "connection-limits": {}, "mapping-limits": {}, "timers": {}}  # fmt: skip
    return {**out, **{k.replace("_", "-"): v for k, v in more.items()}}


def scenario(clients: list[Any], nats: list[Any], servers: list[Any]) -> dict[str, Any]:
    """A scenario in canonical form."""
    return {"description": "", "clients": clients, "nats": nats, "servers": servers, "traffic": []}


def random_rounds(rng: random.Random, n: int) -> list[dict[str, Any]]:
    """One to three rounds of probes in a range of about n ports."""
    out = []
    for _ in range(rng.choice([1, 1, 2, 3])):
        kind = rng.choice(["whole", "window", "window", "wrapping", "sweep", "independent", "own", "first", "hash", "scaled"])
        r: dict[str, Any] = {"start": "random", "step": "ascend", "take-over-last": 0}
        if kind == "window":
            r["probes"] = rng.randint(1, n)
        elif kind == "wrapping":
            r["offset-bits"] = rng.choice([1, 2, 3, 3])
            r["bits"] = rng.randint(1, r["offset-bits"])
            if rng.random() < 0.7:
                r["probes"] = rng.randint(1, n + 1)
        elif kind == "sweep":
            r["step"] = "ascend-then-descend"
            if rng.random() < 0.3:
                r["probes"] = rng.randint(1, n)
        elif kind == "independent":
            r |= {"step": "independent", "probes": rng.randint(1, 2)}
            if rng.random() < 0.3:
                r["bits"] = rng.randint(1, 2)
        elif kind in ("own", "first", "hash"):
            r |= {"start": {"own": "own-port"}.get(kind, kind), "probes": rng.randint(1, n)}
            if kind == "hash" and rng.random() < 0.5:
                r["bits"] = 2
        elif kind == "scaled":
            r |= {"start": "first", "step": "scaled", "bits": 16, "probes": rng.randint(1, n + 2)}
        out.append(r)
    return out


def random_design(rng: random.Random, searching: bool) -> dict[str, Any]:
    """A design; `searching`: of many kinds of search, few of mapping."""
    n = rng.randint(1, 4)
    ports = [f"{rng.choice([5, 10])}-{10 + n - 1}"] if rng.random() < 0.3 else ["10" if n == 1 else f"10-{10 + n - 1}"]
    first = rng.choice(["none", "preserve", "preserve-any"])
    classes = [{"source": ["0-65535"], "ports": ports}]
    if rng.random() < 0.25:
        classes = [{"source": ["0-10"], "ports": ["8-9" if searching else "7-10"]}, {"source": ["11-65535"], "ports": ports}]
    rounds = random_rounds(rng, n) if searching else [whole()]
    if first != "none" and rng.random() < 0.1:
        rounds = []
    choice = rng.choice(["first", "first", "random", "round-robin", "hash", "hash"])
    return design(
        mapping_type=rng.choice(["edm", "edm", "edm", "eim-if-possible", "eim", "adm"]),
        clash_scope={"destination": rng.choice(["none", "address", "endpoint", "endpoint"]), "protocol": rng.random() < 0.8},
        port_classes=classes, first_choice=first,
        search={"rounds": rounds, "stop-when-covered": rng.random() < 0.5, "first-choice-counts": rng.random() < 0.5},
        pool={"choice": choice, "hash": rng.choice(["jhash2", "jhash2", "vpp-fold"]) if choice == "hash" else "",
              "of": rng.choice(["source", "source-and-destination"]), "fallback": rng.random() < 0.3},
        pressure=rng.choice(["refuse", "drop-least-recently-used"]),
    )  # fmt: skip


def with_quotas(rng: random.Random, scenario: dict[str, Any], most: int) -> dict[str, Any]:
    """The same with a quota per subscriber at its NATs."""
    for n in scenario["nats"]:
        n["connection-limits"]["limit-per-subscriber"] = rng.randint(1, most)
    return scenario


def random_scenario(rng: random.Random, searching: bool = False) -> dict[str, Any]:
    """A few clients, servers and external endpoints; fewer where histories are to be searched."""
    v6 = rng.random() < 0.2
    inner, outer, far = ("fd00::", "2001:db8::", "2001:db8:1::") if v6 else ("10.0.0.", "203.0.113.", "198.51.100.")
    how = random_design(rng, searching)
    pool = outer + "4" if rng.random() < 0.5 else f"{outer}4-{outer}5"
    if searching:
        hosts = rng.choice([1, 2, 2, 3])
        low = rng.choice([8, 10, 10, 11])
        clients = [client("A", f"{inner}1-{inner}{hosts}" if hosts > 1 else f"{inner}1", f"{low}-{low + rng.randint(0, 2)}")]
        if rng.random() < 0.4:
            clients.append(client("X", f"{inner}9", rng.choice(["10", "10-11", "12"])))
        servers = [server("C", f"{far}7", "80")]
        if hosts * 2 < 5 and rng.random() < 0.4:
            servers.append(rng.choice([server("D", f"{far}8", "80"), server("D", f"{far}7", "80", "udp"), server("D", f"{far}7", "443")]))
    else:
        hosts = rng.choice([1, 1, 2, 3])
        low = rng.choice([9, 10, 11])
        clients = [client("A", f"{inner}1-{inner}{hosts}" if hosts > 1 else f"{inner}1", f"{low}-{low + rng.randint(0, 2)}")]
        if rng.random() < 0.7:
            clients.append(client("X", f"{inner}8-{inner}9", rng.choice(["10", "10-11", "12"]), rng.choice([[], [], ["C"]])))
        if rng.random() < 0.3:
            clients.append(client("Z", f"{inner}f" if v6 else f"{inner}15", "10-12"))
        servers = [server("C", f"{far}7" if rng.random() < 0.6 else f"{far}6-{far}7", rng.choice(["80", "80-81"]))]
        if rng.random() < 0.6:
            servers.append(rng.choice([
                server("D", f"{far}8", "80"), server("D", f"{far}7", "80", "udp"), server("D", f"{far}7", "443-444"),
                server("D", f"{far}7-{far}8", "53", "udp"),
            ]))  # fmt: skip
    inside = [c["name"] for c in clients if c["name"] != "Z"]
    nats = [nat(inside, pool, how)]
    if not searching and len(inside) == 2 and rng.random() < 0.15:
        nats = [nat([inside[0]], pool, how), nat([inside[1]], f"{outer}8", random_design(rng, False), "second")]
    for n in nats:
        if rng.random() < 0.2:
            n["connection-limits"] = {"limit-per-instance": rng.randint(1, 5)}
        if rng.random() < 0.1 and n["design"]["mapping-type"] == "edm":
            n["mapping-limits"] = {"limit-port-mappings": rng.randint(1, 5)}
        if rng.random() < 0.15:
            n["port-set-restrict"] = {"start-port-number": 10, "end-port-number": 10 + rng.randint(0, 3)}
            n["design"]["when-restricted"] = rng.choice([{}, {"first-choice": "preserve"}, {"pool": {"fallback": True}}])
    return scenario(clients, nats, servers)
