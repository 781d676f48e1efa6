"""What is left open of a small scenario, settled connection by connection (written.py) by CP-SAT.

The connections that it finds become an ordinary certificate, which is checked before it is given out. That there are no more has none: the answer says so.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from natbound.check import check
from natbound.check.scenario import Nat, read_scenario
from natbound.check.scenario import Scenario as Checked
from natbound.check.sets import Rejected, Undecided, begin, meet, size
from natbound.errors import Unsupported
from natbound.exact.colouring import in_part, laid_out, question_of
from natbound.exact.program import Solved, agreed, cp_sat, solved, solver_there
from natbound.exact.written import Connection, End, Written
from natbound.results import number
from natbound.tuples import address_text

if TYPE_CHECKING:
    from natbound.scenario import Scenario

MOST = 20_000  # unknowns: a tenth of a second to write them out
SECONDS = 10.0
SHOWN = "nothing: the certificate shows it"
TRUST = "the solver and the model that it was given, for that there is no more"


@dataclass(frozen=True)
class Found:
    """What was found: connections as blocks of a certificate, how many there are, and whether the solver says that no more are possible."""

    blocks: list[dict[str, Any]]
    connections: int
    largest: bool
    engine: dict[str, Any]


def most_of(world: Checked, wanted: dict[str, dict[str, int]] | None = None, keep: int | None = None) -> Found | None:
    """The most connections (of a demand by client set and server set: of what it wants), `keep` of them laid out (else all); or nothing, where the
    scenario is not small or there is no solver."""
    if not solver_there():
        return None
    begin()
    try:
        written = Written(world, wanted, MOST)
    except (Unsupported, Undecided, Rejected):
        return None
    answer = solved(written.program, SECONDS) if written.program.wanted else Solved([], 0, largest=True)
    if answer.values is None:
        return None
    model = f"every connection by itself: {len(written.program.most):,} variables"
    live = [c for c in written.connections if answer.values[c.live]][:keep]
    return Found([_block(c) for c in live], answer.sum, answer.largest, {**cp_sat(), "model": model})


def _ends(end: End) -> dict[str, Any]:
    return {"addresses": [address_text(end[0])], "ports": [str(end[1])]}


def _block(c: Connection) -> dict[str, Any]:
    """A block of one connection."""
    stages, port = [], c.flow[2]
    for nat, end in c.passed:
        stages.append({"nat": nat.name, **_ends(end), "first": 0, "preserve": _kept(nat, port, end[1])})
        port = end[1]
    out: dict[str, Any] = {
        "to": [{"server": c.server.name, **_ends(c.flow[3:])}],
        "from": {"client": c.client.name, **_ends(c.flow[1:3]), "first": 0, "shift": 0},
        "count": 1,
        "preserve": False,
        "spread": False,
    }
    if len(stages) == 1:
        out["preserve"] = stages[0].pop("preserve")
    if stages:
        out["via"] = stages if len(stages) > 1 else stages[0]
    return out


def _kept(nat: Nat, port: int, given: int) -> bool:
    """Whether the NAT gives the port because it is the flow's own, and no search would."""
    if not nat.translates:
        return True
    return not (nat.plan.rounds and meet(nat.plan.class_of(port).ports, ((given, given),)))


def maximum(scenario: Scenario, part: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any] | None]:
    """A maximum of which two bounds are known, with what can be found of it; and who said so."""
    if part.get("connections") is not None or "limit" in part or "does-not-fit" not in part["evidence"]:
        return part, None
    world, who = read(scenario), None
    # first what is quick where it finds all
    for look in (most_coloured, most_of):
        found = look(world) if world else None
        low, high = number(part["at_least"]), number(part["at_most"])
        if found is None or (found.connections <= low and not found.largest):
            continue
        if found.largest:
            agreed(low <= found.connections <= high, f"{low:,} to {high:,}", found.engine["name"], found.connections)
        evidence, most = dict(part["evidence"]), found.connections
        if most > low:
            evidence["fits"] = {"connections": most, "blocks": found.blocks}
        if most == high:
            evidence |= {"kind": "maximum", "connections": most}
        if check(evidence, scenario.written_out).valid is not True:
            continue
        if most == high:
            out = {k: v for k, v in part.items() if k not in ("at_least", "at_most")} | {"connections": most, "evidence": evidence}
            return out, {**found.engine, "says": most, "trust": SHOWN}
        part = part | {"at_least": most, "evidence": evidence}
        who = {**found.engine, "says": most, "trust": SHOWN}
        if found.largest:  # `connections` as the solver says, and between what it is proved to lie
            says = f"{part['sets_it']}. OR-Tools CP-SAT says that no more than {most:,} fit; that has no certificate"
            return part | {"connections": most, "sets_it": says}, {**found.engine, "says": most, "trust": TRUST}
    return part, who


def most_coloured(world: Checked) -> Found | None:
    """Where mappings are shared between destinations (overloading): as many of all connections as a colouring of the mappings lets through."""
    all_ = {
        c.name: {v.name: c.sockets * size(v.addresses) * size(v.ports) for v in world.servers.values() if world.reached(c, v)}
        for c in world.clients.values()
        if not c.inner
    }
    begin()
    try:
        question = question_of(world, {c: to for c, to in all_.items() if to})
        found = in_part(question) if question else None
        if question is None or found is None:
            return None
        blocks, connections = laid_out(world, question, found[0])
    except (Undecided, Rejected):
        return None
    return Found(blocks, connections, False, {"name": "natbound", "model": f"colouring: {found[1]}"})


def _fits(scenario: Scenario, body: dict[str, Any]) -> dict[str, Any] | None:
    """A certificate of connections that fit, where the checker takes it."""
    out = {"schema": "natbound.certificate/1", "kind": "fits", "scenario": scenario.written_out, **body}
    return out if check(out, scenario.written_out).valid is True else None


def read(scenario: Scenario) -> Checked | None:
    """The scenario as the checker has it, where it takes it."""
    begin()
    try:
        return read_scenario(scenario.written_out)
    except (Undecided, Rejected):
        return None


def demand(
    scenario: Scenario, found: dict[str, Any], wanted: dict[str, dict[str, int]] | None, total: int, world: Checked | None = None
) -> dict[str, Any]:
    """A demand that is left open (`total` connections: of these pairs, or anywhere), with what can be found of it; `world`: the scenario, where
    it is read already."""
    if found.get("fits") is not None or "limit" in found or not total:
        return found
    world = world or read(scenario)
    most = most_of(world, wanted, total) if world else None
    if most is None:
        return found
    if most.connections < total:
        if not most.largest:
            return found
        says = f"OR-Tools CP-SAT says that only {most.connections:,} of them fit; that has no certificate"
        out = {**found, "sets_it": says, "engine": {**most.engine, "verdict": "does not fit", "trust": TRUST}}
        evidence = _fits(scenario, {"connections": most.connections, "blocks": most.blocks})
        return {**out, "connections": most.connections, "evidence": evidence} if evidence else out
    body: dict[str, Any] = {"connections": total, "blocks": most.blocks}
    if wanted is not None:
        body["demand"] = [{"from": c, "to": v, "connections": n} for c, some in wanted.items() for v, n in some.items()]
    evidence = _fits(scenario, body)
    if evidence is None:
        return found
    trust = "nothing: the certificate shows what was found"
    shown = {"fits": True, "sets_it": "each connection finds a tuple", "evidence": evidence}
    return {**found, **shown, "engine": {**most.engine, "verdict": "fits", "trust": trust}}
