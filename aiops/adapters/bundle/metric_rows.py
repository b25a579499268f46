"""Reads ``metrics.yaml``, the rows that people add to the metric table."""

from __future__ import annotations

from pathlib import Path

from aiops.model.errors import PermanentError
from aiops.model.metric_semantics.custom import FILE, parse_rows
from aiops.model.metric_semantics.table import MetricTable


def load_metrics(folder: Path) -> MetricTable:
    """The shipped table with the rows of a folder's ``metrics.yaml`` over it; without them when there is no such file.

    Raises:
        PermanentError: a file that cannot be read or used, a line for each problem, with file, line and remedy.
    """
    file = folder / FILE
    try:
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError:
        return MetricTable()
    except (OSError, UnicodeDecodeError) as error:
        raise PermanentError(f"{file}: cannot be read as text: {error}; see docs/metrics.md") from error
    return MetricTable(parse_rows(text, str(file)))
