"""Aggregates transitions of single series into episodes of entities.

``fold`` takes the transitions in input order, in a compiled loop. ``boundary`` is called where the input's own clock
passes a flush, and decides there. Neither result depends on how polls cut the input.

When an episode opens. The first abnormal series makes its entity *suspected*. At a boundary, a suspected entity gets an
episode if one of these holds. A single weak anomaly of one noisy metric therefore opens no episode:

* a signal scores at least ``severe``;
* a series that carries an objective is abnormal;
* at least ``agreeing`` different metrics of it are abnormal together;
* it has been suspected for ``confirm_seconds``.

While none of its signals is noticeable (``detectors.harm``: a little more load, a delay that grew by milliseconds),
only the objective opens an episode at once. The other conditions count after ``unnoticed_seconds`` of suspicion: a new
version that warms up is not an incident.

A suspected entity whose series are all normal again is dropped. An episode ends when none of its series has been
abnormal for ``hold_seconds``; its end time is when the last series became normal. A revision is reported:

* at the opening and at the end;
* at most every two seconds while the episode gets clearly worse: severity by 0.1, four times as many signals, or an
  objective that is now breached;
* at growing intervals for any other change;
* every ``refresh_seconds`` without a change, with the newest watermark, because decisions need fresh evidence. Entities
  refresh at different moments, which spreads the load of a storm.

``revision`` is the number of changes and refreshes plus the input time since the opening in units of 10 ms. It is a
function of the input alone: a replay after a crash gives the same numbers.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from aiops.model.durations import SECOND
from aiops.model.episodes import Episode
from detectors.revisions import EpisodeBuilder, NamedSeries, Place, keys_of
from detectors.transitions import CASE, SIGNAL, Transitions, fold

_SHORTEST_WAIT, _LONGEST_WAIT = 2, 6
"""Exponents of two: revisions that are not urgent wait 4, 8 … 64 seconds, and up to as long again by entity."""
_GAP = 2 * SECOND
"""Least time between two urgent revisions of an entity, ns."""
_NEVER = int(np.iinfo(np.int64).max)

T = TypeVar("T", bound=np.generic)
Ints = npt.NDArray[np.int32]
Arrays = dict[str, npt.NDArray[np.generic]]
Noticeable = Callable[[npt.NDArray[np.void]], npt.NDArray[np.bool_]]


@dataclass(frozen=True, slots=True)
class EpisodeSettings:
    """When an episode opens, ends and is reported again; see the module."""

    severe: float = 0.8
    """A signal of at least this score opens an episode at once; 0.8 is four times the series' own limit."""
    agreeing: int = 2
    """This many different abnormal metrics of one entity open an episode at once."""
    confirm_seconds: float = 60.0
    """An entity that is suspected for so long gets an episode."""
    unnoticed_seconds: float = 300.0
    """While no signal is noticeable, the entity must be suspected for so long first."""
    hold_seconds: float = 60.0
    """An episode ends when no series has been abnormal for so long."""
    refresh_seconds: float = 30.0
    """An unchanged episode is reported again after so long."""


class EpisodeAggregator:
    """Aggregates the transitions of one slot. A case is a suspected entity or an open episode.

    Args:
        place: slot and generation that episodes carry.
        settings: when episodes open, end and are reported again.
        detectors: names of the views by code.
        noticeable: returns for SIGNAL rows a mask of the noticeable ones; by default all are.
    """

    def __init__(
        self,
        place: Place,
        settings: EpisodeSettings,
        detectors: tuple[str, ...] = ("bank",),
        *,
        noticeable: Noticeable | None = None,
    ) -> None:
        self.place = place
        self.settings = settings
        self._noticeable = noticeable
        self._builder = EpisodeBuilder(place, detectors)
        self._signals = np.zeros(64, SIGNAL)
        self._cases = np.zeros(16, CASE)
        self._sizes = np.zeros(2, np.int64)
        self._row_of = np.full(0, -1, np.int32)
        self._case_of = np.full(0, -1, np.int32)
        self._due = self._stale = 0

    @property
    def signals(self) -> npt.NDArray[np.void]:
        """SIGNAL rows of all cases; a view."""
        return self._signals[: self._sizes[0]]

    @property
    def cases(self) -> npt.NDArray[np.void]:
        """CASE rows; a view."""
        return self._cases[: self._sizes[1]]

    def open_entities(self) -> Ints:
        """Entity codes with an open episode."""
        cases = self.cases
        return np.array(cases["entity"][cases["opened"] > 0], np.int32)

    def active(self, track: int = 0) -> Ints:
        """Numbers of the series that are abnormal now, on one track."""
        signals = self.signals
        return np.array(signals["series"][(signals["ended"] == 0) & (signals["track"] == track)], np.int32)

    def fold(self, transitions: Transitions, entity: Ints, metric: Ints, *, objective: npt.NDArray[np.uint8]) -> None:
        """Takes transitions in; ``entity``, ``metric`` (codes) and ``objective`` (0 or 1) are of their series, (n,)."""
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
        """Opens and ends episodes at input time ``clock``, ns.

        Returns:
            The revisions to report, in the order in which their cases began. They carry ``watermark``, ns.
        """
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
        reported = opening | ended | stale | (pending & (clock >= self._urgent_at()))
        tables = self.signals, cases
        episodes = self._builder.revisions(tables, reported, ended, watermark=watermark, named=named)
        self._mark_reported(reported, clock, watermark)
        self._drop(forgotten | ended)
        self._due = self._next_due()
        self._stale = int(self._fresh_until()[self.cases["opened"] > 0].min(initial=_NEVER))
        return episodes

    def _urgent_at(self) -> npt.NDArray[np.int64]:
        """(cases,) clock at which a change of each case is reported, ns."""
        cases = self.cases
        worse = (
            (cases["worst"] >= cases["reported_worst"] + 0.1)
            | (cases["signals"] >= 4 * cases["reported_signals"])
            | (cases["breaches"] > cases["reported_breaches"])
        )
        return np.where(worse, np.minimum(cases["reported"] + _GAP, cases["next"]), cases["next"])

    def _fresh_until(self) -> npt.NDArray[np.int64]:
        """(cases,) watermark at which each case is refreshed, ns: the entity's moment in each ``refresh_seconds``."""
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
        if self._noticeable is not None:
            noticeable = np.bincount(active["case"][self._noticeable(active)], minlength=len(cases)) > 0
            clear &= noticeable | (clock >= cases["since"] + int(self.settings.unnoticed_seconds * SECOND))
        return np.asarray(suspected & (clear | (cases["breaches"] == 1)))

    def _mark_reported(self, which: npt.NDArray[np.bool_], clock: int, watermark: int) -> None:
        cases = self.cases
        wait = np.clip(cases["wait"][which], _SHORTEST_WAIT, _LONGEST_WAIT).astype(np.int64)
        cases["next"][which] = clock + (SECOND << wait) + (SECOND << wait) * (cases["entity"][which] % 16) // 16
        cases["wait"][which] = wait + 1
        cases["reported"][which] = clock
        cases["mark"][which] = watermark
        cases["pending"][which] = 0
        for name in ("worst", "signals", "breaches"):
            cases[f"reported_{name}"][which] = cases[name][which]

    def _drop(self, gone: npt.NDArray[np.bool_]) -> None:
        if not gone.any():
            return
        signals, cases = self.signals, self.cases
        lost = gone[signals["case"]]
        self._row_of[keys_of(signals)] = -1
        self._case_of[cases["entity"]] = -1
        self._builder.forget(signals[lost])
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
        """Earliest clock at which a boundary can change a case without further transitions, ns."""
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
        """Replaces the state by that of the aggregator that ``to_arrays`` was called on."""
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
