"""`natbound formula NAME argument=value ...`: any formula of `natbound.calculator` at the shell."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints

import typer

from natbound.cli.common import Json, print_json
from natbound.cli.formula_text import UNITS, lines, plain
from natbound.cli.quantities import Quantity, parse
from natbound.errors import InputError

# Arguments that are times or rates, in one unit of the caller's; every other one is a plain number.
POWERS = {
    "hold": 1,
    "backoff": 1,
    "most_backoff": 1,
    "life": 1,
    "gap": 1,
    "rate": -1,
    "keep_alive": 1,
    "idle_timeout": 1,
    "closed_timeout": 1,
}


def formula(
    name: Annotated[str | None, typer.Argument(metavar="[NAME]", show_default=False, help="Which; without one they are listed.")] = None,
    arguments: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[ARGUMENT=VALUE...]", show_default=False, help="Units as in 470/s*60s; commas make arrays, semicolons rows."
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """A formula of natbound.calculator by its name; without arguments, what it takes."""
    known = functions()
    if name is None:
        for one, function in known.items():
            print(f"{one}: {first_sentence(function)}")
        return
    if name not in known:
        raise InputError("no such formula", value=f"'{name}'", fix="natbound formula lists them")
    function = known[name]
    if not arguments:
        print(f"{name}{_signature(function)}\n\n{inspect.getdoc(function)}")
        return
    given, quantities = read_arguments(name, function, arguments)
    try:
        result = function(**given)
    except TypeError as error:  # a function of numbers, not of arrays
        raise InputError(
            "an argument is of a kind that it does not take, such as an array", path=name, fix=f"natbound formula {name}"
        ) from error
    except (ValueError, OverflowError) as error:
        raise InputError(str(error).splitlines()[0], path="" if str(error).startswith(name) else name) from error
    timed = any(q.time for q in quantities)
    if as_json:
        print_json({"schema": "natbound.formula/1", "formula": name, "arguments": plain(given), "result": plain(result),
                    "unit": UNITS.get(name) if timed else None})  # fmt: skip
        return
    for line in lines(name, given, result, timed, known.get(f"log_{name}")):
        print(line)


def functions() -> dict[str, Callable[..., Any]]:
    """The public functions of `natbound.calculator`, in the order of their names."""
    from natbound import calculator

    found = {name: getattr(calculator, name) for name in calculator.__all__}
    return {name: value for name, value in found.items() if inspect.isfunction(value)}


def first_sentence(function: Callable[..., Any]) -> str:
    """What it gives, in a line."""
    text = " ".join((inspect.getdoc(function) or "").split("\n\n")[0].split())
    return re.split(r"(?<=[\w)`]{2})\.\s", text)[0].rstrip(".:")


def read_arguments(name: str, function: Callable[..., Any], arguments: list[str]) -> tuple[dict[str, Any], list[Quantity]]:
    """The values by parameter, and all the quantities among them."""
    parameters = inspect.signature(function).parameters
    hints = get_type_hints(function)
    given: dict[str, Any] = {}
    quantities: list[Quantity] = []
    times: dict[str, bool] = {}
    for argument in arguments:
        key, equals, text = argument.partition("=")
        key = key.strip()
        if not equals or not text.strip():
            raise InputError("ARGUMENT=VALUE is wanted", path=name, value=f"'{argument}'", fix=f"{name}{_signature(function)}")
        if key not in parameters:
            raise InputError("no such argument", path=name, value=f"'{key}'", fix=f"{name}{_signature(function)}")
        if key in given:
            raise InputError("the argument stands twice", path=name, value=f"'{key}'")
        words = _words(key, parameters[key], hints.get(key))
        if text.strip() in words:
            given[key] = {"true": True, "false": False}.get(text.strip(), text.strip())
            continue
        if words and words[0] != "stationary":
            raise InputError(f"must be {' or '.join(words)}", path=f"{name}: {key}", value=f"'{text}'")
        given[key], found = _numbers(text, f"{name}: {key}")
        quantities += found
        for q in found:
            _check_unit(name, key, text, q)
            if key in POWERS:
                times[key] = q.time != 0
    if len(set(times.values())) > 1:
        bare = next(key for key, has in times.items() if not has)
        raise InputError("has no unit, where others have one", path=f"{name}: {bare}", fix="write 60s or 470/s, or leave all units out")
    missing = [key for key, p in parameters.items() if p.default is inspect.Parameter.empty and key not in given]
    if missing:
        raise InputError(
            f"{', '.join(missing)} {'is' if len(missing) == 1 else 'are'} missing", path=name, fix=f"{name}{_signature(function)}"
        )
    return given, quantities


def _check_unit(name: str, key: str, text: str, quantity: Quantity) -> None:
    wanted = POWERS.get(key, 0)
    if quantity.time in (0, wanted):
        return
    if wanted == 0:
        fix = "in mean holds: divide, as in time=120s/60s" if key == "time" else "as in load=470/s*60s" if key == "load" else ""
        raise InputError("a plain number is wanted", path=f"{name}: {key}", value=f"'{text}'", fix=fix)
    raise InputError(f"a {'time' if wanted == 1 else 'rate'} is wanted", path=f"{name}: {key}", value=f"'{text}'",
                     fix="such as 60s" if wanted == 1 else "such as 470/s")  # fmt: skip


def _words(key: str, parameter: inspect.Parameter, hint: Any) -> tuple[str, ...]:
    """The words that an argument may be."""
    if get_origin(hint) is Literal:
        return get_args(hint)
    if isinstance(parameter.default, bool):
        return ("true", "false")
    return ("stationary",) if key == "start" else ()


def _numbers(text: str, path: str) -> tuple[Any, list[Quantity]]:
    """A number, an array (commas), or a matrix (semicolons)."""
    rows = [[parse(cell, path) for cell in row.split(",")] for row in text.split(";")]
    if len({len(row) for row in rows}) > 1:
        raise InputError("the rows have different lengths", path=path, value=f"'{text}'")
    values = [[_number(q.value) for q in row] for row in rows]
    found = [q for row in rows for q in row]
    if len(rows) > 1:
        return values, found
    return values[0][0] if len(values[0]) == 1 else values[0], found


def _number(value: float) -> float | int:
    return int(value) if value == int(value) and abs(value) < 2**53 else value


def _signature(function: Callable[..., Any]) -> str:
    """The parameters without their annotations."""
    shown = [p.name if p.default is inspect.Parameter.empty else f"{p.name}={p.default}"
             for p in inspect.signature(function).parameters.values()]  # fmt: skip
    return f"({', '.join(shown)})"
