"""Which series of a slot have fallen silent, and which topics are cut off.

A sender is silent when it missed more than its usual gap between exports allows, by the receipts of its topic. Its
series are silent with it. A series of a sender that goes on is silent when the series itself stopped for long.
Quantiles are not judged so, because they stop with the requests. Nobody is silent because a part of the input is cut
off: when many entities stop at the same moment, a Collector in front of them has stopped, and the topic is reported
as blind instead. Nor is an entity that was scaled to zero.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from aiops.agents.monitor.senders import SenderClocks
from aiops.model.durations import SECOND
from detectors.bank.series_bank import SeriesBank
from detectors.senders.cadence import YOUNG, patience
from detectors.wire.identity import SeriesKind
from detectors.wire.series import SeriesTable

Longs = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

GONE = 3600 * SECOND
"""A sender that has sent nothing for this long is gone and no longer judged, ns."""
_MANY = 5
"""Fewest entities whose common stop is a cut."""
_SHARE = 0.1
"""Least share of a topic's entities that stop together in a cut."""
_OVERDUE = 1.1
"""A sender is overdue after this many of its longest usual gaps."""
_HELD = 900 * SECOND
"""A cut lasts at most this long, ns. Whoever is still away then is silent."""
_RECENT = 4.0
"""A stop of at most this many usual gaps ago may belong to a cut that begins."""
_LOOSE = 30 * SECOND
_KIND = 5
"""Column of the table's codes with the kind of a series."""
_DESIRED = (
    "k8s.deployment.desired",
    "k8s.statefulset.desired_pods",
    "k8s.replicaset.desired",
    "kube_deployment_spec_replicas",
    "kube_statefulset_replicas",
)
"""Metrics with the number of instances that an entity is meant to have."""


@dataclass(slots=True)
class InputPauses:
    """Tells pauses of the whole input from an input whose usual steps are that long."""

    usual: int = 0
    """Longest step of the input's clock that was seen twice in a row, ns."""
    last: int = 0
    """The last long step, ns."""

    def passed(self, step: int) -> bool:
        """Whether a long step of the input's clock, ns, was a pause."""
        if 2 * self.last <= 3 * step <= 4.5 * self.last:
            self.usual = step
        self.last = step
        return 2 * step > 3 * self.usual


@dataclass(frozen=True, slots=True)
class Cut:
    """Many entities of a topic that stopped at the same moment."""

    at: int
    """Receipt at which the middle one last sent, ns."""
    span: int
    """Senders that last sent at most this much before or after it belong to the cut, ns."""
    entities: int
    over: int = 0
    """Receipt when half of them were back, ns; 0: they are away."""


@dataclass(slots=True)
class SilenceJudge:
    """Judges the senders of one slot."""

    senders: SenderClocks
    cuts: dict[int, Cut] = field(default_factory=dict)
    """Open cut of each topic, by the topic's number."""

    def look(self, source: int, now: int) -> tuple[Longs, npt.NDArray[np.float64]]:
        """How long each sender of a topic has been missing, ns, and its patience if it is silent, else 0, seconds.

        Args:
            source: number of the topic.
            now: receipt that the topic has reached, ns.

        Returns:
            Arrays by sender. Missing is 0 for senders of other topics; -1 for those that are cut off.
        """
        rows = self.senders.rows
        judged = (rows["source"] == source) & (rows["gaps"] >= YOUNG)
        missing = np.where(judged, now - rows["heard_at"], 0)
        judged &= missing < GONE
        ratio = np.divide(missing, rows["pause"] * SECOND, out=np.zeros(len(rows)), where=judged & (rows["pause"] > 0))
        held = self._cut(source, now, judged, ratio=ratio)
        limit = patience(rows["typical"].astype(np.float64), rows["pause"].astype(np.float64))
        silent = judged & ~held & (missing > limit * SECOND)
        return np.where(held, -1, missing), np.where(silent, limit, 0.0)

    def _cut(self, source: int, now: int, judged: Flags, *, ratio: npt.NDArray[np.float64]) -> Flags:
        """Which senders are cut off; opens and ends the topic's cut."""
        rows, cut = self.senders.rows, self.cuts.get(source)
        received = rows["heard_at"]
        if cut is None:
            cut = self._new_cut(judged, ratio)
            if cut is None:
                return np.zeros(len(rows), np.bool_)
            self.cuts[source] = cut
        held = judged & (np.abs(received - cut.at) <= cut.span) & (ratio > _OVERDUE)
        away = np.unique(rows["entity"][held])
        away = away[~np.isin(away, rows["entity"][judged & (ratio <= _OVERDUE)])]
        if not cut.over and 2 * len(away) < cut.entities:
            cut = self.cuts[source] = replace(cut, over=now)
        # The others have as long to return as they need for an export.
        if now - cut.at > _HELD or (cut.over and now - cut.over > cut.span // 2):
            del self.cuts[source]
            return np.zeros(len(rows), np.bool_)
        return np.asarray(held)

    def _new_cut(self, judged: Flags, ratio: npt.NDArray[np.float64]) -> Cut | None:
        rows = self.senders.rows
        overdue = judged & (ratio > _OVERDUE) & (ratio < _RECENT)
        if np.count_nonzero(overdue) < _MANY:
            return None
        fresh = np.unique(rows["entity"][judged & (ratio <= _OVERDUE)])
        stopped = np.unique(rows["entity"][overdue])
        stopped = stopped[~np.isin(stopped, fresh)]
        if len(stopped) < max(_MANY, _SHARE * (len(fresh) + len(stopped))):
            return None
        which = overdue & np.isin(rows["entity"], stopped)
        span = int(2 * np.median(rows["pause"][which]) * SECOND) + _LOOSE
        return Cut(int(np.median(rows["heard_at"][which])), span, len(stopped))

    def to_array(self) -> Longs:
        """State for a snapshot: (cuts, 5)."""
        cuts = [(source, cut.at, cut.span, cut.entities, cut.over) for source, cut in sorted(self.cuts.items())]
        return np.array(cuts, np.int64).reshape(-1, 5)

    def restore(self, array: npt.NDArray[np.generic]) -> None:
        """Become what ``to_array`` was called on."""
        self.cuts = {source: Cut(*cut) for source, *cut in array.tolist()}


@dataclass(frozen=True, slots=True)
class SenderProgress:
    """Series of a topic and what is known of their senders, for ``SeriesBank.silent``."""

    watermark: Longs
    limit: npt.NDArray[np.float64]


def sender_progress(
    judge: SilenceJudge, series: npt.NDArray[np.int32], table: SeriesTable, *, topic: tuple[int, int, int]
) -> SenderProgress:
    """What is known of the senders of ``series``.

    Args:
        judge: of the slot.
        series: (n,) numbers.
        table: that numbers them.
        topic: number, receipt that it has reached, and event time up to which it was read, ns.
    """
    source, now, watermark = topic
    missing, limits = judge.look(source, now)
    found = SenderProgress(np.full(len(series), watermark, np.int64), np.zeros(len(series)))
    senders = judge.senders.members(table, series)
    known = np.flatnonzero(senders >= 0)
    of = senders[known]
    rows = judge.senders.rows[of]
    received = (rows["newest"] > 0) & (rows["source"] == source)
    known, of, rows = known[received], of[received], rows[received]
    found.limit[known] = limits[of]
    # Of a sender that goes on, its own progress counts; of one that is silent, also the time since then.
    silent = np.where(limits[of] > 0, missing[of], 0)
    found.watermark[known] = np.where(missing[of] < 0, 0, rows["newest"] + silent)
    # Without requests there is no quantile: it is silent only together with its sender.
    found.watermark[(table.codes[series, _KIND] == SeriesKind.QUANTILE) & (found.limit == 0)] = 0
    return found


def scaled_to_zero(table: SeriesTable, bank: SeriesBank, entities: npt.NDArray[np.int32], *, now: int) -> Flags:
    """(n,) whether the newest figure of how many instances an entity should have is 0; none: False."""
    words = {code for code in np.unique(table.codes[:, 1]).tolist() if table.word(code) in _DESIRED}
    if not words:
        return np.zeros(len(entities), np.bool_)
    codes = table.codes[: len(bank)]
    meant = np.flatnonzero(np.isin(codes[:, 1], list(words)) & np.isin(codes[:, 0], entities)).astype(np.int32)
    last = bank.readings(meant, (now - 900 * SECOND, now + 60 * SECOND), (0, 0)).last
    return np.asarray(np.isin(entities, codes[meant[last == 0.0], 0]))


def cut_topics(judge: SilenceJudge, names: Mapping[int, str]) -> dict[str, int]:
    """Number of entities that stopped at once, by topic."""
    return {names[source]: cut.entities for source, cut in judge.cuts.items()}
