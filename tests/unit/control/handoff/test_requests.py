"""The form of a handoff that the orchestrator sends."""

from __future__ import annotations

import pytest

from aiops.control.handoff.requests import RequestContext
from aiops.model.codec import decode, encode
from aiops.model.handoffs import DiagnoseRequest, Handoff, Intent, Role

CONTEXT = RequestContext("INC-1", "ep-7", context_version=4, at=100, deadline_at=900, domain="eu")


def test_a_request_rests_on_its_context() -> None:
    """Each fact of it is in the handoff, under its own name."""
    found = CONTEXT.request("INC-1/diagnose/1", Role.ANALYSIS, DiagnoseRequest(), intent=Intent.DIAGNOSE)
    assert (found.id, found.work_item, found.context_version) == ("INC-1/diagnose/1", "INC-1", 4)
    assert (found.at, found.deadline_at, found.domain) == (100, 900, "eu")
    assert (found.cause, found.evidence) == ("ep-7", ("ep-7",))


@pytest.mark.parametrize("intent", Intent)
def test_its_reason_names_the_intent_and_the_cause(intent: Intent) -> None:
    """The sender is the orchestrator, which is sure of what it asks."""
    found = CONTEXT.request("h", Role.ROUTING, DiagnoseRequest(), intent=intent)
    assert found.reasoning == (f"{intent.value} follows from [ep-7]",)
    assert (found.sender, found.to, found.intent, found.confidence) == (Role.ORCHESTRATOR, Role.ROUTING, intent, 1.0)


def test_a_request_is_read_back_as_it_was_written() -> None:
    """From the log, by the next leader."""
    found = CONTEXT.request("h", Role.ANALYSIS, DiagnoseRequest(), intent=Intent.DIAGNOSE)
    assert decode(Handoff, encode(found)) == found
