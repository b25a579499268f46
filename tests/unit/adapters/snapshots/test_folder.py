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


def test_a_file_that_cannot_be_read_counts_as_damaged(tmp_path: Path) -> None:
    """Here a folder has the name of the newest snapshot."""
    store = ChainedSnapshotStore(FolderFiles(tmp_path))
    store.write(snapshot(1))
    (tmp_path / FOLDER / "00000001-00000000000002.full").mkdir()
    assert sequences(store) == [1]
