"""Correlation of episodes into incidents: episodes that may have one cause, close in the graph and in time.

Two entities may have one cause when both need an item C (C may be one of them) and the paths from both to C have at
most ``hops`` edges together. A normal caller of both does not connect them. A shared host, zone or much-used service
would connect too many entities. A normal one therefore counts only once it is *hot*: more of its dependants became
abnormal together than chance explains.

Each open incident keeps the set of items within reach. An episode of a storm therefore costs one look-up.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import IntEnum
from math import ceil
from typing import TypeVar

from aiops.model.durations import SECOND
from topology.graph import BUSINESS_SERVICE, CALLS, USES, Graph

Key = TypeVar("Key", int, str)

HUB = 16
"""An item with more dependants than this is a hub."""
HOT_SHARE = 0.5
"""Share of an item's dependants that must become abnormal together to make it hot …"""
HOT_LEAST, HOT_MOST = 3, 20
"""… the resulting number is clipped to this range."""
TOGETHER = 60 * SECOND
"""Dependants that become abnormal within this time count as together, ns."""


class _Phase(IntEnum):
    TO_CAUSES = 0
    TO_EFFECTS = 1


@dataclass(slots=True)
class _Open:
    """One open incident."""

    order: int
    first: int
    newest: int
    members: dict[str, int] = field(default_factory=dict)
    reach: tuple[dict[int, int], dict[int, int]] = field(default_factory=lambda: ({}, {}))
    """By phase: item to the hops that are left at the item."""


class Correlator:
    """Assigns episodes to open incidents.

    Args:
        graph: the estate; ``graph_changed`` replaces it.
        hops: largest number of edges between two members by way of their common cause.
        window: an entity within reach belongs to an incident when it became abnormal at most this time before the first
            or after the newest member, ns. A member's own entity always belongs.
    """

    def __init__(self, graph: Graph, hops: int = 2, window: int = 300 * SECOND) -> None:
        self._graph = graph
        self._hops = hops
        self._window = window
        self._open: dict[str, _Open] = {}
        self._opened = 0
        self._member_of: dict[str, dict[str, None]] = {}
        self._covering: dict[int, dict[str, None]] = {}
        self._abnormal_on: dict[int, dict[str, int]] = {}
        self._hot: set[int] = set()

    def place(self, entity: str, at: int) -> tuple[str, ...]:
        """Open incidents that an episode of ``entity`` at ``at``, ns, may belong to, best first; empty: open a new one.

        Order: incidents that have the entity as a member, then fewest hops, then oldest. The caller joins the first.
        Several results do not mean one incident, because the entity may have two causes; analysis decides that.
        """
        found = [(-self._hops - 1, self._open[name].order, name) for name in self._member_of.get(entity, ())]
        number = self._graph.number(entity)
        for name in self._covering.get(number, ()) if number is not None else ():
            incident = self._open[name]
            if entity in incident.members or not self._near(incident, at):
                continue
            left = max(reach.get(number, 0) for reach in incident.reach) if number is not None else 0
            found.append((-left, incident.order, name))
        return tuple(name for _, _, name in sorted(found))

    def open(self, incident: str, entity: str, at: int) -> tuple[str, ...]:
        """Opens an incident with its first member, or joins an open one of this name; returns what ``join`` returns."""
        if incident not in self._open:
            self._opened += 1
            self._open[incident] = _Open(order=self._opened, first=at, newest=at)
        return self.join(incident, entity, at)

    def join(self, incident: str, entity: str, at: int) -> tuple[str, ...]:
        """Makes ``entity`` a member of ``incident``; an unknown incident is ignored.

        Returns:
            Incidents to merge, oldest first, because the new member made an item hot, or joined one that is hot: the
            item is taken for their common cause. Empty: there are none.
        """
        held = self._open.get(incident)
        if held is None:
            return ()
        held.first, held.newest = min(held.first, at), max(held.newest, at)
        if entity in held.members:
            return ()
        held.members[entity] = at
        self._member_of.setdefault(entity, {})[incident] = None
        number = self._graph.number(entity)
        if number is None:
            return ()
        self._expand(incident, number, self._hops)
        return self._oldest_first(self._heat(entity, at, self._causes(number)))

    def merge(self, kept: str, gone: str) -> None:
        """Merges incident ``gone`` into ``kept``; unknown incidents are ignored."""
        into, other = self._open.get(kept), self._open.get(gone)
        if into is None or other is None or kept == gone:
            return
        into.first, into.newest = min(into.first, other.first), max(into.newest, other.newest)
        for entity, at in other.members.items():
            into.members.setdefault(entity, at)
            self._member_of.setdefault(entity, {})[kept] = None
        for mine, theirs in zip(into.reach, other.reach, strict=True):
            for item, left in theirs.items():
                mine[item] = max(mine.get(item, 0), left)
                self._covering.setdefault(item, {})[kept] = None
        self.close(gone)

    def close(self, incident: str) -> None:
        """Closes an incident to further members; an unknown incident is ignored."""
        held = self._open.pop(incident, None)
        if held is None:
            return
        for entity in held.members:
            _drop(self._member_of, entity, incident)
            number = self._graph.number(entity)
            if number is not None and entity not in self._member_of:
                for cause in self._causes(number):
                    self._cool(cause, entity)
        for reach in held.reach:
            for item in reach:
                _drop(self._covering, item, incident)
        if not self._open:
            self._abnormal_on, self._hot = {}, set()

    def graph_changed(self, graph: Graph) -> list[tuple[str, ...]]:
        """Replaces the graph and recomputes the reach of all incidents; returns groups of incidents to merge."""
        if graph is self._graph:
            return []
        found: dict[tuple[str, ...], None] = {}
        self._graph = graph
        self._covering, self._abnormal_on, self._hot = {}, {}, set()
        for name, held in self._open.items():
            held.reach = ({}, {})
            for entity, at in held.members.items():
                number = graph.number(entity)
                if number is not None:
                    self._expand(name, number, self._hops)
                    found[self._oldest_first(self._heat(entity, at, self._causes(number)))] = None
        return [names for names in found if names]

    def _oldest_first(self, one: Iterable[str]) -> tuple[str, ...]:
        names = tuple(sorted(one, key=lambda name: self._open[name].order))
        return names if len(names) > 1 else ()

    def _near(self, incident: _Open, at: int) -> bool:
        return incident.first - self._window <= at <= incident.newest + self._window

    def _expand(self, incident: str, start: int, hops: int) -> None:
        """Adds the items within ``hops`` of an abnormal or hot item to the incident's reach."""
        reach = self._open[incident].reach
        todo = deque([(start, hops, _Phase.TO_CAUSES, True)])
        while todo:
            item, left, phase, sure = todo.popleft()
            # a start is expanded even if it is within reach already: it was treated as normal then
            if reach[phase].get(item, -1) >= left and not sure:
                continue
            reach[phase][item] = max(left, reach[phase].get(item, -1))
            self._covering.setdefault(item, {})[incident] = None
            if left == 0:
                continue
            if phase is _Phase.TO_CAUSES:
                todo.extend((cause, left - 1, phase, False) for cause in self._causes(item))
            turning = phase is _Phase.TO_CAUSES and not sure
            todo.extend(
                (end, left - 1, _Phase.TO_EFFECTS, False) for end in self._affected_by(item, turning, sure=sure)
            )

    def _affected_by(self, item: int, turning: bool, *, sure: bool) -> Iterator[int]:  # noqa: FBT001
        """Items that ``item`` may affect; fewer if it is not known to be abnormal itself."""
        abnormal = sure or item in self._hot or self._graph.names[item] in self._member_of
        if not abnormal and self._graph.effects.degree(item) > HUB:
            return
        for effect, kind in self._effects(item):
            if abnormal or not turning or kind in (CALLS, USES):
                yield effect

    def _causes(self, item: int) -> list[int]:
        return list(map(int, self._graph.causes.of(item)))

    def _effects(self, item: int) -> Iterator[tuple[int, int]]:
        rows = self._graph.effects
        return zip(rows.of(item).tolist(), rows.kinds_of(item).tolist(), strict=True)

    def _heat(self, entity: str, at: int, causes: Iterable[int]) -> set[str]:
        """Records that ``entity`` is abnormal on all of ``causes``; returns the incidents around items that are hot."""
        one: set[str] = set()
        for cause in dict.fromkeys(causes):
            on_it = self._abnormal_on.setdefault(cause, {})
            before = next(reversed(on_it), None)
            on_it[entity] = at
            if cause in self._hot:
                if entity not in self._member_of:  # another host of a zone that is hot already
                    one |= self._around(entity) | self._around(self._graph.names[cause])
                elif before is not None and abs(at - on_it[before]) <= TOGETHER:
                    one |= self._around(entity) | self._around(before)  # it joined another incident by a neighbour
                continue
            needed = min(max(ceil(HOT_SHARE * self._graph.effects.degree(cause)), HOT_LEAST), HOT_MOST)
            together = [name for name, seen in on_it.items() if abs(at - seen) <= TOGETHER]
            if len(together) < needed:
                continue
            self._hot.add(cause)
            one.update(name for member in together for name in self._around(member))
            for name in list(self._covering.get(cause, ())):
                left = self._open[name].reach[_Phase.TO_CAUSES].get(cause, 0)
                if left:
                    self._expand(name, cause, left)
            one |= self._heat(self._graph.names[cause], at, self._carriers(cause))
        return one

    def _carriers(self, item: int) -> list[int]:
        """Items that a hot item counts for in turn: hosts count for their zone; a service does not for its callees."""
        rows = self._graph.needs
        pairs = zip(rows.of(item).tolist(), rows.kinds_of(item).tolist(), strict=True)
        return [end for end, kind in pairs if kind not in (CALLS, USES) and self._graph.kinds[end] != BUSINESS_SERVICE]

    def _around(self, entity: str) -> set[str]:
        """Incidents of an abnormal entity; if it has none and is hot, those of its abnormal dependants."""
        found = set(self._member_of.get(entity, ()))
        number = self._graph.number(entity)
        if found or number is None or number not in self._hot:
            return found
        for on_it in self._abnormal_on.get(number, {}):
            found |= self._around(on_it)
        return found

    def _cool(self, cause: int, entity: str) -> None:
        on_it = self._abnormal_on.get(cause, {})
        on_it.pop(entity, None)
        if not on_it and self._abnormal_on.pop(cause, None) is not None and cause in self._hot:
            self._hot.discard(cause)
            for further in self._carriers(cause):
                self._cool(further, self._graph.names[cause])


def _drop(index: dict[Key, dict[str, None]], key: Key, incident: str) -> None:
    names = index.get(key)
    if names is not None:
        names.pop(incident, None)
        if not names:
            del index[key]
