"""Points in, episodes out: a slot's bank and folder, driven by the clock of the input itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from aiops.agents.monitor import signals
from aiops.agents.monitor.meanings import SeriesMeanings
from aiops.agents.monitor.models import Models
from aiops.agents.monitor.noticeability import Noticeability
from aiops.agents.monitor.plan import SlotPlan
from aiops.agents.monitor.points import Longs, PointFeed, running_times
from aiops.agents.monitor.siblings import sibling_spoke_later
from aiops.agents.monitor.silence import InputPauses, SilenceJudge, scaled_to_zero, sender_progress
from aiops.model.durations import SECOND
from aiops.model.episodes import Episode
from aiops.model.records import Arrays
from detectors.bank.layout import TRANSITION, Array, Phase
from detectors.bank.series_bank import BankSettings, SeriesBank
from detectors.episodes import EpisodeAggregator, EpisodeSettings
from detectors.revisions import NamedSeries, Place
from detectors.transitions import CLOSED, Transitions
from detectors.wire.families import Families
from detectors.wire.identity import SeriesKind
from detectors.wire.series import SeriesTable

LATENESS = 5 * SECOND
"""Event time that a revision calls known lies so far behind the newest."""
DEAD = 3600 * SECOND
"""A series that is in trouble and has not spoken for so long is dead: its trouble is over."""
USUAL = 0.5
"""Score below which a value is within its series' own limit."""
_TAUGHT = 2
"""A series that teaches new ones has at least so many times the points of the warm-up."""
_JUMP = 60 * SECOND
_GRACE = 600 * SECOND
"""After a pause of the whole input nobody is called silent for so long."""
_KIND = 5
"""Column of the table's codes with the kind of a series."""
_LEVELS = (SeriesKind.GAUGE, SeriesKind.CUMULATIVE_UPDOWN)
"""Kinds whose values are levels, which can reach a ceiling; a rate or a quantile cannot."""

Codes = npt.NDArray[np.uint8]


class SlotDetection:
    """Bank, folder and the input's clock of one slot.

    ``high`` is the newest event time, ``appended`` the newest append time. A boundary is passed when a record takes
    either of them into a new flush interval; those of event time are ten times longer, since catching up makes it run.
    """

    def __init__(self, plan: SlotPlan, table: SeriesTable, place: Place) -> None:
        settings, extensions = plan.data, plan.extensions
        self.table = table
        self.meanings = SeriesMeanings(table, plan.metrics)
        self.noticeability = Noticeability(table, self.meanings, plan.objectives)
        views = tuple(view.NAME for view in extensions.views)
        self.names = (*signals.DETECTORS, *views, *(one.choice.name for one in extensions.detectors))
        """Of detectors and views, by the code that signals carry."""
        self.models = Models(extensions.detectors, settings, plan.objectives, code=len(signals.DETECTORS) + len(views))
        self.bank = SeriesBank(
            BankSettings(
                capacity=settings.series_limit,
                warm_up_points=settings.warm_up_points,
                allowed_lateness_seconds=settings.allowed_lateness_seconds,
                ring_step_seconds=settings.ring_step_seconds,
                ring_steps=settings.ring_steps,
            ),
            extensions.views,
        )
        self.families = Families(table)
        hold = EpisodeSettings(hold_seconds=settings.clear_seconds)
        self.folder = EpisodeAggregator(place, hold, self.names, noticeable=self.noticeability.of_signals)
        self.high = 0
        self.appended = 0
        self.resumed_at = 0
        """Event time at which the input went on after its last pause."""
        self.pauses = InputPauses()
        self.source = 0
        """Number of the topic that is being taken."""
        self.minute = 0
        """Minute of that topic's clock; see ``series_life``."""
        self.objectives: set[int] = set()
        """Series that carry an objective."""
        self.episodes: list[Episode] = []
        """Revisions that nobody took yet."""
        self._flush = max(1, int(settings.flush_seconds * SECOND))
        self._names: dict[int, tuple[str, str, str | None]] = {}
        self._named = NamedSeries(lambda code: self.table.entities[code], self._name)

    # ------------------------------------------------------------------------------------------------ the clock

    def ticks(self, highs: Longs, appended: Longs) -> Longs:
        """Number of flush intervals at each record, both given as running maxima."""
        return highs // (10 * self._flush) + appended // self._flush

    @property
    def tick(self) -> int:
        """Where the clock stands."""
        return self.high // (10 * self._flush) + self.appended // self._flush

    def record(self, newest: int, appended: int) -> None:
        """A record of logs or spans is through; passes a boundary where its time is there."""
        before, high = self.tick, max(self.high, newest)
        self._step(self.high, high)
        self.high, self.appended = high, max(self.appended, appended)
        if self.tick > before:
            self.boundary()

    def _step(self, before: int, high: int) -> None:
        """Notes a pause of the whole input. The very first record ends none."""
        if before and high - before > _JUMP and self.pauses.passed(high - before):
            self.resumed_at = high

    def feed(self, points: PointFeed, records: npt.NDArray[np.int32], appended: Sequence[int]) -> Codes:
        """Takes points whose record numbers rise; ``appended`` holds append times by record. Codes of the points."""
        highs, appends = running_times(points, records, appended, since=(self.high, self.appended))
        ticks = self.ticks(highs, appends)
        passed = np.flatnonzero(np.diff(ticks, prepend=self.tick) > 0)
        codes = np.empty(len(points.series), np.uint8)
        begin = 0
        steps = np.diff(highs, prepend=self.high)
        for jump in np.flatnonzero(steps > _JUMP).tolist():
            self._step(int(highs[jump] - steps[jump]), int(highs[jump]))
        for last, end in zip(passed.tolist(), np.searchsorted(records, passed, side="right").tolist(), strict=True):
            codes[begin:end] = self.take(points.part(begin, end))
            self.high, self.appended = int(highs[last]), int(appends[last])
            self.boundary()
            begin = end
        codes[begin:] = self.take(points.part(begin, len(codes)))
        self.high, self.appended = int(highs[-1]), int(appends[-1])
        return codes

    # ------------------------------------------------------------------------------------------------ detection

    def admit(self) -> None:
        """Announces the table's new series to the bank."""
        new = self.table.taken_new()
        if len(new):
            codes = self.table.codes[new]
            kinds = codes[:, _KIND].astype(np.uint8)
            ceilings = self.meanings.ceilings(new)
            limits = np.where(np.isin(kinds, _LEVELS), ceilings, 0.0).astype(np.float32)
            self.bank.admit(kinds, limits, series=new, kin=self.families.join(new))
            self.models.admit(new, self.table, self.meanings)
            self.table.seen.touch(new, self.source, self.minute)

    def forget(self, series: npt.NDArray[np.int32]) -> None:
        """Drops all state of series that are reclaimed; none of them may be part of an episode."""
        self.bank.release(series)
        self.families.forget(series)
        self.families.elect(self.bank.points(), _TAUGHT * self.bank.settings.warm_up_points)
        self.models.forget(series)
        self.meanings.forget(series)
        for number in series.tolist():
            self._names.pop(number, None)

    @property
    def sources(self) -> npt.NDArray[np.uint8]:
        """By series, the number of the topic that sent it last."""
        return self.table.seen.source[: len(self.bank)]

    def take(self, points: PointFeed) -> Codes:
        """Scores and learns points; what their series did goes to the folder."""
        if not len(points.series):
            return np.empty(0, np.uint8)
        self.table.seen.touch(points.series, self.source, self.minute)
        result = self.bank.update(points.series, points.at, points.value, start=points.start)
        if len(result.transitions):
            self.tell(signals.of_bank(result.transitions))
        start = np.zeros(len(points.at), np.int64) if points.start is None else points.start
        for reported in self.models.update((points.series, points.at, points.value, start)):
            self.tell(reported)
        return result.ended

    def tell(self, found: Transitions) -> None:
        """Gives transitions to the folder."""
        found = self._without_relief(found)
        if not len(found):
            return
        codes = self.table.codes[found.series]
        marked = np.zeros(len(found), np.uint8)
        if self.objectives:
            marked[:] = np.isin(found.series, np.fromiter(self.objectives, np.int32))
        self.folder.fold(found, codes[:, 0].copy(), codes[:, 1].copy(), objective=marked)

    def _without_relief(self, found: Transitions) -> Transitions:
        """Leaves out what left its usual range for the better: less waiting, fewer errors, more that is ready."""
        if not len(found):
            return found
        worse = self.meanings.worse(found.series)
        better = ((worse > 0) & (found.direction == signals.DOWN)) | ((worse < 0) & (found.direction == signals.UP))
        relief = better & (found.what != CLOSED)
        return found if not relief.any() else found.only(~relief)

    def still_noticeable(
        self, series: npt.NDArray[np.int32], values: npt.NDArray[np.float64], usual: npt.NDArray[np.float64]
    ) -> npt.NDArray[np.bool_]:
        """(n,) which series are noticeable at ``values``; one that has come back nearly all the way is not."""
        live = self.folder.signals
        live = live[(live["ended"] == 0) & (live["track"] == signals.VALUE)]
        return self.noticeability.still_of(series, values, usual, live=live)

    def boundary(self, clock: int | None = None) -> None:
        """Lets the folder decide at the input's clock, or later where the input is known to be quiet."""
        now = self.high if clock is None else clock
        active = self.folder.active()
        if len(active):
            self.tell(signals.of_peaks(active, self.bank.anomalies(active), now))
            self._expire(active, signals.VALUE, now)
        for track in (signals.SILENCE, signals.MODEL):
            active = self.folder.active(track)
            if len(active):
                self._expire(active, track, now)
        reported = self.folder.boundary(now, max(0, self.high - LATENESS), self._named)
        if reported:
            abnormal = {self.table.entities[code] for code in self.abnormal().tolist()}
            self.episodes += [
                replace(found, recovering=True) if found.ended_at is None and found.entity not in abnormal else found
                for found in reported
            ]

    def abnormal(self) -> npt.NDArray[np.int32]:
        """Codes of entities with a signal that is abnormal now.

        A signal of the bank ends only after a run of usual values, which keeps episodes from flapping; here its newest
        value counts. All other signals, silence among them, count as long as they are open.
        """
        found, cases = self.folder.signals, self.folder.cases
        live = found[found["ended"] == 0]
        of_bank = live[live["track"] == signals.VALUE]
        unusual = of_bank[self.bank.last_score(of_bank["series"]) >= USUAL]
        minute = int(self.bank.settings.ring_step_seconds * SECOND)
        last = self.bank.readings(unusual["series"], (self.high - 2 * minute, self.high + minute), (0, 0)).last
        last = np.where(np.isnan(last), unusual["value"], last)
        unusual = unusual[self.noticeability.still(unusual, last)]
        abnormal = np.concatenate([unusual["case"], live["case"][live["track"] != signals.VALUE]])
        return np.unique(cases["entity"][abnormal])

    def _expire(self, active: npt.NDArray[np.int32], track: int, now: int) -> None:
        last = self.bank.last_at(active)
        dead = active[(last > 0) & (last < now - DEAD)]
        if len(dead):
            self.tell(signals.closed(dead, now, track))

    def silence(self, judge: SilenceJudge, reached: Mapping[int, tuple[int, int]]) -> None:
        """Looks for series that have fallen silent while their source went on.

        Only while lag is known and small, and not after a pause. ``reached``: receipt that each source, given by
        number, has reached, and event time up to which it was read.
        """
        if self.high - self.resumed_at < _GRACE:
            return
        for source, (now, watermark) in reached.items():
            series = np.flatnonzero(self.sources == source).astype(np.int32)
            progress = sender_progress(judge, series, self.table, topic=(source, now, watermark))
            found: Array = self.bank.silent(progress.watermark, series, progress.limit)
            assert found.dtype == TRANSITION
            found = found[
                (found["phase"] != Phase.OPENED) | ~sibling_spoke_later(self.table, self.bank, found["series"])
            ]
            if len(found):
                entities = self.table.codes[found["series"], 0]
                found = found[~scaled_to_zero(self.table, self.bank, entities, now=self.high)]
            if len(found):
                self.tell(signals.of_bank(found))

    def restore_episodes(self, arrays: Arrays, names: Sequence[str]) -> None:
        """Goes on with the episodes of a snapshot, whose detectors had these ``names`` by code.

        What a detector said that is no more is over: nobody else would ever close it.
        """
        self.folder.restore(arrays)
        found = self.folder.signals
        codes = np.array([self.names.index(name) if name in self.names else 0 for name in names], np.uint8)
        gone = (codes[found["detector"]] == 0) & (found["detector"] > 0) & (found["track"] == signals.MODEL)
        lost = np.array(found["series"][gone & (found["ended"] == 0)], np.int32)
        found["detector"] = codes[found["detector"]]
        if len(lost):
            self.tell(signals.closed(lost, self.high, signals.MODEL))

    def _name(self, series: int) -> tuple[str, str, str | None]:
        found = self._names.get(series)
        if found is None:
            if len(self._names) > 100_000:
                self._names.clear()
            identity = self.table.identity(series)
            found = self._names[series] = (identity.name, identity.metric, identity.peer)
        return found

    def taken(self) -> list[Episode]:
        """Revisions since the last call."""
        found, self.episodes = self.episodes, []
        return found
