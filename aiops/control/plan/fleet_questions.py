"""The question to the shards that verifies a plan."""

from __future__ import annotations

from typing import Final

from aiops.control.state import documents as doc
from aiops.control.state.transaction import Draft
from aiops.model import effects
from aiops.model.durations import SECOND
from aiops.model.telemetry import FleetQuestion

BASELINE_SECONDS: Final = 3600.0
"""Reference before the trouble's onset."""


BASELINE_GAP_SECONDS: Final = 60.0
"""Left out before the onset: the trouble may have begun unseen."""


def ask_fleet(draft: Draft, record: doc.SagaRecord, since: int) -> None:
    """Ask how symptom, targets and neighbours do since the last step took effect, beside before the trouble."""
    plan = record.saga.plan
    onset = draft.state.incidents[record.incident].onset
    settle = max(step.settle_seconds for step in plan.steps)
    # Recovery may take longer than one window: each look takes the newest one whose end the sources should have passed.
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
