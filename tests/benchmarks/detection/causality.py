"""No look-ahead: the result of a prefix is the prefix of the result."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tests.benchmarks.detection.protocol import Detector, Rows, Scored


class LookAheadError(AssertionError):
    """A row's result changed when later rows were added; the text names column, row and both numbers of rows."""


@dataclass(frozen=True, slots=True)
class _Cut:
    shorter: Scored
    longer: Scored
    rows: tuple[int, int]


def check(detector: Detector, rows: Rows, cuts: tuple[int, ...]) -> int:
    """Runs a detector on each prefix and compares it with the next longer one, the last with all rows.

    Returns:
        how many rows were compared.

    Raises:
        LookAheadError: a result differs.
    """
    lengths = (*sorted(cut for cut in cuts if 0 < cut < len(rows)), len(rows))
    results = [detector(rows.until(length)) for length in lengths]
    for place in range(len(lengths) - 1):
        _compare(_Cut(results[place], results[place + 1], (lengths[place], lengths[place + 1])))
    return sum(lengths[:-1])


def _compare(cut: _Cut) -> None:
    for column in ("score", "onset", "opened"):
        shorter, longer = getattr(cut.shorter, column), getattr(cut.longer, column)
        if shorter is not None:
            _equal(column, cut, (shorter, longer[: cut.rows[0]]))


def _equal(column: str, cut: _Cut, arrays: tuple[npt.NDArray[np.generic], npt.NDArray[np.generic]]) -> None:
    different = np.flatnonzero((arrays[0] != arrays[1]).any(axis=1))
    if len(different):
        row, (few, many) = int(different[0]), cut.rows
        raise LookAheadError(
            f"{column} of row {row}: {arrays[0][row]} with {few} rows, {arrays[1][row]} with {many} rows"
        )
