"""What the tests of the checker share: the checker itself, loaded alone, certificates to attack, and the truth about them by brute force."""

from __future__ import annotations

import importlib.util
import itertools
import random
import sys
from fractions import Fraction
from pathlib import Path
from types import ModuleType
from typing import Any

import histories
import made
import oracle
import small

CHECK = Path(__file__).resolve().parents[2] / "python" / "natbound" / "check"


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


def maxima(seeds: range, quotas: bool = False) -> list[Any]:
    """Certificates of kind maximum for random scenarios."""
    out = []
    for seed in seeds:
        rng = random.Random(seed)
        scenario = small.random_scenario(rng)
        if quotas:
            small.with_quotas(rng, scenario, 5)
        if small_enough(oracle.World(scenario), 40):
            out.append(made.maximum(scenario, rng))
    return out


def past(seeds: range, quotas: bool = False) -> list[Any]:
    """Certificates of kind guaranteed for random scenarios."""
    out = []
    for seed in seeds:
        rng = random.Random(seed)
        scenario = small.random_scenario(rng, searching=True)
        if quotas:
            small.with_quotas(rng, scenario, 2)
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
    found = [x for r in world.nats if (x := histories.fewest(r)) is not None]
    if certificate["lower-bound"]["reason"] == "nothing-fails":
        return not found and live == oracle.most(world)
    if not found or min(x[0] for x in found) != live:
        return False
    router = next(r for r in world.nats if r.name == certificate["nat"])
    state: histories.State | None = (frozenset(), 0)
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
            state = histories.opened(router, state, flow, histories.Numbers(given))
    return state is None and before == live


def unjudged(certificate: Any) -> bool:
    """Whether brute force can't judge it: clients with all their 64,512 ports, which a quota may make as good as few."""
    return any("ports" not in c for c in certificate["scenario"]["clients"])


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
    if kind in ("multiple", "multiple-bounds"):
        return true_multiple(certificate)
    return true_history(certificate)


def true_multiple(certificate: Any) -> bool:
    """Whether the multiple fits, the next does not and (multiple) none between them wants anything else."""
    scenario = certificate["scenario"]
    demand = {(d["from"], d["to"]): int(d["connections"]) for d in certificate["demand"]}
    (a, b), (c, d) = ([int(x) for x in certificate[key].split("/")] for key in ("multiple", "next"))
    wanted, beyond = ({pair: n * top // bottom for pair, n in demand.items()} for top, bottom in ((a, b), (c, d)))
    between = [k for n in demand.values() for m in range(n * c // d + 2) if Fraction(a, b) < (k := Fraction(m, n)) < Fraction(c, d)]
    shown = {(x["from"], x["to"]): int(x["connections"]) for x in certificate["fits"].get("demand", [])}
    return (
        Fraction(a, b) < Fraction(c, d)
        and (not between or certificate["kind"] == "multiple-bounds")
        and sum(wanted.values()) == int(certificate["connections"])
        and {k: n for k, n in wanted.items() if n} == {k: n for k, n in shown.items() if n}
        and true_fits(scenario, certificate["fits"])
        and not oracle.meets(oracle.World(scenario), beyond)
    )


def as_kinds(certificate: Any) -> list[Any]:
    """A maximum, and its two halves as certificates of their own."""
    out = [certificate]
    if certificate["kind"] == "maximum":
        for kind in ("fits", "does-not-fit"):
            out.append(made.certificate(kind, certificate["scenario"], certificate[kind]))
    return out


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
