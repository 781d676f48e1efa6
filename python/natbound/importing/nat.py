"""The NAT in the scenario's words, from the rule, the router's addresses and what the flows became."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from functools import lru_cache
from ipaddress import ip_address, ip_network
from typing import Any

from natbound.importing.gather import Gathered
from natbound.importing.rules import Rule
from natbound.importing.sets import address_words, range_word

Pair = tuple[tuple[str, int, str, int], tuple[str, int], str]  # flow, external endpoint, protocol


def choose_rules(found: Gathered, pairs: list[Pair]) -> list[tuple[Rule, list[Pair]]]:
    """The rules that translated the flows seen, each with its flows; as many as possible explained, no rule
    twice.
    """
    rules: list[Rule] = []
    for rule in sorted(found.rules, key=lambda r: r.hidden):
        plain = replace(rule, file="", text="")
        if rule.hidden and any(r.masquerade == rule.masquerade for r in rules):
            continue  # the same rule as iptables-save shows in full
        if not any(replace(r, file="", text="") == plain for r in rules):
            rules.append(rule)
    left = [p for p in pairs if p[0][0] != p[1][0]]
    own = len(pairs) - len(left)
    chosen = []
    for rule in rules:
        fits = [p for p in left if _fits(rule, p, found)]
        if fits:
            chosen.append((rule, fits))
            taken = {id(p) for p in fits}
            left = [p for p in left if id(p) not in taken]
        else:
            found.warnings.append(f"no flow that was seen went by the rule: {rule.text}")
    if left and not chosen:
        found.warnings.append(f"no rule explains the translation of {len(left)} flows; the pool is what they became")
        chosen.append((Rule("", "", masquerade=len({p[1][0] for p in left}) == 1, hidden=True), left))
    elif left:
        found.warnings.append(f"{len(left)} flows, translated in a way that no rule explains, are left out")
    if own and chosen:
        found.warnings.append(f"{own} flows were not translated (the router's own, or routed) and are left out")
    return [(rule, part) for rule, both in chosen for part in _by_family(both)]


def _by_family(pairs: list[Pair]) -> list[list[Pair]]:
    """A NAT of the scenario translates one address family."""
    split = [[p for p in pairs if (":" in p[0][0]) == six] for six in (False, True)]
    return [part for part in split if part]


@lru_cache(maxsize=1 << 16)
def _within(address: str, first: str, last: str) -> bool:
    a, low, high = ip_address(address), ip_address(first), ip_address(last)
    return a.version == low.version and int(low) <= int(a) <= int(high)


@lru_cache(maxsize=1 << 10)
def _bounds(prefix: str) -> tuple[str, str] | None:
    try:
        network = ip_network(prefix, strict=False)
    except ValueError:  # a named set
        return None
    return str(network[0]), str(network[-1])


def _fits(rule: Rule, pair: Pair, found: Gathered) -> bool:
    flow, external, protocol = pair
    if rule.protocol and rule.protocol not in (protocol, "all", {"tcp": "6", "udp": "17"}.get(protocol)):
        return False
    sources = [_bounds(s) for s in rule.sources]
    if sources and not any(s is None or _within(flow[0], *s) for s in sources):
        return False
    ranges = _ranges(rule, found)
    if ranges and not any(_within(external[0], a, b) for a, b in ranges):
        return False
    return rule.ports is None or rule.ports[0] <= external[1] <= rule.ports[1]


def _ranges(rule: Rule, found: Gathered) -> list[tuple[str, str]]:
    """The rule's pool; for MASQUERADE every address of its interface (which one depends on the route)."""
    if rule.pool:
        return list(rule.pool)
    if rule.masquerade and rule.interface:
        return [(a, a) for a in found.router.addresses.get(rule.interface, [])]
    return []


def nat_words(name: str, inside: list[str], rule: Rule, pairs: list[Pair], found: Gathered) -> tuple[dict[str, Any], list[str]]:
    """The `nats` entry, and remarks on where each part of it comes from."""
    remarks = []
    seen = {p[1][0] for p in pairs}
    if rule.pool:
        pool = [range_word(a, b) for a, b in rule.pool]
        remarks.append(f"from the rule: {rule.text}")
    else:
        pool = address_words(seen)
        where = f" of {rule.interface}" if rule.interface in found.router.addresses else ""
        remarks.append(f"the address{where} that flows were seen with; {rule.text or 'no rule was given'}")
        if rule.hidden and rule.text:
            found.warnings.append(
                f"{rule.file}: the addresses and ports of the rule ({rule.text}) are not shown; they come"
                " from the flows (add iptables-save)"
            )
    entry: dict[str, Any] = {"name": name, "inside": inside, "external-ip-address-pool": pool}
    ports = rule.ports
    if rule.hidden and not any(p[0][1] == p[1][1] for p in pairs) and len(pairs) >= 100:
        ports = min(p[1][1] for p in pairs), max(p[1][1] for p in pairs)
    if ports:
        entry["port-set-restrict"] = {"start-port-number": ports[0], "end-port-number": ports[1]}
    base = "linux-masquerade" if rule.masquerade else "linux-snat"
    changes: dict[str, Any] = {}
    if rule.random:  # skips the source's earlier mapping and the client's own port (get_unique_tuple)
        changes |= {"first-choice": "none", "mapping-type": "edm"}
    if rule.persistent and not rule.masquerade:  # the hash loses its seed, the destination (find_best_ips_proto)
        changes["pool"] = {"of": "source"}
    entry["design"] = {"base": base, **changes} if changes else base
    limit = found.router.sysctl.get("nf_conntrack_max")
    if limit:
        entry["connection-limits"] = {"limit-per-instance": limit}
    else:
        found.warnings.append("nf_conntrack_max is not in the input: the table's size is taken to be no limit (add sysctl)")
    timers = _timers(found, pairs)
    if timers:
        entry["timers"] = timers
    return entry, remarks


def _timers(found: Gathered, pairs: list[Pair]) -> dict[str, str]:
    """How long an entry is kept after its close, by cause; only what the router says."""
    assured = Counter(f.assured for f in found.events.flows if f.protocol == "udp")
    if found.table:
        assured += Counter(e.assured for e in found.table.entries.values() if e.protocol == "udp")
    udp = "udp_timeout_stream" if assured[True] > assured[False] else "udp_timeout"
    names = {
        "tcp-fin": "tcp_timeout_time_wait",
        "tcp-rst": "tcp_timeout_close",
        "tcp-silence": "tcp_timeout_established",
        "udp": udp,
    }
    return {key: f"{value}s" for key, name in names.items() if (value := found.router.timer(name)) is not None}


def ports_per_address(rules: list[Rule]) -> int:
    """How many external ports a flow may get: the rule's, else the class of unprivileged ports."""
    ranges = [r.ports for r in rules if r.ports]
    return ranges[0][1] - ranges[0][0] + 1 if ranges else 64512
