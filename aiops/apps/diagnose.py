"""Diagnosis of a recorded case: reads it, ranks its causes, and converts the diagnosis to the case format's JSON."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from aiops.adapters.cases import read
from aiops.model.diagnoses import Diagnosis, Evidence
from aiops.model.metric_semantics.table import MetricTable
from aiops.model.times import rfc3339
from topology.cases.episodes import question
from topology.diagnosis import DiagnosisSubject, diagnose
from topology.rankers.protocol import Ranker


def diagnose_case(
    folder: Path, ranker: Ranker, onset: int | None = None, *, metrics: MetricTable | None = None
) -> Diagnosis:
    """Diagnose the case in ``folder``.

    Args:
        folder: has case.json.
        ranker: ranks the causes.
        onset: start of the incident, ns UTC; overrides case.json.
        metrics: meaning of the metrics; None: the built-in table.

    Raises:
        CaseError: the case cannot be read; the message names file, row and column.
    """
    case = read(folder, onset)
    return diagnose(question(case, metrics or MetricTable()), ranker, DiagnosisSubject(case.id, case.to_at))


def as_dict(found: Diagnosis, seconds: float) -> dict[str, Any]:
    """The diagnosis of one case in the case format's JSON; ``seconds`` is the time that it took."""
    return {
        "case": found.work_item,
        "onset": rfc3339(found.onset) if found.onset else None,
        "unknown": found.unknown,
        "p_unknown": found.p_unknown,
        "p_rest": found.p_rest,
        "seconds": round(seconds, 4),
        "hypotheses": [
            {
                "entity": h.entity,
                "probability": h.probability,
                "kind": h.kind,
                "evidence": [_evidence(e) for e in h.evidence],
            }
            for h in found.hypotheses
        ],
        "impact": [{"entity": i.entity, "how": i.how, "value_per_minute": i.value_per_minute} for i in found.impact],
        "changes": [{"id": c.id, "entity": c.entity, "suspicion": c.suspicion, "why": c.why} for c in found.changes],
    }


def _evidence(evidence: Evidence) -> dict[str, Any]:
    return {
        "for": evidence.supports,
        "what": evidence.what,
        "source": evidence.source,
        "from": rfc3339(evidence.from_at) if evidence.from_at else None,
        "to": rfc3339(evidence.to_at) if evidence.to_at else None,
        "weight": evidence.weight,
    }
