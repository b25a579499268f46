"""Change windows and freezes from iCalendar files: whether changes are allowed at a time, and when they are again.

An event is a freeze unless its ``CATEGORIES`` contain ``window``. If any window is defined, changes are allowed only
inside a window. A freeze always forbids changes. A calendar that cannot be read forbids all changes (fail closed) and
is reported in ``problems``. Times without a zone are UTC.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import icalendar
import recurring_ical_events

from aiops.model.durations import SECOND
from aiops.model.prose import NOTHING, Prose

HORIZON = dt.timedelta(days=32)
"""How far ahead the end of a freeze, or the next window, is searched."""
MOST_HOPS = 64


@dataclass(frozen=True, slots=True)
class Problem:
    """A problem in a file of the bundle, with its line."""

    file: str
    line: int
    what: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.what}"


@dataclass(frozen=True, slots=True)
class Hold:
    """Changes are forbidden now."""

    reason: Prose
    until: int | None
    """When changes are allowed again, ns; None: not within the horizon, or a calendar cannot be read."""


@dataclass(frozen=True, slots=True)
class _Span:
    start: int
    end: int
    window: bool
    name: str


class Windows:
    """All calendars of a bundle. The results depend only on the calendars and ``at``."""

    def __init__(self, calendars: tuple[icalendar.Calendar, ...] = (), problems: tuple[Problem, ...] = ()) -> None:
        self.problems = problems
        self._queries = tuple(recurring_ical_events.of(calendar) for calendar in calendars)
        self._has_windows = any(_is_window(event) for calendar in calendars for event in calendar.walk("VEVENT"))

    @classmethod
    def of(cls, files: Mapping[str, bytes], problems: Iterable[Problem] = ()) -> Windows:
        """The calendars of ``files`` (path to content). A malformed one becomes a problem and forbids all changes."""
        calendars, wrong = [], list(problems)
        for path, content in files.items():
            try:
                calendars.append(_parse(content))
            except (ValueError, TypeError, KeyError, AttributeError, IndexError) as error:
                wrong.append(Problem(path, 1, f"not a calendar: {error}"))
        return cls(tuple(calendars), tuple(wrong))

    def hold(self, at: int) -> Hold | None:
        """Why and until when changes are forbidden at ``at``, ns; None: they are allowed."""
        if self.problems:
            return Hold(Prose(f"a calendar cannot be read: {self.problems[0]}"), None)
        spans = self._ahead(at)
        reason = self._held_by(spans, at)
        if not reason:
            return None
        moment = at
        for _ in range(MOST_HOPS):
            later = [edge for span in spans for edge in (span.start, span.end) if edge > moment]
            if not later:
                break
            moment = min(later)
            if not self._held_by(spans, moment):
                return Hold(reason, moment)
        return Hold(reason, None)

    def _ahead(self, at: int) -> list[_Span]:
        until = at + round(HORIZON.total_seconds()) * SECOND
        return [span for query in self._queries for span in _spans(query, at, until)]

    def _held_by(self, spans: list[_Span], at: int) -> Prose:
        now = [span for span in spans if span.start <= at < span.end]
        freeze = next((span.name for span in now if not span.window), "")
        if freeze:
            return Prose(f"freeze: {freeze}")
        if self._has_windows and not any(span.window for span in now):
            return Prose("outside every change window")
        return NOTHING


def _parse(content: bytes) -> icalendar.Calendar:
    """A calendar whose events can all be read; raises ``ValueError`` and the two parsers' errors."""
    calendar = icalendar.Calendar.from_ical(content)
    if calendar.name != "VCALENDAR":
        raise ValueError("it holds no VCALENDAR")
    _spans(recurring_ical_events.of(calendar), 0, 10**18)
    return calendar


def _spans(query: recurring_ical_events.CalendarQuery, at: int, until: int) -> list[_Span]:
    start, end = (dt.datetime.fromtimestamp(ns / SECOND, dt.UTC) for ns in (at, until))
    return [
        _Span(_ns(event["DTSTART"].dt), _ns(event["DTEND"].dt), _is_window(event), str(event.get("SUMMARY", "event")))
        for event in query.between(start, end)
    ]


def _is_window(event: icalendar.cal.Component) -> bool:
    categories = event.get("CATEGORIES")
    if categories is None:
        return False
    found = categories if isinstance(categories, list) else [categories]
    return any(str(name).lower() == "window" for entry in found for name in entry.cats)


def _ns(moment: dt.date) -> int:
    if not isinstance(moment, dt.datetime):
        moment = dt.datetime(moment.year, moment.month, moment.day, tzinfo=dt.UTC)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=dt.UTC)
    return round(moment.timestamp()) * SECOND
