"""Which departures of a slot's series users can notice."""

from __future__ import annotations

import numpy as np
import pytest

from aiops.agents.monitor import signals
from aiops.agents.monitor.meanings import SeriesMeanings
from aiops.agents.monitor.noticeability import Noticeability
from aiops.model.entities import Objective
from aiops.model.metric_semantics.table import MetricTable
from detectors.transitions import SIGNAL
from detectors.wire.identity import SeriesIdentity, SeriesKind
from detectors.wire.series import SeriesTable

LATENCY = Objective("latency", 0.99, threshold_ms=2000.0)


def noticeability(metric: str, unit: str, **goals: tuple[Objective, ...]) -> Noticeability:
    table = SeriesTable()
    table.add([SeriesIdentity("shop", metric, (), unit, SeriesKind.GAUGE)])
    return Noticeability(table, SeriesMeanings(table, MetricTable()), goals)


def rows(value: float, expected: float, track: int = signals.VALUE) -> np.ndarray:
    found = np.zeros(1, SIGNAL)
    found["value"], found["expected"], found["track"] = value, expected, track
    return found


def of(decides: Noticeability, value: float, usual: float) -> bool:
    return bool(decides.of(np.zeros(1, np.int32), np.array([value]), np.array([usual]))[0])


@pytest.mark.parametrize(("seconds", "expected"), [(0.9, False), (1.1, True)])
def test_a_delay_far_within_the_objective_is_not_noticeable(seconds: float, *, expected: bool) -> None:
    """The objective calls two seconds slow: up to half of it nobody minds that calls took a tenth of that before."""
    assert of(noticeability("http.server.request.duration", "s", shop=(LATENCY,)), seconds, 0.1) is expected


def test_without_an_objective_a_delay_counts_by_itself() -> None:
    """Goals of other entities have no effect."""
    assert of(noticeability("http.server.request.duration", "s", pay=(LATENCY,)), 0.9, 0.1)


def test_silence_is_always_noticeable() -> None:
    """A silent series has no value that could be compared."""
    decides = noticeability("http.server.request.duration", "s")
    assert decides.of_signals(rows(0.1, 0.1, signals.SILENCE)).tolist() == [True]
    assert decides.of_signals(rows(0.1, 0.1)).tolist() == [False]


@pytest.mark.parametrize(
    ("last", "expected"),
    [(10.0, False), (1.5, False), (1.09, True), (0.05, True)],
    ids=["worst", "part of the way", "within a tenth", "faster than usual"],
)
def test_an_anomaly_is_over_close_to_the_usual_value(last: float, *, expected: bool) -> None:
    """The worst call took 10 s, usual is 0.1 s; a tenth of the distance is 0.99 s."""
    decides = noticeability("http.server.request.duration", "s")
    assert decides.over(rows(10.0, 0.1), np.array([last])).tolist() == [expected]
    assert decides.still(rows(10.0, 0.1), np.array([last])).tolist() == [not expected]


def test_a_change_for_the_better_is_over() -> None:
    """Calls that became slow and are now faster than ever."""
    decides = noticeability("http.server.request.duration", "s")
    assert decides.over(rows(10.0, 5.0), np.array([1.0])).tolist() == [True]


def test_a_series_whose_open_signal_is_over_is_no_longer_noticeable() -> None:
    """3.5 s is far from the baseline of 1 s, and near the usual value that the signal was opened with."""
    decides = noticeability("http.server.request.duration", "s")
    series, values, usual = np.zeros(1, np.int32), np.array([3.5]), np.array([1.0])
    assert decides.still_of(series, values, usual, live=np.zeros(0, SIGNAL)).tolist() == [True]
    assert decides.still_of(series, values, usual, live=rows(10.0, 3.0)).tolist() == [False]


def test_no_series_give_no_answer() -> None:
    """A question about entities without series."""
    none = np.zeros(0)
    decides = noticeability("http.server.request.duration", "s")
    assert decides.still_of(none.astype(np.int32), none, none, live=rows(1.0, 1.0)).tolist() == []
