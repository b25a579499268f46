"""The whole loop in one process: what becomes of an incident, with agents and ports that can be told to misbehave."""

from __future__ import annotations

import pytest

from aiops.control.plan.saga_driver import LAG_MARGIN_SECONDS, MOST_LAG_SECONDS
from aiops.control.state.invariants import membership_difference
from aiops.control.state.views import view_of
from aiops.model.effects import RunStep
from aiops.model.entities import Edge
from aiops.model.errors import TemporaryError
from aiops.model.events import EdgesObserved, EpisodeReported, StepReported
from aiops.model.handoffs import Intent
from aiops.model.outcomes import IncidentOutcome, OutcomeKind
from aiops.model.plans import Oversight, StepDirection, StepOutcome, StepStatus
from aiops.model.prose import Prose
from aiops.model.refusals import RefusalKind
from tests.unit.control.fakes import SECOND, START, Loop, episode, settings


def test_trouble_is_healed_and_verified() -> None:
    """An episode leads to one restart, which is verified; the incident is closed as healed."""
    loop = Loop(settings())
    loop.abnormal("web")
    loop.wait(60)
    assert loop.incidents == {"INC-1": "resolved"}
    assert list(loop.target.effects.values()) == [1]
    assert loop.target.reserved == {}
    assert loop.target.pages == []


def test_a_quiet_incident_is_archived_with_its_members() -> None:
    """After the settle time nothing is left but the archive, and the account is even."""
    loop = Loop(settings())
    held = loop.abnormal("web")
    loop.wait(60)
    loop.well(held)
    loop.wait(400)
    assert loop.incidents == {}
    assert "healed" in (loop.journal.document("incident", "INC-1") or "")
    assert loop.runtime.orchestrator.state.account.archived == 1
    assert loop.runtime.orchestrator.state.timers == {}
    assert membership_difference(loop.runtime.orchestrator.state) == 0


def test_what_did_not_heal_is_undone_and_escalated() -> None:
    """Two plans that do not help are both undone; then a person is paged, once."""
    loop = Loop(settings())
    loop.target.heals = False
    loop.abnormal("web")
    loop.wait(300)
    assert loop.incidents == {"INC-1": "escalated"}
    assert [direction for _, direction in loop.target.done] == [StepDirection.DO, StepDirection.UNDO] * 2
    assert [page.level for page in loop.target.pages] == [0]
    assert "2 plans did not heal it" in loop.target.pages[0].asks
    assert loop.target.reserved == {}


def test_an_incident_that_clears_by_itself_is_not_acted_on() -> None:
    """When all episodes end before a plan begins, nothing is done."""
    loop = Loop(settings())
    loop.oversight.level = Oversight.ONE_APPROVER
    held = loop.abnormal("web")
    loop.wait(5)
    loop.well(held)
    loop.wait(5)
    assert loop.incidents == {"INC-1": "resolved"}
    assert "cleared by itself" in loop.story()
    assert loop.target.effects == {}


def test_one_approval_begins_the_plan() -> None:
    """With one approver needed a person is asked, and the plan begins when somebody approves."""
    loop = Loop(settings())
    loop.oversight.level = Oversight.ONE_APPROVER
    loop.abnormal("web")
    loop.wait(5)
    assert loop.incidents == {"INC-1": "awaiting-approval"}
    assert "aiops approve INC-1" in loop.target.pages[0].asks
    loop.runtime.command("approve", "INC-1", "ann")
    loop.wait(60)
    assert loop.incidents == {"INC-1": "resolved"}


def test_two_approvals_must_be_of_two_people() -> None:
    """The same person counts once."""
    loop = Loop(settings())
    loop.oversight.level = Oversight.TWO_APPROVERS
    loop.abnormal("web")
    loop.wait(5)
    loop.runtime.command("approve", "INC-1", "ann")
    loop.runtime.command("approve", "INC-1", "ann")
    loop.wait(5)
    assert loop.incidents == {"INC-1": "awaiting-approval"}
    loop.runtime.command("approve", "INC-1", "bob")
    loop.wait(60)
    assert loop.incidents == {"INC-1": "resolved"}


def test_an_approval_of_another_plan_is_refused() -> None:
    """Who approves yesterday's plan has not approved today's."""
    loop = Loop(settings())
    loop.oversight.level = Oversight.ONE_APPROVER
    loop.abnormal("web")
    loop.wait(5)
    loop.runtime.command("approve", "INC-1", "ann", plan="another")
    loop.wait(5)
    assert loop.incidents == {"INC-1": "awaiting-approval"}
    assert loop.target.effects == {}


def test_a_rejected_plan_is_not_run() -> None:
    """Reject hands the incident to the person who rejected."""
    loop = Loop(settings())
    loop.oversight.level = Oversight.ONE_APPROVER
    loop.abnormal("web")
    loop.wait(5)
    loop.runtime.command("reject", "INC-1", "ann", reason="no")
    loop.wait(60)
    assert loop.incidents == {"INC-1": "escalated"}
    assert loop.target.effects == {}


def test_nobody_approves_in_time() -> None:
    """The approval's deadline escalates."""
    loop = Loop(settings(approval_seconds=100.0))
    loop.oversight.level = Oversight.ONE_APPROVER
    loop.abnormal("web")
    loop.wait(200)
    assert loop.incidents == {"INC-1": "escalated"}
    assert [page.key for page in loop.target.pages] == ["INC-1/approval-1/0", "INC-1/not-approved/0"]


def test_a_held_plan_is_looked_at_again_when_the_window_ends() -> None:
    """A change window holds the plan; when it is over the incident is diagnosed anew and healed."""
    loop = Loop(settings())
    loop.oversight.hold_until = START + 100 * SECOND
    loop.abnormal("web")
    loop.wait(50)
    assert loop.incidents == {"INC-1": "held-for-window"}
    loop.oversight.hold_until = None
    loop.wait(150)
    assert loop.incidents == {"INC-1": "resolved"}


def test_oversight_that_is_down_vetoes_actions_and_no_page() -> None:
    """Without oversight nothing is done and a person is told: of the incident and of the agent."""
    loop = Loop(settings())
    loop.oversight.down = True
    loop.abnormal("web")
    loop.wait(60)
    assert loop.incidents["INC-1"] == "escalated"
    assert loop.target.effects == {}
    assert {page.work_item for page in loop.target.pages} == {"INC-1", "INC-2"}
    assert "oversight agent fails repeatedly" in loop.target.pages[0].asks


def test_a_step_that_is_vetoed_gives_back_its_budget() -> None:
    """Oversight may forbid the step after the plan was permitted; nothing was changed then."""
    loop = Loop(settings())
    loop.oversight.veto = {Intent.AUTHORISE}
    loop.abnormal("web")
    loop.wait(300)
    assert loop.incidents == {"INC-1": "escalated"}
    assert loop.target.effects == {}
    assert loop.target.reserved == {}


def test_a_refused_budget_means_no_action() -> None:
    """No budget, no action; a person is paged after the attempts."""
    loop = Loop(settings())
    loop.target.grants = False
    loop.abnormal("web")
    loop.wait(300)
    assert loop.incidents == {"INC-1": "escalated"}
    assert loop.target.effects == {}


def test_shadow_mode_decides_everything_and_does_nothing() -> None:
    """The story says what would have been done; the incident lasts as long as its trouble, and nobody can approve."""
    loop = Loop(settings(shadow=True, approval_seconds=30.0))
    held = loop.abnormal("web")
    loop.wait(300)
    assert loop.incidents == {"INC-1": "awaiting-approval"}
    assert "would now restart web" in loop.story()
    loop.runtime.command("approve", "INC-1", "ann")
    loop.wait(60)
    assert loop.incidents == {"INC-1": "awaiting-approval"}
    loop.well(held)
    loop.wait(5)
    assert loop.incidents == {"INC-1": "resolved"}
    assert loop.runtime.orchestrator.state.incidents["INC-1"].outcome == IncidentOutcome(
        OutcomeKind.SHADOW, Prose("restart web")
    )
    assert loop.target.effects == {}
    assert loop.target.pages == []


def test_a_shadow_incident_ends_after_a_day_at_most() -> None:
    """Its trouble never ends: it is left, with what would have been done."""
    loop = Loop(settings(shadow=True))
    loop.abnormal("web")
    loop.wait(25 * 3600)
    assert loop.incidents == {"INC-1": "resolved"}
    assert loop.target.effects == {}


def test_halt_stops_new_actions_and_pages() -> None:
    """While halted an incident is diagnosed and handed to a person; nothing begins."""
    loop = Loop(settings())
    loop.runtime.command("halt", "", "ann")
    loop.abnormal("web")
    loop.wait(60)
    assert loop.incidents == {"INC-1": "escalated"}
    assert loop.target.effects == {}
    assert len(loop.target.pages) == 1


def test_halt_in_the_middle_pages_the_exact_state() -> None:
    """A plan that is verifying when somebody halts pages with each step's state, and undoes nothing."""
    loop = Loop(settings())
    loop.target.heals = False
    loop.abnormal("web")
    loop.wait(8)
    loop.runtime.command("halt", "", "ann")
    loop.wait(400)
    assert loop.incidents == {"INC-1": "escalated"}
    assert [direction for _, direction in loop.target.done] == [StepDirection.DO]
    assert any("restart web: done" in line for page in loop.target.pages for line in page.tried)


def test_a_page_that_nobody_acknowledges_goes_to_the_next_level() -> None:
    """Levels are paged in order, each once."""
    loop = Loop(settings())
    loop.target.heals = False
    loop.abnormal("web")
    loop.wait(2000)
    assert [page.level for page in loop.target.pages] == [0, 1]


def test_an_acknowledged_page_stays_where_it_is() -> None:
    """Somebody has it: no further level."""
    loop = Loop(settings())
    loop.target.heals = False
    loop.abnormal("web")
    loop.wait(300)
    loop.runtime.command("acknowledge", "INC-1", "ann")
    loop.wait(2000)
    assert [page.level for page in loop.target.pages] == [0]


def test_a_page_that_cannot_be_delivered_goes_on_until_it_can() -> None:
    """Delivery failure pages the next level at once; the last level is tried again and again."""
    loop = Loop(settings())
    loop.target.heals = False
    loop.target.delivers = False
    loop.abnormal("web")
    loop.wait(1000)
    levels = [page.level for page in loop.target.pages]
    assert levels[:2] == [0, 1]
    assert levels.count(1) > 3
    loop.target.delivers = True
    loop.wait(3000)
    assert next(r.delivered for r in loop.runtime.orchestrator.state.pages.values() if r.page.level == 1)


def test_a_recurrence_within_the_settle_time_reopens() -> None:
    """The same entity abnormal again after healing is the same incident; what healed it is tried once more at most."""
    loop = Loop(settings())
    held = loop.abnormal("web")
    loop.wait(60)
    loop.well(held)
    loop.wait(10)
    loop.abnormal("web")
    loop.wait(1)
    assert loop.incidents == {"INC-1": "diagnosing"} or "reopened" in loop.story()
    loop.wait(200)
    assert list(loop.incidents) == ["INC-1"]


def test_a_symptom_that_is_unwell_again_for_another_reason_is_another_incident() -> None:
    """Only the return of what was healed reopens; and what is over by then is no evidence any more."""
    loop = Loop(settings())
    edge = Edge("web", "pay", origin="spans", seen_at=START)
    loop.runtime.offer(EdgesObserved(id="edges", at=START, edges=(edge,)))
    cause = loop.abnormal("pay")
    symptom = loop.abnormal("web")
    loop.wait(60)
    loop.well(cause)
    loop.well(symptom)
    loop.wait(10)
    assert loop.incidents == {"INC-1": "resolved"}
    loop.abnormal("web")
    loop.wait(1)
    assert loop.incidents.keys() == {"INC-1", "INC-2"}
    loop.abnormal("pay")
    loop.wait(1)
    assert "reopened: pay is abnormal again" in loop.story()
    view = view_of(loop.runtime.orchestrator.state, "INC-1", loop.at)
    assert [episode.entity for episode in view.episodes if episode.ended_at is not None] == []


def test_an_open_episode_that_only_waits_for_its_end_is_no_relapse() -> None:
    """A repair is verified before the episode ends: recovering keeps the incident closed, staying bad reopens."""
    for recovering in (True, False):
        loop = Loop(settings())
        held = loop.abnormal("web")
        loop.wait(60)
        assert loop.incidents == {"INC-1": "resolved"}
        for _ in range(3):
            loop.wait(30)
            held = loop.revise(held, recovering=recovering)
        assert ("reopened" in loop.story()) is not recovering
        if recovering:
            loop.wait(400)
            assert loop.incidents == {"INC-1": "resolved"}


def test_a_look_is_told_when_it_finds_something_else() -> None:
    """There is a look every few seconds, also after a halt: the story tells each finding once, and how many looks."""
    loop = Loop(settings(max_attempts=1))
    loop.target.heals = False
    loop.abnormal("web")
    loop.wait(12)
    loop.runtime.command("halt", "", "ann")
    loop.wait(200)
    story = loop.runtime.orchestrator.state.incidents["INC-1"].story
    checks = sum(entry.entry.kind == "fleet" for entry in loop.journal.rows(limit=10_000))
    assert checks > 10
    assert len([line for line in story if line.what.startswith("verification")]) == 1
    assert any(line.what.endswith(f"(after {checks} checks)") for line in story)


def test_a_symptom_that_is_slow_to_calm_down_is_no_relapse() -> None:
    """Only what was healed can relapse at once; a symptom has until the settle time is over."""
    loop = Loop(settings())
    edge = Edge("web", "pay", origin="spans", seen_at=START)
    loop.runtime.offer(EdgesObserved(id="edges", at=START, edges=(edge,)))
    loop.abnormal("pay")
    symptom = loop.abnormal("web")
    loop.wait(60)
    assert loop.incidents == {"INC-1": "resolved"}
    for _ in range(3):
        loop.wait(30)
        symptom = loop.revise(symptom)
    assert "reopened" not in loop.story()
    loop.wait(300)
    assert "reopened: members are still abnormal" in loop.story()


def test_a_verified_window_lies_as_far_back_as_the_sources_are_behind() -> None:
    """Sources that are current are judged by their newest window; those that lag, by one that they have passed."""
    windows = {}
    for behind in (0.0, 20.0, 500.0):
        loop = Loop(settings(max_attempts=1))
        loop.target.heals = False
        loop.target.behind = behind
        loop.abnormal("web")
        loop.wait(100)
        windows[behind] = [question.to_at for question in loop.target.asked]
    assert windows[0.0][0] == windows[20.0][0] == windows[500.0][0]
    late = [(now - then) / SECOND for now, then in zip(windows[0.0], windows[20.0], strict=True)]
    assert max(late) == pytest.approx(20.0 + LAG_MARGIN_SECONDS)
    least = [(now - then) / SECOND for now, then in zip(windows[0.0], windows[500.0], strict=True)]
    assert max(least) <= MOST_LAG_SECONDS


def test_flapping_pages_a_few_times_at_most() -> None:
    """An entity that flaps for hours does not page at every return."""
    loop = Loop(settings(max_attempts=0))
    for _ in range(40):
        held = loop.abnormal("web")
        loop.wait(30)
        loop.well(held)
        loop.wait(30)
    assert 1 <= len(loop.target.pages) <= 5


def test_the_same_outcome_twice_counts_once() -> None:
    """A doubled report is refused and changes nothing."""
    loop = Loop(settings())
    loop.abnormal("web")
    loop.wait(60)
    key = next(iter(loop.target.effects))
    before = loop.runtime.orchestrator.state.incidents["INC-1"]
    again = StepReported(id="again", at=loop.at, outcome=StepOutcome(key, StepStatus.DONE, loop.at))
    decision = loop.runtime.orchestrator.handle(again)
    assert decision.refusal is not None
    assert decision.refusal.kind is RefusalKind.LATE
    assert loop.runtime.orchestrator.state.incidents["INC-1"] == before


def test_an_unknown_outcome_is_looked_at_and_not_repeated() -> None:
    """When the executor cannot tell, the target is asked; what was done is not done again."""
    loop = Loop(settings())
    loop.target.status = StepStatus.UNKNOWN
    loop.abnormal("web")
    loop.wait(60)
    assert loop.incidents == {"INC-1": "resolved"}
    assert list(loop.target.effects.values()) == [1]


def test_an_agent_that_fails_once_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """A crash of an agent in mid-handoff costs a second, not the incident."""
    loop = Loop(settings())
    tries: list[int] = []
    honest = loop.analysis.handle

    def fails_first(handoff: object, view: object) -> object:
        tries.append(1)
        if len(tries) == 1:
            raise TemporaryError("gone")
        return honest(handoff, view)  # type: ignore[arg-type]

    monkeypatch.setattr(loop.analysis, "handle", fails_first)
    loop.abnormal("web")
    loop.wait(60)
    assert loop.incidents == {"INC-1": "resolved"}
    assert len(tries) == 2


def test_the_runtime_itself_in_trouble_pages_and_never_acts() -> None:
    """An episode on the runtime opens an incident for people."""
    loop = Loop(settings())
    loop.abnormal("aiops-runtime")
    loop.wait(60)
    assert loop.incidents == {"INC-1": "escalated"}
    assert loop.target.effects == {}
    assert len(loop.target.pages) == 1


@pytest.mark.parametrize("seconds", [0.0, 0.03, 0.05, 0.07, 0.1, 0.15, 0.2, 0.5, 1.1, 1.5, 5.0, 17.0, 20.0])
def test_a_kill_at_any_time_neither_loses_nor_repeats_the_action(seconds: float) -> None:
    """Whenever the orchestrator is killed, the restart happens once and the incident is healed."""
    loop = Loop(settings())
    loop.abnormal("web")
    loop.wait(seconds)
    loop.start()
    loop.wait(200)
    assert loop.incidents == {"INC-1": "resolved"}
    assert list(loop.target.effects.values()) == [1]


def test_an_old_epoch_can_write_nothing() -> None:
    """The predecessor that still runs is fenced out at its next commit."""
    loop = Loop(settings())
    old = loop.runtime
    loop.start()
    old.offer(EpisodeReported(id="x", at=loop.at, episode=episode("web", loop.at)))
    with pytest.raises(Exception, match="epoch 1"):
        old.run_until(loop.at + SECOND)


def test_every_run_has_a_capability_of_its_own() -> None:
    """Ids of capabilities are never used twice, also not after an observed NOT_DONE."""
    loop = Loop(settings())
    loop.target.happens = False
    loop.target.status = StepStatus.UNKNOWN
    seen: list[str] = []
    check = loop.runtime.on_decision

    def note(event: object, decision: object) -> None:
        seen.extend(e.order.capability.id for e in decision.effects if isinstance(e, RunStep))  # type: ignore[attr-defined]
        assert check is not None
        check(event, decision)  # type: ignore[arg-type]

    loop.runtime.on_decision = note
    loop.abnormal("web")
    loop.wait(600)
    assert len(seen) == len(set(seen)) >= 2
