"""Chains further views into one pair of functions for the loop: the highest ratio wins, and every view learns."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any

from numba.extending import register_jitable

from detectors.bank.layout import FIRST_VIEW, Record
from detectors.views.protocol import ViewModule

Verdict = tuple[float, int, int]
"""Ratio, view, direction."""
Judge = Callable[[Any, int, Record, int, float, Verdict], Verdict]
Learn = Callable[[Any, int, Record, int, float], None]


@register_jitable
def judge_none(states: Any, index: int, row: Record, at: int, relative: float, found: Verdict) -> Verdict:  # noqa: ARG001
    """No further view: the verdict stands."""
    return found


@register_jitable
def learn_none(states: Any, index: int, row: Record, at: int, relative: float) -> None:
    """No further view: nothing to learn."""


def judge_all(views: Sequence[ViewModule]) -> Judge:
    """One function that runs all views in order; a later view wins only with a higher ratio than all before it."""
    judge: Judge = judge_none
    for place, view in enumerate(views):
        judge = _judge_too(judge, view.judge, place)
    return judge


def learn_all(views: Sequence[ViewModule]) -> Learn:
    """One function that lets all views learn, in order."""
    learn: Learn = learn_none
    for place, view in enumerate(views):
        learn = _learn_too(learn, view.learn, place)
    return learn


def modules_of(views: Sequence[ViewModule]) -> tuple[str, ...]:
    """Names of the views' modules; a change of their source must recompile the loop."""
    return tuple(found.__name__ for view in views if (found := inspect.getmodule(view)) is not None)


def _judge_too(before: Judge, this: Callable[..., float], place: int) -> Judge:
    code = FIRST_VIEW + place

    @register_jitable
    def judge(states: Any, index: int, row: Record, at: int, relative: float, found: Verdict) -> Verdict:
        loudest = before(states, index, row, at, relative, found)
        ratio = this(states[place][index], row, at, relative)
        if abs(ratio) > loudest[0]:
            return abs(ratio), code, 1 if ratio > 0.0 else -1
        return loudest

    return judge


def _learn_too(before: Learn, this: Callable[..., None], place: int) -> Learn:
    @register_jitable
    def learn(states: Any, index: int, row: Record, at: int, relative: float) -> None:
        before(states, index, row, at, relative)
        this(states[place][index], row, at, relative)

    return learn
