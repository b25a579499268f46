"""What becomes of a plan that oversight ruled on: begun, approved first, held, or given to a person."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from aiops.control.incident.membership import join
from aiops.control.plan.proposals import consider, give_to_person
from aiops.model.effects import Effect, Reserve, SendPage
from aiops.model.episodes import Source
from aiops.model.incidents import IncidentState
from aiops.model.pages import EscalationCause, PageReason
from aiops.model.plans import Oversight
from aiops.model.prose import Prose
from tests.unit.control.drafts import Desk, effects, ruling
from tests.unit.control.fakes import SECOND, episode


def decided(level: Oversight, desk: Desk | None = None, **fields: Any) -> tuple[Desk, tuple[Effect, ...]]:
    """A plan on which oversight ruled, and what follows."""
    desk = desk or Desk()
    name = desk.incident("web", state=IncidentState.DECIDING)
    plan = desk.plan(name)
    return desk, desk.do(consider, name, plan, ruling=ruling(plan.id, level, **fields)).effects


def test_an_unattended_plan_begins_with_its_budget() -> None:
    """Nobody is paged."""
    desk, found = decided(Oversight.UNATTENDED)
    assert desk.stated("INC-1") == "acting"
    assert [effect.type for effect in found if isinstance(effect, Reserve | SendPage)] == ["reserve"]
    assert "oversight: permits restart unattended: the rule" in desk.story("INC-1")


@pytest.mark.parametrize(
    ("level", "who"),
    [(Oversight.ONE_APPROVER, "one person approves"), (Oversight.TWO_APPROVERS, "two people approve")],
)
def test_a_plan_that_needs_approval_waits_and_says_of_whom(level: Oversight, who: str) -> None:
    """The page shows what would be done, why, and the command that approves this plan on this knowledge."""
    desk, found = decided(level)
    (sent,) = [effect for effect in found if isinstance(effect, SendPage)]
    assert desk.stated("INC-1") == "awaiting-approval"
    assert f"restart web (a crash is healed by a restart), and waits until {who}: the rule." in sent.page.asks
    version = desk.state.incidents["INC-1"].context_version
    assert f"`aiops approve INC-1 --seen INC-1/p/plan@{version}`" in sent.page.asks


def test_a_forbidden_plan_is_a_person_s() -> None:
    """The page names the rule."""
    desk, found = decided(Oversight.FORBIDDEN)
    (sent,) = [effect for effect in found if isinstance(effect, SendPage)]
    assert sent.page.key == "INC-1/forbidden/0"
    assert "Policy forbids restart: the rule." in sent.page.asks
    assert desk.state.sagas == {}


def test_a_plan_outside_its_window_is_held_until_the_window_opens() -> None:
    """The hold counts before the level: nobody is asked at night for what may not run before the morning."""
    desk = Desk()
    desk, found = decided(Oversight.ONE_APPROVER, desk, hold_until=desk.at + 3600 * SECOND)
    assert desk.stated("INC-1") == "held-for-window"
    assert desk.due_in("deadline/INC-1") == 3600.0
    assert not [effect for effect in found if isinstance(effect, SendPage)]


def test_a_window_that_opens_in_the_past_is_looked_at_in_a_second() -> None:
    """A ruling may arrive late; the timer is never in the past."""
    desk = Desk()
    desk, _ = decided(Oversight.UNATTENDED, desk, hold_until=desk.at - SECOND)
    assert desk.due_in("deadline/INC-1") == 1.0


def test_shadow_mode_asks_nobody() -> None:
    """The story says who would have been asked, and what would have been done."""
    desk = Desk()
    name = desk.incident("web", state=IncidentState.DECIDING)
    desk.change(name, shadow=True)
    plan = desk.plan(name)
    decision = desk.do(consider, name, plan, ruling=ruling(plan.id, Oversight.TWO_APPROVERS))
    assert effects(decision, SendPage) == []
    assert "orchestrator: shadow mode: would ask for two-approvers to restart web" in desk.story(name)


def test_the_approvals_of_an_earlier_plan_do_not_count() -> None:
    """Each plan is approved by itself, on what is known now."""
    desk = Desk()
    name = desk.incident("web", state=IncidentState.DECIDING)
    desk.work(name, approvals=("ann",))
    plan = desk.plan(name)
    desk.do(consider, name, plan, ruling=ruling(plan.id, Oversight.TWO_APPROVERS))
    work = desk.state.work[name]
    assert (work.approvals, work.proposed, work.basis) == ((), plan, desk.state.incidents[name].context_version)


# ------------------------------------------------------------------------------------------------ plans that do not fit


def refused(desk: Desk, name: str, **fields: Any) -> str:
    """The request on the page of a plan that was permitted and is not begun."""
    plan = replace(desk.plan(name), **fields)
    decision = desk.do(consider, name, plan, ruling=ruling(plan.id))
    (sent,) = effects(decision, SendPage)
    assert sent.page.key.startswith(f"{name}/plan-refused")
    assert effects(decision, Reserve) == []
    return str(sent.page.asks)


@pytest.mark.parametrize(
    ("fields", "why"),
    [({"work_item": "INC-9"}, "it belongs to INC-9"), ({"steps": ()}, "it has no steps")],
)
def test_a_plan_of_another_incident_or_of_nothing_is_not_begun(fields: dict[str, Any], why: str) -> None:
    """Resolution may be wrong, whatever oversight permits."""
    desk = Desk()
    name = desk.incident("web", state=IncidentState.DECIDING)
    assert why in refused(desk, name, **fields)


def test_a_plan_whose_id_was_used_is_not_begun_again() -> None:
    """Its keys would be those of effects that happened."""
    desk = Desk()
    _, plan = desk.begun("web")
    other = desk.incident("shop", state=IncidentState.DECIDING)
    assert f"a plan {plan.id} was begun before" in refused(desk, other, id=plan.id)


def test_no_plan_is_begun_after_the_last_attempt() -> None:
    """One less is permitted."""
    desk = Desk()
    name = desk.incident("web", state=IncidentState.DECIDING)
    desk.change(name, attempts=desk.settings.control.max_attempts)
    assert "2 plans were tried already" in refused(desk, name)


def test_what_only_tickets_report_is_not_acted_on() -> None:
    """Text from outside starts no action; one signal of our own does."""
    desk = Desk()
    name = desk.incident(state=IncidentState.DECIDING)
    desk.do(join, name, replace(episode("web", desk.at), source=Source.TICKET))
    assert "only tickets or the runtime itself report the incident" in refused(desk, name)


def test_the_runtime_does_not_act_on_itself() -> None:
    """Its own incidents are a person's."""
    desk = Desk()
    name = desk.incident("aiops-runtime", state=IncidentState.DECIDING)
    desk.work(name, topic="disk")
    assert "only tickets or the runtime itself" in refused(desk, name)


def test_a_person_is_told_how_to_stop_the_pages() -> None:
    """With the incident's own name in the command."""
    desk = Desk()
    name = desk.incident("web")
    reason = PageReason(EscalationCause.NO_PLAN)
    (sent,) = effects(desk.do(give_to_person, name, reason, because=Prose("No runbook fits.")), SendPage)
    assert sent.page.asks == (
        "No runbook fits. Please take it from here; `aiops acknowledge INC-1` stops further pages."
    )
