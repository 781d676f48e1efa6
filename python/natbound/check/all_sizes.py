"""for-all-sizes: the maximum of a scenario's shape is a formula over its sizes, whatever these are (docs/all-sizes.md).

The formula and the obligations must be those of the shape, which are written anew; every solver that is to be had decides each; at the
scenario's own sizes the formula gives what is said; and at some small sizes it gives what counting tuple by tuple gives.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from .all_sizes_count import Small
from .all_sizes_obligations import obligations_of
from .all_sizes_shape import shape_of
from .all_sizes_terms import Term
from .holds import decide, given_as
from .obligations import parse
from .reading import count, entries, get, known_keys, need, word
from .scenario import Scenario

TRIED = 12  # small sizes
MOST_TUPLES = 20_000  # of small sizes, so that counting them is quick


def value(term: Term, sizes: dict[str, int]) -> int:
    """A term at these sizes."""
    if isinstance(term, str):
        return sizes[term] if term in sizes else int(term)
    each = [value(t, sizes) for t in term[1:]]
    if term[0] == "-":
        return each[0] - each[1]
    does: dict[str, Callable[[list[int]], int]] = {"+": sum, "*": math.prod, "min": min, "max": max}
    return does[term[0]](each)


def small_sizes(names: list[str], number: int) -> dict[str, int]:
    """Sizes from 0 to 3, different for each number; limits up to 8."""
    out, state = {}, 12345 + number
    for name in names:
        state = (state * 1103515245 + 12345) % (1 << 31)
        limit = name.rsplit("-", 1)[1] in ("table", "mappings", "quota")
        out[name] = 1 + (state >> 16) % 8 if limit else max((state >> 16) % 5, 1) % 4
    return out


def same_small(scenario: Scenario, formula: Term, names: list[str], tried: int = TRIED) -> None:
    """The formula against counting."""
    for number in range(tried):
        sizes = small_sizes(names, number)
        while tuples(sizes) > MOST_TUPLES and max(sizes[n] for n in names if n[0] != "n") > 1:
            sizes[max((n for n in names if n[0] != "n"), key=lambda n: sizes[n])] -= 1
        said, counted = value(formula, sizes), Small(scenario, sizes).total()
        shown = ", ".join(f"{k} {v}" for k, v in sizes.items())
        need(said == counted, f"the formula gives {said} and counting gives {counted} at {shown[:300]}")


def tuples(sizes: dict[str, int]) -> int:
    """At most so many flows there are to be laid."""
    sockets = sum(n * sum(v for k, v in sizes.items() if k.startswith(name.replace("addresses", "ports")))
                  for name, n in sizes.items() if name[0] == "c" and name.endswith("-addresses"))  # fmt: skip
    ends = sum(n for k, n in sizes.items() if k[0] == "p") * sum(n for k, n in sizes.items() if k[0] == "v")
    return sockets * ends


def check_all_sizes(scenario: Scenario, body: Any) -> str:
    """Returns what is shown; rejects a body that does not show it."""
    shape = shape_of(scenario)
    given: dict[str, int] = {}
    for i, item in enumerate(entries(get(body, "parameters", "for-all-sizes"), "parameters")):
        where = f"parameters[{i}]"
        known_keys(item, "name means value", where)
        word(get(item, "means", where), where)
        name = word(get(item, "name", where), where)
        need(name not in given, f"{where}: given twice")
        given[name] = count(get(item, "value", where), where)
    need(given == shape.sizes, "parameters: not the sizes of the scenario")
    formula = parse(word(get(body, "formula", "for-all-sizes"), "formula"))
    need(len(formula) == 1 and formula[0][:2] == ["define-fun", "maximum"], "formula: (define-fun maximum ...) is wanted")
    head: list[Term] = [[name, "Int"] for name in sorted(given)]
    need(len(formula[0]) == 5 and sorted(formula[0][2]) == head and formula[0][3] == "Int", "formula: other parameters")
    need(formula[0][4] == shape.formula, "formula: not that of the scenario's shape")
    same_small(scenario, shape.formula, sorted(given))
    said = count(get(body, "connections", "for-all-sizes"), "connections")
    need(value(shape.formula, given) == said, f"connections: the formula does not give {said:,} at the scenario's own sizes")
    texts = given_as(obligations_of(shape.networks), body, "the shape")
    by = decide(texts) if texts else "no solver is needed, and none"
    return f"the maximum of this shape is the formula at all sizes ({by} found each obligation unsat); here it is {said:,}"
