"""Calls, errors and durations per service and edge in intervals of ten seconds, additive until an interval closes.

Durations are counted in buckets of a quarter of a power of two of a microsecond, so a quantile is within 10 %.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass, field

from aiops.model.entities import Edge, EdgeKind
from detectors.intervals import INTERVAL, SECOND
from detectors.spans.join import Call

BUCKETS = 136
FORGET = 3600 * SECOND // INTERVAL
"""Intervals after which an edge or service that is not seen any more is forgotten."""
_TELL_AGAIN = 60 * SECOND // INTERVAL

Key = tuple[str, str]
"""Entity and peer; peer empty: the service itself."""


def bucket(duration: int) -> int:
    """Bucket of a duration in ns."""
    return min(BUCKETS - 1, max(0, int(4 * math.log2(max(duration, 1) / 1000)) + 1)) if duration > 1000 else 0


def milliseconds(number: int) -> float:
    """Middle of a bucket."""
    return float(2 ** ((number - 0.5) / 4) / 1000)


@dataclass(slots=True)
class Flow:
    """What a service or edge did in an interval."""

    calls: int = 0
    errors: int = 0
    durations: dict[int, int] = field(default_factory=dict)
    """Bucket to count."""

    def add(self, calls: int, errors: int, durations: dict[int, int]) -> None:
        """Adds another flow's figures."""
        self.calls += calls
        self.errors += errors
        for number, count in durations.items():
            self.durations[number] = self.durations.get(number, 0) + count

    def quantile(self, share: float) -> float:
        """Duration, ms."""
        wanted, seen = share * self.calls, 0
        for number, count in sorted(self.durations.items()):
            seen += count
            if seen >= wanted:
                return milliseconds(number)
        return 0.0


@dataclass(frozen=True, slots=True)
class Measured:
    """A service or edge in a closed interval."""

    entity: str
    peer: str
    at: int
    """End of the interval, ns."""
    flow: Flow


@dataclass(slots=True)
class FlowCounter:
    """Flows of one slot.

    Args:
        most: services and edges that are known at a time; further ones are not counted until others are forgotten.
    """

    most: int = 20_000
    _open: dict[int, dict[Key, Flow]] = field(default_factory=dict)
    _known: dict[Key, list[int]] = field(default_factory=dict)
    """Interval in which it was seen last, interval in which its edge was last told, whether it is a use."""

    def add_call(self, call: Call) -> None:
        """Counts one call; its interval must be open."""
        self.add(
            (call.entity, call.peer),
            call.interval,
            Flow(1, int(call.error), {bucket(call.duration): 1}),
            uses=call.uses,
        )

    def add(self, key: Key, interval: int, flow: Flow, *, uses: bool = False) -> None:
        """Adds figures of a service or edge; the interval must be open."""
        if key not in self._known:
            if len(self._known) >= self.most:
                return
            self._known[key] = [interval, -1, 0]
        if uses:
            self._known[key][2] = 1
        flows = self._open.setdefault(interval, {})
        known = flows.get(key)
        if known is None:
            known = flows[key] = Flow()
        known.add(flow.calls, flow.errors, flow.durations)

    def close(self, closed: int) -> tuple[list[Measured], list[Edge]]:
        """All intervals below ``closed`` in which anything was seen, oldest first, and the edges that are due."""
        measured: list[Measured] = []
        edges: list[Edge] = []
        for interval in sorted(number for number in self._open if number < closed):
            flows = self._open.pop(interval)
            at = (interval + 1) * INTERVAL
            for key in flows:
                self._known[key][0] = max(self._known[key][0], interval)
            stale = [key for key, (seen, _, _) in self._known.items() if interval - seen > FORGET]
            for key in stale:
                del self._known[key]
            measured += [Measured(*key, at, flows.get(key, Flow())) for key in self._known]
            edges += self._due(interval, flows, at)
        return measured, edges

    def _due(self, interval: int, flows: dict[Key, Flow], at: int) -> Iterator[Edge]:
        for (entity, peer), flow in flows.items():
            known = self._known[entity, peer]
            if peer and flow.calls and (known[1] < 0 or interval - known[1] >= _TELL_AGAIN):
                known[1] = interval
                kind = EdgeKind.USES if known[2] else EdgeKind.CALLS
                yield Edge(entity, peer, kind, "spans", at, flow.calls * SECOND / INTERVAL)

    def to_json(self) -> dict[str, object]:
        """State for a snapshot."""
        return {
            "open": [
                [number, [[*key, flow.calls, flow.errors, list(flow.durations.items())] for key, flow in flows.items()]]
                for number, flows in self._open.items()
            ],
            "known": [[*key, *state] for key, state in self._known.items()],
        }

    @classmethod
    def from_json(cls, text: str, most: int = 20_000) -> FlowCounter:
        """The counter that ``to_json`` was called on."""
        state = json.loads(text)
        found = cls(most)
        for number, flows in state["open"]:
            found._open[number] = {
                (entity, peer): Flow(calls, errors, {key: count for key, count in durations})  # noqa: C416
                for entity, peer, calls, errors, durations in flows
            }
        for entity, peer, *known in state["known"]:
            found._known[entity, peer] = known
        return found
