"""guaranteed: the fewest live connections with which a new one can fail.

The trace is stepped on the concrete design and shows that K suffice. That fewer do not: every limit is at least K, and so is the number of
endpoints that a search which can fail has to find taken (search.py). Where nothing can fail, every socket can have its connection at once.
Not justified here, and so rejected: a larger K that rests on flows which cannot be brought to the endpoints of a shortest sequence.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .cascade import most_through
from .clash import check_clash, once_alone, once_behind
from .gated import all_through, binding_gates
from .holes import PROTOCOLS
from .partners import least_beside
from .quota import can_refuse
from .reading import address, addresses, count, entries, get, known_keys, need, ports, word
from .replay import Flow, Script
from .scenario import Nat, Scenario
from .server_limits import refusing
from .sets import Undecided, meet, size, spend, union
from .sets_on_demand import least_of_searches, table_of
from .subscribers import binding

MOST_STEPS = 2_000_000  # flows of a trace


def flows_of(scenario: Scenario, nat: Nat | None, verb: str, step: Any, where: str) -> Iterator[Flow]:
    """The flows of a step, in order."""
    known_keys(step, f"{verb} to draws step", where)
    who = known_keys(step[verb], "client address addresses port ports", where)
    name = word(get(who, "client", where), where)
    own = name in scenario.clients and not scenario.clients[name].inner
    inside = own and (name in nat.inside if nat else scenario.nat_of(scenario.clients[name]) is None)
    need(inside, f"{where}: {name[:40]!r} is no client set inside {nat.name if nat else 'no NAT'}")
    client = scenario.clients[name]
    need(
        ("address" in who) != ("addresses" in who) and ("port" in who) != ("ports" in who), f"{where}: address or addresses, port or ports"
    )
    from_ = addresses(who["addresses"], where) if "addresses" in who else ((address(who["address"], where),) * 2,)
    source = ports(who["ports"], where) if "ports" in who else ports([get(who, "port", where)], where)
    need(meet(from_, client.addresses) == from_ and meet(source, client.ports) == source, f"{where}: sockets that {name} does not have")
    to = known_keys(get(step, "to", where), "address port protocol", where)
    there, port = address(get(to, "address", where), where), count(get(to, "port", where), where)
    protocol = to.get("protocol", "tcp")
    need(protocol in PROTOCOLS, f"{where}: no such protocol")
    spend(len(scenario.servers))
    server = next((v for v in scenario.servers.values() if PROTOCOLS[v.protocol] == protocol
                   and meet(v.addresses, ((there, there),)) and meet(v.ports, ((port, port),))), None)  # fmt: skip
    need(server is not None and scenario.reached(client, server), f"{where}: {name} reaches no such destination")
    if size(from_) * size(source) > MOST_STEPS:
        raise Undecided("a trace of more flows than this checker steps (2,000,000)")
    number = PROTOCOLS.index(protocol)
    return (
        (number, a, p, there, port) for lo, hi in from_ for a in range(lo, hi + 1) for first, last in source for p in range(first, last + 1)
    )


def numbers(value: Any, where: str) -> list[int]:
    """Whole numbers, which may be below 0."""
    out = entries(value, where)
    need(all(type(n) is int and abs(n) < 1 << 64 for n in out), f"{where}: whole numbers are wanted")
    return out


def replay(scenario: Scenario, nat: Nat, trace: Any, failing: Any) -> int:
    """Steps the trace and then the failing flow; returns how many were live before that."""
    table = table_of(scenario, nat)
    left = MOST_STEPS

    def step(value: Any, where: str) -> Iterator[bool]:
        nonlocal left
        need(isinstance(value, dict) and ("open" in value) != ("close" in value), f"{where}: a step opens or closes")
        verb = "open" if "open" in value else "close"
        draws = numbers(value.get("draws", []), where)
        by = numbers(value.get("step", [0] * len(draws)), where)
        need(len(by) == len(draws), f"{where}: draws and step are of one length")
        for k, flow in enumerate(flows_of(scenario, nat, verb, value, where)):
            left -= 1
            if left < 0:
                raise Undecided("a trace of more flows than this checker steps (2,000,000)")
            if verb == "close":
                table.close(flow)
                yield True
            else:
                yield table.open(flow, Script([d + k * b for d, b in zip(draws, by)] if k else draws))  # noqa: B905

    for i, value in enumerate(entries(trace, "trace")):
        for held in step(value, f"trace[{i}]"):
            need(held, f"trace[{i}]: a flow fails before the one that should, with {len(table.live):,} live")
    need(isinstance(failing, dict) and "open" in failing, "failing: a step that opens one flow is wanted")
    before = len(table.live)
    ends = list(step(failing, "failing"))
    need(len(ends) == 1, "failing: a step that opens one flow is wanted")
    need(not ends[0], "failing: the flow is let in")
    return before


def refuses(scenario: Scenario, nat: Nat, limit: int) -> bool:
    """Whether a firewall has that limit, and there are more connections than that: in all, or of one address."""
    if limit == nat.quota and can_refuse(scenario, nat):
        return True
    there = 0
    for c in scenario.inside(nat):
        own = size(c.ports) * sum(d.size for d in scenario.destinations(c))
        there += size(c.addresses) * (own if nat.quota is None else min(own, nat.quota))
    return limit == nat.table and there > limit


def check_guaranteed(scenario: Scenario, body: Any) -> int:
    """Returns the number of connections below which nothing fails; rejects a body that does not show it."""
    said = count(get(body, "connections", "guaranteed"), "connections")
    bound = known_keys(get(body, "lower-bound", "guaranteed"), "reason endpoints limit why maximum server nat protocol", "lower-bound")
    reason = get(bound, "reason", "lower-bound")
    least: dict[str, int | None] = {}
    for nat in scenario.nats.values():
        search = least_of_searches(scenario, nat) if nat.translates else None
        beside = least_beside(scenario, nat, mappings_of(scenario, nat))
        known = [n for n in (search, beside, nat.table, nat.mappings, nat.quota if can_refuse(scenario, nat) else None) if n is not None]
        least[nat.name] = min(known) if known else None
    servers = refusing(scenario)
    for nat in scenario.nats.values():
        if (most := binding(scenario, nat)) is not None:
            servers[nat.name] = most  # that many with one connection each, and another comes
    for name, most in binding_gates(scenario).items():
        servers[name] = min(most, servers.get(name, most))
    if reason == "nothing-fails":
        need(not servers, f"lower-bound: servers or limits on subscribers that refuse: {', '.join(sorted(servers)[:3])}")
        return nothing_fails(scenario, body, bound, said)
    if reason == "clash":
        need(
            said == 1 and all(n is None or n > 0 for n in (*least.values(), *servers.values())),
            "lower-bound: a clash takes one live connection, and none fails before",
        )
        check_clash(scenario, get(body, "clash", "guaranteed"))
        return said
    need(reason in ("sequence", "conflict", "partner", "table", "quota", "servers", "subscribers", "state"), "lower-bound: no such reason")
    need("clash" not in body, "a clash, and another reason")
    once_alone(scenario)
    once_behind(scenario)
    number = count(get(bound, "endpoints" if reason == "sequence" else "limit", "lower-bound"), "lower-bound")
    need(number == said, "lower-bound: another number than the connections")
    for name, at_least in (*least.items(), *servers.items()):
        need(
            at_least is None or said <= at_least,
            f"lower-bound: at {name} a connection may fail with {at_least} live, as far as is shown",
        )
    if reason in ("servers", "subscribers"):
        # fewer live fail nowhere: so that many can be live, and more sockets than that lead to one server
        where = "server" if reason == "servers" else "nat"
        name = word(get(bound, where, "lower-bound"), f"lower-bound.{where}")
        need(servers.get(name) == said, f"lower-bound: {name[:40]!r} has no limit of {said:,} that can be reached")
        need(not {"trace", "failing", "nat"} & body.keys(), "a trace, although no search refuses")
        return said
    if reason == "state":
        # fewer live fail nowhere: so that many can be live, and there are more
        name = word(get(bound, "nat", "lower-bound"), "lower-bound.nat")
        nat_there = scenario.nats.get(name)
        state = nat_there is not None and not nat_there.translates and refuses(scenario, nat_there, said)
        state = state or any(g.name == name and g.most == said < all_through(scenario, g) for g in scenario.gates)
        need(state, f"lower-bound: {name[:40]!r} has no limit of {said:,} that can be reached")
        need(not {"trace", "failing", "nat"} & body.keys(), "a trace, although no search refuses")
        return said
    name = word(get(body, "nat", "guaranteed"), "nat")
    need(name in scenario.nats, f"no NAT {name[:40]!r}")
    nat = scenario.nats[name]
    need(reason != "table" or said in (nat.table, nat.mappings), f"lower-bound: {name} has no limit of {said:,}")
    need(reason != "quota" or said == nat.quota, f"lower-bound: {name} has no quota of {said:,}")
    before = replay(scenario, nat, get(body, "trace", "guaranteed"), get(body, "failing", "guaranteed"))
    need(before == said, f"the new connection fails with {before:,} live and not with {said:,}")
    return said


def mappings_of(scenario: Scenario, nat: Nat) -> int:
    """The most mappings that all clients inside can have: of each socket one for each protocol (eim), or destination address (adm), or destination."""
    out = 0
    for c in scenario.inside(nat):
        there = scenario.destinations(c)
        protocols = {d.server.protocol for d in there}
        each = sum(d.size for d in there)
        if nat.plan.mapping == "eim":
            each = len(protocols)
        elif nat.plan.mapping == "adm":
            each = sum(size(union(s for d in there if d.server.protocol == p for s in d.addresses)) for p in protocols)
        out += c.sockets * each
    return out


def nothing_fails(scenario: Scenario, body: Any, bound: Any, said: int) -> int:
    """No search fails and no limit is reached by all connections there are: so all of them can be live at once."""
    why = word(bound.get("why", "sockets"), "lower-bound.why")
    need("clash" not in body, "a clash, although nothing fails")
    once_alone(scenario)
    once_behind(scenario)
    need(set(why.split("+")) <= {"sockets", "preserved", "routed"}, "lower-bound: no such reason why")
    need("trace" not in body and "failing" not in body, "a trace, although nothing fails")
    there = {c.name: c.sockets * sum(d.size for d in scenario.destinations(c)) for c in scenario.clients.values() if not c.inner}
    through = most_through(scenario, there, {})
    for nat in scenario.nats.values():
        need(
            not nat.translates or least_of_searches(scenario, nat) is None,
            f"lower-bound: a search through {nat.name} may fail, as far as is shown",
        )
        need(
            least_beside(scenario, nat, mappings_of(scenario, nat)) is None,
            f"lower-bound: at {nat.name} the port beside another may be taken, as far as is shown",
        )
        need(not can_refuse(scenario, nat), f"lower-bound: {nat.name} has a quota of {nat.quota}")
        for most, there_are in ((nat.table, through[nat.name]), (nat.mappings, min(through[nat.name], mappings_of(scenario, nat)))):
            need(most is None or there_are <= most, f"lower-bound: {nat.name} has a limit of {most}")
    need(said == sum(there.values()), f"there are {sum(there.values()):,} connections in all, and none fails")
    if "maximum" in bound:
        from .maximum import check_maximum

        need(check_maximum(scenario, bound["maximum"]) == said, "lower-bound.maximum: another number")
    return said
