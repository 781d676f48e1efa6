"""How much traffic goes to each server: rates and lives, with their intervals, from whatever there is."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from dataclasses import dataclass, field

from natbound.importing.arrivals import steady_window
from natbound.importing.capture import CLOSED, Server
from natbound.importing.gather import Gathered
from natbound.importing.intervals import Estimate, Z, dispersion, poisson
from natbound.importing.life import Span, Timers, fit, moment, spans, unanswered
from natbound.importing.offered import Offered, estimate, name

_FEWEST = 8  # closes below which a server's own life says less than that of all
_LEAST_LIFE = 0.001


@dataclass(slots=True)
class Traffic:
    """Per server: arrivals a second, mean life, how flows end; and for the whole."""

    rates: dict[Server, Estimate] = field(default_factory=dict)
    lives: dict[Server, Estimate] = field(default_factory=dict)
    pooled: set[Server] = field(default_factory=set)  # those whose life is that of all
    ends: dict[Server, dict[str, float]] = field(default_factory=dict)
    overall: dict[str, Estimate] = field(default_factory=dict)  # life, by protocol
    live: Counter[Server] = field(default_factory=Counter)  # open in the listing
    closing: Counter[Server] = field(default_factory=Counter)
    offered: Offered | None = None
    window: tuple[float, float] | None = None
    lines: list[str] = field(default_factory=list)


def timers_of(found: Gathered) -> Timers:
    """The router's own, else Linux's defaults (net/netfilter/nf_conntrack_proto_tcp.c, _udp.c)."""
    get = found.router.timer
    return Timers(
        get("tcp_timeout_time_wait") or 120,
        get("tcp_timeout_close") or 10,
        get("udp_timeout") or 30,
        get("udp_timeout_stream") or 120,
    )


def measure(found: Gathered, ports: int) -> Traffic:
    """Fits everything; `ports` is how many external ports an address has."""
    traffic = Traffic()
    timers = timers_of(found)
    table = found.table
    for entry in table.entries.values() if table else ():
        server = (entry.flow[2], entry.flow[3], entry.protocol)
        (traffic.closing if entry.state in CLOSED else traffic.live)[server] += 1
    known = spans(found.events, table, timers)
    if found.router.timer("tcp_timeout_time_wait") is None:
        found.warnings.append("no sysctl: Linux's default timers are taken (tcp_timeout_time_wait 120 s)")
    if found.events.untimed:
        found.warnings.append(f"{found.events.untimed} events have no time and are left out (conntrack -E -o timestamp)")
    if table is None and not any(f.closed for f in found.events.flows):
        found.warnings.append(
            "no conntrack -L: expired entries are destroyed late, so lives are estimated too long"
            " (add a listing from the middle of the capture)"
        )
    _ends(traffic, found)
    if any(f.opened is not None for f in found.events.flows):
        _rates_from_events(traffic, found, ports)
    elif table:
        _rates_from_table(traffic, found, timers)
    when = moment(found.events, table) if table else None
    _lives(traffic, known, timers, when[1] if when else 0.0)
    _cross_check(traffic, found, timers)
    return traffic


def _rates_from_events(traffic: Traffic, found: Gathered, ports: int) -> None:
    events = found.events
    opened: defaultdict[Server, list[float]] = defaultdict(list)
    failed = sum(unanswered(f) for f in events.flows)
    for f in events.flows:
        if f.opened is not None and not unanswered(f):
            opened[f.server].append(f.opened)
    times = sorted(t for ts in opened.values() for t in ts)
    start, end = steady_window(times, events.first, events.last)
    if end <= start:
        found.warnings.append("the events span no time: rates cannot be told")
        return
    traffic.window = start, end
    length = end - start
    bursts = dispersion(times, start, end)
    for server, ts in opened.items():
        ts.sort()
        count = bisect_right(ts, end) - bisect_left(ts, start)
        if count:
            traffic.rates[server] = poisson(count, length, bursts)
    seen = bisect_right(times, end) - bisect_left(times, start)
    whole = poisson(seen, length, bursts)
    traffic.lines.append(f"{seen} flows opened in {length:.1f} s: {whole.text('/s')}, all servers together")
    if length < 0.95 * (events.last - events.first):
        traffic.lines.append(
            f"arrivals are steady from {start - events.first:.1f} s to {end - events.first:.1f} s"
            f" of a capture of {events.last - events.first:.1f} s; rates are from that part"
        )
    if bursts > 1:
        traffic.lines.append(f"arrivals come in bursts: counts vary {bursts:.1f} times as much as Poisson's")
    if failed:
        found.warnings.append(f"{failed} TCP flows ended before their handshake did and are left out of rate and life")
    refused = found.router.counters.get("insert_failed", 0)
    if refused:
        traffic.offered = estimate(events, (start, end), ports, refused, found.sockets, found.table)
        _tell_offered(traffic, found, refused)


def _tell_offered(traffic: Traffic, found: Gathered, refused: int) -> None:
    offered = traffic.offered
    traffic.lines.append(f"insert_failed = {refused}: tries that got no tuple, retries counted again (since boot)")
    if offered is None:
        found.warnings.append(
            "insert_failed is not 0, but nothing tells which connections were refused;"
            " the rates are of those that opened (add `ss -tan` of the clients)"
        )
        return
    for server, rate in offered.rates.items():
        if server in {g[0] for g in offered.group_rates}:
            traffic.rates[server] = rate
    traffic.lines += offered.lines
    where = ", ".join(name(g) for g in offered.group_rates)
    traffic.lines += [
        f"first tries that fail, {where}: {percent(offered.in_group)}"
        " (failed tries / all tries there; takes a retry to fail as often as a first try)",
        f"first tries that fail, all traffic: {percent(offered.first_try)};"
        f" connections to {where} that never open: {percent(offered.lost)}",
    ]


def _rates_from_table(traffic: Traffic, found: Gathered, timers: Timers) -> None:
    """From a listing alone, in a steady state: as many open as close, and recent closes are all listed.

    UDP has no close; where ages are shown, the flows that are younger than the timer are all still listed.
    """
    table = found.table
    assert table is not None
    found.warnings.append("no events: rates are closing entries / tcp_timeout_time_wait, as in a steady state")
    if found.router.counters.get("insert_failed"):
        found.warnings.append("insert_failed is not 0: closing entries may have been taken over: rates may be more, lives less")
    for server, count in traffic.closing.items():
        traffic.rates[server] = poisson(count, timers.time_wait)
    young: Counter[Server] = Counter()
    for e in table.entries.values():
        if e.protocol != "tcp" and e.age is not None and e.age < timers.udp:
            young[e.flow[2], e.flow[3], e.protocol] += 1
    for server, count in young.items():
        traffic.rates[server] = poisson(count, timers.udp)


def _lives(traffic: Traffic, known: dict[Server, list[Span]], timers: Timers, blur: float) -> None:
    for protocol in sorted({s[2] for s in [*traffic.rates, *known]}):
        servers = [s for s in traffic.rates if s[2] == protocol]
        timer = 0.0 if protocol == "tcp" else timers.udp
        every = fit([x for s, v in known.items() if s[2] == protocol for x in v], blur)
        if every is None:
            every = _little(sum(traffic.live[s] for s in servers), [traffic.rates[s] for s in servers], timer)
        if every is None:
            continue
        traffic.overall[protocol] = every
        for server in servers:
            here = known.get(server, [])
            own = None
            if sum(high < math.inf for _, high in here) >= _FEWEST:
                own = fit(here, blur)
            elif not here and traffic.live[server] >= _FEWEST:
                own = _little(traffic.live[server], [traffic.rates[server]], timer)
            traffic.lives[server] = own or every
            if own is None:
                traffic.pooled.add(server)


def _little(live: float, rates: list[Estimate], timer: float) -> Estimate | None:
    """Mean life = live / rate (J. D. C. Little, 1961), less what UDP is kept after its last packet."""
    rate = sum(r.value for r in rates)
    if live <= 0 or rate <= 0:
        return None
    error = math.sqrt(sum(((r.high - r.low) / 2) ** 2 for r in rates)) / rate
    factor = math.exp(math.hypot(Z * live**-0.5, error))
    low, value, high = (max(_LEAST_LIFE, live / rate * f - timer) for f in (1 / factor, 1.0, factor))
    return Estimate(value, low, high, f"Little's law: {live:g} live / {rate:.4g} a second")


def _ends(traffic: Traffic, found: Gathered) -> None:
    """How flows end, from the state in which their entries died or wait to."""
    counts: defaultdict[Server, Counter[str]] = defaultdict(Counter)
    for f in found.events.flows:
        expired = f.destroyed is not None and f.left is None and not unanswered(f)
        if expired or f.state in CLOSED:
            counts[f.server][_cause(f.protocol, f.state)] += 1
    for entry in found.table.entries.values() if found.table and not counts else ():
        if entry.state in CLOSED:
            counts[entry.flow[2], entry.flow[3], entry.protocol][_cause(entry.protocol, entry.state)] += 1
    for server, causes in counts.items():
        total = sum(causes.values())
        traffic.ends[server] = {c: n / total for c, n in causes.most_common()}


def _cause(protocol: str, state: str | None) -> str:
    if protocol != "tcp" or state in ("ESTABLISHED", None):
        return "silence" if protocol != "tcp" or state else "fin"
    return "rst" if state == "CLOSE" else "fin"


def _cross_check(traffic: Traffic, found: Gathered, timers: Timers) -> None:
    """Little's law on the listing, beside the fit: two ways to the same number."""
    every = traffic.overall.get("tcp")
    if every is None or found.table is None:
        return
    live = sum(n for s, n in traffic.live.items() if s[2] == "tcp")
    closing = sum(n for s, n in traffic.closing.items() if s[2] == "tcp")
    traffic.lines.append(f"mean life of TCP flows: {every.text(' s')}, from {every.basis or 'the listing'}")
    if traffic.window is not None and live:
        start, end = traffic.window
        seen = sum(f.opened is not None and start <= f.opened <= end for f in found.events.flows)
        rate = seen / (end - start)
        traffic.lines.append(
            f"Little's law on {found.table.name}: {live} open / {rate:.4g} a second = {live / rate:.3g} s;"
            f" {closing} closing, where {rate * timers.time_wait:.0f} would be if none were taken over"
        )


def percent(e: Estimate) -> str:
    """`18.4 % (95 %: 17.7 to 18.9 %)`."""
    return f"{100 * e.value:.3g} % (95 %: {100 * e.low:.3g} to {100 * e.high:.3g} %)"
