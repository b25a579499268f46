# mypy: disable-error-code="no-untyped-def"
"""The last step of the walk over OTLP: counts and what was derived from them as one batch, in input order."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from detectors.wire import tape as t
from detectors.wire.batch import BatchAccount, PointBatch
from detectors.wire.compiling import compiled
from detectors.wire.interval_loop import Derived

_Series = npt.NDArray[np.int32]
_NOTHING = (np.empty(0, np.int64), np.empty(0, np.float64), np.empty(0, np.int32))


class Columns(NamedTuple):
    """The arrays of a ``PointBatch``."""

    series: npt.NDArray[np.int32]
    at: npt.NDArray[np.int64]
    value: npt.NDArray[np.float64]
    start: npt.NDArray[np.int64]
    record: npt.NDArray[np.int32]
    unit: npt.NDArray[np.uint8]


def assemble_batch(
    tape: t.Tape, series: _Series, derived: tuple[Derived, _Series] | None, *, account: BatchAccount
) -> PointBatch:
    """The points on a tape that have a series, each followed by what was derived from it.

    Args:
        tape: of sound records.
        series: of its points; below 0 where it is not taken.
        derived: values with their series, in the order of their points; those without a series are left out.
        account: what is not among the points.
    """
    points = len(series)
    if derived is None and (not points or series.min() >= 0):
        records = tape.metrics[: tape.cursor[t.METRICS], t.RECORD].astype(np.int32)
        found = Columns(
            series,
            tape.numbers[t.AT, :points],
            tape.value[:points],
            tape.numbers[t.START, :points],
            records[tape.numbers[t.ROW, :points]],
            np.ones(points, np.uint8),
        )
        return PointBatch(*found, account.rejections.listed(), account.gaps, account.items)
    extra = _NOTHING if derived is None else (derived[0].point, derived[0].value, derived[1])
    room = points + len(extra[2])
    found = Columns(
        np.empty(room, np.int32),
        np.empty(room, np.int64),
        np.empty(room, np.float64),
        np.empty(room, np.int64),
        np.empty(room, np.int32),
        np.empty(room, np.uint8),
    )
    size = _assemble(tape, series, extra, found)
    taken = Columns._make(column[:size] for column in found)
    return PointBatch(*taken, account.rejections.listed(), account.gaps, account.items)


@compiled
def _assemble(tape, series, extra, columns) -> int:  # noqa: ANN001 (numba infers them)
    """Writes the columns of a batch; how many rows."""
    points, values, extra_series = extra
    out_series, at, value, start, record, unit = columns
    taken, size = 0, 0
    for point in range(len(series)):
        event = tape.numbers[t.AT, point]
        row = tape.metrics[tape.numbers[t.ROW, point], t.RECORD]
        if series[point] >= 0:
            out_series[size], at[size], value[size] = series[point], event, tape.value[point]
            start[size], record[size], unit[size] = tape.numbers[t.START, point], row, 1
            size += 1
        while taken < len(extra_series) and points[taken] == point:
            if extra_series[taken] >= 0:
                out_series[size], at[size], value[size] = extra_series[taken], event, values[taken]
                start[size], record[size], unit[size] = 0, row, 0
                size += 1
            taken += 1
    return size
