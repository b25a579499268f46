"""All sets by name: those that lie below a folder of data, those that a seed makes, and folders of cases."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tests.benchmarks.rootcause.labelled import CaseSet
from tests.benchmarks.rootcause.loaders import alerts, folders, nezha, petshop
from tests.benchmarks.rootcause.synthetic import releases, shop

SYSTEMS = ("gaia", "hotel", "sockshop")


def sets(data: Path | None, case_folders: Sequence[Path] = (), *, seed: int = 1) -> dict[str, CaseSet]:
    """Every set that can be had.

    Args:
        data: folder of public data sets; None: only sets that need none.
        case_folders: folders of cases with their truth, each one set.
        seed: of the synthetic sets.
    """
    found: list[CaseSet] = []
    if data is not None:
        if (data / "petshop" / "low_traffic").is_dir():
            found.append(petshop.load(data / "petshop" / "low_traffic"))
        if (data / "nezha").is_dir():
            found.extend(nezha.load(data / "nezha"))
        tables = [data / "tvdiag-alerts" / system for system in SYSTEMS]
        found.extend(alerts.load(folder) for folder in tables if folder.is_dir())
    found.extend(shop.load(family, seed) for family in shop.KINDS)
    found.append(releases.load(seed))
    found.extend(folders.load(folder) for folder in case_folders)
    return {each.name: each for each in found}
