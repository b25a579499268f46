"""A desk on which the parts of the control plane are called one by one, each call as one event."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Final

from aiops.control.handoff.sending import ask
from aiops.control.incident.membership import join, move, open_incident
from aiops.control.plan import saga_driver
from aiops.control.state.invariants import broken
from aiops.control.state.lifecycle import Trigger
from aiops.control.state.store import ControlState
from aiops.control.state.transaction import Decision, Draft
from aiops.model.diagnoses import Diagnosis, Evidence, Hypothesis
from aiops.model.effects import Effect
from aiops.model.errors import AiopsError
from aiops.model.events import Event, Tick
from aiops.model.handoffs import DiagnoseRequest, Handoff, Intent, Payload, Role, Routed, Ruling
from aiops.model.incidents import Incident, IncidentState, Priority
from aiops.model.plans import Oversight, Plan
from aiops.model.prose import Prose
from aiops.model.refusals import Refusal, refusal_of
from aiops.settings import Settings
from remediations.saga_state import SagaState
from tests.unit.control.fakes import SECOND, START, episode, plan_for, settings

WAYS: Final = {
    IncidentState.OPEN: (),
    IncidentState.DIAGNOSING: (Trigger.ASKED,),
    IncidentState.DECIDING: (Trigger.ASKED, Trigger.DIAGNOSED),
    IncidentState.AWAITING_APPROVAL: (Trigger.ASKED, Trigger.DIAGNOSED, Trigger.APPROVAL_NEEDED),
    IncidentState.HELD: (Trigger.ASKED, Trigger.DIAGNOSED, Trigger.WINDOW_CLOSED),
    IncidentState.ESCALATED: (Trigger.STUCK,),
    IncidentState.SUPPRESSED: (Trigger.SUPPRESSED,),
    IncidentState.RESOLVED: (Trigger.CLEARED,),
}
"""Triggers that lead a new incident into a state that needs no plan."""


@dataclass
class Desk:
    """A state, and the decisions that were made on it."""

    settings: Settings = field(default_factory=settings)
    at: int = START
    number: int = 0
    last: Draft = field(init=False)

    def __post_init__(self) -> None:
        self.state = ControlState(self.settings.control)

    def draft(self, event: Event | None = None) -> Draft:
        """The transaction of a new event."""
        self.number += 1
        self.last = Draft(self.state, event or Tick(id=f"event-{self.number}", at=self.at), self.settings)
        return self.last

    def do(self, call: Callable[..., Any], *given: Any, event: Event | None = None, **named: Any) -> Decision:
        """Call a part with a draft of its own; no invariant is broken after it."""
        draft = self.draft(event)
        call(draft, *given, **named)
        assert broken(self.state) == []
        return draft.decide()

    def refused(self, call: Callable[..., Any], *given: Any, event: Event | None = None, **named: Any) -> Refusal:
        """Call a part that refuses; everything is as before after it."""
        before, timers = list(self.state.documents()), dict(self.state.timers)
        draft = self.draft(event)
        try:
            call(draft, *given, **named)
        except AiopsError as error:
            refusal = refusal_of(error)
            draft.refuse(refusal)
            assert list(self.state.documents()) == before
            assert self.state.timers == timers
            return refusal
        raise AssertionError("nothing was refused")

    def wait(self, seconds: float) -> None:
        """The next event comes so much later."""
        self.at += round(seconds * SECOND)

    def incident(self, *entities: str, state: IncidentState = IncidentState.OPEN) -> str:
        """A new incident with an episode of each entity, in a state."""

        def opened(draft: Draft) -> None:
            name = open_incident(draft, self.at)
            for entity in entities:
                join(draft, name, episode(entity, self.at))
            for trigger in WAYS[state]:
                move(draft, name, trigger)

        self.do(opened)
        return f"INC-{self.state.leadership.incidents}"

    def runtime_incident(self, topic: str = "disk") -> str:
        """An incident of the runtime itself."""
        self.do(open_incident, self.at, topic=topic)
        return f"INC-{self.state.leadership.incidents}"

    def change(self, name: str, **fields: Any) -> Incident:
        """Set fields of an incident."""
        self.do(lambda draft: draft.put(replace(self.state.incidents[name], **fields)))
        return self.state.incidents[name]

    def work(self, name: str, **fields: Any) -> None:
        """Set fields of an incident's work."""
        self.do(lambda draft: draft.put(replace(self.state.work[name], **fields)))

    def plan(self, name: str, entity: str = "web", *, key: str = "p", **fields: Any) -> Plan:
        """A plan to restart an entity of the incident; it is not begun."""
        request = self.handoff(name, f"{name}/{key}")
        return replace(plan_for(request, entity), **fields)

    def handoff(self, name: str, key: str = "h") -> Handoff:
        """A request for a diagnosis, which nobody was sent."""
        return Handoff(
            key, name, Role.ORCHESTRATOR, Role.ANALYSIS, Intent.DIAGNOSE, 1.0, (Prose("it follows"),), ("e",), 1,
            self.at, self.at + 60 * SECOND, DiagnoseRequest(), "e",
        )  # fmt: skip

    def send(self, name: str, key: str, to: Role, *, intent: Intent, payload: Payload) -> Handoff:
        """A handoff that is under way."""

        def sent(draft: Draft) -> None:
            draft.subject = name
            ask(draft, key, to, intent=intent, payload=payload)

        self.do(sent)
        return self.state.handoffs[key].handoff

    def begun(self, entity: str = "web", **fields: Any) -> tuple[str, Plan]:
        """An incident whose plan was begun and waits for its budget."""
        name = self.incident(entity, state=IncidentState.DECIDING)
        plan = self.plan(name, entity, **fields)
        self.do(saga_driver.start, name, plan)
        return name, plan

    def at_rest(self, name: str, state: IncidentState, saga: SagaState = SagaState.FINISHED, **fields: Any) -> None:
        """The incident's plan is in state ``saga``, by default at rest, and the incident is in ``state`` now."""
        record = self.state.sagas[self.state.incidents[name].plan or ""]

        def rested(draft: Draft) -> None:
            draft.put(replace(record, saga=replace(record.saga, state=saga, **fields)))
            draft.put(replace(self.state.incidents[name], state=state))

        self.do(rested)

    def story(self, name: str) -> list[str]:
        """Lines of an incident as "who: what"."""
        return [f"{line.who}: {line.what}" for line in self.state.incidents[name].story]

    def stated(self, name: str) -> str:
        """State of an incident."""
        return self.state.incidents[name].state.value

    def due_in(self, timer: str) -> float:
        """Seconds until a timer fires."""
        return (self.state.timers[timer].due - self.at) / SECOND


def diagnosis(name: str = "INC-1", entity: str = "web", kind: str = "crash", **fields: Any) -> Diagnosis:
    """One hypothesis of 90 %."""
    evidence = Evidence("e", True, Prose("errors up"), "metric", START, START, 1.0)
    best = Hypothesis(entity, 0.9, kind, (evidence,))
    values: dict[str, Any] = {"hypotheses": (best,), "p_unknown": 0.1, "unknown": False} | fields
    return Diagnosis(name, 1, START, START, p_rest=0.0, impact=(), changes=(), **values)


def routed(found: Diagnosis | None = None, **fields: Any) -> Routed:
    """Routing's word: P2, for the team, restart."""
    values: dict[str, Any] = {"runbooks": ("restart",), "level": Oversight.UNATTENDED} | fields
    return Routed(found or diagnosis(), Priority.P2, "availability 99 %", "team", **values)


def ruling(subject: str, level: Oversight = Oversight.UNATTENDED, **fields: Any) -> Ruling:
    """Oversight's word."""
    values: dict[str, Any] = {"permitted": level is not Oversight.FORBIDDEN, "reasons": (Prose("the rule"),)} | fields
    return Ruling(subject, level=level, **values)


def effects(decision: Decision, kind: type[Effect]) -> list[Any]:
    """Effects of one type."""
    return [effect for effect in decision.effects if isinstance(effect, kind)]
