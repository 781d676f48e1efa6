"""What must be changed in any case: a limit that is less than what is wanted through its NAT. Other changes stand on it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from natbound.explaining.entries import Entries, entries_of, told
from natbound.explaining.parts import Parts, parts_of, shown_in_parts
from natbound.explaining.question import Pair, changed

if TYPE_CHECKING:
    from natbound.scenario import Scenario


@dataclass(frozen=True)
class Limit:
    """One that must be raised by so much."""

    entries: Entries
    more: int

    @property
    def words(self) -> str:
        """In words."""
        return self.entries.needed(self.more)

    def told(self) -> dict[str, Any]:
        """Its kind, whose it is, and how much more of it."""
        return {"of": self.entries.name} | told(self.entries.amounts(self.more))


def needed_limits(scenario: Scenario, pairs: Sequence[Pair]) -> list[Limit]:
    """The limits that are less than what is wanted. One on mappings is of that kind where each connection has a mapping of its own."""
    out = []
    protocols = {v["name"]: v["protocol"] for v in scenario.canonical["servers"]}
    for i, nat in enumerate(scenario.canonical.get("nats", [])):
        if not nat.get("connection-limits") and not nat.get("mapping-limits"):
            continue
        through = parts_of(scenario).behind(i, every_way=True)
        mine = [p for p in pairs if p["from"] in through]
        own = nat["design"].get("mapping-type", "edm") in ("edm", "eim-if-possible")
        for entries in entries_of(scenario, i, nat):
            wanted = sum(int(p["connections"]) for p in mine if entries.protocol in ("", protocols[p["to"]]))
            if (entries.limit == "table" or own) and entries.now < wanted <= entries.now + entries.most:
                out.append(Limit(entries, wanted - entries.now))
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
        other = changed(self.scenario, [text for limit in limits for text in limit.entries.settings(limit.more)])
        return None if other is None else Base(other, self.pairs, limits, self.scenario)

    @property
    def network(self) -> Parts:
        """What is asked with more fields changed."""
        return parts_of(self.scenario)

    def shown(self, settings: Sequence[str]) -> dict[str, Any]:
        """Whether the demand fits with these, and the certificate."""
        return shown_in_parts(self.scenario.with_settings(*settings), self.pairs)

    def words(self, change: str) -> str:
        """The change, after those that it stands on."""
        return " and ".join([*(part.words for part in self.parts), change])

    def done(self, settings: Sequence[str]) -> dict[str, Any]:
        """How the change is made, the certificate that it is enough, and what it stands on, each shown to be needed."""
        raised = [text for part in self.parts for text in part.entries.settings(part.more)]
        out: dict[str, Any] = {
            "apply": [f"--set {text}" for text in [*raised, *settings]],
            "sufficient": self.shown(settings).get("evidence"),
        }
        return out | ({"with": [self.needed(part, settings) for part in self.parts]} if self.parts else {})

    def needed(self, part: Limit, settings: Sequence[str] = ()) -> dict[str, Any]:
        """A limit that was raised; with one less the demand does not fit."""
        less = shown_in_parts((self.before or self.scenario).with_settings(*self._raised_less(part), *settings), self.pairs)
        return part.told() | {"change": part.words, "one_less": less.get("evidence")}

    def _raised_less(self, part: Limit) -> list[str]:
        """The settings of all that were raised, this one by one less."""
        return [text for other in self.parts for text in other.entries.settings(other.more - (other is part))]

    def alone(self) -> dict[str, Any]:
        """The raised limits as a change of their own."""
        first, *others = self.parts
        out: dict[str, Any] = first.told() | {"enough": True, "monotone": True}
        out |= {"amount": out["more"], "change": " and ".join(part.words for part in self.parts), "smallest": True} | self.done([])
        out["one_less"] = out.pop("with")[0]["one_less"]
        return out | ({"with": [self.needed(part) for part in others]} if others else {})
