"""Figures of scores against labels: average precision, and events found by the episodes that a threshold opens."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from aiops.model.durations import SECOND
from tests.benchmarks.detection.protocol import Bools, Floats, Times

QUIET_SECONDS = 3600.0
"""A row at or above the bar opens an episode if no row was within this time before it."""
DAY = 86_400
BARS = 400
"""Thresholds that are tried for a rate of false episodes."""
Openings = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Found:
    """What the episodes of one sample come to."""

    events: int
    found: int
    false: int
    days: float
    """Time that was judged."""
    delays: tuple[float, ...]
    """Seconds from the begin of each event found to the first episode that opened in it."""


@dataclass(frozen=True, slots=True)
class Judged:
    """One sample's onset with its truth, without the rows that are not judged."""

    at: Times
    onset: Floats
    windows: tuple[tuple[int, int], ...]

    @property
    def days(self) -> float:
        """Time from the first row to the last."""
        return float(self.at[-1] - self.at[0]) / SECOND / DAY


def average_precision(label: Bools, score: Floats) -> float:
    """Area under precision over recall, rows of equal score as one step; no adjustment of points to events.

    NaN without a labelled row.
    """
    if not label.any():
        return float("nan")
    order = np.argsort(-score, kind="stable")
    hits, ranked = np.cumsum(label[order]), score[order]
    last = np.append(np.flatnonzero(np.diff(ranked)), len(ranked) - 1)
    precision, recall = hits[last] / (last + 1), hits[last] / int(label.sum())
    return float(np.sum(np.diff(recall, prepend=0.0) * precision))


def openings(at: Times, hot: Bools) -> Openings:
    """Rows at which an episode opens: those that are hot and have none within ``QUIET_SECONDS`` before them."""
    rows = np.flatnonzero(hot)
    after_pause = np.diff(at[rows], prepend=at[:1] - int((QUIET_SECONDS + 1) * SECOND)) > QUIET_SECONDS * SECOND
    return rows[after_pause]


def grade(judged: Judged, opened: Openings) -> Found:
    """An event is found if an episode opens in it; an episode that opens outside all events is false."""
    inside = np.zeros(len(opened), dtype=np.bool_)
    delays = []
    for first, last in judged.windows:
        here = (opened >= first) & (opened <= last)
        inside |= here
        if here.any():
            delays.append(float(judged.at[opened[here][0]] - judged.at[first]) / SECOND)
    return Found(len(judged.windows), len(delays), int((~inside).sum()), judged.days, tuple(delays))


def together(parts: Sequence[Found]) -> Found:
    """The sum of several samples."""
    delays = tuple(delay for part in parts for delay in part.delays)
    return Found(
        sum(part.events for part in parts),
        sum(part.found for part in parts),
        sum(part.false for part in parts),
        sum(part.days for part in parts),
        delays,
    )


def at_rate(samples: Sequence[Judged], false_a_day: float) -> tuple[float, Found]:
    """The bar that finds the most events at no more than a rate of false episodes a day and entity, one for all.

    The bar is chosen on the samples themselves, for every detector alike: it is a point of the trade-off, not a setting
    that anybody could have known.
    """
    scores = np.concatenate([sample.onset for sample in samples])
    share = np.concatenate([[1.0], 1.0 - np.geomspace(1.0 / len(scores), 0.5, BARS)])
    best = (float("inf"), together([grade(sample, np.empty(0, np.int64)) for sample in samples]))
    for bar in np.unique(np.quantile(scores, share, method="higher"))[::-1]:
        found = together([grade(sample, openings(sample.at, sample.onset >= bar)) for sample in samples])
        if found.false <= false_a_day * found.days and found.found > best[1].found:
            best = (float(bar), found)
    return best
