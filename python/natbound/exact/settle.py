"""From a demand that the library left unknown to a question for the solver, and back."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from natbound.check import check
from natbound.check.paired import room_towards
from natbound.check.scenario import Scenario as Checked
from natbound.check.sets import Rejected, Undecided, size
from natbound.errors import LimitReached
from natbound.exact.colouring import Question, coloured, laid_out, question_of
from natbound.exact.packing import pack
from natbound.exact.program import cp_sat, solver_there
from natbound.exact.small import demand as settled_demand
from natbound.exact.small import read
from natbound.results import decoded

if TYPE_CHECKING:
    from natbound.scenario import Scenario

Packing = tuple[str, list[str], list[dict[str, int]], dict[str, int], int]

SECONDS = 30.0
NEEDS = "pip install 'natbound[exact]' lets OR-Tools CP-SAT look for one"


def settle(scenario: Scenario, pairs: list[dict[str, Any]], found: dict[str, Any], seconds: float = SECONDS) -> dict[str, Any]:
    """`found`, or what the solver makes of it: `engine` then says who answered and what has to be trusted."""
    wanted: dict[str, dict[str, int]] = {}
    for p in pairs:
        if int(p["connections"]):
            wanted.setdefault(p["from"], {})[p["to"]] = int(p["connections"])
    if found.get("fits") is not None or not wanted or "limit" in found:
        return found
    if (world := read(scenario)) is None:  # of a kind that is not asked about here
        return found
    try:
        by_kind = _of_its_kind(scenario, world, pairs, wanted, found, seconds)
        if by_kind.get("fits") is not None or by_kind.get("engine", {}).get("verdict") == "does not fit":
            return by_kind
        small = settled_demand(scenario, by_kind, wanted, sum(int(p["connections"]) for p in pairs), world)
        return small | {"multiple": _at_least_once(small.get("multiple"), pairs, small)} if small.get("fits") else small
    except LimitReached as reached:
        return {**found, "sets_it": str(reached), "limit": {"kind": "time", "step": "looking for a placing", "says": str(reached)}}


def _of_its_kind(scenario: Scenario, world: Checked, pairs: list[dict[str, Any]], wanted: dict[str, dict[str, int]],
                 found: dict[str, Any], seconds: float) -> dict[str, Any]:  # fmt: skip
    """By the model of bin packing or of colouring, where it is that: of any size."""
    try:
        packing, colours = _question(world, wanted), question_of(world, wanted)
    except (Undecided, Rejected):
        return found
    if packing and not solver_there():
        return {**found, "sets_it": f"{found['sets_it']} ({NEEDS})"}
    if packing:
        return _packed(scenario, pairs, found, packing, cp_sat(), seconds)
    return _coloured(scenario, world, pairs, found, colours, seconds) if colours else found


def _packed(scenario: Scenario, pairs: list[dict[str, Any]], found: dict[str, Any], question: Packing, engine: dict[str, Any],
            seconds: float) -> dict[str, Any]:  # fmt: skip
    name, hosts, wants, rooms, bins = question
    answer = pack(wants, rooms, bins, seconds)
    engine = {**engine, "model": answer.how}
    if answer.at is None:
        none = f"paired pooling: OR-Tools CP-SAT says that no packing into the {bins:,} addresses of {name} exists"
        return {**found, **_nothing(found, none if answer.none else "", engine, seconds)}
    at = dict(zip(hosts, answer.at, strict=True))
    # those that want nothing get an address, too
    every = [at.get(c["name"], 0) for c in scenario.written_out["clients"]]
    laid = decoded(scenario._core.fits_demand(json.dumps(pairs), True, False, every))
    return _shown(found, pairs, laid, engine) if laid.get("fits") is True else found


def _coloured(scenario: Scenario, world: Checked, pairs: list[dict[str, Any]], found: dict[str, Any], question: Question,
              seconds: float) -> dict[str, Any]:  # fmt: skip
    colours, none, how = coloured(question, seconds)
    own = how in ("most constrained first", "tabu search")
    engine = {**({"name": "natbound"} if own else cp_sat()), "model": f"colouring: {how}"}
    if colours is None and own:
        return {**found, "sets_it": f"{found['sets_it']} ({NEEDS})", "engine": {**engine, "verdict": "unknown"}}
    if colours is None:
        says = f"overloading: OR-Tools CP-SAT says that the {question.colours:,} external endpoints of {question.nat.name} do not do"
        return {**found, **_nothing(found, says if none and question.only_way else "", engine, seconds)}
    demand = [{"from": p["from"], "to": p["to"], "connections": int(p["connections"])} for p in pairs if int(p["connections"])]
    blocks, total = laid_out(world, question, colours)
    body = {"connections": total, "blocks": blocks, "demand": demand}
    evidence = {"schema": "natbound.certificate/1", "kind": "fits", "scenario": scenario.written_out, **body}
    if check(evidence, scenario.written_out).valid is not True:  # a limit that the colouring does not know
        return found
    laid = {"fits": True, "sets_it": "each pair of clients and servers finds its tuples", "evidence": evidence}
    return _shown(found, pairs, laid, engine)


def _shown(found: dict[str, Any], pairs: list[dict[str, Any]], laid: dict[str, Any], engine: dict[str, Any]) -> dict[str, Any]:
    trusted = "nothing: the certificate shows what was found"
    multiple = _at_least_once(found.get("multiple"), pairs, laid)
    return {**found, **laid, "multiple": multiple, "engine": {**engine, "verdict": "fits", "trust": trusted}}


def _question(world: Checked, wanted: dict[str, dict[str, int]]) -> Packing | None:
    """The one NAT whose packing is in question, its hosts, what each wants, the room of one external address by server set, and how many."""
    nats = [n for n in world.nats.values() if n.plan.paired and size(n.pool) > 1 and any(c in n.inside for c in wanted)]
    if len(nats) != 1:
        return None
    nat = nats[0]
    hosts = [c for c in wanted if c in nat.inside]
    clients = [world.clients[c] for c in hosts]
    if any(size(c.addresses) > 1 for c in clients) or any(size(c.ports) == 0 for c in clients):
        return None
    servers = {v for c in hosts for v in wanted[c]}
    rooms = {v: room_towards(world, nat, [world.clients[c] for c in hosts if v in wanted[c]], world.servers[v]) for v in sorted(servers)}
    return nat.name, hosts, [wanted[c] for c in hosts], rooms, size(nat.pool)


def _nothing(found: dict[str, Any], says: str, engine: dict[str, Any], seconds: float) -> dict[str, Any]:
    if not says:
        return {"sets_it": f"{found['sets_it']}; none was found in {seconds:g} s", "engine": {**engine, "verdict": "unknown"}}
    trust = "the solver and the model that it was given"
    return {"sets_it": f"{says}; that has no certificate", "engine": {**engine, "verdict": "does not fit", "trust": trust}}


def _at_least_once(multiple: Any, pairs: list[dict[str, Any]], laid: dict[str, Any]) -> Any:
    """The bounds of the largest multiple, with the demand itself as the lower one where they did not know that it fits."""
    if not isinstance(multiple, dict) or multiple.get("exact") or not multiple["at_least"]["value"] < 1:
        return multiple
    body = laid["evidence"]
    at_least = {"fraction": "1/1", "value": 1.0, "connections": body["connections"], "demand": pairs}
    out = {**multiple, "at_least": at_least}
    if "evidence" in multiple:
        shown = {"connections": body["connections"], "multiple": "1/1", "fits": {k: body[k] for k in ("connections", "blocks", "demand")}}
        out["evidence"] = {**multiple["evidence"], **shown}
    return out
