"""From what single series do to episodes of entities: fold, wait, agree, report.

``fold`` takes what series did, one by one in input order, in a compiled loop. ``boundary`` is called where the input's
own clock passes a flush, and decides there: so neither depends on how polls cut the input.

When an entity is unwell. The first abnormal series makes its entity *suspected*. A suspected entity gets an episode
when, at a boundary, one of these holds, so that one weak blip of one noisy metric opens nothing:

* a signal scores at least ``severe``;
* a series that carries an objective is abnormal;
* at least ``agreeing`` different metrics of it are abnormal together;
* it has been suspected for ``confirm_seconds``.

A suspected entity whose series came back is forgotten. An episode ends when no series of it has been abnormal for
``hold_seconds``; its end is when the last one came back. A revision is reported at the opening, at the end, when it got
clearly worse (severity by 0.1, four times as many signals, an objective now burns), and otherwise at growing intervals.

``revision`` counts the changes and the 10 ms of input time since the opening. It is a function of the input alone, so
a replay after a crash gives the same numbers again, whenever it reports.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from aiops.model.entities import MAIN_DOMAIN
from aiops.model.episodes import Direction, Episode, Signal, Source
from detectors.transitions import CASE, SIGNAL, Transitions, fold

SECOND = 1_000_000_000
DIRECTIONS = (Direction.UP, Direction.DOWN, Direction.NEW, Direction.SILENT, Direction.SHAPE)
"""Directions by code."""
MOST_SIGNALS = 16
_SOURCES = {"log.count": Source.LOG, "log.new": Source.LOG} | dict.fromkeys(
    ("span.rate", "span.errors", "span.p50", "span.p99"), Source.SPAN
)
_LONGEST_WAIT = 6
"""Revisions that tell nothing urgent wait 1, 2, 4 … 64 seconds."""

T = TypeVar("T", bound=np.generic)
Ints = npt.NDArray[np.int32]
Arrays = dict[str, npt.NDArray[np.generic]]


@dataclass(frozen=True, slots=True)
class EpisodeSettings:
    """When an entity is unwell; see the module."""

    severe: float = 0.8
    """Four times as far out as the series' own limit, in the bank's scores."""
    agreeing: int = 2
    confirm_seconds: float = 60.0
    hold_seconds: float = 60.0


@dataclass(frozen=True, slots=True)
class Place:
    """What episodes carry of the slot that reports them."""

    slot: int
    generation: int
    domain: str = MAIN_DOMAIN


@dataclass(frozen=True, slots=True)
class Named:
    """Names of the slot's series, by number."""

    entity: Callable[[int], str]
    """Of an entity's code."""
    series: Callable[[int], tuple[str, str, str | None]]
    """Series as people read it, metric, peer."""


class EpisodeFolder:
    """Cases of one slot.

    Args:
        place: slot and generation that episodes carry.
        settings: when an entity is unwell.
        detectors: names of the views by code.
    """

    def __init__(self, place: Place, settings: EpisodeSettings, detectors: tuple[str, ...] = ("bank",)) -> None:
        self.place = place
        self.settings = settings
        self.detectors = detectors
        self._signals = np.zeros(64, SIGNAL)
        self._cases = np.zeros(16, CASE)
        self._sizes = np.zeros(2, np.int64)
        self._row_of = np.full(0, -1, np.int32)
        self._case_of = np.full(0, -1, np.int32)
        self._due = 0

    @property
    def signals(self) -> npt.NDArray[np.void]:
        """Signals of all cases; a view."""
        return self._signals[: self._sizes[0]]

    @property
    def cases(self) -> npt.NDArray[np.void]:
        """All cases; a view."""
        return self._cases[: self._sizes[1]]

    def unwell(self) -> Ints:
        """Entity codes with an open episode."""
        cases = self.cases
        return np.array(cases["entity"][cases["opened"] > 0], np.int32)

    def active(self, track: int = 0) -> Ints:
        """Series that are abnormal now, on one track."""
        signals = self.signals
        return np.array(signals["series"][(signals["ended"] == 0) & (signals["track"] == track)], np.int32)

    def fold(self, transitions: Transitions, entity: Ints, metric: Ints, objective: npt.NDArray[np.uint8]) -> None:
        """Take what series did; ``entity``, ``metric`` and ``objective`` (0 or 1) are of each one's series."""
        if not len(transitions):
            return
        self._row_of = _grown(self._row_of, 4 * int(transitions.series.max()) + 4, -1)
        self._case_of = _grown(self._case_of, int(entity.max()) + 1, -1)
        self._signals = _grown(self._signals, int(self._sizes[0]) + len(transitions), 0)
        self._cases = _grown(self._cases, int(self._sizes[1]) + len(transitions), 0)
        found = transitions
        events = (
            found.series, found.what, found.at, found.score, found.value, found.expected, found.direction,
            found.detector, found.track,
        )  # fmt: skip
        owners = (entity, metric, objective)
        fold(events, owners, (self._row_of, self._case_of), (self._signals, self._cases), self._sizes)
        self._due = 0

    def boundary(self, clock: int, watermark: int, named: Named) -> list[Episode]:
        """Decide at input time ``clock``, ns; revisions to report, in the order in which their cases began."""
        cases = self.cases
        if not len(cases) or clock < self._due:
            return []
        dirty = cases["dirty"] == 1
        cases["stamp"][dirty] = clock
        cases["pending"][dirty] = 1
        cases["dirty"] = 0
        opening = self._opening(clock)
        cases["opened"][opening] = cases["since"][opening]
        idle = cases["active"] == 0
        forgotten = (cases["opened"] == 0) & idle
        ended = (cases["opened"] > 0) & idle & (clock >= cases["clear"] + int(self.settings.hold_seconds * SECOND))
        cases["changes"][ended] += 1
        cases["stamp"][ended] = np.maximum(cases["stamp"][ended], cases["clear"][ended])
        urgent = (
            (cases["worst"] >= cases["told_worst"] + 0.1)
            | (cases["signals"] >= 4 * cases["told_signals"])
            | (cases["breaches"] > cases["told_breaches"])
            | (clock >= cases["next"])
        )
        told = opening | ended | ((cases["opened"] > 0) & (cases["pending"] == 1) & urgent)
        episodes = self._episodes(np.flatnonzero(told), ended, watermark, named)
        self._mark_told(told, clock)
        self._drop(forgotten | ended)
        self._due = self._next_due()
        return episodes

    def _opening(self, clock: int) -> npt.NDArray[np.bool_]:
        cases, signals = self.cases, self.signals
        active = signals[signals["ended"] == 0]
        pairs = np.unique(active["case"].astype(np.int64) << 32 | active["metric"])
        metrics = np.bincount(pairs >> 32, minlength=len(cases))
        suspected = (cases["opened"] == 0) & (cases["active"] > 0)
        return np.asarray(
            suspected
            & (
                (cases["worst"] >= self.settings.severe)
                | (cases["breaches"] == 1)
                | (metrics >= self.settings.agreeing)
                | (clock >= cases["since"] + int(self.settings.confirm_seconds * SECOND))
            )
        )

    def _mark_told(self, told: npt.NDArray[np.bool_], clock: int) -> None:
        cases = self.cases
        cases["next"][told] = clock + (SECOND << cases["wait"][told].astype(np.int64))
        cases["wait"][told] = np.minimum(cases["wait"][told] + 1, _LONGEST_WAIT)
        cases["pending"][told] = 0
        for name in ("worst", "signals", "breaches"):
            cases[f"told_{name}"][told] = cases[name][told]

    def _episodes(
        self, numbers: npt.NDArray[np.intp], ended: npt.NDArray[np.bool_], watermark: int, named: Named
    ) -> list[Episode]:
        if not len(numbers):
            return []
        signals = self.signals
        chosen = signals[np.isin(signals["case"], numbers)]
        chosen = chosen[np.lexsort((_keys(chosen), -chosen["score"], chosen["case"]))]
        begins = np.searchsorted(chosen["case"], numbers)
        return [
            self._episode(number, chosen[begin : begin + MOST_SIGNALS], bool(ended[number]), watermark, named)
            for number, begin in zip(numbers.tolist(), begins.tolist(), strict=True)
        ]

    def _episode(
        self, number: int, signals: npt.NDArray[np.void], ended: bool, watermark: int, named: Named  # noqa: FBT001
    ) -> Episode:  # fmt: skip
        case = self.cases[number]
        entity, opened = named.entity(int(case["entity"])), int(case["opened"])
        listed = tuple(
            self._signal(row, named) for row in signals[signals["case"] == number][: int(case["signals"])].tolist()
        )
        return Episode(
            id=f"{entity}@{base36(opened)}",
            entity=entity,
            opened_at=opened,
            revision=int(case["changes"]) + max(0, int(case["stamp"]) - opened) // 10_000_000,
            severity=float(case["worst"]),
            signals=listed,
            signals_total=int(case["signals"]),
            watermark=watermark,
            ended_at=max(opened, int(case["clear"])) if ended else None,
            source=listed[0].source if listed else Source.METRIC,
            slot=self.place.slot,
            generation=self.place.generation,
            breaches_objective=bool(case["breaches"]),
            domain=self.place.domain,
        )

    def _signal(self, row: tuple[int | float, ...], named: Named) -> Signal:
        series, _, _, direction, detector, _, _, since, score, value, expected, ended = row
        text, metric, peer = named.series(int(series))
        return Signal(
            series=text,
            metric=metric,
            direction=DIRECTIONS[int(direction)],
            source=_SOURCES.get(metric, Source.METRIC),
            since=int(since),
            score=float(score),
            value=float(value),
            expected=float(expected),
            peer=peer,
            detector=self.detectors[int(detector)] if int(detector) < len(self.detectors) else "bank",
            ended_at=int(ended) or None,
        )

    def _drop(self, gone: npt.NDArray[np.bool_]) -> None:
        if not gone.any():
            return
        signals, cases = self.signals, self.cases
        lost = gone[signals["case"]]
        self._row_of[_keys(signals)] = -1
        self._case_of[cases["entity"]] = -1
        new_number = np.cumsum(~gone) - 1
        kept_signals, kept_cases = signals[~lost].copy(), cases[~gone].copy()
        kept_signals["case"] = new_number[kept_signals["case"]]
        self._signals[: self._sizes[0]] = 0
        self._cases[: self._sizes[1]] = 0
        self._take(kept_signals, kept_cases)

    def _take(self, signals: npt.NDArray[np.void], cases: npt.NDArray[np.void]) -> None:
        self._signals[: len(signals)] = signals
        self._cases[: len(cases)] = cases
        self._sizes[:] = len(signals), len(cases)
        self._row_of[_keys(signals)] = np.arange(len(signals), dtype=np.int32)
        self._case_of[cases["entity"]] = np.arange(len(cases), dtype=np.int32)

    def _next_due(self) -> int:
        """Earliest clock at which a boundary can matter without further transitions."""
        cases = self.cases
        if not len(cases):
            return 0
        confirm, hold = int(self.settings.confirm_seconds * SECOND), int(self.settings.hold_seconds * SECOND)
        never = np.iinfo(np.int64).max
        opened = cases["opened"] > 0
        due = np.where(opened, never, cases["since"] + confirm)
        due = np.where(opened & (cases["active"] == 0), cases["clear"] + hold, due)
        due = np.where(opened & (cases["pending"] == 1), np.minimum(due, cases["next"]), due)
        return int(due.min())

    def to_arrays(self) -> Arrays:
        """State for a snapshot, as bytes."""
        return {"signals": _bytes(self.signals), "cases": _bytes(self.cases)}

    def restore(self, arrays: Arrays) -> None:
        """Become the folder that ``to_arrays`` was called on."""
        signals = np.frombuffer(arrays["signals"].tobytes(), SIGNAL)
        cases = np.frombuffer(arrays["cases"].tobytes(), CASE)
        self._signals, self._cases = np.zeros(len(signals) + 64, SIGNAL), np.zeros(len(cases) + 16, CASE)
        self._row_of = np.full(int(_keys(signals).max(initial=-1)) + 1, -1, np.int32)
        self._case_of = np.full(int(cases["entity"].max(initial=-1)) + 1, -1, np.int32)
        self._take(signals, cases)
        self._due = 0


def base36(number: int) -> str:
    """A natural number with the digits 0-9a-z."""
    digits = ""
    while number:
        number, rest = divmod(number, 36)
        digits = "0123456789abcdefghijklmnopqrstuvwxyz"[rest] + digits
    return digits or "0"


def _bytes(rows: npt.NDArray[np.void]) -> npt.NDArray[np.uint8]:
    return np.frombuffer(rows.tobytes(), np.uint8)


def _keys(signals: npt.NDArray[np.void]) -> npt.NDArray[np.int64]:
    return np.asarray(4 * signals["series"].astype(np.int64) + signals["track"], np.int64)


def _grown(array: npt.NDArray[T], size: int, fill: int) -> npt.NDArray[T]:
    if size <= len(array):
        return array
    wider = np.zeros(max(size, 2 * len(array)), array.dtype)
    if fill:
        wider.fill(fill)
    wider[: len(array)] = array
    return wider
