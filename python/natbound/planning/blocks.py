"""Ports dealt out in shares: to the VMs or nodes behind a gateway, or in blocks to the subscribers of a carrier."""

from __future__ import annotations

import math
from typing import Any

from natbound.arguments import real, whole
from natbound.errors import InputError
from natbound.results import Result

PORTS = 64512  # 1024 to 65535


def blocks(
    owners: int,
    *,
    ports: int = PORTS,
    share: int | None = None,
    block: int | None = None,
    most: int = 1,
    addresses: int | None = None,
    surge: int = 0,
    load: float | None = None,
    target: float = 1e-6,
    multiple: int = 1,
) -> Result:
    """How many ports an owner gets, how many owners an address takes, and how many addresses it needs.

    owners: VMs, nodes or subscribers, and `surge` more for a time (an upgrade's new nodes). ports: of an address. Either each owner has a fixed
    `share` of ports (none said: the largest that `addresses` allow, else what `load` needs, a whole `multiple`), or it takes blocks of `block`
    ports as it needs them, at most `most`. load: live connections of one owner to one destination, on average. target: the probability, in
    (0, 1), with which a connection may be refused.

    A share lies on one address and is never split: `owners_per_address` = ports // share. With `load`: `refusal_probability` of an owner's
    connection (Erlang B on its share; with blocks that of `natbound.calculator.blocks_refused` with `kept`, and which limit refuses),
    `exceeds` (the share of time that it would want more than it may have, Poisson), and `needed`: the least share that meets the target.
    """
    owners, ports, most, multiple = whole("owners", owners), whole("ports", ports), whole("most", most), whole("multiple", multiple)
    share, block, addresses = (
        None if x is None else whole(name, x) for name, x in (("share", share), ("block", block), ("addresses", addresses))
    )
    wholes = {"--owners": owners, "--ports": ports, "--share": share, "--block": block, "--most": most, "--addresses": addresses,
             "--multiple": multiple}  # fmt: skip
    for name, value in wholes.items():
        _within(name, value, value is None or 1 <= value <= 10**9, "a whole number from 1 to 1e9 is wanted")
    surge = whole("surge", surge)
    target, load = real("target", target), None if load is None else real("load", load)
    _within("--surge", surge, 0 <= surge <= 10**9, "a whole number from 0 to 1e9 is wanted")
    _within("--ports", ports, ports <= 65536, "an address has at most 65,536 ports")
    _within("--target", target, 0 < target < 1, "a probability above 0 and below 1 is wanted")
    _within("--load", load, load is None or 0 < load <= 1e9, "a number above 0 and at most 1e9 is wanted")
    if block is not None and share is not None:
        raise InputError("give one of the two", path="--share, --block", fix="--share is fixed; blocks are taken as they are needed")
    counted = owners + surge
    data: dict[str, Any] = {"schema": "natbound.blocks/1", "owners": owners, "surge": surge, "counted": counted, "ports": ports,
                            "target": target, "load": load, "given_addresses": addresses}  # fmt: skip
    if block is not None:
        return Result({**data, **_blocks(counted, ports, block, most, addresses, load, target)})
    needed = None if load is None else _needed(counted, ports, load, target, multiple)
    largest = None if addresses is None else _largest(counted, ports, addresses, multiple)
    if share is None:
        share = largest if largest is not None else needed["share"] if needed is not None else None
    if share is None:
        raise InputError("one of the three is wanted", path="--share, --addresses, --load", fix="--share 1024 is a fixed share")
    if share == 0:
        raise InputError(
            f"no share is left for each of {counted:,}",
            path="--addresses",
            value=str(addresses),
            fix="more addresses, or a smaller --multiple",
        )
    if share > ports:
        raise InputError("not even one owner fits on an address", path="--share", value=f"{share:,} of {ports:,}")
    each = ports // share
    return Result(
        {
            **data,
            "share": share,
            "owners_per_address": each,
            "unused_ports": ports - each * share,
            "addresses": math.ceil(counted / each),
            "fits": None if addresses is None else counted <= addresses * each,
            "most_owners": None if addresses is None else addresses * each,
            "largest_share": largest,
            **_refused(share, load),
            "needed": needed,
        }
    )


def _refused(share: int, load: float | None) -> dict[str, Any]:
    from natbound import calculator as c

    if load is None:
        return {"refusal_probability": None, "log_refusal_probability": None, "exceeds": None}
    return {
        "refusal_probability": float(c.erlang_b(share, load)),
        "log_refusal_probability": float(c.log_erlang_b(share, load)),
        "exceeds": float(c.poisson_tail(share, load)),
    }


def _needed(counted: int, ports: int, load: float, target: float, multiple: int) -> dict[str, Any]:
    """The least share for a load; without owners where an address is too small for one."""
    from natbound import calculator as c

    share = math.ceil(int(c.ports_for(load, target)) / multiple) * multiple
    each = ports // share
    return {"share": share, "owners_per_address": each, "addresses": math.ceil(counted / each) if each else None}


def _largest(counted: int, ports: int, addresses: int, multiple: int) -> int:
    """The largest share that so many owners can each have, a whole multiple; 0 if there is none."""
    return ports // math.ceil(counted / addresses) // multiple * multiple


def _blocks(counted: int, ports: int, block: int, most: int, addresses: int | None, load: float | None, target: float) -> dict[str, Any]:
    """Blocks taken as they are needed. Sure are `pool // most` owners an address; the more the load allows, the more with risk."""
    from natbound import calculator as c

    pool = ports // block
    if most > pool:
        raise InputError("an address has not so many blocks", path="--most", value=f"{most:,} of {pool:,}")
    sure = pool // most
    out: dict[str, Any] = {"block": block, "most_blocks": most, "share": block * most, "pool": pool, "owners_per_address_sure": sure,
                           "addresses_sure": math.ceil(counted / sure), "owners_per_address": None, "addresses": None, "refusal_probability": None,
                           "log_refusal_probability": None, "by_quota": None, "by_pool": None, "exceeds": None, "blocks_needed": None}  # fmt: skip
    if load is None:
        return out
    each = int(c.subscribers_for(block, most, pool, load, target, kept=True))
    out |= {"owners_per_address": each, "addresses": math.ceil(counted / each) if each else None,
            "exceeds": float(c.poisson_tail(block * most, load)), "blocks_needed": int(c.blocks_for(block, load, target))}  # fmt: skip
    there = addresses if addresses is not None else out["addresses"]
    if there is not None:
        found = c.blocks_refused(block, most, pool, math.ceil(counted / there), load, kept=True)
        out |= {"refusal_probability": found.refusal, "by_quota": found.by_quota, "by_pool": found.by_pool,
                "log_refusal_probability": math.log(found.refusal) if found.refusal > 0 else None}  # fmt: skip
    return out


def _within(name: str, value: Any, good: bool, rule: str) -> None:
    if not good:
        raise InputError(rule, path=name, value=str(value))
