"""A picture of one scenario: what users lost under each healer, and what was found and done, over time. Inline SVG."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

import numpy as np

from aiops.model.incidents import IncidentState
from simulations.running.simulation import Run, Who
from simulations.world.streams import SECOND

WIDTH, LEFT, RIGHT = 1160, 150, 20
LANE, GRAPH = 22, 70
LEGEND = (
    '<span style="color:var(--bad)">■</span> value lost a minute &nbsp; '
    '<span style="color:var(--fault)">■</span> fault &nbsp; '
    '<span style="color:var(--incident)">▬</span> incident &nbsp; '
    '<span style="color:var(--act)">▲</span> action, ▽ its undo &nbsp; '
    '<span style="color:var(--bad)">▲</span> unsafe action &nbsp; '
    '<span style="color:var(--page)">●</span> page. Pictures show the first seed.'
)
_LEFT_OUT = 6
"""Incidents drawn at most."""


class _Canvas:
    """Shapes over a span of time."""

    def __init__(self, begin: int, end: int) -> None:
        self._begin, self._span = begin, max(1, end - begin)
        self.shapes: list[str] = []
        self.height = 18

    def x(self, at: int) -> float:
        """Place of a time, ns."""
        share = min(1.0, max(0.0, (at - self._begin) / self._span))
        return LEFT + share * (WIDTH - LEFT - RIGHT)

    def label(self, text: str, y: float, kind: str = "") -> None:
        """Name of a lane."""
        self.shapes.append(f'<text x="{LEFT - 10}" y="{y}" text-anchor="end" class="{kind}">{escape(text)}</text>')

    def bar(self, span: tuple[int, int], y: float, height: float, look: tuple[str, str]) -> None:
        """A span of time in a colour, with a tooltip."""
        left, right = self.x(span[0]), self.x(span[1])
        self.shapes.append(
            f'<rect x="{left:.1f}" y="{y:.1f}" width="{max(2.0, right - left):.1f}" height="{height}" rx="2" '
            f'fill="var(--{look[0]})"><title>{escape(look[1])}</title></rect>'
        )

    def mark(self, at: int, y: float, look: tuple[str, str], path: str) -> None:
        """A small shape at a time, with a tooltip."""
        self.shapes.append(
            f'<path d="{path}" transform="translate({self.x(at):.1f} {y:.1f})" fill="var(--{look[0]})">'
            f"<title>{escape(look[1])}</title></path>"
        )


def timeline(runs: Mapping[Who, Run]) -> str:
    """The picture of the runs of one scenario and seed; empty when there are none."""
    if not runs:
        return ""
    first = next(iter(runs.values()))
    begin = max(first.start, first.graded_from - 300 * SECOND)
    canvas = _Canvas(begin, first.end)
    _axis(canvas, first, begin)
    for fault in first.faults:
        until = first.end if fault.until is None else fault.until
        text = f"{fault.name} {fault.entity}" + (f", ended by {fault.ended_by}" if fault.ended_by else "")
        canvas.label(fault.name, canvas.height + 14)
        canvas.bar((fault.since, until), canvas.height + 3, LANE - 8, ("fault", text))
        canvas.height += LANE
    product = runs.get(Who.PRODUCT)
    if product is not None:
        _incidents(canvas, product)
        _pages(canvas, product)
    most = max(float(_per_minute(run).max(initial=0.0)) for run in runs.values())
    for who, run in runs.items():
        _lost(canvas, (who, run), most)
    shapes = "".join(canvas.shapes)
    return (
        f'<svg viewBox="0 0 {WIDTH} {canvas.height + 6}" role="img" aria-label="Timeline of the first seed">'
        f"{shapes}</svg>"
    )


def _axis(canvas: _Canvas, run: Run, begin: int) -> None:
    step = 300 if run.end - begin <= 3600 * SECOND else 600
    for second in range(-((run.graded_from - begin) // SECOND) // step * step, 100_000, step):
        at = run.graded_from + second * SECOND
        if at > run.end:
            break
        if at < begin:
            continue
        x = canvas.x(at)
        canvas.shapes.append(
            f'<line x1="{x:.1f}" x2="{x:.1f}" y1="16" y2="2000" stroke="var(--line)"/>'
            f'<text x="{x:.1f}" y="11" text-anchor="middle" class="soft">{second // 60} min</text>'
        )


def _incidents(canvas: _Canvas, run: Run) -> None:
    shown = [one for one in run.incidents if one.state is not IncidentState.MERGED]
    for one in shown[:_LEFT_OUT]:
        until = run.end if one.closed_at is None else one.closed_at
        root = one.root or "cause unknown"
        canvas.label(one.id, canvas.height + 14)
        canvas.bar((one.opened_at, until), canvas.height + 6, LANE - 14, ("incident", f"{one.outcome or one.state}"))
        x = canvas.x(one.opened_at)
        anchor, place = ("start", x) if x < WIDTH * 0.7 else ("end", WIDTH - RIGHT)
        canvas.shapes.append(
            f'<text x="{place:.1f}" y="{canvas.height + LANE + 6}" text-anchor="{anchor}" class="soft">'
            f"{escape(f'{root}: {one.outcome or one.state}')}</text>"
        )
        canvas.height += LANE + 14
    if len(shown) > _LEFT_OUT:
        canvas.label(f"{len(shown) - _LEFT_OUT} more", canvas.height + 12, "soft")
        canvas.height += LANE


def _pages(canvas: _Canvas, run: Run) -> None:
    if not run.pages:
        return
    canvas.label("pages", canvas.height + 15)
    for page in run.pages:
        canvas.mark(page.at, canvas.height + 11, ("page", page.title), "M-5,0a5,5 0 1,0 10,0a5,5 0 1,0 -10,0")
    canvas.height += LANE


def _per_minute(run: Run) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    lost = run.truth.lost.sum(axis=1)
    minutes = len(lost) // 60
    summed: np.ndarray[tuple[int], np.dtype[np.float64]] = lost[: minutes * 60].reshape(minutes, 60).sum(axis=1)
    return summed


def _lost(canvas: _Canvas, named: tuple[Who, Run], most: float) -> None:
    """Value lost a minute as bars from a base line, with the actions on it."""
    who, run = named
    base = canvas.height + GRAPH
    canvas.label(who.value, base - GRAPH / 2)
    canvas.label(f"lost {run.truth.lost.sum():,.0f}", base - GRAPH / 2 + 15, "soft")
    for minute, value in enumerate(_per_minute(run).tolist()):
        begin = run.start + minute * 60 * SECOND
        if value <= 0 or canvas.x(begin + 60 * SECOND) <= LEFT:
            continue
        height = round((GRAPH - 18) * value / most, 1) if most > 0 else 0.0
        if height >= 0.5:
            text = f"minute {minute - (run.graded_from - run.start) // SECOND // 60}: {value:,.0f}"
            canvas.bar((begin, begin + 57 * SECOND), base - height, height, ("bad", text))
    canvas.shapes.append(f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{base}" y2="{base}" stroke="var(--soft)"/>')
    for action in run.actions:
        undo = action.act.undo
        colour = "bad" if action.unsafe else "act" if action.effect else "soft"
        path = "M-6,-9L6,-9L0,0Z" if undo else "M-6,0L6,0L0,-9Z"
        text = f"{'undo: ' * undo}{action.act.action}{'' if action.effect else ' (no effect)'}"
        canvas.mark(action.act.at, base + 10, (colour, text), path)
    canvas.height = base + 14
