"""Points in, episodes out: a slot's bank and folder, driven by the clock of the input itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from aiops.agents.monitor import signals
from aiops.agents.monitor.meanings import SeriesMeanings
from aiops.agents.monitor.models import Models
from aiops.agents.monitor.plan import SlotPlan
from aiops.agents.monitor.silence import InputPauses, SilenceJudge, heard_of, scaled_to_zero
from aiops.model.durations import SECOND
from aiops.model.episodes import Episode
from aiops.model.records import Arrays
from detectors.bank.layout import TRANSITION, Array, Phase
from detectors.bank.series_bank import BankSettings, SeriesBank
from detectors.episodes import EpisodeAggregator, EpisodeSettings
from detectors.harm import Burden, felt
from detectors.revisions import NamedSeries, Place
from detectors.transitions import CLOSED, Transitions
from detectors.wire.identity import SeriesIdentity, SeriesKind
from detectors.wire.scan import newest
from detectors.wire.series import SeriesTable

LATENESS = 5 * SECOND
"""Event time that a revision calls known lies so far behind the newest."""
DEAD = 3600 * SECOND
"""A series that is in trouble and has not spoken for so long is dead: its trouble is over."""
USUAL = 0.5
"""Score below which a value is within its series' own limit."""
OVER = 0.1
"""A figure that has come so far back, as a share of its worst distance, is over; its new usual may lie elsewhere."""
IN_TIME = 0.5
"""Up to this share of what an objective calls slow nobody minds that it takes longer than it used to."""
_JUMP = 60 * SECOND
_GRACE = 600 * SECOND
"""After a pause of the whole input nobody is called silent for so long."""
_KIND = 5
"""Column of the table's codes with the kind of a series."""
_LEVELS = (SeriesKind.GAUGE, SeriesKind.CUMULATIVE_UPDOWN)
"""Kinds whose values are levels, which can reach a ceiling; a rate or a quantile cannot."""

Longs = npt.NDArray[np.int64]
Codes = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class PointFeed:
    """Points in input order."""

    series: npt.NDArray[np.int32]
    at: Longs
    value: npt.NDArray[np.float64]
    start: Longs | None = None
    highest: Longs | None = None
    """Newest time of each record, where it is known."""


class SlotDetection:
    """Bank, folder and the input's clock of one slot.

    ``high`` is the newest event time, ``appended`` the newest append time. A boundary is passed when a record takes
    either of them into a new flush interval; those of event time are ten times longer, since catching up makes it run.
    """

    def __init__(self, plan: SlotPlan, table: SeriesTable, place: Place) -> None:
        settings, extensions = plan.data, plan.extensions
        self.table = table
        self.meanings = SeriesMeanings(table, plan.metrics)
        self._goals = plan.objectives
        views = tuple(view.NAME for view in extensions.views)
        self.names = (*signals.DETECTORS, *views, *(one.choice.name for one in extensions.detectors))
        """Of detectors and views, by the code that signals carry."""
        self.models = Models(extensions.detectors, settings, self._goals, code=len(signals.DETECTORS) + len(views))
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
        hold = EpisodeSettings(hold_seconds=settings.clear_seconds)
        self.folder = EpisodeAggregator(place, hold, self.names, felt=self._felt)
        self.high = 0
        self.appended = 0
        self.resumed_at = 0
        """Event time at which the input went on after its last pause."""
        self.pauses = InputPauses()
        self.source = 0
        """Number of the topic that is being taken: where series come from that are new now."""
        self.sources = np.empty(0, np.uint8)
        """By series, the number of the topic that it came from first."""
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
        before = self.tick
        self._advance(max(self.high, newest), max(self.appended, appended))
        if self.tick > before:
            self.boundary()

    def _advance(self, high: int, appended: int) -> None:
        if high - self.high > _JUMP and self.pauses.passed(high - self.high):
            self.resumed_at = high
        self.high, self.appended = high, appended

    def feed(self, points: PointFeed, records: npt.NDArray[np.int32], appended: Sequence[int]) -> Codes:
        """Takes points whose record numbers rise; ``appended`` holds append times by record. Codes of the points."""
        highs, appends = self._running(points, records, appended)
        ticks = self.ticks(highs, appends)
        passed = np.flatnonzero(np.diff(ticks, prepend=self.tick) > 0)
        codes = np.empty(len(points.series), np.uint8)
        begin = 0
        steps = np.diff(highs, prepend=self.high)
        for jump in np.flatnonzero(steps > _JUMP).tolist():
            if self.pauses.passed(int(steps[jump])):
                self.resumed_at = int(highs[jump])
        for last, end in zip(passed.tolist(), np.searchsorted(records, passed, side="right").tolist(), strict=True):
            codes[begin:end] = self.take(_cut(points, begin, end))
            self.high, self.appended = int(highs[last]), int(appends[last])
            self.boundary()
            begin = end
        codes[begin:] = self.take(_cut(points, begin, len(codes)))
        self.high, self.appended = int(highs[-1]), int(appends[-1])
        return codes

    def _running(
        self, points: PointFeed, records: npt.NDArray[np.int32], appended: Sequence[int]
    ) -> tuple[Longs, Longs]:
        if points.highest is None:
            highs = np.full(len(appended), self.high, np.int64)
            newest(points.at, records, highs)
        else:
            highs = np.maximum(points.highest, self.high)
        appends = np.maximum(np.array(appended, np.int64), self.appended)
        return np.maximum.accumulate(highs), np.maximum.accumulate(appends)

    # ------------------------------------------------------------------------------------------------ detection

    def admit(self) -> None:
        """Announces the table's new series to the bank."""
        known, size = len(self.bank), len(self.table)
        if size > known:
            codes = self.table.codes[known:size]
            kinds = codes[:, _KIND].astype(np.uint8)
            ceilings = self.meanings.ceilings(np.arange(known, size, dtype=np.int32))
            self.bank.admit(kinds, np.where(np.isin(kinds, _LEVELS), ceilings, 0.0).astype(np.float32))
            self._watch(range(known, size), codes)
            self.sources = np.append(self.sources, np.full(size - known, self.source, np.uint8))

    def _watch(self, series: range, codes: npt.NDArray[np.int32]) -> None:
        """Gives new series their own detectors, those that are to have one."""
        entities, metrics = np.unique(codes[:, 0]), np.unique(codes[:, 1])
        told = [self.table.entities[code] for code in entities.tolist()], [self.table.word(c) for c in metrics.tolist()]
        by_entity, by_metric = self.models.wanted(*told)
        may = np.isin(codes[:, 0], entities[by_entity]) | np.isin(codes[:, 1], metrics[by_metric])
        for place in np.flatnonzero(may).tolist():
            number = series[place]
            self.models.watch(
                number, int(codes[place, 5]), self.table.identity(number), meaning=self.meanings.of(number)
            )

    def learn_sources(self, sources: npt.NDArray[np.generic]) -> None:
        """Where further series came from, of a snapshot."""
        self.sources = np.append(self.sources, sources.astype(np.uint8))

    def take(self, points: PointFeed) -> Codes:
        """Scores and learns points; what their series did goes to the folder."""
        if not len(points.series):
            return np.empty(0, np.uint8)
        result = self.bank.update(points.series, points.at, points.value, start=points.start)
        if len(result.transitions):
            self.tell(signals.of_bank(result.transitions))
        start = np.zeros(len(points.at), np.int64) if points.start is None else points.start
        for told in self.models.update((points.series, points.at, points.value, start)):
            self.tell(told)
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

    def _matters(self, rows: npt.NDArray[np.void]) -> npt.NDArray[np.bool_]:
        """Which signals of the bank are still bad in their newest minute: to be felt, not for the better, not over."""
        minute = int(self.bank.settings.ring_step_seconds * SECOND)
        last = self.bank.readings(rows["series"], (self.high - 2 * minute, self.high + minute), (0, 0)).last
        last = np.where(np.isnan(last), rows["value"], last)
        return ~self._over(rows, last) & self._felt(rows, last)

    def _over(self, rows: npt.NDArray[np.void], last: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
        left, peak = last - rows["expected"], rows["value"] - rows["expected"]
        worse = self.meanings.worse(rows["series"])
        return np.asarray((worse * left < 0) | (np.abs(left) <= OVER * np.abs(peak)))

    def still_felt(
        self, series: npt.NDArray[np.int32], values: npt.NDArray[np.float64], usual: npt.NDArray[np.float64]
    ) -> npt.NDArray[np.bool_]:
        """The same of series that may have been in trouble: what has come nearly all the way back is over."""
        live = self.folder.signals
        live = live[(live["ended"] == 0) & (live["track"] == signals.VALUE)]
        order = np.argsort(series)
        place = order[np.minimum(np.searchsorted(series, live["series"], sorter=order), len(series) - 1)]
        known = series[place] == live["series"]
        found = self.felt(series, values, usual)
        found[place[known]] &= ~self._over(live[known], values[place[known]])
        return found

    def felt(
        self, series: npt.NDArray[np.int32], values: npt.NDArray[np.float64], usual: npt.NDArray[np.float64]
    ) -> npt.NDArray[np.bool_]:
        """(n,) whether anybody can feel that these series are at ``values`` and not at their ``usual``."""
        kinds, scales = self.meanings.burdens(series)
        slow = np.where(kinds == Burden.DURATION, self._slow(series), 0.0)
        in_time = (slow > 0) & (values * scales < IN_TIME * slow)
        return np.asarray(felt(kinds, scales.astype(np.float32), values, expected=usual) & ~in_time)

    def _felt(self, rows: npt.NDArray[np.void], values: npt.NDArray[np.float64] | None = None) -> npt.NDArray[np.bool_]:
        """Which signals anybody can feel, at their worst or at ``values``; silence always is."""
        shown = rows["value"] if values is None else values
        silent = rows["track"] == signals.SILENCE
        return np.asarray(silent | self.felt(rows["series"], shown, rows["expected"]))

    def _slow(self, series: npt.NDArray[np.int32]) -> npt.NDArray[np.float64]:
        """(n,) seconds from which an objective calls the series' entity slow; 0: none does."""
        entities, back = np.unique(self.table.codes[series, 0], return_inverse=True)
        goals = (self._goals.get(self.table.entities[code], ()) for code in entities.tolist())
        limits = [min((one.threshold_ms / 1e3 for one in held if one.threshold_ms), default=0.0) for held in goals]
        return np.array(limits, np.float64)[back.reshape(-1)]

    def emit(self, identities: Sequence[SeriesIdentity], at: int, values: Sequence[float]) -> None:
        """Points of the slot's own making, one a series; series past the limit are left out."""
        series = self.table.add(identities)
        self.admit()
        taken = np.flatnonzero(series >= 0)
        times = np.full(len(taken), at, np.int64)
        self.take(PointFeed(series[taken], times, np.array(values, np.float64)[taken]))

    def boundary(self, clock: int | None = None) -> None:
        """Lets the folder decide at the input's clock, or later where the input is known to be quiet."""
        now = self.high if clock is None else clock
        active = self.folder.active()
        if len(active):
            self.tell(signals.of_peaks(active, self.bank.troubles(active), now))
            self._expire(active, signals.VALUE, now)
        for track in (signals.SILENCE, signals.DEAR):
            active = self.folder.active(track)
            if len(active):
                self._expire(active, track, now)
        told = self.folder.boundary(now, max(0, self.high - LATENESS), self._named)
        if told:
            abnormal = {self.table.entities[code] for code in self.abnormal().tolist()}
            self.episodes += [
                replace(found, easing=True) if found.ended_at is None and found.entity not in abnormal else found
                for found in told
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
        unusual = unusual[self._matters(unusual)]
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
            heard = heard_of(judge, series, self.table, topic=(source, now, watermark))
            found: Array = self.bank.silent(heard.watermark, series, heard.limit)
            assert found.dtype == TRANSITION
            found = found[(found["phase"] != Phase.OPENED) | ~self._others_speak(found["series"])]
            if len(found):
                entities = self.table.codes[found["series"], 0]
                found = found[~scaled_to_zero(self.table, self.bank, entities, now=self.high)]
            if len(found):
                self.tell(signals.of_bank(found))

    def _others_speak(self, series: npt.NDArray[np.int32]) -> npt.NDArray[np.bool_]:
        """(n,) whether a sibling (same entity and metric) was heard after each of these: an instance came and went.

        Instances do, with every deployment; whether it hurts, the entity's other figures tell.
        """
        if not len(series):
            return np.zeros(0, np.bool_)
        codes = self.table.codes[: len(self.bank)]
        keys = codes[:, 0].astype(np.int64) << 32 | codes[:, 1]
        kin = np.flatnonzero(np.isin(keys, keys[series])).astype(np.int32)
        names, back = np.unique(keys[kin], return_inverse=True)
        newest = np.zeros(len(names), np.int64)
        np.maximum.at(newest, back, self.bank.last_at(kin))
        heard: npt.NDArray[np.bool_] = newest[np.searchsorted(names, keys[series])] > self.bank.last_at(series)
        return heard

    def restore_episodes(self, arrays: Arrays, names: Sequence[str]) -> None:
        """Goes on with the episodes of a snapshot, whose detectors had these ``names`` by code.

        What a detector said that is no more is over: nobody else would ever close it.
        """
        self.folder.restore(arrays)
        found = self.folder.signals
        codes = np.array([self.names.index(name) if name in self.names else 0 for name in names], np.uint8)
        gone = (codes[found["detector"]] == 0) & (found["detector"] > 0) & (found["track"] == signals.DEAR)
        lost = np.array(found["series"][gone & (found["ended"] == 0)], np.int32)
        found["detector"] = codes[found["detector"]]
        if len(lost):
            self.tell(signals.closed(lost, self.high, signals.DEAR))

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


def _cut(points: PointFeed, begin: int, end: int) -> PointFeed:
    start = None if points.start is None else points.start[begin:end]
    return PointFeed(points.series[begin:end], points.at[begin:end], points.value[begin:end], start)
