"""Figures as people read them."""

from __future__ import annotations

import numpy as np
import pytest

from aiops.model.metric_semantics.units import NO_UNIT, PERCENT, SHARE, unit_of
from tests.unit.topology.evidence.recorded import inquiry, recorded
from topology.testimony.sentences import MOST_CHARACTERS, duration, figure, moved


@pytest.mark.parametrize(
    ("seconds", "text"), [(375e-3, "375 ms"), (2.0, "2 s"), (6.25e-3, "6.25 ms"), (40e-6, "40 µs"), (0.0, "0 s")]
)
def test_durations_have_a_readable_unit(seconds: float, text: str) -> None:
    """Three digits."""
    assert duration(seconds) == text


def test_figures_follow_their_unit() -> None:
    """Times are converted, shares are percent, others keep their symbol."""
    assert figure(250.0, unit_of("ms")) == "250 ms"
    assert figure(0.25, SHARE) == figure(25.0, PERCENT) == "25 %"
    assert figure(12.0, unit_of("By")) == "12 By"
    assert figure(12.0, unit_of("{request}")) == "12 request"
    assert figure(12.3456, NO_UNIT) == "12.35"


def test_a_row_is_told_with_time_and_size() -> None:
    """Series, entity, both levels, when, and how unusual."""
    asked = inquiry(recorded({("store", "http.server.request.duration"): (0.006, 0.375)}))
    told = moved(asked, 0)
    assert told.startswith("http.server.request.duration of store went from 6")
    assert " ms at 23:13:20, " in told
    assert told.endswith("times the usual spread")


def test_silence_is_told_without_figures() -> None:
    """There is no level."""
    asked = inquiry(recorded({("store", "latency_ms"): (10.0, np.nan)}))
    assert moved(asked, 0) == "latency_ms of store fell silent"


def test_long_names_are_cut() -> None:
    """A hostile name does not fill the page."""
    asked = inquiry(recorded({("store", "m" * 5000): (10.0, 90.0)}))
    assert len(moved(asked, 0)) < MOST_CHARACTERS + 120
