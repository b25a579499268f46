"""Robust summaries of many series at an onset: one sort of the reference, no loop over series."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from aiops.model.series_evidence import Floats, Times

Matrix = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

LEAST_EFFECT = 0.005
"""A spread is at least this share of the usual level: the smallest step of a constant is not infinitely surprising."""
NEVER_SEEN = 20.0
"""Deviation of a series that was zero in all of the reference and is not zero any more, in spreads."""
TAIL = 0.95
"""The spread also covers this quantile of the reference at two spreads, so that spikes that are usual count."""
LEAST_REFERENCE = 3
"""Values of reference without which a series has no deviation."""
LASTING = 0.75
"""A level is reached in a quarter of the steps: an onset that is stated too early dilutes what follows it."""
FEW = 4.0
"""A spread of this many values is doubled: few values do not know their tails."""
OUT = 3.0
"""From this many spreads on a value is out of the usual range."""
STEADY = 0.9
"""A series with values in this share of the reference's steps is silent when it has none after the onset."""
NORMAL_IQR = 1.349
"""Interquartile range of a normal distribution of standard deviation 1."""


@dataclass(frozen=True, slots=True, eq=False)
class Reference:
    """Usual level and spread of each series (series,); NaN where there are too few values."""

    usual: Floats
    spread: Floats
    count: npt.NDArray[np.int64]
    """Values in the reference."""


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """What each series did after the onset (series,)."""

    reference: Reference
    level: Floats
    deviation: Floats
    changed_at: Times
    sharpness: Floats
    silent: Flags
    appeared: Flags
    """No value in the reference, but some after the onset."""


def quantile(ordered: Matrix, count: npt.NDArray[np.int64], share: float) -> Floats:
    """Linear quantile of each column of ``ordered`` (rows sorted, NaN last); NaN where ``count`` is 0."""
    place = share * np.maximum(count - 1, 0)
    low = np.floor(place).astype(np.int64)
    high = np.minimum(low + 1, np.maximum(count - 1, 0))
    below = np.take_along_axis(ordered, low[None], axis=0)[0]
    above = np.take_along_axis(ordered, high[None], axis=0)[0]
    found: Floats = np.where(count > 0, below + (above - below) * (place - low), np.nan)
    return found


def reference(before: Matrix) -> Reference:
    """Median and spread of each column: the larger of interquartile range and tail, at least ``LEAST_EFFECT``."""
    if not len(before):
        empty = np.full(before.shape[1], np.nan)
        return Reference(empty, empty, np.zeros(before.shape[1], np.int64))
    ordered = np.sort(before, axis=0)
    count = np.isfinite(ordered).sum(axis=0)
    usual = quantile(ordered, count, 0.5)
    middle = (quantile(ordered, count, 0.75) - quantile(ordered, count, 0.25)) / NORMAL_IQR
    tail = np.maximum(quantile(ordered, count, TAIL) - usual, usual - quantile(ordered, count, 1 - TAIL)) / 2.0
    largest = np.maximum(np.abs(quantile(ordered, count, 0.0)), np.abs(quantile(ordered, count, 1.0)))
    least = LEAST_EFFECT * np.where(usual != 0, np.abs(usual), largest)
    spread = np.maximum(np.maximum(middle, tail), least) * (1.0 + FEW / np.maximum(count, 1))
    enough = count >= LEAST_REFERENCE
    return Reference(np.where(enough, usual, np.nan), np.where(enough, spread, np.nan), count)


def deviations(level: Floats, held: Reference) -> Floats:
    """(series,) signed deviation in spreads; 0 where it is not known; ``NEVER_SEEN`` where all before was 0."""
    moved = level - held.usual
    with np.errstate(divide="ignore", invalid="ignore"):
        found = np.where(held.spread > 0, moved / held.spread, np.sign(moved) * NEVER_SEEN)
    return np.nan_to_num(found, nan=0.0, posinf=0.0, neginf=0.0)


def measure(times: Times, values: Matrix, onset: int, *, clean_until: int, longest: int = 0) -> Measured:
    """Compares each series after ``onset`` with itself before ``clean_until``.

    Args:
        times: (steps,) start of each step, ns.
        values: (steps, series), NaN where there is no value.
        onset: ns.
        clean_until: the reference ends before this time, ns; what lies between belongs to neither side.
        longest: steps after the onset that count; 0: all.
    """
    begin = int(np.searchsorted(times, onset))
    before = values[: int(np.searchsorted(times, min(clean_until, onset)))]
    after = values[begin : begin + longest] if longest else values[begin:]
    held = reference(before)
    known = np.isfinite(after).sum(axis=0) if len(after) else np.zeros(values.shape[1], np.int64)
    level = _lasting(after, known, held.usual)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # series without values compare as NaN: they are not out
        out = np.abs(after - held.usual) > OUT * held.spread
    first = np.argmax(out, axis=0) if len(after) else np.zeros(values.shape[1], np.int64)
    changed = np.any(out, axis=0) if len(after) else np.zeros(values.shape[1], np.bool_)
    return Measured(
        reference=held,
        level=level,
        deviation=deviations(level, held) * known / max(len(after), 1),
        changed_at=np.where(changed, times[np.minimum(begin + first, len(times) - 1)], 0) if len(times) else first,
        sharpness=_sharpness(values[max(begin - 1, 0) : begin + max(len(after), 1)], level - held.usual),
        silent=(known == 0) & (held.count >= max(STEADY * len(before), LEAST_REFERENCE)) & (len(after) > 1),
        appeared=(held.count == 0) & (known > 0),
    )


def _lasting(after: Matrix, known: npt.NDArray[np.int64], usual: Floats) -> Floats:
    """(series,) the quartile of the values after the onset that is farther from usual: lasting, if not everywhere."""
    if not len(after):
        return np.full(after.shape[1], np.nan)
    ordered = np.sort(after, axis=0)
    last = np.maximum(known - 1, 0)
    place = np.floor(LASTING * last).astype(np.int64)  # of two to five values never the outermost
    high = np.take_along_axis(ordered, place[None], axis=0)[0]
    low = np.take_along_axis(ordered, (last - place)[None], axis=0)[0]
    found: Floats = np.where(known > 0, np.where(high - usual >= usual - low, high, low), np.nan)
    return found


def _sharpness(values: Matrix, moved: Floats) -> Floats:
    """(series,) largest single step in the direction of the change over the whole change, in [0, 1]."""
    if len(values) < 2:
        return np.full(values.shape[1], np.nan)
    steps = np.nan_to_num(np.diff(values, axis=0)) * np.sign(moved)
    with np.errstate(divide="ignore", invalid="ignore"):
        found: Floats = np.clip(steps.max(axis=0) / np.abs(moved), 0.0, 1.0)
    return found


def ranks(values: Matrix) -> Matrix:
    """Ranks within each column; NaN stays NaN; ties get the mean of their ranks."""
    order = np.argsort(values, axis=0, kind="stable")
    ordered = np.take_along_axis(values, order, axis=0)
    rows = np.arange(len(values), dtype=np.float64)[:, None]
    new = np.ones(values.shape, np.bool_)
    new[1:] = ordered[1:] != ordered[:-1]
    first = np.maximum.accumulate(np.where(new, rows, 0.0), axis=0)
    last = np.flip(
        np.minimum.accumulate(
            np.flip(np.where(np.roll(new, -1, axis=0) | (rows == len(values) - 1), rows, np.inf), 0), axis=0
        ),
        0,
    )
    found = np.empty_like(values)
    np.put_along_axis(found, order, (first + last) / 2.0, axis=0)
    return np.where(np.isfinite(values), found, np.nan)


def correlations(values: Matrix, symptom: Floats) -> Floats:
    """(series,) Spearman's correlation of each column with ``symptom`` as a z-score (Fisher); 0: fewer than 4 pairs."""
    both = np.isfinite(values) & np.isfinite(symptom)[:, None]
    count = both.sum(axis=0)
    if not len(values):
        return np.zeros(values.shape[1])
    theirs = ranks(np.where(both, values, np.nan))
    ours = np.repeat(ranks(symptom[:, None]), values.shape[1], axis=1)
    partial = np.any(both != np.isfinite(symptom)[:, None], axis=0)
    ours[:, partial] = ranks(np.where(both[:, partial], symptom[:, None], np.nan))
    with np.errstate(divide="ignore", invalid="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # a series without pairs has no mean: NaN is meant
        theirs = np.nan_to_num(theirs - np.nanmean(theirs, axis=0))
        ours = np.nan_to_num(ours - np.nanmean(ours, axis=0))
        found = (theirs * ours).sum(axis=0) / np.sqrt((theirs**2).sum(axis=0) * (ours**2).sum(axis=0))
        found = np.arctanh(np.clip(np.nan_to_num(found), -0.999, 0.999)) * np.sqrt(np.maximum(count - 3, 0) / 1.06)
    return np.where(count >= 4, found, 0.0)
