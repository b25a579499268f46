"""Formal errors that oversight finds before it asks the policies: in handoffs, plans and steps."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiops.agents.objections import (
    MAY_SEND,
    MOST_SECONDS,
    MOST_STEPS,
    wrong_with_handoff,
    wrong_with_plan,
    wrong_with_step,
)
from aiops.agents.view import AgentView
from aiops.model.handoffs import Handoff, Intent, MergeProposed, Role, StepRequest
from aiops.model.incidents import IncidentState, Line
from aiops.model.plans import Action, BlastRadius, Plan, Step, StepDirection
from aiops.model.prose import Prose
from aiops.model.reports import Change, Ticket
from tests.unit.agents.faulty_estate import NOW, diagnosis, handoff, view

SECOND = 1_000_000_000


def shown(**fields: Any) -> Handoff:
    """A proposal of analysis on the estate's incident, in order."""
    values: dict[str, Any] = {"sender": Role.ANALYSIS, "to": Role.ORCHESTRATOR} | fields
    return handoff(MergeProposed("inc-2"), values.pop("intent", Intent.MERGE), **values)


def step(name: str = "s1", target: str = "cart", **fields: Any) -> Step:
    """A scale of an item, which can be undone."""
    values: dict[str, Any] = {
        "action": Action("scale", target, {"replicas": 4}),
        "undo": Action("scale", target, {"replicas": 3}),
        "blast": BlastRadius({"zone-a": 0.2}, (target, "web")),
    } | fields
    return Step(name, **values)


def plan(*steps: Step, **fields: Any) -> Plan:
    """A plan of the incident."""
    values: dict[str, Any] = {"work_item": "inc-1"} | fields
    return Plan(
        "p", runbook="scale-out", steps=steps or (step(),), symptom="cart", neighbours=("web",),
        reason=Prose("busy"), expected=Prose("calm"), **values,
    )  # fmt: skip


def of_handoff(given_: Handoff, seen: AgentView | None = None) -> list[str]:
    """What is wrong with a handoff."""
    return [str(one) for one in wrong_with_handoff(given_, seen or view())]


def of_plan(given_: Plan) -> list[str]:
    """What is wrong with a plan."""
    return [str(one) for one in wrong_with_plan(given_, view())]


# -------------------------------------------------------------------------------------------------------- handoffs


def test_a_handoff_in_order_has_nothing_wrong() -> None:
    """Its evidence is an episode of the incident."""
    assert of_handoff(shown()) == []


@pytest.mark.parametrize("sender", Role)
@pytest.mark.parametrize("intent", Intent)
def test_each_role_may_say_its_own_and_nothing_else(sender: Role, intent: Intent) -> None:
    """Oversight and the orchestrator are shown to nobody."""
    told = of_handoff(shown(sender=sender, intent=intent))
    allowed = intent in MAY_SEND.get(sender, ())
    assert (f"{sender} may not send the intent {intent}" in told) is not allowed


@pytest.mark.parametrize("field", ["id", "work_item", "cause"])
def test_an_empty_field_is_an_error(field: str) -> None:
    """Nobody could say later what it was about."""
    assert "it lacks an id, a work item or a cause" in of_handoff(shown(**{field: ""}))


@given(st.floats())
def test_confidence_is_a_share(confidence: float) -> None:
    """Any other number is an error, also one that is none."""
    assert any("confidence" in one for one in of_handoff(shown(confidence=confidence))) is not (0 <= confidence <= 1)


@pytest.mark.parametrize("reasoning", [(), ("",), ("  \n",), ("because", "")])
def test_reasoning_has_words_in_each_sentence(reasoning: tuple[str, ...]) -> None:
    """An agent that cannot say why may not act."""
    assert of_handoff(shown(reasoning=reasoning)) == ["it gives no reasoning"]


@pytest.mark.parametrize(("deadline", "late"), [(NOW - 1, True), (NOW, False)])
def test_a_deadline_that_has_passed_is_an_error(deadline: int, late: bool) -> None:  # noqa: FBT001 (a parameter)
    """The moment itself has not."""
    assert of_handoff(shown(deadline_at=deadline)) == ["its deadline has passed"] * late


def test_a_merged_incident_is_spoken_of_by_its_new_name() -> None:
    """The agent looked at an old view."""
    seen = view(incident={"state": IncidentState.MERGED, "merged_into": "inc-9"})
    assert of_handoff(shown(), seen) == ["inc-1 was merged into inc-9"]


# -------------------------------------------------------------------------------------------------------- evidence


def test_a_claim_without_evidence_is_an_error() -> None:
    """However good it sounds."""
    assert of_handoff(shown(evidence=())) == ["it names no evidence"]


def test_invented_evidence_is_an_error() -> None:
    """The first one that does not exist is named."""
    told = of_handoff(shown(evidence=("cart@1", "cart@2", "graph:nowhere")))
    assert told == ["evidence cart@2 does not exist"]


@pytest.mark.parametrize("name", ["cart@1", "c-7", "t-7", "line-7", "h/route", "h", "inc-1", "graph:cart"])
def test_whatever_the_agent_was_shown_is_evidence(name: str) -> None:
    """Episodes, changes, tickets, the story, what led to the handoff, items of the graph."""
    seen = view(
        changes=(Change("c-7", "cart", NOW, "deploy"),),
        tickets=(Ticket("t-7", NOW, Prose("slow")),),
        incident={"story": (Line(NOW, "ann", Prose("looked"), "line-7"),)},
    )
    assert of_handoff(shown(evidence=(name,)), seen) == []


@pytest.mark.parametrize("name", ["graph:", "graph", "cart", "", "h/plan", "/", "GRAPH:cart"])
def test_a_name_that_only_resembles_one_is_no_evidence(name: str) -> None:
    """Not a part of an id, and no item without its mark."""
    assert of_handoff(shown(evidence=(name,))) == [f"evidence {name} does not exist"]


def test_evidence_of_the_diagnosis_counts_after_its_episode_is_gone() -> None:
    """It was there when the cause was found."""
    seen = view(diagnosis(root="search"), episodes=())
    assert of_handoff(shown(evidence=("search@1",)), seen) == []


# ----------------------------------------------------------------------------------------------------------- plans


def test_a_plan_in_order_has_nothing_wrong() -> None:
    """Two steps with ids of their own."""
    assert of_plan(plan(step("a"), step("b", "search", blast=BlastRadius({}, ("search",))))) == []


def test_a_plan_of_another_incident_is_an_error() -> None:
    """It rests on other facts."""
    assert of_plan(plan(work_item="inc-2")) == ["the plan belongs to inc-2, not to inc-1"]


@pytest.mark.parametrize(("count", "good"), [(0, False), (1, True), (MOST_STEPS, True), (MOST_STEPS + 1, False)])
def test_a_plan_has_some_steps_and_not_many(count: int, good: bool) -> None:  # noqa: FBT001 (a parameter)
    """A plan of many steps is no repair."""
    steps = tuple(step(f"s{number}") for number in range(count))
    told = [str(one) for one in wrong_with_plan(replace(plan(), steps=steps), view())]
    assert (told == []) is good


def test_two_steps_of_one_id_are_an_error() -> None:
    """Their effects would have one key: the second would never run."""
    assert of_plan(plan(step(), step())) == ["two steps have one id"]


@pytest.mark.parametrize("undo", [Action("scale", "search"), Action("restart", "cart")])
def test_an_undo_of_something_else_is_an_error(undo: Action) -> None:
    """It would be a second action under the name of the first."""
    assert of_plan(plan(step(undo=undo))) == ["step s1: its undo has another target or primitive"]


def test_a_temporary_change_that_cannot_be_reversed_is_an_error() -> None:
    """It would not be temporary."""
    told = of_plan(plan(step(undo=None, reverse_after_seconds=60.0)))
    assert told == ["step s1: a temporary change needs an undo"]


@given(st.floats())
def test_a_step_has_an_hour_at_most(seconds: float) -> None:
    """And more than no time; no number is no time."""
    assert (of_plan(plan(step(timeout_seconds=seconds))) == []) is (0 < seconds <= MOST_SECONDS)


# ------------------------------------------------------------------------------------------------------------ harm


def test_the_blast_radius_contains_the_target() -> None:
    """Else nobody reckoned with its loss."""
    told = of_plan(plan(step(blast=BlastRadius({"zone-a": 0.1}, ("web",)))))
    assert told == ["the blast radius of scale cart is not stated"]


@given(st.floats())
def test_harm_is_a_share(share: float) -> None:
    """Whatever it is of."""
    told = of_plan(plan(step(blast=BlastRadius({"value": share}, ("cart",)))))
    assert (told == []) is (0 <= share <= 1)


def test_a_target_that_nobody_knows_is_an_error() -> None:
    """Nobody knows either who needs it."""
    action = Action("scale", "nowhere")
    told = of_plan(plan(step(target="nowhere", action=action, undo=None)))
    assert told == ["nowhere is not in the graph: the items that need it are not known"]


# ----------------------------------------------------------------------------------------------------------- steps


def request(direction: StepDirection = StepDirection.DO, of: str = "p") -> StepRequest:
    """The step before it runs."""
    one = step()
    return StepRequest(of, one.id, one.action, direction, one.blast, (), NOW)


def of_step(asked: StepRequest, **fields: Any) -> list[str]:
    """What is wrong with a step of the incident's plan p."""
    seen = view(**({"incident": {"plan": "p"}} | fields))
    return [str(one) for one in wrong_with_step(asked, seen)]


def test_a_step_of_the_present_plan_may_run() -> None:
    """In both directions."""
    assert of_step(request()) == of_step(request(StepDirection.UNDO)) == []


def test_nothing_runs_during_a_halt() -> None:
    """No undo either."""
    for direction in StepDirection:
        assert of_step(request(direction), halted=True) == ["all actions are halted"]


def test_a_step_of_an_older_plan_does_not_run_and_is_undone() -> None:
    """What it left may be taken back after the incident has another plan."""
    assert of_step(request(of="old")) == ["old is not the plan of inc-1 now"]
    assert of_step(request(StepDirection.UNDO, of="old")) == []
