"""The one error that an import can end with."""

from __future__ import annotations


class ImportProblem(ValueError):
    """Something in the input that cannot be read, and what to do about it.

    `file` is the path as given, `line` counts from 1 (None where lines mean nothing), `value` is the
    offending text, `rule` what it breaks, `fix` the likely remedy ("" where there is none).
    """

    def __init__(self, file: str, line: int | None, value: str, rule: str, fix: str = "") -> None:
        self.file, self.line, self.value, self.rule, self.fix = file, line, _short(value), rule, fix
        super().__init__(str(self))

    def __str__(self) -> str:
        where = self.file if self.line is None else f"{self.file}:{self.line}"
        value = f": '{self.value}'" if self.value else ""
        fix = f"; {self.fix}" if self.fix else ""
        return f"{where}{value}: {self.rule}{fix}"

    def __reduce__(self) -> tuple[type[ImportProblem], tuple[str, int | None, str, str, str]]:
        return type(self), (self.file, self.line, self.value, self.rule, self.fix)


def _short(text: str, most: int = 80) -> str:
    """One printable line of at most `most` characters."""
    text = "".join(c if c.isprintable() else "?" for c in text.strip())
    return text if len(text) <= most else text[: most - 3] + "..."
