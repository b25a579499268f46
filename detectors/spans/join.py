"""Which spans are calls: entry spans of a service, and edges from who calls to who is called.

An edge is named by the caller's span where it carries the other end's name (``peer``). Otherwise parent and child are
joined, in either order, while both lie in a bounded memory of recent spans; they must come through the same partition.
What never finds its other end is no edge.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import IntEnum


class SpanKind(IntEnum):
    """OTLP's numbers."""

    UNSPECIFIED = 0
    INTERNAL = 1
    SERVER = 2
    CLIENT = 3
    PRODUCER = 4
    CONSUMER = 5


@dataclass(frozen=True, slots=True)
class Span:
    """What of a span is looked at."""

    entity: str
    kind: int
    interval: int
    """In which it ended."""
    duration: int
    """Ns."""
    error: bool
    key: str
    """Trace and span id, in hex; empty: not known."""
    parent: str = ""
    """The same of its parent; empty: a root."""
    peer: str = ""
    """Name of the other end, for a span of a caller."""
    uses: bool = False
    """The other end is a database, queue or cache."""


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a service (``peer`` empty) or over an edge."""

    entity: str
    peer: str
    uses: bool
    interval: int
    duration: int
    error: bool


_CALLERS = (SpanKind.CLIENT, SpanKind.PRODUCER)
_CALLED = (SpanKind.SERVER, SpanKind.CONSUMER)


@dataclass(slots=True)
class SpanJoin:
    """Recent spans of one slot, at most ``most`` of each kind; the oldest leave."""

    most: int = 20_000
    _recent: dict[str, tuple[str, bool]] = field(default_factory=dict)
    """Span to its entity and whether it named its other end itself."""
    _orphans: dict[str, list[Call]] = field(default_factory=dict)
    """Parent that was not seen yet to its children's calls, with an empty caller."""

    def calls(self, span: Span) -> Iterator[Call]:
        """Calls that are known now that this span is."""
        named = bool(span.peer) and span.kind in _CALLERS
        if span.kind in _CALLED or (span.kind not in _CALLERS and not span.parent):
            yield Call(span.entity, "", False, span.interval, span.duration, span.error)
        if named:
            yield Call(span.entity, span.peer, span.uses, span.interval, span.duration, span.error)
        if span.key:
            yield from self._adopt(span, named)
        if span.parent and span.kind not in _CALLERS:
            child = Call(span.entity, "", False, span.interval, span.duration, span.error)
            parent = self._recent.get(span.parent)
            if parent is None:
                self._wait(span, child)
            else:
                yield from _joined(parent, child, counted=span.kind in _CALLED)

    def _adopt(self, span: Span, named: bool) -> Iterator[Call]:  # noqa: FBT001 (private)
        self._recent[span.key] = (span.entity, named)
        if len(self._recent) > self.most:
            del self._recent[next(iter(self._recent))]
        for child in self._orphans.pop(span.key, ()):
            # An orphan with a mark in ``peer`` was counted as an entry of its service already.
            yield from _joined((span.entity, named), child, counted=child.peer == "counted")

    def _wait(self, span: Span, child: Call) -> None:
        mark = "counted" if span.kind in _CALLED else ""
        waiting = Call(child.entity, mark, False, child.interval, child.duration, child.error)
        if len(self._orphans) >= self.most:
            del self._orphans[next(iter(self._orphans))]
        siblings = self._orphans.setdefault(span.parent, [])
        if len(siblings) < 64:
            siblings.append(waiting)

    def to_json(self) -> list[object]:
        """State for a snapshot."""
        orphans = {
            key: [[call.entity, call.peer, call.interval, call.duration, call.error] for call in calls]
            for key, calls in self._orphans.items()
        }
        return [self._recent, orphans]

    @classmethod
    def from_json(cls, text: str, most: int = 20_000) -> SpanJoin:
        """The join that ``to_json`` was called on."""
        recent, orphans = json.loads(text)
        found = cls(most)
        found._recent = {key: (entity, named) for key, (entity, named) in recent.items()}
        found._orphans = {
            key: [Call(a, b, False, c, d, e) for a, b, c, d, e in calls] for key, calls in orphans.items()
        }
        return found


def _joined(parent: tuple[str, bool], child: Call, *, counted: bool) -> Iterator[Call]:
    entity, named = parent
    if entity == child.entity:
        return
    if not counted:
        yield Call(child.entity, "", False, child.interval, child.duration, child.error)
    if not named:
        yield Call(entity, child.entity, False, child.interval, child.duration, child.error)
