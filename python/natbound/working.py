"""Limits of time and memory on what is asked, and the way to stop a solver that runs outside Python.

>>> import natbound
>>> with natbound.limits(seconds=10, memory=2_000_000_000):
...     found = natbound.load("examples/cgnat.yaml").capacity()
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

from natbound import _core
from natbound.errors import InputError, LimitReached

T = TypeVar("T")


@dataclass(frozen=True)
class _Limits:
    seconds: float | None = None
    until: float | None = None  # of time.monotonic()
    memory: int | None = None

    def apply(self) -> None:
        left = None if self.until is None else max(0.0, self.until - time.monotonic())
        _core.limit_work(left, self.memory, self.seconds)


_here = threading.local()


def _now() -> _Limits:
    return getattr(_here, "limits", _Limits())


@contextlib.contextmanager
def limits(seconds: float | None = None, memory: int | None = None) -> Iterator[None]:
    """What this thread asks inside the block ends after so many seconds (> 0), or when the process has taken so many bytes (> 0) of resident
    memory more than before: results then say `limit` (`kind`, `step`, `says`) and give the bounds found so far; where there are none,
    `LimitReached` is raised. An inner block can't last longer than an outer one. Time is looked at every few milliseconds; memory too, and
    before large parts whose size is known in advance are made."""
    for name, value in (("seconds", seconds), ("memory", memory)):
        if value is not None and not 0 < value < 1e15:
            raise InputError("a number above 0 is wanted", path=name, value=str(value))
    outer = _now()
    until = None if seconds is None else time.monotonic() + seconds
    if outer.until is not None and (until is None or outer.until < until):
        seconds, until = outer.seconds, outer.until
    _here.limits = _Limits(seconds, until, outer.memory if memory is None else memory)
    _here.limits.apply()
    try:
        yield
    finally:
        _here.limits = outer
        outer.apply()


def time_left(most: float) -> float:
    """Seconds that may still be spent: at most so many, and 0 when the time is up."""
    until = _now().until
    return most if until is None else max(0.0, min(most, until - time.monotonic()))


def check(step: str) -> None:
    """Raises LimitReached when the time is up; `step` is what is about to be done, in words."""
    now = _now()
    if now.until is not None and time.monotonic() > now.until:
        raise LimitReached(f"the time limit of {now.seconds:.4g} s was reached while {step}")


def stoppable(work: Callable[[], T], stop: Callable[[], Any]) -> T:
    """What `work` returns, which runs outside Python for long; Ctrl-C calls `stop`, and comes as usual."""
    out: list[T] = []
    failed: list[BaseException] = []

    def run() -> None:
        try:
            out.append(work())
        except BaseException as error:
            failed.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        while thread.is_alive():
            thread.join(0.05)
    except BaseException:
        stop()
        thread.join(1.0)
        raise
    if failed:
        raise failed[0]
    return out[0]
