"""Writes limits.csv: blocks of ports, limits in sequence, a limit on packets, retries, races and tables that evict.

    python tests/reference/make_limits.py        # needs mpmath; some minutes

blocks_refused, limits_in_sequence   small ones by the chain of all states, with nothing assumed of its form; larger ones by the product
                  form summed over what each subscriber has
packet_limit      (holds of 0) the loss of M/D/1/K by elimination, averaged over the Poisson number live
retries           the fixed point by bisection, its sums term by term
characteristic_time   Che's equation by numerical integrals; eviction_exact by elimination of its chain
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from typing import Any

from common import Fact, erlang_b, facts, least, root, stationary, write_facts
from make_finite_queue import constant
from mpmath import mp, mpf

DIGITS = 50


class Limits:
    """Subscribers of several classes, blocks of ports, and a table. `quota` counts flows, a class; None: no such limit."""

    def __init__(
        self, counts: Sequence[int], loads: Sequence[float], quotas: Sequence[int], block: int = 1, pool: int | None = None,
        table: int | None = None, holds: Sequence[float] | None = None,
    ) -> None:  # fmt: skip
        self.counts, self.quotas, self.block = counts, quotas, block
        self.pool = math.inf if pool is None else pool
        self.table = math.inf if table is None else table
        self.loads = [mpf(x) for x in loads]
        self.holds = [mpf(x) for x in holds or [1.0] * len(counts)]
        self.kind = [c for c, count in enumerate(counts) for _ in range(count)]

    def blocks(self, flows: int) -> int:
        return -(-flows // self.block)

    def fate(self, kind: int, flows: int, blocks: int, total: int) -> str:
        """What a connection meets whose subscriber has `flows`, all together `blocks` and `total`."""
        if flows == self.quotas[kind]:
            return "by_quota"
        if flows % self.block == 0 and blocks == self.pool:
            return "by_pool"
        return "by_table" if total == self.table else ""

    def by_chain(self) -> list[dict[str, mpf]]:
        def fate(state: Sequence[int], i: int) -> str:
            return self.fate(self.kind[i], state[i], sum(map(self.blocks, state)), sum(state))

        def moves(state: tuple[int, ...]) -> Iterator[Any]:
            for i, n in enumerate(state):
                hold = self.holds[self.kind[i]]
                if not fate(state, i):
                    yield (*state[:i], n + 1, *state[i + 1 :]), self.loads[self.kind[i]] / hold
                if n:
                    yield (*state[:i], n - 1, *state[i + 1 :]), n / hold

        found: list[dict[str, mpf]] = [{} for _ in self.counts]
        for state, chance in stationary((0,) * len(self.kind), moves).items():
            for i, kind in enumerate(self.kind):
                why = fate(state, i)
                found[kind][why] = found[kind].get(why, mpf(0)) + chance / self.counts[kind]
        return found

    def joined(self, law: dict[tuple[int, int], mpf], kind: int) -> dict[tuple[int, int], mpf]:
        """One subscriber more: weights of (blocks, flows)."""
        out: dict[tuple[int, int], mpf] = {}
        for (blocks, total), weight in law.items():
            term = weight
            for n in range(self.quotas[kind] + 1):
                if n:
                    term = term * self.loads[kind] / n
                at = blocks + self.blocks(n), total + n
                if at[0] <= self.pool and at[1] <= self.table:
                    out[at] = out.get(at, mpf(0)) + term
        return out

    def law(self, without: int | None = None) -> dict[tuple[int, int], mpf]:
        law = {(0, 0): mpf(1)}
        for kind in self.kind:
            if kind == without:
                without = None
            else:
                law = self.joined(law, kind)
        return law

    def by_product(self) -> list[dict[str, mpf]]:
        found: list[dict[str, mpf]] = [{} for _ in self.counts]
        for kind in range(len(self.counts)):
            whole = mpf(0)
            for (blocks, total), weight in self.law(kind).items():
                term = weight
                for n in range(self.quotas[kind] + 1):
                    if n:
                        term = term * self.loads[kind] / n
                    at = blocks + self.blocks(n), total + n
                    if at[0] > self.pool or at[1] > self.table:
                        break
                    whole += term
                    why = self.fate(kind, n, *at)
                    found[kind][why] = found[kind].get(why, mpf(0)) + term
            found[kind] = {why: x / whole for why, x in found[kind].items()}
        return found


SMALL = (
    {"counts": [1], "loads": [0.7], "quotas": [1]}, {"counts": [2], "loads": [1.5], "quotas": [4], "block": 2, "pool": 3}, {"counts": [3], "loads": [2.0], "quotas": [4], "table": 7},
    {"counts": [2, 1], "loads": [1.0, 4.0], "quotas": [3, 6], "block": 2, "pool": 4, "table": 7, "holds": [1.0, 30.0]},
    {"counts": [1, 1], "loads": [1e-3, 40.0], "quotas": [5, 9], "block": 3, "pool": 3}, {"counts": [2, 1], "loads": [5.0, 1e-2], "quotas": [4, 4], "block": 4, "pool": 2, "table": 5},
)  # fmt: skip
LARGER = (
    {"counts": [12], "loads": [1.3], "quotas": [8], "block": 2, "pool": 20}, {"counts": [6, 2], "loads": [2.0, 9.0], "quotas": [8, 16], "block": 4, "pool": 14, "table": 40},
    {"counts": [20, 2], "loads": [0.1, 12.0], "quotas": [4, 20], "block": 1, "pool": None, "table": 30}, {"counts": [30], "loads": [0.02], "quotas": [16], "block": 8, "pool": 30},
    {"counts": [9], "loads": [60.0], "quotas": [32], "block": 8, "pool": 18}, {"counts": [5, 5], "loads": [3.0, 0.3], "quotas": [12, 12], "block": 12, "pool": 8, "table": 44},
)  # fmt: skip


def limit_facts() -> Iterator[Fact]:
    for given, by_chain in [(x, True) for x in SMALL] + [(x, False) for x in LARGER]:
        for scale in (1e-3, 0.1, 0.5, 1.0, 3.0):
            case: dict[str, Any] = {**given, "loads": [scale * x for x in given["loads"]]}  # type: ignore[attr-defined]
            limits = Limits(**case)
            found = limits.by_product()
            if by_chain:
                chain = limits.by_chain()
                for kind, seen in enumerate(chain):
                    assert all(abs(x / found[kind][why] - 1) < mpf(10) ** (10 - DIGITS) for why, x in seen.items()), case
                found = chain
            arguments = {"subscribers": case["counts"], "load": case["loads"], "quota": case["quotas"], "block": case.get("block", 1),
                         "pool": case.get("pool"), "table": case.get("table"), "hold": case.get("holds", 1.0)}  # fmt: skip
            for kind, seen in enumerate(found):
                for why in ("by_quota", "by_pool", "by_table"):
                    yield Fact("limits_in_sequence", f"classes.{kind}.{why}", arguments, seen.get(why, 0))
            rates = [n * a / h for n, a, h in zip(limits.counts, limits.loads, limits.holds, strict=True)]
            all_refused = mp.fsum(r * mp.fsum(x for why, x in seen.items() if why) for r, seen in zip(rates, found, strict=True))
            yield Fact("limits_in_sequence", "refusal", arguments, all_refused / mp.fsum(rates))
            if len(case["counts"]) == 1 and case.get("pool") and case["quotas"][0] % case["block"] == 0:
                law = limits.law()
                total = mp.fsum(law.values())
                blocks = {"block": case["block"], "most": case["quotas"][0] // case["block"], "pool": case["pool"],
                          "subscribers": case["counts"][0], "load": case["loads"][0]}  # fmt: skip
                yield from facts("blocks_refused", blocks, by_quota=found[0].get("by_quota", 0), by_pool=found[0].get("by_pool", 0),
                                 pool_exhausted=mp.fsum(x for (b, _), x in law.items() if b == case["pool"]) / total,
                                 mean_blocks=mp.fsum(b * x for (b, _), x in law.items()) / total)  # fmt: skip
    for block, most, pool, load, target in itertools.product((1, 4), (1, 3), (3, 7), (0.05, 0.8), (0.5, 1e-2, 1e-5)):

        def refused(count: int, block: int = block, most: int = most, pool: int = pool, load: float = load) -> mpf:
            return mp.fsum(x for why, x in Limits([count], [load], [block * most], block, pool).by_product()[0].items() if why)

        count = least(lambda n, f=refused, t=target: n > 60 or f(n) > t, 1) - 1  # type: ignore[misc]
        if count < 60:
            yield Fact("subscribers_for", "", {"block": block, "most": most, "pool": pool, "load": load, "target": target}, count)
    for block, load, target in itertools.product((1, 8, 64), (1e-3, 3.0, 250.0), (0.3, 1e-3, 1e-9)):
        fewest = least(lambda n, b=block, a=load, t=target: erlang_b(b * n, a) <= t)  # type: ignore[misc]
        yield Fact("blocks_for", "", {"block": block, "load": load, "target": target}, fewest)
    for ports, load in itertools.product((0, 1, 7, 100, 5000), (1e-6, 0.3, 1.0, 6.5, 120.0, 4800.0)):
        tail = mp.gammainc(ports + 1, 0, load, regularized=True)
        if tail > 1e-300:
            yield Fact("poisson_tail", "", {"ports": ports, "load": load}, tail)


def packet_facts() -> Iterator[Fact]:
    for depth, limit, live, each, opening in itertools.product(
        (1, 3, 10), (1000.0,), (0.0, 1.0, 8.0, 60.0), (5.0, 40.0), (20.0, 600.0, 1500.0)
    ):
        refused, lost, rate = mpf(0), mpf(0), opening + live * each
        weight = mp.exp(-mpf(live))
        for n in range(int(live + 14 * live**0.5 + 14)):
            if n:
                weight *= mpf(live) / n
            load = (opening + n * each) / limit
            loss = constant(depth, mpf(load))[0]
            refused += weight * loss
            lost += weight * loss * (opening + n * each) / rate
            if not live:
                break
        arguments = {"per_second": limit, "depth": depth, "opening": opening, "live": live, "each": each}
        yield from facts("packet_limit", arguments, log_refusal=mp.log(refused), loss=lost)


def retry_facts() -> Iterator[Fact]:
    for ports, share, tries, persistence in itertools.product((1, 10, 100), (1e-2, 0.5, 0.9, 1.5), (1, 2, 7, 40, 0), (0.0, 0.5, 1.0)):
        load = share * ports
        if tries == 0 and persistence == 1 and load >= ports:
            continue

        def attempts(p: mpf, tries: int = tries, r: float = persistence) -> mpf:
            return mp.fsum((r * p) ** k for k in range(tries)) if tries else 1 / (1 - r * p)

        # A / attempts(B(A)) - load grows with A
        a = root(lambda a, n=ports, load=load, f=attempts: a / f(erlang_b(n, a)) - load, load / 2, load * 2, 40)  # type: ignore[misc]
        p = erlang_b(ports, a)
        q = persistence * p
        if tries:
            failed = mp.fsum(q**k * p * (1 - persistence) for k in range(tries - 1)) + q ** (tries - 1) * p
        else:
            failed = p * (1 - persistence) / (1 - q)
        arguments: dict[str, Any] = {"ports": ports, "load": load, "tries": tries, "persistence": persistence}
        yield from facts(
            "retries", arguments, attempt_load=a, attempt_refusal=p, connection_failure=failed, attempts=a / load, carried=a * (1 - p)
        )
        if 1 < tries < 10:
            waits = [min(3e4 * 1.5**k, 1e5) for k in range(tries - 1)]
            if 3e4 * p >= 40:
                arguments |= {"backoff": 3e4, "factor": 1.5, "most_backoff": 1e5, "jitter": 1, "hold": 0.01}
                weight = [q**k * (1 - p) for k in range(tries)]
                delay = mp.fsum(w * mp.fsum(waits[:k]) for k, w in enumerate(weight)) / mp.fsum(weight)
                yield Fact("retries", "mean_delay", arguments, delay)


def race_facts() -> Iterator[Fact]:
    def same(ports: int, flows: int) -> mpf:
        return 1 - mp.rf(ports - flows + 1, flows) / mpf(ports) ** flows if flows <= ports else mpf(1)

    for ports, flows in itertools.product((1, 2, 100, 28232, 2**26), (0, 1, 2, 5, 40, 300, 5000)):
        yield Fact("race_probability", "", {"ports": ports, "flows": flows}, same(ports, flows))
    for ports, target in itertools.product((1, 2, 100, 28232, 2**26), (1e-6, 0.01, 0.5, 0.99)):
        most = 1
        step = 1 << 16
        while step:
            if most + step <= ports and same(ports, most + step) <= target:
                most += step
            else:
                step //= 2
        yield Fact("race_flows_for", "", {"ports": ports, "target": target}, most)


def after_packet(patience: Any, life: float, gap: float, keep_alive: float) -> tuple[mpf, mpf, mpf]:
    """(P(cut), P(end), mean time) after a packet, by integrals over the time of what comes next."""
    life, gap = mpf(life), mpf(gap)
    alive = lambda t: mp.exp(-t / life - t / gap)  # noqa: E731
    until = min(patience, mpf(keep_alive))
    time = mp.quad(alive, mp.linspace(0, until, 5) if until < 50 * gap else [0, gap, 10 * gap, 50 * gap, mp.inf])
    return (alive(patience) if keep_alive >= patience else mpf(0)), mp.quad(lambda t: alive(t) / life, [0, until]), time


def eviction_facts() -> Iterator[Fact]:
    for size, rate, life, gap in itertools.product((1, 2, 4, 6), (1e-4, 0.3, 2.0, 500.0), (0.02, 4.0, 1e4), (0.05, 1.5, 300.0)):

        def moves(table: tuple[int, ...], rate: float = rate, life: float = life, gap: float = gap) -> Iterator[Any]:
            """By recency, 1 for an open connection."""
            yield (1, *table[:-1]), mpf(rate)
            for i, is_open in enumerate(table):
                if is_open:
                    rest = table[:i] + table[i + 1 :]
                    yield (1, *rest), 1 / mpf(gap)
                    yield (0, *rest), 1 / mpf(life)

        law = stationary((1,) * size, moves)
        truth = mp.fsum(x for table, x in law.items() if table[-1])
        yield Fact("eviction_exact", "", {"size": size, "rate": rate, "life": life, "gap": gap}, truth)
    for size, rate, life, gap in itertools.product((10, 2500, 10**6), (0.2, 30.0, 4e4), (2.0, 100.0), (0.5, 40.0)):
        for more in ({}, {"closed_timeout": 3.0}, {"keep_alive": 7.0, "closed_timeout": 60.0}, {"idle_timeout": 10.0}):
            closed, idle, alive = more.get("closed_timeout", mp.inf), more.get("idle_timeout", mp.inf), more.get("keep_alive", mp.inf)

            def entries(
                t: mpf, rate: float = rate, life: float = life, gap: float = gap, closed: Any = closed, idle: Any = idle, alive: Any = alive
            ) -> mpf:
                cut, end, time = after_packet(min(t, mpf(idle)), life, gap, alive)
                return rate * (time + end * min(t, mpf(closed))) / (cut + end)

            arguments = {"size": size, "rate": rate, "life": life, "gap": gap, **more}
            mean_open, far = rate * life, mpf(10) ** 9
            if mean_open > 1e3 * size or (closed < mp.inf and entries(far) <= size):
                continue
            if alive < mp.inf and entries(mpf(alive) * (1 - mpf(10) ** -9)) < size < entries(mpf(alive) * (1 + mpf(10) ** -9)):
                continue  # T settles at the keep-alive itself
            t = root(lambda t, f=entries, s=size: f(t) - s, 1e-3, 10, 20)  # type: ignore[misc]
            yield Fact("characteristic_time", "", arguments, t)


def main() -> None:
    mp.dps = DIGITS + 15
    groups = (limit_facts(), packet_facts(), retry_facts(), race_facts(), eviction_facts())
    write_facts("limits.csv", itertools.chain(*groups), "make_limits.py")


if __name__ == "__main__":
    main()
