"""Folders that take long to make, kept by the content of their locks. A folder is there complete or not at all."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path


def home() -> Path:
    """Where the range's programs are kept: $XDG_CACHE_HOME/aiops/range, by default under ~/.cache."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "aiops" / "range"


def cached(place: Path, name: str, sources: Sequence[Path], *, make: Callable[[Path], None]) -> Path:
    """The folder that ``make`` filled from these sources; made anew when a source changed.

    Args:
        place: the cache.
        name: begins the folder's name.
        sources: locks and sources; the folder is known by their content.
        make: fills an empty folder, or raises. What it had made is removed then.
    """
    folder = place / f"{name}-{digest(sources)}"
    if folder.exists():
        return folder
    place.mkdir(parents=True, exist_ok=True)
    with (place / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # a second builder waits, and finds the folder
        if not folder.exists():
            with tempfile.TemporaryDirectory(prefix=f"{name}-", suffix=".part", dir=place) as made:
                whole = Path(made) / "whole"
                whole.mkdir()
                make(whole)
                whole.rename(folder)
    return folder


def forget_unused(place: Path, since: float) -> list[Path]:
    """Remove folders that nobody has touched since this time (seconds since the epoch), stopped builds too."""
    old = [folder for folder in place.glob("*-*") if folder.is_dir() and folder.stat().st_mtime < since]
    for folder in old:
        shutil.rmtree(folder, ignore_errors=True)
    return old


def digest(sources: Sequence[Path]) -> str:
    """Sixteen characters that stand for the content of files."""
    return hashlib.sha256(b"\0".join(source.read_bytes() for source in sources)).hexdigest()[:16]
