"""Writes sizes.csv: classes of several sizes in one pool, by convolution of their Poisson laws: the definition, not the recursion.

    python tests/reference/make_sizes.py        # needs mpmath; a minute

With reservation the truth is the chain of all states, which `kaufman_roberts` then only approximates.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from common import Fact, least, root, stationary, write_facts
from mpmath import mp, mpf

draw = random.Random(20261126)


def weights(ports: int, loads: Sequence[Any], sizes: Sequence[int]) -> list[mpf]:
    """Of 0 .. ports taken: one class after another."""
    law = [mpf(1)] + [mpf(0)] * ports
    for load, size in zip(loads, sizes, strict=True):
        term = [mpf(1)]
        for k in range(1, ports // size + 1):
            term.append(term[-1] * mpf(load) / k)
        law = [mp.fsum(law[n - k * size] * term[k] for k in range(n // size + 1)) for n in range(ports + 1)]
    return law


def refusals(law: Sequence[mpf], sizes: Sequence[int]) -> list[mpf]:
    """Of a class: the weight of too few free over the weight of all."""
    total = mp.fsum(law)
    return [mp.fsum(law[max(0, len(law) - size) :]) / total for size in sizes]


def with_reservation(ports: int, loads: Sequence[float], sizes: Sequence[int], reserved: Sequence[int]) -> list[mpf]:
    def admits(state: tuple[int, ...], k: int) -> bool:
        return sum(n * s for n, s in zip(state, sizes, strict=True)) + sizes[k] + reserved[k] <= ports

    def moves(state: tuple[int, ...]) -> Iterator[Any]:
        for k, n in enumerate(state):
            if admits(state, k):
                yield (*state[:k], n + 1, *state[k + 1 :]), mpf(loads[k])
            if n:
                yield (*state[:k], n - 1, *state[k + 1 :]), mpf(n)

    law = stationary((0,) * len(sizes), moves)
    return [mp.fsum(x for state, x in law.items() if not admits(state, k)) for k in range(len(sizes))]


CLASSES: tuple[tuple[Sequence[int], Sequence[float]], ...] = (
    ((1,), (1.0,)), ((1, 2), (0.5, 0.5)), ((1, 6), (0.9, 0.1)), ((4, 4), (0.3, 0.7)), ((1, 3, 16), (0.2, 0.5, 0.3)),
    ((2, 5, 9, 31), (0.4, 0.3, 0.2, 0.1)), ((1, 7), (1.0, 1e-60)),
)  # fmt: skip


def size_facts() -> Iterator[Fact]:
    for ports, share, (sizes, mix) in itertools.product((0, 1, 5, 31, 200, 700), (1e-3, 0.4, 0.9, 1.3, 50.0), CLASSES):
        loads = [share * max(ports, 1) * part / size for part, size in zip(mix, sizes, strict=True)]
        law = weights(ports, loads, sizes)
        found = refusals(law, sizes)
        arguments = {"ports": ports, "loads": loads, "sizes": list(sizes)}
        for k in {0, len(sizes) - 1}:
            yield Fact("kaufman_roberts", f"log_refusal.{k}", arguments, mp.log(found[k]))
            yield Fact("kaufman_roberts", f"refusal.{k}", arguments, found[k])
        yield Fact("kaufman_roberts", "mean", arguments, mp.fsum(n * x for n, x in enumerate(law)) / mp.fsum(law))


def inverse_facts() -> Iterator[Fact]:
    for scale, (sizes, mix), target in itertools.product((1e-2, 1.0, 40.0), CLASSES, (0.5, 1e-2, 1e-7)):
        loads = [scale * part / size for part, size in zip(mix, sizes, strict=True)]
        law = weights(400, loads, sizes)
        meets: Callable[[int], bool] = lambda n: max(refusals(law[: n + 1], sizes)) <= target  # noqa: B023, E731
        yield Fact("ports_for_sizes", "", {"loads": loads, "sizes": list(sizes), "target": target}, least(meets, max(sizes)))
    for ports, (sizes, mix), target in itertools.product((31, 90), CLASSES[:-1], (0.5, 1e-2, 1e-7)):
        loads = [ports * part / size for part, size in zip(mix, sizes, strict=True)]

        def over(x: mpf, n: int = ports, a: Sequence[float] = loads, s: Sequence[int] = sizes, t: float = target) -> mpf:
            return max(refusals(weights(n, [x * mpf(load) for load in a], s), s)) - mpf(t)

        yield Fact("scale_for_sizes", "", {"ports": ports, "loads": loads, "sizes": list(sizes), "target": target}, root(over, 1e-3, 1, 20))


def reserved_facts() -> Iterator[Fact]:
    for ports, share, sizes, kept in itertools.product(
        (8, 20, 30), (0.3, 0.7, 1.0, 1.6), ((1, 2), (1, 4), (2, 3)), ((2, 0), (5, 0), (0, 3))
    ):
        mix = draw.uniform(0.2, 0.8)
        loads = [share * ports * mix / sizes[0], share * ports * (1 - mix) / sizes[1]]
        found = with_reservation(ports, loads, sizes, kept)
        arguments = {"ports": ports, "loads": loads, "sizes": list(sizes), "reserved": list(kept)}
        for k in (0, 1):
            yield Fact("kaufman_roberts", f"refusal.{k}", arguments, found[k])


def main() -> None:
    mp.dps = 60
    write_facts("sizes.csv", itertools.chain(size_facts(), inverse_facts()), "make_sizes.py")
    write_facts("reserved.csv", reserved_facts(), "make_sizes.py")


if __name__ == "__main__":
    main()
