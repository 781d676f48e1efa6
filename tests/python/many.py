"""Random small scenarios of every kind, each maximum against CP-SAT (one in fifty against Z3, too), a demand of each and its largest multiple, each
certificate through the checker, and the maximum's mutants, of which none may be accepted wrongly. Failures are made smaller and printed.

    python tests/python/many.py                     10,000 scenarios, two mutants each, on all processors
    python tests/python/many.py 500 --seed 7 --mutants 20
"""

from __future__ import annotations

import argparse
import copy
import json
import os
import random
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))

import by_constraints
import dealt
import dealt_beside
import natbound
import small
import test_cascade
import test_clash
import test_gates
import test_overloading
import test_paired
import test_spread
from comparing import bounds, wanted, wrong_demand
from mutation import mutants
from natbound.check import check
from test_firewall import with_firewall
from test_port_contiguity import made as beside
from test_port_contiguity import with_contiguity
from test_port_parity import with_parity
from test_server_limits import with_backends, with_many_backends, with_server_limits
from test_static_mappings import with_holes
from test_subscribers import with_limit

Maker = Callable[[random.Random], dict[str, Any]]


def any_designs(rng: random.Random, s: dict[str, Any]) -> dict[str, Any]:
    """The same with other designs."""
    for n in s["nats"]:
        n["design"] = small.random_design(rng, False)
    return s


KINDS: dict[str, Maker] = {
    "plain": small.random_scenario,
    "quotas": lambda rng: small.with_quotas(rng, small.random_scenario(rng), 4),
    "static mappings": lambda rng: with_holes(rng, small.random_scenario(rng)),
    "server limits": lambda rng: with_server_limits(rng, small.random_scenario(rng)),
    "server limits, quotas": lambda rng: small.with_quotas(rng, with_server_limits(rng, small.random_scenario(rng)), 4),
    "backends": lambda rng: with_backends(rng, small.random_scenario(rng)),
    "several backends": lambda rng: with_many_backends(rng, small.random_scenario(rng)),
    "several backends, quotas, server limits": lambda rng: small.with_quotas(
        rng, with_many_backends(rng, with_server_limits(rng, small.random_scenario(rng))), 4
    ),
    "backends, server limits": lambda rng: with_backends(rng, with_server_limits(rng, small.random_scenario(rng))),
    "subscribers": lambda rng: with_limit(rng, small.random_scenario(rng)),
    "subscribers, quotas": lambda rng: small.with_quotas(rng, with_limit(rng, small.random_scenario(rng)), 4),
    "subscribers, spread clients": lambda rng: with_limit(rng, test_spread.spread(rng)),
    "subscribers, server limits": lambda rng: with_limit(rng, with_server_limits(rng, small.random_scenario(rng))),
    "firewall": lambda rng: with_firewall(rng, small.random_scenario(rng)),
    "shared endpoints, spread clients": test_clash.made,
    "spread clients": test_spread.spread,
    "spread clients, server limits, backends": lambda rng: with_server_limits(rng, with_backends(rng, test_spread.spread(rng))),
    "spread clients, quotas": lambda rng: small.with_quotas(rng, test_spread.spread(rng), 4),
    "cascades": test_cascade.made,
    "cascades, any design": lambda rng: any_designs(rng, test_cascade.made(rng)),
    "cascades, server limits": lambda rng: with_server_limits(rng, test_cascade.made(rng)),
    "cascades, static mappings": lambda rng: with_holes(rng, test_cascade.made(rng)),
    "cascades, static mappings, any design": lambda rng: with_holes(rng, any_designs(rng, test_cascade.made(rng))),
    "cascades, quotas": lambda rng: small.with_quotas(rng, test_cascade.made(rng), 4),
    "port sets": dealt.random_document,
    "port sets, paired": dealt.paired_document,
    "port sets, paired, shared mappings": lambda rng: dealt.paired_document(rng, "eim"),
    "port sets, dynamic part": dealt.dynamic_document,
    "port sets, dynamic part, shared mappings": lambda rng: dealt.dynamic_document(rng, "eim"),
    "port sets, shared mappings": lambda rng: dealt.random_document(rng, "eim"),
    "port parity": lambda rng: with_parity(small.random_scenario(rng)),
    "port parity, quotas, server limits": lambda rng: with_parity(
        small.with_quotas(rng, with_server_limits(rng, small.random_scenario(rng)), 4)
    ),
    "port parity, static mappings": lambda rng: with_parity(with_holes(rng, small.random_scenario(rng))),
    "port parity, cascades": lambda rng: with_parity(test_cascade.made(rng)),
    "port parity, spread clients": lambda rng: with_parity(test_spread.spread(rng)),
    "port contiguity, tried": lambda rng: beside(rng, "attempt"),
    "port contiguity, required": lambda rng: beside(rng, "require"),
    "port contiguity, required, static mappings": lambda rng: with_contiguity(with_holes(rng, beside(rng, "require")), "require"),
    "paired pooling": test_paired.paired,
    "paired pooling, server limits": lambda rng: with_server_limits(rng, test_paired.paired(rng)),
    "overloading": test_overloading.overloading,
    "overloading, server limits": lambda rng: with_server_limits(rng, test_overloading.overloading(rng)),
    "shared endpoints, server limits": lambda rng: with_server_limits(rng, test_clash.made(rng)),
    **dealt_beside.KINDS,
    **test_gates.KINDS,
}


def wrong(s: dict[str, Any], seed: int, tried: int, z3: bool, seen: Counter[str]) -> str | None:
    """What is wrong with a scenario's maximum, its certificate, or the verdict on a mutant."""
    try:
        scenario = natbound.Scenario(s)
        found = scenario.capacity(engine="flow").to_dict()["maximum"]
    except natbound.Unsupported:
        seen["unsupported"] += 1
        return None
    most = by_constraints.maximum(s)
    if most is None:
        seen["not settled by CP-SAT"] += 1
        return None
    low, high = bounds(found)
    if not low <= most <= high:
        return f"{low} to {high}, and CP-SAT finds {most}"
    seen["exact"] += low == high
    if (said := wrong_demand(s, wanted(random.Random(seed), s), seen, tried)) is not None:
        return said
    if z3:
        seen["Z3"] += 1
        if (by_z3 := by_constraints.by_z3(s, most, 5)) != (True, False) and None not in by_z3:
            return f"CP-SAT finds {most}, Z3 says {by_z3}"
    if (verdict := check(found["evidence"], scenario.canonical)).valid is False:
        return f"its certificate is rejected: {verdict.reason}"
    for done, mutant in mutants(found["evidence"], random.Random(seed), tried):
        mutant = {**mutant, "scenario": found["evidence"]["scenario"]} if isinstance(mutant, dict) else mutant
        seen["mutants"] += 1
        if check(mutant).valid is not True:
            continue
        seen["mutants accepted"] += 1
        if not int(mutant["fits"]["connections"]) <= most <= int(mutant["does-not-fit"]["at-most"]):
            return f"a wrong mutant is accepted ({done}): {json.dumps(mutant)[:2000]}"
    return None


def smaller(s: Any, here: Any = None) -> Iterator[Any]:
    """Copies with one item of a list, or one entry that may be left out, gone."""
    here = s if here is None else here
    items = here.items() if isinstance(here, dict) else enumerate(here)
    for key, value in list(items):
        if (isinstance(here, list) and len(here) > 1) or key in (
            "connection-limits",
            "mapping-limits",
            "backends",
            "static-mappings",
            "reaches",
        ):
            old = here.pop(key)
            yield copy.deepcopy(s)
            if isinstance(here, list):
                here.insert(key, old)
            else:
                here[key] = old
        if isinstance(value, (dict, list)) and key != "design":
            yield from smaller(s, value)


def shrunk(s: dict[str, Any], still: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """Made smaller while it is still wrong."""
    while True:
        for other in smaller(copy.deepcopy(s)):
            try:
                if still(other):
                    s = other
                    break
            except Exception:  # no scenario any more
                continue
        else:
            return s


def part(first: int, seeds: range, tried: int, kinds: list[str]) -> tuple[Counter[str], list[str]]:
    """One worker's scenarios."""
    seen: Counter[str] = Counter()
    failures = []
    for seed in seeds:
        rng = random.Random(first + seed)
        kind = kinds[seed % len(kinds)]
        s = KINDS[kind](rng)
        seen["scenarios"] += 1
        said = wrong(copy.deepcopy(s), seed, tried, seed // len(kinds) % 50 == 0, seen)
        if said is not None:
            least = shrunk(s, lambda one: wrong(copy.deepcopy(one), seed, tried, False, Counter()) is not None)  # noqa: B023
            failures.append(f"{kind}, seed {seed}: {said}\n{json.dumps(least)}")
    return seen, failures


def main() -> int:
    """Returns 1 where something is wrong."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("scenarios", type=int, nargs="?", default=10_000)
    parser.add_argument("--seed", type=int, default=20_260_000)
    parser.add_argument("--mutants", type=int, default=2)
    parser.add_argument("--kinds", default="", help="only those whose name has this in it")
    given = parser.parse_args()
    started, seen, failures = time.monotonic(), Counter[str](), list[str]()
    step = 100
    kinds = [k for k in KINDS if given.kinds in k]
    with ProcessPoolExecutor(os.cpu_count()) as workers:
        ranges = [range(at, min(at + step, given.scenarios)) for at in range(0, given.scenarios, step)]
        same = ([x] * len(ranges) for x in (given.mutants, kinds))
        for done, (some, wrongs) in enumerate(workers.map(part, [given.seed] * len(ranges), ranges, *same), 1):
            seen += some
            failures += wrongs
            if done % 10 == 0:
                print(f"{time.monotonic() - started:6.0f} s  {dict(seen)}", flush=True)
    print(f"{time.monotonic() - started:6.0f} s  {dict(seen)}, wrong: {len(failures)}")
    print("\n".join(failures))
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
