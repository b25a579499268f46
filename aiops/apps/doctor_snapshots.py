"""Whether the shards' snapshots can be read and written where the settings say."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from aiops.adapters.snapshots.opening import open_snapshots
from aiops.apps.doctor_findings import DoctorFinding, Level
from aiops.model.errors import AiopsError
from aiops.settings import Settings


def check_snapshots(settings: Settings) -> Iterator[DoctorFinding]:
    """List the snapshots of slot 0. The state folder is not checked here: ``aiops up`` creates it."""
    place = settings.data.snapshot_store
    if place is None:
        return
    if "://" not in place and (wrong := _unusable(Path(place).expanduser())):
        yield DoctorFinding(
            Level.FAIL, "snapshots", f"data.snapshot_store: {wrong}", "name a folder that can be written"
        )
        return
    try:
        kept = open_snapshots(settings).count(0, settings.domain)
    except AiopsError as error:
        yield DoctorFinding(
            Level.FAIL, "snapshots", str(error), "mend data.snapshot_store or the store: shards do not start without it"
        )
    else:
        yield DoctorFinding(Level.OK, "snapshots", f"{place} answers, {kept} snapshots of slot 0")


def _unusable(folder: Path) -> str:
    """Why snapshots cannot be written below a folder, which may not exist yet; empty: they can."""
    nearest = next(place for place in (folder, *folder.absolute().parents) if place.exists())
    if not nearest.is_dir():
        return f"{nearest} is not a folder"
    return "" if os.access(nearest, os.W_OK | os.X_OK) else f"{nearest} cannot be written"
