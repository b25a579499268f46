"""The compiled loop: one pass over a batch. Each point is scored first and learned afterwards.

The result of a point depends only on its series' state. Any split of a stream into batches therefore gives the same
bytes. The parts are plain Python functions that numba inlines (``register_jitable``). The loop also runs uncompiled;
tests compare both.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

from numba.extending import register_jitable

from aiops.jit.compiling import cached_njit
from detectors.bank import episodes, inheritance, intake, judging, learning, remembering, rings
from detectors.bank.chain import Judge, Learn, judge_all, learn_all, modules_of
from detectors.bank.layout import (
    BLOCK_BITS,
    SILENT,
    BankState,
    BatchOutcome,
    Ended,
    Heard,
    Phase,
    Points,
    Record,
    Tuning,
)
from detectors.bank.prefetch import prefetch_row
from detectors.views.protocol import ViewModule


class Loops(NamedTuple):
    """The two compiled functions. Both return the number of transitions that they wrote."""

    advance: Callable[..., int]
    """Scores and learns a batch."""
    listen: Callable[..., int]
    """Opens the silences of series."""


AHEAD = 12
"""Rows are prefetched this many points ahead."""
_LEARNED, _FLAGGED, _WARMING = int(Ended.LEARNED), int(Ended.FLAGGED), int(Ended.WARMING_UP)
_NEW = intake.NEW
_OPENED, _CLOSED, _ADOPTED = int(Phase.OPENED), int(Phase.CLOSED), int(Phase.ADOPTED)


@register_jitable
def warm_up(row: Record, at: int, relative: float) -> tuple[int, float, int]:
    """Learns a value of a series that is not scored yet; returns what ``settle`` returns."""
    if row["n"] == 0:
        learning.begin(row, relative)
    else:
        learning.learn(row, at, relative, False)
    return _WARMING, 0.0, -1


@register_jitable
def settle(
    row: Record, anomaly: Record, at: int, relative: float, verdict: tuple[float, int, int], tuning: Tuning
) -> tuple[int, float, int]:
    """Flags a scored value or learns it, and updates the series' episode.

    Returns the ``Ended`` code, the score, and the phase of a transition or -1.
    """
    ratio, view, direction = verdict
    ratio *= tuning.ease
    score = episodes.score_of(ratio)
    row["score"] = score
    if ratio >= 1.0:
        episodes.flagged(row, anomaly, at, relative, (ratio, view, direction))
        return _FLAGGED, score, episodes.after_flagged(row, anomaly, at, tuning.adopt_ns)
    learning.learn(row, at, relative, True)
    return _LEARNED, score, episodes.after_usual(row, anomaly, ratio)


# Without numba's runtime no array is reference-counted. Reference counting took four fifths of the time of a point.
_OPTIONS: dict[str, Any] = {"nogil": True, "error_model": "numpy", "_nrt": False}


def _advance(modules: tuple[str, ...], judge_more: Judge, learn_more: Learn) -> Callable[..., int]:  # noqa: C901 (see below)
    @cached_njit(modules=modules, **_OPTIONS)
    def advance(  # noqa: C901, PLR0912 (one pass over a batch: a branch an ending of a point)
        state: BankState, tuning: Tuning, points: Points, out: BatchOutcome, version: int
    ) -> int:
        reported = 0
        count = points.series.shape[0]
        for k in range(count):
            prefetch_row(state.rows, points.series[min(k + AHEAD, count - 1)])
            index, at = points.series[k], points.at[k]
            row, anomaly = state.rows[index], state.anomalies[index]
            ended, relative, was_silent = intake.take(row, at, points.value[k], points.start[k], tuning.late_ns)
            out.score[k] = 0.0
            out.ended[k] = ended
            if ended not in (_NEW, _WARMING):
                continue
            state.dirty_rows[index >> BLOCK_BITS] = version
            if was_silent:
                episodes.report_silence(row, anomaly, index, at, _CLOSED, out.transitions[reported])
                reported += 1
            if ended != _NEW:
                continue
            cell, hour = rings.cell_of(row, at, tuning.rings.fine_ns), at // remembering.HOUR_NS
            if cell > row["cell"]:
                rings.enter_cell(row, cell, rings.Column(state.ring, state.dirty_ring, index, version), tuning.rings)
            rings.remember(row, cell, relative)
            if hour > row["hour"]:
                remembering.enter_hour(row, hour, state.hours[index])
                state.dirty_hours[index >> BLOCK_BITS] = version
            if row["n"] + 1 == inheritance.FIRST_JUDGED and row["n"] < tuning.warm_up:
                inheritance.inherit(state, index, tuning.warm_up)
                state.dirty_hours[index >> BLOCK_BITS] = version
            if row["n"] < tuning.warm_up:
                ended, score, phase = warm_up(row, at, relative)
            else:
                verdict = judging.judge(row, at, relative, tuning.horizon_seconds)
                verdict = judge_more(state.views, index, row, at, relative, verdict)
                ended, score, phase = settle(row, anomaly, at, relative, verdict, tuning)
            if ended != _FLAGGED:
                learn_more(state.views, index, row, at, relative)
            out.ended[k] = ended
            out.score[k] = score
            if row["evidence"] > 0.0 or phase >= 0:
                state.dirty_anomalies[index >> BLOCK_BITS] = version
            if phase >= 0:
                episodes.report(anomaly, index, at, phase, out.transitions[reported])
                reported += 1
            if phase == _ADOPTED:
                episodes.adopt(row, anomaly, state.hours[index])
                state.dirty_hours[index >> BLOCK_BITS] = version
        return reported

    compiled: Callable[..., int] = advance
    return compiled


def _listen() -> Callable[..., int]:
    @cached_njit(**_OPTIONS)
    def listen(state: BankState, tuning: Tuning, heard: Heard, indices: Any, out: Any, version: int) -> int:
        reported = 0
        for k in range(indices.shape[0]):
            index = indices[k]
            row, anomaly = state.rows[index], state.anomalies[index]
            watermark_at = heard.watermark[k]
            if row["n"] < tuning.warm_up or row["state"] & SILENT:
                continue
            if not episodes.is_silent(row, watermark_at, heard.limit[k]):
                continue
            row["state"] |= SILENT
            anomaly["silent_since"] = row["last_at"]
            episodes.report_silence(row, anomaly, index, watermark_at, _OPENED, out[reported])
            state.dirty_rows[index >> BLOCK_BITS] = version
            state.dirty_anomalies[index >> BLOCK_BITS] = version
            reported += 1
        return reported

    compiled: Callable[..., int] = listen
    return compiled


@cache
def loops(views: tuple[ViewModule, ...] = ()) -> Loops:
    """The loops with further views. They are compiled at the first call, or loaded from the cache."""
    return Loops(_advance(modules_of(views), judge_all(views), learn_all(views)), _listen())
