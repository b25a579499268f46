"""What the product reported and did, read from the documents and rows of its journal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from aiops.control.state.documents import SagaRecord, Work
from aiops.model.codec import EVENT, decode
from aiops.model.events import StepReported
from aiops.model.incidents import Incident, IncidentState
from aiops.model.plans import Plan, StepDirection, StepStatus
from aiops.ports import JournalReader

_MOST: Final = 1_000_000
_PAGE: Final = 5_000


@dataclass(frozen=True, slots=True)
class DoneAction:
    """An action that an executor reported as done."""

    at: int
    """ns."""
    incident: str
    primitive: str
    target: str
    undo: bool


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that the product reported and did."""

    incidents: tuple[Incident, ...]
    """In the order in which they opened, without merged ones."""
    runbooks: Mapping[str, tuple[str, ...]]
    """Incident to the runbooks that were proposed or run for it."""
    actions: tuple[DoneAction, ...]
    """In the order in which they were done."""
    unordered: tuple[str, ...] = ()
    """Keys of reports on steps that no plan of the journal has."""


def of_journal(reader: JournalReader, domain: str) -> Evidence:
    """The evidence in a journal, whether its runtime runs or not."""
    incidents = [decode(Incident, body) for body in _documents(reader, "incident", domain)]
    sagas = [decode(SagaRecord, body) for body in _documents(reader, "saga", domain)]
    works = [decode(Work, body) for body in _documents(reader, "work", domain)]
    plans = {saga.saga.plan.id: saga.saga.plan for saga in sagas}
    plans |= {work.proposed.id: work.proposed for work in works if work.proposed}
    runbooks: dict[str, list[str]] = {}
    for plan in plans.values():
        runbooks.setdefault(plan.work_item, []).append(plan.runbook)
    actions, unordered = _actions(plans.values(), _reports(reader, domain))
    return Evidence(
        incidents=tuple(
            sorted(
                (one for one in incidents if one.state is not IncidentState.MERGED),
                key=lambda one: (one.opened_at, one.id),
            )
        ),
        runbooks={incident: tuple(dict.fromkeys(names)) for incident, names in runbooks.items()},
        actions=actions,
        unordered=unordered,
    )


def _documents(reader: JournalReader, kind: str, domain: str) -> Iterable[str]:
    return (dict(reader.archived(kind, _MOST, domain)) | reader.documents(kind, domain)).values()


def _reports(reader: JournalReader, domain: str) -> Iterator[StepReported]:
    after = 0
    while rows := reader.rows(after, _PAGE, domain=domain):
        for row in rows:
            if row.entry.kind == "step":
                event = EVENT.validate_json(row.entry.event)
                if isinstance(event, StepReported):
                    yield event
        after = rows[-1].number


def _actions(plans: Iterable[Plan], reports: Iterable[StepReported]) -> tuple[tuple[DoneAction, ...], tuple[str, ...]]:
    steps = {f"{plan.id}/{step.id}": (plan, step) for plan in plans for step in plan.steps}
    done: dict[str, DoneAction] = {}
    unordered = []
    for report in reports:
        key = report.outcome.key.partition("#")[0]
        name, _, direction = key.rpartition("/")
        if name not in steps:
            unordered.append(report.outcome.key)
            continue
        plan, step = steps[name]
        action = step.undo if direction == StepDirection.UNDO else step.action
        if report.outcome.status is StepStatus.DONE and action is not None:
            undo = direction == StepDirection.UNDO
            done[key] = DoneAction(report.outcome.at, plan.work_item, action.primitive, action.target, undo)
    return tuple(sorted(done.values(), key=lambda one: one.at)), tuple(unordered)
