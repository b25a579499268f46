"""From what single series do to episodes of entities: fold, wait, agree, report.

``fold`` takes what series did, one by one in input order, in a compiled loop. ``boundary`` is called where the input's
own clock passes a flush, and decides there: so neither depends on how polls cut the input.

When an entity is unwell. The first abnormal series makes its entity *suspected*. A suspected entity gets an episode
when, at a boundary, one of these holds, so that one weak blip of one noisy metric opens nothing:

* a signal scores at least ``severe``;
* a series that carries an objective is abnormal;
* at least ``agreeing`` different metrics of it are abnormal together;
* it has been suspected for ``confirm_seconds``.

As long as nothing of it can be felt (a little more load, a delay that grew by milliseconds) none of these counts but
the objective, and the entity must be suspected for ``unfelt_seconds``: a new version that warms up is no trouble.

A suspected entity whose series came back is forgotten. An episode ends when no series of it has been abnormal for
``hold_seconds``; its end is when the last one came back. A revision is reported at the opening, at the end, at most
every two seconds when it got clearly worse (severity by 0.1, four times as many signals, an objective now burns), and
otherwise at growing intervals. One in which nothing changed is reported again every ``refresh_seconds`` with the newest
watermark, since nobody may act on old evidence; each entity has its own moment for that, so that a storm's are spread.

``revision`` counts the changes, the refreshments and the 10 ms of input time since the opening. It is a function of the
input alone, so a replay after a crash gives the same numbers again, whenever it reports.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from aiops.model.episodes import Episode
from detectors.revisions import EpisodeBuilder, NamedSeries, Place, keys_of
from detectors.transitions import CASE, SIGNAL, Transitions, fold

SECOND = 1_000_000_000
_SHORTEST_WAIT, _LONGEST_WAIT = 2, 6
"""Revisions that tell nothing urgent wait 4, 8 … 64 seconds, and up to as long again."""
_GAP = 2 * SECOND
"""Even urgent ones of an entity are so far apart."""
_NEVER = int(np.iinfo(np.int64).max)

T = TypeVar("T", bound=np.generic)
Ints = npt.NDArray[np.int32]
Arrays = dict[str, npt.NDArray[np.generic]]
Felt = Callable[[npt.NDArray[np.void]], npt.NDArray[np.bool_]]


@dataclass(frozen=True, slots=True)
class EpisodeSettings:
    """When an entity is unwell; see the module."""

    severe: float = 0.8
    """Four times as far out as the series' own limit, in the bank's scores."""
    agreeing: int = 2
    confirm_seconds: float = 60.0
    unfelt_seconds: float = 300.0
    hold_seconds: float = 60.0
    refresh_seconds: float = 30.0


class EpisodeAggregator:
    """Cases of one slot.

    Args:
        place: slot and generation that episodes carry.
        settings: when an entity is unwell.
        detectors: names of the views by code.
        felt: says of rows of SIGNAL which can be felt; by default all.
    """

    def __init__(
        self,
        place: Place,
        settings: EpisodeSettings,
        detectors: tuple[str, ...] = ("bank",),
        *,
        felt: Felt | None = None,
    ) -> None:
        self.place = place
        self.settings = settings
        self._felt = felt
        self._teller = EpisodeBuilder(place, detectors)
        self._signals = np.zeros(64, SIGNAL)
        self._cases = np.zeros(16, CASE)
        self._sizes = np.zeros(2, np.int64)
        self._row_of = np.full(0, -1, np.int32)
        self._case_of = np.full(0, -1, np.int32)
        self._due = self._stale = 0

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

    def fold(self, transitions: Transitions, entity: Ints, metric: Ints, *, objective: npt.NDArray[np.uint8]) -> None:
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
        self._due = self._stale = 0

    def boundary(self, clock: int, watermark: int, named: NamedSeries) -> list[Episode]:
        """Decide at input time ``clock``, ns; revisions to report, in the order in which their cases began."""
        cases = self.cases
        if not len(cases) or (clock < self._due and watermark < self._stale):
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
        pending = (cases["opened"] > 0) & (cases["pending"] == 1)
        stale = (cases["opened"] > 0) & ~opening & (watermark >= self._fresh_until())
        cases["changes"][stale & ~pending] += 1
        told = opening | ended | stale | (pending & (clock >= self._urgent_at()))
        tables = self.signals, cases
        episodes = self._teller.revisions(tables, told, ended, watermark=watermark, named=named)
        self._mark_told(told, clock, watermark)
        self._drop(forgotten | ended)
        self._due = self._next_due()
        self._stale = int(self._fresh_until()[self.cases["opened"] > 0].min(initial=_NEVER))
        return episodes

    def _urgent_at(self) -> npt.NDArray[np.int64]:
        """Clock at which a change of each case is told."""
        cases = self.cases
        worse = (
            (cases["worst"] >= cases["told_worst"] + 0.1)
            | (cases["signals"] >= 4 * cases["told_signals"])
            | (cases["breaches"] > cases["told_breaches"])
        )
        return np.where(worse, np.minimum(cases["told"] + _GAP, cases["next"]), cases["next"])

    def _fresh_until(self) -> npt.NDArray[np.int64]:
        """Watermark at which each case must be told again: the entity's moment in each ``refresh_seconds``."""
        cases, period = self.cases, int(self.settings.refresh_seconds * SECOND)
        moment = cases["entity"].astype(np.int64) * SECOND % period
        return np.asarray(((cases["mark"] - moment) // period + 1) * period + moment)

    def _opening(self, clock: int) -> npt.NDArray[np.bool_]:
        cases, signals = self.cases, self.signals
        suspected = (cases["opened"] == 0) & (cases["active"] > 0)
        if not suspected.any():
            return np.zeros(len(cases), np.bool_)
        active = signals[(signals["ended"] == 0) & suspected[signals["case"]]]
        pairs = np.unique(active["case"].astype(np.int64) << 32 | active["metric"])
        metrics = np.bincount(pairs >> 32, minlength=len(cases))
        clear = (
            (cases["worst"] >= self.settings.severe)
            | (metrics >= self.settings.agreeing)
            | (clock >= cases["since"] + int(self.settings.confirm_seconds * SECOND))
        )
        if self._felt is not None:
            felt = np.bincount(active["case"][self._felt(active)], minlength=len(cases)) > 0
            clear &= felt | (clock >= cases["since"] + int(self.settings.unfelt_seconds * SECOND))
        return np.asarray(suspected & (clear | (cases["breaches"] == 1)))

    def _mark_told(self, told: npt.NDArray[np.bool_], clock: int, watermark: int) -> None:
        cases = self.cases
        wait = np.clip(cases["wait"][told], _SHORTEST_WAIT, _LONGEST_WAIT).astype(np.int64)
        cases["next"][told] = clock + (SECOND << wait) + (SECOND << wait) * (cases["entity"][told] % 16) // 16
        cases["wait"][told] = wait + 1
        cases["told"][told] = clock
        cases["mark"][told] = watermark
        cases["pending"][told] = 0
        for name in ("worst", "signals", "breaches"):
            cases[f"told_{name}"][told] = cases[name][told]

    def _drop(self, gone: npt.NDArray[np.bool_]) -> None:
        if not gone.any():
            return
        signals, cases = self.signals, self.cases
        lost = gone[signals["case"]]
        self._row_of[keys_of(signals)] = -1
        self._case_of[cases["entity"]] = -1
        self._teller.forget(signals[lost])
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
        self._row_of[keys_of(signals)] = np.arange(len(signals), dtype=np.int32)
        self._case_of[cases["entity"]] = np.arange(len(cases), dtype=np.int32)

    def _next_due(self) -> int:
        """Earliest clock at which a boundary can matter without further transitions."""
        cases = self.cases
        if not len(cases):
            return 0
        confirm, hold = int(self.settings.confirm_seconds * SECOND), int(self.settings.hold_seconds * SECOND)
        opened = cases["opened"] > 0
        due = np.where(opened, _NEVER, cases["since"] + confirm)
        due = np.where(opened & (cases["active"] == 0), cases["clear"] + hold, due)
        due = np.where(opened & (cases["pending"] == 1), np.minimum(due, self._urgent_at()), due)
        return int(due.min())

    def to_arrays(self) -> Arrays:
        """State for a snapshot, as bytes."""
        return {"signals": _bytes(self.signals), "cases": _bytes(self.cases)}

    def restore(self, arrays: Arrays) -> None:
        """Become the folder that ``to_arrays`` was called on."""
        signals = np.frombuffer(arrays["signals"].tobytes(), SIGNAL)
        cases = np.frombuffer(arrays["cases"].tobytes(), CASE)
        self._signals, self._cases = np.zeros(len(signals) + 64, SIGNAL), np.zeros(len(cases) + 16, CASE)
        self._row_of = np.full(int(keys_of(signals).max(initial=-1)) + 1, -1, np.int32)
        self._case_of = np.full(int(cases["entity"].max(initial=-1)) + 1, -1, np.int32)
        self._take(signals, cases)
        self._due = self._stale = 0


def _bytes(rows: npt.NDArray[np.void]) -> npt.NDArray[np.uint8]:
    return np.frombuffer(rows.tobytes(), np.uint8)


def _grown(array: npt.NDArray[T], size: int, fill: int) -> npt.NDArray[T]:
    if size <= len(array):
        return array
    wider = np.zeros(max(size, 2 * len(array)), array.dtype)
    if fill:
        wider.fill(fill)
    wider[: len(array)] = array
    return wider
