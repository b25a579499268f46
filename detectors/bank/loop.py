"""The compiled loop: one pass over a batch. Each point is scored first and learned afterwards.

The result of a point depends only on its series' state. Any split of a stream into batches therefore gives the same
bytes. The parts are plain Python functions that numba inlines (``register_jitable``). The loop also runs uncompiled;
tests compare both.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple

from numba import njit
from numba.extending import register_jitable

from detectors.bank import episodes, intake, judging, learning, remembering
from detectors.bank.chain import Judge, Learn, judge_all, learn_all, sources_of
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


def _sources(views: tuple[ViewModule, ...]) -> int:
    """Digest of all source that goes into the loop.

    Numba's cache checks only the file of the compiled function. After an upgrade it would use old views. The digest is
    a constant of the function, and constants are part of the cache's key.
    """
    digest = hashlib.sha256()
    for package in ("detectors.bank", "detectors.views"):
        sources = [file for file in files(package).iterdir() if file.name.endswith(".py")]
        for file in sorted(sources, key=lambda file: file.name):
            digest.update(file.read_bytes())
    digest.update(sources_of(views))
    return int.from_bytes(digest.digest()[:6])


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
    row: Record, trouble: Record, at: int, relative: float, verdict: tuple[float, int, int], tuning: Tuning
) -> tuple[int, float, int]:
    """Flags a scored value or learns it, and updates the series' episode.

    Returns the ``Ended`` code, the score, and the phase of a transition or -1.
    """
    ratio, view, direction = verdict
    ratio *= tuning.ease
    score = episodes.score_of(ratio)
    row["score"] = score
    if ratio >= 1.0:
        episodes.flagged(row, trouble, at, relative, (ratio, view, direction))
        return _FLAGGED, score, episodes.after_flagged(row, trouble, at, tuning.adopt_ns)
    learning.learn(row, at, relative, True)
    return _LEARNED, score, episodes.after_usual(row, trouble, ratio)


# Without numba's runtime no array is reference-counted. Reference counting took four fifths of the time of a point.
_OPTIONS: dict[str, Any] = {"cache": True, "nogil": True, "error_model": "numpy", "_nrt": False}
_compiled = njit(**_OPTIONS)


def _advance(sources: int, judge_more: Judge, learn_more: Learn) -> Callable[..., int]:  # noqa: C901 (see below)
    @_compiled
    def advance(  # noqa: C901 (one pass over a batch: a branch an ending of a point)
        state: BankState, tuning: Tuning, points: Points, out: BatchOutcome, version: int
    ) -> int:
        told = 0 * sources
        count = points.series.shape[0]
        for k in range(count):
            prefetch_row(state.rows, points.series[min(k + AHEAD, count - 1)])
            index, at = points.series[k], points.at[k]
            row, trouble = state.rows[index], state.troubles[index]
            ended, relative, was_silent = intake.take(row, at, points.value[k], points.start[k], tuning.late_ns)
            out.score[k] = 0.0
            out.ended[k] = ended
            if ended not in (_NEW, _WARMING):
                continue
            state.dirty_rows[index >> BLOCK_BITS] = version
            if was_silent:
                episodes.tell_silence(row, trouble, index, at, _CLOSED, out.transitions[told])
                told += 1
            if ended != _NEW:
                continue
            minute, hour = remembering.minute_of(row, at, tuning.step_ns), at // remembering.HOUR_NS
            if minute > row["minute"]:
                remembering.enter_minute(row, minute, index, state.ring, state.dirty_ring, version)
            remembering.remember(row, minute, relative)
            if hour > row["hour"]:
                remembering.enter_hour(row, hour, state.hours[index])
                state.dirty_hours[index >> BLOCK_BITS] = version
            if row["n"] < tuning.warm_up:
                ended, score, phase = warm_up(row, at, relative)
            else:
                verdict = judging.judge(row, at, relative, tuning.horizon_seconds)
                verdict = judge_more(state.views, index, row, at, relative, verdict)
                ended, score, phase = settle(row, trouble, at, relative, verdict, tuning)
            if ended != _FLAGGED:
                learn_more(state.views, index, row, at, relative)
            out.ended[k] = ended
            out.score[k] = score
            if row["evidence"] > 0.0 or phase >= 0:
                state.dirty_troubles[index >> BLOCK_BITS] = version
            if phase >= 0:
                episodes.tell(trouble, index, at, phase, out.transitions[told])
                told += 1
            if phase == _ADOPTED:
                episodes.adopt(row, trouble, state.hours[index])
                state.dirty_hours[index >> BLOCK_BITS] = version
        return told

    compiled: Callable[..., int] = advance
    return compiled


def _listen(sources: int) -> Callable[..., int]:
    @_compiled
    def listen(state: BankState, tuning: Tuning, heard: Heard, indices: Any, out: Any, version: int) -> int:
        told = 0 * sources
        for k in range(indices.shape[0]):
            index = indices[k]
            row, trouble = state.rows[index], state.troubles[index]
            watermark_at = heard.watermark[k]
            if row["n"] < tuning.warm_up or row["state"] & SILENT:
                continue
            if not episodes.is_silent(row, watermark_at, heard.limit[k]):
                continue
            row["state"] |= SILENT
            trouble["silent_since"] = row["last_at"]
            episodes.tell_silence(row, trouble, index, watermark_at, _OPENED, out[told])
            state.dirty_rows[index >> BLOCK_BITS] = version
            state.dirty_troubles[index >> BLOCK_BITS] = version
            told += 1
        return told

    compiled: Callable[..., int] = listen
    return compiled


@cache
def loops(views: tuple[ViewModule, ...] = ()) -> Loops:
    """The loops with further views. They are compiled at the first call, or loaded from numba's cache."""
    sources = _sources(views)
    return Loops(_advance(sources, judge_all(views), learn_all(views)), _listen(sources))
