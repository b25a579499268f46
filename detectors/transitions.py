"""Transitions of single series, and the compiled fold of them into signals and cases."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt

from aiops.jit.compiling import cached_njit

OPENED, WORSE, CLOSED = 1, 2, 0
"""Kinds of transition: a series became abnormal, got worse, or became normal."""

SIGNAL = np.dtype(
    [
        ("series", "i4"), ("case", "i4"), ("metric", "i4"), ("direction", "u1"), ("detector", "u1"),
        ("objective", "u1"), ("track", "u1"), ("since", "i8"), ("score", "f8"), ("value", "f8"), ("expected", "f8"),
        ("ended", "i8"),
    ]
)  # fmt: skip
"""One abnormal series of a case; ``ended`` is when it became normal, ns; 0: still abnormal."""
CASE = np.dtype(
    [
        ("entity", "i4"), ("signals", "i4"), ("active", "i4"), ("changes", "i4"), ("reported_signals", "i4"),
        ("wait", "u1"), ("dirty", "u1"), ("pending", "u1"), ("breaches", "u1"), ("reported_breaches", "u1"),
        ("spare", "u1", (3,)), ("since", "i8"), ("opened", "i8"), ("stamp", "i8"), ("clear", "i8"), ("next", "i8"),
        ("worst", "f8"), ("reported_worst", "f8"), ("reported", "i8"), ("mark", "i8"),
    ]
)  # fmt: skip
"""One entity, suspected (``opened`` 0) or with an episode.

``reported`` and ``mark`` are clock and watermark of the last reported revision, ns; ``reported_…`` are its figures.
"""


@dataclass(frozen=True, slots=True)
class Transitions:
    """Transitions of series in input order; arrays of shape (n,)."""

    series: npt.NDArray[np.int32]
    what: npt.NDArray[np.uint8]
    """OPENED, WORSE or CLOSED."""
    at: npt.NDArray[np.int64]
    """Event time, ns."""
    score: npt.NDArray[np.float64]
    value: npt.NDArray[np.float64]
    expected: npt.NDArray[np.float64]
    direction: npt.NDArray[np.uint8]
    """Index into ``detectors.revisions.DIRECTIONS``."""
    detector: npt.NDArray[np.uint8]
    """Code of the view; ``EpisodeAggregator`` has the names."""
    track: npt.NDArray[np.uint8]
    """0: the series' value, 1: its silence, 2: not the bank's, 3: the model tier's. Each track is its own signal."""

    def __len__(self) -> int:
        return len(self.series)

    def only(self, which: npt.NDArray[np.bool_]) -> Transitions:
        """The transitions for which the mask ``which``, (n,), is true, in their order."""
        return Transitions(*(getattr(self, field.name)[which] for field in fields(self)))


@cached_njit(nogil=True)
def _begin(event, at, entity, metric, objective, tables, sizes, case_of):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202, PLR0913, PLR0917
    """Adds a signal for ``event`` = (series, track), and a case if the entity has none; returns the signal's row."""
    signals, cases = tables
    number = case_of[entity]
    if number < 0:
        number = sizes[1]
        sizes[1] += 1
        case_of[entity] = number
        cases[number].entity = entity
        cases[number].since = at
    row = sizes[0]
    sizes[0] += 1
    signal = signals[row]
    signal.series, signal.track = event
    signal.case = number
    signal.metric = metric
    signal.objective = objective
    signal.since = at
    signal.ended = -1
    signal.score = -1.0
    cases[number].signals += 1
    return row


@cached_njit(nogil=True)
def _change(case, signal, what, at):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Opens or closes a signal; False: the transition does not apply to the signal's state."""
    if what == CLOSED:
        if signal.ended != 0:
            return False
        signal.ended = max(at, 1)
        case.active -= 1
        case.changes += 1
        case.dirty = 1
        case.clear = max(case.clear, at)
    elif signal.ended != 0:
        if what != OPENED:
            return False
        signal.ended = 0
        case.active += 1
        case.changes += 1
        case.dirty = 1
        case.since = min(case.since, at)
        if signal.objective:
            case.breaches = 1
    return True


@cached_njit(nogil=True)
def fold(events, owners, index, tables, sizes):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201
    """Takes transitions one by one in order.

    Args:
        events: the fields of ``Transitions``.
        owners: entity code, metric code and objective flag (0 or 1) of each event's series.
        index: row of each signal by ``4 * series + track``, and row of each case by entity code; -1: none.
        tables: SIGNAL and CASE rows; each needs room for one more row an event.
        sizes: (2,) numbers of SIGNAL and CASE rows in use.
    """
    series_, what_, at_, score_, value_, expected_, direction_, detector_, track_ = events
    entity_, metric_, objective_ = owners
    row_of, case_of = index
    signals, cases = tables
    for event in range(len(series_)):
        series, track = series_[event], track_[event]
        row = row_of[4 * series + track]
        if row < 0:
            if what_[event] != OPENED:
                continue
            row = _begin(
                (series, track), at_[event], entity_[event], metric_[event], objective_[event], tables, sizes, case_of
            )
            row_of[4 * series + track] = row
        signal = signals[row]
        case = cases[signal.case]
        if _change(case, signal, what_[event], at_[event]) and score_[event] > signal.score:
            signal.score = score_[event]
            signal.value = value_[event]
            signal.expected = expected_[event]
            signal.direction = direction_[event]
            signal.detector = detector_[event]
            case.changes += 1
            case.dirty = 1
            case.worst = max(case.worst, score_[event])
