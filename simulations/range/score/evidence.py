"""What the product reported and did, read from the documents and rows of its journal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from aiops.control.state.documents import OrderRecord, SagaRecord, Work
from aiops.model.codec import EVENT, decode
from aiops.model.events import StepReported
from aiops.model.incidents import Incident, IncidentState
from aiops.model.plans import Capability, StepDirection, StepStatus
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
    """Keys of reported effects for which the journal has no order."""


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
    orders = [decode(OrderRecord, body).order for body in _documents(reader, "order", domain)]
    held = {order.capability.key: order.capability for order in orders}
    actions, unordered = _actions(held, _reports(reader, domain))
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


def _actions(
    capabilities: Mapping[str, Capability], reports: Iterable[StepReported]
) -> tuple[tuple[DoneAction, ...], tuple[str, ...]]:
    done: dict[str, DoneAction] = {}
    unordered = []
    for report in reports:
        outcome = report.outcome
        held = capabilities.get(outcome.key)
        if held is None:
            unordered.append(outcome.key)
        elif outcome.status is StepStatus.DONE:
            undo = held.direction is StepDirection.UNDO
            action = DoneAction(outcome.at, held.work_item, held.action.primitive, held.action.target, undo)
            done.setdefault(outcome.key, action)
    return tuple(sorted(done.values(), key=lambda one: one.at)), tuple(unordered)
