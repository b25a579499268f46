"""The compiled loop: one pass over a batch. Each point is scored first and learned afterwards.

The result of a point depends only on its series' state. Any split of a stream into batches therefore gives the same
bytes. The parts are plain Python functions that numba inlines (``register_jitable``). The loop also runs uncompiled;
tests compare both.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from numba.extending import register_jitable

from aiops.jit.compiling import cached_njit
from detectors.bank import intake, rings
from detectors.bank.chain import Judge, Learn, judge_all, learn_all, modules_of
from detectors.bank.episodes import report, report_silence, score_of
from detectors.bank.layout import (
    BLOCK_BITS,
    OPEN,
    BankState,
    BatchOutcome,
    Ended,
    Phase,
    Points,
    Record,
    Tuning,
)
from detectors.bank.loop import AHEAD, Loops
from detectors.bank.loop import loops as loops_of_limits
from detectors.bank.prefetch import prefetch_row
from detectors.rarity import episodes, evidence, learning, point, season_state
from detectors.views.protocol import ViewModule

_LEARNED, _FLAGGED, _WARMING = int(Ended.LEARNED), int(Ended.FLAGGED), int(Ended.WARMING_UP)
_NEW = intake.NEW
_OPENED, _CLOSED, _ADOPTED = int(Phase.OPENED), int(Phase.CLOSED), int(Phase.ADOPTED)


@register_jitable
def warm_up(row: Record, at: int, relative: float) -> tuple[int, float, int]:
    """Learns a value of a series that is not scored yet; returns what ``settle`` returns."""
    if row["n"] == 0:
        learning.begin(row, relative)
    else:
        learning.learn(row, relative, point.measure(row, at, relative, True), 0.0, True)
    return _WARMING, 0.0, -1


@register_jitable
def settle(
    row: Record, anomaly: Record, at: int, relative: float, verdict: tuple[float, int, int, float], tuning: Tuning
) -> tuple[int, float, int]:
    """Flags a scored value, or says that it is to be learned, and updates the series' episode.

    Returns the ``Ended`` code, the score, and the phase of a transition or -1.
    """
    ratio, view, direction, nats = verdict
    ratio *= tuning.ease
    score = score_of(ratio)
    row["score"] = score
    if row["state"] & OPEN:
        episodes.settle_charts(row, anomaly)
    if ratio >= 1.0:
        episodes.flagged(row, anomaly, at, relative, (ratio, view, direction, nats))
        return _FLAGGED, score, episodes.after_flagged(row, anomaly, at, tuning.adopt_ns)
    return _LEARNED, score, episodes.after_usual(row, anomaly, ratio)


def _scored(judge_more: Judge, learn_more: Learn) -> Callable[..., tuple[int, float, int]]:
    """A function that scores a value and learns it unless it is flagged; it returns what ``settle`` returns."""

    @register_jitable
    def scored(state: BankState, index: int, at: int, relative: float, tuning: Tuning) -> tuple[int, float, int]:
        row, anomaly = state.rows[index], state.anomalies[index]
        if row["n"] < tuning.warm_up:
            ended, score, phase = warm_up(row, at, relative)
        else:
            seen = point.measure(row, at, relative, False)
            ratio, view, direction, nats = evidence.judge(row, relative, seen, tuning)
            more = judge_more(state.views, index, row, at, relative, (ratio, view, direction))
            verdict = (more[0], more[1], more[2], nats)
            ended, score, phase = settle(row, anomaly, at, relative, verdict, tuning)
            if ended != _FLAGGED:
                learning.learn(row, relative, seen, nats, False)
        if ended != _FLAGGED:
            learn_more(state.views, index, row, at, relative)
        return ended, score, phase

    return scored


@register_jitable
def enter(state: BankState, index: int, at: int, relative: float, tuning: Tuning, version: int) -> None:
    """Stores a value in the rings and in the sum of its hour."""
    row = state.rows[index]
    cell, hour = rings.cell_of(row, at, tuning.rings.fine_ns), at // season_state.HOUR_NS
    if cell > row["cell"]:
        rings.enter_cell(row, cell, rings.Column(state.ring, state.dirty_ring, index, version), tuning.rings)
    rings.remember(row, cell, relative)
    if hour > row["hour"]:
        season_state.enter_hour(row, hour, state.hours[index])
        state.dirty_hours[index >> BLOCK_BITS] = version
    season_state.remember(row, relative)


# Without numba's runtime no array is reference-counted. Reference counting took four fifths of the time of a point.
_OPTIONS: dict[str, Any] = {"nogil": True, "error_model": "numpy", "_nrt": False}


def _advance(modules: tuple[str, ...], judge_more: Judge, learn_more: Learn) -> Callable[..., int]:
    scored = _scored(judge_more, learn_more)

    @cached_njit(modules=modules, **_OPTIONS)
    def advance(state: BankState, tuning: Tuning, points: Points, out: BatchOutcome, version: int) -> int:
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
                report_silence(row, anomaly, index, at, _CLOSED, out.transitions[reported])
                reported += 1
            if ended != _NEW:
                continue
            enter(state, index, at, relative, tuning, version)
            out.ended[k], out.score[k], phase = scored(state, index, at, relative, tuning)
            if row["evidence"] > 0.0 or phase >= 0:
                state.dirty_anomalies[index >> BLOCK_BITS] = version
            if phase >= 0:
                report(anomaly, index, at, phase, out.transitions[reported])
                reported += 1
            if phase == _ADOPTED:
                episodes.adopt(row, anomaly, at)
        return reported

    compiled: Callable[..., int] = advance
    return compiled


@cache
def loops(views: tuple[ViewModule, ...] = ()) -> Loops:
    """The loops with further views. They are compiled at the first call, or loaded from the cache."""
    return Loops(_advance(modules_of(views), judge_all(views), learn_all(views)), loops_of_limits().listen)
