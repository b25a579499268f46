"""What people tell the runtime, whether by command line or by HTTP: one implementation for both.

A command is checked against what the journal shows, then becomes one inbox row whose key says who told what about
which plan: a second click writes nothing. ``aiops.control.events.commands`` checks everything again and decides what
the command does.
"""

from __future__ import annotations

from dataclasses import dataclass

from aiops.console.telling import NotNowError, Switch, Told, UnknownError, Word, WrongError, checked_name, sentence
from aiops.control.events.commands import LONGEST_SUPPRESSION_MINUTES
from aiops.control.plan.saga_driver import APPROVERS
from aiops.control.state.documents import PageRecord, SagaRecord, Work, sight
from aiops.control.state.lifecycle import TABLE, Trigger
from aiops.model.codec import decode
from aiops.model.entities import MAIN_DOMAIN
from aiops.model.incidents import Incident, IncidentState
from aiops.model.plans import Plan
from aiops.ports import Clock, Inbox, InboxRow, JournalReader
from remediations.saga_state import State


@dataclass(frozen=True, slots=True)
class Commands:
    """Everything a person can tell the runtime.

    Args:
        inbox: the two tables that others than the orchestrator write.
        reader: shows what is open.
        clock: for the rows' times, for display only.
        domain: whose incidents.
    """

    inbox: Inbox
    reader: JournalReader
    clock: Clock
    domain: str = MAIN_DOMAIN

    @property
    def switch(self) -> Switch:
        """Halts and resumes."""
        return Switch(self.inbox, self.clock, self.domain)

    def approve(self, name: str, who: str, seen: str | None = None) -> Told:
        """Agree to the plan that waits; with two approvers asked for, the second one starts it.

        ``seen``: PLAN@VERSION of what this person looked at. None: whatever waits now, which the answer then names.
        """
        incident, work = self._waiting(name, {IncidentState.AWAITING_APPROVAL})
        assert work.proposed is not None
        if seen is not None and seen != sight(work):
            raise NotNowError(
                f"the plan changed: {sight(work)} waits now ({_steps(work.proposed)}), and what you saw was "
                f"{sentence(seen)[:100] or 'not said'}; look at {incident.id} again before you approve"
            )
        if who in work.approvals:
            raise NotNowError(f"{who} approved {incident.id} already; another person must")
        needed, have = APPROVERS.get(incident.level, 1), len(work.approvals) + 1
        more = "" if have >= needed else f"; {needed - have} more must"
        text = f"{incident.id}: {who} approves {work.proposed.runbook} ({_steps(work.proposed)}){more}"
        key = f"approve/{incident.id}/{sight(work)}/{who}"
        arguments = {"plan": work.proposed.id, "version": str(work.basis)}
        return self.switch.tell(key, Word("approve", incident.id, who, arguments), text)

    def reject(self, name: str, who: str, reason: str = "") -> Told:
        """Refuse the plan that waits; the incident goes to a person."""
        incident, work = self._waiting(name, {IncidentState.AWAITING_APPROVAL, IncidentState.HELD})
        plan = work.proposed.id if work.proposed else incident.plan or ""
        arguments = {"plan": plan} | ({"reason": sentence(reason)} if reason.strip() else {})
        text = f"{incident.id}: {who} rejects the plan"
        return self.switch.tell(f"reject/{incident.id}/{plan}/{who}", Word("reject", incident.id, who, arguments), text)

    def acknowledge(self, name: str, who: str) -> Told:
        """Take the page: no higher level is paged for it."""
        incident = self.incident(name)
        bodies = self.reader.documents("page", self.domain).values()
        pages = [decode(PageRecord, body).page for body in bodies if incident.id in body]
        keys = [page.key for page in sorted(pages, key=lambda p: p.at) if page.work_item == incident.id]
        if not keys:
            raise NotNowError(f"no page of {incident.id} is out")
        text = f"{incident.id}: {who} has it"
        return self.switch.tell(f"acknowledge/{keys[-1]}/{who}", Word("acknowledge", incident.id, who), text)

    def take_over(self, name: str, who: str) -> Told:
        """Say that the targets of a stuck plan are in order: its locks and budget are given back."""
        incident = self.incident(name)
        bodies = self.reader.documents("saga", self.domain).values()
        sagas = [decode(SagaRecord, body) for body in bodies if incident.id in body]
        stuck = [s.saga.plan.id for s in sagas if s.incident == incident.id and s.saga.state is State.STUCK]
        if not stuck:
            raise NotNowError(f"no plan of {incident.id} is stuck")
        key, text = f"take-over/{'/'.join(sorted(stuck))}/{who}", f"{incident.id}: {who} took over {', '.join(stuck)}"
        return self.switch.tell(key, Word("take-over", incident.id, who), text)

    def close(self, name: str, who: str) -> Told:
        """End an escalated incident."""
        incident = self._may(name, Trigger.CLOSED_BY_PERSON, "be closed by a person")
        key = f"close/{incident.id}/{incident.updated_at}/{who}"
        return self.switch.tell(key, Word("close", incident.id, who), f"{incident.id}: {who} closes it")

    def suppress(self, name: str, who: str, minutes: float = 60.0) -> Told:
        """Be silent about an incident for a while."""
        if not 0 < minutes <= LONGEST_SUPPRESSION_MINUTES:
            raise WrongError(f"minutes must be above 0 and at most {LONGEST_SUPPRESSION_MINUTES:g}, a week")
        incident = self._may(name, Trigger.SUPPRESSED, "be suppressed")
        command = Word("suppress", incident.id, who, {"minutes": f"{minutes:g}"})
        text = f"{incident.id}: {who} suppresses it for {minutes:g} minutes"
        return self.switch.tell(f"suppress/{incident.id}/{incident.updated_at}/{minutes:g}/{who}", command, text)

    def scale(self, shards: int, who: str, most: int) -> Told:
        """Ask for a number of monitoring shards, from 1 to ``most`` (one shard needs at least one slot)."""
        if not 1 <= shards <= most:
            raise WrongError(f"shards must be from 1 to {most}, the number of slots (kafka.partitions)")
        now = self.clock.now()
        body = f'{{"shards": {shards}}}'
        row = InboxRow(f"scale/{now}/{who}", now, "scale", body, checked_name(who), domain=self.domain)
        self.inbox.append(row)
        return Told(
            f"{shards} shard{'s' if shards > 1 else ''} wanted; slots move within seconds: aiops ledger, /metrics"
        )

    # -------------------------------------------------------------------------------------------------- inside

    def incident(self, name: str) -> Incident:
        """An incident by its id, its plan's, or the key of a page about it."""
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

    def _waiting(self, name: str, states: set[IncidentState]) -> tuple[Incident, Work]:
        """An incident whose plan waits for a decision."""
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
