"""One series' state as the bank's plain functions take it."""

from __future__ import annotations

from typing import Any

import numpy as np

from detectors.bank.layout import ANOMALY, ROW, TRANSITION, Array, BankState, Record

SECOND = 1_000_000_000
MINUTE = 60 * SECOND
HOUR = 3600 * SECOND


def _record(dtype: np.dtype[Any], fields: dict[str, Any]) -> Record:
    made = np.zeros(1, dtype)[0]
    for name, value in fields.items():
        made[name] = value
    return made


def row(**fields: Any) -> Record:
    """A row with these fields; all others are zero, as memory that was reserved."""
    return _record(ROW, fields)


def anomaly(**fields: Any) -> Record:
    """A trouble with these fields."""
    return _record(ANOMALY, fields)


def transition() -> Record:
    """Room for a transition, filled with what must be overwritten."""
    return np.full(TRANSITION.itemsize, 0x7F, dtype=np.uint8).view(TRANSITION)[0]


def usual(**fields: Any) -> Record:
    """A series that stood at 100 with a spread of 2 for 10,000 points, one each ten seconds, between 90 and 110."""
    return row(
        **{
            "origin": 100.0, "n": 10_000, "spread": 2.0, "wide": 2.0, "tail": 3.0, "chart_tail": 0.9, "hour_tail": 1.1,
            "low": -10.0, "high": 10.0, "interval": 10.0, "pause": 10.0, "last_at": 1000 * SECOND,
        } | fields
    )  # fmt: skip


def state(capacity: int = 2048, cells: int = 4) -> BankState:
    """An empty bank's arrays."""

    def zeros(*shape: int, dtype: Any = np.uint32) -> Array:
        return np.zeros(shape, dtype=dtype)

    blocks = (capacity + 15) >> 4
    return BankState(
        np.zeros(capacity, ROW), np.zeros(capacity, ANOMALY), zeros(capacity, 24, dtype=np.float32),
        zeros(cells, capacity, dtype=np.int16), zeros(blocks), zeros(blocks), zeros(blocks),
        zeros(cells, (capacity + 255) >> 8), zeros(capacity, 3, dtype=np.int32),
    )  # fmt: skip
