"""What was offered while connections were refused, which conntrack does not show.

A refused SYN leaves no entry: the events show only the tries that succeeded, and `insert_failed` counts
refused tries, each retry again. What was offered is therefore read from where nothing was refused. A kernel
that hashes (client, destination) onto a pool sends each pair to one address always, so flows fall into
*groups*: (server endpoint, pool address), each with its own ports. Groups that never refuse, and the others
before their ports first ran out, show the arrivals as they were. Over those, the rate of (client, server) is
fitted as a product (client's weight x server's rate: quasi-independence, fitted by iterative scaling, tested
by chi-square), which fills in the rest. Where the product does not fit, a refusing group's own beginning must
do.

The chance that a first try is refused is then failed / (failed + succeeded) tries of those groups, which
takes a retry to be refused as often as a first try; how many tries a connection would need to have for that
to agree with the rate of arrivals is reported beside it.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from natbound.importing.capture import Events, Flow, Server, Table
from natbound.importing.intervals import Estimate, poisson, share
from natbound.importing.product import Group, fit_product
from natbound.importing.sockets import Sockets


@dataclass(slots=True)
class Offered:
    """Rates a second by server, and the refusals of the groups that refused."""

    rates: dict[Server, Estimate]
    group_rates: dict[Group, Estimate]
    opened: dict[Group, float]  # rate of successes while it refused
    first_try: Estimate  # chance that the first try of any connection is refused, while groups refuse
    in_group: Estimate  # the same in the refusing groups alone
    lost: Estimate  # chance that a connection to them never opens
    since: float
    lines: list[str] = field(default_factory=list)


def group_of(flow: Flow) -> Group:
    """The ports that the flow competes for."""
    return flow.server, flow.external[0]


def refusing_groups(groups: Mapping[Group, Sequence[Flow]], ports: int, sockets: Sockets | None, table: Table | None) -> Counter[Group]:
    """Groups that refuse, with their weight: sockets waiting for an answer, else those nearly full of open
    flows.
    """
    found: Counter[Group] = Counter()
    pair = {(f.flow[0], f.flow[2]): f.external[0] for flows in groups.values() for f in flows}
    if sockets is not None:
        for source, _, destination, port in sockets.waiting:
            address = pair.get((source, destination))
            if address and ((destination, port, "tcp"), address) in groups:
                found[(destination, port, "tcp"), address] += 1
        total = sum(found.values())
        return Counter({g: n for g, n in found.items() if n >= max(2, 0.01 * total)})
    for entry in table.entries.values() if table else ():
        if entry.state == "ESTABLISHED":
            found[(entry.flow[2], entry.flow[3], entry.protocol), entry.external[0]] += 1
    # An open entry cannot be taken over, a closing one can: below four fifths open hardly any search fails.
    return Counter({g: n for g, n in found.items() if g in groups and n >= 0.8 * ports})


def _first_full(flows: Sequence[Flow], ports: int, start: float, end: float) -> float:
    """When the group first held all its ports (or, where it never did, nine tenths of the most it held)."""
    steps = sorted([(f.opened or start, 1) for f in flows] + [(f.destroyed, -1) for f in flows if f.destroyed is not None])
    held = most = 0
    for _, step in steps:
        held += step
        most = max(most, held)
    target = ports if most >= ports else 0.9 * most
    held = 0
    for t, step in steps:
        held += step
        if held >= target:
            return min(t, end)
    return end


def estimate(
    events: Events,
    window: tuple[float, float],
    ports: int,
    failed: int,
    sockets: Sockets | None,
    table: Table | None,
) -> Offered | None:
    """The load that was offered, where `failed` tries were refused; None where it cannot be told who was."""
    start, end = window
    groups: defaultdict[Group, list[Flow]] = defaultdict(list)
    for f in events.flows:
        if f.opened is not None and f.protocol == "tcp":
            groups[group_of(f)].append(f)
    weight = refusing_groups(groups, ports, sockets, table)
    if not weight or failed == 0:
        return None
    strangers = sum(f.opened is None for f in events.flows)
    early = strangers <= 0.05 * len(events.flows)
    full = {g: _first_full(groups[g], ports, start, end) for g in weight}
    fitted, quality = fit_product(groups, full, start, end, early)
    if sockets is None:  # nearly full is no proof: keep those that open fewer than they were offered
        for g in [g for g in weight if g in fitted and len(weight) > 1]:
            if fitted[g].low <= _rate(groups[g], full[g], end) and len(weight) > 1:
                del weight[g], full[g]
        fitted, quality = fit_product(groups, full, start, end, early)
    lines = []
    group_rates: dict[Group, Estimate] = {}
    opened: dict[Group, float] = {}
    total = failed + 0.0
    succeeded = 0
    for g in weight:
        until = full[g]
        before = sum(f.opened < until for f in groups[g] if f.opened is not None)
        after = [f for f in groups[g] if f.opened is not None and until <= f.opened <= end]
        succeeded += len(after)
        opened[g] = len(after) / (end - until) if end > until else 0.0
        own = poisson(before, until - start) if early and until > start and before >= 10 else None
        chosen = fitted.get(g) or own
        if chosen is None:
            lines.append(f"{name(g)}: nothing shows what was offered to it; what opened is taken instead")
            chosen = poisson(len(after), end - until)
        if chosen.value < opened[g]:
            chosen = Estimate(opened[g], opened[g], max(opened[g], chosen.high))
        group_rates[g] = chosen
        lines.append(
            f"{name(g)}: {chosen.text('/s')} offered, {opened[g]:.4g}/s opened"
            f" once its {ports} ports were in use"
            f" ({until - start:.1f} s after the start)"
            + (f"; its own first {until - start:.1f} s show {own.text('/s')}" if own and fitted.get(g) else "")
        )
    since = min(full.values())
    rates: dict[Server, Estimate] = {}
    for server in {g[0] for g in groups}:
        parts = [
            group_rates[g] if g in group_rates else poisson(sum(start <= (f.opened or start) <= end for f in flows), end - start)
            for g, flows in groups.items()
            if g[0] == server
        ]
        value = sum(p.value for p in parts)
        rates[server] = Estimate(
            value,
            max(0.0, value - math.sqrt(sum((p.value - p.low) ** 2 for p in parts))),
            value + math.sqrt(sum((p.high - p.value) ** 2 for p in parts)),
        )
    refused = total / (total + succeeded)
    in_group = share(total, total + succeeded, (1 + refused) / (1 - refused))
    busy = sum(group_rates[g].value for g in weight)
    part = busy / sum(r.value for r in rates.values())
    loose = max((r.high - r.low) / 2 / r.value for r in (group_rates[g] for g in weight)) * (1 - part)
    first = Estimate(
        in_group.value * part,
        part * max(0.0, in_group.value - math.hypot(in_group.value - in_group.low, loose * in_group.value)),
        part * min(1.0, in_group.value + math.hypot(in_group.high - in_group.value, loose * in_group.value)),
    )
    through = sum(opened.values())
    lost = Estimate(
        max(0.0, 1 - through / busy),
        max(0.0, 1 - through / max(1e-9, sum(group_rates[g].low for g in weight))),
        max(0.0, 1 - through / sum(group_rates[g].high for g in weight)),
    )
    lines.append(
        "fitted as client's weight x server's rate over all that was never refused: " + quality
        if fitted
        else f"clients differ in what they ask for ({quality}), so each group's own beginning was taken"
    )
    if 0 < lost.value < 1 and refused < 1:
        lines.append(f"these agree if a connection gives up after {math.log(lost.value) / math.log(refused):.1f} tries")
    waiting = sum(weight.values())
    if sockets is not None and total > 0 and end > since:
        gap = waiting * (end - since) / total
        lines.append(
            f"{waiting} sockets waited in SYN-SENT while {total / (end - since):.1f} tries a second failed:"
            f" a try every {gap:.2g} s (Little's law)"
        )
    return Offered(rates, group_rates, opened, first, in_group, lost, since, lines)


def _rate(flows: Sequence[Flow], start: float, end: float) -> float:
    return sum(start <= f.opened <= end for f in flows if f.opened is not None) / max(1e-9, end - start)


def name(group: Group) -> str:
    """`198.18.0.101:443 behind 198.18.0.12`."""
    (address, port, _), external = group
    return f"{'[' + address + ']' if ':' in address else address}:{port} behind {external}"
