"""Clock skew of a sender: which delays are plausible, and when a wrong clock is corrected.

The delay of a record is its receipt less its newest event time. A delay below zero is impossible, so times ahead of the
receipt are moved back to it at once. A large delay may be a clock that is behind or data that was kept back. Data that
was kept back catches up, so its delay falls; a delay that stays the same for a minute is a clock, and is subtracted.
"""

from __future__ import annotations

from numba.extending import register_jitable

from aiops.model.durations import SECOND

AHEAD = 10 * SECOND
"""A time that is later than its receipt by at most this much is left as it is."""
BEHIND = 30 * SECOND
"""A delay up to this much is ordinary and is not corrected."""
STEADY = 5 * SECOND
"""Delays that differ by at most this much are the same."""
APART = SECOND
"""Records whose newest times are closer than this are parts of one export and confirm nothing."""
CONFIRM = 3
"""A new correction of a known sender takes effect with this many exports of the same delay."""
CONFIRM_NS = 60 * SECOND
"""A delay is subtracted only if it stayed the same for this long."""
_STEP = 2 * SECOND
_GAIN = 8


@register_jitable
def steady(row, top, delay, receipt):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN201 (compiled: numba infers)
    """Number of exports in a row with this delay, this one included."""
    if row["confirmed"] == 0 or abs(delay - row["candidate"]) > STEADY:
        row["candidate"], row["candidate_top"], row["candidate_at"] = delay, top, receipt
        row["confirmed"] = 1
    elif abs(top - row["candidate_top"]) >= APART:
        row["candidate_top"] = top
        row["confirmed"] = min(row["confirmed"] + 1, 200)
    return row["confirmed"]


@register_jitable
def judge(row, top, receipt):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN201 (compiled: numba infers)
    """What to add to the times of a sender's record whose newest time is ``top``; updates the sender's correction."""
    delay = receipt - top
    left = delay - row["offset"]
    usual = max(row["usual"], 0)
    if row["offset"] != 0 and -AHEAD <= delay <= BEHIND:
        # The clock was set right: its time agrees with the receipt as it is.
        if steady(row, top, delay, receipt) >= CONFIRM:
            row["offset"], row["usual"], row["confirmed"] = 0, delay, 0
        return 0
    if left < -AHEAD:
        count = steady(row, top, delay, receipt)
        if count >= CONFIRM or row["records"] == 0:
            row["offset"], row["confirmed"] = delay - usual, 0
        return delay - usual
    if left > BEHIND + usual:
        if steady(row, top, delay, receipt) >= CONFIRM and receipt - row["candidate_at"] >= CONFIRM_NS:
            row["offset"], row["confirmed"] = delay - usual, 0
        return row["offset"]
    row["confirmed"] = 0
    if row["records"] == 0:
        row["usual"] = left
    row["usual"] += min(max(left - row["usual"], -_STEP), _STEP) // _GAIN
    return row["offset"]
