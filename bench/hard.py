"""The NP-hard demands: hosts packed into external addresses (paired pooling), beside plain CP-SAT in the same run.

Falkenauer's triplets (1996): each external address has 1,000 ports and is filled by exactly three hosts, so that no waste is allowed. natbound
packs by size first, then by patterns in CP-SAT, lays the packing out and has the certificate checked; plain CP-SAT gets the usual model, a
Boolean for each host and address. And overloading: client sets of one socket that each talk to three destinations, which is colouring.

    python bench/hard.py [--seconds 20]
"""

from __future__ import annotations

import argparse
import json
import random
import time
from typing import Any

import natbound
from natbound.check import check
from natbound.exact import settle
from natbound.exact.packing import one_by_one


def triplets(n: int, seed: int) -> list[int]:
    """n sizes that fill n/3 bins of 1,000 exactly."""
    rng, out = random.Random(seed), []
    for _ in range(n // 3):
        first = rng.randint(380, 490)
        second = rng.randint(250, (1000 - first) // 2)
        out += [first, second, 1000 - first - second]
    rng.shuffle(out)
    return out


def behind(sizes: list[int], addresses: int) -> tuple[natbound.Scenario, list[dict[str, Any]]]:
    """A host for each size, behind so many paired addresses of 1,000 ports."""
    names = [f"h{k}" for k in range(len(sizes))]
    value = {
        "clients": [{"name": c, "addresses": f"10.0.{k // 250}.{k % 250 + 1}", "ports": "1024-65535"} for k, c in enumerate(names)],
        "servers": [{"name": "web", "addresses": "198.51.100.7", "ports": 443}],
        "nats": [{"name": "cgn", "inside": names, "external-ip-address-pool": f"203.0.113.0-203.0.113.{addresses - 1}",
                  "port-set-restrict": {"start-port-number": 20000, "end-port-number": 20999},
                  "design": {"base": "ideal", "pool": {"choice": "random", "fallback": True, "paired": True}}}],
    }  # fmt: skip
    return natbound.Scenario(value), [{"from": c, "to": "web", "connections": n} for c, n in zip(names, sizes, strict=True)]


def coloured(n: int, each: int, balanced: bool, ports: int, seed: int) -> tuple[natbound.Scenario, list[dict[str, Any]]]:
    """n client sets of one socket, three destinations each, on average (balanced: exactly) `each` of them at a destination."""
    rng = random.Random(seed)
    servers = [f"s{k}" for k in range(3 * n // each)]
    while True:
        seats = [s for s in servers for _ in range(each)]
        rng.shuffle(seats)
        reaches = [seats[3 * k : 3 * k + 3] if balanced else rng.sample(servers, 3) for k in range(n)]
        for k in range(n):  # a seat that is taken twice is exchanged with anybody's
            while len(set(reaches[k])) < 3:
                i, j, m = rng.randrange(3), rng.randrange(3), rng.randrange(n)
                reaches[k][i], reaches[m][j] = reaches[m][j], reaches[k][i]
        if all(len(set(r)) == 3 for r in reaches):
            break
    names = [f"c{k}" for k in range(n)]
    value = {
        "clients": [{"name": c, "addresses": f"10.0.{k // 250}.{k % 250 + 1}", "ports": 1024, "reaches": reaches[k]} for k, c in enumerate(names)],
        "servers": [{"name": s, "addresses": f"198.51.{k // 250}.{k % 250 + 1}", "ports": 443} for k, s in enumerate(servers)],
        "nats": [{"name": "gw", "inside": names, "external-ip-address-pool": "203.0.113.1",
                  "port-set-restrict": {"start-port-number": 20000, "end-port-number": 19999 + ports},
                  "design": {"base": "cilium", "mapping-type": "eim"}}],
    }  # fmt: skip
    return natbound.Scenario(value), [{"from": c, "to": s, "connections": 1} for c, r in zip(names, reaches, strict=True) for s in r]


def clique(demand: list[dict[str, Any]]) -> int:
    """The most client sets at one destination."""
    servers = [d["to"] for d in demand]
    return max(servers.count(s) for s in set(servers))


def clock(call: Any) -> tuple[float, Any]:
    """Seconds, and what it gives."""
    began = time.perf_counter()
    out = call()
    return time.perf_counter() - began, out


def verdict(scenario: natbound.Scenario, demand: list[dict[str, Any]], seconds: float) -> dict[str, Any]:
    """Whether it fits, with the certificate, without the largest multiple."""
    found = json.loads(scenario._core.fits_demand(json.dumps(demand), True, False))
    return settle(scenario, demand, found, seconds)


def plain_colouring(cp_model: Any, demand: list[dict[str, Any]], colours: int, seconds: float) -> str:
    """The usual model: a Boolean for each client set and port, at most one for each destination and port."""
    model = cp_model.CpModel()
    clients = sorted({d["from"] for d in demand})
    put = {c: [model.NewBoolVar("") for _ in range(colours)] for c in clients}
    there: dict[str, list[str]] = {}
    for d in demand:
        there.setdefault(d["to"], []).append(d["from"])
    for c in clients:
        model.AddExactlyOne(put[c])
    for those in there.values():
        for k in range(colours):
            model.AddAtMostOne([put[c][k] for c in those])
    for k, c in enumerate(max(there.values(), key=len)):
        model.Add(put[c][k] == 1)
    solver = cp_model.CpSolver()
    solver.parameters.max_time_in_seconds = seconds
    return str(solver.StatusName(solver.Solve(model)))


def main() -> None:
    """Prints the tables."""
    given = argparse.ArgumentParser(description=__doc__)
    given.add_argument("--seconds", type=float, default=20, help="limit of plain CP-SAT")
    seconds = given.parse_args().seconds
    from ortools.sat.python import cp_model  # before any clock runs: it takes half a second

    print("Falkenauer triplets: verdict, packing and certificate (and the largest multiple); its check; plain CP-SAT; ratio")
    for n in (60, 120, 249, 501):
        sizes = triplets(n, n)
        scenario, demand = behind(sizes, n // 3)
        took, found = clock(lambda: verdict(scenario, demand, seconds))  # noqa: B023
        whole, _ = clock(lambda: scenario.capacity(demand))  # noqa: B023
        checked, stands = clock(lambda: check(found["evidence"]).valid if found["fits"] else None)  # noqa: B023
        other, plain = clock(lambda: one_by_one([{"web": s} for s in sizes], {"web": 1000}, n // 3, seconds))  # noqa: B023
        print(
            f"{n:5}   {found['fits']!s:5} {took:6.2f} s ({whole:5.2f} s)   {stands!s:5} {checked:6.3f} s   "
            f"{'found' if plain.at else 'none '} {other:6.2f} s   {other / took:6.1f}",
            flush=True,
        )
    print("overloading, whether all fit: natbound with certificate, who; plain CP-SAT, the colours of one clique fixed; ratio")
    for n, balanced in ((60, False), (200, False), (1000, False), (60, True), (120, True), (1000, True)):
        for more in (0, 1, 2):
            _, demand = coloured(n, 12, balanced, 1, n)
            scenario, demand = coloured(n, 12, balanced, clique(demand) + more, n)
            took, found = clock(lambda: verdict(scenario, demand, seconds))  # noqa: B023
            stands = check(found["evidence"]).valid if found["fits"] else None
            other, status = clock(lambda: plain_colouring(cp_model, demand, clique(demand) + more, seconds))  # noqa: B023
            engine = found.get("engine", {"name": "natbound", "verdict": "fits"})
            print(
                f"{n:5} {'balanced' if balanced else 'random  '} clique + {more}   {found['fits']!s:5} {took:6.2f} s   checked {stands!s:5} "
                f"{engine['name']}: {engine['verdict']:12}   {status:10} {other:6.2f} s   {other / took:6.1f}",
                flush=True,
            )
    print("overloading, the maximum    ports = clique, +1, +2: at least / at most, seconds")
    for n, balanced in ((60, False), (200, False), (1000, False), (60, True), (120, True), (1000, True)):
        for more in (0, 1, 2):
            scenario, demand = coloured(n, 12, balanced, 1, n)
            ports = clique(demand) + more
            scenario, demand = coloured(n, 12, balanced, ports, n)
            began = time.perf_counter()
            m = scenario.capacity().maximum
            took = time.perf_counter() - began
            low, high = (m.connections, m.connections) if m.connections is not None else (m.at_least, m.at_most)
            print(f"{n:5} {'balanced' if balanced else 'random':9} {ports:3} ports  {low:5} / {high:5}  {took:6.2f} s", flush=True)


if __name__ == "__main__":
    main()
