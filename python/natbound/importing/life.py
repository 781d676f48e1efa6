"""Mean life (open to close, as the users see it) from flows of which each tells only a part.

What is known of a flow is an interval that holds its life: (x, inf) where it was still open, (0, x) where it
had closed unseen, one second wide where a timer rounded to seconds tells when it closed. With exponential
lives of mean m the chance of (l, u) is exp(-l/m) - exp(-u/m); the product over all flows is maximised (it is
log-concave in 1/m), and the 95 % interval is where twice its logarithm falls by less than 3.84. With exact
times it is the familiar exposure / closes.

The moment of a listing is the best witness: every flow opened before it is then open, closing with the time
left, or gone. DESTROY events alone would mislead: an expired entry is collected when somebody next looks (a
lookup in its bucket, or the collector's round every minute or so: net/netfilter/nf_conntrack_core.c,
gc_worker).
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from natbound.importing.capture import CLOSED, Events, Flow, Key, Server, Table
from natbound.importing.conntrack_line import Entry
from natbound.importing.intervals import Estimate, Z

Span = tuple[float, float]  # of a life, in seconds
_MARGIN = 0.25  # a listing is not printed in one moment: younger flows may be missing from it
_TICK = 0.004  # the coarsest usual timer tick
_FALL = 3.841458820694124 / 2


@dataclass(frozen=True, slots=True)
class Timers:
    """How long an entry is kept after its last packet, in seconds."""

    time_wait: float
    close: float
    udp: float
    udp_stream: float

    def after(self, protocol: str, state: str | None, assured: bool) -> float:
        """The timer that runs in `state`."""
        if protocol == "tcp":
            return self.close if state == "CLOSE" else self.time_wait
        return self.udp_stream if assured else self.udp


def fit(spans: Iterable[Span], blur: float = 0.0) -> Estimate | None:
    """Maximum likelihood of the mean; None where nothing closed, or nothing shows that any flow lived.

    `blur` is the standard deviation of an error that all spans share (when the listing was taken).
    """
    low_sum = 0.0
    widths: Counter[int] = Counter()
    still_open = closed = lived = 0
    for low, high in spans:
        low_sum += low
        lived += low > 0
        if math.isinf(high):
            still_open += 1
        else:
            closed += 1
            widths[round(math.log(max(high - low, _TICK)) * 500)] += 1  # 0.2 % steps
    if not closed or not lived:
        return None
    terms = [(math.exp(key / 500), count) for key, count in widths.items()]

    def fall(x: float) -> float:
        """Minus the log likelihood at mean exp(x)."""
        m = math.exp(x)
        return low_sum / m - sum(n * math.log(-math.expm1(-w / m)) for w, n in terms if w < 40 * m or w / m < 700)

    low, high = math.log(1e-4), math.log(1e10)
    golden = (math.sqrt(5) - 1) / 2
    while high - low > 1e-5:
        a, b = high - golden * (high - low), low + golden * (high - low)
        low, high = (low, b) if fall(a) < fall(b) else (a, high)
    best = (low + high) / 2
    least = fall(best)

    def edge(step: float) -> float:
        inner, outer = best, best + step
        while fall(outer) - least < _FALL and abs(outer - best) < 40:
            inner, outer = outer, outer + step
        while abs(outer - inner) > 1e-4:
            middle = (inner + outer) / 2
            inner, outer = (middle, outer) if fall(middle) - least < _FALL else (inner, middle)
        return math.exp(inner)

    mean, wide = math.exp(best), Z * blur
    return Estimate(
        mean,
        max(mean / 100, mean - math.hypot(mean - edge(-0.1), wide)),
        mean + math.hypot(edge(0.1) - mean, wide),
        f"{closed} closed, {still_open} still open (censored)",
    )


def moment(events: Events, table: Table) -> tuple[float, float] | None:
    """When the listing was taken, on the events' clock, with its standard deviation.

    It was between its newest flow and the next, within what the ages allow.
    """
    opened: dict[Key, float | None] = {}
    for flow in events.flows:
        if flow.opened is not None:
            key = (flow.protocol, flow.flow)
            opened[key] = None if key in opened else flow.opened  # only tuples that were opened once
    known = [(opened.get(key), entry.age) for key, entry in table.entries.items()]
    starts = [start for start, _ in known if start is not None]
    if not starts:
        return None
    by_age = sorted(start + age for start, age in known if start is not None and age is not None)
    newest = max(starts)
    if by_age:  # ages are whole seconds: the middle one is right to a second
        middle = by_age[len(by_age) // 2]
        newest = max([s for s in starts if s <= middle + 1.5], default=newest)
    next_one = min((f.opened for f in events.flows if f.opened is not None and f.opened > newest), default=newest)
    between = (newest + next_one) / 2
    if by_age:
        between = min(max(between, middle - 1), middle + 1)
    return between, min(next_one - newest, 2.0) / math.sqrt(12)


def _closed_ago(timer: float, left: int) -> Span:
    """How long ago an entry closed that has `left` whole seconds of its timer."""
    return max(0.0, timer - left - 1), max(_TICK, timer - left)


def _tells_left(flows: list[Flow], timers: Timers) -> bool:
    """Can entries taken over be told from expired ones? If DESTROY tells what was left, or none was."""
    return any(f.left is not None for f in flows) or not any(
        f.destroyed is not None and f.opened is not None and f.destroyed - f.opened < timers.after(f.protocol, f.state, f.assured) - 1
        for f in flows
    )


def _span(lived: float, ago: Span) -> Span | None:
    """The life of a flow that began `lived` and closed `ago` seconds ago."""
    low, high = max(0.0, lived - ago[1]), lived - ago[0]
    return (low, high) if high > 0 else None


def _from_entry(lived: float, entry: Entry, timers: Timers) -> Span | None:
    """What a listed entry says that was there `lived` seconds before the listing."""
    timer = timers.after(entry.protocol, entry.state, entry.assured)
    left = entry.remaining or 0
    if entry.protocol == "tcp":
        return _span(lived, _closed_ago(timer, left)) if entry.state in CLOSED else (lived, math.inf)
    return max(0.0, lived - timer), math.inf  # its last packet came within the timer


def _from_flow(flow: Flow, opened: float, until: float, timers: Timers, tells_left: bool) -> Span | None:
    """What the events say by `until` of a flow that the listing has no more."""
    timer = timers.after(flow.protocol, flow.state, flow.assured)
    gone = flow.destroyed if flow.destroyed is not None and flow.destroyed <= until else None
    if gone is not None and flow.left is not None:
        if flow.protocol == "tcp" and flow.state in CLOSED:
            return _span(gone - opened, _closed_ago(timer, flow.left))
        return gone - opened, math.inf  # cut while it was open
    if gone is not None and flow.protocol == "tcp" and (not tells_left or gone - opened < timer):
        return 0.0, until - opened  # expired or taken over, who knows
    return (0.0, until - opened - timer) if until - opened > timer else None


def spans(events: Events, table: Table | None, timers: Timers) -> dict[Server, list[Span]]:
    """What is known of each flow's life, by server, from the best witness there is."""
    flows = [f for f in events.flows if not unanswered(f)]
    when = moment(events, table) if table else None
    if any(f.closed is not None for f in flows):
        pairs = _seen_closing(flows, events)
    elif table is None or when is None:
        pairs = _seen_destroyed(flows, events, timers)
    else:
        pairs = _seen_listed(flows, events, table, when[0], timers)
    found: dict[Server, list[Span]] = {}
    for server, span in pairs:
        if span is not None:
            found.setdefault(server, []).append(span)
    return found


def _seen_closing(flows: list[Flow], events: Events) -> Iterator[tuple[Server, Span | None]]:
    """UPDATE events tell the close itself; what has none is open at the end."""
    for flow in flows:
        start = flow.opened if flow.opened is not None else events.first
        if flow.closed is not None and flow.closed > start:
            yield flow.server, (flow.closed - start, flow.closed - start + 1e-3)
        elif flow.closed is None and flow.opened is not None:
            end = flow.destroyed if flow.destroyed is not None else events.last
            yield flow.server, (end - start, math.inf)


def _seen_destroyed(flows: list[Flow], events: Events, timers: Timers) -> Iterator[tuple[Server, Span | None]]:
    """Only DESTROY events: lives come out too long, by the time until somebody looked."""
    for flow in flows:
        if flow.opened is None:
            continue
        timer = timers.after(flow.protocol, flow.state, flow.assured)
        lived = (events.last if flow.destroyed is None else flow.destroyed) - flow.opened - timer
        if flow.destroyed is None:
            yield flow.server, (lived, math.inf) if lived > 0 else None
        elif flow.left is not None:
            yield flow.server, _from_flow(flow, flow.opened, events.last, timers, True)
        else:
            yield flow.server, (max(0.0, lived - 1), max(_TICK, lived))


def _seen_listed(flows: list[Flow], events: Events, table: Table, at: float, timers: Timers) -> Iterator[tuple[Server, Span | None]]:
    """A listing at time `at` of the events."""
    listed = dict(table.entries)
    latest: dict[Key, Flow] = {}
    for flow in flows:
        if flow.opened is not None and flow.opened <= at:
            latest[flow.protocol, flow.flow] = flow
    tells_left = _tells_left(flows, timers)
    for flow in flows:
        if flow.opened is None or flow.opened > at - _MARGIN:
            continue
        key = (flow.protocol, flow.flow)
        entry = listed.get(key) if latest.get(key) is flow else None
        if entry:
            yield flow.server, _from_entry(at - flow.opened, entry, timers)
        else:
            yield flow.server, _from_flow(flow, flow.opened, at, timers, tells_left)
    for key in latest:
        listed.pop(key, None)
    # The rest opened before the events began. What was open one timer ago is still listed, so each is watched
    # from then on: an exponential life has no memory.
    for entry in listed.values():
        timer = timers.after(entry.protocol, entry.state, entry.assured)
        watched = min(timer, at - events.first)
        closing = entry.protocol == "tcp" and entry.state in CLOSED
        if not closing or _closed_ago(timer, entry.remaining or 0)[0] < watched:
            yield (entry.flow[2], entry.flow[3], entry.protocol), _from_entry(watched, entry, timers)


def unanswered(flow: Flow) -> bool:
    """A TCP flow that ended before its handshake did."""
    return flow.protocol == "tcp" and flow.destroyed is not None and flow.state in ("SYN_SENT", "SYN_RECV")
