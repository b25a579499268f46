"""Timeline of one scenario as inline SVG: value lost under each healer, incidents, pages and actions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from aiops.model.durations import SECOND
from aiops.model.incidents import IncidentState
from simulations.running.simulation import Run, Who

WIDTH, LEFT, RIGHT = 1160, 150, 20
LANE, GRAPH = 22, 70
_LEFT_OUT = 6
"""Largest number of incidents that are drawn."""


@dataclass(frozen=True, slots=True)
class Label:
    """A text at a place."""

    x: float
    y: float
    words: str
    anchor: str = "end"
    soft: bool = False
    kind: ClassVar[str] = "words"


@dataclass(frozen=True, slots=True)
class Bar:
    """A rectangle with a tooltip."""

    x: float
    y: float
    width: float
    height: float
    colour: str
    """A colour of the style sheet."""
    tip: str
    kind: ClassVar[str] = "bar"


@dataclass(frozen=True, slots=True)
class Mark:
    """A small path, moved to a place, with a tooltip."""

    x: float
    y: float
    colour: str
    path: str
    tip: str
    kind: ClassVar[str] = "mark"


@dataclass(frozen=True, slots=True)
class Rule:
    """A straight line."""

    x1: float
    x2: float
    y1: float
    y2: float
    colour: str
    kind: ClassVar[str] = "rule"


Shape = Label | Bar | Mark | Rule


@dataclass(frozen=True, slots=True)
class Picture:
    """Shapes on a ground of ``WIDTH`` by ``height``."""

    height: float
    shapes: tuple[Shape, ...]


class Canvas:
    """Shapes over a span of time."""

    def __init__(self, begin: int, end: int) -> None:
        self._begin, self._span = begin, max(1, end - begin)
        self.shapes: list[Shape] = []
        self.height = 18

    def x(self, at: int) -> float:
        """Place of a time, ns."""
        share = min(1.0, max(0.0, (at - self._begin) / self._span))
        return round(LEFT + share * (WIDTH - LEFT - RIGHT), 1)

    def label(self, text: str, y: float, *, soft: bool = False) -> None:
        """Name of a lane."""
        self.shapes.append(Label(LEFT - 10, y, text, soft=soft))

    def bar(self, span: tuple[int, int], y: float, height: float, *, style: tuple[str, str]) -> None:
        """A span of time in a colour, with a tooltip."""
        left, right = self.x(span[0]), self.x(span[1])
        self.shapes.append(Bar(left, round(y, 1), round(max(2.0, right - left), 1), height, *style))

    def mark(self, at: int, y: float, style: tuple[str, str], *, path: str) -> None:
        """A small shape at a time, with a tooltip."""
        self.shapes.append(Mark(self.x(at), y, style[0], path, style[1]))


def timeline(runs: Mapping[Who, Run]) -> Picture | None:
    """The picture of the runs of one scenario and seed; None when there are none."""
    if not runs:
        return None
    first = next(iter(runs.values()))
    begin = max(first.start, first.graded_from - 300 * SECOND)
    canvas = Canvas(begin, first.end)
    _axis(canvas, first, begin)
    for fault in first.faults:
        until = first.end if fault.until is None else fault.until
        text = f"{fault.name} {fault.entity}" + (f", ended by {fault.ended_by}" if fault.ended_by else "")
        canvas.label(fault.name, canvas.height + 14)
        canvas.bar((fault.since, until), canvas.height + 3, LANE - 8, style=("fault", text))
        canvas.height += LANE
    product = runs.get(Who.PRODUCT)
    if product is not None:
        _incidents(canvas, product)
        _pages(canvas, product)
    most = max(float(_per_minute(run).max(initial=0.0)) for run in runs.values())
    for who, run in runs.items():
        _lost(canvas, (who, run), most)
    return Picture(canvas.height + 6, tuple(canvas.shapes))


def _axis(canvas: Canvas, run: Run, begin: int) -> None:
    step = 300 if run.end - begin <= 3600 * SECOND else 600
    for second in range(-((run.graded_from - begin) // SECOND) // step * step, 100_000, step):
        at = run.graded_from + second * SECOND
        if at > run.end:
            break
        if at < begin:
            continue
        x = canvas.x(at)
        canvas.shapes += [Rule(x, x, 16, 2000, "line"), Label(x, 11, f"{second // 60} min", "middle", soft=True)]


def _incidents(canvas: Canvas, run: Run) -> None:
    shown = [one for one in run.incidents if one.state is not IncidentState.MERGED]
    for one in shown[:_LEFT_OUT]:
        until = run.end if one.closed_at is None else one.closed_at
        root = one.root or "cause unknown"
        canvas.label(one.id, canvas.height + 14)
        canvas.bar(
            (one.opened_at, until), canvas.height + 6, LANE - 14, style=("incident", f"{one.outcome or one.state}")
        )
        x = canvas.x(one.opened_at)
        anchor, place = ("start", x) if x < WIDTH * 0.7 else ("end", WIDTH - RIGHT)
        canvas.shapes.append(
            Label(place, canvas.height + LANE + 6, f"{root}: {one.outcome or one.state}", anchor, soft=True)
        )
        canvas.height += LANE + 14
    if len(shown) > _LEFT_OUT:
        canvas.label(f"{len(shown) - _LEFT_OUT} more", canvas.height + 12, soft=True)
        canvas.height += LANE


def _pages(canvas: Canvas, run: Run) -> None:
    if not run.pages:
        return
    canvas.label("pages", canvas.height + 15)
    for page in run.pages:
        canvas.mark(page.at, canvas.height + 11, ("page", page.title), path="M-5,0a5,5 0 1,0 10,0a5,5 0 1,0 -10,0")
    canvas.height += LANE


def _per_minute(run: Run) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    lost = run.truth.lost.sum(axis=1)
    minutes = len(lost) // 60
    summed: np.ndarray[tuple[int], np.dtype[np.float64]] = lost[: minutes * 60].reshape(minutes, 60).sum(axis=1)
    return summed


def _lost(canvas: Canvas, named: tuple[Who, Run], most: float) -> None:
    """Value lost a minute as bars from a base line, with the actions on it."""
    who, run = named
    base = canvas.height + GRAPH
    canvas.label(who.value, base - GRAPH / 2)
    canvas.label(f"lost {run.truth.lost.sum():,.0f}", base - GRAPH / 2 + 15, soft=True)
    for minute, value in enumerate(_per_minute(run).tolist()):
        begin = run.start + minute * 60 * SECOND
        if value <= 0 or canvas.x(begin + 60 * SECOND) <= LEFT:
            continue
        height = round((GRAPH - 18) * value / most, 1) if most > 0 else 0.0
        if height >= 0.5:
            text = f"minute {minute - (run.graded_from - run.start) // SECOND // 60}: {value:,.0f}"
            canvas.bar((begin, begin + 57 * SECOND), base - height, height, style=("bad", text))
    canvas.shapes.append(Rule(LEFT, WIDTH - RIGHT, base, base, "soft"))
    for action in run.actions:
        undo = action.act.undo
        colour = "bad" if action.unsafe else "act" if action.effect else "soft"
        path = "M-6,-9L6,-9L0,0Z" if undo else "M-6,0L6,0L0,-9Z"
        text = f"{'undo: ' * undo}{action.act.action}{'' if action.effect else ' (no effect)'}"
        canvas.mark(action.act.at, base + 10, (colour, text), path=path)
    canvas.height = base + 14
