"""The contract of snapshot stores over a folder and over objects in memory; S3 is in tests/integration/snapshots."""

from __future__ import annotations

from pathlib import Path

import pytest

from aiops.adapters.snapshots.folder import FolderFiles
from aiops.adapters.snapshots.object_store import ObjectStoreFiles
from aiops.adapters.snapshots.store import SnapshotFiles
from tests.contracts.snapshots import SnapshotStoreContract


class TestFolder(SnapshotStoreContract):
    @pytest.fixture
    def files(self, tmp_path: Path) -> SnapshotFiles:
        return FolderFiles(tmp_path)


class TestObjectsInMemory(SnapshotStoreContract):
    @pytest.fixture
    def files(self) -> SnapshotFiles:
        return ObjectStoreFiles("memory:///", {})
