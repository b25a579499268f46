from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aiops.model.durations import SECOND
from simulations.telemetry.frames import SpanFrame
from simulations.telemetry.metrics import MetricEmitter
from simulations.telemetry.spans import CLIENT, CONSUMER, PRODUCER, SERVER, SpanEmitter, _ranks
from simulations.world.world import World
from tests.unit.simulations.faults.worlds import world


@pytest.fixture(scope="module")
def emitted() -> tuple[World, SpanEmitter, SpanFrame]:
    """Spans of a healthy minute, every tenth request sampled."""
    place = world()
    emitter = SpanEmitter(MetricEmitter(place), share=0.1)
    place.run(60)
    return place, emitter, emitter.collect()


def parents(frame: SpanFrame) -> np.ndarray:
    """Place of each span's parent, -1: root."""
    place = {int(name): n for n, name in enumerate(frame.span)}
    return np.array([place[int(name)] if name else -1 for name in frame.parent])


def test_a_world_at_rest_has_no_spans() -> None:
    """Nobody came: empty arrays of the right types."""
    frame = SpanEmitter(MetricEmitter(world())).collect()
    assert (frame.trace.shape, len(frame.span)) == ((0, 16), 0)
    assert frame.failed.dtype == np.bool_


def test_names_are_unique_and_parents_exist(emitted: tuple[World, SpanEmitter, SpanFrame]) -> None:
    """A parent is a span of the same trace; each trace has one root, a server."""
    _, _, frame = emitted
    up = parents(frame)
    child = up >= 0
    assert len(set(frame.span.tolist())) == len(frame.span) > 100
    assert (frame.trace[child] == frame.trace[up[child]]).all()
    roots = [bytes(row) for row in frame.trace[~child]]
    assert len(set(roots)) == len(roots) == len({bytes(row) for row in frame.trace})
    assert set(frame.kind[~child].tolist()) == {SERVER}


def test_spans_come_trace_by_trace(emitted: tuple[World, SpanEmitter, SpanFrame]) -> None:
    """All spans of a trace stand together."""
    _, _, frame = emitted
    changes = (frame.trace[1:] != frame.trace[:-1]).any(axis=1).sum()
    assert changes + 1 == len({bytes(row) for row in frame.trace})


def test_clients_call_servers_and_producers_feed_consumers(emitted: tuple[World, SpanEmitter, SpanFrame]) -> None:
    """Below a client its server; below a producer the queue, and below that the worker that takes the message."""
    _, _, frame = emitted
    up = parents(frame)
    for kind, above in (
        (SERVER, {CLIENT, PRODUCER}),
        (CONSUMER, {SERVER}),
        (CLIENT, {SERVER, CONSUMER}),
        (PRODUCER, {SERVER}),
    ):
        own = (frame.kind == kind) & (up >= 0)
        assert own.any()
        assert set(frame.kind[up[own]].tolist()) <= above


def test_a_call_lasts_at_least_as_long_as_what_it_calls(emitted: tuple[World, SpanEmitter, SpanFrame]) -> None:
    """Unless it gave up at its timeout; and nothing lasts less than a microsecond."""
    place, _, frame = emitted
    up = parents(frame)
    longest = float(place.fixed.timeout.max()) * SECOND
    waits = (up >= 0) & (frame.kind == SERVER)
    assert ((frame.duration[up[waits]] >= frame.duration[waits]) | (frame.duration[up[waits]] >= 0.01 * longest)).all()
    assert frame.duration.min() >= 1000


def test_children_begin_within_their_parents(emitted: tuple[World, SpanEmitter, SpanFrame]) -> None:
    """Never before them; roots begin within the interval."""
    place, emitter, frame = emitted
    up = parents(frame)
    child = up >= 0
    assert (frame.start[child] >= frame.start[up[child]]).all()
    begin = place.now - emitter.metrics.interval * SECOND
    assert frame.start[~child].min() >= begin
    assert frame.start[~child].max() < place.now


def test_what_is_down_serves_no_span(emitted: tuple[World, SpanEmitter, SpanFrame]) -> None:
    """No span of an instance that is not ready, and none of a service that sends no telemetry."""
    place, emitter, frame = emitted
    silent = {n for n, service in enumerate(place.layout.services) if not service.telemetry}
    serving = np.isin(frame.kind, (SERVER, CONSUMER))
    assert not silent & set(frame.operation[serving].tolist())
    assert (frame.resource[serving] >= 0).all()
    assert set(frame.resource[serving].tolist()) <= set(emitter.metrics.of_instance.values())


@settings(max_examples=50)
@given(st.lists(st.integers(0, 5), max_size=30))
def test_ranks_count_earlier_equals(parents_: list[int]) -> None:
    """As a plain loop counts them."""
    expected = [parents_[:n].count(value) for n, value in enumerate(parents_)]
    assert _ranks(np.array(parents_, dtype=np.int64)).tolist() == expected
