"""Timeline of one run of an estate: faults, incidents, actions, alerts of controls, failed requests."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from aiops.model.durations import SECOND
from simulations.range.faults.kind import Harm
from simulations.range.score.controls import Control
from simulations.range.score.grades import Measured
from simulations.scorecards.timeline import LANE, Canvas, Picture

_MINUTE: Final = 60 * SECOND
_HEIGHT: Final = 60
_DIAMOND: Final = "M-4,0L0,-4L4,0L0,4Z"
_UP, _DOWN = "M-6,0L6,0L0,-9Z", "M-6,-9L6,-9L0,0Z"


def timeline(run: Measured) -> Picture:
    """The picture of a run from ``since`` to ``until``."""
    canvas = Canvas(run.since, run.until)
    for fault in run.faults:
        ended = run.ends[fault.id].at if fault.id in run.ends else run.until
        colour = "soft" if fault.kind is Harm.NONE else "fault"
        canvas.label(fault.fault, canvas.height + 14)
        canvas.bar((fault.onset, ended), canvas.height + 3, LANE - 8, style=(colour, f"{fault.fault} {fault.target}"))
        canvas.height += LANE
    for one in run.evidence.incidents:
        if one.opened_at >= run.since:
            canvas.label(one.id, canvas.height + 14)
            style = ("incident", f"{one.root or 'cause unknown'}: {one.state}")
            canvas.bar((one.opened_at, one.closed_at or run.until), canvas.height + 6, LANE - 14, style=style)
            canvas.height += LANE
    canvas.label("actions", canvas.height + 14)
    for action in run.evidence.actions:
        words = f"{'undo: ' * action.undo}{action.primitive} {action.target}"
        canvas.mark(action.at, canvas.height + 15, ("act", words), path=_DOWN if action.undo else _UP)
    canvas.height += LANE
    for control in Control if run.control_alerts is not None else ():
        canvas.label(control.value, canvas.height + 14)
        for alert in run.control_alerts or ():
            if alert.control is control:
                style = ("page", f"{alert.entity}: {alert.signal}")
                canvas.mark(alert.at, canvas.height + 10, style, path=_DIAMOND)
        canvas.height += LANE
    _failures(canvas, run)
    return Picture(canvas.height + 6, tuple(canvas.shapes))


def failures_a_minute(run: Measured) -> Sequence[int]:
    """Failed requests of each minute that began before the end."""
    part = run.requests.between(run.since, run.until)
    minutes = (run.requests.at[part][run.requests.failed[part]] - run.since) // _MINUTE
    count = max(0, -(-(run.until - run.since) // _MINUTE))
    found: list[int] = np.bincount(minutes, minlength=count).tolist()
    return found


def _failures(canvas: Canvas, run: Measured) -> None:
    counts, base = failures_a_minute(run), canvas.height + _HEIGHT
    canvas.label("failed requests", base - _HEIGHT / 2)
    most = max(counts, default=0)
    for minute, count in enumerate(counts):
        begin = run.since + minute * _MINUTE
        if count:
            height = round((_HEIGHT - 10) * count / most, 1)
            span = (begin, min(begin + _MINUTE - 3 * SECOND, run.until))
            canvas.bar(span, base - height, height, style=("bad", f"minute {minute}: {count}"))
    canvas.height = base
