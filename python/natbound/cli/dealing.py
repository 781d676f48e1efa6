"""The commands about ports alone: shares and blocks of them, and when they run out."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from natbound import wording as w
from natbound.cli.common import Json, Seed, print_json
from natbound.cli.quantities import per_second, plain, seconds
from natbound.errors import InputError

Rate = Annotated[str | None, typer.Option(help="New connections, as in 700/s.")]
Hold = Annotated[str | None, typer.Option(help="How long each holds its port, as in 60s.")]


def blocks(
    owners: Annotated[int, typer.Option(help="VMs, nodes or subscribers that get ports.")],
    surge: Annotated[int, typer.Option(help="So many more for a time, as during an upgrade.")] = 0,
    ports: Annotated[int, typer.Option(help="Ports of an address.")] = 64512,
    addresses: Annotated[int | None, typer.Option(help="Public addresses that are there.")] = None,
    share: Annotated[int | None, typer.Option(help="Ports that each owner has. Default: what the addresses or the load allow.")] = None,
    multiple: Annotated[int, typer.Option(help="Shares come in multiples of this.")] = 1,
    block: Annotated[int | None, typer.Option(help="In place of --share: blocks of so many, taken as they are needed.")] = None,
    most: Annotated[int, typer.Option(help="The most blocks an owner may take.")] = 1,
    load: Annotated[str | None, typer.Option(help="Live connections of an owner to one destination, as in 50 or 2/s*60s.")] = None,
    target: Annotated[float, typer.Option(help="The probability that a connection may be refused with.")] = 1e-6,
    as_json: Json = False,
) -> None:
    """Ports an owner, owners an address, addresses for all; and how often a share is too small."""
    from natbound.planning import blocks as work_out

    wanted = None if load is None else plain(load, "--load")
    found = work_out(owners, ports=ports, share=share, block=block, most=most, addresses=addresses, surge=surge, load=wanted, target=target,
                     multiple=multiple).to_dict()  # fmt: skip
    fits = found.get("fits") is not False and (block is None or wanted is None or found["addresses"] is not None)
    if as_json:
        print_json(found)
    else:
        for line in _taken_lines(found) if block is not None else _share_lines(found):
            print(line)
    raise typer.Exit(0 if fits else 1)


def _owners(found: dict[str, Any]) -> str:
    return _many(found["owners"], "owner") + (f" and {found['surge']:,} more for a time" if found["surge"] else "")


def _many(count: int, what: str) -> str:
    return f"{count:,} {what}" + ("" if count == 1 else "es" if what.endswith("s") else "s")


def _share_lines(found: dict[str, Any]) -> list[str]:
    out = [
        f"{found['share']:,} of {found['ports']:,} ports each: {found['owners_per_address']:,} owners an address, {found['unused_ports']:,} ports left over",
        f"{_owners(found)}: {_many(found['addresses'], 'address')}",
    ]
    if found["fits"] is not None:
        have = _many(found["given_addresses"], "address")
        out.append(
            f"With {have} {'they fit' if found['fits'] else 'they do not fit'}: {found['most_owners']:,} owners at most, or {found['largest_share']:,} ports each"
        )
    if found["load"] is not None:
        refused = w.probability(found["refusal_probability"], found["log_refusal_probability"])
        out.append(
            f"An owner with {w.count(found['load'])} live: {refused} of its connections refused; without a limit it would hold more {w.probability(found['exceeds'])} of the time"
        )
        need = found["needed"]
        room = (
            f"{need['owners_per_address']:,} owners an address, {_many(need['addresses'], 'address')}"
            if need["addresses"]
            else "more than an address has"
        )
        out.append(f"For {w.scientific(found['target'])}: {need['share']:,} ports each, {room}")
    return out


def _taken_lines(found: dict[str, Any]) -> list[str]:
    out = [
        f"{found['pool']:,} blocks of {found['block']:,} ports an address, at most {found['most_blocks']:,} an owner ({found['share']:,} ports)",
        f"{_owners(found)}, each sure of all its blocks: {found['owners_per_address_sure']:,} an address, {_many(found['addresses_sure'], 'address')}",
    ]
    if found["load"] is None:
        return out
    if found["addresses"] is None:
        out.append(
            f"At {w.count(found['load'])} live an owner is refused more often than {w.scientific(found['target'])} by its own limit: {found['blocks_needed']:,} blocks would do"
        )
    else:
        out.append(
            f"At {w.count(found['load'])} live each, for {w.scientific(found['target'])}: {found['owners_per_address']:,} an address, {_many(found['addresses'], 'address')}"
        )
    if found["refusal_probability"] is not None:
        have = found["given_addresses"] or found["addresses"]
        out.append(
            f"On {_many(have, 'address')}: {w.probability(found['refusal_probability'])} refused, {w.probability(found['by_quota'])} by the owner's limit, {w.probability(found['by_pool'])} by the address's"
        )
    return out


def exhaustion(
    ports: Annotated[int, typer.Option(help="Ports open towards the destination; or entries of a table.")] = 64512,
    live: Annotated[str | None, typer.Option(help="Mean live connections, in place of --rate or --hold.")] = None,
    rate: Rate = None,
    hold: Hold = None,
    start: Annotated[int, typer.Option(help="Live at first.")] = 0,
    law: Annotated[str, typer.Option(help="Of the holds: exponential, constant (a timer), lognormal or gamma.")] = "exponential",
    cv: Annotated[float | None, typer.Option(help="Of lognormal and gamma holds: standard deviation over mean.")] = None,
    by: Annotated[str | None, typer.Option(help="Also the probability that it has happened by then, as in 10s.")] = None,
    quantiles: Annotated[str, typer.Option(metavar="P,Q", help="Which quantiles.")] = "5%,50%,95%",
    seed: Seed = 1,
    as_json: Json = False,
) -> None:
    """When all ports are busy, and when the first connection is refused: mean and quantiles."""
    from natbound.planning import exhaustion as work_out

    flows = None if live is None else plain(live, "--live")
    each = None if rate is None else per_second(rate, "--rate")
    kept = None if hold is None else seconds(hold, "--hold")
    if flows is not None:
        if (each is None) == (kept is None):
            raise InputError("goes with one of --rate and --hold", path="--live", value=f"'{live}'")
        if not flows > 0:
            raise InputError("a number above 0 is wanted", path="--live", value=f"'{live}'")
        each, kept = (flows / kept, kept) if kept else (each, flows / each if each else None)
    if each is None:
        raise InputError("new connections a second are wanted", path="--rate", fix="--rate 470/s, with --hold 60s if they end")
    chances = [plain(text, "--quantiles") for text in quantiles.split(",")]
    found = work_out(
        ports,
        each,
        kept,
        start=start,
        law=law,  # type: ignore[arg-type]
        cv=cv,
        by=None if by is None else seconds(by, "--by"),
        quantiles=chances,
        seed=seed,
    ).to_dict()
    if as_json:
        print_json(found)
        return
    ends = (
        "none ever closes"
        if kept is None
        else f"{w.span(kept)} each{'' if law == 'exponential' else f' ({law})'}: {w.count(found['load'])} live"
    )
    print(f"{w.count(each)}/s, {ends}, on {_many(ports, 'port')}" + (f", {start:,} live at first:" if start else ", from empty:"))
    seen = found.get("seen", kept if law == "constant" else None)
    late = "over 1,000 years" if seen is None else f"not before {w.span(seen)}"
    for event, words in (("full", "all ports busy"), ("refusal", "first refusal")):
        part = found[event]
        shown = ", ".join(f"{q['p']:.3g}: {late if q['time'] is None else w.span(q['time'])}{_between(q)}" for q in part["quantiles"])
        mean = (
            ""
            if part["mean"] is None and seen is not None
            else f"after {w.span(part['mean']) if part['mean'] is not None else late} on average; "
        )
        print(f"  {words:<14}  {mean}with probability {shown}")
        if part["by"] is not None:
            p = part["by"]["p"]
            unknown = "unknown: beyond what is looked at" if "seen" in found else "unknown: connections close by then"
            odds = part["by"].get("interval")  # of a simulation, which may not have seen any
            chance = unknown if p is None else w.probability(p) if odds is None else f"{w.probability(odds[0])} to {w.probability(odds[1])}"
            print(f"    by {w.span(part['by']['time'])}: {chance}")
    print(
        f"  ports / rate    {w.span(found['arithmetic'])}"
        + (
            ""
            if kept is None
            else f"; in the long run {w.probability(found['refusal_probability'], found['log_refusal_probability'])} refused"
        )
    )
    print(f"Method: {found['method']}.")


def _between(quantile: dict[str, Any]) -> str:
    """The interval of a time that was simulated."""
    if quantile.get("interval") is None or quantile["time"] is None:
        return ""
    low, high = (w.span(end) if end is not None else "beyond" for end in quantile["interval"])
    return f" ({low} to {high})"
