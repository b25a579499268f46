from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.spans.join import FIGURES, HORIZON, SpanJoin, SpanKind, Spans
from detectors.spans.names import NONE, SpanNames
from tests.unit.detectors.spans import plainly
from tests.unit.detectors.spans.plainly import Call, Seen

HOLE = 10**6
"""A hash is spread over 64 bits; so must be the keys of these tests."""


def columns(spans: Sequence[Seen], names: SpanNames) -> Spans:
    """Spans as arrays."""
    spread = np.uint64(0x9E3779B97F4A7C15)
    return Spans(
        names.codes(span.entity for span in spans),
        np.array([names.code(span.peer) if span.peer else NONE for span in spans], np.int32),
        np.array([span.uses for span in spans], np.bool_),
        np.array([span.kind for span in spans], np.uint8),
        np.array([span.interval for span in spans], np.int64),
        np.array([span.figure for span in spans], np.int32),
        np.array([span.key for span in spans], np.uint64) * spread,
        np.array([span.parent for span in spans], np.uint64) * spread,
    )


def joined(join: SpanJoin, spans: Sequence[Seen], names: SpanNames) -> Counter[Call]:
    """Calls by entity, peer, whether a use, interval and figure."""
    seen = columns(spans, names)
    found = join.calls(seen, len(names))
    texts = [*names.texts, ""]
    rows = zip(*(column.tolist() for column in found[:5]), strict=True)
    return Counter((texts[a], texts[b], bool(uses), at, figure) for a, b, uses, at, figure in rows)


def pairs(*spans: Seen, most: int = 64) -> set[tuple[str, str]]:
    """Caller and called of all calls."""
    return {(call[0], call[1]) for call in joined(SpanJoin(most), spans, SpanNames())}


CLIENT = Seen("shop", SpanKind.CLIENT, 3, 9, 1, 100)
SERVER = Seen("pay", SpanKind.SERVER, 3, 7 + FIGURES, 2, 1)


@pytest.mark.parametrize("order", [(CLIENT, SERVER), (SERVER, CLIENT)])
def test_parent_and_child_are_joined_in_either_order(order: tuple[Seen, Seen]) -> None:
    """A server's span under another service's span is an edge and an entry, with the child's duration and error."""
    found = joined(SpanJoin(), order, SpanNames())
    assert found == Counter([("shop", "pay", False, 3, 7 + FIGURES), ("pay", "", False, 3, 7 + FIGURES)])


@pytest.mark.parametrize("order", [1, -1])
def test_spans_without_a_kind_are_entries_where_the_service_changes(order: int) -> None:
    """Instrumentation that gives no kind still shows calls."""
    spans = [
        Seen("shop", SpanKind.UNSPECIFIED, 3, 1, 1),
        Seen("shop", SpanKind.UNSPECIFIED, 3, 1, 2, 1),
        Seen("pay", SpanKind.UNSPECIFIED, 3, 1, 3, 2),
    ]
    assert pairs(*spans[::order]) == {("shop", ""), ("shop", "pay"), ("pay", "")}


def test_a_caller_that_names_the_other_end_is_an_edge_by_itself_and_only_once() -> None:
    """With a peer's name the child adds no second edge."""
    named = Seen("shop", SpanKind.CLIENT, 3, 9, 1, 100, peer="pay")
    found = joined(SpanJoin(), (named, SERVER), SpanNames())
    assert [call for call in found.elements() if call[1]] == [("shop", "pay", False, 3, 9)]


def call_of(number: int, address: str, service: str) -> tuple[Seen, Seen]:
    """A call to an address, and the span of the service that took it."""
    client = Seen("shop", SpanKind.CLIENT, 3, 9, 2 * number + 1, peer=address)
    return client, Seen(service, SpanKind.SERVER, 3, 7, 2 * number + 2, 2 * number + 1)


def test_the_service_behind_an_address_is_learned() -> None:
    """The first call is an edge to the address and one to the service; what comes after is an edge to the service."""
    join, names = SpanJoin(), SpanNames()
    spans = [*call_of(1, "pay.prod.svc:80", "pay"), *call_of(2, "pay.prod.svc:80", "pay")]
    edges = [call[1] for call in joined(join, spans, names) if call[1]]
    assert edges == ["pay.prod.svc:80", "pay", "pay"]


def test_an_address_of_several_services_stays_an_address_beside_the_services_that_were_called() -> None:
    """A gateway's address is no service of those behind it, and hides none of them."""
    spans = [*call_of(1, "gateway", "pay"), *call_of(2, "gateway", "stock"), *call_of(3, "gateway", "stock")]
    edges = Counter(call[1] for call in joined(SpanJoin(), spans, SpanNames()).elements() if call[1])
    assert edges == Counter({"gateway": 2, "pay": 2, "stock": 2})


def test_a_parent_is_remembered_for_the_horizon_and_no_longer() -> None:
    """A child that ends five minutes after its parent is joined; a later one is not."""
    for wait, expected in ((HORIZON, {("shop", "pay"), ("pay", "")}), (HORIZON + 1, {("pay", "")})):
        late = Seen("pay", SpanKind.SERVER, 3 + wait, 7, 2, 1)
        assert pairs(CLIENT, late) == expected
        early = Seen("shop", SpanKind.CLIENT, 3 + wait, 9, 1)
        assert pairs(SERVER, early) == expected


def test_the_join_grows_to_its_bound_and_lets_the_oldest_go() -> None:
    """Of spans whose other end never comes the last are kept; of more than fit the first are forgotten."""
    join, names = SpanJoin(most=2048), SpanNames()
    orphans = [Seen("a", SpanKind.SERVER, 3, 1, HOLE + number, number + 1) for number in range(5000)]
    joined(join, orphans, names)
    assert len(join) == 2 * 2048
    parents = [Seen("b", SpanKind.INTERNAL, 3, 1, number + 1) for number in range(5000)]
    met = joined(join, parents, names)
    assert met["b", "a", False, 3, 1] == 2048


def test_small_input_keeps_the_memory_small() -> None:
    """Spans past the horizon make room for new ones, so the rings do not grow."""
    join, names = SpanJoin(), SpanNames()
    for interval in range(0, 4000, HORIZON + 1):
        joined(join, [Seen("a", SpanKind.SERVER, interval, 1, HOLE * interval + n, n + 1) for n in range(900)], names)
    assert len(join) <= 2 * 1024


def test_keys_that_fall_on_one_head_cost_little() -> None:
    """Ten thousand spans whose keys were chosen to collide are taken, each looking at a bounded chain."""
    names, join = SpanNames(), SpanJoin(1 << 14)
    spans = columns([Seen("a", SpanKind.SERVER, 3, 1, 1, 1)] * 10_000, names)
    low = np.arange(10_000, dtype=np.uint64) << np.uint64(40)
    found = join.calls(spans._replace(key=low | np.uint64(5), parent=low | np.uint64(5 + (1 << 39))), 1)
    assert len(found.entity) == 10_000


SEEN = st.builds(
    Seen,
    st.sampled_from(["a", "b", "c", "x"]),
    st.integers(0, 6),
    st.integers(0, 5),
    st.integers(0, 2 * FIGURES - 1),
    st.integers(0, 9),
    st.integers(0, 9),
    st.sampled_from(["", "", "x", "y", "b"]),
    st.booleans(),
)


@given(st.lists(SEEN, max_size=60), st.lists(st.integers(0, 60), max_size=3), st.integers(0, 60))
@settings(max_examples=200, deadline=None)
def test_the_join_agrees_with_dictionaries_however_it_is_cut_or_restored(
    spans: list[Seen], cuts: list[int], restart: int
) -> None:
    """Any polls and a restart in between give the calls of the plain way, and the same snapshot."""
    plain = plainly.Join()
    expected = Counter(call for span in spans for call in plain.calls(span))
    names, whole, cut = SpanNames(), SpanJoin(2048), SpanJoin(2048)
    assert joined(whole, spans, names) == expected
    found: Counter[Call] = Counter()
    edges = sorted({0, len(spans), restart, *cuts})
    for begin, end in pairwise(edges):
        if begin == restart:
            cut = SpanJoin.from_arrays(cut.to_arrays(), 2048)
        found += joined(cut, spans[begin:end], names)
    assert found == expected
    kept = whole.to_arrays()
    for name, array in cut.to_arrays().items():
        np.testing.assert_array_equal(array, kept[name])


@given(st.lists(SEEN, max_size=60), st.integers(0, 60))
@settings(max_examples=60, deadline=None)
def test_forgetting_names_changes_no_call(spans: list[Seen], place: int) -> None:
    """After unused names were let go, and codes changed, the join goes on as before."""
    plain = plainly.Join()
    expected = Counter(call for span in spans for call in plain.calls(span))
    names, join = SpanNames(), SpanJoin(2048)
    names.code("gone")
    found = joined(join, spans[:place], names)
    used = join.used(len(names))
    aliases = {names.texts.index(one) for one in ("x", "y", "b", "a", "c") if one in names.texts}
    used[list(aliases)] = True  # a forgotten address is learned anew, which the plain way does not forget
    join.renamed(names.keep(used))
    assert "gone" not in names.texts
    assert found + joined(join, spans[place:], names) == expected
