"""One series' state as the plain functions of this engine take it."""

from __future__ import annotations

from typing import Any

import numpy as np

from detectors.bank.layout import ANOMALY, Record
from detectors.rarity.layout import ROW, SEASON_STATE
from detectors.rarity.learning import begin

SECOND = 1_000_000_000


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


def usual(**fields: Any) -> Record:
    """A series that stood at 100 with a spread of 2 for 10,000 points, one each ten seconds, between 90 and 110."""
    made = row()
    begin(made, 0.0)
    known = {
        "origin": 100.0, "n": 10_000, "spread": 2.0, "fast_spread": 0.5, "medium_spread": 0.2, "rough_usual": 2.0,
        "rough": 2.0, "rough_spread": 0.2, "low": -10.0, "high": 10.0, "interval": 10.0, "pause": 10.0,
        "last_at": 1000 * SECOND,
    } | fields  # fmt: skip
    for name, value in known.items():
        made[name] = value
    return made


def season_of(**fields: Any) -> Record:
    """A season with these fields."""
    return _record(SEASON_STATE, fields)
