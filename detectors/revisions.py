"""Builds ``Episode`` revisions from the rows of ``EpisodeAggregator``, with names.

Many revisions at once are cheap: rows become Python values in bulk, and a signal that did not change since it was last
reported keeps its object.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from aiops.model.entities import MAIN_DOMAIN
from aiops.model.episodes import Episode, Signal, SignalDirection, Source

DIRECTIONS = (
    SignalDirection.UP,
    SignalDirection.DOWN,
    SignalDirection.NEW,
    SignalDirection.SILENT,
    SignalDirection.SHAPE,
)
"""Directions by code."""
MOST_SIGNALS = 16
"""A revision lists at most this many signals, highest scores first."""
_SOURCES = {"log.count": Source.LOG, "log.new": Source.LOG} | dict.fromkeys(
    ("span.rate", "span.errors", "span.p50", "span.p99"), Source.SPAN
)
_REPORTED = ("series", "direction", "detector", "since", "score", "value", "expected", "ended")

Rows = npt.NDArray[np.void]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Place:
    """The slot that reports episodes, as episodes carry it."""

    slot: int
    generation: int
    domain: str = MAIN_DOMAIN


@dataclass(frozen=True, slots=True)
class NamedSeries:
    """Names of the slot's series, by number."""

    entity: Callable[[int], str]
    """Entity code to entity name."""
    series: Callable[[int], tuple[str, str, str | None]]
    """Series number to display name, metric and peer."""


class EpisodeBuilder:
    """Makes the revisions of one slot.

    Args:
        place: slot and generation that episodes carry.
        detectors: names of the views by code.
    """

    def __init__(self, place: Place, detectors: tuple[str, ...]) -> None:
        self.place = place
        self.detectors = detectors
        self._reported: dict[int, Signal] = {}
        """Signals as last reported, by key; only those of open cases."""

    def revisions(
        self, tables: tuple[Rows, Rows], reported: Flags, ended: Flags, *, watermark: int, named: NamedSeries
    ) -> list[Episode]:
        """Revisions of the cases to report, in their order.

        Args:
            tables: all SIGNAL and all CASE rows.
            reported: (cases,) cases to report.
            ended: (cases,) cases whose episode has ended.
            watermark: event time that the revisions carry, ns.
            named: names of entities and series.
        """
        signals, cases = tables[0], tables[1][reported]
        if not len(cases):
            return []
        chosen = signals[reported[signals["case"]]]
        chosen = chosen[np.lexsort((keys_of(chosen), -chosen["score"], chosen["case"]))]
        begins = np.flatnonzero(np.diff(chosen["case"], prepend=-1))
        sizes = np.diff(begins, append=len(chosen))
        listed = np.arange(len(chosen)) - np.repeat(begins, sizes) < MOST_SIGNALS
        found = self._signals(chosen[listed], named)
        ends = np.cumsum(np.minimum(sizes, MOST_SIGNALS)).tolist()
        clears = np.where(ended[reported], np.maximum(cases["opened"], cases["clear"]), 0)
        revisions = cases["changes"] + np.maximum(0, cases["stamp"] - cases["opened"]) // 10_000_000
        columns = (
            cases["entity"],
            cases["opened"],
            revisions,
            cases["worst"],
            cases["signals"],
            cases["breaches"],
            clears,
        )
        rows = zip([0, *ends], ends, *(column.tolist() for column in columns), strict=False)
        return [self._episode(tuple(found[begin:end]), row, watermark, named=named) for begin, end, *row in rows]

    def _episode(
        self, signals: tuple[Signal, ...], row: Sequence[Any], watermark: int, *, named: NamedSeries
    ) -> Episode:
        code, opened, revision, worst, count, breaches, clear = row
        entity = named.entity(code)
        return Episode(
            id=f"{entity}@{base36(opened)}",
            entity=entity,
            opened_at=opened,
            revision=revision,
            severity=worst,
            signals=signals,
            signals_total=count,
            watermark=watermark,
            ended_at=clear or None,
            source=signals[0].source,
            slot=self.place.slot,
            generation=self.place.generation,
            breaches_objective=bool(breaches),
            domain=self.place.domain,
        )

    def _signals(self, rows: Rows, named: NamedSeries) -> list[Signal]:
        keys = keys_of(rows).tolist()
        columns = (rows["since"].tolist(), rows["score"].tolist(), rows["ended"].tolist())
        known = [self._reported.get(key) for key in keys]
        fresh = [
            place
            for place, (signal, *now) in enumerate(zip(known, *columns, strict=True))
            if signal is None or [signal.since, signal.score, signal.ended_at or 0] != now
        ]
        made = rows[fresh]
        fields = (made[name].tolist() for name in _REPORTED)
        for place, *row in zip(fresh, *fields, strict=True):
            known[place] = self._reported[keys[place]] = self._signal(row, named)
        return cast("list[Signal]", known)

    def _signal(self, row: Sequence[Any], named: NamedSeries) -> Signal:
        series, direction, detector, since, score, value, expected, ended = row
        text, metric, peer = named.series(series)
        return Signal(
            series=text,
            metric=metric,
            direction=DIRECTIONS[direction],
            source=_SOURCES.get(metric, Source.METRIC),
            since=since,
            score=score,
            value=value,
            expected=expected,
            peer=peer,
            detector=self.detectors[detector] if detector < len(self.detectors) else "bank",
            ended_at=ended or None,
        )

    def forget(self, signals: Rows) -> None:
        """Drops the signals of closed cases."""
        for key in keys_of(signals).tolist():
            self._reported.pop(key, None)


def keys_of(signals: Rows) -> npt.NDArray[np.int64]:
    """(signals,) a unique number for each series and track."""
    return np.asarray(4 * signals["series"].astype(np.int64) + signals["track"], np.int64)


def base36(number: int) -> str:
    """A natural number with the digits 0-9a-z."""
    digits = ""
    while number:
        number, rest = divmod(number, 36)
        digits = "0123456789abcdefghijklmnopqrstuvwxyz"[rest] + digits
    return digits or "0"
