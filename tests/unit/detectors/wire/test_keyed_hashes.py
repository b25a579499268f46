"""Hashes of what senders write start from a number that they do not know."""

from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aiops.agents.monitor.extensions import extensions_of
from aiops.agents.monitor.plan import plan_of
from aiops.agents.monitor.slot import Slot
from aiops.agents.monitor.snapshots import SlotSnapshotter
from aiops.model.metric_semantics.table import MetricTable
from aiops.settings import Settings
from detectors.wire import arrow, otlp_walker
from detectors.wire.arrow_encoding import PointEncoder
from detectors.wire.hashing import SEED, hash_strings
from detectors.wire.identity import SeriesIdentity
from detectors.wire.memory import WireMemory
from detectors.wire.series import SeriesTable
from tests.unit.agents.monitoring.telemetry import T0, metrics

EXTENSIONS = extensions_of(Settings())


def hashed(texts: list[bytes], seed: int) -> np.ndarray:
    """Hash of each text."""
    ends = np.cumsum([0, *(len(text) for text in texts)], dtype=np.int32)
    out = np.empty(len(texts), np.uint64)
    assert hash_strings(np.frombuffer(b"".join(texts), np.uint8), ends, out, np.uint64(seed))
    return out


def record() -> bytes:
    """An Arrow record of three series."""
    table = SeriesTable()
    series = table.add([SeriesIdentity("shop", "m", (("n", str(number)),)) for number in range(3)])
    return PointEncoder(table).encode(series, np.full(3, T0), np.ones(3))


@pytest.mark.parametrize(
    ("decode", "value"), [(otlp_walker.decode, metrics(0, random.Random(1))), (arrow.decode, record())]
)
def test_another_key_gives_other_hashes_and_the_same_points(decode, value: bytes) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001 (a decoder)
    """On both paths, first sight and afterwards."""
    found = []
    for key in (1, 2):
        memory = WireMemory(key=key)
        batches = [decode([value], memory, T0) for _ in range(2)]
        found.append((memory, batches))
    (one, first), (two, second) = found
    for left, right in zip(first, second, strict=True):
        assert left.series.tolist() == right.series.tolist()
        assert left.value.tolist() == right.value.tolist()
    hashes = [set(memory.table.since()["alias_hash"].tolist()) for memory in (one, two)]
    assert len(hashes[0]) == len(hashes[1]) > 0
    assert not hashes[0] & hashes[1]


_P1, _P2, _P4 = 0x9E3779B185EBCA87, 0xC2B2AE3D27D4EB4F, 0x85EBCA77C2B2AE63
_WORD = (1 << 64) - 1


def turned(word: int, by: int) -> int:
    """The word rotated to the left."""
    return (word << by | word >> (64 - by)) & _WORD


def one_lane(start: int, words: tuple[int, ...]) -> int:
    """One lane of xxHash64, whose start value does not help."""
    for word in words:
        start = (turned(start ^ turned(word * _P2 & _WORD, 31) * _P1 & _WORD, 27) * _P1 + _P4) & _WORD
    return start


def twin(word: int, difference: int) -> int:
    """The word whose lane differs from this word's in these bits alone."""
    lane = (turned(word * _P2 & _WORD, 31) * _P1 & _WORD) ^ difference
    return turned(lane * pow(_P1, -1, 1 << 64) & _WORD, 33) * pow(_P2, -1, 1 << 64) & _WORD


@given(st.tuples(st.integers(0, _WORD), st.integers(0, _WORD)), st.integers(0, _WORD))
@settings(max_examples=200, deadline=None)
def test_pairs_that_collide_under_any_start_value_of_a_rotating_hash_do_not_collide(
    words: tuple[int, int], seed: int
) -> None:
    """A difference that the first word brings into the top bit is cancelled by the second, whatever the seed."""
    twins = twin(words[0], 1 << 36), twin(words[1], 1 << 63)
    assert one_lane(seed, words) == one_lane(seed, twins)
    texts = [b"".join(word.to_bytes(8, "little") for word in pair) for pair in (words, twins)]
    first, second = hashed(texts, seed).tolist()
    assert first != second


@given(st.lists(st.binary(max_size=40), min_size=1, max_size=50, unique=True), st.integers(0, 2**64 - 1))
@settings(max_examples=100, deadline=None)
def test_different_texts_have_different_hashes(texts: list[bytes], seed: int) -> None:
    """Also those that differ in trailing zeros alone."""
    assert len(set(hashed([*texts, *(text + b"\0" for text in texts)], seed).tolist())) == len(
        {*texts, *(text + b"\0" for text in texts)}
    )


def test_a_bit_changes_half_of_the_hash() -> None:
    """On average, wherever it lies."""
    rng = np.random.default_rng(3)
    changed = []
    for _ in range(400):
        text = bytearray(rng.bytes(24))
        before = int(hashed([bytes(text)], 7)[0])
        text[rng.integers(24)] ^= 1 << int(rng.integers(8))
        changed.append((before ^ int(hashed([bytes(text)], 7)[0])).bit_count())
    assert 30 < np.mean(changed) < 34


def test_a_slot_keeps_its_key_across_a_restart() -> None:
    """A new slot has a key of its own under the shard's secret; a restored one that of its snapshot."""

    def slot(secret: bytes, number: int = 0) -> Slot:
        place, table = (number, 1), MetricTable()
        return Slot(plan_of(Settings(), place, objectives={}, metrics=table, extensions=EXTENSIONS, secret=secret))

    first, other, neighbour = slot(b"one"), slot(b"two"), slot(b"one", 1)
    assert len({first.memory.seed, other.memory.seed, neighbour.memory.seed}) == 3
    SlotSnapshotter(other).restore([SlotSnapshotter(first).take()])
    assert (other.memory.seed, other.transit.seed) == (first.memory.seed, first.transit.seed)
    assert slot(b"").memory.seed == SEED
