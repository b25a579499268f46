"""Witnesses that read spans."""

from __future__ import annotations

import numpy as np

from aiops.model.episodes import Source
from aiops.model.prose import Prose
from aiops.model.series_evidence import EvidenceKind, Floats
from topology.testimony.inquiry import Flags, Inquiry
from topology.testimony.sentences import duration, moved

LEAST_TIME = 0.5e-3
"""Seconds that are added to both sides of a ratio of times: shorter ones are not compared."""


class OwnTime:
    """A slow cause spends the time itself: own time of its operations, without child spans (MicroRank, WWW 2021)."""

    name = "own time"
    source = Source.SPAN

    def scores(self, inquiry: Inquiry) -> Floats:
        """(m,) nats."""
        return inquiry.largest(self._rows(inquiry), inquiry.size)

    def says(self, inquiry: Inquiry, candidate: int) -> Prose | None:
        """The operation that became slowest."""
        row = inquiry.row_of(candidate, self._rows(inquiry), inquiry.size)
        return None if row is None else Prose(f"own time of {moved(inquiry, row)}")

    @staticmethod
    def _rows(inquiry: Inquiry) -> Flags:
        return inquiry.evidence.of_kind(EvidenceKind.OWN_TIME) & (inquiry.evidence.deviation > 0)


class NetworkTime:
    """Whoever is at an end of every call that lost time between its two sides is cut off or starved.

    The median, over the calls from and to an entity, of the logarithm of how much longer the caller waited than the
    callee worked. The other end of one bad call has good calls too.
    """

    name = "network time"
    source = Source.SPAN

    def scores(self, inquiry: Inquiry) -> Floats:
        """(m,) nats, at least 0."""
        rows = np.flatnonzero(inquiry.evidence.of_kind(EvidenceKind.NETWORK_TIME))
        if not len(rows):
            return np.zeros(len(inquiry))
        level, usual = (
            np.maximum(np.nan_to_num(c[rows]), 0.0) for c in (inquiry.evidence.level, inquiry.evidence.usual)
        )
        gained = np.log((level + LEAST_TIME) / (usual + LEAST_TIME))
        ends = np.concatenate((inquiry.of[rows], inquiry.peer[rows]))
        both = np.concatenate((gained, gained))
        return np.array(
            [max(float(np.median(both[ends == at])), 0.0) if at in ends else 0.0 for at in range(len(inquiry))]
        )

    def says(self, inquiry: Inquiry, candidate: int) -> Prose | None:
        """The call that lost most."""
        evidence = inquiry.evidence
        rows = evidence.of_kind(EvidenceKind.NETWORK_TIME)
        mine = np.flatnonzero(rows & ((inquiry.of == candidate) | (inquiry.peer == candidate)))
        if not len(mine):
            return None
        row = int(mine[np.argmax(evidence.difference[mine])])
        caller, callee = inquiry.names[inquiry.peer[row]], inquiry.names[inquiry.of[row]]
        before, since = duration(float(evidence.usual[row])), duration(float(evidence.level[row]))
        return Prose(f"calls from {caller} to {callee} spend {since} between the two, usually {before}")


class CallShape:
    """A cause that answers wrongly calls others, and itself, differently than before.

    The largest deviation of the share of an operation's spans that have a certain child: Nezha's event pairs (Yu et
    al., FSE 2023), from spans alone.
    """

    name = "call shape"
    source = Source.SPAN

    def scores(self, inquiry: Inquiry) -> Floats:
        """(m,) nats."""
        return inquiry.largest(inquiry.evidence.of_kind(EvidenceKind.CALL_SHAPE), inquiry.size)

    def says(self, inquiry: Inquiry, candidate: int) -> Prose | None:
        """The pair of operations that changed most."""
        row = inquiry.row_of(candidate, inquiry.evidence.of_kind(EvidenceKind.CALL_SHAPE), inquiry.size)
        return None if row is None else Prose(f"share of spans in which {moved(inquiry, row)}")


class FirstError:
    """Errors begin at the cause: spans that fail although nothing that they called failed."""

    name = "first error"
    source = Source.SPAN

    def scores(self, inquiry: Inquiry) -> Floats:
        """(m,) nats."""
        return inquiry.largest(self._rows(inquiry), inquiry.size)

    def says(self, inquiry: Inquiry, candidate: int) -> Prose | None:
        """The operation that fails most."""
        row = inquiry.row_of(candidate, self._rows(inquiry), inquiry.size)
        return None if row is None else Prose(f"errors that begin in {moved(inquiry, row)}")

    @staticmethod
    def _rows(inquiry: Inquiry) -> Flags:
        return inquiry.evidence.of_kind(EvidenceKind.FIRST_ERROR) & (inquiry.evidence.deviation > 0)
