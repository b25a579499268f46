"""Predicts the reviews of an agent's answer, so that the driver can send them to oversight before the commit.

Oversight reviews every answer before it takes effect. If only the orchestrator requested reviews, each would cost a
commit between the answer and its review. A review changes nothing outside, and its ruling counts only if the
orchestrator requests exactly this review when it handles the answer. So the driver may send the review early. Both
answers are then decided in one transaction, in their usual order.
"""

from __future__ import annotations

from typing import Final

from aiops.agents.view import AgentView
from aiops.control.handoff.channels import objection
from aiops.control.handoff.requests import RequestContext
from aiops.model.durations import SECOND
from aiops.model.handoffs import Handoff, Intent, ReviewRequest, Role

ANSWERS: Final = 8
"""Most answers to one handoff; further ones are ignored."""
FRESH: Final = SECOND
"""Greatest age of a view for an early review, ns; with an older view the orchestrator requests the review itself."""


def review_of(answer: Handoff) -> str:
    """Id of the handoff in which oversight reviews ``answer``."""
    return f"review/{answer.id}"


def reviews(request: Handoff, answers: tuple[Handoff, ...], view: AgentView, *, at: int) -> tuple[Handoff, ...]:
    """The reviews of these answers to ``request``, whose receiver got ``view``.

    Empty if no review will be requested, or if that is not known yet.
    """
    if request.to is Role.OVERSIGHT or at - view.at > FRESH:
        return ()
    context = RequestContext(
        request.work_item,
        f"answer/{request.id}",
        view.incident.context_version,
        at=at,
        deadline_at=request.deadline_at,
        domain=request.domain,
    )
    return tuple(
        context.request(review_of(answer), Role.OVERSIGHT, ReviewRequest(answer), intent=Intent.REVIEW)
        for answer in answers[:ANSWERS]
        if objection(answer, request) is None
    )
