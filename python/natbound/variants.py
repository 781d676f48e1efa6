"""Many what-if variants of a scenario, through any concurrent.futures.Executor."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor
from itertools import islice
from typing import Any

from natbound.errors import InputError, Unsupported
from natbound.scenario import Scenario

CHUNK = 64  # variants that a worker is given at a time


def _maximum(scenario: Scenario) -> dict[str, Any]:
    found = json.loads(scenario._core.maximum(False))["maximum"]
    del found["evidence"]
    return dict(found)


def _risk(scenario: Scenario) -> dict[str, Any]:
    return scenario.risk().to_dict()


QUESTIONS: dict[str, Callable[[Scenario], dict[str, Any]]] = {"maximum": _maximum, "risk": _risk}


def _ask(canonical: dict[str, Any], ask: str, some: list[tuple[str, ...]]) -> list[dict[str, Any]]:
    """One worker's part. It is given what can be pickled."""
    scenario, out = Scenario(canonical), []
    for settings in some:
        try:
            found = QUESTIONS[ask](scenario.with_settings(*settings))
        except (InputError, Unsupported) as error:
            found = {"unknown": str(error)}
        out.append({"settings": list(settings), **found})
    return out


def sweep(
    scenario: Scenario, variants: Iterable[Sequence[str] | str], *, ask: str = "maximum", executor: Executor | None = None
) -> Iterator[dict[str, Any]]:
    """What each variant of a scenario gives, in order, as they are worked out.

    variants: settings as of `--set` ("nats.design=cilium"), one or a list of them each. ask: `maximum` (its fields without evidence) or
    `risk`. executor: any concurrent.futures.Executor (threads do: the work holds no lock), given 64 variants at a time; None: here.

    Each result has its `settings`; a variant that is no scenario, or not settled, has `unknown` with the reason in place of numbers.
    """
    if ask not in QUESTIONS:
        raise InputError("no such question", path="ask", value=f"'{ask}'", fix=f"there are {', '.join(QUESTIONS)}")
    given = iter([v] if isinstance(v, str) else list(v) for v in variants)
    chunks = iter(lambda: [tuple(v) for v in islice(given, CHUNK)], [])
    canonical = scenario.canonical
    if executor is None:
        for some in chunks:
            yield from _ask(canonical, ask, some)
        return
    everything = list(chunks)
    for part in executor.map(_ask, [canonical] * len(everything), [ask] * len(everything), everything):
        yield from part
