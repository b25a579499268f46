"""Reports of the budget and of executors: each counts once, whatever comes twice, late or from nowhere."""

from __future__ import annotations

from dataclasses import replace

import pytest

from aiops.control.plan import saga_driver
from aiops.control.plan.reports import OUTCOME, budget_answered, step_observed, step_reported
from aiops.model.effects import ObserveStep, Publish, Release, RunStep
from aiops.model.events import StepObserved, StepReported
from aiops.model.handoffs import StepRequest
from aiops.model.plans import Observed, Plan, ReservationAnswer, StepOutcome, StepStatus
from aiops.model.prose import Prose
from aiops.model.refusals import RefusalKind
from remediations.saga_state import SagaState
from tests.unit.control.drafts import Desk, effects, ruling


def reserving() -> tuple[Desk, Plan, str]:
    """A plan that waits for its budget, and the key of the reservation."""
    desk = Desk()
    _, plan = desk.begun("web")
    (key,) = desk.state.sagas[plan.id].saga.reservations
    return desk, plan, key


def running() -> tuple[Desk, Plan, RunStep]:
    """A plan whose step is under way."""
    desk, plan, key = reserving()
    desk.do(budget_answered, ReservationAnswer(key, granted=True, token=1))
    (request,) = [r.handoff.payload for r in desk.state.handoffs.values() if isinstance(r.handoff.payload, StepRequest)]
    decision = desk.do(saga_driver.ruled, request, ruling(f"{plan.id}/restart/do"))
    (run,) = effects(decision, RunStep)
    assert isinstance(run, RunStep)
    return desk, plan, run


def outcome(run: RunStep, status: StepStatus = StepStatus.DONE, *, name: str = "", detail: str = "") -> StepReported:
    """An executor's report on a run."""
    found = StepOutcome(run.order.capability.key, status, 0, Prose(detail))
    return StepReported(id=name or f"{OUTCOME}{run.order.capability.id}", at=0, outcome=found)


def state(desk: Desk, plan: Plan) -> SagaState:
    """State of the plan's saga."""
    return desk.state.sagas[plan.id].saga.state


# -------------------------------------------------------------------------------------------------------- budget


def test_a_grant_lets_the_plan_ask_for_authority() -> None:
    """The question to the budget is answered, and nothing is given back."""
    desk, plan, key = reserving()
    decision = desk.do(budget_answered, ReservationAnswer(key, granted=True, token=1))
    assert state(desk, plan) is SagaState.AUTHORISING
    assert decision.effects_done == (key,)
    assert effects(decision, Release) == []


def test_a_refusal_ends_the_plan_and_is_told() -> None:
    """With the budget's own reason."""
    desk, plan, key = reserving()
    desk.do(budget_answered, ReservationAnswer(key, granted=False, reason=Prose("zone-a is spent")))
    assert state(desk, plan) is SagaState.FINISHED
    assert "budget: refuses: zone-a is spent" in desk.story("INC-1")


def test_a_grant_that_nobody_asked_for_is_given_back() -> None:
    """Its plan is gone, or it is forged: no budget is lost."""
    desk = Desk()
    decision = desk.do(budget_answered, ReservationAnswer("unknown", granted=True, token=9))
    assert [one.reservation for one in effects(decision, Release)] == ["unknown"]


def test_a_refusal_that_nobody_asked_for_is_nothing() -> None:
    """There is nothing to give back."""
    desk = Desk()
    assert desk.do(budget_answered, ReservationAnswer("unknown", granted=False)).effects == ()


def test_a_grant_that_comes_twice_is_kept_once() -> None:
    """The plan holds it: giving it back would take it away from a step under way."""
    desk, _, key = reserving()
    granted = ReservationAnswer(key, granted=True, token=1)
    desk.do(budget_answered, granted)
    assert effects(desk.do(budget_answered, granted), Release) == []


# ------------------------------------------------------------------------------------------------------- reports


def test_a_report_counts_once() -> None:
    """The second one is late; the step settles."""
    desk, plan, run = running()
    decision = desk.do(step_reported, outcome(run))
    assert state(desk, plan) is SagaState.SETTLING
    assert run.key in decision.effects_done
    assert desk.refused(step_reported, outcome(run)).kind is RefusalKind.LATE


def test_the_topic_of_actions_is_told_of_the_end() -> None:
    """With plan and status."""
    desk, plan, run = running()
    records = effects(desk.do(step_reported, outcome(run)), Publish)
    (data,) = [r.event["data"] for r in records if r.topic == desk.settings.topics.actions]
    assert (data["status"], data["plan"], data["incident"]) == ("done", plan.id, "INC-1")


def test_an_unknown_outcome_is_observed_and_may_be_reported_again() -> None:
    """The step may have happened: nothing is repeated before somebody has looked."""
    desk, plan, run = running()
    decision = desk.do(step_reported, outcome(run, StepStatus.UNKNOWN))
    assert len(effects(decision, ObserveStep)) == 1
    assert state(desk, plan) is SagaState.OBSERVING
    assert not desk.state.orders[run.order.capability.key].reported


def test_a_report_on_an_effect_that_was_never_ordered_is_refused() -> None:
    """An executor of another domain, or a forged one."""
    desk, _, run = running()
    stray = replace(run, order=replace(run.order, capability=replace(run.order.capability, key="other/step/do")))
    assert desk.refused(step_reported, outcome(stray)).kind is RefusalKind.UNKNOWN


@pytest.mark.parametrize("status", [StepStatus.FAILED, StepStatus.REFUSED, StepStatus.UNKNOWN])
def test_a_late_report_on_an_earlier_run_without_effect_is_old(status: StepStatus) -> None:
    """It says nothing of the run under way."""
    desk, plan, run = running()
    late = outcome(run, status, name=f"{OUTCOME}an-earlier-run")
    assert desk.refused(step_reported, late).kind is RefusalKind.OLD
    assert state(desk, plan) is SagaState.RUNNING


def test_a_late_report_on_an_earlier_run_with_effect_counts() -> None:
    """The effect is there, whichever run made it."""
    desk, plan, run = running()
    desk.do(step_reported, outcome(run, name=f"{OUTCOME}an-earlier-run"))
    assert state(desk, plan) is SagaState.SETTLING


def test_a_long_detail_is_cut_in_the_story() -> None:
    """An executor may answer with a page of HTML."""
    desk, _, run = running()
    desk.do(step_reported, outcome(run, StepStatus.FAILED, detail="x" * 5000))
    assert max(len(line) for line in desk.story("INC-1")) < 500


# -------------------------------------------------------------------------------------------------- observations


def seen(run: RunStep, observed: Observed, key: str = "") -> StepObserved:
    """What was seen of a run's effect."""
    return StepObserved(id="seen", at=0, key=key or run.order.capability.key, observed=observed)


def test_an_effect_that_is_seen_is_done() -> None:
    """The doubt is over."""
    desk, plan, run = running()
    desk.do(step_reported, outcome(run, StepStatus.UNKNOWN))
    decision = desk.do(step_observed, seen(run, Observed.DONE))
    assert state(desk, plan) is SagaState.SETTLING
    assert decision.effects_done == (f"observe/{run.order.capability.id}",)


def test_an_effect_that_is_not_seen_is_tried_again_under_authority() -> None:
    """Or given up: it never runs a second time without a question to oversight."""
    desk, plan, run = running()
    desk.do(step_reported, outcome(run, StepStatus.UNKNOWN))
    desk.wait(26)
    decision = desk.do(step_observed, seen(run, Observed.NOT_DONE))
    assert effects(decision, RunStep) == []
    assert state(desk, plan) in {SagaState.AUTHORISING, SagaState.RESERVING, SagaState.FINISHED}


def test_an_observation_that_nobody_waits_for_moves_no_plan() -> None:
    """The step runs; the story keeps what was seen."""
    desk, plan, run = running()
    desk.do(step_observed, seen(run, Observed.DONE))
    assert state(desk, plan) is SagaState.RUNNING
    assert desk.story("INC-1")[-1] == f"executor: {run.order.capability.key} is done"


def test_an_observation_of_an_unknown_effect_is_refused() -> None:
    """No order has this key."""
    desk, _, run = running()
    assert desk.refused(step_observed, seen(run, Observed.DONE, "other")).kind is RefusalKind.UNKNOWN
