"""The scenario, and what was read and estimated on the way to it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from natbound.importing.capture import Server
from natbound.importing.gather import Gathered, gather
from natbound.importing.intervals import Estimate
from natbound.importing.nat import Pair, choose_rules, nat_words, ports_per_address
from natbound.importing.problem import ImportProblem
from natbound.importing.sets import address_words, compact, source_ports
from natbound.importing.traffic import Traffic, measure, timers_of
from natbound.importing.write import to_yaml

MOST_SERVERS = 100  # named one by one; the rest share one set a port
_MOST_PIECES = 256


@dataclass(slots=True)
class Imported:
    """A scenario made from captures.

    `scenario` is plain data in the shape of the manual's YAML, `report` says in sentences what was read and
    how each number was estimated, `notes` holds a remark for an entry, by its place: ("traffic", 0).
    """

    scenario: dict[str, Any]
    report: list[str] = field(default_factory=list)
    notes: dict[tuple[str, int], list[str]] = field(default_factory=dict)

    def to_yaml(self) -> str:
        """The scenario as commented YAML; reading it gives `scenario` again."""
        return to_yaml(self.scenario, self.report, self.notes)


def import_paths(paths: Sequence[str | Path]) -> Imported:
    """Reads captures of a Linux router (files, folders, plain or gzip, told apart by content) into a
    scenario.

    Raises ImportProblem (a ValueError) where a file is damaged or too large, or nothing can be made of the
    input.
    """
    found = gather(paths)
    pairs = _pairs(found)
    if not pairs:
        raise ImportProblem(", ".join(map(str, paths)), None, "", "no TCP or UDP flow in it", "capture while there is traffic")
    return _assemble(found, pairs)


def _pairs(found: Gathered) -> list[Pair]:
    pairs: list[Pair] = [(f.flow, f.external, f.protocol) for f in found.events.flows]
    for table in found.tables:
        pairs += [(e.flow, e.external, e.protocol) for e in table.entries.values()]
    return list(dict.fromkeys(pairs))


def _assemble(found: Gathered, pairs: list[Pair]) -> Imported:
    result = Imported({"description": "imported from a Linux router's captures"})
    chosen = choose_rules(found, pairs)
    if chosen:
        through = [p for _, part in chosen for p in part]
    else:
        through = pairs
        found.warnings.append("no flow was translated: the scenario has no NAT")
    traffic = measure(found, ports_per_address([rule for rule, _ in chosen]))
    names = _clients(result, found, chosen or [(None, through)])
    nats = []
    for i, (rule, part) in enumerate(chosen):
        entry, remarks = nat_words("router" if i == 0 else f"router-{i + 1}", [names[i]], rule, part, found)
        nats.append(entry)
        result.notes["nats", i] = remarks
    if nats:
        result.scenario["nats"] = nats
    kept = {(p[0][2], p[0][3], p[2]) for p in through}
    senders: defaultdict[Server, set[str]] = defaultdict(set)
    for i, (_, part) in enumerate(chosen or [(None, through)]):
        for p in part:
            senders[p[0][2], p[0][3], p[2]].add(names[i])
    servers = [s for s in traffic.rates if s in kept and s in traffic.lives and traffic.rates[s].value > 0]
    silent = len(kept) - len(servers)
    if silent:
        found.warnings.append(f"{silent} servers had no flow of which rate and life can be told; they are left out")
    if not servers:
        raise ImportProblem(
            ", ".join(r.split(": ")[0] for r in found.read),
            None,
            "",
            "too little to tell rate and life of any server",
            "capture a minute of `conntrack -E -o timestamp,id` and a `conntrack -L` in the middle of it",
        )
    _servers(result, traffic, servers, senders, [n["name"] for n in result.scenario["clients"]])
    _report(result, found, traffic, servers)
    return result


def _clients(result: Imported, found: Gathered, chosen: Sequence[tuple[Any, list[Pair]]]) -> list[str]:
    """One set a rule: the hosts seen, with the range that their source ports come from."""
    clients: list[dict[str, Any]] = []
    taken: dict[str, str] = {}
    names = []
    for i, (rule, part) in enumerate(chosen):
        name = "lan" if i == 0 else f"lan-{i + 1}"
        hosts = {p[0][0] for p in part} - set(taken)
        if not hosts:  # the same hosts by another rule: one set cannot be inside two NATs
            raise ImportProblem(
                rule.file,
                None,
                rule.text,
                "the same hosts go out by another rule too",
                "import one rule at a time",
            )
        if {p[0][0] for p in part} & set(taken):
            found.warnings.append(f"some hosts go out by several rules; they are in {clients[0]['name']} only")
        taken |= dict.fromkeys(hosts, name)
        words = address_words(hosts)
        if len(words) > _MOST_PIECES and rule is not None and rule.sources:
            found.warnings.append(f"{len(hosts)} hosts in {len(words)} pieces: the rule's own sources are taken instead")
            words = list(rule.sources)
        ports, why = source_ports({p[0][1] for p in part})
        clients.append({"name": name, "addresses": compact(words), "ports": ports})
        result.notes["clients", i] = [f"{len(hosts)} hosts seen; {why}"]
        names.append(name)
    result.scenario["clients"] = clients
    return names


def _servers(
    result: Imported,
    traffic: Traffic,
    servers: list[Server],
    senders: dict[Server, set[str]],
    order: list[str],
) -> None:
    """A server entry and a traffic entry an endpoint, the busiest first; past MOST_SERVERS, one for each
    port.
    """
    servers.sort(key=lambda s: (-traffic.rates[s].value, s))
    entries: list[dict[str, Any]] = []
    loads: list[dict[str, Any]] = []
    groups: defaultdict[tuple[int, str, tuple[str, ...]], list[Server]] = defaultdict(list)
    for i, server in enumerate(servers):
        clients = tuple(c for c in order if c in senders[server])
        if i >= MOST_SERVERS:
            groups[server[1], server[2], clients].append(server)
            continue
        address, port, protocol = server
        name = f"s-{address.replace('.', '-').replace(':', '-')}-{port}" + ("" if protocol == "tcp" else f"-{protocol}")
        entries.append({"name": name, "addresses": address, "ports": port, "protocol": protocol})
        loads.append(_load(clients, name, [server], traffic))
        result.notes["traffic", i] = _remarks(server, traffic)
    for (port, protocol, clients), members in groups.items():
        name = f"others-{protocol}-{port}" + ("" if len(clients) == len(order) else "-" + "-".join(clients))
        words = address_words(m[0] for m in members)
        entries.append({"name": name, "addresses": compact(words), "ports": port, "protocol": protocol})
        result.notes["traffic", len(loads)] = [f"{len(members)} servers of little traffic together"]
        loads.append(_load(clients, name, members, traffic))
    result.scenario["servers"] = entries
    result.scenario["traffic"] = loads


def _load(clients: tuple[str, ...], name: str, members: list[Server], traffic: Traffic) -> dict[str, Any]:
    rate = sum(traffic.rates[m].value for m in members)
    life = sum(traffic.rates[m].value * traffic.lives[m].value for m in members) / rate
    ends: defaultdict[str, float] = defaultdict(float)
    for m in members:
        for cause, part in (traffic.ends.get(m) or {"fin" if m[2] == "tcp" else "silence": 1.0}).items():
            ends[cause] += part * traffic.rates[m].value / rate
    return {
        "from": list(clients),
        "to": name,
        "rate": f"{rate:.4g}/s",
        "life": f"{max(life, 0.001):.4g}s",
        "ends": _percentages(ends),
    }


def _percentages(ends: dict[str, float]) -> dict[str, str]:
    """Shares that add up to exactly 100 %: hundredths, the largest takes what rounding leaves."""
    parts = {cause: round(part * 10000) for cause, part in ends.items()}
    largest = max(parts, key=lambda cause: parts[cause])
    parts[largest] += 10000 - sum(parts.values())
    return {cause: f"{part / 100:g}%" for cause, part in parts.items() if part}


def _remarks(server: Server, traffic: Traffic) -> list[str]:
    rate, life = traffic.rates[server], traffic.lives[server]
    whose = ", of all servers: too few closes here" if server in traffic.pooled else ""
    estimated = traffic.offered is not None and any(g[0] == server for g in traffic.offered.group_rates)
    return [
        f"rate {rate.text('/s')}" + (", offered, refused ones included" if estimated else ""),
        f"life {life.text(' s')}{whose}: {life.basis}",
    ]


def _report(result: Imported, found: Gathered, traffic: Traffic, servers: list[Server]) -> None:
    timers = timers_of(found)
    report = result.report
    report += [f"read {line}" for line in found.read]
    report += [f"ignored {line}" for line in found.ignored]
    report += traffic.lines
    load = [
        Estimate(
            r.value * (life.value + timers.after(s[2], "TIME_WAIT", False)),
            r.low * (life.low + timers.after(s[2], "TIME_WAIT", False)),
            r.high * (life.high + timers.after(s[2], "TIME_WAIT", False)),
        )
        for s in servers
        for r, life in [(traffic.rates[s], traffic.lives[s])]
    ]
    total = sum(e.value for e in load)
    down = sum((e.value - e.low) ** 2 for e in load) ** 0.5
    up = sum((e.high - e.value) ** 2 for e in load) ** 0.5
    rate = sum(traffic.rates[s].value for s in servers)
    report.append(
        f"offered: {rate:.4g}/s, {Estimate(total, total - down, total + up).text()} entries live on average"
        " (rate x (life + what the router keeps after it))"
    )
    for i, entry in enumerate(result.scenario["traffic"]):
        report.append(f"{entry['to']}: " + "; ".join(result.notes.get(("traffic", i), [])))
    report += [f"warning: {line}" for line in found.warnings]
