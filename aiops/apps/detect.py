"""Detection in a table: reads it, runs the detectors, and converts the result to JSON values."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from aiops.adapters.plugins import installed
from aiops.adapters.tables import read_table
from aiops.model.durations import SECOND
from aiops.plugins import ExtensionKind
from detectors.abnormal_series import AbnormalSeries
from detectors.detection import TableDetection, TableEpisode, detect
from detectors.table import learn_rows


def detect_in(path: Path, learn_until: str | None = None, detectors: Sequence[str] = ()) -> TableDetection:
    """The episodes and scores of a table.

    Args:
        path: CSV or Parquet.
        learn_until: a number of rows, or an ISO 8601 time; detectors learn from rows before it without alerts.
        detectors: names of detectors that score every series in addition to the bank.

    Raises:
        TableError: the table cannot be read; the message names file, row and column.
        PermanentError: a detector is unknown, cannot be loaded, or failed.
    """
    table = read_table(path)
    plugins = installed()
    chosen = {name: plugins.load(ExtensionKind.DETECTOR, name) for name in detectors}
    return detect(table, learn_rows(table, learn_until), detectors=chosen)


def figures(detection: TableDetection) -> dict[str, Any]:
    """The result of one table, as JSON values."""
    return {
        "table": detection.table.name,
        "rows": len(detection.table),
        "series": len(detection.table.names),
        "learned_rows": detection.learned_rows,
        "episodes": [episode(detection, found) for found in detection.episodes],
    }


def episode(detection: TableDetection, found: TableEpisode) -> dict[str, Any]:
    """One episode, as JSON values; ``alert_row`` counts from 1, times are ISO 8601 UTC, series are ordered by score."""
    table = detection.table
    explained = sorted(found.series.items(), key=lambda item: (-item[1].score, item[0]))
    return {
        "id": found.id,
        "entity": found.entity,
        "from": _iso(found.since),
        "to": None if found.to_row is None else _iso(int(table.at[found.to_row])),
        "alert_row": found.from_row + 1,
        "peak": round(found.peak, 4),
        "series": [{"series": name} | _figures(one) for name, one in explained],
    }


def _figures(one: AbnormalSeries) -> dict[str, Any]:
    """Of one abnormal series: how rare, how large, and the reference that this rests on."""
    return {
        "score": round(one.score, 4),
        "view": one.view,
        "nats": _rounded(one.nats),
        "value": _rounded(one.value),
        "expected": _rounded(one.expected),
        "deviations": _rounded(one.deviations),
        "times": _rounded(one.times),
        "spread": _rounded(one.spread),
        "points": one.points,
    }


def _rounded(figure: float | None) -> float | None:
    """To six significant digits; None for what is not known."""
    return None if figure is None or math.isnan(figure) else float(f"{figure:.6g}")


def _iso(at: int) -> str:
    return datetime.fromtimestamp(at // SECOND, UTC).isoformat().replace("+00:00", "Z")
