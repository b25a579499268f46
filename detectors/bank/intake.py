"""Steps before a point is scored: duplicate and lateness check, conversion to a rate, and the pause since the last."""

from __future__ import annotations

import math

import numpy as np
from numba.extending import register_jitable

from detectors.bank.layout import RECENT, SILENT, Ended, Record, ValueKind
from detectors.views import silence

NEW = 255
"""The point is new and is processed further."""
LARGEST = 1e30
"""Values are clipped to this size, so that no sum of float32 overflows."""
_DUPLICATE, _LATE, _WARMING = int(Ended.DUPLICATE), int(Ended.LATE), int(Ended.WARMING_UP)
_REFUSED = int(Ended.REFUSED)
_DELTA, _CUMULATIVE = int(ValueKind.DELTA), int(ValueKind.CUMULATIVE)


@register_jitable
def admit(row: Record, at: int, late_ns: int) -> int:
    """NEW, DUPLICATE or LATE; stores the time of a new point.

    The row stores the last ``RECENT`` times; ``floor_at`` is the newest time that was dropped from them. A point above
    the floor is certainly new or a duplicate, in or out of order. At or below it this is unknown: the point is late.
    A point is also late when it is more than ``late_ns`` older than its series' newest. Counters and deltas need order:
    for them every older point is late.
    """
    last = row["last_at"]
    if at <= last:
        for k in range(RECENT):
            if row["recent"][k] == at:
                return _DUPLICATE
        if at <= row["floor_at"] or at < last - late_ns or row["kind"] == _CUMULATIVE or row["kind"] == _DELTA:
            return _LATE
    head = row["head"]
    forgotten = row["recent"][head]
    row["floor_at"] = max(forgotten, row["floor_at"])
    row["recent"][head] = at
    row["head"] = (head + 1) % RECENT
    return NEW


@register_jitable
def reading(row: Record, at: int, value: float, start: int) -> tuple[bool, float]:
    """Whether there is a value yet, and the value: counters and deltas become rates per second.

    A counter that falls, or that started after its last point, was reset: it counts from 0 since its start, as in
    Prometheus's ``rate``. The first point of a counter has no rate.
    """
    kind = row["kind"]
    last = row["last_at"]
    if kind == _CUMULATIVE:
        before = row["last_value"]
        row["last_value"] = value
        if last == 0:
            return False, 0.0
        grown = value - before
        since = last
        if grown < 0.0 or start > last:
            grown = value
            since = start if last < start < at else last
        return True, grown / (np.float64(at - since) * 1e-9)
    if kind == _DELTA:
        since = start if 0 < start < at else last
        if since == 0:
            return False, 0.0
        return True, value / (np.float64(at - since) * 1e-9)
    return True, value


@register_jitable
def note_pause(row: Record, at: int) -> None:
    """Learns the usual pause between points, in seconds, and sets the series' newest time."""
    last = row["last_at"]
    if last > 0:
        pause = np.float64(at - last) * 1e-9
        interval = np.float64(row["interval"])
        pause = np.float64(silence.learnable(interval, np.float64(row["pause"]), pause, row["n"]))
        gain = 1 / 32 if row["n"] > 32 else 1.0 / (np.float64(row["n"]) + 1.0)
        row["interval"] = interval + gain * (pause - interval)
        row["pause"] = silence.pause_after(np.float64(row["pause"]), pause)
    row["last_at"] = at


@register_jitable
def relative(row: Record, value: float) -> float:
    """The value relative to the series' origin, which its first value sets; clipped to the range of float32."""
    cut = min(max(value, -LARGEST), LARGEST)
    if row["n"] == 0:
        row["origin"] = cut
    return float(min(max(cut - row["origin"], -LARGEST), LARGEST))


@register_jitable
def take(row: Record, at: int, value: float, start: int, late_ns: int) -> tuple[int, float, bool]:
    """Runs all steps: (NEW or an ``Ended`` code, value relative to origin, whether the point ends a silence)."""
    if not math.isfinite(value):
        return _REFUSED, 0.0, False
    admitted = admit(row, at, late_ns)
    if admitted != NEW:
        return admitted, 0.0, False
    in_order = at > row["last_at"]
    has_value, amount = reading(row, at, value, start)
    was_silent = (row["state"] & SILENT) != 0
    if was_silent:
        row["state"] ^= SILENT
    if in_order:
        note_pause(row, at)
    if not has_value:
        return _WARMING, 0.0, was_silent
    return NEW, relative(row, amount), was_silent
