from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.wire.slots import murmur2, slot_of

partitioner = pytest.importorskip("kafka.partitioner.default")


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=40), st.integers(1, 64))
def test_an_entity_s_slot_is_its_partition(entity: str, slots: int) -> None:
    """A record keyed by the entity lands, by Kafka's default partitioner, in the partition of its slot."""
    assert slot_of(entity, slots) == (partitioner.murmur2(entity.encode()) & 0x7FFFFFFF) % slots


@pytest.mark.parametrize(("data", "expected"), [(b"21", -973932308), (b"foobar", -790332482), (b"", 275646681)])
def test_murmur2_gives_kafkas_figures(data: bytes, expected: int) -> None:
    """Values from Kafka's own UtilsTest."""
    assert murmur2(data) == expected & 0xFFFFFFFF
