"""Witnesses that read alerts of other systems, whose magnitude is not known."""

from __future__ import annotations

from collections.abc import Hashable

import numpy as np

from aiops.model.episodes import Source
from aiops.model.prose import Prose
from aiops.model.series_evidence import EvidenceKind, Floats
from topology.testimony.inquiry import Inquiry

ALONE = 0.5
"""Weight of an alert of an entity without siblings, of which nothing tells whether they would have it too."""


def _own(inquiry: Inquiry) -> list[int]:
    return np.flatnonzero(inquiry.evidence.of_kind(EvidenceKind.ALERT) & (inquiry.evidence.peer < 0)).tolist()


def _rarity(inquiry: Inquiry, kinds: dict[Hashable, set[int]]) -> Floats:
    """(m,) log of 1 + the sum, over the kinds of a candidate's alerts, of the log of how few others have them.

    A kind that a sibling has too counts nothing.
    """
    found = np.zeros(len(inquiry))
    alerted = len({at for members in kinds.values() for at in members})
    for members in kinds.values():
        rare = float(np.log((alerted + 1) / len(members)))
        for at in members:
            others = inquiry.siblings[at]
            weight = ALONE if not others else float(members.isdisjoint(others))
            found[at] += weight * rare
    return np.log1p(found)


def _names(inquiry: Inquiry, rows: list[int]) -> str:
    ways = {1.0: "up", -1.0: "down", 0.0: "changed"}
    told = [f"{inquiry.evidence.metric[row]} {ways[float(np.sign(inquiry.evidence.deviation[row]))]}" for row in rows]
    return ", ".join(dict.fromkeys(told[:3]))


class RareAlerts:
    """Kinds of alerts that few entities have tell more than those that all have.

    A kind is family, role and direction of the metric, so that ten names of one resource count once (iDice, Lin et
    al., ICSE 2016, and the inverse frequencies of alert triage).
    """

    name = "rare alerts"
    source = Source.ALERT

    def scores(self, inquiry: Inquiry) -> Floats:
        """(m,) nats."""
        kinds: dict[Hashable, set[int]] = {}
        for row in _own(inquiry):
            way = float(np.sign(inquiry.evidence.deviation[row]))
            key = inquiry.families[row], inquiry.meaning(row).role, way
            kinds.setdefault(key, set()).add(int(inquiry.of[row]))
        return _rarity(inquiry, kinds)

    def says(self, inquiry: Inquiry, candidate: int) -> Prose | None:
        """Some of its alerts."""
        mine = [row for row in _own(inquiry) if inquiry.of[row] == candidate]
        return Prose(f"{inquiry.names[candidate]} has {_names(inquiry, mine)}, which few others have") if mine else None


class BadAlerts:
    """Alerts in the direction in which a metric gets worse, rare ones first: exhausted memory, failed requests."""

    name = "bad alerts"
    source = Source.ALERT

    def scores(self, inquiry: Inquiry) -> Floats:
        """(m,) nats."""
        kinds: dict[Hashable, set[int]] = {}
        for row in self._rows(inquiry):
            kinds.setdefault((inquiry.families[row], inquiry.meaning(row).role), set()).add(int(inquiry.of[row]))
        return _rarity(inquiry, kinds)

    def says(self, inquiry: Inquiry, candidate: int) -> Prose | None:
        """Some of them."""
        mine = [row for row in self._rows(inquiry) if inquiry.of[row] == candidate]
        return Prose(f"{inquiry.names[candidate]} got worse: {_names(inquiry, mine)}") if mine else None

    @staticmethod
    def _rows(inquiry: Inquiry) -> list[int]:
        return [row for row in _own(inquiry) if int(inquiry.meaning(row).worse) * inquiry.evidence.deviation[row] > 0]


class AlertCount:
    """Most alerts win: the control that alert-only sets are measured against."""

    name = "alert count"
    source = Source.ALERT

    def scores(self, inquiry: Inquiry) -> Floats:
        """(m,) log of 1 + its own alerts."""
        rows = _own(inquiry)
        return np.log1p(np.bincount(inquiry.of[rows], minlength=len(inquiry)).astype(np.float64))

    def says(self, inquiry: Inquiry, candidate: int) -> Prose | None:
        """How many."""
        rows = _own(inquiry)
        mine = sum(int(inquiry.of[row]) == candidate for row in rows)
        return Prose(f"{mine} of {len(rows)} alerts are of {inquiry.names[candidate]}") if mine else None


class Complaints:
    """A callee about which many of its callers complain is to blame: the share of its callers with such an alert."""

    name = "complaints"
    source = Source.ALERT

    def scores(self, inquiry: Inquiry) -> Floats:
        """(m,) in [0, 1]."""
        callers = np.bincount(inquiry.calls[1], minlength=len(inquiry)).astype(np.float64)
        complain = np.zeros(len(inquiry))
        for _, callee in self._pairs(inquiry):
            complain[callee] += 1.0
        return complain / np.maximum(np.maximum(callers, complain), 1.0)

    def says(self, inquiry: Inquiry, candidate: int) -> Prose | None:
        """Who complains."""
        who = sorted(inquiry.names[caller] for caller, callee in self._pairs(inquiry) if callee == candidate)
        named = ", ".join(who[:3]) + (" …" if len(who) > 3 else "")
        return Prose(f"calls to {inquiry.names[candidate]} raised alerts at {named}") if who else None

    @staticmethod
    def _pairs(inquiry: Inquiry) -> set[tuple[int, int]]:
        rows = np.flatnonzero(inquiry.evidence.of_kind(EvidenceKind.ALERT) & (inquiry.evidence.peer >= 0)).tolist()
        return {(int(inquiry.of[row]), int(inquiry.peer[row])) for row in rows}
