"""The folder of slot snapshots."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from aiops.adapters.snapshots import FolderSnapshotStore
from aiops.model.errors import FencedOutError
from aiops.model.records import Arrays, SlotSnapshot, TopicPartition


def snapshot(sequence: int, base: int | None = None, generation: int = 1) -> SlotSnapshot:
    arrays: Arrays = {"rows": np.arange(12, dtype=np.float32).reshape(3, 4) + sequence, "none": np.empty(0, np.int64)}
    return SlotSnapshot(3, generation, sequence, {TopicPartition("t", 3): 100 + sequence}, {"bank": arrays}, base)


def sequences(store: FolderSnapshotStore) -> list[int]:
    return [found.sequence for found in store.newest(3)]


def test_what_was_written_is_read_back_to_the_byte(tmp_path: Path) -> None:
    """Arrays, positions and numbers come back as they were."""
    store = FolderSnapshotStore(tmp_path)
    store.write(snapshot(1))
    (found,) = store.newest(3)
    assert found.positions == {TopicPartition("t", 3): 101}
    np.testing.assert_array_equal(found.parts["bank"]["rows"], snapshot(1).parts["bank"]["rows"])
    assert found.parts["bank"]["none"].shape == (0,)


def test_a_chain_is_the_newest_full_one_and_what_adds_to_it(tmp_path: Path) -> None:
    """Increments follow their full snapshot, in order."""
    store = FolderSnapshotStore(tmp_path)
    for made in (snapshot(1), snapshot(2, 1), snapshot(3), snapshot(4, 3), snapshot(5, 3)):
        store.write(made)
    assert sequences(store) == [3, 4, 5]


@pytest.mark.parametrize("place", [5, 40, -1])
def test_a_damaged_file_falls_back_to_what_is_whole(tmp_path: Path, place: int) -> None:
    """A flipped byte anywhere in the newest file leaves the chain before it; in the full one, the chain before that."""
    store = FolderSnapshotStore(tmp_path)
    for made in (snapshot(1), snapshot(2, 1), snapshot(3), snapshot(4, 3)):
        store.write(made)
    for damaged, expected in (("00000001-00000000000004.part", [3]), ("00000001-00000000000003.full", [1, 2])):
        path = tmp_path / "main" / "slot-0003" / damaged
        data = bytearray(path.read_bytes())
        data[place] ^= 0xFF
        path.write_bytes(data)
        assert sequences(store) == expected


def test_a_half_written_file_is_not_seen(tmp_path: Path) -> None:
    """What was not renamed into place does not exist."""
    store = FolderSnapshotStore(tmp_path)
    store.write(snapshot(1))
    (tmp_path / "main" / "slot-0003" / "00000001-00000000000002.part.writing").write_bytes(b"half")
    assert sequences(store) == [1]


def test_an_older_generation_is_refused(tmp_path: Path) -> None:
    """Whoever lost the slot cannot write over its new owner."""
    store = FolderSnapshotStore(tmp_path)
    store.write(snapshot(1, generation=2))
    with pytest.raises(FencedOutError, match="generation 1 is over"):
        store.write(snapshot(2, generation=1))


def test_old_chains_are_forgotten_but_one(tmp_path: Path) -> None:
    """The disk does not fill."""
    store = FolderSnapshotStore(tmp_path)
    for sequence in range(1, 6):
        store.write(snapshot(sequence))
    assert len(list((tmp_path / "main" / "slot-0003").iterdir())) == 2
