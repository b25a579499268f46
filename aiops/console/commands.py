"""Commands of people: one implementation for the command line, the API and the pages.

A command is checked against the journal and becomes one inbox row. The row's key names the command, the incident or
plan, and the person, so a second click writes nothing. ``aiops.control.events.commands`` checks the command again and
carries it out.
"""

from __future__ import annotations

from dataclasses import dataclass

from aiops.console.command_inbox import (
    LONGEST_NAME,
    CommandRequest,
    CommandResult,
    NotNowError,
    Switch,
    UnknownError,
    WrongError,
    checked_name,
    sentence,
)
from aiops.control.events.commands import LONGEST_SUPPRESSION_MINUTES
from aiops.control.plan.saga_driver import APPROVERS
from aiops.control.state.documents import BreakerRecord, PageRecord, SagaRecord, Work, plan_version
from aiops.control.state.lifecycle import TABLE, Trigger
from aiops.model.codec import decode
from aiops.model.entities import MAIN_DOMAIN
from aiops.model.incidents import Incident, IncidentState
from aiops.model.journal import InboxRow
from aiops.model.plans import Plan
from aiops.ports import Clock, Inbox, JournalReader
from remediations.breakers import Position
from remediations.saga_state import SagaState


@dataclass(frozen=True, slots=True)
class Commands:
    """All commands that a person can give.

    Args:
        inbox: the inbox and the halt table, which other processes than the orchestrator write.
        reader: the journal, for the state of incidents.
        clock: gives the rows their times, which are for display only.
        domain: the domain whose incidents are meant.
    """

    inbox: Inbox
    reader: JournalReader
    clock: Clock
    domain: str = MAIN_DOMAIN

    @property
    def switch(self) -> Switch:
        """Halts and resumes."""
        return Switch(self.inbox, self.clock, self.domain)

    def approve(self, name: str, who: str, seen: str | None = None) -> CommandResult:
        """Approve the proposed plan. If policy asks for two approvers, the second approval starts it.

        ``seen``: PLAN@VERSION that this person saw. None: the plan that is proposed now; the result names its steps.
        """
        incident, work = self._waiting(name, {IncidentState.AWAITING_APPROVAL})
        assert work.proposed is not None
        if seen is not None and seen != plan_version(work):
            raise NotNowError(
                f"the plan changed: {plan_version(work)} waits now ({_steps(work.proposed)}), you saw "
                f"{sentence(seen)[:100] or 'none'}; look at {incident.id} again before you approve"
            )
        if who in work.approvals:
            raise NotNowError(f"{who} already approved {incident.id}; another person must approve it too")
        needed, have = APPROVERS.get(incident.level, 1), len(work.approvals) + 1
        more = "" if have >= needed else f"; {needed - have} more must approve"
        text = f"{incident.id}: {who} approves {work.proposed.runbook} ({_steps(work.proposed)}){more}"
        key = f"approve/{incident.id}/{plan_version(work)}/{who}"
        arguments = {"plan": work.proposed.id, "version": str(work.basis)}
        return self.switch.submit(key, CommandRequest("approve", incident.id, who, arguments), text)

    def reject(self, name: str, who: str, reason: str = "") -> CommandResult:
        """Reject the proposed plan; the incident is escalated."""
        incident, work = self._waiting(name, {IncidentState.AWAITING_APPROVAL, IncidentState.HELD})
        plan = work.proposed.id if work.proposed else incident.plan or ""
        arguments = {"plan": plan} | ({"reason": sentence(reason)} if reason.strip() else {})
        text = f"{incident.id}: {who} rejects the plan"
        return self.switch.submit(
            f"reject/{incident.id}/{plan}/{who}", CommandRequest("reject", incident.id, who, arguments), text
        )

    def acknowledge(self, name: str, who: str) -> CommandResult:
        """Acknowledge the newest page: no higher level is paged for it."""
        incident = self._kept(self.incident(name))
        bodies = self.reader.documents("page", self.domain).values()
        pages = [decode(PageRecord, body).page for body in bodies if incident.id in body]
        keys = [page.key for page in sorted(pages, key=lambda p: p.at) if page.work_item == incident.id]
        if not keys:
            raise NotNowError(f"{incident.id} has no page to acknowledge")
        text = f"{incident.id}: {who} acknowledged the page"
        return self.switch.submit(
            f"acknowledge/{keys[-1]}/{who}", CommandRequest("acknowledge", incident.id, who), text
        )

    def take_over(self, name: str, who: str) -> CommandResult:
        """Confirm that the targets of a stuck plan are in order: its locks and its budget are released."""
        incident = self._kept(self.incident(name))
        bodies = self.reader.documents("saga", self.domain).values()
        sagas = [decode(SagaRecord, body) for body in bodies if incident.id in body]
        stuck = [s.saga.plan.id for s in sagas if s.incident == incident.id and s.saga.state is SagaState.STUCK]
        if not stuck:
            raise NotNowError(f"no plan of {incident.id} is stuck")
        key, text = f"take-over/{'/'.join(sorted(stuck))}/{who}", f"{incident.id}: {who} took over {', '.join(stuck)}"
        return self.switch.submit(key, CommandRequest("take-over", incident.id, who), text)

    def close(self, name: str, who: str) -> CommandResult:
        """Close an escalated incident."""
        incident = self._may(name, Trigger.CLOSED_BY_PERSON, "be closed by a person")
        key = f"close/{incident.id}/{incident.updated_at}/{who}"
        return self.switch.submit(key, CommandRequest("close", incident.id, who), f"{incident.id}: closed by {who}")

    def suppress(self, name: str, who: str, minutes: float = 60.0) -> CommandResult:
        """Suppress an incident for ``minutes``."""
        if not 0 < minutes <= LONGEST_SUPPRESSION_MINUTES:
            raise WrongError(f"minutes must be above 0 and at most {LONGEST_SUPPRESSION_MINUTES:g} (a week)")
        incident = self._may(name, Trigger.SUPPRESSED, "be suppressed")
        command = CommandRequest("suppress", incident.id, who, {"minutes": f"{minutes:g}"})
        text = f"{incident.id}: suppressed by {who} for {minutes:g} minutes"
        return self.switch.submit(f"suppress/{incident.id}/{incident.updated_at}/{minutes:g}/{who}", command, text)

    def reset_breaker(self, name: str, who: str, reason: str) -> CommandResult:
        """Close an open or half-open circuit breaker; the reason is kept in the journal."""
        if not reason.strip():
            raise WrongError("a reset needs a reason")
        body = self.reader.document("breaker", name, self.domain)
        breaker = decode(BreakerRecord, body).breaker if body else None
        if breaker is None or breaker.position is Position.CLOSED:
            raise NotNowError(f"no breaker {sentence(name)[:LONGEST_NAME]!r} is open; see: aiops breakers list")
        command = CommandRequest("reset-breaker", name, who, {"reason": sentence(reason)})
        text = f"{name}: reset by {who}; it was {breaker.position.value}: {breaker.why}"
        return self.switch.submit(f"reset-breaker/{name}/{breaker.opened_at}/{self.clock.now()}/{who}", command, text)

    def scale(self, shards: int, who: str, most: int) -> CommandResult:
        """Set the number of monitoring shards: 1 to ``most``, the number of slots."""
        if not 1 <= shards <= most:
            raise WrongError(f"shards must be from 1 to {most}, the number of slots (kafka.partitions)")
        now = self.clock.now()
        body = f'{{"shards": {shards}}}'
        row = InboxRow(f"scale/{now}/{who}", now, "scale", body, checked_name(who), domain=self.domain)
        self.inbox.append(row)
        return CommandResult(
            f"{shards} shard{'s' if shards > 1 else ''} requested; slots move within seconds, see /metrics"
        )

    # -------------------------------------------------------------------------------------------------- inside

    def incident(self, name: str) -> Incident:
        """An incident by its own id, the id of its plan, or the key of one of its pages."""
        body = self.reader.document("incident", name, self.domain)
        if body is not None:
            return decode(Incident, body)
        page = self.reader.document("page", name, self.domain)
        if page is not None:
            return self.incident(decode(PageRecord, page).page.work_item)
        for body in self.reader.documents("incident", self.domain).values():
            incident = decode(Incident, body)
            if incident.plan == name:
                return incident
        raise UnknownError(f"there is no incident {name!r}; see: aiops incidents --all")

    def _kept(self, incident: Incident) -> Incident:
        """The incident that a merged one became part of, which has its plans; any other incident itself."""
        return self.incident(incident.merged_into) if incident.merged_into else incident

    def _waiting(self, name: str, states: set[IncidentState]) -> tuple[Incident, Work]:
        """An incident whose plan waits for a decision, in one of these states."""
        incident = self.incident(name)
        body = self.reader.document("work", incident.id, self.domain)
        work = decode(Work, body) if body else None
        ready = work is not None and (work.proposed is not None or incident.state is IncidentState.HELD)
        if incident.state not in states or work is None or not ready:
            raise NotNowError(f"{incident.id} does not wait for a decision: it is {incident.state.value}")
        return incident, work

    def _may(self, name: str, trigger: Trigger, what: str) -> Incident:
        incident = self.incident(name)
        if (incident.state, trigger) not in TABLE:
            raise NotNowError(f"{incident.id} cannot {what} while it is {incident.state.value}")
        return incident


def _steps(plan: Plan) -> str:
    return ", then ".join(f"{step.action.primitive} {step.action.target}" for step in plan.steps)
