"""Snapshot files in a folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from aiops.adapters.snapshots.folder import FolderFiles
from aiops.adapters.snapshots.store import ChainedSnapshotStore
from aiops.model.errors import TemporaryError
from tests.contracts.snapshots import FOLDER, sequences, snapshot


def test_a_half_written_file_is_not_seen(tmp_path: Path) -> None:
    """A file that was not renamed into place does not exist."""
    store = ChainedSnapshotStore(FolderFiles(tmp_path))
    store.write(snapshot(1))
    (tmp_path / FOLDER / "00000001-00000000000002.part.writing").write_bytes(b"half")
    assert sequences(store) == [1]


def test_a_disk_that_refuses_is_a_temporary_error_that_names_the_file(tmp_path: Path) -> None:
    """Here a file stands where the slot's folder should be."""
    (tmp_path / "main").write_text("")
    with pytest.raises(TemporaryError, match=r"cannot write snapshot .*00000001-00000000000001\.full"):
        ChainedSnapshotStore(FolderFiles(tmp_path)).write(snapshot(1))


def test_a_volume_that_refuses_a_listing_or_a_deletion_is_a_temporary_error(tmp_path: Path) -> None:
    """The shard waits for it; any other error would end its process."""
    files = FolderFiles(tmp_path)
    (tmp_path / "main").symlink_to("main")  # a loop
    with pytest.raises(TemporaryError, match=r"cannot list snapshots in .*slot-0003"):
        files.names(FOLDER)
    (tmp_path / "folder").mkdir()
    with pytest.raises(TemporaryError, match=r"cannot delete a snapshot: .*folder"):
        files.delete(["folder"])


def test_a_file_that_cannot_be_read_counts_as_damaged(tmp_path: Path) -> None:
    """Here a folder has the name of the newest snapshot."""
    store = ChainedSnapshotStore(FolderFiles(tmp_path))
    store.write(snapshot(1))
    (tmp_path / FOLDER / "00000001-00000000000002.full").mkdir()
    assert sequences(store) == [1]
