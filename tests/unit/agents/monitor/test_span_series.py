"""Calls counted by interval: the points, edges and burnt budgets that a slot makes of them."""

from __future__ import annotations

import numpy as np
import pytest

from aiops.agents.monitor.plan import SlotPlan
from aiops.agents.monitor.slot import Slot
from aiops.agents.monitor.span_series import SpanSeries
from aiops.model.entities import Edge, EdgeKind, Objective
from aiops.settings import DataPlane
from detectors.intervals import INTERVAL
from detectors.spans.flows import FORGET
from detectors.wire.identity import SeriesIdentity, SeriesKind
from tests.unit.agents.monitoring.telemetry import SECOND, T0
from tests.unit.detectors.spans.test_spans import Row, added

FIRST = T0 // INTERVAL
AVAILABLE = Objective("ok", 0.99)


def series(*objectives: Objective, limit: int = 100) -> SpanSeries:
    """Of a new slot; the objectives are those of ``pay``."""
    data = DataPlane(series_limit=limit, model_series=0)
    return Slot(SlotPlan(0, 1, data=data, objectives={"pay": objectives} if objectives else {})).spans


def count(spans: SpanSeries, *rows: Row) -> None:
    """Calls: entity, peer, whether a use, interval, bucket, calls, errors."""
    spans.add(added(spans.names, rows))


def close(spans: SpanSeries, interval: int) -> None:
    """A record at the end of an interval and the allowed lateness is through."""
    spans.advance((interval + 1) * INTERVAL + spans.clock.lateness)


def identities(spans: SpanSeries) -> set[SeriesIdentity]:
    """Series that the slot has."""
    table = spans.detection.table
    return {table.identity(number) for number in range(len(table))}


def newest(spans: SpanSeries) -> dict[tuple[str, str | None], float]:
    """Newest value of each series by metric and peer."""
    table, bank = spans.detection.table, spans.detection.bank
    window = (spans.clock.newest - 600 * SECOND, spans.clock.newest + 600 * SECOND)
    last = bank.readings(np.arange(len(table), dtype=np.int32), window, (0, 0)).last
    found = [table.identity(number) for number in range(len(table))]
    return {(one.metric, one.peer): value for one, value in zip(found, last.tolist(), strict=True)}


# ------------------------------------------------------------------------------------------------------ points, edges


def test_an_interval_becomes_points_of_its_service_and_of_its_edge_when_it_closes() -> None:
    """Calls a second, share of errors, median and 99th percentile; nothing before the allowed lateness has passed."""
    spans = series()
    count(spans, ("shop", "", False, FIRST, 20, 30, 3), ("shop", "pay", False, FIRST, 20, 20, 0))
    spans.advance((FIRST + 1) * INTERVAL + spans.clock.lateness - 1)
    assert (identities(spans), spans.taken()) == (set(), [])
    close(spans, FIRST)
    assert len(identities(spans)) == 8
    figures = newest(spans)
    assert (figures["span.rate", None], figures["span.rate", "pay"]) == pytest.approx((3.0, 2.0))
    assert (figures["span.errors", None], figures["span.errors", "pay"]) == pytest.approx((0.1, 0.0))
    peer = (("peer", "pay"),)
    assert SeriesIdentity("shop", "span.p99", peer, "ms", SeriesKind.QUANTILE, "pay") in identities(spans)
    edge = Edge("shop", "pay", EdgeKind.CALLS, "spans", (FIRST + 1) * INTERVAL, 2.0)
    assert (spans.taken(), spans.taken()) == ([edge], [])


def test_a_service_without_calls_has_a_rate_of_zero_and_no_other_figure() -> None:
    """No errors of no calls are no share, and no call took any time."""
    spans = series()
    count(spans, ("shop", "", False, FIRST, 20, 30, 15))
    close(spans, FIRST)
    count(spans, ("pay", "", False, FIRST + 1, 20, 10, 0))
    close(spans, FIRST + 1)
    table = spans.detection.table
    shop = {table.identity(n).metric: n for n in range(len(table)) if table.identity(n).entity == "shop"}
    ends = spans.detection.bank.last_at(np.array(list(shop.values()), np.int32)).tolist()
    at = dict(zip(shop, [(end - T0) // SECOND for end in ends], strict=True))
    assert at == {"span.rate": 20, "span.errors": 10, "span.p50": 10, "span.p99": 10}


def test_calls_of_closed_intervals_and_rows_without_calls_are_left_out() -> None:
    """Late rows do not change what was told; the others of the same batch count."""
    spans = series()
    close(spans, FIRST)
    count(spans, ("late", "", False, FIRST, 20, 9, 0), ("none", "", False, FIRST + 1, 20, 0, 0))
    close(spans, FIRST + 1)
    assert identities(spans) == set()
    count(spans, ("late", "", False, FIRST + 1, 20, 9, 0), ("pay", "", False, FIRST + 2, 20, 9, 0))
    close(spans, FIRST + 2)
    assert {one.entity for one in identities(spans)} == {"pay"}


def test_an_older_time_opens_no_interval_again() -> None:
    """Records come in any order."""
    spans = series()
    close(spans, FIRST + 5)
    spans.advance(T0)
    assert spans.clock.closed == FIRST + 6


def test_a_full_table_keeps_the_edges_and_goes_on_with_the_series_it_has() -> None:
    """Two of eight series have room."""
    spans = series(limit=2)
    for interval in (FIRST, FIRST + 6):
        count(spans, ("shop", "", False, interval, 20, 30, 3), ("shop", "pay", True, interval, 20, 20, 0))
        close(spans, interval)
    assert len(identities(spans)) == 2
    assert [(edge.kind, edge.seen_at) for edge in spans.taken()] == [
        (EdgeKind.USES, (FIRST + 1) * INTERVAL),
        (EdgeKind.USES, (FIRST + 7) * INTERVAL),
    ]
    assert newest(spans)["span.rate", None] == pytest.approx(3.0)


def test_reclaimed_series_are_asked_for_again() -> None:
    """Their numbers may belong to others by then."""
    spans = series()
    count(spans, ("shop", "", False, FIRST, 20, 30, 3))
    close(spans, FIRST)
    numbers = spans.flows.series[0].copy()
    spans.forget(numbers[1:3])
    assert spans.flows.series[0].tolist() == [numbers[0], -1, -1, numbers[3]]
    count(spans, ("shop", "", False, FIRST + 1, 20, 30, 3))
    close(spans, FIRST + 1)
    assert spans.flows.series[0].tolist() == numbers.tolist()


def test_names_that_nobody_uses_any_more_make_room() -> None:
    """Each hour brings other services, as short jobs do."""
    spans = series(limit=50_000)
    for hour in range(2):
        interval = FIRST + hour * (FORGET + 1)
        count(spans, *[(f"job-{hour}-{number}", "", False, interval, 20, 1, 0) for number in range(700)])
        count(spans, ("pay", "", False, interval, 20, 1, 0))
        close(spans, interval)
    assert set(spans.names.texts) == {"pay", *(f"job-1-{number}" for number in range(700))}
    assert newest(spans)["span.rate", None] == pytest.approx(0.1)


# ----------------------------------------------------------------------------------------------------------- budgets


def burn(spans: SpanSeries, intervals: range, errors: int, entity: str = "pay") -> None:
    """A hundred calls in each interval."""
    for interval in intervals:
        count(spans, (entity, "", False, FIRST + interval, 20, 100, errors))
        close(spans, FIRST + interval)


def test_a_burnt_budget_is_told_of_its_service_and_ends_when_calls_succeed() -> None:
    """An objective of ``pay`` is that of ``prod/pay``, and nobody else's."""
    spans = series(AVAILABLE)
    burn(spans, range(60), 100, entity="prod/pay")
    burn(spans, range(60), 100, entity="shop")
    assert set(spans.budgets) == {("prod/pay", "ok")}
    assert spans.budgets["prod/pay", "ok"].breached
    (number,) = spans.detection.objectives
    told = spans.detection.table.identity(number)
    assert (told.entity, told.metric, told.attributes) == ("prod/pay", "slo.burn", (("objective", "ok"),))
    burn(spans, range(60, 400), 0, entity="prod/pay")
    assert not spans.budgets["prod/pay", "ok"].breached


def test_a_budget_without_room_for_its_series_is_measured_and_not_told() -> None:
    """The four figures of the service come first."""
    spans = series(AVAILABLE, limit=4)
    burn(spans, range(60), 100)
    assert set(spans.budgets) == {("pay", "ok")}
    assert spans.detection.objectives == set()


# ---------------------------------------------------------------------------------------------------------- snapshots


def test_a_restart_goes_on_with_open_intervals_and_budgets() -> None:
    """The same state gives the same bytes; an objective that is gone has no budget any more."""
    spans, restored, without = series(AVAILABLE), series(AVAILABLE), series(Objective("fast", 0.9))
    burn(spans, range(60), 100)
    count(spans, ("pay", "größe", True, FIRST + 60, 20, 5, 1))
    arrays = spans.to_arrays()
    restored.restore(arrays)
    without.restore(arrays)
    again = restored.to_arrays()
    assert {name: array.tobytes() for name, array in again.items()} == {
        name: array.tobytes() for name, array in arrays.items()
    }
    assert (restored.budgets["pay", "ok"].breached, without.budgets) == (True, {})
    close(restored, FIRST + 60)
    assert [(edge.target, edge.weight) for edge in restored.taken()] == [("größe", 0.5)]
