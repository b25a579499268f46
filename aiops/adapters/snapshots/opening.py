"""The snapshot store that the settings name."""

from __future__ import annotations

from pathlib import Path

from aiops.adapters.snapshots.folder import FolderFiles
from aiops.adapters.snapshots.object_store import ObjectStoreFiles
from aiops.adapters.snapshots.store import ChainedSnapshotStore, SnapshotFiles
from aiops.settings import Settings


def open_snapshots(settings: Settings) -> ChainedSnapshotStore:
    """The store of ``data.snapshot_store``; connects at the first use.

    Raises:
        PermanentError: the URL or an option is wrong, or the extra is missing.
    """
    place = settings.data.snapshot_store
    files: SnapshotFiles
    if place is not None and "://" in place:
        files = ObjectStoreFiles(place, settings.data.snapshot_store_options)
    else:
        files = FolderFiles(Path(place).expanduser() if place else settings.state / "snapshots")
    return ChainedSnapshotStore(files)
