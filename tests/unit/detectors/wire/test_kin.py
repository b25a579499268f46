"""Figures of a distribution live as long as their count."""

from __future__ import annotations

import numpy as np
import pytest

from detectors.wire.identity import SeriesIdentity, SeriesKind
from detectors.wire.kin import without_kin
from detectors.wire.series import SeriesTable

ROUTE = (("route", "/pay"),)


def left(figure: str, owner: SeriesIdentity, minute: int) -> list[int]:
    """Whether the figure, series 0, goes before minute 100 where its owner was last seen in some minute."""
    table = SeriesTable()
    table.add([SeriesIdentity("pay", figure, ROUTE, "s", SeriesKind.GAUGE), owner])
    table.seen.touch(np.array([1], np.int32), 0, minute)
    found: list[int] = without_kin(table, np.array([0], np.int32), 100).tolist()
    return found


@pytest.mark.parametrize("kind", [SeriesKind.CUMULATIVE, SeriesKind.DELTA])
@pytest.mark.parametrize(("minute", "goes"), [(99, [0]), (100, [])])
def test_a_quantile_stays_while_its_count_is_seen(kind: SeriesKind, minute: int, goes: list[int]) -> None:
    """Whichever way the sender counts."""
    assert left("latency.p99", SeriesIdentity("pay", "latency.count", ROUTE, "1", kind), minute) == goes


@pytest.mark.parametrize(
    "owner",
    [
        SeriesIdentity("other", "latency.count", ROUTE, "1", SeriesKind.DELTA),
        SeriesIdentity("pay", "latency.count", (("route", "/"),), "1", SeriesKind.DELTA),
        SeriesIdentity("pay", "latency.count", ROUTE, "s", SeriesKind.DELTA),
        SeriesIdentity("pay", "size.count", ROUTE, "1", SeriesKind.DELTA),
    ],
)
def test_the_count_of_another_keeps_nothing(owner: SeriesIdentity) -> None:
    """Of another entity, attribute, unit or metric."""
    assert left("latency.p99", owner, 100) == [0]


def test_figures_of_spans_live_by_their_rate() -> None:
    """Spans have no count."""
    assert left("span.p99", SeriesIdentity("pay", "span.rate", ROUTE, "1/s", SeriesKind.RATE), 100) == []
    assert left("span.p99", SeriesIdentity("pay", "span.count", ROUTE, "1", SeriesKind.DELTA), 100) == [0]


def test_a_count_does_not_keep_itself() -> None:
    """Nor does a metric that has no figure in its name."""
    for name in ("latency.count", "latency"):
        assert left(name, SeriesIdentity("pay", "latency.count", ROUTE, "1", SeriesKind.DELTA), 100) == [0]
