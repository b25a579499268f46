"""Output of bank, tiers and budgets as transitions: which track, which direction, since when."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiops.agents.monitor.signals import (
    BURN,
    DETECTORS,
    DOWN,
    LOG_NEWS,
    MODEL,
    OWN,
    SHAPE,
    SILENCE,
    SILENT,
    UP,
    VALUE,
    closed,
    of_bank,
    of_models,
    of_peaks,
    of_rows,
)
from aiops.model.episodes import SignalDirection
from detectors.bank.layout import ANOMALY, TRANSITION, Phase, ViewCode
from detectors.revisions import DIRECTIONS
from detectors.transitions import CLOSED, OPENED, WORSE


def record(**fields: Any) -> np.ndarray[Any, Any]:
    """One record of the bank: series 7 opened at 200, abnormal since 150."""
    made = np.zeros(1, TRANSITION)
    values = {"series": 7, "phase": Phase.OPENED, "view": ViewCode(0), "direction": 1, "at": 200, "since": 150}
    for name, value in (values | fields).items():
        made[name] = value
    return made


def test_an_anomaly_began_before_it_was_found() -> None:
    """It opens at its onset and closes when it ended."""
    assert of_bank(record()).at.tolist() == [150]
    shut = of_bank(record(phase=Phase.CLOSED))
    assert (shut.at.tolist(), shut.what.tolist()) == ([200], [CLOSED])


@pytest.mark.parametrize(("sign", "direction"), [(1, UP), (-1, DOWN), (0, SHAPE)])
def test_a_direction_is_a_sign(sign: int, direction: int) -> None:
    """No sign means that the values are spread otherwise."""
    made = of_bank(record(direction=sign))
    assert (made.direction.tolist(), made.track.tolist(), made.what.tolist()) == ([direction], [VALUE], [OPENED])


def test_silence_has_a_track_and_a_direction_of_its_own() -> None:
    """A series may be abnormal first and silent then: two signals."""
    made = of_bank(record(view=ViewCode.SILENCE))
    assert (made.direction.tolist(), made.track.tolist()) == ([SILENT], [SILENCE])


def test_a_detector_of_a_series_has_a_track_of_its_own() -> None:
    """With its own code; the bank goes on beside it."""
    made = of_models(record(view=ViewCode.MODEL, direction=-1), 99)
    assert (made.track.tolist(), made.detector.tolist(), made.direction.tolist()) == ([MODEL], [99], [DOWN])


def test_figures_pass_unchanged() -> None:
    """Value, what is usual, and score."""
    made = of_bank(record(value=5.0, expected=0.1, score=0.75))
    assert (made.value.tolist(), made.expected.tolist(), made.score.tolist()) == ([5.0], [0.1], [0.75])


@given(st.lists(st.tuples(st.integers(0, 2**31 - 1), st.sampled_from(ViewCode), st.integers(-1, 1)), max_size=20))
def test_many_records_keep_their_order(told: list[tuple[int, ViewCode, int]]) -> None:
    """Row by row."""
    records = np.concatenate([record(series=s, view=v, direction=d) for s, v, d in told] or [np.zeros(0, TRANSITION)])
    made = of_bank(records)
    assert made.series.tolist() == [series for series, _, _ in told]
    assert made.detector.tolist() == [int(view) for _, view, _ in told]


# ----------------------------------------------------------------------------------------------------------- peaks


def peak(height: float, direction: int = 1) -> np.ndarray[Any, Any]:
    """The present state of one abnormal series."""
    made = np.zeros(1, ANOMALY)
    made["peak"], made["direction"], made["value"], made["expected"] = height, direction, 5.0, 0.1
    return made


@pytest.mark.parametrize(("height", "score"), [(0.0, 0.0), (1.0, 0.5), (3.0, 0.75), (1e9, 1.0)])
def test_a_score_is_how_far_beyond_the_edge_a_peak_is(height: float, score: float) -> None:
    """The edge of the usual range is 0.5, and no height is more than 1."""
    made = of_peaks(np.array([7], np.int32), peak(height), 300)
    assert made.score.tolist() == pytest.approx([score])
    assert (made.what.tolist(), made.at.tolist(), made.track.tolist()) == ([WORSE], [300], [VALUE])


def test_a_peak_downwards_is_told_so() -> None:
    """As a transition of the bank is."""
    assert of_peaks(np.array([7], np.int32), peak(1.0, -1), 300).direction.tolist() == [DOWN]


# ------------------------------------------------------------------------------------------------------------ rows


def test_series_that_are_well_again_close_on_one_track() -> None:
    """The other tracks are left alone."""
    made = closed(np.array([3, 5], np.int32), 400, OWN)
    assert made.series.tolist() == [3, 5]
    assert (made.what.tolist(), made.at.tolist(), made.track.tolist()) == ([CLOSED] * 2, [400] * 2, [OWN] * 2)


def test_no_rows_are_no_transitions() -> None:
    """With the same types, so that they can be joined to others."""
    made = of_rows([])
    assert made.series.dtype == np.int32
    assert made.at.dtype == np.int64
    assert len(made.series) == len(made.track) == 0


def test_a_row_that_is_too_short_is_a_mistake() -> None:
    """Columns are not shifted silently."""
    with pytest.raises(ValueError, match="longer"):
        of_rows([(1, OPENED, 2, 0.5, 1.0, 0.0, UP, 0)])  # type: ignore[list-item]


# ------------------------------------------------------------------------------------------------------------ names


def test_every_view_has_a_name_and_further_ones_follow() -> None:
    """Pages show it; log news and burn rates come after the bank's own views."""
    assert len(DETECTORS) == len(ViewCode) + 2
    assert (DETECTORS[LOG_NEWS], DETECTORS[BURN], DETECTORS[ViewCode.MODEL]) == ("log.new", "slo.burn", "river")
    assert len(set(DETECTORS)) == len(DETECTORS)


def test_directions_are_the_episode_s() -> None:
    """The same numbers on both sides."""
    assert [DIRECTIONS[number] for number in (UP, DOWN, SILENT, SHAPE)] == [
        SignalDirection.UP,
        SignalDirection.DOWN,
        SignalDirection.SILENT,
        SignalDirection.SHAPE,
    ]
