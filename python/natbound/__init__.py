"""How many connections a NAT can hold: guaranteed, likely and maximum, with evidence.

>>> import natbound
>>> scenario = natbound.load("examples/home-lan.yaml")
>>> scenario.answer().maximum.connections
64512
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from natbound._core import version as __version__
from natbound.errors import InputError, LimitReached, Unsupported

if TYPE_CHECKING:
    from natbound import calculator
    from natbound.design import Design, designs
    from natbound.scenario import Scenario, load
    from natbound.variants import sweep
    from natbound.working import limits

__all__ = [
    "Design",
    "InputError",
    "LimitReached",
    "Scenario",
    "Unsupported",
    "__version__",
    "calculator",
    "designs",
    "limits",
    "load",
    "sweep",
]


def __dir__() -> list[str]:
    return [*__all__, "__doc__", "__file__", "__name__", "__path__"]


def __getattr__(name: str) -> Any:
    """Imports on first use: a command that needs no arrays must not wait for NumPy."""
    import importlib

    home = {"Scenario": "scenario", "load": "scenario", "Design": "design", "designs": "design", "sweep": "variants", "limits": "working"}
    if name == "calculator":
        return importlib.import_module("natbound.calculator")
    if name in home:
        return getattr(importlib.import_module(f"natbound.{home[name]}"), name)
    raise AttributeError(f"module natbound has no attribute {name}")
