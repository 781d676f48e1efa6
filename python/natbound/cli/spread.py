"""The commands about what varies: the day, and inputs known as intervals."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Annotated

import typer

from natbound.cli.common import Json, Seed, print_json
from natbound.cli.given import about_a_scenario
from natbound.errors import InputError

if TYPE_CHECKING:
    from natbound.scenario import Scenario


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
    values = read_rates(rates) if rates is not None else [1 + (amplitude or 0) * math.sin(2 * math.pi * k / 288) for k in range(288)]
    found = scenario.day(values, seed=seed).to_dict()
    if as_json:
        print_json(found)
        return
    print(f"Most live: {w.count(found['peak']['live'])} at {_clock(found['peak']['time'])}, {w.span(found['lag'])} after the rate's peak.")
    print(
        f"Refused: {w.probability(found['refused'])} of the day's connections, {w.per_day(found['refusals_per_day'])} a day; at the worst time {w.probability(found['at_peak'])}."
    )
    error = found["stationary_error"]
    print(
        f"The rate's peak times the hold would say {w.probability(found['stationary_peak'])}"
        + ("" if error is None else f" ({error:+.1%})")
        + f", the day's mean {w.probability(found['mean_load'])}."
    )
    print(f"By {found['method']}.")


@about_a_scenario
def uncertainty(
    scenario: Scenario,
    between: Annotated[list[str], typer.Option("--between", metavar="PATH=LOW..HIGH", help="A field and its two ends. Repeatable.")],
    seed: Seed = 1,
    as_json: Json = False,
) -> None:
    """Inputs known as intervals: the refusal probability as one, and which input to measure better."""
    from natbound import wording as w

    ends = {}
    for text in between:
        parsed = re.fullmatch(r"([^=]+)=(.+?)\.\.(.+)", text)
        if parsed is None:
            raise InputError("PATH=LOW..HIGH is wanted", path="--between", value=f"'{text}'", fix="--between traffic.rate=450/s..550/s")
        ends[parsed[1]] = (parsed[2], parsed[3])
    found = scenario.uncertainty(ends, seed=seed).to_dict()
    if as_json:
        print_json(found)
        return
    (low, high), logs = found["interval"], found["log_interval"]
    print(f"Refused: {w.probability(low, logs[0])} to {w.probability(high, logs[1])}")
    for row in found["inputs"]:
        by = "from nothing to something" if row["spread"] is None else f"a factor of {row['spread']:,.3g}"
        print(f"  {row['field']} between {row['ends'][0]} and {row['ends'][1]}: {by}")
    print(f"Measure {found['measure_first']} first.")


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
