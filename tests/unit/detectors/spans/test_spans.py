from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aiops.model.entities import EdgeKind
from detectors.intervals import INTERVAL
from detectors.spans.flows import BUCKETS, FORGET, Added, ClosedFlows, FlowCounter, buckets, milliseconds
from detectors.spans.names import NONE, SpanNames

MS = 1_000_000
Row = tuple[str, str, bool, int, int, int, int]
"""Entity, peer, whether a use, interval, bucket, calls, errors."""


def added(names: SpanNames, rows: Sequence[Row]) -> Added:
    """Rows as arrays."""
    columns = np.array([row[2:] for row in rows], np.int64).reshape(-1, 5).T
    return Added(
        names.codes(row[0] for row in rows),
        np.array([names.code(row[1]) if row[1] else NONE for row in rows], np.int32),
        columns[0] != 0,
        columns[1],
        columns[2].astype(np.int32),
        columns[3],
        columns[4],
    )


def shown(names: SpanNames, closed: Sequence[ClosedFlows]) -> list[tuple[str, str, int, int, int, dict[int, int]]]:
    """Entity, peer, interval, calls, errors and durations of each row."""
    texts = [*names.texts, ""]
    return [
        (
            texts[one.entity[row]],
            texts[one.peer[row]],
            one.at // INTERVAL - 1,
            one.flow(row).calls,
            one.flow(row).errors,
            one.flow(row).durations,
        )
        for one in closed
        for row in range(len(one.entity))
    ]


def bucket(duration: int) -> int:
    """Bucket of one duration."""
    return int(buckets(np.array([duration]))[0])


def test_flows_are_rates_errors_and_quantiles() -> None:
    """An interval gives calls, errors and durations, and its edge once a minute."""
    names = SpanNames()
    counter = FlowCounter(names)
    for interval in range(8):
        fast, slow = bucket(100 * MS), bucket(900 * MS)
        rows = [("shop", "pay", True, interval, fast, 94, 0), ("shop", "pay", True, interval, fast, 5, 5)]
        counter.add(added(names, [*rows, ("shop", "pay", True, interval, slow, 1, 0)]))
    measured, edges = counter.close(8)
    assert shown(names, measured[:1]) == [("shop", "pay", 0, 100, 5, {fast: 99, slow: 1})]
    assert measured[0].quantiles[0].tolist() == [milliseconds(fast), milliseconds(fast)]
    counter.add(added(names, [("shop", "pay", True, 9, fast, 98, 0), ("shop", "pay", True, 9, slow, 2, 0)]))
    assert counter.close(10)[0][0].quantiles[0].tolist() == [milliseconds(fast), milliseconds(slow)]
    assert [(edge.source, edge.target, edge.kind, edge.weight) for edge in edges] == [
        ("shop", "pay", EdgeKind.USES, 10.0)
    ] * 2
    assert edges[1].seen_at - edges[0].seen_at == 6 * INTERVAL


def test_a_known_edge_counts_zero_while_others_speak() -> None:
    """The end of all calls over an edge is a zero, not a gap."""
    names = SpanNames()
    counter = FlowCounter(names)
    counter.add(added(names, [("a", "b", False, 1, 1, 1, 0)]))
    counter.add(added(names, [("c", "", False, 2, 1, 1, 0)]))
    found = [row[:4] for row in shown(names, counter.close(4)[0]) if row[0] == "a"]
    assert found == [("a", "b", 1, 1), ("a", "b", 2, 0)]


def test_what_was_not_seen_for_an_hour_is_forgotten_and_makes_room() -> None:
    """A full counter takes no further flow until another has been gone for an hour; the others keep their counts."""
    names = SpanNames()
    counter = FlowCounter(names, most=2)
    counter.add(
        added(names, [("a", "", False, 1, 1, 1, 0), ("b", "", False, 1, 1, 1, 0), ("c", "", False, 1, 1, 1, 0)])
    )
    assert [row[0] for row in shown(names, counter.close(2)[0])] == ["a", "b"]
    counter.add(added(names, [("b", "", False, FORGET + 5, 2, 7, 1)]))
    counter.forget(FORGET + 5)
    counter.add(added(names, [("c", "", False, FORGET + 5, 1, 1, 0)]))
    measured, _ = counter.close(FORGET + 6)
    assert shown(names, measured) == [("b", "", FORGET + 5, 7, 1, {2: 7}), ("c", "", FORGET + 5, 1, 0, {1: 1})]


@given(st.integers(1, 10**13))
def test_a_bucket_is_within_a_tenth(duration: int) -> None:
    """The middle of a duration's bucket is near the duration, from a microsecond to an hour."""
    if 2_000 <= duration <= 3 * 10**12:
        assert milliseconds(bucket(duration)) * MS == pytest.approx(duration, rel=0.1)
    assert 0 <= bucket(duration) < BUCKETS


ROWS = st.lists(
    st.tuples(
        st.sampled_from("abc"),
        st.sampled_from(["", "a", "z"]),
        st.booleans(),
        st.integers(0, 5),
        st.integers(0, BUCKETS - 1),
        st.integers(1, 9),
        st.integers(0, 1),
    ),
    max_size=40,
)


@given(ROWS, st.integers(0, 39))
@settings(max_examples=100, deadline=None)
def test_counts_equal_a_count_by_hand_and_a_restart_changes_nothing(rows: list[Row], restart: int) -> None:
    """Calls, errors and durations of each flow and interval; from a snapshot the counter goes on as it was."""
    names = SpanNames()
    whole, cut = FlowCounter(names), FlowCounter(names)
    for number, row in enumerate(rows):
        if number == restart:
            cut = FlowCounter.from_arrays(cut.to_arrays(), names)
        whole.add(added(names, [row]))
        cut.add(added(names, [row]))
    by_hand: dict[tuple[str, str, int], list[object]] = defaultdict(lambda: [0, 0, defaultdict(int)])
    for entity, peer, _, interval, number, calls, errors in rows:
        entry = by_hand[entity, peer, interval]
        entry[0] += calls  # type: ignore[operator]
        entry[1] += errors  # type: ignore[operator]
        entry[2][number] += calls  # type: ignore[index]
    measured, edges = whole.close(3)
    found = {(row[0], row[1], row[2]): list(row[3:]) for row in shown(names, measured) if row[3]}
    assert found == {key: value for key, value in by_hand.items() if key[2] < 3}
    others, other_edges = cut.close(3)
    assert (shown(names, others), other_edges) == (shown(names, measured), edges)
    kept = whole.to_arrays()
    for name, array in cut.to_arrays().items():
        np.testing.assert_array_equal(array, kept[name])
