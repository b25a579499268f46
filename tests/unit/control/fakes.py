"""A small honest world for the control plane: agents that answer by simple rules, ports that count what they do."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import Future
from dataclasses import dataclass, field, replace

from aiops.agents.view import Agent, AgentView
from aiops.control.state.transaction import Decision
from aiops.driver.answers import step_reported
from aiops.driver.gate import ANY
from aiops.driver.in_process import InProcessRuntime, Surroundings
from aiops.driver.memory_journal import MemoryJournal
from aiops.model.diagnoses import Diagnosis, Evidence, Hypothesis
from aiops.model.effects import RunStep
from aiops.model.episodes import Episode, Signal, Source
from aiops.model.episodes import SignalDirection as Way
from aiops.model.errors import TemporaryError
from aiops.model.events import EpisodeReported
from aiops.model.handoffs import (
    Diagnosed,
    Handoff,
    Intent,
    Payload,
    Planned,
    ReviewRequest,
    Role,
    Routed,
    Ruling,
    StepRequest,
    Verified,
    VerifyRequest,
)
from aiops.model.incidents import Priority
from aiops.model.pages import Delivery, Page
from aiops.model.plans import (
    Action,
    BlastRadius,
    Observed,
    Oversight,
    Plan,
    Reservation,
    ReservationAnswer,
    Step,
    StepDirection,
    StepOrder,
    StepOutcome,
    StepStatus,
    Verdict,
)
from aiops.model.prose import Prose
from aiops.model.refusals import RefusalKind
from aiops.model.telemetry import EntityReading, FleetAnswer, FleetQuestion
from aiops.settings import Control, Paging, Settings

SECOND = 1_000_000_000
START = 1_800_000_000 * SECOND


def settings(**control: float | bool) -> Settings:
    """Defaults, with two levels of paging."""
    return Settings(
        control=Control(**control),
        paging=Paging(levels=(("one://",), ("two://",))),
    )


def answer(handoff: Handoff, to: Role, intent: Intent, payload: Payload, *, suffix: str = "") -> Handoff:
    """A well-formed answer to ``handoff``."""
    return Handoff(
        id=f"{handoff.id}/{intent.value}{suffix}",
        work_item=handoff.work_item,
        sender=handoff.to,
        to=to,
        intent=intent,
        confidence=0.9,
        reasoning=(Prose(f"because of [{handoff.id}]"),),
        evidence=(handoff.id,),
        context_version=handoff.context_version,
        at=handoff.at,
        deadline_at=handoff.deadline_at,
        payload=payload,
        cause=handoff.id,
    )


class FakeAnalysis:
    """The first member is the cause."""

    role = Role.ANALYSIS

    def __init__(self) -> None:
        self.unknown = False

    def handle(self, handoff: Handoff, view: AgentView) -> tuple[Handoff, ...]:
        """Blame the entity whose trouble began first."""
        first = min(view.episodes, key=lambda e: e.opened_at)
        evidence = Evidence(first.id, True, Prose(f"{first.entity} was first"), "metric", first.opened_at, view.at, 1.0)
        diagnosis = Diagnosis(
            work_item=handoff.work_item,
            context_version=handoff.context_version,
            at=view.at,
            onset=first.opened_at,
            hypotheses=(Hypothesis(first.entity, 0.9, "crash", (evidence,)),),
            p_unknown=0.05,
            p_rest=0.05,
            impact=(),
            changes=(),
            unknown=self.unknown,
        )
        return (answer(handoff, Role.ROUTING, Intent.ROUTE, Diagnosed(diagnosis)),)


def plan_for(handoff: Handoff, entity: str, **step: float) -> Plan:
    """Restart the entity."""
    one = Step(
        id="restart",
        action=Action("restart", entity),
        undo=Action("start", entity),
        blast=BlastRadius({"zone": 0.1}, (entity,)),
        **{"timeout_seconds": 20.0, "settle_seconds": 5.0, **step},  # type: ignore[arg-type]
    )
    return Plan(
        id=f"{handoff.id}/plan",
        work_item=handoff.work_item,
        runbook="restart",
        steps=(one,),
        symptom=entity,
        neighbours=(),
        reason=Prose("a crash is healed by a restart"),
        expected=Prose("healthy"),
        verify_window_seconds=10.0,
        verify_deadline_seconds=60.0,
    )


class FakeRouting:
    """Hands everything to resolution, with ``level``."""

    role = Role.ROUTING
    level = Oversight.UNATTENDED

    def handle(self, handoff: Handoff, view: AgentView) -> tuple[Handoff, ...]:
        """Always a restart."""
        assert isinstance(handoff.payload, Diagnosed)
        routed = Routed(handoff.payload.diagnosis, Priority.P2, "none", "team", ("restart",), self.level)
        return (answer(handoff, Role.RESOLUTION, Intent.PLAN, routed),)


class FakeResolution:
    """Plans a restart, believes the fleet."""

    role = Role.RESOLUTION
    verdict: Verdict | None = None
    """Of every verification; None: as the fleet says."""

    def handle(self, handoff: Handoff, view: AgentView) -> tuple[Handoff, ...]:
        """PLAN and VERIFY."""
        payload = handoff.payload
        if isinstance(payload, Routed):
            plan = plan_for(handoff, payload.diagnosis.hypotheses[0].entity)
            return (answer(handoff, Role.ORCHESTRATOR, Intent.EXECUTE, Planned(plan)),)
        assert isinstance(payload, VerifyRequest)
        abnormal = any(r.abnormal for r in payload.fleet.readings)
        verdict = self.verdict or (Verdict.UNHEALTHY if abnormal else Verdict.HEALTHY)
        return (
            answer(handoff, Role.ORCHESTRATOR, Intent.CONCLUDE, Verified(payload.plan.id, verdict, (Prose("looked"),))),
        )


class FakeOversight:
    """Permits at ``level``; can be told to veto, hold or fail."""

    role = Role.OVERSIGHT

    def __init__(self) -> None:
        self.level = Oversight.UNATTENDED
        self.down = False
        self.veto: set[Intent] = set()
        self.hold_until: int | None = None

    def handle(self, handoff: Handoff, view: AgentView) -> tuple[Handoff, ...]:
        """REVIEW and AUTHORISE."""
        if self.down:
            raise TemporaryError("oversight is down")
        match handoff.payload:
            case ReviewRequest(handoff=shown):
                subject, intent = shown.id, shown.intent
            case StepRequest(plan=plan, step=step, direction=direction):
                subject, intent = f"{plan}/{step}/{direction}", Intent.AUTHORISE
            case _:
                raise AssertionError(handoff)
        hold = self.hold_until if intent is Intent.EXECUTE else None
        permitted = intent not in self.veto and hold is None
        level = self.level if intent in {Intent.EXECUTE, Intent.AUTHORISE} else Oversight.UNATTENDED
        ruling = Ruling(subject, permitted, level, (Prose("the rule"),), hold_until=hold)
        return (answer(handoff, Role.ORCHESTRATOR, Intent.RULE, ruling),)


class FakeTriage:
    """Finds nothing."""

    role = Role.TRIAGE

    def handle(self, handoff: Handoff, view: AgentView) -> tuple[Handoff, ...]:
        """No answer at all."""
        return ()


@dataclass
class FakeTarget:
    """What actions are done to: counts effects by key, heals when restarted."""

    effects: Counter[str] = field(default_factory=Counter)
    done: list[tuple[str, StepDirection]] = field(default_factory=list)
    abnormal: set[str] = field(default_factory=set)
    status: StepStatus = StepStatus.DONE
    heals: bool = True
    happens: bool = True
    name: str = "fake"
    pages: list[Page] = field(default_factory=list)
    delivers: bool = True
    reserved: dict[str, Reservation] = field(default_factory=dict)
    grants: bool = True
    asked: list[FleetQuestion] = field(default_factory=list)
    behind: float = 0.0
    """Seconds that the sources are behind when they answer."""

    def run(self, order: StepOrder) -> StepOutcome | Future[StepOutcome]:
        """Do it, once per call: the counter tells whether somebody called twice."""
        key = order.capability.key
        if self.happens:
            self.effects[key] += 1
            self.done.append((key, order.capability.direction))
            if self.heals and order.capability.direction is StepDirection.DO:
                self.abnormal.discard(order.capability.action.target)
        return StepOutcome(key, self.status, 0)

    def observe(self, order: StepOrder) -> Observed:
        """The target remembers keys."""
        return Observed.DONE if self.effects[order.capability.key] else Observed.NOT_DONE

    def ask(self, question: FleetQuestion) -> FleetAnswer:
        """Well or abnormal, always up to date."""
        self.asked.append(question)
        readings = tuple(EntityReading(e, question.to_at, e in self.abnormal, ()) for e in question.entities)
        return FleetAnswer(question.id, question.to_at + round(self.behind * SECOND), readings)

    def reserve(self, reservation: Reservation, limits: object) -> ReservationAnswer:
        """Everything or nothing."""
        if not self.grants:
            return ReservationAnswer(reservation.key, granted=False, reason=Prose("zone is spent"))
        self.reserved[reservation.key] = reservation
        return ReservationAnswer(reservation.key, granted=True, token=len(self.reserved))

    def release(self, key: str) -> None:
        """Give back."""
        self.reserved.pop(key, None)

    def spent(self, domain: str | None = None) -> dict[str, float]:
        """Not counted."""
        return {}

    def send(self, page: Page) -> Delivery:
        """Keep the page."""
        self.pages.append(page)
        return Delivery(
            page.key, self.name, delivered=self.delivers, at=page.at, error=Prose("" if self.delivers else "down")
        )


@dataclass
class Loop:
    """A runtime with its fakes."""

    settings: Settings
    target: FakeTarget = field(default_factory=FakeTarget)
    analysis: FakeAnalysis = field(default_factory=FakeAnalysis)
    oversight: FakeOversight = field(default_factory=FakeOversight)
    resolution: FakeResolution = field(default_factory=FakeResolution)
    routing: Agent = field(default_factory=FakeRouting)
    triage: Agent = field(default_factory=FakeTriage)
    journal: MemoryJournal = field(default_factory=MemoryJournal)
    at: int = START
    runtime: InProcessRuntime = field(init=False)

    def __post_init__(self) -> None:
        self.start()

    def world(self) -> Surroundings:
        """The fakes as ports."""
        parts: tuple[Agent, ...] = (self.analysis, self.oversight, self.resolution, self.routing, self.triage)
        return Surroundings(
            agents={agent.role: agent for agent in parts},
            fleet=self.target,
            budget=self.target,
            executors={ANY: self.target},
            notifier=self.target,
        )

    def start(self, world: Surroundings | None = None) -> None:
        """A (new) runtime on the journal; the old one is forgotten as a kill would."""
        self.runtime = InProcessRuntime(self.settings, world or self.world(), self.journal, at=self.at)
        self.runtime.on_decision = self.check
        self.sound()

    def check(self, event: object, decision: Decision) -> None:
        """After every event."""
        assert decision.refusal is None or decision.refusal.kind is not RefusalKind.FAULT, decision.refusal
        self.sound()

    def sound(self) -> None:
        """All invariants hold."""
        assert self.runtime.orchestrator.validate() == []

    def report(self, order: StepOrder, outcome: StepOutcome) -> None:
        """An executor's word reaches the orchestrator: late, doubled, or after a kill."""
        effect = RunStep(order.capability.id, order, domain=order.domain)
        self.runtime.offer(step_reported(effect, outcome, outcome.at))

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self.at = max(self.at, self.runtime.now) + round(seconds * SECOND)
        self.runtime.run_until(self.at)

    def abnormal(self, entity: str, *, revision: int = 1, ended: bool = False, **changes: object) -> Episode:
        """Report an episode of the entity now."""
        at = max(self.at, self.runtime.now)
        if not ended:
            self.target.abnormal.add(entity)
        made = episode(entity, at, revision=revision, ended_at=at if ended else None)
        made = replace(made, **changes)  # type: ignore[arg-type]
        self.runtime.offer(EpisodeReported(id=f"{made.id}/{made.revision}", at=at, episode=made))
        return made

    def well(self, held: Episode) -> None:
        """The episode ends."""
        at = max(self.at, self.runtime.now)
        ended = replace(held, revision=held.revision + 1, ended_at=at, watermark=at)
        self.runtime.offer(EpisodeReported(id=f"{held.id}/{ended.revision}", at=at, episode=ended))

    def revise(self, held: Episode, **changes: object) -> Episode:
        """Report the episode as it is now."""
        at = max(self.at, self.runtime.now)
        made = replace(held, revision=held.revision + 1, watermark=at, **changes)  # type: ignore[arg-type]
        self.runtime.offer(EpisodeReported(id=f"{made.id}/{made.revision}", at=at, episode=made))
        return made

    @property
    def incidents(self) -> dict[str, str]:
        """Incident to state."""
        return {n: i.state.value for n, i in self.runtime.orchestrator.state.incidents.items()}

    def story(self, name: str = "INC-1") -> str:
        """Lines of an incident."""
        return "\n".join(f"{x.who}: {x.what}" for x in self.runtime.orchestrator.state.incidents[name].story)


def episode(entity: str, at: int, *, revision: int = 1, ended_at: int | None = None) -> Episode:
    """An episode with one signal."""
    signal = Signal("errors", "errors", Way.UP, Source.METRIC, at, 0.9, 5.0, 0.1)
    return Episode(
        id=f"{entity}@{at}",
        entity=entity,
        opened_at=at,
        revision=revision,
        severity=0.9,
        signals=(signal,),
        signals_total=1,
        watermark=at,
        ended_at=ended_at,
    )
