"""Counts of log lines per entity, severity and template in intervals of ten seconds, and news of error templates.

A template's series is named by the text that the template had when its first interval closed. Known templates count 0
in intervals in which the input spoke of anything at all, so that the end of a burst can be seen; a pause of the whole
input is no zero. What was not seen for an hour is forgotten.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from detectors.intervals import INTERVAL, SECOND
from detectors.logs.miner import OTHER, Miner

FORGET = 3600 * SECOND // INTERVAL
"""Intervals after which a template that is not seen any more is forgotten."""
ERROR, WARNING, INFO = "error", "warning", "info"


def level(severity: int) -> str:
    """OTLP's severity number as one of three words."""
    return ERROR if severity >= 17 else WARNING if severity >= 13 else INFO


@dataclass(frozen=True, slots=True)
class LogSettings:
    """Bounds of what logs may cost."""

    templates: int = 200
    """Templates an entity."""
    entities: int = 2_000
    """Entities with templates of their own; lines of others are counted by severity alone."""
    warm_up_seconds: float = 600.0
    """A template is news only when its entity has been known for so long."""


@dataclass(frozen=True, slots=True)
class Counted:
    """One series' count in a closed interval."""

    entity: str
    severity: str
    template: str
    at: int
    """End of the interval, ns."""
    count: int
    new: bool
    """A template of severity error that its entity, long known, never wrote before."""


Key = tuple[str, str, int]
"""Entity, severity, template number."""


@dataclass(slots=True)
class _Entity:
    miner: Miner
    first: int
    """Interval in which the entity was seen first."""


@dataclass(slots=True)
class LogCounter:
    """Templates and counts of one slot."""

    settings: LogSettings = field(default_factory=LogSettings)
    _entities: dict[str, _Entity] = field(default_factory=dict)
    _open: dict[int, Counter[Key]] = field(default_factory=dict)
    _known: dict[Key, tuple[str, int]] = field(default_factory=dict)
    """Name of each template's series and the interval in which it was seen last."""
    _news: set[Key] = field(default_factory=set)

    def add(self, entity: str, severity: str, masked: str, interval: int, count: int = 1) -> None:
        """Counts lines with this masked text; ``interval`` must be open."""
        known = self._entities.get(entity)
        number = OTHER
        if known is None and len(self._entities) < self.settings.entities:
            known = self._entities[entity] = _Entity(Miner(self.settings.templates), interval)
        if known is not None:
            number, new = known.miner.match(masked, interval)
            warm = (interval - known.first) * INTERVAL >= self.settings.warm_up_seconds * SECOND
            if new and warm and severity == ERROR:
                self._news.add((entity, severity, number))
        counts = self._open.get(interval)
        if counts is None:
            counts = self._open[interval] = Counter()
        counts[entity, severity, number] += count

    def close(self, closed: int) -> list[Counted]:
        """Counts of all intervals below ``closed`` that had any line, oldest first."""
        told: list[Counted] = []
        for interval in sorted(number for number in self._open if number < closed):
            told.extend(self._close(interval, self._open.pop(interval)))
        if told:
            self._shrink()
        return told

    def _close(self, interval: int, counts: Counter[Key]) -> Iterable[Counted]:
        for key in counts:
            name = self._known.pop(key, (None, 0))[0]
            self._known[key] = (self._name(key) if name is None else name, interval)
        stale = [key for key, (_, seen) in self._known.items() if interval - seen > FORGET]
        for key in stale:
            del self._known[key]
        at = (interval + 1) * INTERVAL
        merged: dict[tuple[str, str, str], list[int]] = {}
        for key, (name, _) in self._known.items():
            entry = merged.setdefault((key[0], key[1], name), [0, 0])
            entry[0] += counts.get(key, 0)
            entry[1] |= int(key in self._news and key in counts)
        self._news.difference_update(counts)
        for (entity, severity, name), (count, new) in merged.items():
            yield Counted(entity, severity, name, at, count, bool(new))

    def _name(self, key: Key) -> str:
        known = self._entities.get(key[0])
        return "<other>" if known is None or key[2] == OTHER else known.miner.template(key[2])

    def _shrink(self) -> None:
        for entity, known in self._entities.items():
            for number in known.miner.shrink():
                for severity in (ERROR, WARNING, INFO):
                    self._known.pop((entity, severity, number), None)
                    self._news.discard((entity, severity, number))

    def to_bytes(self) -> bytes:
        """State for a snapshot; the same state gives the same bytes."""
        state = {
            "entities": [[name, known.first, known.miner.to_json()] for name, known in self._entities.items()],
            "open": [[number, [[*key, count] for key, count in found.items()]] for number, found in self._open.items()],
            "known": [[*key, name, seen] for key, (name, seen) in self._known.items()],
            "news": sorted(self._news),
        }
        return json.dumps(state, ensure_ascii=False, separators=(",", ":")).encode()

    @classmethod
    def from_bytes(cls, value: bytes, settings: LogSettings) -> LogCounter:
        """The counter that ``to_bytes`` was called on."""
        state: dict[str, Any] = json.loads(value)
        found = cls(settings)
        for name, first, miner in state["entities"]:
            found._entities[name] = _Entity(Miner.from_json(miner, settings.templates), first)
        for number, counts in state["open"]:
            found._open[number] = Counter({(a, b, c): count for a, b, c, count in counts})
        for entity, severity, number, name, seen in state["known"]:
            found._known[entity, severity, number] = (name, seen)
        found._news = {(entity, severity, number) for entity, severity, number in state["news"]}
        return found
