"""When users felt a fault, and when it was over for them, by the load generator's measurements alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Final

import numpy as np
from numpy.typing import NDArray

from aiops.model.durations import SECOND
from simulations.range.score.requests import Requests

SPAN: Final = 10 * SECOND
"""Length of the spans that are good or bad, counted from the onset, ns."""
KEPT: Final = 3
"""Number of good spans since the last bad one after which users are served as usual again."""
BEFORE: Final = 180 * SECOND
"""The requests of this time before the onset are what is usual, ns."""
_LEAST: Final = 2
"""Least number of unsatisfied requests in a bad span, and of bad spans in a suffering."""
_MORE: Final = 0.1
"""Least rise of their share above the usual one."""
_SLOWER: Final = 3.0
"""A request is slow above this multiple of the 95th percentile of its route before."""
_LEAST_MS: Final = 100.0
"""No request is slow below it."""


class _Span(Enum):
    EMPTY = 0
    GOOD = 1
    BAD = 2


@dataclass(frozen=True, slots=True)
class Suffering:
    """A time in which users were served worse than usual, ns."""

    begun: int
    ended: int | None
    """None: nothing that was looked at shows that it ended."""


def suffering(requests: Requests, onset: int, *, felt_by: int, until: int) -> Suffering | None:
    """The first time from ``onset`` on in which users suffered; None: there was none.

    A span is bad if the share of requests that failed or were slow is 10 percentage points above the usual one. One bad
    span alone is chance.

    Args:
        requests: all measurements.
        onset: when the fault began, ns.
        felt_by: what begins later has another cause, ns.
        until: end of what is looked at, ns.
    """
    spans = _spans(requests, onset, until)
    for first, last, over in _runs(spans):
        bad = spans[first : last + 1].count(_Span.BAD)
        begun = onset + first * SPAN
        if bad >= _LEAST and begun <= felt_by:
            return Suffering(begun, onset + (last + 1) * SPAN if over else None)
    return None


def unsatisfied(requests: Requests, onset: int) -> NDArray[np.bool_]:
    """Whether each request failed or was slow, measured by its route's good requests before ``onset``."""
    before = np.zeros(len(requests.at), np.bool_)
    before[requests.between(onset - BEFORE, onset)] = True
    limits = np.full(len(requests.routes), np.inf)
    for route in range(len(requests.routes)):
        usual = requests.ms[before & ~requests.failed & (requests.route == route)]
        if len(usual):
            limits[route] = max(_LEAST_MS, _SLOWER * float(np.quantile(usual, 0.95)))
    found: NDArray[np.bool_] = requests.failed | (requests.ms > limits[requests.route])
    return found


def _spans(requests: Requests, onset: int, until: int) -> list[_Span]:
    wrong = unsatisfied(requests, onset)
    usual = wrong[requests.between(onset - BEFORE, onset)]
    share = float(usual.mean()) if len(usual) else 0.0
    found = []
    for begin in range(onset, until - SPAN + 1, SPAN):
        part = wrong[requests.between(begin, begin + SPAN)]
        if not len(part):
            found.append(_Span.EMPTY)
        else:
            bad = part.sum() >= _LEAST and part.mean() >= share + _MORE
            found.append(_Span.BAD if bad else _Span.GOOD)
    return found


def _runs(spans: list[_Span]) -> Iterator[tuple[int, int, bool]]:
    """First and last bad span of each time without ``KEPT`` good ones, and whether these followed."""
    first: int | None = None
    last = good = 0
    for place, span in enumerate(spans):
        if span is _Span.BAD:
            first, last, good = place if first is None else first, place, 0
        elif span is _Span.GOOD:
            good += 1
        if first is not None and good == KEPT:
            yield first, last, True
            first = None
    if first is not None:
        yield first, last, False
