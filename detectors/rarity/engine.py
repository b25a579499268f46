"""The engine of this package, for a ``SeriesBank``."""

from __future__ import annotations

from typing import Final

from detectors.bank.engine import Engine
from detectors.rarity.layout import ROW, SEASON_STATE
from detectors.rarity.loop import loops

RARITY: Final = Engine(ROW, SEASON_STATE, (), loops)
"""Each view gives how rare a point is on this series, and the sum counts; see ``detectors.rarity.evidence``."""
