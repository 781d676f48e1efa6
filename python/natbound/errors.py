"""What can go wrong, each error with where, what, which rule and, where there is one, the likely fix."""

from __future__ import annotations

# A question that is well put, and that this version can't settle: the class that the core raises, so that one `except` catches both.
# LimitReached is one that a limit of time or memory left so (natbound.limits).
from natbound._core import LimitReached, Unsupported

__all__ = ["InputError", "LimitReached", "Unsupported"]


class InputError(ValueError):
    """A scenario, design or argument that breaks a rule.

    Attributes: `file` and `line` (None where unknown), `path` (the field, such as `clients[0].ports`), `value`,
    `rule` and `fix`.
    """

    def __init__(
        self,
        rule: str,
        *,
        file: str | None = None,
        line: int | None = None,
        path: str = "",
        value: str = "",
        fix: str = "",
    ) -> None:
        self.file, self.line, self.path, self.value, self.rule, self.fix = file, line, path, value, rule, fix
        place = "" if file is None else file if line is None else f"{file}:{line}"
        text = ": ".join(part for part in (place, path, value, rule) if part)
        super().__init__(f"{text}; {fix}" if fix else text)
