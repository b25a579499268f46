"""How much each series left its normal range at the onset: robust, one pass over a matrix of all series.

The level after the onset is compared with the levels of windows of the same length before it, so that a noisy or
spiky series needs a larger shift than a calm one. The score of a shift of r times the 99th percentile of what is
usual is r² / (1 + r²).
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from aiops.model.episodes import SignalDirection, Source
from aiops.model.metric_semantics.semantics import Worse
from topology.hints import Family, Hints

Matrix = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

USUAL = 99.0
"""Percentile of deviations before the onset that is called usual."""
LEAST_RELATIVE = 0.005
"""A shift is measured against at least this share of the level: flat series are not infinitely sensitive."""
BENIGN = 0.3
"""Weight of a shift to the better: lower latency, fewer errors, more availability."""
STEADY = 0.9
"""A series that had a value in this share of steps and then none fell silent."""
STRETCHES = (2, 6)
"""Steps whose level is compared; a trouble is as bad as its worst such stretch."""
LONGEST = max(STRETCHES)
LEAST_BEFORE = 5
"""Steps of reference without which a series says nothing."""


@dataclass(frozen=True, slots=True, eq=False)
class Panel:
    """All series on one grid of steps: ``values`` (steps, series), NaN where there is no value."""

    times: npt.NDArray[np.int64]
    """(steps,) start of each step, ns."""
    values: Matrix
    entities: list[str]
    metrics: list[str]
    peers: list[str | None]
    sources: list[Source]


@dataclass(frozen=True, slots=True)
class Shift:
    """One series at the onset."""

    entity: str
    metric: str
    peer: str | None
    source: Source
    direction: SignalDirection
    since: int
    score: float
    value: float
    expected: float


def panel(table: pl.DataFrame, from_at: int, to_at: int, *, step: int) -> Panel:
    """The grid of a table with columns ts, entity, metric, value, peer, source; the last value of a step counts."""
    steps = max((to_at - from_at) // step + 1, 1)
    keys = ["entity", "metric", "peer", "source"]
    placed = (
        table.filter(pl.col("ts").is_between(from_at, to_at) & pl.col("value").is_finite())
        .with_columns(((pl.col("ts") - from_at) // step).alias("at"))
        .sort("ts")
    )
    series = placed.select(keys).unique().sort(keys, nulls_last=False).with_row_index("number")
    placed = placed.join(series, on=keys, nulls_equal=True)
    values = np.full((steps, len(series)), np.nan)
    values[placed["at"].to_numpy(), placed["number"].to_numpy()] = placed["value"].to_numpy()
    return Panel(
        times=from_at + step * np.arange(steps, dtype=np.int64),
        values=values,
        entities=series["entity"].to_list(),
        metrics=series["metric"].to_list(),
        peers=series["peer"].to_list(),
        sources=[Source(name) for name in series["source"].to_list()],
    )


def shifts(held: Panel, onset: int, hints: Hints) -> list[Shift]:
    """Every series that has something to say, in the panel's order."""
    begin = int(np.searchsorted(held.times, onset))
    before, after = held.values[:begin], held.values[begin:]
    if len(after) == 0 or len(before) < LEAST_BEFORE:
        return []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # series without any value have no median: NaN is meant
        moved, rise, level, usual = _moved(before, after)
        single = np.nanpercentile(np.abs(before - level), USUAL, axis=0)
    single = np.fmax(np.fmax(single, LEAST_RELATIVE * np.abs(level)), 1e-12)
    known_steps = np.isfinite(before).sum(axis=0)
    found = []
    for at in range(held.values.shape[1]):
        if known_steps[at] >= LEAST_BEFORE and np.isfinite(moved[at]):
            out = np.flatnonzero(np.abs(after[:, at] - level[at]) > single[at])
            first = begin + (int(out[0]) if len(out) else 0)
            harm = 1.0 if _harmful(held.metrics[at], hints, up=bool(rise[at] > 0)) else BENIGN
            ratio = harm * float(moved[at] / usual[at])
            score = ratio**2 / (1.0 + ratio**2)
            way = SignalDirection.UP if rise[at] > 0 else SignalDirection.DOWN
            shown = (float(level[at] + rise[at]), float(level[at]))
        elif known_steps[at] >= STEADY * len(before) and len(after) >= 2 and not np.any(np.isfinite(after[:, at])):
            first, score, way, shown = begin, 0.9, SignalDirection.SILENT, (0.0, float(level[at]))
        elif known_steps[at] == 0 and np.any(np.isfinite(after[:, at])):
            first = begin + int(np.flatnonzero(np.isfinite(after[:, at]))[0])
            _, named = hints.of_metric(held.metrics[at])
            errors = named is Family.ERROR
            score, way, shown = 0.9 if errors else 0.5, SignalDirection.NEW, (float(np.nanmax(after[:, at])), 0.0)
        else:
            continue
        names = held.entities[at], held.metrics[at], held.peers[at], held.sources[at]
        found.append(Shift(*names, way, int(held.times[first]), min(score, 0.9999), *shown))
    return found


def _moved(before: Matrix, after: Matrix) -> tuple[Matrix, Matrix, Matrix, Matrix]:
    """Size and signed size of each series' worst stretch after, its level before, and what is usual. All (series,)."""
    level = np.nanmedian(before, axis=0)
    noise = 1.4826 * np.nanmedian(np.abs(before - level), axis=0)
    least = np.fmax(LEAST_RELATIVE * np.abs(level), 1e-12)
    rise, usual = np.full(len(level), np.nan), np.ones(len(level))
    for width in sorted({min(len(after), wide) for wide in STRETCHES}):
        stretches = _rolling(after, width) - level
        worst = np.nanargmax(np.where(np.isfinite(stretches), np.abs(stretches), -1.0), axis=0)
        this = np.take_along_axis(stretches, worst[None], axis=0)[0]
        normal = np.nanpercentile(np.abs(_rolling(before, width) - level), USUAL, axis=0)
        # few windows know no tails: three robust deviations of their mean stand in
        normal = np.fmax(np.fmax(normal, 3.0 * noise / np.sqrt(width)), least)
        better = ~(np.abs(rise) / usual >= np.abs(this) / normal)
        rise, usual = np.where(better, this, rise), np.where(better, normal, usual)
    return np.abs(rise), rise, level, usual


def _rolling(values: Matrix, width: int) -> Matrix:
    """Means over ``width`` steps, of those that have a value."""
    width = min(width, len(values))
    known = np.isfinite(values)
    total = np.cumsum(np.vstack((np.zeros(values.shape[1]), np.where(known, values, 0.0))), axis=0)
    count = np.cumsum(np.vstack((np.zeros(values.shape[1]), known)), axis=0)
    many = count[width:] - count[:-width]
    return np.where(many > 0, (total[width:] - total[:-width]) / np.maximum(many, 1), np.nan)


_SYMPTOMS = frozenset({Family.LATENCY, Family.ERROR, Family.QUEUE, Family.RESTART, Family.AVAILABILITY})
"""Families of figures that are better one way; anything else may tell of trouble either way."""


def _harmful(metric: str, hints: Hints, *, up: bool) -> bool:
    meaning, family = hints.of_metric(metric)
    return family not in _SYMPTOMS or meaning.worse is not (Worse.DOWN if up else Worse.UP)


def find_onset(held: Panel, latest: int) -> int:
    """The step up to ``latest`` at which most series change: largest rise of the mean log deviation, ns."""
    last = max(int(np.searchsorted(held.times, latest, side="right")), 1)
    values = held.values[: min(last + LONGEST, len(held.values))]
    if len(values) <= LEAST_BEFORE + 1 or values.shape[1] == 0:
        return int(held.times[min(last, len(held.times)) - 1])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        level = np.nanmedian(values, axis=0)
        single = np.nanpercentile(np.abs(values - level), 95.0, axis=0)
        unusual = np.abs(values - level) / np.fmax(np.fmax(single, LEAST_RELATIVE * np.abs(level)), 1e-12)
        noise = np.nan_to_num(np.nanmean(np.log1p(np.minimum(unusual, 20.0) ** 4), axis=1))
    total = np.concatenate(([0.0], np.cumsum(noise)))
    starts = np.arange(LEAST_BEFORE, min(last, len(values)))
    if not len(starts):
        return int(held.times[last - 1])
    ends = np.minimum(starts + LONGEST, len(values))
    after = (total[ends] - total[starts]) / (ends - starts)
    first = np.maximum(starts - LONGEST, 0)
    ahead = (total[starts] - total[first]) / (starts - first)
    # a short stretch at the end needs a larger rise to be believed
    rise = (after - ahead) * np.sqrt(np.minimum(ends - starts, LONGEST))
    return int(held.times[starts[int(np.argmax(rise))]])
