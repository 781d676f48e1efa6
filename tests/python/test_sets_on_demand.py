"""guaranteed with port sets that are dealt on demand, against every history of small NATs, and its certificates."""

from __future__ import annotations

import copy
import itertools
import random
from typing import Any

import pytest
from natbound import Scenario
from natbound.check import check

Sets = tuple[tuple[int, ...], ...]  # of one subscriber, in the order in which they were dealt: live towards each destination


def scenario(clients: list[int], size: int, each: int, sets: int, destinations: int, own: int = 0, **limits: int) -> Scenario:
    """Subscribers with so many sockets towards each destination; `own`: the ports of a set of its own, beside RFC 7422's dynamic part."""
    rule: dict[str, Any] = {"port-set-size": size, "port-sets-per-subscriber": each}
    ports = sets * size
    if own:
        # one address: a set for each client, and behind them the dynamic ones (and no whole set of `own` ports more)
        factor = -(-sets * size // own)
        rule = {"port-set-size": own, "deterministic": True,
                "dynamic": {"address-pool-factor": factor, "port-set-size": size, "port-sets-per-subscriber": each}}  # fmt: skip
        ports = len(clients) * own + factor * own
    nat = {
        "name": "n", "inside": [f"c{i}" for i in range(len(clients))], "external-ip-address-pool": "203.0.113.0", "design": "ideal",
        "port-set-restrict": {"start-port-number": 2000, "end-port-number": 1999 + ports}, "port-set": rule,
    }  # fmt: skip
    if limits:
        nat["connection-limits"] = {f"limit-per-{k}": v for k, v in limits.items()}
    return Scenario({
        "clients": [{"name": f"c{i}", "addresses": f"10.0.0.{i + 1}", "ports": f"5000-{4999 + n}"} for i, n in enumerate(clients)],
        "nats": [nat],
        "servers": [{"name": "s", "addresses": f"198.51.100.1-198.51.100.{destinations}", "ports": "80"}],
    })  # fmt: skip


def least_to_fail(clients: list[int], size: int, each: int, sets: int, destinations: int, own: int = 0, **limits: int) -> int | None:
    """The fewest live with which a connection is refused, over all histories of opens and closes."""
    quota, table = limits.get("subscriber", 1 << 30), limits.get("instance", 1 << 30)
    empty: Sets = ((0,) * destinations,) if own else ()
    start = tuple(empty for _ in clients)
    seen, todo, best = {start}, [start], None
    while todo:
        state = todo.pop()
        live = [sum(map(sum, subscriber)) for subscriber in state]
        used = sum(len(subscriber) - bool(own) for subscriber in state)
        for i, d in itertools.product(range(len(clients)), range(destinations)):
            mine = state[i]
            towards = sum(s[d] for s in mine)
            if towards < clients[i]:
                room = [k for k, s in enumerate(mine) if s[d] < (own if own and k == 0 else size)]
                new: Sets | None = None
                if live[i] >= quota or sum(live) >= table:
                    pass
                elif room:
                    new = tuple(tuple(x + (k == room[0] and e == d) for e, x in enumerate(s)) for k, s in enumerate(mine))
                elif len(mine) - bool(own) < each and used < sets:
                    new = (*mine, tuple(int(e == d) for e in range(destinations)))
                if new is None:
                    best = sum(live) if best is None else min(best, sum(live))
                else:
                    after = (*state[:i], new, *state[i + 1 :])
                    if after not in seen:
                        seen.add(after)
                        todo.append(after)
            for k, s in enumerate(mine):
                if not s[d]:
                    continue
                left = tuple(x - (e == d) for e, x in enumerate(s))
                kept = any(left) or (own and k == 0)
                after = (*state[:i], (*mine[:k], *((left,) if kept else ()), *mine[k + 1 :]), *state[i + 1 :])
                if after not in seen:
                    seen.add(after)
                    todo.append(after)
    return best


def cases() -> list[tuple[Any, ...]]:
    draw = random.Random(20261127)
    out: list[tuple[Any, ...]] = []
    while len(out) < 150:
        clients = [draw.randint(1, 5) for _ in range(draw.randint(1, 3))]
        destinations = draw.choice([1, 1, 2]) if len(clients) < 3 else 1
        limits = draw.choice([{}, {}, {"subscriber": draw.randint(1, 5)}, {"instance": draw.randint(1, 6)}])
        sets = draw.randint(1, 5)
        out.append((clients, draw.randint(1, 3), draw.randint(1, min(3, sets)), sets, destinations, 0, limits))
    while len(out) < 210:
        clients = [draw.randint(1, 5) for _ in range(draw.randint(1, 3))]
        limits = draw.choice([{}, {}, {"subscriber": draw.randint(1, 5)}, {"instance": draw.randint(1, 6)}])
        own = draw.randint(1, 2)
        # dynamic ports in whole sets of both kinds, so that there are just as many as are meant
        sets = draw.choice([own, 2 * own])
        out.append((clients, draw.choice([1, own]), draw.randint(1, 2), sets, 1, own, limits))
    return out


@pytest.mark.parametrize("case", cases(), ids=str)
def test_against_all_histories(case: tuple[Any, ...]) -> None:
    *numbers, limits = case
    clients, size, each, sets, destinations, own = numbers
    if own and sets * size % own:
        sets += (-sets * size) % own // size if (-sets * size) % own % size == 0 else 0
    wanted = least_to_fail(clients, size, each, sets, destinations, own, **limits)
    answer = scenario(clients, size, each, sets, destinations, own, **limits).answer(remedies=False)
    got = answer["guaranteed"]
    if wanted is None:
        assert got["nothing_fails"]
        return
    assert got["connections"] == wanted
    verdict = check(got["evidence"])
    assert verdict.valid, verdict.reason
    for by in (1, -1):  # neither more nor fewer
        other = copy.deepcopy(got["evidence"])
        other["connections"] += by
        other["lower-bound"]["limit" if "limit" in other["lower-bound"] else "endpoints"] += by
        assert check(other).valid is False


def test_a_carriers_blocks() -> None:
    """4,000 subscribers, 4,032 blocks of 256: every block kept by one connection, and one more subscriber."""
    answer = Scenario({
        "clients": [{"name": "homes", "addresses": "100.64.0.0/20"}],
        "nats": [{"name": "cgn", "inside": ["homes"], "external-ip-address-pool": "203.0.113.0/28", "design": "ideal",
                  "port-set": {"port-set-size": 256, "port-sets-per-subscriber": 16}}],
        "servers": [{"name": "s", "addresses": "198.51.100.0/24", "ports": "443"}],
    }).answer(remedies=False)  # fmt: skip
    assert answer["guaranteed"]["connections"] == 4032
    assert check(answer["guaranteed"]["evidence"]).valid


DESIGNS = ["ideal", "linux-masquerade", "linux-snat", "openbsd-pf", "vpp-nat44-ed", "cilium", "ovs"]


def test_certificates_of_any_design_and_none_with_fewer() -> None:
    """Searches that try a part of a set are between bounds; what is exact is stepped by the checker."""
    draw = random.Random(4)
    exact = 0
    for _ in range(40):
        design: dict[str, Any] = {"base": draw.choice(DESIGNS)}
        if draw.random() < 0.4:
            design |= {"mapping-type": draw.choice(["eim", "adm"]), "clash-scope": {"destination": "none"}}
        size = draw.randint(1, 6)
        rule: dict[str, Any] = {"port-set-size": size, "port-sets-per-subscriber": draw.randint(1, 3)}
        if draw.random() < 0.3:
            dynamic = {"address-pool-factor": 1, "port-set-size": draw.randint(1, size), "port-sets-per-subscriber": draw.randint(1, 3)}
            rule = {"port-set-size": size, "deterministic": True, "dynamic": dynamic}
        ports = {"start-port-number": 2000, "end-port-number": 1999 + draw.randint(4 * size, 5 * size)}
        nat = {"name": "n", "inside": ["c", "e"], "external-ip-address-pool": "203.0.113.0/31", "design": design}
        nat |= {"port-set-restrict": ports, "port-set": rule}
        if draw.random() < 0.4:
            nat["connection-limits"] = {draw.choice(["limit-per-subscriber", "limit-per-instance"]): draw.randint(1, 10)}
        clients = [
            {"name": "c", "addresses": f"10.0.0.1-10.0.0.{draw.randint(1, 4)}", "ports": f"5000-{5000 + draw.randint(0, 9)}"},
            {"name": "e", "addresses": "10.0.1.1", "ports": "2001-2012"},
        ]
        servers = [{"name": "s", "addresses": f"198.51.100.1-198.51.100.{draw.randint(1, 3)}", "ports": "80"}]
        found = Scenario({"clients": clients, "nats": [nat], "servers": servers}).answer(remedies=False)["guaranteed"]
        if found["connections"] is None:
            assert found["nothing_fails"] or "at_most" not in found or found["at_least"] <= found["at_most"]
            continue
        exact += 1
        assert check(found["evidence"]).valid is not False, (nat, clients, found)
    assert exact > 20
