"""Witnesses that read log templates."""

from __future__ import annotations

import numpy as np

from aiops.model.episodes import Source
from aiops.model.prose import Prose
from aiops.model.series_evidence import EvidenceKind, Floats
from topology.evidence.logs import TROUBLE
from topology.testimony.inquiry import Flags, Inquiry

FEW = 2.0
"""Lines that are added to both sides of a ratio."""


def _gained(inquiry: Inquiry) -> Floats:
    """(n,) signed nats: log of lines over lines expected."""
    level, usual = np.nan_to_num(inquiry.evidence.level), np.nan_to_num(inquiry.evidence.usual)
    found: Floats = np.log((np.maximum(level, 0.0) + FEW) / (np.maximum(usual, 0.0) + FEW))
    return found


def _lines(inquiry: Inquiry, candidate: int, rows: Flags, *, value: Floats) -> Prose | None:
    row = inquiry.row_of(candidate, rows, value)
    if row is None or value[row] <= 0:
        return None
    evidence = inquiry.evidence
    seen, expected = evidence.level[row], evidence.usual[row]
    return Prose(f"{inquiry.names[candidate]} wrote {seen:.0f} lines, expected {expected:.0f}: {evidence.series[row]}")


class LogTemplates:
    """A cause that answers wrongly writes other lines than before; its callees only write fewer (Nezha, FSE 2023).

    The largest ratio of a template's lines to those expected, or to those expected at the entity's own volume,
    whichever is nearer to 1.
    """

    name = "log templates"
    source = Source.LOG

    def scores(self, inquiry: Inquiry) -> Floats:
        """(m,) nats."""
        return inquiry.largest(inquiry.evidence.of_kind(EvidenceKind.TEMPLATE), self._changed(inquiry))

    def says(self, inquiry: Inquiry, candidate: int) -> Prose | None:
        """The template that changed most."""
        rows = inquiry.evidence.of_kind(EvidenceKind.TEMPLATE)
        return _lines(inquiry, candidate, rows, value=self._changed(inquiry))

    @staticmethod
    def _changed(inquiry: Inquiry) -> Floats:
        rows = inquiry.evidence.of_kind(EvidenceKind.TEMPLATE)
        gained = _gained(inquiry)
        level = inquiry.total(rows, np.maximum(np.nan_to_num(inquiry.evidence.level), 0.0))
        usual = inquiry.total(rows, np.maximum(np.nan_to_num(inquiry.evidence.usual), 0.0))
        within = gained - np.log((level + FEW) / (usual + FEW))[inquiry.of]
        found: Floats = np.where(np.sign(within) == np.sign(gained), np.minimum(abs(gained), abs(within)), 0.0)
        return found


class ErrorTemplates:
    """Lines of trouble that appear or become more frequent are written where the trouble is met first."""

    name = "error templates"
    source = Source.LOG

    def scores(self, inquiry: Inquiry) -> Floats:
        """(m,) nats."""
        return inquiry.largest(self._rows(inquiry), np.maximum(_gained(inquiry), 0.0))

    def says(self, inquiry: Inquiry, candidate: int) -> Prose | None:
        """The template that gained most."""
        return _lines(inquiry, candidate, self._rows(inquiry), value=_gained(inquiry))

    @staticmethod
    def _rows(inquiry: Inquiry) -> Flags:
        of_trouble = np.array([metric == TROUBLE for metric in inquiry.evidence.metric], np.bool_)
        found: Flags = inquiry.evidence.of_kind(EvidenceKind.TEMPLATE) & of_trouble
        return found
