"""Reads ``metrics.yaml``, the user's rows of the metric table."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from aiops.model.errors import PermanentError
from aiops.model.metric_semantics.custom import FILE, parse_rows
from aiops.model.metric_semantics.table import MetricTable

MOST_BYTES: Final = 1_000_000
"""Largest ``metrics.yaml``; about 20,000 rows, which take seconds to read."""


def load_metrics(folder: Path) -> MetricTable:
    """The built-in table, overridden by the rows of the folder's ``metrics.yaml`` if it exists.

    Raises:
        PermanentError: the file cannot be read or is invalid; one line per problem, with file, line and remedy.
    """
    file = folder / FILE
    try:
        if (size := file.stat().st_size) > MOST_BYTES:
            raise PermanentError(
                f"{file}: has {size:,} bytes, at most {MOST_BYTES:,} are read; use patterns with * for many names"
            )
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError:
        return MetricTable()
    except (OSError, UnicodeDecodeError) as error:
        raise PermanentError(f"{file}: cannot be read as text: {error}; see docs/metrics.md") from error
    return MetricTable(parse_rows(text, str(file)))
