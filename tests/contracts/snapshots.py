"""What every store of slot snapshots must do."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import replace

import numpy as np
import pytest

from aiops.adapters.snapshots.encoding import encode
from aiops.adapters.snapshots.store import ChainedSnapshotStore, SnapshotFiles
from aiops.model.errors import FencedOutError
from aiops.model.records import Arrays, SlotSnapshot, TopicPartition

SLOT = 3
FOLDER = f"main/slot-{SLOT:04d}"


def snapshot(sequence: int, base: int | None = None, *, generation: int = 1, domain: str = "main") -> SlotSnapshot:
    """A small snapshot whose content tells its sequence."""
    arrays: Arrays = {"rows": np.arange(12, dtype=np.float32).reshape(3, 4) + sequence, "none": np.empty(0, np.int64)}
    positions = {TopicPartition("t", SLOT): 100 + sequence}
    return SlotSnapshot(SLOT, generation, sequence, positions, {"bank": arrays}, base, domain)


def sequences(store: ChainedSnapshotStore, domain: str = "main") -> list[int]:
    """Sequences of the chain that a restarted slot would read."""
    return [found.sequence for found in store.newest(SLOT, domain)]


class SnapshotStoreContract(ABC):
    """Subclasses give empty files; ``damage`` changes a byte of one."""

    @pytest.fixture
    @abstractmethod
    def files(self) -> SnapshotFiles: ...

    @pytest.fixture
    def store(self, files: SnapshotFiles) -> ChainedSnapshotStore:
        return ChainedSnapshotStore(files)

    def test_a_slot_without_snapshots_has_none(self, store: ChainedSnapshotStore) -> None:
        """The first start of a slot."""
        assert store.newest(SLOT) == []

    def test_what_was_written_is_read_back_to_the_byte(self, store: ChainedSnapshotStore) -> None:
        """Arrays, positions and numbers come back as they were."""
        store.write(snapshot(1))
        (found,) = store.newest(SLOT)
        assert (found.generation, found.sequence, found.base, found.domain) == (1, 1, None, "main")
        assert found.positions == {TopicPartition("t", SLOT): 101}
        np.testing.assert_array_equal(found.parts["bank"]["rows"], snapshot(1).parts["bank"]["rows"])
        assert found.parts["bank"]["none"].shape == (0,)

    def test_a_chain_is_the_newest_full_one_and_what_adds_to_it(self, store: ChainedSnapshotStore) -> None:
        """Increments follow their full snapshot, in order."""
        for made in (snapshot(1), snapshot(2, 1), snapshot(3), snapshot(4, 3), snapshot(5, 3)):
            store.write(made)
        assert sequences(store) == [3, 4, 5]

    def test_a_missing_part_ends_the_chain(self, store: ChainedSnapshotStore, files: SnapshotFiles) -> None:
        """What follows the gap would build on rows that nobody has."""
        for made in (snapshot(1), snapshot(2, 1), snapshot(3, 1)):
            store.write(made)
        files.delete([f"{FOLDER}/00000001-00000000000002-00000000000001.part"])
        assert sequences(store) == [1]

    @pytest.mark.parametrize("place", [5, 40, -1])
    def test_a_damaged_file_falls_back_to_what_is_whole(
        self, store: ChainedSnapshotStore, files: SnapshotFiles, place: int
    ) -> None:
        """A changed byte in the newest part leaves the chain before it; in its full snapshot, the chain before that."""
        for made in (snapshot(1), snapshot(2, 1), snapshot(3), snapshot(4, 3)):
            store.write(made)
        for damaged, expected in (
            ("00000001-00000000000004-00000000000003.part", [3]),
            ("00000001-00000000000003.full", [1, 2]),
        ):
            data = bytearray(files.read(f"{FOLDER}/{damaged}") or b"")
            data[place] ^= 0xFF
            files.write(f"{FOLDER}/{damaged}", [bytes(data)])
            assert sequences(store) == expected

    def test_the_parts_after_a_full_snapshot_that_replaced_a_damaged_part_are_read(
        self, store: ChainedSnapshotStore, files: SnapshotFiles
    ) -> None:
        """A restart goes back before the damage and writes a full snapshot of the same sequence."""
        store.write(snapshot(1))
        files.write(f"{FOLDER}/00000001-00000000000002-00000000000001.part", [b"cut"])
        for made in (snapshot(2), snapshot(3, 2)):
            store.write(made)
        assert sequences(store) == [2, 3]

    @pytest.mark.parametrize(
        "other",
        [
            snapshot(4, domain="other"),
            replace(snapshot(4), slot=9),
            snapshot(4, generation=2),
            snapshot(5),
            snapshot(4, 1),
        ],
        ids=["of another domain", "of another slot", "of another generation", "of another sequence", "a part"],
    )
    def test_a_file_under_another_name_counts_as_damaged(
        self, store: ChainedSnapshotStore, files: SnapshotFiles, other: SlotSnapshot
    ) -> None:
        """A person or a tool copied it; its checksums are right."""
        store.write(snapshot(1))
        files.write(f"{FOLDER}/00000001-00000000000004.full", encode(other))
        assert sequences(store) == [1]

    def test_an_older_generation_is_refused(self, store: ChainedSnapshotStore) -> None:
        """A shard that lost the slot cannot overwrite the state of its new owner."""
        store.write(snapshot(1, generation=2))
        with pytest.raises(FencedOutError, match="generation 1 is over, the newest is 2"):
            store.write(snapshot(2, generation=1))
        assert sequences(store) == [1]

    def test_an_older_generation_that_writes_late_changes_nothing(
        self, store: ChainedSnapshotStore, files: SnapshotFiles
    ) -> None:
        """Its check passed before the new owner wrote, its bytes arrive after: a higher sequence does not help it."""
        other = ChainedSnapshotStore(files)
        store.write(snapshot(7, generation=1))
        late = snapshot(99, generation=1)
        other.write(late)
        stale = files.read(f"{FOLDER}/00000001-00000000000099.full") or b""
        files.delete([f"{FOLDER}/00000001-00000000000099.full"])
        store.write(snapshot(8, generation=2))
        files.write(f"{FOLDER}/00000001-00000000000099.full", [stale])
        assert [(found.generation, found.sequence) for found in store.newest(SLOT)] == [(2, 8)]

    def test_the_same_snapshot_may_be_written_again(self, store: ChainedSnapshotStore) -> None:
        """The answer to the first write was lost."""
        store.write(snapshot(1))
        store.write(snapshot(1))
        assert sequences(store) == [1]

    def test_all_chains_but_the_newest_two_are_deleted(self, store: ChainedSnapshotStore, files: SnapshotFiles) -> None:
        """The store does not grow for ever."""
        for made in (snapshot(1), snapshot(2, 1), snapshot(3), snapshot(4, 3), snapshot(5), snapshot(6, 5)):
            store.write(made)
        assert sorted(name.split("-", 2)[2][12:] for name in files.names(FOLDER)) == [
            "03.full", "04-00000000000003.part", "05.full", "06-00000000000005.part",
        ]  # fmt: skip

    def test_a_chain_may_begin_with_a_part_that_a_later_one_names(self, store: ChainedSnapshotStore) -> None:
        """Parts 2 to 4 hold everything, and then 5 to 7: a full snapshot is needed only at the start."""
        for sequence, base in ((1, None), (2, 1), (3, 1), (4, 2), (5, 2), (6, 2)):
            store.write(snapshot(sequence, base))
        assert sequences(store) == [2, 3, 4, 5, 6]
        store.write(snapshot(7, 5))
        assert sequences(store) == [5, 6, 7]

    def test_parts_that_two_chains_do_not_need_are_deleted(
        self, store: ChainedSnapshotStore, files: SnapshotFiles
    ) -> None:
        """The newest chain and the one before it stay, in case a file of the newest is damaged."""
        for sequence, base in ((1, None), (2, 1), (3, 2), (4, 2), (5, 4)):
            store.write(snapshot(sequence, base))
        assert store.count(SLOT) == 4
        newest = f"{FOLDER}/00000001-00000000000005-00000000000004.part"
        files.write(newest, [b"cut"])
        assert sequences(store) == [2, 3, 4]

    def test_parts_that_do_not_hold_everything_are_no_chain(
        self, store: ChainedSnapshotStore, files: SnapshotFiles
    ) -> None:
        """The part that completes the turn is damaged, and so is the start of the chain before."""
        for sequence, base in ((1, None), (2, 1), (3, 1), (4, 2)):
            store.write(snapshot(sequence, base))
        files.write(f"{FOLDER}/00000001-00000000000004-00000000000002.part", [b"cut"])
        assert sequences(store) == [1, 2, 3]
        files.write(f"{FOLDER}/00000001-00000000000001.full", [b"cut"])
        assert sequences(store) == []

    def test_slots_and_domains_do_not_see_each_other(self, store: ChainedSnapshotStore) -> None:
        """Slot 3 of two domains, and slot 30, in one store."""
        store.write(snapshot(1))
        store.write(snapshot(9, domain="other"))
        assert (sequences(store), sequences(store, "other"), store.newest(30)) == ([1], [9], [])

    def test_foreign_files_are_ignored(self, store: ChainedSnapshotStore, files: SnapshotFiles) -> None:
        """A person's notes, a marker of a tool."""
        store.write(snapshot(1))
        for name in ("README", "00000009-note.full", ".keep"):
            files.write(f"{FOLDER}/{name}", [b"x"])
        assert sequences(store) == [1]
