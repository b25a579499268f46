"""Case folders with their truth apart: each folder below DIR that holds case.json and truth.json.

truth.json: ``{"entities": […], "onset": RFC 3339 or null, "kind": … or null}``. No entities: a window without a fault.
Without an onset the case's ``detected_at`` stands in for it. Coarse cases are shifted by the same seconds as fine ones.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from pydantic import AwareDatetime, BaseModel, ConfigDict

from aiops.adapters.cases import read
from aiops.model.durations import SECOND
from tests.benchmarks.rootcause.labelled import CaseSet, LabelledCase, shifted


class _Truth(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    entities: frozenset[str]
    onset: AwareDatetime | None = None
    kind: str | None = None


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
        told = _Truth.model_validate_json(path.read_bytes())
        case = read(path.parent)
        onset = round(told.onset.timestamp()) * SECOND if told.onset else case.detected_at
        yield LabelledCase(case, told.entities, onset, told.kind or "")
