"""The stand-alone checker: what it accepts is so, by brute force; whatever JSON it is given, it decides and never fails."""

from __future__ import annotations

import importlib.util
import itertools
import json
import os
import random
import subprocess
import sys
import time
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

HERE = Path(__file__).resolve().parent
CHECK = HERE.parents[1] / "python" / "natbound" / "check"
sys.path.insert(0, str(HERE))

import made  # noqa: E402
import oracle  # noqa: E402
import small  # noqa: E402
from mutation import ODD, mutants  # noqa: E402


def _alone() -> ModuleType:
    """The checker without natbound, as its __main__ loads it."""
    spec = importlib.util.spec_from_file_location("natbound_check", CHECK / "__init__.py", submodule_search_locations=[str(CHECK)])
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["natbound_check"] = module
    spec.loader.exec_module(module)
    return module


checker = _alone()
check = checker.check


def valid(certificate: Any, scenario: Any = None) -> bool | None:
    """The verdict alone; a failure of the checker itself is never a verdict."""
    verdict = check(certificate, scenario)
    assert not verdict.reason.startswith("the checker failed"), verdict.reason
    return verdict.valid


def accepted(certificate: Any) -> None:
    """It stands, for the scenario inside it."""
    verdict = check(certificate, certificate.get("scenario"))
    assert verdict.valid is True, verdict.reason


# ---- small scenarios, by brute force


def small_enough(world: oracle.World, flows: int) -> bool:
    """Whether brute force takes milliseconds. Overloading under eim and adm is a colouring problem, for which bounds differ."""
    for r in world.nats:
        there = r.flows()
        if len(there) > flows or (r.type in ("eim", "adm") and len({r.mapping(f) for f in there}) > 5):
            return False
        wide = {"eim": ("address", "endpoint"), "adm": ("endpoint",)}.get(r.type, ())
        if r.scope["destination"] in wide or (r.most_mappings is not None and r.type != "edm"):
            return False
    return True


def maxima(seeds: range) -> list[Any]:
    """Certificates of kind maximum for random scenarios."""
    out = []
    for seed in seeds:
        rng = random.Random(seed)
        scenario = small.random_scenario(rng)
        if small_enough(oracle.World(scenario), 40):
            out.append(made.maximum(scenario, rng))
    return out


def histories(seeds: range) -> list[Any]:
    """Certificates of kind guaranteed for random scenarios."""
    out = []
    for seed in seeds:
        rng = random.Random(seed)
        scenario = small.random_scenario(rng, searching=True)
        if small_enough(oracle.World(scenario), 5):
            out.append(made.guaranteed(scenario, rng))
    return out


def true_fits(scenario: Any, body: Any) -> bool:
    """Whether the connections of a body of fits can be live together, one by one."""
    world = oracle.World(scenario)
    live = made.expanded(world, body)
    if len(live) != int(body["connections"]) or oracle.wrong_with(world, live):
        return False
    for wanted in body.get("demand", []):
        pair = [f for f, _, _ in live if made.client_at(world, f) == wanted["from"] and made.server_at(world, f) == wanted["to"]]
        if len(pair) != int(wanted["connections"]):
            return False
    return "demand" not in body or sum(int(w["connections"]) for w in body["demand"]) == len(live)


def true_history(certificate: Any) -> bool:
    """Whether the trace ends in a failure with just so many live, and no history in one with fewer."""
    world = oracle.World(certificate["scenario"])
    live = int(certificate["connections"])
    found = [x for r in world.nats if (x := oracle.fewest(r)) is not None]
    if certificate["lower-bound"]["reason"] == "nothing-fails":
        return not found and live == oracle.most(world)
    if not found or min(x[0] for x in found) != live:
        return False
    router = next(r for r in world.nats if r.name == certificate["nat"])
    state: oracle.State | None = (frozenset(), 0)
    for step in [*certificate["trace"], certificate["failing"]]:
        verb = "open" if "open" in step else "close"
        who, to = step[verb], step["to"]
        addresses = [who["address"]] if "address" in who else oracle.listed_addresses(who["addresses"])
        ports = oracle.listed_ports(who["ports"] if "ports" in who else [who["port"]])
        for k, (address, port) in enumerate(itertools.product(addresses, ports)):
            assert state is not None
            flow = (to.get("protocol", "tcp"), address, port, to["address"], to["port"])
            if verb == "close":
                held = dict(state[0])
                state = (state[0] - {(flow, held[flow])}, state[1])
                continue
            if flow in dict(state[0]):
                return False
            draws = step.get("draws", [])
            given = [d + k * by for d, by in zip(draws, step.get("step", [0] * len(draws)), strict=True)]
            before = len(state[0])
            state = oracle.opened(router, state, flow, oracle.Numbers(given))
    return state is None and before == live


def true(certificate: Any) -> bool:
    """Whether a certificate's claim is so, and what it shows for it."""
    kind, scenario = certificate["kind"], certificate["scenario"]
    if kind == "fits":
        return true_fits(scenario, certificate)
    if kind == "does-not-fit" and "demand" in certificate:
        wanted = {(d["from"], d["to"]): int(d["connections"]) for d in certificate["demand"]}
        return not oracle.meets(oracle.World(scenario), wanted)
    if kind == "does-not-fit":
        return oracle.most(oracle.World(scenario)) <= int(certificate["at-most"])
    if kind in ("maximum", "bounds"):
        most = oracle.most(oracle.World(scenario))
        if kind == "maximum" and int(certificate["connections"]) != most:
            return False
        return true_fits(scenario, certificate["fits"]) and int(certificate["does-not-fit"]["at-most"]) >= most
    return true_history(certificate)


def as_kinds(certificate: Any) -> list[Any]:
    """A maximum, and its two halves as certificates of their own."""
    out = [certificate]
    if certificate["kind"] == "maximum":
        for kind in ("fits", "does-not-fit"):
            out.append(made.certificate(kind, certificate["scenario"], certificate[kind]))
    return out


def test_accepts_what_brute_force_finds() -> None:
    certificates = [k for c in maxima(range(1000, 1120)) for k in as_kinds(c)] + histories(range(1000, 1040))
    assert len(certificates) > 200
    for certificate in certificates:
        accepted(certificate)


def test_no_wrong_mutant_is_accepted() -> None:
    rng = random.Random(20260101)
    certificates = [k for c in maxima(range(40)) for k in as_kinds(c)] + histories(range(30)) + demands() + drawn_out()
    tried = wrong = still = 0
    per_kind: dict[str, int] = {}
    for certificate in certificates:
        for done, mutant in mutants(certificate, rng, 40):
            tried += 1
            per_kind[certificate["kind"]] = per_kind.get(certificate["kind"], 0) + 1
            if valid(mutant) is not True:
                continue
            still += 1
            if not true(mutant):
                wrong += 1
                print(done, json.dumps(mutant))
            # a mutant that is still true was not made for the certificate's scenario, unless that was left alone
            if mutant["scenario"] != certificate["scenario"]:
                assert valid(mutant, certificate["scenario"]) is False
    assert wrong == 0, f"{wrong} of {tried} mutants are wrong and were accepted"
    assert tried >= 2000
    assert min(per_kind.values()) >= 200
    assert still < tried / 2  # the attack would be a weak one


def test_bodies_of_other_scenarios() -> None:
    certificates = [k for c in maxima(range(200, 240)) for k in as_kinds(c)] + histories(range(200, 216))
    tried = 0
    for one, other in itertools.product(certificates, certificates):
        if one is other or one["kind"] != other["kind"]:
            continue
        tried += 1
        mixed = {**one, "scenario": other["scenario"]}
        if valid(mixed) is True:
            assert true(mixed)
        if one["scenario"] != other["scenario"]:
            assert valid(one, other["scenario"]) is False
    assert tried > 500


def demands() -> list[Any]:
    """Certificates with a demand, met and not."""
    scenario = home()
    clients = [("A", "10.0.0.1"), ("X", "10.0.0.2")]
    blocks = [
        {"to": [{"server": "C", "addresses": ["198.51.100.7"], "ports": ["80"]}],
         "from": {"client": name, "addresses": [address], "ports": ["10-13"], "first": 0, "shift": 0},
         "via": {"nat": "router", "addresses": ["203.0.113.5"], "ports": ["10-13"], "first": 2 * i}, "count": 2, "preserve": False, "spread": False}
        for i, (name, address) in enumerate(clients)
    ]  # fmt: skip
    met = [{"from": n, "to": "C", "connections": 2} for n, _ in clients]
    level = {"weight": 1, "open": [{"addresses": ["203.0.113.5"], "ports": ["10-13"]}],
             "closed": [{"client": n, "addresses": [a], "ports": ["10-13"], "demand": 3} for n, a in clients]}  # fmt: skip
    groups = [{"to": blocks[0]["to"], "keys": 1, "levels": [level]}]
    over = [{"from": n, "to": "C", "connections": 3} for n, _ in clients]
    return [
        made.certificate("fits", scenario, {"connections": 4, "blocks": blocks, "demand": met}),
        made.certificate("does-not-fit", scenario, {"demand": over, "nats": [{"nat": "router", "groups": groups}]}),
    ]


def home() -> Any:
    """Two machines behind one address with four ports."""
    clients = [small.client("A", "10.0.0.1", "10-13"), small.client("X", "10.0.0.2", "10-13")]
    return small.scenario(clients, [small.nat(["A", "X"], "203.0.113.5", small.design())], [small.server("C", "198.51.100.7", "80")])


def drawn_out() -> list[Any]:
    """Traces whose steps stand for runs."""
    scenario = home()
    to = {"address": "198.51.100.7", "port": 80, "protocol": "tcp"}
    trace = [
        {"open": {"client": "A", "address": "10.0.0.1", "ports": ["10-12"]}, "to": to, "draws": [3], "step": [-1]},
        {"close": {"client": "A", "address": "10.0.0.1", "ports": ["11-12"]}, "to": to},
        {"open": {"client": "X", "addresses": ["10.0.0.2"], "ports": ["11-13"]}, "to": to, "draws": [0], "step": [1]},
    ]
    failing = {"open": {"client": "X", "addresses": ["10.0.0.2"], "port": 10}, "to": to, "draws": [0], "step": [0]}
    out = {"connections": 4, "nat": "router", "trace": trace, "failing": failing, "lower-bound": {"reason": "sequence", "endpoints": 4}}
    return [made.certificate("guaranteed", scenario, out)]


# ---- by hand, each feature once


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


# ---- the lower bound and the hashes, against their definitions


def test_fewest_endpoints_of_every_sequence() -> None:
    rng = random.Random(5)
    exact = cases = 0
    for _ in range(400):
        scenario = small.random_scenario(rng, searching=True)
        router = oracle.World(scenario).nats[0]
        plan = checker.design.read_plan(scenario["nats"][0]["design"], None, "design")
        if "port-set-restrict" in scenario["nats"][0]:
            continue
        for c in plan.classes:
            port = rng.randint(c.source[0][0], min(c.source[0][0] + 14, c.source[-1][1]))
            bound = checker.probes.fewest_endpoints(plan, c, ((port, port),))
            seen = []
            todo: list[list[int]] = [[]]
            while todo:
                given = todo.pop()
                try:
                    seen.append(len(set(oracle.probes(router, port, oracle.Numbers(given)))))
                except oracle.Stuck as stuck:
                    todo += [[*given, v] for v in range(stuck.args[0])]
                assert len(seen) < 100_000
            cases += 1
            assert bound <= min(seen), (plan, port)
            exact += bound == min(seen)
    assert exact > 0.9 * cases > 200


def test_hashes() -> None:
    def rank(source: str, destination: str, only: bool) -> int:
        read = checker.reading.address
        seed = 0 if only else checker.pool.words(read(destination, ""))[0]
        return int(checker.pool.jhash2(checker.pool.words(read(source, "")), seed))

    # computed by hand from include/linux/jhash.h, little endian
    assert rank("10.0.0.2", "198.51.100.7", False) == 0xE0F1A7C5
    assert rank("10.0.0.2", "198.51.100.7", True) == 0xFA270FA5
    assert rank("10.0.0.3", "198.51.100.7", False) == 0x0999559B
    rng = random.Random(1)
    for _ in range(300):
        words = tuple(rng.getrandbits(32) for _ in range(4))
        seed = rng.getrandbits(32)
        assert checker.pool.jhash2(words, seed) == oracle.lookup3(list(words), seed)


# ---- holds


def text(commands: Any) -> str:
    """Nested lists as SMT-LIB."""
    return commands if isinstance(commands, str) else "(" + " ".join(map(text, commands)) + ")"


def holding(**axes: Any) -> Any:
    """A certificate of kind holds."""
    how = small.design(**axes)
    wanted = checker.obligations.unique(*checker.holds.axes(how))
    obligations = [{"name": n, "smt2": "; said\n" + "\n".join(map(text, c)), "expected": "unsat"} for n, c in wanted.items()]
    return {"schema": made.SCHEMA, "kind": "holds", "property": "unique", "design": how, "obligations": obligations}


@pytest.mark.parametrize("mapping", ["edm", "adm", "eim", "eim-if-possible"])
@pytest.mark.parametrize("scope", ["none", "address", "endpoint"])
def test_holds(mapping: str, scope: str) -> None:
    for protocol, causes in ((True, ["tcp-fin"]), (False, [])):
        certificate = holding(
            mapping_type=mapping, clash_scope={"destination": scope, "protocol": protocol}, reuse={"take-over": causes, "chance": 0.5}
        )
        assert valid(certificate) is (True if checker.holds.solvers() else None)


def test_holds_under_attack(monkeypatch: pytest.MonkeyPatch) -> None:
    certificate = holding(reuse={"take-over": ["tcp-fin"], "chance": 1})
    monkeypatch.setattr(checker.holds, "solvers", dict)
    assert valid(certificate) is None
    monkeypatch.setattr(checker.holds, "solvers", lambda: {"gullible": lambda _: "unsat"})
    assert valid(certificate) is True
    certificate["obligations"][0]["smt2"] = "(set-logic UF) (assert false) (check-sat)"
    assert valid(certificate) is False
    certificate = holding(reuse={"take-over": ["tcp-fin"], "chance": 1})
    for done, mutant in mutants(certificate, random.Random(3), 400):
        if valid(mutant) is True:
            assert checker.holds.axes(mutant["design"]) == checker.holds.axes(certificate["design"]), done
            assert {o["name"]: checker.obligations.parse(o["smt2"]) for o in mutant["obligations"]} == {
                o["name"]: checker.obligations.parse(o["smt2"]) for o in certificate["obligations"]
            }
    # a line less, or a bracket's content exchanged, anywhere
    rng = random.Random(4)
    for _ in range(200):
        lie = holding(reuse={"take-over": ["tcp-fin"], "chance": 1})
        which = rng.choice(lie["obligations"])
        words = which["smt2"].split()
        words.pop(rng.randrange(1, len(words)))
        which["smt2"] = "; said\n" + " ".join(words[2:])
        assert valid(lie) is False
    for answer, verdict in (("sat", False), ("unknown", None), ("", None)):
        monkeypatch.setattr(checker.holds, "solvers", lambda answer=answer: {"other": lambda _: answer})
        assert valid(holding()) is verdict


# ---- any JSON, and the command line


def anything(rng: random.Random, depth: int = 0) -> Any:
    """A JSON value of any shape, with the keys and words of certificates."""
    if depth > 5 or rng.random() < 0.3:
        return rng.choice([*ODD, "fits", "A", "10.0.0.1", "80", 2**70, -(2**70)])
    if rng.random() < 0.4:
        return [anything(rng, depth + 1) for _ in range(rng.randrange(4))]
    keys = ["schema", "kind", "scenario", "clients", "nats", "servers", "blocks", "connections", "name", "addresses", "ports", "design",
            "port-classes", "to", "from", "via", "groups", "levels", "trace", "open", "lower-bound"]  # fmt: skip
    return {rng.choice(keys): anything(rng, depth + 1) for _ in range(rng.randrange(6))}


def test_any_json_is_decided() -> None:
    rng = random.Random(9)
    good = [*maxima(range(3)), *histories(range(3)), holding()]
    for _ in range(2000):
        value = anything(rng)
        assert valid(value) is not True
        if isinstance(value, dict):
            base = rng.choice(good)
            assert valid({**value, "schema": made.SCHEMA, "kind": base["kind"]}) is not True
            valid({**base, **value})
    deep: Any = []
    for _ in range(100_000):
        deep = [deep]
    for kind in ("fits", "maximum", "guaranteed", "holds", "likely", "unheard-of"):
        assert valid({"schema": made.SCHEMA, "kind": kind, "scenario": deep, "blocks": deep}) is not True
    assert check({"schema": made.SCHEMA, "kind": "likely"}).valid is None


def test_too_large_is_not_decided() -> None:
    certificate = kinds_by_hand()["routed, IPv6"]
    hashed = small.design(pool={"choice": "hash", "hash": "jhash2", "of": "source", "fallback": False})
    client = small.client("hosts", "2001:db8::/64", "10-13")
    certificate["scenario"] = small.scenario(
        [client], [small.nat(["hosts"], "2001:db8:2::/126", hashed)], certificate["scenario"]["servers"]
    )
    assert (
        valid(
            made.certificate(
                "guaranteed", certificate["scenario"], {"connections": 1, "lower-bound": {"reason": "sequence", "endpoints": 1}}
            )
        )
        is None
    )


def run(*arguments: str, stdin: str | None = None) -> tuple[int, str]:
    """The checker as a program of its own, away from every installed package."""
    command = [sys.executable, "-S", "-E", str(CHECK / "__main__.py"), *arguments]
    done = subprocess.run(command, input=stdin, capture_output=True, text=True, timeout=120, check=False, env={"PATH": os.devnull})
    assert "Traceback" not in done.stderr
    return done.returncode, done.stdout + done.stderr


def test_command_line(tmp_path: Path) -> None:
    good = maxima(range(2))[0]
    path = tmp_path / "certificate.json"
    path.write_text(json.dumps(good))
    scenario = tmp_path / "scenario.json"
    scenario.write_text(json.dumps(good["scenario"]))
    assert run(str(path)) == (0, f"valid: {check(good).reason}\n")
    assert run(str(path), "--scenario", str(scenario))[0] == 0
    scenario.write_text(json.dumps({**good["scenario"], "description": "another"}))
    assert run(str(path), "--scenario", str(scenario))[0] == 1
    code, out = run("-", "--json", stdin=json.dumps({**good, "connections": good["connections"] + 1}))
    assert code == 1
    assert json.loads(out)["valid"] is False
    assert run("-", stdin=json.dumps(holding()))[0] == 3  # no solver there
    for unreadable in ("", "{", '{"kind": 1, "kind": 2}', "[" * 200_000, "9" * 10_000):
        assert run("-", stdin=unreadable)[0] == 2
    assert run(str(tmp_path / "nothing.json"))[0] == 2
    path.write_bytes(b"\xff\xfe\x00")
    assert run(str(path))[0] == 2
