from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from aiops.model.deadletters import DeadLetterReason
from detectors.wire import keyed, otlp_walker
from detectors.wire.arrow_encoding import PointEncoder
from detectors.wire.batch import PointBatch
from detectors.wire.memory import WireMemory
from detectors.wire.slots import slot_of
from tests.unit.detectors.wire.plain_batches import plain
from tests.unit.detectors.wire.requests import NOW
from tests.unit.detectors.wire.test_otlp_walker import gauge

ORIGIN = ("otlp_metrics", 2)


def poll(memory: WireMemory) -> PointBatch:
    """Three records, two points each."""
    records = [gauge(f"m{n}", float(n), n + 0.5).SerializeToString() for n in range(3)]
    return otlp_walker.decode(records, memory, NOW)


def test_points_arrive_as_they_left() -> None:
    """Series, times, values and units are those of the sender, in its order."""
    sender, receiver = WireMemory(), WireMemory()
    batch = poll(sender)
    record = keyed.encode(PointEncoder(sender.table), batch, np.arange(6), origin=(ORIGIN, [7, 8, 9]))
    seen: dict[keyed.Origin, int] = {}
    found = keyed.decode([record], receiver, NOW, seen=seen)
    one, other = plain(found.points, receiver.table), plain(batch, sender.table)
    for name in ("series", "at", "value", "start", "unit"):
        assert one[name] == other[name]
    assert seen == {ORIGIN: 9}
    assert found.points.difference == 0


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), min_size=1, max_size=8))
@settings(deadline=None)
def test_a_replay_is_dropped_however_it_is_cut(ranges: list[tuple[int, int]]) -> None:
    """Whatever ranges of records are sent again, each unit is taken once and the others are duplicates."""
    sender, receiver = WireMemory(), WireMemory()
    batch = poll(sender)
    encoder = PointEncoder(sender.table)
    seen: dict[keyed.Origin, int] = {}
    taken, duplicates, sent, reached = list[float](), 0, 0, -1
    for low, high in ranges:
        low = min(low, high, reached + 1)  # noqa: PLW2901 (a replay begins at or before what was sent last)
        reached = max(reached, high)
        which = np.flatnonzero((batch.record >= low) & (batch.record <= high))
        found = keyed.decode(
            [keyed.encode(encoder, batch, which, origin=(ORIGIN, [7, 8, 9]))], receiver, NOW, seen=seen
        )
        taken += found.points.value.tolist()
        duplicates += int(found.duplicates.sum())
        sent += len(which)
        assert found.points.difference == 0
    assert taken == batch.value[batch.record <= reached].tolist()
    assert duplicates == sent - len(taken)


def test_what_is_no_keyed_record_is_rejected() -> None:
    """Without an origin nothing can be told from a replay, so nothing is taken."""
    sender = WireMemory()
    batch = poll(sender)
    bare = PointEncoder(sender.table).encode(batch.series, batch.at, batch.value)
    found = keyed.decode([bare, b"nonsense"], WireMemory(), NOW, seen={})
    assert [(r.record, r.reason, r.items) for r in found.points.rejected] == [
        (0, DeadLetterReason.SCHEMA_MISMATCH, 6),
        (1, DeadLetterReason.UNDECODABLE, 1),
    ]


def test_entities_spread_over_slots() -> None:
    """A thousand entities leave none of eight slots without its share."""
    counts = np.bincount([slot_of(f"service-{n}", 8) for n in range(1000)], minlength=8)
    assert counts.min() > 60
