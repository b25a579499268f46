"""Case folders with their truth apart: each folder below DIR that holds case.json and truth.json.

truth.json: ``{"entities": […], "onset": RFC 3339 or null, "kind": … or null}``. No entities: a window without a fault.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from aiops.adapters.cases import read
from aiops.model.durations import SECOND
from tests.benchmarks.rootcause.labelled import CaseSet, LabelledCase, shifted


def load(folder: Path, *, synthetic: bool = False) -> CaseSet:
    """All cases below ``folder``, in the order of their paths."""
    return CaseSet(
        folder.name,
        lambda: (case for case in _cases(folder) if case.truth),
        shifted(-60, 30, 60, 120),
        normal=lambda: (case for case in _cases(folder) if not case.truth),
        synthetic=synthetic,
    )


def _cases(folder: Path) -> Iterator[LabelledCase]:
    for path in sorted(folder.rglob("truth.json")):
        told = json.loads(path.read_text())
        case = read(path.parent)
        stated = told.get("onset")
        onset = round(datetime.fromisoformat(stated).timestamp()) * SECOND if stated else case.detected_at
        yield LabelledCase(case, frozenset(told["entities"]), onset, told.get("kind") or "")
