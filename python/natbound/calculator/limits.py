"""Limits other than ports: blocks of ports per subscriber, tables that evict, queues that overflow. Part of `natbound.calculator`.

Arrays broadcast where a function takes `Any`. Bad arguments raise ValueError with argument, value and rule, and the index in arrays.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

from natbound import _core

Service = Literal["exponential", "constant"]


def poisson_tail(ports: Any, load: Any) -> Any:
    """P(N > ports) for Poisson N with mean `load`: how often a subscriber wants more than `ports`. Relative error 1e-13 above 1e-300.

    Scalars or arrays, which broadcast; load in Erlang, 0 to 1e12; ports: 0 to 1e15; ValueError outside. Source: the incomplete gamma
    function, P(ports + 1, load) (NIST DLMF 8.2, 2010).
    """
    return _core.poisson_tail(ports, load)


def _whole(x: Any) -> Any:
    return x.astype("int64") if hasattr(x, "astype") else int(x)


def _flag(function: str, kept: Any) -> bool:
    if not isinstance(kept, bool):
        raise ValueError(f"{function}: kept = {repr(kept)[:80]}: must be True or False, one for all elements")
    return kept


def blocks_for(block: Any, load: Any, target: Any) -> Any:
    """The fewest blocks of `block` ports with which one subscriber is refused with probability at most `target` (Erlang B inverted).

    Scalars or arrays, which broadcast; load in Erlang, 0 to 1e12; block: 1 to 65,536; 0 < target <= 1; ValueError outside. Exact. Source:
    as of `erlang_b`.
    """
    return _whole(_core.blocks_for(block, load, target))


class BlockRefusals(NamedTuple):
    refusal: Any  # of a connection, either limit
    by_quota: Any  # its subscriber holds all the blocks it may, and they are full
    by_pool: Any  # it needs one more block, and none is left on the address
    pool_exhausted: Any  # share of time that no block is left
    mean_blocks: Any  # held by all subscribers


def blocks_refused(block: Any, most: Any, pool: Any, subscribers: Any, load: Any, *, kept: bool = False) -> BlockRefusals:
    """Which limit refuses, the subscriber's (`most` blocks of `block` ports) or the address's (`pool` blocks for `subscribers`).

    load: live flows wanted by each subscriber (Poisson arrivals, any holds). Exact (a product form: Kelly 1986) where a subscriber holds no
    more blocks than its flows need; relative error 2e-13. kept: it fills its oldest block first and keeps each until no flow is left in it,
    as real allocators do: often refused thousands of times as much. One subscriber is then stepped (some 50 ms) and joined with the others by
    the same product form: within a factor of two, where holds are exponential (docs/measure_blocks.py); by_quota stays exact.
    block to 65,536; most x block to 2^22; pool to 65,536; subscribers to 1e9. Time grows as pool^2: 504 blocks 0.1 ms, 8,000 15 ms.
    Scalars or arrays, which broadcast; load in Erlang, above 0, to 1e9. ValueError outside.
    """
    how = _core.blocks_refused_kept if _flag("blocks_refused", kept) else _core.blocks_refused
    return BlockRefusals(*how(block, most, pool, subscribers, load))


def subscribers_for(block: Any, most: Any, pool: Any, load: Any, target: Any, *, kept: bool = False) -> Any:
    """The most subscribers that may share an address with `blocks_refused(...).refusal <= target`; 0 if even one is too many.

    Scalars or arrays, which broadcast; load in Erlang; domain as of `blocks_refused`, its source; 0 < target < 1; ValueError outside.
    Exact; with `kept` as near as `blocks_refused`, in about a second.
    """
    how = _core.subscribers_for_kept if _flag("subscribers_for", kept) else _core.subscribers_for
    return _whole(how(block, most, pool, load, target))


def pool_for_blocks(block: Any, most: Any, subscribers: Any, load: Any, target: Any) -> Any:
    """The fewest blocks on an address with `blocks_refused(...).refusal <= target` (0 < target < 1), exact; ValueError beyond 65,536, and where the
    subscribers' own limit refuses more.
    Scalars or arrays, which broadcast; load in Erlang; domain as of `blocks_refused`, its source.
    """
    return _core.pool_for_blocks(block, most, subscribers, load, target)


def load_for_blocks(block: Any, most: Any, pool: Any, subscribers: Any, target: Any) -> Any:
    """The most load of each subscriber with `blocks_refused(...).refusal <= target` (0 < target < 1), to 1e-12.

    Scalars or arrays, which broadcast; load in Erlang; domain as of `blocks_refused`, its source; ValueError outside. Some 0.1 ms.
    """
    return _core.load_for_blocks(block, most, pool, subscribers, target)


class Connections(NamedTuple):
    """A kind of connections to a table that evicts; times in one unit, math.inf for never."""

    rate: float  # opened per unit of time
    life: float  # mean, if not cut
    gap: float  # mean time between its packets
    keep_alive: float = math.inf  # the longest gap it allows
    idle_timeout: float = math.inf  # of the table, for open connections
    closed_timeout: float = math.inf  # of the table, after the close


class EvictingTable:
    """A table that drops its least recently used entry to make room: the probability that a connection is cut before it ends.

    Che's approximation (Che, Tung, Wang, IEEE JSAC 2002): in a large table an entry goes after a fixed time without a packet; here that
    time varies as it does in a table of this size, and a table whose mean demand is near to its size is full as often as Erlang's system.
    Poisson opens; exponential lives and gaps; each packet renews an entry, the closing one too. Error: 0.06 for 3
    entries, 0.035 for 6 to 10 (rare cuts: 25 % of themselves); of 250 to 25,000 relatively 15 % at most where those cut are all open, and
    by kind too; where closed entries are as likely to be the oldest (gaps well below closed_timeout, a demand within a few % of the
    size) up to twice too much. Some 0.2 to 2 ms.
    """

    def __init__(self, size: float, kinds: Sequence[Connections]) -> None:
        try:
            listed = [list(Connections(*kind)) for kind in kinds]
        except TypeError as error:
            rule = f"must be a list of Connections, ({', '.join(Connections._fields)}) each"
            raise TypeError(f"EvictingTable: kinds = {kinds!r:.60}: {rule}") from error
        self._table = _core.EvictingTable(size, listed)

    def characteristic_time(self) -> float:
        """Without a packet for so long, an entry is evicted, on average. Infinity if the mean demand leaves room; by chance the table may fill."""
        return self._table.characteristic_time()

    def cut(self, kind: int = 0) -> float:
        """The probability that a connection of the kind with this index is cut, by eviction or by the idle timeout."""
        return self._table.cut(kind)

    def cut_by_eviction(self, kind: int = 0) -> float:
        """The part of it that is for want of room."""
        return self._table.cut_by_eviction(kind)

    def evicted_after(self, idle: Any) -> Any:
        """The probability that an entry that has been idle so long has been evicted: a step at the characteristic time, as sharp as the
        table is large. Beyond the shortest timeout an upper bound: a sum over the times at which the table fills."""
        return self._table.evicted_after(idle)

    def keep_alive_for(self, target: Any) -> Any:
        """The longest silence after which an entry is gone with at most this probability: the keep-alive interval to set;
        infinity where none is ever evicted."""
        return self._table.keep_alive_for(target)


def cut_probability(
    size: Any, rate: Any, life: Any, gap: Any, *, keep_alive: Any = math.inf, idle_timeout: Any = math.inf, closed_timeout: Any = math.inf
) -> Any:
    """The probability that a connection is cut before it ends by a table that drops its least recently used entry, or by its idle timeout.

    size: entries; rate: connections opened in a unit of time; life, gap: means of their lives and between their packets (exponential);
    keep_alive: the longest gap that they allow; idle_timeout (of open connections) and closed_timeout (after the close) are the table's.
    `EvictingTable` with one kind, and its accuracy.
    Scalars or arrays, which broadcast; the times in one unit, rates in its inverse. size: 1 to 1e12; rate, life, gap above 0; timeouts
    above 0 or infinite; ValueError outside. H. Che, Y. Tung, Z. Wang, IEEE JSAC 20 (2002) 1305.
    """
    return _core.cut_probability(size, rate, life, gap, keep_alive, idle_timeout, closed_timeout)


def characteristic_time(
    size: Any, rate: Any, life: Any, gap: Any, *, keep_alive: Any = math.inf, idle_timeout: Any = math.inf, closed_timeout: Any = math.inf
) -> Any:
    """The time without a packet after which such a table drops an entry, on average; infinity if the mean demand leaves room (`cut_probability` says how often
    it fills by chance). Arguments as of `cut_probability`.

    Scalars or arrays, which broadcast; in the unit of the times; domain, errors (ValueError) and source as there; to 1e-12 of Che's
    equation.
    """
    return _core.characteristic_time(size, rate, life, gap, keep_alive, idle_timeout, closed_timeout)


def keep_alive_for(
    size: Any, rate: Any, life: Any, gap: Any, target: Any, *, idle_timeout: Any = math.inf, closed_timeout: Any = math.inf
) -> Any:
    """The longest silence after which such a table has dropped an entry with at most this probability, 0 < target < 1: the keep-alive to set;
    infinity where it never does.

    Others' keep-alives are left out. Arguments as of `cut_probability`.
    Scalars or arrays, which broadcast; in the unit of the times; to 1e-12 of the formula; ValueError outside. Source: as of
    `cut_probability`.
    """
    return _core.keep_alive_for(size, rate, life, gap, target, idle_timeout, closed_timeout)


def size_for_cut(
    rate: Any, life: Any, gap: Any, target: Any, *, keep_alive: Any = math.inf, idle_timeout: Any = math.inf, closed_timeout: Any = math.inf
) -> Any:
    """The fewest entries with which, and with any more, `cut_probability(...) <= target` (0 < target < 1), exact by the formula; ValueError
    where 1e12 do not do, or the idle timeout alone cuts more. Near a mean demand as large as the table that formula has a hill, and fewer entries,
    on its other side, may meet the target again: those are not given. With keep-alives it may rise and fall elsewhere too: it is looked at 10 % apart
    there. Arguments as of `cut_probability`.
    Scalars or arrays, which broadcast; in entries. Source: `cut_probability` inverted.
    """
    return _core.size_for_cut(rate, life, gap, target, keep_alive, idle_timeout, closed_timeout)


def rate_for_cut(
    size: Any, life: Any, gap: Any, target: Any, *, keep_alive: Any = math.inf, idle_timeout: Any = math.inf, closed_timeout: Any = math.inf
) -> Any:
    """The most connections opened in a unit of time at which, and at any lower rate, `cut_probability(...) <= target` (0 < target < 1), to 1e-12;
    ValueError where any are cut more often, by the idle timeout, or none ever. Near a mean demand as large as the table that formula has a hill, beyond
    which higher rates may meet the target again: those are not given, as traffic comes to them by way of the hill. With keep-alives it may rise and fall
    elsewhere too: it is looked at 10 % apart there. Arguments as of `cut_probability`.
    Scalars or arrays, which broadcast; in the inverse unit of the times. Source: `cut_probability` inverted.
    """
    return _core.rate_for_cut(size, life, gap, target, keep_alive, idle_timeout, closed_timeout)


def eviction_exact(size: Any, rate: Any, life: Any, gap: Any) -> Any:
    """The probability that a connection is cut, exactly: size 1 to 12 entries, one kind of connections, no timeouts.

    By the chain itself, to 1e-12 of the probability, however far apart the three times are; 12 entries: 0.2 s.
    Scalars or arrays, which broadcast; mean life and gap between packets in one unit, rate of opens in its inverse, all above 0; ValueError outside. Y. Takahashi, 1975
    (aggregation), for the chain's solution.
    """
    return _core.eviction_exact(size, rate, life, gap)


class QueueAnswer(NamedTuple):
    loss: Any  # share of arrivals that find no room
    log_loss: Any  # its natural logarithm
    waiting: Any  # mean time before service, of those admitted
    delay: Any  # the same with the service
    length: Any  # mean number in the system


def _is_constant(function: str, service: str) -> bool:
    if not isinstance(service, str) or service not in ("exponential", "constant"):
        raise ValueError(f'{function}: service = {service!r}: must be "exponential" or "constant"')
    return service == "constant"


def finite_queue(room: Any, load: Any, *, service: Service = "constant") -> QueueAnswer:
    """A processor or rate limit with room for so many (the one in service counted): M/D/1/K, or M/M/1/K. Unit of time: the mean service.

    A token bucket of depth K that drops what comes without a token is M/D/1/K: take `loss`. room: 1 to 1,048,576 (exponential: 4,194,304);
    load = arrivals x mean service, to 100 (1e6). Relative error of loss 1e-11 (1e-13). Keilson 1966; Takacs 1962.
    Scalars or arrays, which broadcast. ValueError outside.
    """
    return QueueAnswer(*_core.finite_queue(room, load, _is_constant("finite_queue", service)))


class PacketAnswer(NamedTuple):
    refusal: Any  # that a connection's first packet is lost
    log_refusal: Any  # its natural logarithm
    loss: Any  # the share of all packets that are lost
    delay: Any  # mean seconds in a processor's queue and in service


def packet_limit(per_second: Any, depth: Any, *, opening: Any, live: Any, each: Any, hold: Any = 0) -> PacketAnswer:
    """A limit on packets a second, with room for `depth` (a policer's bucket, or a processor's queue, the one in service counted).

    opening: packets a second that open connections (Poisson); live: mean number of connections that send (a Poisson number that changes over
    holds); each: packets a second of each; hold: mean seconds that it sends (0: their number stays). One whose first packet is lost sends no
    others. Where the number live hardly changes while a bucket runs empty: the loss of M/D/1/K at the rate of so many, averaged over it;
    else a chain of the number live and of what waits. An approximation: refusal and loss within 6 %, `delay` within 3 % of simulations
    (depths of 10 to 10,000, holds of 10 to 100,000 packet times, utilisation 0.6 to 1.2, refusals 8e-7 to 0.1); 14 % and 5 % too low where
    20 or fewer are live and send one to three packets in all. Refusals below 1e-280 of deep buckets are an upper bound. Some 10 µs, or
    1 to 6 ms of the chain.
    Scalars or arrays, which broadcast. per_second: above 0, to 1e12; depth: 1 or more; the others 0 to 1e15; ValueError outside. Sources:
    `finite_queue` averaged over the number live; D. Scharfetter, H. Gummel 1969 and G. Latouche, V. Ramaswami 1993 for the chain.
    """
    return PacketAnswer(*_core.packet_limit(per_second, depth, opening, live, each, hold))


def scale_for_packets(per_second: Any, depth: Any, target: Any, *, opening: Any, live: Any, each: Any, hold: Any = 0) -> Any:
    """The factor on `opening` and `live` at which `packet_limit(...).refusal` reaches the target, in (0, 1).

    Scalars or arrays, which broadcast; units, domain and accuracy (the refusal to 2e-5 of the formula's, where that has no step: at depths of 1 to
    3 with few live it has) as of `packet_limit`, its source; ValueError outside. Some 0.07 ms, or two to four times the chain.
    """
    return _core.scale_for_packets(per_second, depth, opening, live, each, hold, target)


def room_for(load: Any, target: Any, *, service: Service = "constant") -> Any:
    """The least room with a loss of at most `target`; ValueError where none will do (load above 1).

    Scalars or arrays, which broadcast; load in services, as of `finite_queue`, its source; 0 < target < 1. Exact.
    """
    return _whole(_core.room_for(load, target, _is_constant("room_for", service)))


def load_for_room(room: Any, target: Any, *, service: Service = "constant") -> Any:
    """The most load with a loss of at most `target` (0 < target < 1) where there is room for so many: to 1e-11, in some 10 µs.

    Scalars or arrays, which broadcast; load in services; domain as of `finite_queue`, its source; ValueError outside.
    """
    return _core.load_for_room(room, target, _is_constant("load_for_room", service))
