"""Replaces small files: whoever reads one gets its old content or its new one, and never a part."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path


def replace_file(file: Path, pieces: Iterable[bytes | memoryview], *, durable: bool = False) -> None:
    """Write the content under a temporary name in the same folder, which is made if it is missing, and rename it.

    Args:
        file: the file. It has one writer at a time.
        pieces: the content.
        durable: flush file and folder to disk before the return. False: a kill of this process loses nothing; a power
            failure may lose the file.

    Raises:
        OSError: the disk refuses; the old content is left.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    beside = file.with_name(f"{file.name}.writing")
    with beside.open("wb") as out:
        for piece in pieces:
            out.write(piece)
        if durable:
            out.flush()
            os.fsync(out.fileno())
    beside.replace(file)
    if durable:
        sync_folder(file.parent)


def sync_folder(folder: Path) -> None:
    """Flush the names in a folder to disk.

    Raises:
        OSError: the disk refuses.
    """
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
