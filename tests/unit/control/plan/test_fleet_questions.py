"""The question that verifies a plan: of whom, over which window, compared with which time before."""

from __future__ import annotations

from dataclasses import replace

import pytest

from aiops.control.plan.fleet_questions import BASELINE_GAP_SECONDS, BASELINE_SECONDS, ask_fleet, opening_signals
from aiops.model.effects import AskFleet
from aiops.model.episodes import Signal, SignalDirection, Source
from aiops.model.plans import Action, Plan
from aiops.model.telemetry import FleetQuestion, OpeningSignal
from tests.unit.control.drafts import Desk, effects
from tests.unit.control.fakes import SECOND, START


def begun(**fields: object) -> tuple[Desk, Plan]:
    """A plan under way that settles for 5 seconds and is verified over 10."""
    desk = Desk()
    _, plan = desk.begun("web", **fields)
    return desk, plan


def asked(desk: Desk, plan: Plan, since: int, lag: int = 0) -> FleetQuestion:
    """What is asked after the last step took effect at ``since``."""
    record = replace(desk.state.sagas[plan.id], lag=lag)
    (found,) = effects(desk.do(ask_fleet, record, since), AskFleet)
    assert isinstance(found, AskFleet)
    return found.question


def test_the_window_begins_when_the_effect_has_settled() -> None:
    """And is as long as the plan says."""
    desk, plan = begun()
    question = asked(desk, plan, START)
    assert (question.from_at, question.to_at) == (START + 5 * SECOND, START + 15 * SECOND)


def test_the_slowest_step_sets_the_settle_time() -> None:
    """The last step may be quick where the first one is not."""
    desk, plan = begun()
    (one,) = plan.steps
    slow = replace(plan, steps=(replace(one, settle_seconds=40.0), replace(one, id="second")))
    saga = replace(desk.state.sagas[plan.id].saga, plan=slow)
    record = replace(desk.state.sagas[plan.id], saga=saga)
    (found,) = effects(desk.do(ask_fleet, record, START), AskFleet)
    assert found.question.from_at == START + 40 * SECOND


def test_a_later_check_looks_at_the_newest_window() -> None:
    """Healing may take longer than one window."""
    desk, plan = begun()
    desk.wait(60)
    question = asked(desk, plan, START)
    assert question.to_at == desk.at
    assert question.from_at == desk.at - 10 * SECOND


def test_sources_that_are_behind_are_asked_about_what_they_have_seen() -> None:
    """The window ends that long before now."""
    desk, plan = begun()
    desk.wait(60)
    assert asked(desk, plan, START, lag=7 * SECOND).to_at == desk.at - 7 * SECOND


def test_a_lag_longer_than_the_plan_never_moves_the_window_before_the_effect() -> None:
    """What was before the restart says nothing of it."""
    desk, plan = begun()
    desk.wait(20)
    assert asked(desk, plan, START, lag=3600 * SECOND).from_at == START + 5 * SECOND


def test_symptom_targets_and_neighbours_are_asked_once_each() -> None:
    """The symptom first; a target that is a neighbour too counts once."""
    desk, plan = begun(symptom="shop", neighbours=("web", "mail"))
    (one,) = plan.steps
    record = desk.state.sagas[plan.id]
    saga = replace(record.saga, plan=replace(plan, steps=(one, replace(one, id="b", action=Action("restart", "db")))))
    (found,) = effects(desk.do(ask_fleet, replace(record, saga=saga), START), AskFleet)
    assert found.question.entities == ("shop", "web", "db", "mail")


def test_the_reference_ends_a_minute_before_the_onset() -> None:
    """The fault may have begun before it was detected; the reference must be healthy."""
    desk, plan = begun()
    desk.change("INC-1", onset=START - 300 * SECOND)
    question = asked(desk, plan, START)
    onset = START - 300 * SECOND
    assert question.baseline_from_at == onset - round(BASELINE_SECONDS * SECOND)
    assert question.baseline_to_at == onset - round(BASELINE_GAP_SECONDS * SECOND)


def test_a_new_question_replaces_the_one_that_was_not_answered() -> None:
    """A late answer to the old one is not taken for the new window."""
    desk, plan = begun()
    first = asked(desk, plan, START)
    record = desk.state.sagas[plan.id]
    moved = replace(record, saga=replace(record.saga, moves=record.saga.moves + 1))
    decision = desk.do(ask_fleet, moved, START)
    assert first.id in decision.effects_done
    assert list(desk.state.questions) == [f"{plan.id}/verify/{record.saga.moves + 1}"]


def test_the_question_belongs_to_the_plan_s_domain() -> None:
    """Another domain's fleet is not asked."""
    desk, plan = begun(domain="payments")
    assert asked(desk, plan, START).domain == "payments"


# ------------------------------------------------------------------------------------------------ opening signals


def signal(series: str, **fields: object) -> Signal:
    """A signal of 5 instead of 1."""
    made = Signal(series, series.partition("{")[0], SignalDirection.UP, Source.METRIC, START, 0.9, 5.0, 1.0)
    return replace(made, **fields)  # type: ignore[arg-type]


def test_the_worst_signal_of_the_symptom_is_asked_for() -> None:
    """Signals come worst first; one an episode is enough."""
    desk, plan = begun()
    (found,) = asked(desk, plan, START).signals
    assert found == OpeningSignal("web", "errors", "errors", 5.0 - 0.1)


@pytest.mark.parametrize(
    "changed",
    [
        {"source": Source.LOG},
        {"source": Source.ALERT},
        {"direction": SignalDirection.NEW},
        {"direction": SignalDirection.SILENT},
    ],
)
def test_what_has_no_points_when_all_is_well_is_not_waited_for(changed: dict[str, object]) -> None:
    """The next measured signal is asked for instead; an alert has no series at all."""
    desk, plan = begun()
    assert len(opening_signals(desk.state, desk.state.sagas[plan.id])) == 1
    record = desk.state.episodes[f"web@{START}"]

    def told(*signals: Signal) -> list[str]:
        draft = desk.draft()
        draft.put(replace(record, episode=replace(record.episode, signals=signals)))
        return [found.series for found in opening_signals(desk.state, desk.state.sagas[plan.id])]

    assert told(signal("first", **changed), signal("second{a=b}")) == ["second{a=b}"]
    assert told(signal("first", **changed)) == []


def test_only_the_symptom_and_the_targets_are_waited_for() -> None:
    """Another member may have an episode of its own for other reasons."""
    desk, plan = begun()
    record = desk.state.episodes[f"web@{START}"]
    draft = desk.draft()
    draft.put(replace(record, episode=replace(record.episode, id="e", entity="db")))
    assert [found.entity for found in opening_signals(desk.state, desk.state.sagas[plan.id])] == ["web"]


def test_an_episode_before_the_recurrence_is_over() -> None:
    """The incident was closed after it had ended: the plan is about the new episode."""
    desk, plan = begun()
    record = desk.state.episodes[f"web@{START}"]
    draft = desk.draft()
    draft.put(replace(record, episode=replace(record.episode, ended_at=START + 1)))
    desk.work("INC-1", calm_at=START + 2)
    assert opening_signals(desk.state, desk.state.sagas[plan.id]) == ()
