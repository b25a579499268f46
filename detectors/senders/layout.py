"""Memory layout of the state of senders and of a topic's clock. Times and durations are in ns unless stated."""

from __future__ import annotations

from enum import IntEnum
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
Longs = npt.NDArray[np.int64]

SENDER = np.dtype(
    [
        ("key", "u8"),
        ("newest", "i8"),
        ("offset", "i8"),
        ("candidate", "i8"),
        ("candidate_top", "i8"),
        ("candidate_at", "i8"),
        ("usual", "i8"),
        ("heard_at", "i8"),
        ("attended", "i8"),
        ("received", "i8"),
        ("typical", "f4"),
        ("pause", "f4"),
        ("habit", "f4"),
        ("records", "u4"),
        ("gaps", "u4"),
        ("entity", "u4"),
        ("source", "u1"),
        ("confirmed", "u1"),
        ("habits", "u1"),
        ("parts", "u1"),
        ("spare", "u1", (4,)),
    ],
    align=True,
)
"""State of a sender, 112 bytes.

``key``: hash of its identity; 0: the row is free. ``newest``: highest corrected event time. ``offset``: added to its
event times. ``candidate*``: a delay that is not confirmed yet, the newest event time and receipt at which it was seen,
and ``confirmed`` how often. ``usual``: usual delay after the correction. ``heard_at``: newest receipt of its topic at
its last record. ``attended``, ``received``: attended time and receipt of its last record. ``typical``, ``pause``,
``habit``: usual, longest usual, and repeatedly seen long gap between its exports, in seconds; ``habits`` how often.
``parts``: records since the last long gap. ``entity``: hash of its entity.
"""

WORK = np.dtype([("stamp", "i8"), ("top", "i8"), ("shift", "i8"), ("before", "i8"), ("fits", "i4"), ("over", "i4")])
"""What is known of a sender within the record that is being read; no state."""


class Clock(IntEnum):
    """Places in the clock of a topic's partition, an int64 array."""

    HIGH = 0
    """Highest corrected event time."""
    RECEIPT = 1
    """Newest receipt."""
    ATTENDED = 2
    """Receipt time that passed while the partition had input: pauses of the whole input do not count."""
    BEAT = 3
    """Usual time between two records."""
    LAG = 4
    """High quantile, over active senders, of attended time less event time."""
    SINCE = 5
    """Records since ``LAG`` was computed."""
    SERIAL = 6
    """Records so far; no state."""
    KNOWN = 7
    """Senders that were first heard here."""


class Senders(NamedTuple):
    """Arrays of one slot's senders."""

    rows: Array
    """SENDER[n]."""
    work: Array
    """WORK[n]."""
    touched: npt.NDArray[np.int32]
    """(n,) room for the senders of one record."""
    scratch: Longs
    """(n,) room for a quantile."""


class Items(NamedTuple):
    """Points, lines or spans in input order; ``at`` and ``start`` are corrected in place."""

    at: Longs
    start: Longs
    """Start of an accumulation, 0: none; empty: no item has one."""
    member: npt.NDArray[np.int32]
    """Series or resource of each item: index into ``sender_of``."""
    record: npt.NDArray[np.int32]
    """Index of the record of each item, rising."""
    sender_of: npt.NDArray[np.int32]
    """Sender of each series or resource, -1: not known yet."""


class Aligned(NamedTuple):
    """Output by record and by item."""

    highest: Longs
    """(records,) highest corrected event time, 0: none."""
    closing: Longs
    """(records,) event time that the senders have reached together after this record."""
    late: npt.NDArray[np.uint8]
    """(n,) 1: the item is older than its sender's progress by more than the allowed lateness; empty: not wanted."""


class Rules(NamedTuple):
    """Settings of one call."""

    source: int
    """Number of the topic."""
    trusted: bool
    """Times were corrected before."""
    late_ns: int
    """Allowed lateness within a sender."""
    held_ns: int
    """The slow senders hold ``closing`` back by at most this much."""
