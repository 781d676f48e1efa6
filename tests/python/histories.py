"""Brute force over histories: a NAT's table stepped in the plainest way, over every order of opens and closes and every draw."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from typing import Any

from oracle import External, Flow, Router


class Stuck(Exception):
    """The script of random numbers ran out: holds how many values the next one has."""


class Numbers:
    """Random numbers from a list."""

    def __init__(self, given: list[int]) -> None:
        self.given, self.at = given, 0

    def draw(self, values: int) -> int:
        """The next one."""
        if self.at == len(self.given):
            raise Stuck(values)
        self.at += 1
        return self.given[self.at - 1]


State = tuple[frozenset[tuple[Flow, External]], int]


def probes(router: Router, port: int, numbers: Numbers) -> Iterator[int]:
    """The ports that a search tries, in order."""
    d = router.design.get("search", {})
    ports = router.searched(port)
    n = len(ports)
    if router.keeps(port):
        yield port
    skip = 1 if router.keeps(port) and d.get("first-choice-counts") else 0
    for r in router.rounds:
        count = r.get("probes") or n
        step = r.get("step", "ascend")
        if step in ("ascend", "ascend-then-descend"):
            count = min(count, n)
        bits, start = r.get("bits"), r.get("start", "random")
        values = 2**bits if bits else n
        if count > skip:
            draw = 0
            if start in ("random", "hash"):
                draw = numbers.draw(values)
            elif start == "own-port":
                draw = ports.index(port) if port in ports else n - 1
            before = 0
            for i in range(skip, count):
                if step == "independent" and i > skip:
                    draw = numbers.draw(values)
                if step == "ascend":
                    offset = draw + i
                    if r.get("offset-bits"):
                        offset %= 2 ** r["offset-bits"]
                    rank = offset % n
                elif step == "independent":
                    rank = draw % n
                elif step == "scaled":
                    rank = (draw if i == 0 else (ports[0] + before + 1) % 65536) * n // 2**bits
                else:
                    rank = draw + i if draw + i < n else n - 1 - i
                yield ports[rank]
                before = rank
        skip = 0
        if d.get("stop-when-covered") and count >= n:
            return


def opened(router: Router, state: State, f: Flow, numbers: Numbers) -> State | None:
    """The state after a flow opens, or None where it fails."""
    live, turn = dict(state[0]), state[1]
    if router.quota is not None and sum(g[1] == f[1] for g in live) >= router.quota:
        return None
    if router.table is not None and len(live) >= router.table:
        return None
    if any(counts(f) and sum(map(counts, live)) >= most for counts, most in router.gates):
        return None
    held = {(router.key(g), e): router.mapping(g) for g, e in live.items()}
    if router.type != "edm":
        for g in sorted((g for g in live if g[:3] == f[:3]), key=lambda g: (int(ipaddress.ip_address(g[3])), g[4])):
            if router.type == "adm" and g[3] != f[3]:
                continue
            holder = held.get((router.key(f), live[g]))
            if holder is None or holder == router.mapping(f):
                return frozenset({*state[0], (f, live[g])}), turn
            if router.type != "eim-if-possible":
                return None
            break
    if router.most_mappings is not None and len({router.mapping(g) for g in live}) >= router.most_mappings:
        return None
    partner = [e for g, e in live.items() if g[:2] == f[:2] and g[2] == f[2] ^ 1] if router.contiguity != "none" else []
    there = (partner[0][0], partner[0][1] ^ 1) if partner else None
    mine = set(router.searched(f[2]) if router.rounds else []) | ({f[2]} if router.keeps(f[2]) else set())
    good = there and there[1] in mine and (router.key(f), there) not in held and not router.keeps_for_good(f[0], there)
    if there and router.contiguity == "require":
        return (frozenset({*state[0], (f, there)}), turn) if good else None
    rank = router.hashed(f[1], f[3])
    if rank is None and router.design["pool"]["choice"] == "round-robin":
        rank, turn = turn, (turn + 1) % len(router.pool)
    elif rank is None:
        rank = numbers.draw(len(router.pool))
    for k in range(len(router.pool) if router.design.get("pool", {}).get("fallback") else 1):
        here = (rank + k) % len(router.pool)
        if there and good and there[0] == here:
            return frozenset({*state[0], (f, there)}), turn
        for port in probes(router, f[2], numbers):
            if (router.key(f), (here, port)) not in held and not router.keeps_for_good(f[0], (here, port)):
                return frozenset({*state[0], (f, (here, port))}), turn
    return None


def every_open(router: Router, state: State, f: Flow) -> Iterator[tuple[list[int], State | None]]:
    """All outcomes of opening a flow, with the numbers that lead there."""
    todo: list[list[int]] = [[]]
    while todo:
        given = todo.pop()
        try:
            after = opened(router, state, f, Numbers(given))
        except Stuck as stuck:
            todo += [[*given, v] for v in range(stuck.args[0])]
            continue
        yield given, after


def fewest(router: Router, most_states: int = 40_000) -> tuple[int, list[Any], tuple[Flow, list[int]]] | None:
    """The fewest live flows with which one fails, over all histories: (how many, the steps, the failing flow and its numbers).

    A step is ("open", flow, numbers) or ("close", flow). None: nothing fails. Raises where there are too many states.
    """
    flows = router.flows()
    start: State = (frozenset(), 0)
    came: dict[State, Any] = {start: None}
    layer = [start]
    best: tuple[int, State, Flow, list[int]] | None = None
    while layer:
        following = []
        for state in layer:
            live = dict(state[0])
            for f in flows:
                if f in live:
                    after = (state[0] - {(f, live[f])}, state[1])
                    if after not in came:
                        came[after] = (state, ("close", f))
                        following.append(after)
                    continue
                for given, opens in every_open(router, state, f):
                    if opens is None:
                        if best is None or len(live) < best[0]:
                            best = (len(live), state, f, given)
                    elif opens not in came:
                        came[opens] = (state, ("open", f, given))
                        following.append(opens)
            if len(came) > most_states:
                raise ValueError("too many states")
        layer = following
    if best is None:
        return None
    steps, at = [], best[1]
    while came[at]:
        at, step = came[at]
        steps.append(step)
    return best[0], steps[::-1], (best[2], best[3])
