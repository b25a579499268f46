from __future__ import annotations

import numpy as np
import pytest

from aiops.agents.monitor.detection import SlotDetection
from aiops.agents.monitor.log_series import NEWS_SECONDS, QUIET_SECONDS, LogSeries
from aiops.agents.monitor.plan import SlotPlan
from aiops.model.episodes import Episode
from aiops.settings import DataPlane
from detectors.intervals import INTERVAL
from detectors.revisions import Place
from detectors.wire.series import SeriesTable
from tests.unit.agents.monitoring.telemetry import SECOND
from tests.unit.detectors.logs.lines import laid_out

QUIET, NEWS = QUIET_SECONDS * SECOND, NEWS_SECONDS * SECOND
FIRST = 1_200 * SECOND
"""When the error is written for the first time; the service is long known by then."""


def write(lines: LogSeries, line: str, severity: int, interval: int, count: int = 1) -> None:
    """Counts lines of "pay"."""
    text, found = laid_out([line.encode()], [severity])
    told = (np.zeros(1, np.int32), np.array([interval]), np.array([count]))
    lines.add(text, found, ["pay"], occurrences=told)


def written(errors: range, *, saved_at: int = 0) -> list[Episode]:
    """What is told of a service that writes a usual line a second, and an error at the seconds given."""
    detection = SlotDetection(
        SlotPlan(0, 1, data=DataPlane(series_limit=100, clear_seconds=0.0)), SeriesTable(), Place(0, 1, "main")
    )
    lines = LogSeries(detection)
    for second in range(1_800):
        at = second * SECOND
        if second == saved_at:
            kept, lines = lines.to_arrays(), LogSeries(detection)
            lines.restore([kept])
        write(lines, "handled order 7", 9, at // INTERVAL)
        if second in errors:
            write(lines, "ledger refused", 17, at // INTERVAL, 50)
        lines.advance(at)
        detection.record(at, at)
    return detection.episodes


@pytest.mark.parametrize("saved_at", [0, 1_215])
def test_a_new_error_is_news_until_it_is_no_more_written(saved_at: int) -> None:
    """It ends a while after its last line, also when a snapshot was taken in between."""
    told = written(range(1_200, 1_220), saved_at=saved_at)
    assert {episode.entity for episode in told} == {"pay"}
    assert told[-1].ended_at == FIRST + 2 * INTERVAL + QUIET


def test_a_new_error_that_goes_on_is_news_for_a_while_only() -> None:
    """What is written for ever is not new for ever."""
    ends = [episode.ended_at for episode in written(range(1_200, 1_700)) if episode.ended_at]
    assert ends[0] == FIRST + INTERVAL + NEWS
