from __future__ import annotations

from pathlib import Path

import numpy as np

from detectors.bank.engine import LIMITS
from detectors.bank.reservation import reserve
from detectors.bank.rings import rings_of
from detectors.rarity.engine import RARITY

SERIES = 102_400


def resident() -> int:
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * 4096


def test_reserved_memory_is_empty_and_has_room_for_all() -> None:
    """Each array has a row, or a column, for each series and for each further view, up to the end of a block."""
    state = reserve(5000, rings_of(60.0, 360), {"one": np.dtype([("level", "f4")])}, engine=LIMITS)
    arrays = [state.rows, state.anomalies, state.hours, state.ring.T, state.kin, *state.views]
    assert [len(array) for array in arrays] == [5120] * 6
    assert not any(array.view(np.uint8).any() for array in (state.rows, state.ring, state.kin, *state.views))


def test_a_series_takes_at_most_748_bytes() -> None:
    """Row 192, anomaly 64, levels of the day 96, kin 12, recent values 384."""
    state = reserve(SERIES, rings_of(60.0, 360), {}, engine=LIMITS)
    held = sum(array.nbytes for array in (state.rows, state.anomalies, state.hours, state.ring, state.kin))
    assert held == 748 * SERIES


def test_the_engine_of_aiops_detect_takes_908_bytes() -> None:
    """Row 320, anomaly 64, season 128, kin 12, recent values 384."""
    state = reserve(SERIES, rings_of(60.0, 360), {}, engine=RARITY)
    held = sum(array.nbytes for array in (state.rows, state.anomalies, state.hours, state.ring, state.kin))
    assert held == 908 * SERIES


def test_memory_is_committed_when_it_is_written() -> None:
    """A bank with room for four million series costs nothing before it has some."""
    before = resident()
    state = reserve(4_000_000, rings_of(60.0, 360), {}, engine=LIMITS)
    state.rows["n"][:1000] = 1
    assert resident() - before < 64_000_000
    assert len(state.rows) == 4_000_000
