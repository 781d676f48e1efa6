"""Certificates laid out by hand, each feature once and at full size, and lies about them."""

from __future__ import annotations

import random
import sys
import time
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

import made
import small
from attack import accepted, checker, valid
from mutation import mutants


def kinds_by_hand() -> dict[str, Any]:
    """Maxima whose blocks and Hall sets are laid out by hand, larger than brute force would care for."""
    lan = ["192.168.1.10", "192.168.1.11"]
    clients = [small.client(n, a, "1024-65535") for n, a in zip("AX", lan, strict=True)]
    wide = small.design(port_classes=[{"source": ["0-65535"], "ports": ["1024-65535"]}], first_choice="preserve")
    c80 = {"server": "C", "addresses": ["198.51.100.7"], "ports": ["80"]}
    everything = [{"client": n, "addresses": [a], "ports": ["1024-65535"], "mappings": 1} for n, a in zip("AX", lan, strict=True)]
    open_ = [{"addresses": ["203.0.113.5"], "ports": ["1024-65535"]}]

    def via(first: int = 0) -> Any:
        return {"nat": "router", "addresses": ["203.0.113.5"], "ports": ["1024-65535"], "first": first}

    def block(name: str, first: int, shift: int, count: int, on: int, keep: bool) -> Any:
        address = lan["AX".index(name)]
        return {"to": [c80], "from": {"client": name, "addresses": [address], "ports": ["1024-65535"], "first": first, "shift": shift},
                "via": via(on), "count": count, "preserve": keep, "spread": False}  # fmt: skip

    servers = [small.server("C", "198.51.100.7", "80")]
    home = small.scenario(clients, [small.nat(["A", "X"], "203.0.113.5", wide)], servers)
    level = {"weight": 1, "closed": everything, "open": open_, "loose": [], "at-most": 64512}
    group = {"to": [c80], "keys": 1, "levels": [level], "at-most": 64512}
    bound = {"at-most": 64512, "nats": [{"nat": "router", "at-most": 64512, "table": None, "groups": [group]}], "direct": []}
    halves = [block("A", 0, 0, 40000, 0, True), block("X", 0, 40000, 24512, 40000, True)]
    out = {
        "preserve, shift": made.certificate(
            "maximum", home, {"connections": 64512, "fits": {"connections": 64512, "blocks": halves}, "does-not-fit": bound}
        )
    }

    full = small.scenario(clients, [{**home["nats"][0], "connection-limits": {"limit-per-instance": 1000}}], servers)
    few = {"connections": 1000, "blocks": [block("X", 500, 7, 1000, 63512, False)]}
    limited = {"at-most": 1000, "nats": [{"nat": "router", "at-most": 1000, "table": 1000, "groups": [group]}], "direct": []}
    out["table"] = made.certificate("maximum", full, {"connections": 1000, "fits": few, "does-not-fit": limited})

    # a /8 behind a /64's worth of nothing: routed as it is, with counts far above 2^64
    v6 = small.scenario([small.client("hosts", "2001:db8::/64", "1-65535")], [], [small.server("web", "2001:db8:1::/64", "80")])
    n, e = 65535 << 64, 1 << 64
    web = [{"server": "web", "addresses": ["2001:db8:1::/64"], "ports": ["80"]}]
    routed = {"connections": str(n * e), "blocks": [{"to": web, "from": {"client": "hosts", "addresses": ["2001:db8::/64"], "ports": ["1-65535"],
              "first": 0, "shift": 0}, "count": str(n), "preserve": False, "spread": False}]}  # fmt: skip
    direct = {
        "at-most": str(n * e),
        "nats": [],
        "direct": [{"client": "hosts", "sockets": str(n), "endpoints": str(e), "at-most": str(n * e)}],
    }
    out["routed, IPv6"] = made.certificate("maximum", v6, {"connections": str(n * e), "fits": routed, "does-not-fit": direct})

    # spread: no two flows share an external endpoint, whatever their destination
    alone = small.design(clash_scope={"destination": "none", "protocol": True}, port_classes=wide["port-classes"])
    many = [{"server": "C", "addresses": ["198.51.100.0/24"], "ports": ["80"]}]
    spread = small.scenario(
        [small.client("A", "10.0.0.0/8", "5000-5001")],
        [small.nat(["A"], "203.0.113.5", alone)],
        [small.server("C", "198.51.100.0/24", "80")],
    )
    sockets = {"client": "A", "addresses": ["10.0.0.0/8"], "ports": ["5000-5001"]}
    one = {"to": many, "from": {**sockets, "first": 2**25 - 1, "shift": 0}, "via": via(), "count": 64512, "preserve": False, "spread": True}
    level = {"weight": 1, "closed": [{**sockets, "mappings": 256}], "open": open_, "loose": [], "at-most": 64512}
    group = {"to": many, "keys": 1, "levels": [level], "at-most": 64512}
    bound = {"at-most": 64512, "nats": [{"nat": "router", "at-most": 64512, "table": None, "groups": [group]}], "direct": []}
    out["spread"] = made.certificate(
        "maximum", spread, {"connections": 64512, "fits": {"connections": 64512, "blocks": [one]}, "does-not-fit": bound}
    )

    # weights: a mapping of A carries a flow to each of 256 endpoints, one of X to the first half of them
    eim = small.design(mapping_type="eim", clash_scope={"destination": "none", "protocol": True}, port_classes=wide["port-classes"])
    ends = [{"server": s, "addresses": [a], "ports": ["80"]} for s, a in (("C", "198.51.100.0/25"), ("D", "198.51.100.128/25"))]
    both = [small.server(s["server"], s["addresses"], "80") for s in ends]
    pair = [small.client("A", lan[0], "1024-41023"), small.client("X", lan[1], "1024-65535", ["C"])]
    heavy = small.scenario(pair, [small.nat(["A", "X"], "203.0.113.5", eim)], both)
    total = 40000 * 256 + 24512 * 128
    one = {"to": ends, "from": {"client": "A", "addresses": [lan[0]], "ports": ["1024-41023"], "first": 0, "shift": 0}, "via": via(),
           "count": 40000, "preserve": False, "spread": False}  # fmt: skip
    two = {**block("X", 0, 0, 24512, 40000, False), "to": ends[:1]}
    items = [{"client": "A", "addresses": [lan[0]], "ports": ["1024-41023"], "mappings": 1},
             {"client": "X", "addresses": [lan[1]], "ports": ["1024-65535"], "mappings": 1}]  # fmt: skip
    levels = [{"weight": 128, "closed": [], "open": [], "loose": items[:1], "at-most": 40000},
              {"weight": 128, "closed": items, "open": open_, "loose": [], "at-most": 64512}]  # fmt: skip
    group = {"to": ends, "keys": 1, "levels": levels, "at-most": total}
    bound = {"at-most": total, "nats": [{"nat": "router", "at-most": total, "table": None, "groups": [group]}], "direct": []}
    out["weights"] = made.certificate(
        "maximum", heavy, {"connections": total, "fits": {"connections": total, "blocks": [one, two]}, "does-not-fit": bound}
    )
    return out


@pytest.mark.parametrize("name", list(kinds_by_hand()))
def test_by_hand(name: str) -> None:
    certificate = kinds_by_hand()[name]
    began = time.process_time()
    accepted(certificate)
    assert time.process_time() - began < 2
    rng = random.Random(name)
    for done, mutant in mutants(certificate, rng, 150):
        body = {k: v for k, v in mutant.items() if k != "scenario"}
        if valid(mutant) is True and mutant["scenario"] == certificate["scenario"]:
            # another way to say the same number, or the number itself is wrong
            assert int(body["connections"]) == int(certificate["connections"]), done


LINUX = [
    {"start": "random", "bits": 16, "offset-bits": 16, "step": "ascend", "probes": n, "take-over-last": 32} for n in (128, 64, 32, 16, 8)
]


def linux(**more: Any) -> Any:
    """Linux MASQUERADE's search."""
    classes = [{"source": ["0-511"], "ports": ["1-511"]}, {"source": ["512-1023"], "ports": ["600-1023"]},
               {"source": ["1024-65535"], "ports": ["1024-65535"]}]  # fmt: skip
    search = {"rounds": LINUX, "stop-when-covered": True, "first-choice-counts": False}
    return small.design(
        **{"mapping_type": "eim-if-possible", "port_classes": classes, "first_choice": "preserve-any", "search": search, **more}
    )


def step(verb: str, name: str, address: str, ports: str, draws: list[int] | None = None, by: list[int] | None = None) -> Any:
    """A step of a trace towards 198.51.100.7:80."""
    out: dict[str, Any] = {verb: {"client": name, "address": address, "ports": [ports]}}
    out["to"] = {"address": "198.51.100.7", "port": 80, "protocol": "tcp"}
    return {**out, "draws": draws or [], "step": by or [0] * len(draws or [])}


def windows(how: Any, trace: list[Any], failing: Any, live: int, ports: str = "1024-65535") -> Any:
    """A certificate of kind guaranteed for two machines behind one address."""
    clients = [small.client("A", "192.168.1.10", ports), small.client("X", "192.168.1.11", ports)]
    scenario = small.scenario(clients, [small.nat(["A", "X"], "203.0.113.5", how)], [small.server("C", "198.51.100.7", "80")])
    body = {
        "connections": live,
        "nat": "router",
        "trace": trace,
        "failing": failing,
        "lower-bound": {"reason": "sequence", "endpoints": live},
    }
    return made.certificate("guaranteed", scenario, body)


def test_windows_of_linux() -> None:
    # X takes a port of A's, so that A's new flow does not simply keep it; A's own fill the rest of one window
    a, x = "192.168.1.10", "192.168.1.11"
    trace = [step("open", "X", x, "1024"), step("open", "A", a, "1025-1151")]
    failing = step("open", "A", a, "1024", [0] * 5)
    accepted(windows(linux(), trace, failing, 128))
    assert valid(windows(linux(), [trace[0], step("open", "A", a, "1025-1150")], failing, 127)) is False
    assert valid(windows(linux(), [*trace, step("open", "A", a, "2000")], failing, 129)) is False  # 128 suffice
    assert valid(windows(linux(), trace, step("open", "A", a, "1024", [1, 0, 0, 0, 0]), 128)) is False
    # from a flow whose own port lies outside the window, 129 are live, and that is not the fewest
    assert valid(windows(linux(), [*trace, step("open", "X", x, "5000")], step("open", "A", a, "5000", [0] * 5), 129)) is False


def test_wrap_of_linux() -> None:
    # 65536 = 10 mod 107: the offset's wrap meets its own window, which then has fewer than 107 distinct ports
    how = linux(when_restricted={"first-choice": "none"}, first_choice="none", mapping_type="edm")
    how["port-classes"] = [{"source": ["0-65535"], "ports": ["20000-20106"]}]
    fewest = min(len({(s + i) % 65536 % 107 for i in range(107)}) for s in range(65536))
    assert fewest < 107
    design = checker.design.read_plan(how, None, "design")
    assert checker.probes.fewest_endpoints(design, design.classes[0], ((1024, 65535),)) == fewest


def test_fills_all_ports_fast() -> None:
    how = small.design(port_classes=[{"source": ["0-65535"], "ports": ["1024-65535"]}])
    trace = [step("open", "A", "192.168.1.10", "1024-65535", [0], [1])]
    certificate = windows(how, trace, step("open", "X", "192.168.1.11", "1024", [77]), 64512)
    began = time.process_time()
    accepted(certificate)
    assert time.process_time() - began < 4
    certificate["trace"][0]["step"] = [0]  # the same ports, each found by a long walk
    accepted(certificate)
    certificate["trace"][0]["draws"] = [1]
    certificate["trace"][0]["step"] = [1]  # the last draws a number that is not below the range
    assert valid(certificate) is False


def test_nothing_fails_and_table() -> None:
    clients = [small.client("A", "192.168.1.10", "1024-65535")]
    servers = [small.server("C", "198.51.100.7", "80")]
    router = small.nat(["A"], "203.0.113.5", linux())
    alone = small.scenario(clients, [router], servers)
    c80 = {"server": "C", "addresses": ["198.51.100.7"], "ports": ["80"]}
    source = {"client": "A", "addresses": ["192.168.1.10"], "ports": ["1024-65535"]}
    via = {"nat": "router", "addresses": ["203.0.113.5"], "ports": ["1024-65535"], "first": 0}
    fits = {
        "connections": 64512,
        "blocks": [{"to": [c80], "from": {**source, "first": 0, "shift": 0}, "via": via, "count": 64512, "preserve": True}],
    }
    level = {"weight": 1, "closed": [], "open": [], "loose": [{**source, "mappings": 1}]}
    bound = {
        "at-most": 64512,
        "nats": [{"nat": "router", "at-most": 64512, "table": None, "groups": [{"to": [c80], "keys": 1, "levels": [level]}]}],
    }
    maximum = {"connections": 64512, "fits": fits, "does-not-fit": bound}
    reason = {"reason": "nothing-fails", "why": "preserved", "maximum": maximum}
    accepted(made.certificate("guaranteed", alone, {"connections": 64512, "lower-bound": reason}))
    assert valid(made.certificate("guaranteed", alone, {"connections": 64511, "lower-bound": reason})) is False
    two = small.scenario([*clients, small.client("X", "192.168.1.11", "65535")], [small.nat(["A", "X"], "203.0.113.5", linux())], servers)
    assert (
        valid(made.certificate("guaranteed", two, {"connections": 64513, "lower-bound": {"reason": "nothing-fails", "why": "preserved"}}))
        is False
    )

    limited = small.scenario(clients, [{**router, "connection-limits": {"limit-per-instance": 100}}], servers)
    trace = [step("open", "A", "192.168.1.10", "1024-1123")]
    body = {"connections": 100, "nat": "router", "trace": trace, "failing": step("open", "A", "192.168.1.10", "2000"),
            "lower-bound": {"reason": "table", "limit": 100}}  # fmt: skip
    accepted(made.certificate("guaranteed", limited, body))
    assert valid(made.certificate("guaranteed", limited, {"connections": 64512, "lower-bound": reason})) is False
    assert valid(made.certificate("guaranteed", alone, body)) is False
