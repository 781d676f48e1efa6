"""From a demand that the library left unknown to a question for the solver, and back."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from natbound.check.paired import room_towards
from natbound.check.scenario import Scenario as Checked
from natbound.check.scenario import read_scenario
from natbound.check.sets import begin, size
from natbound.exact.packing import Packed, pack
from natbound.results import decoded

if TYPE_CHECKING:
    from natbound.scenario import Scenario

SECONDS = 30.0
NEEDS = "pip install 'natbound[exact]' lets OR-Tools CP-SAT look for one"


def settle(scenario: Scenario, pairs: list[dict[str, Any]], found: dict[str, Any], seconds: float = SECONDS) -> dict[str, Any]:
    """`found`, or what the solver makes of it: `engine` then says who answered and what has to be trusted."""
    canonical = scenario.canonical
    if found.get("fits") is not None or not any(n["design"]["pool"].get("paired") for n in canonical.get("nats", [])):
        return found
    begin()
    world = read_scenario(canonical)
    question = _question(world, pairs)
    if question is None:
        return found
    name, hosts, wants, rooms = question
    try:
        import ortools
    except ImportError:
        return {**found, "sets_it": f"{found['sets_it']} ({NEEDS})"}
    bins = size(world.nats[name].pool)
    answer = pack(wants, rooms, bins, seconds)
    engine = {"name": "OR-Tools CP-SAT", "version": ortools.__version__, "model": answer.how}
    if answer.at is None:
        return {**found, **_nothing(found, answer, engine, name, bins, seconds)}
    at = dict(zip(hosts, answer.at, strict=True))
    # those that want nothing get an address, too
    laid = decoded(scenario._core.fits_demand(json.dumps(pairs), True, False, [at.get(c["name"], 0) for c in canonical["clients"]]))
    if laid.get("fits") is not True:
        return found
    trusted = "nothing: the solver found the packing, and the certificate shows it"
    return {**found, **laid, "multiple": _at_least_once(found.get("multiple"), pairs, laid), "engine": {**engine, "verdict": "fits", "trust": trusted}}


def _question(world: Checked, pairs: list[dict[str, Any]]) -> tuple[str, list[str], list[dict[str, int]], dict[str, int]] | None:
    """The one NAT whose packing is in question, its hosts, what each wants, and the room of one external address by server set."""
    wanted: dict[str, dict[str, int]] = {}
    for p in pairs:
        if int(p["connections"]):
            wanted.setdefault(p["from"], {})[p["to"]] = int(p["connections"])
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
    return nat.name, hosts, [wanted[c] for c in hosts], rooms


def _nothing(found: dict[str, Any], answer: Packed, engine: dict[str, Any], nat: str, bins: int, seconds: float) -> dict[str, Any]:
    if not answer.none:
        return {"sets_it": f"{found['sets_it']}; the solver found none in {seconds:g} s", "engine": {**engine, "verdict": "unknown"}}
    says = f"paired pooling: OR-Tools CP-SAT says that no packing into the {bins:,} addresses of {nat} exists; that has no certificate"
    return {"sets_it": says, "engine": {**engine, "verdict": "does not fit", "trust": "the solver and the model that it was given"}}


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
