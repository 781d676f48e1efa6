"""What every command about a scenario takes: a file, or a few numbers in its place, and --set.

`@about_a_scenario` gives a function whose first argument is a `Scenario` the options for it, so that they are the same everywhere.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any, get_type_hints

import typer

from natbound.cli.common import Settings
from natbound.cli.quick import Numbers
from natbound.errors import InputError

if TYPE_CHECKING:
    from natbound.scenario import Scenario

File = Annotated[
    str | None,
    typer.Argument(metavar="SCENARIO", show_default=False, help="A scenario in YAML or JSON; - is standard input. Or numbers instead."),
]

# The names are those of `Numbers`.
NUMBERS: dict[str, Any] = {
    "live": Annotated[float | None, typer.Option(help="Without a file: mean live connections.")],
    "rate": Annotated[str | None, typer.Option(help="Without a file: new connections, as in 700/s.")],
    "hold": Annotated[str | None, typer.Option(help="Without a file: how long each holds its tuple, as in 60s.")],
    "addresses": Annotated[int | None, typer.Option(min=1, help="Without a file: public addresses. Default 1.")],
    "ports": Annotated[int | None, typer.Option(min=1, max=65535, help="Without a file: ports an address. Default: the design's.")],
    "clients": Annotated[int | None, typer.Option(min=1, help="Without a file: client machines. Default 1000.")],
    "destinations": Annotated[int | None, typer.Option(min=1, help="Without a file: server endpoints, evenly used. Default 1.")],
    "design": Annotated[str | None, typer.Option(help="Without a file: how the NAT picks ports. Default linux-masquerade.")],
}


def about_a_scenario(command: Callable[..., None], needs_traffic: bool = True) -> Callable[..., None]:
    """The command with a file, numbers and settings in place of its first argument, which must be a `Scenario`."""
    hints = get_type_hints(command, globalns={**command.__globals__, "Scenario": object}, include_extras=True)
    own = list(inspect.signature(command).parameters.values())[1:]
    kind = inspect.Parameter.KEYWORD_ONLY

    def run(**values: Any) -> None:
        numbers = Numbers(**{name: values.pop(name) for name in NUMBERS})
        command(scenario_of(values.pop("scenario"), values.pop("settings"), numbers, needs_traffic), **values)

    parameters = [
        inspect.Parameter("scenario", kind, default=None, annotation=File),
        *(p.replace(kind=kind, annotation=hints[p.name]) for p in own),
        inspect.Parameter("settings", kind, default=None, annotation=Settings),
        *(inspect.Parameter(name, kind, default=None, annotation=hint) for name, hint in NUMBERS.items()),
    ]
    run.__name__, run.__doc__, run.__module__ = command.__name__, command.__doc__, command.__module__
    run.__annotations__ = {p.name: p.annotation for p in parameters}
    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    return run


def about_what_fits(command: Callable[..., None]) -> Callable[..., None]:
    """The same for a command that needs no traffic."""
    return about_a_scenario(command, needs_traffic=False)


def scenario_of(file: str | None, settings: list[str] | None, numbers: Numbers, needs_traffic: bool = True) -> Scenario:
    """The scenario of a file or of numbers, with settings applied; an error where both are given, or neither."""
    from natbound.scenario import Scenario, load

    given = numbers.given()
    if file is not None:
        if given:
            fix = "use --set nats.design=..." if given == ["--design"] else "use --set traffic.rate=700/s and the like"
            raise InputError("goes with no file: a scenario has it inside", path=", ".join(given), fix=fix)
        return load(file, settings or [])
    from natbound.cli.quick import quick_scenario
    from natbound.settings import apply_settings

    document = quick_scenario(numbers, needs_traffic)
    apply_settings(document, settings or [])
    return Scenario(document)
