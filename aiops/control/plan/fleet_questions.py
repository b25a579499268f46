"""The question to the shards that verifies a plan."""

from __future__ import annotations

from typing import Final

from aiops.control.state import documents as doc
from aiops.control.state.transaction import Draft
from aiops.model import effects
from aiops.model.durations import SECOND
from aiops.model.telemetry import FleetQuestion

BASELINE_SECONDS: Final = 3600.0
"""Length of the reference period before the onset of the incident."""
BASELINE_GAP_SECONDS: Final = 60.0
"""Gap between the reference and the onset: the fault may have begun before it was detected."""


def ask_fleet(draft: Draft, record: doc.SagaRecord, since: int) -> None:
    """Ask for readings of symptom, targets and neighbours after the last step, with a reference from before the onset.

    Args:
        draft: receives the question and its effect; earlier questions of the plan are removed.
        record: the saga; its plan names the entities and the length of the window.
        since: time at which the last step took effect, ns.
    """
    plan = record.saga.plan
    onset = draft.state.incidents[record.incident].onset
    settle = max(step.settle_seconds for step in plan.steps)
    # Recovery may take longer than one window. Each check uses the newest window
    # whose end all sources should have passed.
    window = plan.verify_window_seconds
    from_at = max(since + round(settle * SECOND), draft.at - record.lag - round(window * SECOND))
    entities = dict.fromkeys((plan.symptom, *(s.action.target for s in plan.steps), *plan.neighbours))
    question = FleetQuestion(
        id=f"{plan.id}/verify/{record.saga.moves}",
        entities=tuple(entities),
        from_at=from_at,
        to_at=from_at + round(window * SECOND),
        baseline_from_at=onset - round(BASELINE_SECONDS * SECOND),
        baseline_to_at=onset - round(BASELINE_GAP_SECONDS * SECOND),
        domain=plan.domain,
    )
    for key in draft.state.owned(plan.id, "question"):
        draft.done(key)
        draft.remove("question", key)
    draft.put(doc.QuestionRecord(question, plan.id, from_at))
    draft.effect(effects.AskFleet(question.id, question, domain=plan.domain))
