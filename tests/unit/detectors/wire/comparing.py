"""Batches as plain values, so that two ways of decoding can be compared."""

from __future__ import annotations

from typing import Any

from detectors.wire.batch import PointBatch
from detectors.wire.series import SeriesTable


def plain(batch: PointBatch, table: SeriesTable) -> dict[str, Any]:
    """Everything a batch says, with series by identity: numbers may differ, identities may not."""
    return {
        "series": [table.identity(series) for series in batch.series.tolist()],
        "at": batch.at.tolist(),
        "value": batch.value.tolist(),
        "start": batch.start.tolist(),
        "record": batch.record.tolist(),
        "unit": batch.unit.tolist(),
        "rejected": sorted((entry.record, entry.reason, entry.items, entry.places) for entry in batch.rejected),
        "gaps": batch.gaps,
        "items": batch.items.tolist(),
    }
