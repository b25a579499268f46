"""The one form of a handoff that the orchestrator itself sends."""

from __future__ import annotations

from dataclasses import dataclass

from aiops.model.handoffs import Handoff, Intent, Payload, Role
from aiops.model.prose import Prose


@dataclass(frozen=True, slots=True)
class RequestContext:
    """What a request of the orchestrator rests on."""

    work_item: str
    cause: str
    """Id of the event that it follows from."""
    context_version: int
    at: int
    """ns UTC."""
    deadline_at: int
    domain: str

    def request(self, name: str, to: Role, payload: Payload, *, intent: Intent) -> Handoff:
        """The handoff ``name`` to ``to``."""
        return Handoff(
            id=name,
            work_item=self.work_item,
            sender=Role.ORCHESTRATOR,
            to=to,
            intent=intent,
            confidence=1.0,
            reasoning=(Prose(f"{intent.value} follows from [{self.cause}]"),),
            evidence=(self.cause,),
            context_version=self.context_version,
            at=self.at,
            deadline_at=self.deadline_at,
            payload=payload,
            cause=self.cause,
            domain=self.domain,
        )
