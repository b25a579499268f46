"""Converts the output of bank, logs and budgets into transitions of series, the input of the episode builder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from detectors.bank.layout import Phase, ViewCode
from detectors.transitions import CLOSED, OPENED, WORSE, Transitions

LOG_NEWS = len(ViewCode)
BURN = len(ViewCode) + 1
DETECTORS = (*("river" if view is ViewCode.MODEL else view.name.lower() for view in ViewCode), "log.new", "slo.burn")
"""Names of detectors by code; those of further views and detectors follow."""
VALUE, SILENCE, OWN, MODEL = range(4)
"""Independent tracks of a series: see ``Transitions``."""
UP, DOWN, NEW, SILENT, SHAPE = range(5)


def of_bank(records: npt.NDArray[Any]) -> Transitions:
    """Transitions from TRANSITION records of the bank."""
    silent, model = records["view"] == int(ViewCode.SILENCE), records["view"] == int(ViewCode.MODEL)
    opened = records["phase"] == int(Phase.OPENED)
    direction = np.where(records["direction"] > 0, UP, np.where(records["direction"] < 0, DOWN, SHAPE))
    return Transitions(
        series=records["series"].astype(np.int32),
        what=np.where(opened, OPENED, CLOSED).astype(np.uint8),
        at=np.where(opened, records["since"], records["at"]).astype(np.int64),
        score=records["score"].astype(np.float64),
        value=records["value"].astype(np.float64),
        expected=records["expected"].astype(np.float64),
        direction=np.where(silent, SILENT, direction).astype(np.uint8),
        detector=records["view"].astype(np.uint8),
        track=np.where(model, MODEL, silent).astype(np.uint8),
    )


def of_models(records: npt.NDArray[Any], code: int) -> Transitions:
    """Transitions from TRANSITION records of a tier of detectors, with the detector's own code."""
    return replace(of_bank(records), detector=np.full(len(records), code, np.uint8))


def of_peaks(series: npt.NDArray[np.int32], anomalies: npt.NDArray[Any], clock: int) -> Transitions:
    """Transitions with the present severity of abnormal series, from rows of the bank's TROUBLE."""
    peak = anomalies["peak"].astype(np.float64)
    direction = np.where(anomalies["direction"] > 0, UP, np.where(anomalies["direction"] < 0, DOWN, SHAPE))
    return Transitions(
        series=series,
        what=np.full(len(series), WORSE, np.uint8),
        at=np.full(len(series), clock, np.int64),
        score=peak / (1.0 + peak),
        value=anomalies["value"].astype(np.float64),
        expected=anomalies["expected"].astype(np.float64),
        direction=direction.astype(np.uint8),
        detector=anomalies["view"].astype(np.uint8),
        track=np.zeros(len(series), np.uint8),
    )


def closed(series: npt.NDArray[np.int32], at: int, track: int) -> Transitions:
    """Transitions of series that are no longer abnormal; ``at`` in ns."""
    return of_rows([(number, CLOSED, at, 0.0, 0.0, 0.0, UP, 0, track) for number in series.tolist()])


Row = tuple[int, int, int, float, float, float, int, int, int]
"""Series, what, at, score, value, expected, direction, detector, track."""


def of_rows(rows: Sequence[Row]) -> Transitions:
    """Transitions from single rows."""
    columns = list(zip(*rows, strict=True)) if rows else [()] * 9
    kinds = (np.int32, np.uint8, np.int64, np.float64, np.float64, np.float64, np.uint8, np.uint8, np.uint8)
    return Transitions(*(np.array(column, kind) for column, kind in zip(columns, kinds, strict=True)))
