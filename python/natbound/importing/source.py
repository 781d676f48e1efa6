"""One input as lines of text: plain or gzip, from a file or a pipe, never held in memory as a whole.

A capture is text, and every tool that writes one ends it with a newline. So a missing newline at the end, or
a gzip stream without its end, means that the capture was cut; half a number would be read as a whole one
otherwise.
"""

from __future__ import annotations

import gzip
import io
import os
import stat
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from natbound.importing.problem import ImportProblem

MOST_BYTES = 256 << 20  # of text, after decompression: over a million conntrack events
MOST_IN_A_LINE = 64 << 10
MOST_JSON = 32 << 20  # JSON is the only kind that must be held as a whole
_SNIFF = 64 << 10


class Source:
    """An opened input: `head` is its beginning (to tell its kind), `lines()` all of it, once."""

    def __init__(self, path: Path) -> None:
        self.name = str(path)
        try:
            mode = os.stat(path).st_mode
            if stat.S_ISCHR(mode) or stat.S_ISBLK(mode) or stat.S_ISSOCK(mode):
                raise ImportProblem(self.name, None, "", "is a device, not a file", "name a file or a folder")
            self._raw = open(path, "rb", buffering=0)  # noqa: SIM115 (closed in close)
        except OSError as error:
            raise ImportProblem(self.name, None, "", f"cannot be read: {error.strerror}") from error
        self._stream: Any  # io.BufferedReader is generic in some typesheds only
        buffered = io.BufferedReader(self._raw, _SNIFF)
        self.size = os.stat(path).st_size if stat.S_ISREG(mode) else 0
        self.compressed = buffered.peek(2)[:2] == b"\x1f\x8b"
        self._stream = gzip.GzipFile(fileobj=buffered) if self.compressed else buffered
        try:
            self.head = bytes(self._stream.peek(_SNIFF)[:_SNIFF])
        except (OSError, EOFError, zlib.error) as error:
            self.close()
            raise self._broken(None, error) from error

    def is_binary(self) -> bool:
        """Text has no control characters but tab, newline, return and form feed."""
        return any(byte < 32 and byte not in (9, 10, 12, 13) for byte in self.head[:4096])

    def lines(self) -> Iterator[tuple[int, str]]:
        """Every line with its number from 1, without its newline; the last one must have had one."""
        if not self.compressed and self.size > MOST_BYTES:
            raise self._too_large()
        seen = 0
        number = 0
        while True:
            try:
                line = self._stream.readline(MOST_IN_A_LINE)
            except (OSError, EOFError, zlib.error) as error:
                raise self._broken(number or None, error) from error
            if not line:
                return
            number += 1
            seen += len(line)
            if seen > MOST_BYTES:
                raise self._too_large()
            if len(line) == MOST_IN_A_LINE:
                raise ImportProblem(self.name, number, "", f"a line longer than {MOST_IN_A_LINE} bytes")
            if b"\0" in line:
                raise ImportProblem(self.name, number, "", "binary data in a text", "capture it again as text")
            text = line.decode("utf-8", "replace")
            if not text.endswith("\n"):
                raise ImportProblem(
                    self.name,
                    number,
                    text,
                    "the file ends in the middle of a line: the capture is truncated",
                    "capture it again, or end its last line with a newline if it is whole",
                )
            yield number, text.rstrip("\r\n")

    def text(self) -> str:
        """The whole of a small file, for JSON."""
        try:
            data: bytes = self._stream.read(MOST_JSON + 1)
        except (OSError, EOFError, zlib.error) as error:
            raise self._broken(None, error) from error
        if len(data) > MOST_JSON:
            raise ImportProblem(self.name, None, "", f"JSON larger than {MOST_JSON >> 20} MiB is not read")
        return data.decode("utf-8", "replace")

    def close(self) -> None:
        """Close the file; harmless when repeated."""
        self._raw.close()

    def _too_large(self) -> ImportProblem:
        return ImportProblem(
            self.name,
            None,
            "",
            f"larger than {MOST_BYTES >> 20} MiB of text",
            "a few minutes of events are enough: capture less, or cut it at a line (head -n 1000000)",
        )

    def _broken(self, line: int | None, error: Exception) -> ImportProblem:
        if isinstance(error, (EOFError, zlib.error)) or self.compressed:
            return ImportProblem(self.name, line, "", f"the gzip file is truncated or damaged: {error}", "copy it again")
        return ImportProblem(self.name, line, "", f"cannot be read: {error}")
