"""Witnesses that read what is known beside telemetry: changes, and what names are."""

from __future__ import annotations

from typing import Final

import numpy as np

from aiops.model.entity_names import holds_address
from aiops.model.prose import Prose
from aiops.model.reports import Change
from aiops.model.series_evidence import Floats
from topology.suspects import proximity
from topology.testimony.inquiry import Inquiry

CHANGE: Final = "change"
GRAPH: Final = "graph"
BY_CHANGE = 2.0
"""Nats of a deployment just before the onset."""


class RecentChange:
    """Most outages follow a change: how well the newest change of an entity fits the onset, see ``topology.suspects``.

    The control is "the latest change"; a change on an entity that shows nothing counts here too, and the other
    witnesses speak against it.
    """

    name = "recent change"
    source = CHANGE

    def scores(self, inquiry: Inquiry) -> Floats:
        """(m,) nats."""
        found = np.zeros(len(inquiry))
        for at, change, fits in self._changes(inquiry):
            found[at] = max(found[at], BY_CHANGE * fits / max(len(change.instances), 1))
        return found

    def says(self, inquiry: Inquiry, candidate: int) -> Prose | None:
        """The change that fits best."""
        mine = [(fits, change.id, change) for at, change, fits in self._changes(inquiry) if at == candidate]
        if not mine:
            return None
        change = max(mine)[2]
        minutes = (inquiry.evidence.onset - change.at) / 60e9
        return Prose(f"{change.kind} of {change.entity} {minutes:.0f} min before the onset")

    @staticmethod
    def _changes(inquiry: Inquiry) -> list[tuple[int, Change, float]]:
        return [
            (inquiry.number[name], change, fits)
            for change in inquiry.question.changes
            for name in dict.fromkeys((change.entity, *change.instances))
            if name in inquiry.number and (fits := proximity(change, inquiry.evidence.onset)) > 0
        ]


class BareAddress:
    """An address that no item was matched to stands for another name of an entity, or for what is beyond the estate.

    Its scores are negative.
    """

    name = "bare address"
    source = GRAPH

    def scores(self, inquiry: Inquiry) -> Floats:
        """(m,) -1 or 0."""
        return -np.array([float(holds_address(name)) for name in inquiry.names])

    def says(self, inquiry: Inquiry, candidate: int) -> Prose | None:
        """That it is one."""
        name = inquiry.names[candidate]
        return Prose(f"{name} is an address that no item was matched to") if holds_address(name) else None
