"""Paired pooling: all live connections of a client address have one external address (RFC 4787 REQ-2). Part of `natbound.calculator`.

For a pool whose address is drawn when a client's first connection opens, no other being tried where its ports are full. Poisson arrivals, any
holds, a search that finds every free port. Arrays broadcast. Bad arguments raise ValueError with argument, value and rule, and the index in
arrays.
"""

from __future__ import annotations

from typing import Any

from natbound import _core
from natbound.calculator.limits import _whole


def paired_refusal(ports: Any, load: Any, clients: Any, addresses: Any, destinations: Any = 1) -> Any:
    """The refusal probability where `clients` are dealt at random to `addresses` of `ports` each, and stay where they are while they have a
    connection: far above Erlang B at the mean load of an address, for some are dealt more clients than others.

    load: live connections wanted by each client (Erlang) towards each of `destinations` that do not share ports (clash scopes): towards all of
    them, if one. Averaged over how clients are dealt. Arrays broadcast. ports 0 to 2^24, load 0 to 1e9, clients and addresses 1 to 2^24,
    destinations 1 to 1e9; else ValueError. Exact (a product form: Kelly 1979, 1.6 and 3.4, whose states are cut): relative error 1e-10 above
    1e-300. Below 0.1 ms for some hundred clients on an address, 0.1 s for 500,000.
    """
    return _core.paired_refusal(ports, load, clients, addresses, destinations)


def log_paired_refusal(ports: Any, load: Any, clients: Any, addresses: Any, destinations: Any = 1) -> Any:
    """The natural logarithm of `paired_refusal` (Kelly 1979), where the probability is below 1e-300, too: error 1e-12 of itself, or 1e-10. Arguments
    as there (load in Erlang), which broadcast; ValueError outside of their domain."""
    return _core.log_paired_refusal(ports, load, clients, addresses, destinations)


def load_for_paired(ports: Any, clients: Any, addresses: Any, target: Any, destinations: Any = 1) -> Any:
    """The load of each client (towards each destination, in Erlang) with `paired_refusal(...) = target`, the same source (Kelly 1979). 0 < target < 1,
    ports from 1, the others as there; else ValueError. Arrays broadcast. Relative error 1e-12."""
    return _core.load_for_paired(ports, clients, addresses, target, destinations)


def addresses_for_paired(ports: Any, load: Any, clients: Any, target: Any, destinations: Any = 1) -> Any:
    """The fewest addresses with `paired_refusal(...) <= target` (0 < target < 1; load in Erlang), exact, by the same source (Kelly 1979). Arrays
    broadcast. ValueError where a client with an address of its own is refused more, or 2^24 addresses do not do."""
    return _whole(_core.addresses_for_paired(ports, load, clients, target, destinations))


def clients_on_fullest(clients: Any, addresses: Any, share: Any = 0.05) -> Any:
    """So many clients, or fewer, are on the fullest address in all but `share` (0 < share < 1) of the ways in which chance deals them: the least n
    with addresses x P(Binomial(clients, 1/addresses) > n) <= share, which is exact for two addresses and may be one too many for more (Bonferroni
    1936). clients and addresses 1 to 2^24; else ValueError. Arrays broadcast.
    """
    return _whole(_core.clients_on_fullest(clients, addresses, share))
