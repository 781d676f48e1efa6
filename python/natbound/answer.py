"""The answer to a scenario, as a result, a page, a table and a picture."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from natbound.results import Result

if TYPE_CHECKING:
    from natbound.scenario import Scenario


class Answer(Result):
    """The three numbers and all around them.

    Fields: `guaranteed`, `likely`, `maximum` (each with `connections` and `evidence`), `traffic` (the refusal probability at the
    scenario's own traffic), `limits` (the binding one first), `failure`, `watch`, `remedies`, `assumptions`. Printed, it is the page of the
    command line; in a notebook, a table and one picture.
    """

    def __init__(self, data: dict[str, Any], scenario: Scenario | None = None) -> None:
        super().__init__(data)
        self._scenario = scenario

    def page(self, width: int = 100) -> str:
        """The page that `natbound answer` prints, as plain text."""
        from natbound.page import plain

        return plain(self._data, width)

    def plot(self, ax: Any = None) -> Any:
        """Refusal probability against load, with the three numbers marked. Returns the Matplotlib axes."""
        from natbound.pictures import plot_answer

        return plot_answer(self._data, ax)

    def __repr__(self) -> str:
        return "Answer({})".format(", ".join(f"{name}={self._data[name]['connections']}" for name in ("guaranteed", "likely", "maximum")))

    def _repr_html_(self) -> str:
        from natbound.pictures import answer_html

        return answer_html(self._data)
