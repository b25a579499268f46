"""Whether the shards' snapshots can be read and written where the settings say."""

from __future__ import annotations

from collections.abc import Iterator

from aiops.adapters.snapshots.opening import open_snapshots
from aiops.apps.doctor_findings import DoctorFinding, Level
from aiops.model.errors import AiopsError
from aiops.settings import Settings


def check_snapshots(settings: Settings) -> Iterator[DoctorFinding]:
    """List the snapshots of slot 0. The state folder is not checked here: ``aiops up`` creates it."""
    place = settings.data.snapshot_store
    if place is None:
        return
    try:
        kept = open_snapshots(settings).count(0, settings.domain)
    except AiopsError as error:
        yield DoctorFinding(
            Level.FAIL, "snapshots", str(error), "mend data.snapshot_store or the store: shards do not start without it"
        )
    else:
        yield DoctorFinding(Level.OK, "snapshots", f"{place} answers, {kept} snapshots of slot 0")
