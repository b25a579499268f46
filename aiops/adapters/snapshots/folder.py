"""Snapshot files in a folder: the state folder on one node, a shared volume on a cluster.

A file is written under a temporary name, flushed to disk and renamed: a visible file is complete.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from aiops.adapters.atomic_files import replace_file
from aiops.model.errors import TemporaryError


class FolderFiles:
    """``SnapshotFiles`` below a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def write(self, name: str, pieces: Iterable[bytes | memoryview]) -> None:
        """Write, flush to disk, rename.

        Raises:
            TemporaryError: the disk refuses the write.
        """
        path = self._folder / name
        try:
            replace_file(path, pieces, durable=True)
        except OSError as error:
            raise TemporaryError(f"cannot write snapshot {path}: {error}; is the disk full?", 5.0) from error

    def read(self, name: str) -> bytes | None:
        """Its bytes; None: it does not exist or the disk cannot read it."""
        try:
            return (self._folder / name).read_bytes()
        except OSError:
            return None

    def names(self, folder: str) -> list[str]:
        """Names of the files that are visible.

        Raises:
            TemporaryError: the disk refuses.
        """
        place = self._folder / folder
        try:
            return [f"{folder}/{path.name}" for path in place.iterdir()]
        except (FileNotFoundError, NotADirectoryError):
            return []
        except OSError as error:
            raise TemporaryError(f"cannot list snapshots in {place}: {error}; is the volume mounted?", 5.0) from error

    def delete(self, names: list[str]) -> None:
        """Delete files.

        Raises:
            TemporaryError: the disk refuses.
        """
        try:
            for name in names:
                (self._folder / name).unlink(missing_ok=True)
        except OSError as error:
            raise TemporaryError(f"cannot delete a snapshot: {error}; may this user write there?", 5.0) from error
