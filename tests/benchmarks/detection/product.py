"""The product: what `aiops detect` gives for a table."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from detectors.bank.layout import Phase
from detectors.bank.series_bank import BankSettings, SeriesBank
from detectors.detection import detect
from detectors.onset import onset_of
from detectors.rarity.engine import RARITY
from detectors.table import Table
from tests.benchmarks.detection.protocol import Bools, Floats, Rows, Scored

LATENESS_SECONDS = 86_400.0
"""As in ``detectors.detection.detect``."""
SLICE = 2_000_000
"""Points that are scored in one call."""


def product(rows: Rows) -> Scored:
    """The engine of `aiops detect`."""
    return _apart(rows) if rows.apart else _together(rows)


def strict(rows: Rows) -> Scored:
    """The product at a budget of one false episode a day per 1,000 series."""
    return _apart(rows, 1.0)


def eager(rows: Rows) -> Scored:
    """The product at a budget of 100 false episodes a day per 1,000 series."""
    return _apart(rows, 100.0)


def as_table(rows: Rows) -> Table:
    """A wide table: one entity with all columns."""
    count, columns = rows.values.shape
    row, series = np.nonzero(np.isfinite(rows.values))
    names = [f"c{column}" for column in range(columns)]
    entity, of_rows = np.zeros(columns, np.int32), np.zeros(count, np.int32)
    points = (row, series.astype(np.int32), rows.values[row, series])
    return Table("rows", [""] * count, rows.at, names, entity, ["entity"], True, *points, of_rows)


def _together(rows: Rows) -> Scored:
    found = detect(as_table(rows), rows.learned)
    score = found.score.reshape(-1, 1)
    return Scored(score, found.onset.reshape(-1, 1), found.alert.reshape(-1, 1))


def _apart(rows: Rows, budget: float = 10.0) -> Scored:
    """Each column as a table of its own; one bank holds them all, which scores each series as if it were alone."""
    count, columns = rows.values.shape
    settings = BankSettings(columns, ring_steps=1, allowed_lateness_seconds=LATENESS_SECONDS, false_episodes=budget)
    bank = SeriesBank(settings, engine=RARITY)
    bank.admit(np.zeros(columns, dtype=np.uint8))
    score, opened = np.zeros(rows.values.shape), np.zeros(rows.values.shape, dtype=np.bool_)
    step = max(SLICE // columns, 1)
    cuts = sorted({0, rows.learned, *range(rows.learned, count, step), count})
    for begin, end in pairwise(cuts):
        _advance(bank, rows, (begin, end), score=score, opened=opened)
    onset = np.stack([onset_of(column) for column in score.T], axis=1)
    return Scored(score, onset, opened)


def _advance(bank: SeriesBank, rows: Rows, part: tuple[int, int], *, score: Floats, opened: Bools) -> None:
    begin, end = part
    row, series = np.nonzero(np.isfinite(rows.values[begin:end]))
    points = series.astype(np.int32), rows.at[row + begin], rows.values[row + begin, series]
    result = bank.update(*points, trusted=end <= rows.learned)
    if end <= rows.learned:
        return
    score[row + begin, series] = result.score
    starts = result.transitions[result.transitions["phase"] == Phase.OPENED]
    opened[np.searchsorted(rows.at, starts["at"]), starts["series"]] = True
