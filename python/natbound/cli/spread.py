"""The commands about what varies: the day, and inputs known as intervals."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Annotated

import typer

from natbound.cli.common import Json, Seed, print_json
from natbound.cli.given import about_a_scenario
from natbound.cli.quantities import parse, seconds
from natbound.errors import InputError

if TYPE_CHECKING:
    from natbound.planning import Counts, Fit, Maxima, Samples
    from natbound.scenario import Scenario


DAY = 86400.0
SINE = 1440  # rates of a sine, one a minute


@about_a_scenario
def day(
    scenario: Scenario,
    rates: Annotated[
        str | None, typer.Option(metavar="FILE", help="Rates at equal distances through the day, one a line (the last column).")
    ] = None,
    amplitude: Annotated[float | None, typer.Option(help="Without a file: a sine around the mean, as in 0.5.")] = None,
    seed: Seed = 1,
    as_json: Json = False,
) -> None:
    """A day of rates: when most is live, what is refused, and how wrong the busy-hour formula is."""
    from natbound import wording as w

    if (rates is None) == (amplitude is None):
        raise InputError("one of the two is wanted", path="--rates, --amplitude", fix="natbound day SCENARIO --amplitude 0.5")
    if amplitude is not None and not 0 <= amplitude <= 1:
        raise InputError("must lie within 0 and 1", path="--amplitude", value=str(amplitude))
    values = read_rates(rates) if rates is not None else [1 + (amplitude or 0) * math.sin(2 * math.pi * k / SINE) for k in range(SINE)]
    found = scenario.day(values, seed=seed).to_dict()
    if as_json:
        print_json(found)
        return
    step = DAY / len(values)  # between two rates the curve is a line, and says nothing of how its top bends
    lag = f"{w.span(found['lag'])} after the rate's peak" if found["lag"] >= step else f"less than {w.span(step)} after the rate's peak"
    lag = lag if found["lag"] > 0 else "while the rate is at its highest"
    peak = found["peak"]
    most = w.count(peak["live"])
    if peak["carried"] is not None and w.count(peak["carried"]) != most:
        most = f"{w.count(peak['carried'])} (would be {most}, were none refused)"
    print(f"Most live: {most} at {_clock(peak['time'])}, {lag}.")
    bounds = found["at_most"]

    def shown(name: str) -> str:
        return w.probability(found[name]) if name not in bounds else f"at most {w.probability(bounds[name])}"

    daily = f"at most {w.per_day(bounds['refusals_per_day'])}" if "refusals_per_day" in bounds else w.per_day(found["refusals_per_day"])
    print(f"Refused: {shown('refused')} of the day's connections, {daily} a day; at the worst time {shown('at_peak')}.")
    error = found["stationary_error"]
    print(
        f"The rate's peak times the hold would say {shown('stationary_peak')}"
        + ("" if error is None else f" ({error:+.1%})")
        + f", the day's mean {shown('mean_load')}."
    )
    print(f"Method: {found['method']}.")
    if off := found["modified_load_error"]:
        print(
            f"The modified offered load itself is off by {off['share']:+.2%} over the day, {off['at_peak']:+.2%} at the worst time (the chain of as many "
            "ports as refuse so much then, exponential holds)."
        )


@about_a_scenario
def uncertainty(
    scenario: Scenario,
    between: Annotated[
        list[str] | None, typer.Option("--between", metavar="PATH=LOW..HIGH", help="A field and its two ends, or VALUE+-ERROR. Repeatable.")
    ] = None,
    samples: Annotated[
        list[str] | None,
        typer.Option("--samples", metavar="PATH=FILE", help="A field's measured values, one a line (seconds). Repeatable."),
    ] = None,
    counts: Annotated[
        list[str] | None,
        typer.Option("--counts", metavar="PATH=FILE/60s", help="New connections in each 60 s, one number a line. Repeatable."),
    ] = None,
    maxima: Annotated[
        list[str] | None, typer.Option("--maxima", metavar="PATH=FILE/60s", help="Most live in each 60 s, as gateways report. Repeatable.")
    ] = None,
    seed: Seed = 1,
    as_json: Json = False,
) -> None:
    """Inputs known as intervals: the refusal probability as one, and which input to measure better."""
    from natbound import wording as w
    from natbound.planning import Counts, Maxima

    ends, measured = read_spread(between or [], samples or [])
    for text in counts or []:
        name, values, length = _timed(text, "--counts")
        measured[name] = Counts(values, length)
    for text in maxima or []:
        name, values, length = _timed(text, "--maxima")
        measured[name] = Maxima(values, length, scenario.risk(tries=1).hold)  # how fast the number live forgets
    found = scenario.uncertainty(ends, measured=measured, seed=seed).to_dict()
    if as_json:
        print_json(found)
        return
    (low, high), logs = found["interval"], found["log_interval"]
    if found["most_is_bound"]:
        print(f"Refused: at most {w.probability(high, logs[1])}: no state that was looked at could refuse, whatever the inputs are.")
        print("A bound does not tell which input to measure first.")
        return
    least = f"at most {w.probability(found['least_at_most'])}" if found["least_at_most"] is not None else w.probability(low, logs[0])
    print(f"Refused: {least}{' at the least, up' if least.startswith('at most') else ''} to {w.probability(high, logs[1])}")
    for row in found["inputs"]:
        by = (
            "from nothing to something"
            if row["spread"] is None
            else f"a factor of {_factor(row['log_spread'])}{' or more' if row['at_least'] else ''}"
        )
        low_end, high_end = (_short(end) for end in row["ends"])
        print(f"  {row['field']} between {low_end} and {high_end}{'' if row['basis'] is None else ' (' + row['basis'] + ')'}: {by}")
    if found["measure_first"] is not None:
        print(f"Measure {found['measure_first']} first.")
    else:
        print("Which input to measure first is not known: at several of the ends no state could refuse.")


def read_spread(between: list[str], samples: list[str]) -> tuple[dict[str, tuple[str, str]], dict[str, Samples | Counts | Maxima | Fit]]:
    """The fields between two ends, and what was measured of others."""
    from natbound.planning import Fit, Samples
    from natbound.planning.uncertainty import power_of_a_second

    ends: dict[str, tuple[str, str]] = {}
    measured: dict[str, Samples | Counts | Maxima | Fit] = {}
    for text in between:
        name = text.partition("=")[0]
        if name in ends or name in measured:
            raise InputError("named twice", path="--between", value=f"'{text}'", fix=f"give {name} once, with its two ends")
        if parsed := re.fullmatch(r"([^=]+)=(.+?)\.\.(.+)", text):
            ends[parsed[1]] = (parsed[2], parsed[3])
        elif parsed := re.fullmatch(r"([^=]+)=(.+?)\s*(?:\+-|±)\s*(.+)", text):
            value, error = parse(parsed[2], "--between"), parse(parsed[3], "--between")
            if value.time != error.time:
                raise InputError("the value and its error have different units", path="--between", value=f"'{text}'")
            if value.time != power_of_a_second(parsed[1]):
                raise InputError("the value and its error need the field's unit", path="--between", value=f"'{text}'",
                                 fix="such as traffic.rate=500/s+-20/s or traffic.hold=60s+-5s")  # fmt: skip
            measured[parsed[1]] = Fit(value.value, error.value)
        else:
            raise InputError("PATH=LOW..HIGH or PATH=VALUE+-ERROR is wanted", path="--between", value=f"'{text}'",
                             fix="--between traffic.rate=450/s..550/s")  # fmt: skip
    for text in samples:
        name, equals, file = text.partition("=")
        if not (name and equals and file):
            raise InputError("PATH=FILE is wanted", path="--samples", value=f"'{text}'", fix="--samples traffic.hold=holds.txt")
        if name in measured:
            raise InputError("measured twice", path="--samples", value=f"'{text}'", fix=f"give {name} once")
        measured[name] = Samples(read_rates(file))
    return ends, measured


def _timed(text: str, option: str) -> tuple[str, list[float], float]:
    """PATH=FILE/60s: the field, the numbers, the seconds that each stands for."""
    parsed = re.fullmatch(r"([^=]+)=(.+)/([^/]+)", text)
    if parsed is None:
        raise InputError("PATH=FILE/TIME is wanted", path=option, value=f"'{text}'", fix=f"{option} traffic.0.live=minutes.txt/60s")
    return parsed[1], read_rates(parsed[2]), seconds(parsed[3], option)


def _factor(log: float) -> str:
    """A factor by its logarithm, which may be larger than numbers are."""
    return f"{math.exp(log):,.3g}" if log < 700 else f"10^{log / math.log(10):,.0f}"


def _short(text: str) -> str:
    """A long decimal cut to four digits."""
    number = re.match(r"[0-9.]+(?:e[-+]?[0-9]+)?", text)
    return f"{float(number[0]):.4g}{text[number.end() :]}" if number and len(number[0]) > 6 else text


def read_rates(path: str) -> list[float]:
    """Numbers, one a line; of several columns the last; a first line of names is passed over."""
    from natbound.reading import read_text

    out = []
    for number, line in enumerate(read_text(path).splitlines(), 1):
        cells = re.split(r"[,;\s]+", line.strip())
        if not cells[-1] or line.lstrip().startswith("#"):
            continue
        try:
            out.append(float(cells[-1]))
        except ValueError:
            if out or number > 1:
                raise InputError("a rate is wanted in the last column", file=path, line=number, value=f"'{cells[-1]}'") from None
    return out


def _clock(seconds: float) -> str:
    return f"{int(seconds // 3600):02}:{int(seconds % 3600 // 60):02}"
