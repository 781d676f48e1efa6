"""Every public function of the calculator says what it takes and gives: shapes, units, domain, errors, accuracy and source."""

from __future__ import annotations

import inspect
import re

import pytest
from natbound import calculator

FUNCTIONS = [name for name in calculator.__all__ if inspect.isfunction(getattr(calculator, name))]
MARKS = {
    "shapes": r"broadcast|last dimension|[Ss]hapes|a number, or one|scalars only",
    "units": r"Erlang|per port|mean holds?|[Uu]nit|connections|services|entries|ports|alpha|probability|share",
    "domain": r"\d to [\de]|0 < |above 0|at most|or more|[Dd]omain|from 1|arguments",
    "errors": r"ValueError",
    "accuracy": r"[Ee]xact|[Ee]rror (at most |about |below )?\d|to (some )?\de-|within|1e-\d+|accuracy|20 %|times the loss",
    "source": r"(1[89]|20)\d\d\b|[Ss]ource",
}


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("mark", MARKS)
def test_a_docstring_says_it(name: str, mark: str) -> None:
    text = " ".join((inspect.getdoc(getattr(calculator, name)) or "").split())
    assert re.search(MARKS[mark], text), text


@pytest.mark.parametrize("name", FUNCTIONS)
def test_its_arguments_are_named(name: str) -> None:
    """Those that are not said in the name of another function that has them."""
    text = inspect.getdoc(getattr(calculator, name)) or ""
    referred = set(re.findall(r"`(\w+)", text))
    known = {p for other in referred & set(FUNCTIONS) for p in inspect.signature(getattr(calculator, other)).parameters}
    for parameter in inspect.signature(getattr(calculator, name)).parameters:
        assert parameter in known or re.search(rf"\b{parameter}s?\b", text), parameter
