"""What must be changed in any case: a limit that is less than what is wanted through its NAT. Other changes stand on it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from natbound.explaining.question import Pair, changed, shown

if TYPE_CHECKING:
    from natbound.scenario import Scenario

LIMITS = {
    "table": ("connection-limits", "limit-per-instance", "table"),
    "mapping": ("mapping-limits", "limit-port-mappings", "mappings"),
}


@dataclass(frozen=True)
class Limit:
    """One that must be raised by so much."""

    kind: str
    nat: int
    name: str
    now: int
    more: int

    def setting(self, by: int) -> str:
        """Raised by so much."""
        field, key, _ = LIMITS[self.kind]
        return f"nats.{self.nat}.{field}.{key}={self.now + by}"

    @property
    def words(self) -> str:
        """In words."""
        what = "a flow table" if self.kind == "table" else "a limit on mappings"
        return f"{what} of {self.now + self.more:,} in {self.name} ({self.more:,} more)"


def needed_limits(canonical: dict[str, Any], pairs: Sequence[Pair]) -> list[Limit]:
    """The limits that are less than what is wanted. One on mappings is of that kind where each connection has a mapping of its own."""
    out = []
    for i, nat in enumerate(canonical.get("nats", [])):
        wanted = sum(int(p["connections"]) for p in pairs if p["from"] in nat["inside"])
        for kind, (field, key, _) in LIMITS.items():
            now = nat.get(field, {}).get(key)
            own = kind == "table" or nat["design"].get("mapping-type", "edm") in ("edm", "eim-if-possible")
            if now is not None and own and int(now) < wanted:
                out.append(Limit(kind, i, nat["name"], int(now), wanted - int(now)))
    return out


@dataclass(frozen=True)
class Base:
    """A scenario with what must be changed in any case already changed."""

    scenario: Scenario
    pairs: list[Pair]
    parts: list[Limit]
    before: Scenario | None = None

    def raised(self, limits: list[Limit]) -> Base | None:
        """With these limits raised; None where a scenario may not have such ones."""
        other = changed(self.scenario, [limit.setting(limit.more) for limit in limits])
        return None if other is None else Base(other, self.pairs, limits, self.scenario)

    def changed(self, settings: Sequence[str]) -> Scenario | None:
        """With more fields changed."""
        return changed(self.scenario, settings)

    def shown(self, settings: Sequence[str]) -> dict[str, Any]:
        """Whether the demand fits with these, and the certificate."""
        return shown(self.scenario.with_settings(*settings), self.pairs)

    def words(self, change: str) -> str:
        """The change, after those that it stands on."""
        return " and ".join([*(part.words for part in self.parts), change])

    def done(self, settings: Sequence[str]) -> dict[str, Any]:
        """How the change is made, the certificate that it is enough, and what it stands on, each shown to be needed."""
        raised = [part.setting(part.more) for part in self.parts]
        out: dict[str, Any] = {"apply": [f"--set {text}" for text in [*raised, *settings]], "sufficient": self.shown(settings)["evidence"]}
        return out | ({"with": [self.needed(part, settings) for part in self.parts]} if self.parts else {})

    def needed(self, part: Limit, settings: Sequence[str] = ()) -> dict[str, Any]:
        """A limit that was raised; with one less the demand does not fit."""
        less = shown(self.scenario.with_settings(part.setting(part.more - 1), *settings), self.pairs)
        return {"kind": part.kind, "of": part.name, "more": part.more, "change": part.words, "one_less": less.get("evidence")}

    def alone(self) -> dict[str, Any]:
        """The raised limits as a change of their own."""
        first, *others = self.parts
        out: dict[str, Any] = {
            "kind": first.kind,
            "of": first.name,
            "enough": True,
            "monotone": True,
            "more": first.more,
            "amount": first.more,
        }
        out |= {"change": " and ".join(part.words for part in self.parts), "smallest": True} | self.done([])
        out["one_less"] = out.pop("with")[0]["one_less"]
        return out | ({"with": [self.needed(part) for part in others]} if others else {})
