"""Writes paired.csv: refusals under paired pooling, where a client's external address is drawn when its first flow opens.

    python tests/reference/make_paired.py        # needs mpmath; a minute

Small ones by the chain of all states, with nothing assumed of its form; larger ones by the product form: a sum over how many clients are
on an address, the others' addresses added one after another.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

from common import Fact, facts, logarithm, root, stationary, write_facts
from mpmath import mp, mpf

DIGITS = 50
Client = tuple[int, tuple[int, ...]]  # its address, and its flows by destination


def by_chain(ports: int, load: float, clients: int, addresses: int, destinations: int) -> mpf:
    """Clients are alike, so that a state is a sorted list of them; an idle one has no address (-1)."""
    idle: Client = (-1, (0,) * destinations)

    def busy(state: tuple[Client, ...], address: int, to: int) -> int:
        return sum(flows[to] for at, flows in state if at == address)

    def moves(state: tuple[Client, ...]) -> Iterator[Any]:
        for i, (at, flows) in enumerate(state):
            for to in range(destinations):
                for address in range(addresses) if at < 0 else (at,):
                    if busy(state, address, to) < ports:
                        more = (address, (*flows[:to], flows[to] + 1, *flows[to + 1 :]))
                        yield tuple(sorted((*state[:i], more, *state[i + 1 :]))), mpf(load) / (addresses if at < 0 else 1)
                if flows[to]:
                    less = (*flows[:to], flows[to] - 1, *flows[to + 1 :])
                    yield tuple(sorted((*state[:i], (at, less) if any(less) else idle, *state[i + 1 :]))), mpf(flows[to])

    refused = mpf(0)
    for state, chance in stationary((idle,) * clients, moves).items():
        for at, _ in state:
            may = range(addresses) if at < 0 else (at,)
            refused += chance * sum(1 for a in may if busy(state, a, 0) == ports) / len(may) / clients
    return refused


def by_product(ports: int, load: Any, clients: int, addresses: int, destinations: int) -> mpf:
    fits, full = [], []
    for k in range(clients + 1):
        term = total = mpf(1)
        for n in range(1, ports + 1):
            term *= k * mpf(load) / n
            total += term
        fits.append(total**destinations / mp.factorial(k))
        full.append(term / total)
    rest = [mpf(1)] + [mpf(0)] * clients
    for _ in range(addresses - 1):
        rest = [mp.fsum(fits[i] * rest[k - i] for i in range(k + 1)) for k in range(clients + 1)]
    everything = mp.fsum(fits[k] * rest[clients - k] for k in range(clients + 1))
    return mpf(addresses) / clients * mp.fsum(k * fits[k] * full[k] * rest[clients - k] for k in range(1, clients + 1)) / everything


def both(value: mpf, arguments: dict[str, Any]) -> Iterator[Fact]:
    if value > mpf(10) ** -300:
        yield from facts("paired_refusal", arguments, **{"": value})
    yield from facts("log_paired_refusal", arguments, **{"": logarithm(value)})


def all_facts() -> Iterator[Fact]:
    small = [(3, 3, 2, 1), (4, 2, 2, 1), (2, 3, 3, 1), (3, 2, 3, 1), (4, 3, 1, 1), (2, 2, 2, 2), (3, 2, 1, 2), (2, 3, 1, 3)]
    for (clients, addresses, ports, destinations), load in itertools.product(small, (1e-5, 0.03, 0.7, 4.0)):
        arguments = {"ports": ports, "load": load, "clients": clients, "addresses": addresses, "destinations": destinations}
        truth = by_chain(**arguments)
        assert abs(by_product(**arguments) / truth - 1) < mpf(10) ** -40, arguments
        yield from both(truth, arguments)
    larger = [
        (12, 4, 6, 1),
        (30, 2, 40, 1),
        (60, 3, 25, 2),
        (40, 40, 3, 1),
        (25, 60, 7, 4),
        (150, 2, 200, 1),
        (120, 5, 64, 1),
        (7, 3, 500, 1),
    ]
    for (clients, addresses, ports, destinations), share in itertools.product(larger, (1e-4, 0.02, 0.3, 0.8, 1.2, 3.0, 200.0)):
        load = round(share * ports * min(addresses, clients) / clients, 9)
        arguments = {"ports": ports, "load": load, "clients": clients, "addresses": addresses, "destinations": destinations}
        yield from both(by_product(**arguments), arguments)
    for (clients, addresses, ports, destinations), target in itertools.product(
        [(12, 4, 6, 1), (30, 2, 40, 1), (20, 9, 12, 3)], (1e-12, 1e-6, 0.01, 0.4)
    ):
        arguments = {"ports": ports, "clients": clients, "addresses": addresses, "destinations": destinations}
        truth = root(lambda x, a=arguments, t=target: by_product(load=x, **a) - mpf(t), 1e-3, 10)  # type: ignore[misc]
        yield Fact("load_for_paired", "", {**arguments, "target": target}, truth)
    for ports, load, clients, target in (
        (6, 0.3, 12, 1e-3),
        (40, 0.5, 30, 1e-6),
        (10, 1.0, 20, 0.02),
        (3, 0.1, 9, 1e-3),
        (20, 0.8, 40, 1e-4),
        (15, 2.0, 10, 0.1),
        (64, 4.0, 50, 1e-8),
        (1, 0.01, 30, 0.05),
    ):
        fewest = next(a for a in itertools.count(1) if by_product(ports, load, clients, a, 1) <= mpf(target))
        yield Fact("addresses_for_paired", "", {"ports": ports, "load": load, "clients": clients, "target": target}, fewest)
    for clients, addresses, share in itertools.product((6, 90, 2000), (2, 7, 64), (0.05, 1e-9)):

        def above(n: int, k: int = clients, a: int = addresses) -> mpf:
            return a * mp.fsum(mp.binomial(k, i) * mpf(a - 1) ** (k - i) / mpf(a) ** k for i in range(n + 1, k + 1))

        fewest = next(n for n in range(clients // addresses, clients + 1) if above(n) <= mpf(share))
        yield Fact("clients_on_fullest", "", {"clients": clients, "addresses": addresses, "share": share}, fewest)


if __name__ == "__main__":
    mp.dps = DIGITS + 15
    write_facts("paired.csv", all_facts(), "make_paired.py")
