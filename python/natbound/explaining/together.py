"""Several changes together, where no one kind alone makes a demand fit, or costs more: reason after reason, the cheapest that mends each."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from natbound.errors import InputError
from natbound.explaining.kinds import Kind, kinds_of, of_servers
from natbound.explaining.parts import parts_of, shown_in_parts
from natbound.explaining.question import Pair, changed, fits, total
from natbound.explaining.reasons import Reasons
from natbound.explaining.search import least

if TYPE_CHECKING:
    from natbound.scenario import Scenario

MOST_KINDS = 6  # more changes together are no explanation


@dataclass(frozen=True)
class _Part:
    """So many of a kind."""

    kind: Kind
    n: int


class Together:
    """Changes of several kinds with which a demand fits; each is the least beside the others."""

    def __init__(self, scenario: Scenario, pairs: list[Pair], price: Mapping[str, float]) -> None:
        self.scenario, self.pairs, self.price = scenario, pairs, price
        self.network = parts_of(scenario)
        self.parts: dict[tuple[str, str], _Part] = {}
        self.left_out: set[tuple[str, str]] = set()  # kinds that are not to be used

    def found(self, by_reasons: bool = False) -> dict[str, Any] | None:
        """The change, as `changes` has them; None where none was found. The cheapest of these: reason after reason; the same without one of the
        kinds that this took; as little of everything as does, the dearest first (not `by_reasons`, where one kind alone does). Each part is
        the least beside the others; another choice of kinds may be cheaper."""
        choices: list[tuple[float, int, dict[tuple[str, str], _Part]]] = []

        def add(found: bool) -> None:
            if found and len(self.parts) > 1:
                choices.append((sum(self._cost(part) for part in self.parts.values()), len(choices), self.parts))

        add(self._by_reasons())
        for key in list(self.parts) if choices else []:
            self.parts, self.left_out = {}, {key}
            add(self._by_reasons())
        self.parts, self.left_out = {}, set()
        if not by_reasons and self.lacking() <= MOST_KINDS:
            add(self._mend_by_all(self.pairs))
        if not choices:
            return None
        self.parts = min(choices)[2]
        return self._shown()

    @functools.cached_property
    def _of_servers(self) -> list[str]:
        """As much as there may be of everything that is not of one part of the network alone."""
        canonical, most = self.scenario.canonical, max(1, total(self.pairs))
        kinds = of_servers(canonical, {p["to"] for p in self.pairs})
        return [text for kind in kinds if kind.monotone for text in kind.settings(min(kind.most, most))]

    def lacking(self) -> int:
        """How many parts of the network lack something that no change of the servers mends, so that each needs a change of its own."""
        return self.network.lacking(self._of_servers, self.pairs)

    def _by_reasons(self) -> bool:
        while True:
            verdict = self.network.fits(self._settings(), self.pairs)
            if verdict:
                self._shrink(self.pairs)
                return True
            now = None if verdict is None or len(self.parts) == MOST_KINDS else self._with()
            if now is None or not self._mend(now):
                return False

    def _settings(self, key: tuple[str, str] | None = None, n: int = 0) -> list[str]:
        """Of all parts, with n of that kind in place of its own number."""
        numbers = [(part.kind, n if k == key else part.n) for k, part in self.parts.items()]
        return [text for kind, many in numbers if many for text in kind.settings(many)]

    def _with(self) -> Scenario | None:
        return changed(self.scenario, self._settings())

    def _fits(self, key: tuple[str, str], n: int, pairs: list[Pair]) -> bool | None:
        """Whether these fit with n of that kind beside the other parts."""
        return self.network.fits(self._settings(key, n), pairs)

    def _cost(self, part: _Part) -> float:
        return part.kind.cost(self.price, part.n)

    def _mend(self, now: Scenario) -> bool:
        """Adds what mends the first reason, alone, for the least on top of what is there."""
        reason = next(iter(Reasons(now, self.pairs)), None)
        if reason is None:
            return False
        some = [self.pairs[i] for i in sorted(reason)]
        best: tuple[float, tuple[str, str], _Part] | None = None
        for kind in self._kinds(now, some):
            key = kind.key
            before = self.parts.get(key)
            self.parts[key] = _Part(kind, 0)
            most = min(kind.most, max(1, total(some)))
            number = least(lambda n, key=key: self._fits(key, n, some), most, True, quick=True)  # type: ignore[misc]
            if before is None:
                del self.parts[key]
            else:
                self.parts[key] = before
            if number.n is None:
                continue
            added = kind.cost(self.price, number.n) - (self._cost(before) if before else 0)
            if best is None or added < best[0]:
                best = (added, key, _Part(kind, number.n))
        if best is None:
            return self._mend_by_all(some)
        if self.parts.get(best[1]) == best[2]:
            return False
        self.parts[best[1]] = best[2]
        return True

    def _kinds(self, now: Scenario, some: list[Pair]) -> list[Kind]:
        """What there can be more of, counted from where it began."""
        new = kinds_of(now, {p["from"] for p in some}, {p["to"] for p in some})
        some_kinds = [k for k in new if k.monotone and k.key not in self.left_out]
        return [self.parts[k.key].kind if k.key in self.parts else k for k in some_kinds]

    def _mend_by_all(self, some: list[Pair]) -> bool:
        """As much as there may be of everything, and then as little as does."""
        before = dict(self.parts)
        now = self._with()
        wanted = [kind.key for kind in self._kinds(now, some)] if now is not None else []
        for key in wanted:  # each beside those before: two sets may not grow into the same addresses
            now = self._with()
            kind = next((k for k in self._kinds(now, some) if k.key == key), None) if now is not None else None
            if kind is not None:
                self.parts[key] = _Part(kind, min(kind.most, max(1, total(some))))
        now = self._with()
        if now is None or not fits(now, some):
            return False
        self._shrink(some, before)
        return self.parts != before

    def _shrink(self, pairs: list[Pair], least_parts: Mapping[tuple[str, str], _Part] | None = None) -> None:
        """Each to the least that does beside the others (and no less than in `least_parts`), the dearest first."""
        kept = least_parts or {}
        for key in sorted(self.parts, key=lambda k: self._cost(self.parts[k]), reverse=True):
            part, below = self.parts[key], kept[key].n if key in kept else 0
            if self._fits(key, below, pairs):
                if below:
                    self.parts[key] = kept[key]
                else:
                    del self.parts[key]
                continue
            number = least(lambda n, key=key: self._fits(key, n, pairs), part.n, True)  # type: ignore[misc]
            if number.n is not None:
                self.parts[key] = _Part(part.kind, number.n)

    def _shown(self) -> dict[str, Any]:
        parts = [self._needed(key) for key in self.parts]
        settings = self._settings()
        first, *others = parts
        return {
            **first,
            "enough": True,
            "monotone": True,
            "amount": first["more"],
            "change": " and ".join(part["change"] for part in parts),
            "smallest": all(part["one_less"] is not None or "one_less_breaks" in part for part in parts),
            "apply": [f"--set {text}" for text in settings],
            "sufficient": shown_in_parts(self.scenario.with_settings(*settings), self.pairs).get("evidence"),
            "with": others,
        }

    def _needed(self, key: tuple[str, str]) -> dict[str, Any]:
        """A part; with one less of it beside the others the demand does not fit."""
        part = self.parts[key]
        out: dict[str, Any] = {"of": part.kind.of, "change": part.kind.words(part.n), "one_less": None} | part.kind.told(part.n)
        try:
            other = self.scenario.with_settings(*self._settings(key, part.n - 1))
        except InputError as error:  # with one less the others can't be had: so large sets, from so few addresses
            return out | {"one_less_breaks": str(error)}
        return out | {"one_less": shown_in_parts(other, self.pairs).get("evidence")}
