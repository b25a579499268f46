"""Batches as plain values, so that two ways of decoding can be compared."""

from __future__ import annotations

import math
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


def agree(one: dict[str, Any], other: dict[str, Any]) -> None:
    """Two plain batches are the same, with values to the last digit but one: powers may be rounded differently."""
    for name in one.keys() - {"value"}:
        assert one[name] == other[name], name
    assert len(one["value"]) == len(other["value"])
    for mine, yours in zip(one["value"], other["value"], strict=True):
        assert math.isclose(mine, yours, rel_tol=1e-13), (mine, yours)
