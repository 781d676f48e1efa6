"""Random scenarios against CP-SAT or brute force: their numbers with certificates and mutants, and demands. What the tests of each kind of limit share."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction
from typing import Any

import attack
import by_constraints
import natbound
import oracle
from mutation import mutants
from natbound.check import check

Maker = Callable[[], dict[str, Any]]


def bounds(found: dict[str, Any]) -> tuple[int, int]:
    """The maximum, twice, or what is known of it."""
    return (found["connections"],) * 2 if found["connections"] is not None else (found["at_least"], found["at_most"])


def maxima(make: Maker, rng: random.Random, scenarios: int, attacks: int = 8) -> Iterator[tuple[dict[str, Any], bool, int]]:
    """Each scenario's maximum, whether it is exact, and how many mutants were tried; all are right."""
    for i in range(scenarios):
        s = make()
        most = by_constraints.maximum(s)
        if most is None:  # not settled in its time
            continue
        found = natbound.Scenario(s).capacity(engine="flow").to_dict()["maximum"]
        low, high = bounds(found)
        assert low <= most <= high, (i, low, most, high, s)
        verdict = check(found["evidence"], natbound.Scenario(s).canonical)
        assert verdict.valid is not False, (i, verdict.reason, s)
        tried = 0
        for done, mutant in mutants(found["evidence"], rng, attacks):
            mutant = {**mutant, "scenario": found["evidence"]["scenario"]} if isinstance(mutant, dict) else mutant
            tried += 1
            if check(mutant).valid is True:
                assert int(mutant["fits"]["connections"]) <= most <= int(mutant["does-not-fit"]["at-most"]), (done, mutant)
        yield found, low == high, tried


def demands(make: Maker, rng: random.Random, scenarios: int) -> Iterator[bool]:
    """Of each random demand that is settled, whether it fits; all are right."""
    for i in range(scenarios):
        s = make()
        scenario = natbound.Scenario(s)
        pairs = {(c["name"], v["name"]): rng.randint(1, 3) for c in s["clients"] for v in s["servers"]
                 if (not c["reaches"] or v["name"] in c["reaches"]) and rng.random() < 0.8}  # fmt: skip
        if not pairs:
            continue
        truth = meets(s, pairs)
        answer = scenario.capacity([{"from": c, "to": v, "connections": n} for (c, v), n in pairs.items()], engine="flow").to_dict()
        if answer["fits"] is None or truth is None:
            continue
        assert answer["fits"] == truth, (i, pairs, s)
        verdict = check(answer["evidence"], scenario.canonical)
        assert verdict.valid is not False, (i, verdict.reason, s)
        yield answer["fits"]


def wanted(rng: random.Random, s: dict[str, Any], most: int = 4) -> dict[tuple[str, str], int]:
    """So many connections for some of the pairs that reach one another."""
    return {(c["name"], v["name"]): rng.randint(1, most) for c in s["clients"] for v in s["servers"]
            if v["name"] in (c.get("reaches") or [v["name"]]) and rng.random() < 0.8}  # fmt: skip


def meets(s: dict[str, Any], pairs: dict[tuple[str, str], int]) -> bool | None:
    """Whether CP-SAT finds them all; None where it did not settle that in its time."""
    everything = {(c["name"], v["name"]): 0 for c in s["clients"] for v in s["servers"]}
    most = by_constraints.maximum(s, demand=everything | pairs)
    return None if most is None else most == sum(pairs.values())


def times(pairs: dict[tuple[str, str], int], k: Fraction) -> dict[tuple[str, str], int]:
    """The multiple, rounded down."""
    return {pair: int(k * n) for pair, n in pairs.items()}


def asked(s: dict[str, Any], pairs: dict[tuple[str, str], int]) -> dict[str, Any]:
    """What natbound says by itself."""
    found = natbound.Scenario(s).capacity([{"from": c, "to": v, "connections": n} for (c, v), n in pairs.items()], engine="flow")
    return dict(found.to_dict())


def wrong_demand(s: dict[str, Any], pairs: dict[tuple[str, str], int], seen: Counter[str], tried: int = 0) -> str | None:
    """What is wrong with the verdict on a demand, with its largest multiple, with their certificates, or with so many mutants of the verdict's."""
    if not pairs:
        return None
    canonical = natbound.Scenario(s).canonical
    try:
        found = asked(s, pairs)
    except natbound.Unsupported:
        seen["demands unsupported"] += 1
        return None
    seen["demands"] += 1
    multiple, fits = found["multiple"], found["fits"]
    evidence = [multiple["evidence"]] if multiple and "evidence" in multiple else []
    if fits is not None:
        seen["demands settled"] += 1
        seen["demands that fit"] += fits
        if meets(s, pairs) is (not fits):
            return f"the demand {pairs}: fits is {fits}"
        evidence.append(found["evidence"])
        for done, mutant in mutants(found["evidence"], random.Random(repr(pairs)), tried):
            seen["mutants of demands"] += 1
            same = isinstance(mutant, dict) and all(mutant.get(k) == found["evidence"].get(k) for k in ("scenario", "demand"))
            if same and check(mutant).valid is True and (mutant["kind"] == "fits") != fits:
                return f"the demand {pairs}: a wrong mutant is accepted ({done}): {mutant}"
    for one in evidence:
        if (verdict := check(one, canonical)).valid is False:
            return f"the demand {pairs}: its certificate ({verdict.kind}) is rejected: {verdict.reason}"
    if multiple is None or (not multiple["exact"] and "at_least" not in multiple):
        seen["no multiple"] += 1
        return None
    seen["exact multiples"] += multiple["exact"]
    low = Fraction(multiple["fraction"] if multiple["exact"] else multiple["at_least"]["fraction"])
    beyond = min(Fraction(int(low * n) + 1, n) for n in pairs.values())
    if not multiple["exact"]:
        beyond = Fraction(multiple["at_most"]["fraction"])
    if meets(s, times(pairs, low)) is False:
        return f"the demand {pairs}: {low} of it does not fit"
    if meets(s, times(pairs, beyond)):
        return f"the demand {pairs}: {beyond} of it fits"
    return None


def by_brute_force(documents: Iterable[dict[str, Any]], attacks: int) -> dict[str, int]:
    """Each number against brute force, each certificate against the checker and, mutated, against the truth."""
    rng = random.Random(5)
    seen = dict.fromkeys(("exact", "bounded", "guaranteed", "unsettled", "demands", "tried"), 0)
    for document in documents:
        scenario = natbound.Scenario(document)
        world = oracle.World(document)
        certificate = scenario.capacity()["maximum"]["evidence"]
        attack.accepted(certificate)
        certificates = [certificate]
        if attack.small_enough(world, 40):
            most = oracle.most(world)
            if certificate["kind"] == "maximum":
                seen["exact"] += 1
                assert int(certificate["connections"]) == most, json.dumps(document)
            else:
                seen["bounded"] += 1
                assert int(certificate["fits"]["connections"]) <= most <= int(certificate["does-not-fit"]["at-most"]), json.dumps(document)
            asked = scenario.capacity(most + rng.choice([0, 1]), place="best")
            if asked.fits is not None:
                seen["demands"] += 1
                attack.accepted(asked["evidence"])
        shared = scenario.capacity(rng.randint(1, 6))
        if shared.fits is not None:
            seen["demands"] += 1
            attack.accepted(shared["evidence"])
        if attack.small_enough(world, 5):
            try:
                found = scenario.answer(0.5, remedies=False)
            except natbound._core.Unsupported:
                continue
            if found.guaranteed.connections is None:
                seen["unsettled"] += 1
            else:
                seen["guaranteed"] += 1
                evidence = found["guaranteed"]["evidence"]
                assert attack.true(evidence), json.dumps(evidence)
                assert attack.valid(evidence) is not False or found.guaranteed.nothing_fails, json.dumps(evidence)
                certificates.append(evidence)
        if attack.small_enough(world, 12):
            for c in certificates:
                for done, mutant in mutants(c, rng, attacks):
                    seen["tried"] += 1
                    assert attack.valid(mutant) is not True or attack.unjudged(mutant) or attack.true(mutant), (done, json.dumps(mutant))
    return seen
