"""The question to the shards that verifies a plan."""

from __future__ import annotations

from itertools import islice
from typing import Final

from aiops.control.state import documents as doc
from aiops.control.state.store import ControlState
from aiops.control.state.transaction import Draft
from aiops.model import effects
from aiops.model.durations import SECOND
from aiops.model.episodes import SignalDirection, Source
from aiops.model.telemetry import FleetQuestion, OpeningSignal

BASELINE_SECONDS: Final = 3600.0
"""Length of the reference period before the onset of the incident."""
BASELINE_GAP_SECONDS: Final = 60.0
"""Gap between the reference and the onset: the fault may have begun before it was detected."""
MEASURED: Final = frozenset({Source.METRIC, Source.SPAN})
"""Sources whose series have points also while all is well; a log line that is not written is no missing data."""
APPEARING: Final = frozenset({SignalDirection.NEW, SignalDirection.SILENT})
"""Signals that end when their series has no points, or has points at all."""


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
        signals=opening_signals(draft.state, record),
    )
    for key in draft.state.owned(plan.id, "question"):
        draft.done(key)
        draft.remove("question", key)
    draft.put(doc.QuestionRecord(question, plan.id, from_at))
    draft.effect(effects.AskFleet(question.id, question, domain=plan.domain))


def opening_signals(state: ControlState, record: doc.SagaRecord) -> tuple[OpeningSignal, ...]:
    """The worst measured signal of each episode of the symptom and the targets of a plan."""
    plan = record.saga.plan
    about = {plan.symptom, *(step.action.target for step in plan.steps)}
    calm_at = state.work[record.incident].calm_at
    found: dict[tuple[str, str], OpeningSignal] = {}
    for key in state.episodes_of.get(record.incident, ()):
        episode = state.episodes[key].episode
        over = episode.ended_at is not None and episode.opened_at <= calm_at
        if episode.entity not in about or over:
            continue
        measured = (s for s in episode.signals if s.source in MEASURED and s.direction not in APPEARING)
        for worst in islice(measured, 1):
            signal = OpeningSignal(episode.entity, worst.series, worst.metric, abs(worst.value - worst.expected))
            found.setdefault((signal.entity, signal.series), signal)
    return tuple(found.values())
