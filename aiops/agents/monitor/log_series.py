"""Log lines of a slot: counts by interval and template, the points made from them, and signals of new templates.

Records are processed one by one. A line is late if its interval is closed. An interval closes when a record has an
event time later than the interval's end plus the allowed lateness.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from aiops.agents.monitor import signals
from aiops.agents.monitor.detection import SlotDetection
from aiops.agents.monitor.points import PointFeed
from aiops.model.durations import SECOND
from detectors.intervals import INTERVAL, IntervalClock
from detectors.logs import lookup
from detectors.logs.counter import LEVEL_NAMES, ClosedTemplates, LogCounter, LogSettings
from detectors.logs.lookup import Lines
from detectors.logs.template_text import text_of
from detectors.spans.names import NONE
from detectors.transitions import CLOSED, OPENED
from detectors.turns import NO_SHARE, Share
from detectors.wire.identity import SeriesIdentity, SeriesKind

NEWS_SECONDS = 120
"""Longest time for which a new error template is a signal."""
QUIET_SECONDS = 30
"""The signal of a new template ends after this time without a line of the template."""
_SHARED_LATENESS = 30 * SECOND
"""Allowed lateness, ns, if counts of several partitions are combined: partitions progress independently."""
_MOST_TEXTS = 65_536
Longs = npt.NDArray[np.int64]
Codes = npt.NDArray[np.int32]


@dataclass(slots=True)
class _News:
    """A new template."""

    series: int
    begun: int
    """End of the interval of its first line, ns."""
    last: int
    """End of the interval of its last line, ns."""

    @property
    def over(self) -> int:
        """When the template stops being new if no further line arrives, ns."""
        return min(self.begun + NEWS_SECONDS * SECOND, self.last + QUIET_SECONDS * SECOND)


@dataclass(slots=True)
class Texts:
    """Masked text of lines for other slots, by the key of their shape: a cache, not part of the state."""

    _known: dict[int, str] = field(default_factory=dict)

    def of(self, key: int, line: npt.NDArray[np.uint8]) -> str:
        """The template of a line whose shape has this key."""
        found = self._known.get(key)
        if found is None:
            if len(self._known) >= _MOST_TEXTS:
                self._known.clear()
            body = line.tobytes()
            found = self._known[key] = text_of(body, lookup.dissect(body)).decode(errors="replace")
        return found


@dataclass(slots=True)
class LogSeries:
    """Counts of templates, and signals of new templates."""

    detection: SlotDetection
    clock: IntervalClock = field(default_factory=IntervalClock)
    counter: LogCounter = field(default_factory=lambda: LogCounter(LogSettings()))
    news: dict[tuple[str, str, str], _News] = field(default_factory=dict)
    """New templates, by entity, level and template."""
    texts: Texts = field(default_factory=Texts)
    left_out: int = 0
    """Lines of entities without room, since the slot last took them into its account."""

    def add(
        self,
        text: npt.NDArray[np.uint8],
        lines: Lines,
        entities: Sequence[str],
        *,
        occurrences: tuple[Codes, Longs, Longs],
    ) -> None:
        """Count lines; lines of closed intervals are left out.

        Args:
            text: bytes of all lines.
            lines: their positions; owners are filled in.
            entities: names.
            occurrences: index into ``entities``, interval, and how many lines it stands for, of each line.
        """
        which, intervals, counts = occurrences
        open_now = intervals >= self.clock.closed
        first = np.full(len(entities), np.iinfo(np.int64).max)
        np.minimum.at(first, which[open_now], intervals[open_now])
        codes = np.full(len(entities), NONE, np.int32)
        for index in np.unique(which[open_now]).tolist():
            codes[index] = self.counter.entity(entities[index], int(first[index]))
        entity = codes[which]
        taken = np.flatnonzero(open_now & (entity != NONE))
        self.left_out += int(counts[open_now & (entity == NONE)].sum())
        if len(taken):
            chosen = Lines(
                lines.begin[taken], lines.end[taken], self.counter.owners(entity[taken]), lines.severity[taken]
            )
            self.counter.add(text, chosen, entity[taken], occurrences=(intervals[taken], counts[taken]))

    def advance(self, newest: int) -> None:
        """Advance to the newest event time of a processed record, ns; intervals that this closes become points."""
        before = self.clock.closed
        self.clock.advance(newest)
        if self.clock.closed == before:
            return
        for closed in self.counter.close(self.clock.closed):
            self._emit(closed)
            self._keep_news(closed)
            self._report_news(closed)
        over = {key: found for key, found in self.news.items() if found.over <= self.clock.newest}
        for key in over:
            del self.news[key]
        rows = [_news_row(found.series, CLOSED, found.over, count=0) for found in over.values()]
        self.detection.tell(signals.of_rows(rows))

    def _emit(self, closed: ClosedTemplates) -> None:
        series = self.counter.table.rows["series"]
        missing = closed.rows[series[closed.rows] < 0]
        if len(missing):
            series[missing] = self.detection.table.add([self._identity(row, "log.count") for row in missing.tolist()])
            self.detection.admit()
        numbers = series[closed.rows]
        taken = numbers >= 0
        times = np.full(int(np.count_nonzero(taken)), closed.at, np.int64)
        self.detection.take(PointFeed(numbers[taken].astype(np.int32), times, closed.counts[taken].astype(np.float64)))

    def _keep_news(self, closed: ClosedTemplates) -> None:
        """Record which new templates have further lines."""
        if not self.news:
            return
        table, names = self.counter.table, self.counter.names
        counts = np.zeros(len(table), np.int64)
        counts[closed.rows] = closed.counts
        for (entity, level, text), known in self.news.items():
            code = names.find(entity)
            row = NONE if code == NONE else table.named(code, LEVEL_NAMES.index(level), text.encode())
            if row != NONE and counts[row]:
                known.last = closed.at

    def _report_news(self, closed: ClosedTemplates) -> None:
        new = np.flatnonzero(closed.new)
        identities = [self._identity(row, "log.new") for row in closed.rows[new].tolist()]
        numbers = self.detection.table.add(identities).tolist()
        self.detection.admit()
        found = list(zip(numbers, identities, closed.counts[new].tolist(), strict=True))
        occurrences = [(number, identity, count) for number, identity, count in found if number >= 0]
        rows = [_news_row(number, OPENED, closed.at - INTERVAL, count=count) for number, _, count in occurrences]
        self.detection.tell(signals.of_rows(rows))
        self.news |= {_key(identity): _News(number, closed.at, closed.at) for number, identity, _ in occurrences}

    def _identity(self, row: int, metric: str) -> SeriesIdentity:
        table = self.counter.table
        level, entity = int(table.rows["level"][row]), self.counter.names.texts[int(table.rows["entity"][row])]
        text = table.texts[row].decode(errors="replace")
        attributes = (("severity", LEVEL_NAMES[level]), ("template", text))
        return SeriesIdentity(entity, metric, attributes, "1", SeriesKind.RATE)

    def forget(self, series: Codes) -> None:
        """Forget the numbers of series that are reclaimed; none of them may be news."""
        known = self.counter.table.rows["series"]
        known[np.isin(known, series)] = NONE

    def to_arrays(self, since: int = 0, share: Share = NO_SHARE) -> dict[str, npt.NDArray[np.generic]]:
        """State for a snapshot; templates with a serial number below ``since``, but for a share of them, in brief."""
        rows = [(found.series, found.begun, found.last) for found in self.news.values()]
        made: dict[str, npt.NDArray[np.generic]] = {
            "head": np.array([self.clock.newest], np.int64),
            "news": np.array(rows, np.int64).reshape(-1, 3),
        }
        return made | {f"counter.{name}": array for name, array in self.counter.to_arrays(since, share).items()}

    def restore(self, chain: Sequence[Mapping[str, npt.NDArray[np.generic]]]) -> None:
        """Restore the state of the last of a chain of ``to_arrays``; together they hold everything."""
        last = chain[-1]
        self.clock.newest = int(last["head"].tolist()[0])
        parts = [{n[8:]: array for n, array in part.items() if n.startswith("counter.")} for part in chain]
        self.counter = LogCounter.from_arrays(parts, self.counter.settings)
        held = [_News(*row) for row in last["news"].tolist()]
        self.news = {_key(self.detection.table.identity(found.series)): found for found in held}


def _key(identity: SeriesIdentity) -> tuple[str, str, str]:
    named = dict(identity.attributes)
    return identity.entity, named["severity"], named["template"]


def _news_row(series: int, what: int, at: int, *, count: int) -> signals.Row:
    # The score rises with the number of lines: one line gives 0.52, forty lines give 0.83.
    score = 0.5 + 0.5 * count / (count + 20) if count else 0.0
    return series, what, at, score, float(count), 0.0, signals.NEW, signals.LOG_NEWS, 2


def interval_clock(*, shared: bool) -> IntervalClock:
    """The clock of a slot's logs or spans; ``shared``: other partitions also send counts."""
    return IntervalClock(_SHARED_LATENESS) if shared else IntervalClock()
