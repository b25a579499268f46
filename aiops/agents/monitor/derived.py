"""Logs and spans of a slot: counted by interval, then points of the slot's own making.

Records are taken one by one. A line or span whose interval is closed is late; an interval closes when a record brings
an event time past its end and the allowed lateness.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from aiops.agents.monitor import signals
from aiops.agents.monitor.detection import Detection
from aiops.model.entities import Objective
from detectors.intervals import INTERVAL, SECOND, IntervalClock
from detectors.logs.counter import Counted, LogCounter, LogSettings
from detectors.transitions import CLOSED, OPENED
from detectors.wire.identity import SeriesIdentity, SeriesKind

NEWS_SECONDS = 120
"""A new error template is a signal for so long at most."""
QUIET_SECONDS = 30
"""It is one no more once it was not written for so long: what caused it has stopped."""
_SHARED_LATENESS = 30 * SECOND
"""Where counts of several partitions meet, they come at their own pace."""

Objectives = Mapping[str, tuple[Objective, ...]]


def _bytes(text: str) -> npt.NDArray[np.uint8]:
    return np.frombuffer(text.encode(), np.uint8)


@dataclass(slots=True)
class _News:
    """A template that is new."""

    series: int
    begun: int
    """End of the interval in which it was written first, ns."""
    last: int
    """End of the interval in which it was written last, ns."""

    @property
    def over(self) -> int:
        """When it is news no more, as far as is known."""
        return min(self.begun + NEWS_SECONDS * SECOND, self.last + QUIET_SECONDS * SECOND)


@dataclass(slots=True)
class LogSeries:
    """Counts of templates and the news of new ones."""

    detection: Detection
    clock: IntervalClock = field(default_factory=IntervalClock)
    counter: LogCounter = field(default_factory=lambda: LogCounter(LogSettings()))
    news: dict[tuple[str, str, str], _News] = field(default_factory=dict)
    """Templates that are new, by entity, severity and template."""

    def add(self, line: tuple[str, str, str, int], count: int = 1) -> bool:
        """Counts lines given by entity, severity, masked text and interval; False: too late."""
        if line[3] < self.clock.closed:
            return False
        self.counter.add(*line, count)
        return True

    def advance(self, newest: int) -> None:
        """Takes the newest event time of a record that is through; intervals that end with it become points."""
        before = self.clock.closed
        self.clock.advance(newest)
        if self.clock.closed == before:
            return
        self._tell(self.counter.close(self.clock.closed))
        over = {key: found for key, found in self.news.items() if found.over <= self.clock.newest}
        for key in over:
            del self.news[key]
        rows = [_news_row(found.series, CLOSED, found.over, 0) for found in over.values()]
        self.detection.tell(signals.of_rows(rows))

    def _tell(self, counted: list[Counted]) -> None:
        for at in sorted({one.at for one in counted}):
            found = [one for one in counted if one.at == at]
            self.detection.emit([_log_identity(one, "log.count") for one in found], at, [one.count for one in found])
            for one in found:
                if one.count and (known := self.news.get(_key(one))) is not None:
                    known.last = at
            self._news([one for one in found if one.new], at)

    def _news(self, found: list[Counted], at: int) -> None:
        table = self.detection.table
        series = table.add([_log_identity(one, "log.new") for one in found]).tolist()
        self.detection.admit()
        told = [(number, one) for number, one in zip(series, found, strict=True) if number >= 0]
        rows = [_news_row(number, OPENED, at - INTERVAL, one.count) for number, one in told]
        self.detection.tell(signals.of_rows(rows))
        self.news |= {_key(one): _News(number, at, at) for number, one in told}

    def to_arrays(self) -> dict[str, npt.NDArray[np.generic]]:
        """State for a snapshot."""
        head = np.array([self.clock.newest], np.int64)
        state = np.frombuffer(self.counter.to_bytes(), np.uint8)
        return {"head": head, "state": state, "news": self._news_array()}

    def restore(self, arrays: Mapping[str, npt.NDArray[np.generic]]) -> None:
        """Become what ``to_arrays`` was called on."""
        self.clock.newest = int(arrays["head"].tolist()[0])
        self.counter = LogCounter.from_bytes(arrays["state"].tobytes(), self.counter.settings)
        held = [_News(*row) for row in arrays["news"].tolist()]
        self.news = {self._key_of(found.series): found for found in held}

    def _news_array(self) -> npt.NDArray[np.int64]:
        rows = [(found.series, found.begun, found.last) for found in self.news.values()]
        return np.array(rows, np.int64).reshape(-1, 3)

    def _key_of(self, series: int) -> tuple[str, str, str]:
        identity = self.detection.table.identity(series)
        named = dict(identity.attributes)
        return identity.entity, named["severity"], named["template"]


def _key(one: Counted) -> tuple[str, str, str]:
    return one.entity, one.severity, one.template


def _log_identity(one: Counted, metric: str) -> SeriesIdentity:
    attributes = (("severity", one.severity), ("template", one.template))
    return SeriesIdentity(one.entity, metric, attributes, "1", SeriesKind.RATE)


def _news_row(series: int, what: int, at: int, count: int) -> signals.Row:
    # One line is hardly news, forty are as good as certain.
    score = 0.5 + 0.5 * count / (count + 20) if count else 0.0
    return series, what, at, score, float(count), 0.0, signals.NEW, signals.LOG_NEWS, 2


def interval_clock(*, shared: bool) -> IntervalClock:
    """The clock of a slot's logs or spans; ``shared``: other partitions send their counts too."""
    return IntervalClock(_SHARED_LATENESS) if shared else IntervalClock()
