from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aiops.model.entities import EdgeKind
from detectors.intervals import INTERVAL
from detectors.spans.flows import Flow, FlowCounter, bucket, milliseconds
from detectors.spans.join import Call, Span, SpanJoin, SpanKind

MS = 1_000_000


def calls(join: SpanJoin, *spans: Span) -> set[tuple[str, str]]:
    """Caller and called of all calls."""
    return {(call.entity, call.peer) for span in spans for call in join.calls(span)}


CLIENT = Span("shop", SpanKind.CLIENT, 3, 9 * MS, False, "t/1", "t/0")
SERVER = Span("pay", SpanKind.SERVER, 3, 7 * MS, True, "t/2", "t/1")


@pytest.mark.parametrize("order", [(CLIENT, SERVER), (SERVER, CLIENT)])
def test_parent_and_child_are_joined_in_either_order(order: tuple[Span, Span]) -> None:
    """A server's span under another service's span is an edge and an entry."""
    assert calls(SpanJoin(), *order) == {("shop", "pay"), ("pay", "")}


def test_a_caller_that_names_the_other_end_is_an_edge_by_itself_and_only_once() -> None:
    """With a peer's name the child adds no second edge."""
    named = Span("shop", SpanKind.CLIENT, 3, 9 * MS, False, "t/1", "t/0", peer="pay")
    assert calls(SpanJoin(), named, SERVER) == {("shop", "pay"), ("pay", "")}
    counted = [call for span in (named, SERVER) for call in SpanJoin().calls(span) if call.peer]
    assert len(counted) == 1


@pytest.mark.parametrize("order", [1, -1])
def test_spans_without_a_kind_are_entries_where_the_service_changes(order: int) -> None:
    """Instrumentation that gives no kind still shows calls."""
    spans = [
        Span("shop", SpanKind.UNSPECIFIED, 3, MS, False, "t/1"),
        Span("shop", SpanKind.UNSPECIFIED, 3, MS, False, "t/2", "t/1"),
        Span("pay", SpanKind.UNSPECIFIED, 3, MS, False, "t/3", "t/2"),
    ]
    found = calls(SpanJoin(), *spans[::order])
    assert found == {("shop", ""), ("shop", "pay"), ("pay", "")}


def test_the_join_is_bounded() -> None:
    """Spans whose other end never comes leave the memory again."""
    join = SpanJoin(most=10)
    for number in range(1000):
        list(join.calls(Span("a", SpanKind.SERVER, 3, MS, False, f"t/{number}", f"p/{number}")))
    assert len(join._recent) <= 10
    assert len(join._orphans) <= 10


def test_flows_are_rates_errors_and_quantiles() -> None:
    """An interval gives calls, errors and durations, and its edge once a minute."""
    counter = FlowCounter()
    for interval in range(8):
        for number in range(100):
            counter.add_call(Call("shop", "pay", True, interval, (100 if number < 99 else 900) * MS, number < 5))
    measured, edges = counter.close(8)
    first = measured[0]
    assert (first.entity, first.peer, first.at, first.flow.calls, first.flow.errors) == (
        "shop",
        "pay",
        INTERVAL,
        100,
        5,
    )
    assert first.flow.quantile(0.5) == pytest.approx(100, rel=0.1)
    assert first.flow.quantile(0.999) == pytest.approx(900, rel=0.1)
    assert [(edge.source, edge.target, edge.kind, edge.weight) for edge in edges] == [
        ("shop", "pay", EdgeKind.USES, 10.0)
    ] * 2
    assert edges[1].seen_at - edges[0].seen_at == 6 * INTERVAL


def test_a_known_edge_counts_zero_while_others_speak() -> None:
    """The end of all calls over an edge is a zero, not a gap."""
    counter = FlowCounter()
    counter.add(("a", "b"), 1, Flow(1, 0, {1: 1}))
    counter.add(("c", ""), 2, Flow(1, 0, {1: 1}))
    measured, _ = counter.close(4)
    assert [(one.entity, one.at // INTERVAL - 1, one.flow.calls) for one in measured if one.entity == "a"] == [
        ("a", 1, 1),
        ("a", 2, 0),
    ]


@given(st.integers(1, 10**13))
def test_a_bucket_is_within_a_tenth(duration: int) -> None:
    """The middle of a duration's bucket is near the duration, from a microsecond to an hour."""
    if 2_000 <= duration <= 3 * 10**12:
        assert milliseconds(bucket(duration)) * MS == pytest.approx(duration, rel=0.1)
    assert 0 <= bucket(duration) < 136


SPANS = st.lists(
    st.builds(
        lambda entity, kind, interval, key, parent: Span(
            entity, kind, interval, MS, False, f"t/{key}" if key else "", f"t/{parent}" if parent else ""
        ),
        st.sampled_from("abc"),
        st.integers(0, 5),
        st.integers(0, 5),
        st.integers(0, 9),
        st.integers(0, 9),
    ),
    max_size=40,
)


@given(SPANS, st.integers(0, 39))
@settings(max_examples=80, deadline=None)
def test_a_restart_changes_nothing(spans: list[Span], restart: int) -> None:
    """Join and flows from a snapshot go on exactly as those they were taken of."""
    join, flows, other_join, other_flows = SpanJoin(5), FlowCounter(4), SpanJoin(5), FlowCounter(4)
    for number, span in enumerate(spans):
        if number == restart:
            other_join = SpanJoin.from_json(json.dumps(other_join.to_json()), 5)
            other_flows = FlowCounter.from_json(json.dumps(other_flows.to_json()), 4)
        for call in join.calls(span):
            flows.add_call(call)
        for call in other_join.calls(span):
            other_flows.add_call(call)
    assert json.dumps(join.to_json()) == json.dumps(other_join.to_json())
    assert flows.close(3) == other_flows.close(3)
    assert json.dumps(flows.to_json()) == json.dumps(other_flows.to_json())
