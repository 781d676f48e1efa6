"""Which table of tests/reference tells the truth of which formula, and how far off docs/calculator.md lets it be: one line each.

docs/make_error_pictures.py draws these; tests/python/test_error_pictures.py holds every formula to them.
"""

from __future__ import annotations

import csv
import functools
import json
import math
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from natbound import calculator as c

REFERENCE = Path(__file__).parents[1] / "tests" / "reference"
LEAST = 1e-300  # a true value below this is no double to compare

Row = dict[str, Any]


class Panel(NamedTuple):
    """A formula beside a column of a table."""

    formula: str  # begins with the function's name
    table: str
    within: float  # the largest error that is promised
    of: Callable[[Row], Any]
    column: str = "value"
    across: str = "value"  # what the horizontal axis is
    only: Callable[[Row], bool] = lambda row: True
    relative_to: str = "value"

    @property
    def function(self) -> str:
        return self.formula.split(",")[0].split(" ")[0]


def _numbers(text: Any) -> Any:
    if not isinstance(text, str):
        return text
    try:
        return float(text)
    except ValueError:
        return text


@functools.cache
def rows(name: str) -> tuple[Row, ...]:
    """A table's rows, numbers as numbers; a fact's arguments are columns too."""
    return tuple(_read(name))


def _read(name: str) -> Iterator[Row]:
    with (REFERENCE / f"{name}.csv").open() as lines:
        next(lines)
        for row in csv.DictReader(lines, quotechar="'"):
            given = row.pop("arguments", "{}")
            yield {
                **json.loads(given),
                "arguments": given,
                **{key: text if key == "field" else _numbers(text) for key, text in row.items()},
            }


def measured(panel: Panel) -> list[tuple[float, float, float]]:
    """(across, ports, error) of each row that has a double as its true value."""
    across, found = ACROSS[panel.across][1], []
    for row in rows(panel.table):
        if not panel.only(row):
            continue
        want = row[panel.column]
        scale = RELATIVE_TO[panel.relative_to](want)
        if not math.isfinite(want) or 0 < scale <= LEAST:
            continue
        error = abs(float(panel.of(row)) - want) / (scale or 1.0)
        ports = next(
            (row[name] for name in ("ports", "room", "pool", "size", "second_ports") if isinstance(row.get(name), float | int)), 1.0
        )
        found.append((across({**row, "value": want}), max(1.0, ports), error))
    return found


def _deviations(row: Row) -> float:
    """How many standard deviations the load lies above the ports."""
    return float((row["load"] - row["ports"]) / math.sqrt(max(row["ports"], row["load"])))


ACROSS: dict[str, tuple[str, Callable[[Row], float]]] = {
    "deviations": ("(load - ports) / √max", _deviations),
    "target": ("target", lambda row: row["target"]),
    "alpha": ("load of an idle source", lambda row: row["alpha"]),
    "load": ("load", lambda row: row["load"]),
    "time": ("time, in mean holds", lambda row: row["time"]),
    "value": ("true value", lambda row: max(abs(row["value"]), LEAST)),
}

RELATIVE_TO: dict[str, Callable[[float], float]] = {
    "value": abs,
    "one": lambda want: 1.0,
    "one or the logarithm": lambda want: max(1.0, abs(want)),  # so to the chance itself where that is not small
}

# What is called otherwise than by its name with the arguments of a fact.
CALLS: dict[str, Callable[..., Any]] = {
    "Day.refused": lambda ports, **day: c.Day(**day).refused(ports),
    "Day.live": lambda time, **day: c.Day(**day).live(time),
    "Day.chain": lambda ports, steps, **day: c.Day(**day).chain(ports, steps),
}


@functools.lru_cache(maxsize=64)
def _answer(formula: str, arguments: str) -> Any:
    given: Mapping[str, Any] = json.loads(arguments)
    return CALLS.get(formula, getattr(c, formula, None))(**given)


def _field(row: Row) -> Any:
    found = _answer(row["formula"], row["arguments"])
    for name in filter(None, row["field"].split(".")):
        found = found[int(name)] if name.isdigit() else getattr(found, name)
    return found


def fact(
    formula: str, table: str, field: str, within: float, across: str = "value", *,
    relative_to: str = "value", only: Callable[[Row], bool] = lambda row: True,
) -> Panel:  # fmt: skip
    """Those facts of a table that are of this field of the formula, or of its parts (`refusal` of `refusal.0` and `refusal.1`)."""

    def ours(row: Row) -> bool:
        parts = row["field"].split(".")
        named = field in (parts[0], ".".join(p for p in parts if not p.isdigit()))
        return bool(row["formula"] == formula and named and only(row))

    shown = f"{formula}, {field}" if field else formula
    return Panel(shown, table, within, _field, across=across, only=ours, relative_to=relative_to)


def _transient(row: Row) -> dict[str, Any]:
    return {"start_load": row["start_load"]} if row["start_load"] else {"start": row["start"]}


def _passage(row: Row) -> dict[str, Any]:
    return {"start": row["start"], "event": row["event"]}


def _queue(row: Row) -> Any:
    return c.finite_queue(row["room"], row["load"], service=row["service"])


def _again(row: Row) -> bool:
    return bool(row["draws"] == "with")


def _in_time(row: Row) -> bool:
    """Where a time's chance tells the time: not next to 1."""
    return row["time"] > 0 and LEAST < row["cdf"] < 0.9


PICTURES: dict[str, tuple[Panel, ...]] = {
    "loss": (
        Panel("erlang_b", "erlang_b", 1e-13, lambda r: c.erlang_b(r["ports"], r["load"]), "erlang_b", "deviations"),
        Panel("log_erlang_b", "erlang_b", 1e-13, lambda r: c.log_erlang_b(r["ports"], r["load"]), "log_erlang_b", "deviations"),
        Panel("erlang_b_load_derivative", "erlang_b", 2e-13, lambda r: c.erlang_b_load_derivative(r["ports"], r["load"]), "load_derivative", "deviations"),
        Panel("erlang_b_ports_derivative", "slopes", 1e-12, lambda r: c.erlang_b_ports_derivative(r["ports"], r["load"]) / c.erlang_b(r["ports"], r["load"]),
              "log_ports_derivative", "deviations", lambda r: c.log_erlang_b(r["ports"], r["load"]) > -690),
        Panel("log_erlang_b_load_derivative", "slopes", 3e-13, lambda r: c.log_erlang_b_load_derivative(r["ports"], r["load"]), "log_load_derivative", "deviations"),
        Panel("log_erlang_b_ports_derivative", "slopes", 1e-12, lambda r: c.log_erlang_b_ports_derivative(r["ports"], r["load"]), "log_ports_derivative", "deviations"),
        Panel("refusal_probability", "attempts", 1e-12, lambda r: math.log(c.refusal_probability(r["ports"], r["tries"], r["load"], with_replacement=_again(r))),
              "log_refusal", "deviations", lambda r: -690 < r["log_refusal"] < -1e-3),
        Panel("log_refusal_probability", "attempts", 1e-12, lambda r: c.log_refusal_probability(r["ports"], r["tries"], r["load"], with_replacement=_again(r)),
              "log_refusal", "deviations"),
    ),
    "waiting": (
        Panel("erlang_c", "erlang_c", 1e-13, lambda r: c.erlang_c(r["ports"], r["load"]), "erlang_c", "deviations"),
        Panel("log_erlang_c", "erlang_c", 1e-13, lambda r: c.log_erlang_c(r["ports"], r["load"]), "log_erlang_c", "deviations"),
        Panel("erlang_c_wait", "erlang_c", 1e-13, lambda r: c.erlang_c_wait(r["ports"], r["load"]) * (r["ports"] - r["load"]), "erlang_c", "deviations"),
        Panel("log_erlang_c_load_derivative", "erlang_c", 1e-12, lambda r: c.log_erlang_c_load_derivative(r["ports"], r["load"]), "log_load_derivative", "deviations"),
        Panel("log_erlang_c_ports_derivative", "erlang_c", 1e-12, lambda r: c.log_erlang_c_ports_derivative(r["ports"], r["load"]), "log_ports_derivative", "deviations"),
    ),
    "queues": (
        Panel("finite_queue, log_loss", "finite_queue", 1e-11, lambda r: _queue(r).log_loss, "log_loss", "load"),
        Panel("finite_queue, length", "finite_queue", 1e-11, lambda r: _queue(r).length, "length", "load"),
        Panel("finite_queue, delay", "finite_queue", 1e-11, lambda r: _queue(r).delay, "delay", "load"),
        Panel("finite_queue, waiting", "finite_queue", 1e-11, lambda r: _queue(r).waiting, "waiting", "load", lambda r: r["room"] > 1),
        fact("packet_limit", "limits", "log_refusal", 1e-5),
        fact("packet_limit", "limits", "loss", 1e-4),
    ),
    "finite": (
        Panel("engset_time_congestion", "engset", 1e-12, lambda r: c.engset_time_congestion(r["sources"], r["ports"], r["alpha"]), "time", "alpha"),
        Panel("log_engset_time_congestion", "engset", 1e-12, lambda r: c.log_engset_time_congestion(r["sources"], r["ports"], r["alpha"]), "log_time", "alpha"),
        Panel("engset_call_congestion", "engset", 1e-12, lambda r: c.engset_call_congestion(r["sources"], r["ports"], r["alpha"]), "call", "alpha"),
        Panel("log_engset_call_congestion", "engset", 1e-12, lambda r: c.log_engset_call_congestion(r["sources"], r["ports"], r["alpha"]), "log_call", "alpha"),
        fact("load_for_engset", "inverses", "", 1e-12, "target"),
        fact("rate_for_engset", "inverses", "", 1e-12, "target"),
        fact("hold_for_engset", "inverses", "", 1e-12, "target"),
        fact("ports_for_engset", "inverses", "", 0, "target"),
        fact("sources_for_engset", "inverses", "", 0, "target"),
    ),
    "sizing": (
        Panel("load_for", "loads", 1e-12, lambda r: c.load_for(r["ports"], r["target"]), "erlang_b", "target"),
        Panel("load_for_waiting", "loads", 1e-12, lambda r: c.load_for_waiting(r["ports"], r["target"]), "erlang_c", "target", lambda r: r["target"] < 1),
        Panel("ports_for", "ports", 0, lambda r: c.ports_for(r["load"], r["target"]), "erlang_b", "target"),
        Panel("ports_for_waiting", "ports", 0, lambda r: c.ports_for_waiting(r["load"], r["target"]), "erlang_c", "target"),
        *(fact(name, "inverses", "", 1e-12, "target") for name in (
            "real_ports_for", "real_ports_for_waiting", "rate_for", "rate_for_waiting", "hold_for", "hold_for_waiting", "load_for_attempts")),
        *(fact(name, "inverses", "", 0, "target") for name in ("addresses_for", "addresses_for_waiting", "tries_for", "room_for")),
        fact("load_for_room", "inverses", "", 1e-11, "target"),
    ),
    "sizes": (
        fact("kaufman_roberts", "sizes", "refusal", 1e-13),
        fact("kaufman_roberts", "sizes", "log_refusal", 1e-13),
        fact("kaufman_roberts", "sizes", "mean", 1e-13),
        fact("ports_for_sizes", "sizes", "", 0, "target"),
        fact("scale_for_sizes", "sizes", "", 1e-12, "target"),
        Panel("reserved_sizes", "reserved", 1e-12, lambda r: _field({**r, "formula": "reserved_sizes"})),
        fact("kaufman_roberts", "reserved", "refusal", 1),
    ),
    "bursts": (
        fact("batches", "bursts", "log_refusal", 1e-13),
        fact("batches", "bursts", "log_batch_refusal", 1e-13, relative_to="one or the logarithm"),
        fact("batches", "bursts", "full", 1e-13),
        fact("batches", "bursts", "mean", 1e-13),
        fact("ports_for_batches", "bursts", "", 0, "target"),
        fact("load_for_batches", "bursts", "", 1e-12, "target"),
        fact("modulated", "bursts", "log_refusal", 1e-12),
        fact("modulated", "bursts", "log_full", 1e-12),
        fact("modulated", "bursts", "log_full_by_phase", 1e-12),
        fact("modulated", "bursts", "mean", 1e-12),
        fact("modulated", "bursts", "load", 1e-12),
        fact("on_off", "bursts", "log_refusal", 1e-12),
        fact("on_off", "bursts", "log_full", 1e-12),
        fact("on_off", "bursts", "mean", 1e-12),
        fact("on_off", "bursts", "load", 1e-12),
        fact("batch_peakedness", "bursts", "", 1e-12),
        fact("modulated_peakedness", "bursts", "", 1e-12),
        fact("on_off_peakedness", "bursts", "", 1e-12),
    ),
    "overflow": (
        fact("overflow", "bursts", "mean", 1e-13),
        fact("overflow", "bursts", "variance", 1e-11),
        fact("overflow", "bursts", "peakedness", 1e-11),
        fact("overflow_to_second", "bursts", "overflow", 1e-12),
        fact("overflow_to_second", "bursts", "overflow_refusal", 1e-12),
        fact("overflow_to_second", "bursts", "own_refusal", 1e-12),
        fact("overflow_to_second", "bursts", "first_refusal", 1e-12),
        fact("hayward", "bursts", "", 1e-13),
        fact("log_hayward", "bursts", "", 1e-13),
        fact("equivalent_random", "bursts", "load", 1e-12),
        fact("equivalent_random", "bursts", "ports", 1e-12),
        fact("overflow_refusal", "bursts", "", 0.25, only=lambda r: r["value"] > 1e-3),
        fact("overflow_refusal", "bursts", "", math.inf),
    ),
    "over-time": (
        Panel("log_first_passage_mean, full", "first_passage", 1e-12, lambda r: c.log_first_passage_mean(r["ports"], r["load"], event="full"), "log_full", "deviations"),
        Panel("log_first_passage_mean, refusal", "first_passage", 1e-12, lambda r: c.log_first_passage_mean(r["ports"], r["load"]), "log_first_refusal", "deviations"),
        Panel("first_passage_mean", "passage_law", 1e-12, lambda r: c.first_passage_mean(r["ports"], r["load"], **_passage(r)), "mean", "deviations"),
        Panel("time_to_full", "first_passage", 1e-12, lambda r: math.log(c.time_to_full(r["ports"], r["load"])), "log_full", "deviations", lambda r: r["log_full"] < 690),
        Panel("time_to_first_refusal", "first_passage", 1e-12, lambda r: math.log(c.time_to_first_refusal(r["ports"], r["load"])), "log_first_refusal", "deviations",
              lambda r: r["log_first_refusal"] < 690),
        Panel("first_passage_cdf", "passage_law", 1e-11, lambda r: c.first_passage_cdf(r["ports"], r["load"], r["time"], **_passage(r)), "cdf", "time"),
        Panel("first_passage_survival", "passage_law", 1e-11, lambda r: c.first_passage_survival(r["ports"], r["load"], r["time"], **_passage(r)), "survival", "time"),
        Panel("first_passage_quantile", "passage_law", 1e-9, lambda r: c.first_passage_quantile(r["ports"], r["load"], r["cdf"], **_passage(r)), "time", "time", _in_time),
        Panel("log_first_passage_quantile", "passage_law", 1e-9, lambda r: math.exp(c.log_first_passage_quantile(r["ports"], r["load"], r["cdf"], **_passage(r))),
              "time", "time", _in_time),
        Panel("transient_full_probability", "transient", 1e-9, lambda r: c.transient_full_probability(r["ports"], r["load"], r["time"], **_transient(r)), "full", "time"),
        Panel("log_transient_full_probability", "transient", 1e-9,
              lambda r: math.exp(c.log_transient_full_probability(r["ports"], r["load"], r["time"], **_transient(r))), "full", "time"),
        Panel("transient_mean", "transient", 1e-11, lambda r: c.transient_mean(r["ports"], r["load"], r["time"], **_transient(r)), "mean", "time"),
        fact("transient_at_least", "laws", "", 1e-10, "time", relative_to="one"),
        fact("transient_quantile", "laws", "", 0, "time"),
        fact("transient_law", "laws", "0", 1e-6, "time"),
    ),
    "limits": (
        fact("poisson_tail", "limits", "", 1e-13),
        fact("blocks_refused", "limits", "by_quota", 1e-13),
        fact("blocks_refused", "limits", "by_pool", 1e-13),
        fact("blocks_refused", "limits", "pool_exhausted", 2e-13),
        fact("blocks_refused", "limits", "mean_blocks", 1e-13),
        fact("blocks_for", "limits", "", 0, "target"),
        fact("paired_refusal", "paired", "", 1e-10),
        fact("log_paired_refusal", "paired", "", 1e-10, relative_to="one or the logarithm"),
        fact("load_for_paired", "paired", "", 1e-12, "target"),
        fact("addresses_for_paired", "paired", "", 0, "target"),
        fact("clients_on_fullest", "paired", "", 0),
        fact("subscribers_for", "limits", "", 0, "target"),
        fact("limits_in_sequence", "limits", "refusal", 1e-12),
        fact("limits_in_sequence", "limits", "classes.by_quota", 1e-12),
        fact("limits_in_sequence", "limits", "classes.by_pool", 1e-12),
        fact("limits_in_sequence", "limits", "classes.by_table", 1e-12),
    ),
    "retries": (
        fact("retries", "limits", "attempt_load", 1e-12),
        fact("retries", "limits", "attempt_refusal", 1e-11),
        fact("retries", "limits", "connection_failure", 1e-11),
        fact("retries", "limits", "attempts", 1e-12),
        fact("retries", "limits", "carried", 1e-12),
        fact("retries", "limits", "mean_delay", 1e-11),
        fact("race_probability", "limits", "", 1e-12),
        fact("race_flows_for", "limits", "", 0, "target"),
    ),
    "eviction": (
        fact("eviction_exact", "limits", "", 1e-12),
        fact("characteristic_time", "limits", "", 1e-12),
    ),
    "day": (
        fact("Day.live", "day", "", 1e-9),
        fact("Day.refused", "day", "share", 1e-11),
        fact("Day.refused", "day", "at_peak", 1e-9),
        fact("Day.refused", "day", "stationary_peak", 1e-13),
        fact("Day.refused", "day", "mean_load", 1e-13),
        fact("Day.chain", "day", "share", 1e-5),
    ),
}  # fmt: skip
