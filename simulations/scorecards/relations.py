"""Entities that a fault can affect: its own, their dependants, and those that calls and load reach.

An incident that opens while a fault lasts but has few members among these has another cause: a false alarm.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from aiops.model.entities import EdgeKind
from simulations.world.estate import Estate
from simulations.world.layout import Layout
from simulations.world.reporter import edges


class FaultRelations:
    """The entities that faults can affect, in one estate."""

    def __init__(self, estate: Estate) -> None:
        layout = Layout(estate)
        self._fronts = [layout.ids[n] for n in layout.fixed.front]
        self._sites = set(layout.sites)
        self._up: dict[str, set[str]] = {}
        self._down: dict[str, set[str]] = {}
        self._whole: dict[str, str] = {}
        for edge in edges(layout):
            self._up.setdefault(edge.target, set()).add(edge.source)
            if edge.kind in {EdgeKind.CALLS, EdgeKind.USES}:
                self._down.setdefault(edge.source, set()).add(edge.target)
            elif edge.source in layout.instance_index and edge.kind is EdgeKind.PART_OF:
                self._whole[edge.source] = edge.target
            elif edge.source.startswith("agent-"):
                # An agent sends the telemetry of its host.
                self._up.setdefault(edge.source, set()).add(edge.target)

    def service_of(self, entity: str) -> str:
        """The service of an instance; any other entity itself."""
        return self._whole.get(entity, entity)

    def reach(self, roots: Iterable[str]) -> set[str]:
        """All entities that a fault of these entities can affect."""
        begun = set(roots)
        if begun & self._sites:
            begun |= set(self._fronts)
        # Load and retries go the other way, down the calls.
        return self._closed(begun, self._up) | self._closed(begun, self._down)

    def _closed(self, begun: set[str], steps: dict[str, set[str]]) -> set[str]:
        found, waiting = set(begun), deque(begun)
        while waiting:
            entity = waiting.popleft()
            whole = {self._whole[entity]} if entity in self._whole and steps is self._up else set()
            for other in (steps.get(entity, set()) | whole) - found:
                found.add(other)
                waiting.append(other)
        return found
