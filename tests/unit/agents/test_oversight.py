from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from aiops.adapters.bundle.loading import load_policies, load_runbooks, load_windows
from aiops.agents.oversight import OversightAgent
from aiops.agents.resolution import ResolutionAgent
from aiops.agents.view import AgentView
from aiops.model.diagnoses import Diagnosis
from aiops.model.entities import Criticality
from aiops.model.episodes import Source
from aiops.model.handoffs import (
    Diagnosed,
    Escalated,
    Handoff,
    Intent,
    Planned,
    ReviewRequest,
    Role,
    Ruling,
    StepRequest,
)
from aiops.model.incidents import IncidentState
from aiops.model.plans import Action, BlastRadius, Oversight, Plan, StepDirection
from aiops.settings import Settings
from remediations.policy import PolicySet
from remediations.windows import Problem, Windows
from tests.unit.agents.faulty_estate import ITEMS, NOW, S, diagnosis, episode, handoff, routed, view

DEFAULT_BUNDLE = Path(__file__).parents[3] / "remediations" / "default_bundle"
POLICIES = load_policies(DEFAULT_BUNDLE / "policies")
AGENT = OversightAgent(POLICIES, Windows())
RESOLUTION = ResolutionAgent(Settings(), load_runbooks(DEFAULT_BUNDLE / "runbooks"))


def planned(found: Diagnosis | None = None, seen: AgentView | None = None) -> Handoff:
    found = found or diagnosis()
    (one,) = RESOLUTION.handle(routed(found, *load_runbooks(DEFAULT_BUNDLE / "runbooks").runbooks), seen or view(found))
    assert isinstance(one.payload, Planned)
    return one


def ruling(agent: OversightAgent, request: Handoff, seen: AgentView) -> Ruling:
    (one,) = agent.handle(request, seen)
    assert (one.sender, one.to, one.intent) == (Role.OVERSIGHT, Role.ORCHESTRATOR, Intent.RULE)
    assert one.reasoning
    assert isinstance(one.payload, Ruling)
    assert one.payload.reasons
    return one.payload


def review(shown: Handoff, seen: AgentView | None = None, agent: OversightAgent = AGENT) -> Ruling:
    asked = {"id": f"review/{shown.id}", "sender": Role.ORCHESTRATOR, "to": Role.OVERSIGHT}
    request = handoff(ReviewRequest(shown), Intent.REVIEW, **asked)
    found = ruling(agent, request, seen or view())
    assert found.subject == shown.id
    return found


def with_plan(shown: Handoff, **fields: Any) -> Handoff:
    assert isinstance(shown.payload, Planned)
    return replace(shown, payload=Planned(replace(shown.payload.plan, **fields)))


def plan_in(shown: Handoff) -> Plan:
    assert isinstance(shown.payload, Planned)
    return shown.payload.plan


def test_gentle_plan_is_permitted_unattended_with_its_proof() -> None:
    """The ruling carries the tier, the policies, their digest and the full request."""
    found = review(planned())
    assert (found.permitted, found.level, found.policies) == (True, Oversight.UNATTENDED, ("gentle-unattended",))
    assert found.digest == POLICIES.digest
    (request,) = json.loads(found.request)
    assert request["request"]["resource"]["id"] == "cart"


def test_critical_target_needs_an_approver() -> None:
    """The same on a critical item waits for a person."""
    found = diagnosis(root="web")
    seen = view(found, (episode("web"),))
    assert review(planned(found, seen), seen).level is Oversight.ONE_APPROVER


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"reasoning": ()}, "no reasoning"),
        ({"evidence": ()}, "no evidence"),
        ({"evidence": ("invented",)}, "evidence invented does not exist"),
        ({"evidence": ("graph:moon",)}, "evidence graph:moon does not exist"),
        ({"confidence": 1.5}, "confidence 1.5"),
        ({"confidence": float("nan")}, "confidence nan"),
        ({"deadline_at": NOW - 1}, "deadline"),
        ({"cause": ""}, "lacks an id"),
        ({"sender": Role.TRIAGE}, "may not send"),
        ({"sender": Role.MONITORING}, "may not send"),
    ],
)
def test_incomplete_or_unfounded_handoffs_are_vetoed(change: dict[str, Any], told: str) -> None:
    """Each thing a handoff must be is checked, and the refusal says which it was not."""
    found = review(replace(planned(), **change))
    assert not found.permitted
    assert any(told in reason for reason in found.reasons)


def test_plans_are_checked() -> None:
    """Steps, primitives, blast radius, undo and the work item."""
    shown = planned()
    step = plan_in(shown).steps[0]
    other = replace(step, id="b", action=Action("explode", "cart"))
    for fields, told in (
        ({"steps": ()}, "1 to 10 steps"),
        ({"steps": (step, step)}, "one id"),
        ({"steps": (other,)}, "no primitive explode"),
        ({"steps": (replace(step, blast=BlastRadius({}, ())),)}, "not stated"),
        ({"steps": (replace(step, blast=BlastRadius({"zone-a": 7.0}, ("cart",))),)}, "not a share"),
        ({"steps": (replace(step, undo=Action("restart", "web")),)}, "another target"),
        ({"steps": (replace(step, reverse_after_seconds=9.0),)}, "needs an undo"),
        ({"work_item": "inc-9"}, "belongs to inc-9"),
    ):
        found = review(with_plan(shown, **fields))
        assert not found.permitted
        assert any(told in reason for reason in found.reasons), found.reasons


def test_halt_breakers_stale_evidence_and_tickets_forbid() -> None:
    """What the view says of this moment decides."""
    shown = planned()
    stale = (episode(watermark=NOW - 200 * S),)
    for seen, policy in (
        (view(halted=True), "halted"),
        (view(breakers_open=frozenset({"target:cart"})), "breaker-open"),
        (view(breakers_open=frozenset({"global"})), "breaker-open"),
        (view(episodes=stale), "stale-evidence"),
        (view(episodes=(episode(source=Source.TICKET),)), "ticket-only"),
    ):
        found = review(shown, seen)
        assert (found.permitted, found.level) == (False, Oversight.FORBIDDEN)
        assert policy in found.policies


def test_how_old_evidence_may_be_is_a_setting() -> None:
    """The same evidence is fresh for one and stale for another; policies are told the figure."""
    old = view(episodes=(episode(watermark=NOW - 200 * S),))
    assert review(planned(), old, OversightAgent(POLICIES, Windows(), 300.0)).permitted
    found = review(planned(), view(), OversightAgent(POLICIES, Windows(), 4.0))
    assert "stale-evidence" in found.policies
    assert '"evidence_limit_seconds":4' in found.request


def test_one_stale_source_among_fresh_ones_is_borne() -> None:
    """The newest evidence counts: a crashed item falls silent, its callers do not."""
    assert review(planned(), view(episodes=(episode(watermark=NOW - 500 * S), episode("web")))).permitted


def test_freeze_holds_until_it_ends(tmp_path: Path) -> None:
    """What only a window forbids is held with its end and its tier; a broken calendar forbids without end."""
    (tmp_path / "f.ics").write_text(
        "BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//t//t//EN\nBEGIN:VEVENT\nUID:1\nDTSTAMP:20230101T000000Z\n"
        "DTSTART:20231114T000000Z\nDTEND:20231115T000000Z\nSUMMARY:release\nEND:VEVENT\nEND:VCALENDAR\n"
    )
    frozen = OversightAgent(POLICIES, load_windows(tmp_path))
    found = review(planned(), agent=frozen)
    assert (found.permitted, found.level) == (False, Oversight.UNATTENDED)
    assert found.hold_until == 1_700_006_400 * S
    assert review(planned(), view(halted=True), frozen).hold_until is None
    broken = OversightAgent(POLICIES, Windows(problems=(Problem("x.ics", 1, "broken"),)))
    found = review(planned(), agent=broken)
    assert (found.permitted, found.hold_until) == (False, None)


def test_no_policy_no_action_but_pages() -> None:
    """Without policies every plan is forbidden, and every page passes."""
    none = OversightAgent(PolicySet(), Windows())
    assert not review(planned(), agent=none).permitted
    (page,) = RESOLUTION.handle(routed(diagnosis(unknown=True)), view())
    assert isinstance(page.payload, Escalated)
    assert review(replace(page, reasoning=(), evidence=()), view(halted=True), none).permitted


def test_nonsense_diagnosis_is_vetoed() -> None:
    """Probabilities must add up."""
    shown = handoff(Diagnosed(replace(diagnosis(), p_unknown=0.9)), Intent.ROUTE, sender=Role.ANALYSIS)
    assert not review(shown).permitted
    good = handoff(Diagnosed(diagnosis()), Intent.ROUTE, sender=Role.ANALYSIS)
    assert review(good).permitted
    assert not review(good, view(incident={"state": IncidentState.MERGED, "merged_into": "inc-0"})).permitted


def ask(seen: AgentView, direction: StepDirection = StepDirection.DO, **fields: Any) -> Ruling:
    step = plan_in(planned()).steps[0]
    values: dict[str, Any] = {
        "plan": "inc-1-p1",
        "step": step.id,
        "action": step.action,
        "direction": direction,
        "blast": step.blast,
        "approvals": (),
        "evidence_at": NOW - 10 * S,
    } | fields
    asked = {"id": "a", "sender": Role.ORCHESTRATOR, "to": Role.OVERSIGHT}
    request = handoff(StepRequest(**values), Intent.AUTHORISE, **asked)
    found = ruling(AGENT, request, seen)
    assert found.subject == f"inc-1-p1/{step.id}/{direction}"
    return found


def acting(**fields: Any) -> AgentView:
    incident = {"plan": "inc-1-p1", "attempts": 1, "state": IncidentState.ACTING} | fields.pop("incident", {})
    return view(incident=incident, **fields)


def test_step_is_asked_anew_with_the_facts_of_now() -> None:
    """Permitted as planned; then each thing that changed since forbids it."""
    assert ask(acting()).permitted
    assert not ask(acting(halted=True)).permitted
    assert not ask(acting(breakers_open=frozenset({"action:restart"}))).permitted
    assert not ask(acting(incident={"plan": "inc-1-p2"})).permitted
    assert not ask(acting(), blast=BlastRadius({}, ())).permitted
    assert not ask(acting(), action=Action("restart", "cart", {"odd": 1})).permitted


def test_missing_approvals_veto_a_step() -> None:
    """A critical target's step needs as many approvals as its tier says."""
    seen = acting()
    items = {item.id: replace(item, criticality=Criticality.CRITICAL) for item in ITEMS}
    seen = replace(seen, items=items)
    assert "1 approval(s) are missing" in ask(seen).reasons
    assert ask(seen, approvals=("kim",)).permitted


def test_undo_passes_breakers_and_old_evidence_but_not_a_halt() -> None:
    """Undo is held by a halt and a security hold only."""
    old = (episode(watermark=NOW - 900 * S),)
    seen = acting(breakers_open=frozenset({"global"}), episodes=old)
    assert ask(seen, StepDirection.UNDO, evidence_at=1).permitted
    assert not ask(replace(seen, halted=True), StepDirection.UNDO).permitted
    held = replace(ITEMS[2], attributes={"security_hold": "yes"})
    assert not ask(replace(seen, items={**seen.items, "cart": held}), StepDirection.UNDO).permitted


def test_other_handoffs_are_nothing_to_it() -> None:
    """Oversight answers REVIEW and AUTHORISE only."""
    assert AGENT.handle(planned(), view()) == ()
