"""Which reviews an agent's answer will lead to, so that whoever asks agents can ask oversight at once.

The orchestrator shows every answer to oversight before it takes effect. Asked for by the orchestrator alone, that costs
a commit between the answer and the question about it. A review is a question and no effect: it changes nothing in the
world, and its answer counts only if the orchestrator asks for exactly that review when it sees the answer. So it may be
asked before, and both answers are decided in one transaction, in the order in which they would have come.
"""

from __future__ import annotations

from typing import Final

from aiops.agents.view import AgentView
from aiops.control.handoff.channels import objection
from aiops.control.state.store import SECOND
from aiops.model.handoffs import Handoff, Intent, ReviewRequest, Role
from aiops.model.prose import Prose

ANSWERS: Final = 8
"""Answers to one handoff at most; further ones are not looked at."""
FRESH: Final = SECOND
"""A view that is older than this, ns, is not good enough for a review: the orchestrator asks with a new one."""


def review_of(answer: Handoff) -> str:
    """Id of the handoff that shows ``answer`` to oversight."""
    return f"review/{answer.id}"


def reviews(request: Handoff, answers: tuple[Handoff, ...], view: AgentView, *, at: int) -> tuple[Handoff, ...]:
    """What oversight will be asked about these answers to ``request``, which was shown ``view``.

    Empty when nothing will be asked, or when it cannot be known yet.
    """
    if request.to is Role.OVERSIGHT or at - view.at > FRESH:
        return ()
    event = f"answer/{request.id}"
    return tuple(
        Handoff(
            id=review_of(answer),
            work_item=request.work_item,
            sender=Role.ORCHESTRATOR,
            to=Role.OVERSIGHT,
            intent=Intent.REVIEW,
            confidence=1.0,
            reasoning=(Prose(f"{Intent.REVIEW.value} follows from [{event}]"),),
            evidence=(event,),
            context_version=view.incident.context_version,
            at=at,
            deadline_at=request.deadline_at,
            payload=ReviewRequest(answer),
            cause=event,
            domain=request.domain,
        )
        for answer in answers[:ANSWERS]
        if objection(answer, request) is None
    )
