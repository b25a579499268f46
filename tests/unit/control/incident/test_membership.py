"""What belongs to which incident: joining, revising, merging, closing and archiving, called one by one."""

from __future__ import annotations

from dataclasses import replace

import pytest

from aiops.control.diagnosis.requests import diagnose
from aiops.control.incident.membership import (
    all_normal,
    archive,
    close,
    drop_chain,
    forget_handoff,
    is_runtime,
    join,
    merge,
    move,
    open_incident,
    recovering,
    reopen,
    revise,
    shown,
)
from aiops.control.state.invariants import membership_difference
from aiops.control.state.lifecycle import Trigger
from aiops.control.state.store import SHOWN
from aiops.model.effects import Publish
from aiops.model.entities import RUNTIME_ENTITY
from aiops.model.errors import NoTransitionError
from aiops.model.handoffs import Intent, Role, VerifyRequest
from aiops.model.incidents import IncidentState
from aiops.model.outcomes import IncidentOutcome, OutcomeKind
from aiops.model.prose import Prose
from aiops.model.refusals import RefusalKind
from aiops.model.telemetry import FleetAnswer
from tests.unit.control.drafts import Desk, effects
from tests.unit.control.fakes import SECOND, START, episode

WHY = Prose("one cause")
HEALED = IncidentOutcome(OutcomeKind.HEALED)


def test_incidents_are_numbered_and_have_a_way_out() -> None:
    """Numbers are never used twice, and no incident waits for ever."""
    desk = Desk()
    assert [desk.incident(), desk.incident()] == ["INC-1", "INC-2"]
    desk.do(archive, "INC-1")
    assert desk.incident() == "INC-3"
    assert desk.due_in("deadline/INC-3") > 0


@pytest.mark.parametrize(
    ("trigger", "seconds"),
    [(Trigger.APPROVAL_NEEDED, 900.0), (Trigger.STUCK, 86_400.0), (Trigger.BEGUN, 3_600.0)],
)
def test_each_state_has_its_own_patience(trigger: Trigger, seconds: float) -> None:
    """People get the time to approve that the settings give, a day to repair, and a plan an hour."""
    desk = Desk()
    name = desk.incident("web", state=IncidentState.DECIDING)
    draft = desk.draft()
    move(draft, name, trigger)
    assert desk.due_in(f"deadline/{name}") == seconds


def test_deciding_has_one_deadline_for_all_its_states() -> None:
    """A diagnosis that is repeated does not put off the page to a person."""
    desk = Desk()
    name = desk.incident("web")
    due = desk.due_in(f"deadline/{name}")
    desk.wait(5)
    desk.do(move, name, Trigger.ASKED)
    assert desk.due_in(f"deadline/{name}") == due - 5


def test_a_move_that_the_table_does_not_know_changes_nothing() -> None:
    """It is refused as too late."""
    desk = Desk()
    name = desk.incident("web")
    assert desk.refused(move, name, Trigger.HEALED).kind is RefusalKind.LATE
    with pytest.raises(NoTransitionError):
        move(desk.draft(), name, Trigger.HEALED)


def test_only_a_new_state_is_published() -> None:
    """A second request for a diagnosis changes no state."""
    desk = Desk()
    name = desk.incident("web")
    assert len(effects(desk.do(move, name, Trigger.ASKED), Publish)) == 1
    assert effects(desk.do(move, name, Trigger.ASKED), Publish) == []


def test_a_second_episode_of_an_entity_is_the_same_member() -> None:
    """Its onset is the earliest, and it is abnormal until both have ended."""
    desk = Desk()
    name = desk.incident("web")
    earlier = replace(episode("web", START - 60 * SECOND), id="second")
    desk.do(join, name, earlier)
    member = desk.state.members[name]["web"]
    assert (member.episodes, member.open, member.since) == (2, 2, START - 60 * SECOND)
    assert desk.state.incidents[name].onset == START - 60 * SECOND
    for held in list(desk.state.episodes.values()):
        assert not all_normal(desk.state, name)
        desk.do(revise, held, replace(held.episode, revision=2, ended_at=START + SECOND))
    assert all_normal(desk.state, name)


def test_a_new_member_is_a_new_context() -> None:
    """Another episode of a known one is not."""
    desk = Desk()
    name = desk.incident("web")
    version = desk.state.incidents[name].context_version
    desk.do(join, name, replace(episode("web", START), id="second"))
    assert desk.state.incidents[name].context_version == version
    desk.do(join, name, episode("db", START))
    assert desk.state.incidents[name].context_version == version + 1


def test_a_storm_s_document_lists_the_first_members_and_counts_all() -> None:
    """Members are exact; the incident's own document stays small."""
    desk = Desk()
    name = desk.incident(*(f"svc-{number}" for number in range(SHOWN + 6)))
    incident = desk.state.incidents[name]
    assert len(incident.entities) == len(incident.episodes) == SHOWN
    assert len(desk.state.members[name]) == SHOWN + 6
    assert shown(desk.state, incident).members_total == SHOWN + 6
    assert len(desk.story(name)) == SHOWN


def test_an_incident_without_members_is_shown_as_it_is() -> None:
    """The runtime's own list themselves."""
    desk = Desk()
    name = desk.runtime_incident()
    held = desk.change(name, entities=(RUNTIME_ENTITY,))
    assert shown(desk.state, held) == held


def test_the_story_tells_when_an_entity_is_normal_again() -> None:
    """A further revision of the same says nothing."""
    desk = Desk()
    name = desk.incident("web")
    (held,) = desk.state.episodes.values()
    desk.do(revise, held, replace(held.episode, revision=2))
    assert desk.story(name)[-1].startswith("monitoring: web is abnormal")
    desk.do(revise, held, replace(held.episode, revision=3, ended_at=START + SECOND))
    assert desk.story(name)[-1] == "monitoring: web is normal again"


def test_recovering_is_what_only_waits_for_its_end() -> None:
    """One member that is still abnormal is enough."""
    desk = Desk()
    name = desk.incident("web", "db")
    web, db = desk.state.episodes.values()
    desk.do(revise, web, replace(web.episode, revision=2, recovering=True))
    assert not recovering(desk.state, name)
    desk.do(revise, db, replace(db.episode, revision=2, ended_at=START + SECOND))
    assert recovering(desk.state, name)


# ------------------------------------------------------------------------------------------------------- merging


def test_a_merge_moves_members_and_episodes() -> None:
    """A member of both is one member with all its episodes; the taken incident goes to the archive."""
    desk = Desk()
    kept, gone = desk.incident("web"), desk.incident("db")
    desk.do(join, gone, replace(episode("web", START - SECOND), id="second"))
    desk.do(merge, kept, gone, why=WHY)
    assert list(desk.state.incidents) == [kept]
    members = desk.state.members[kept]
    assert {name: member.episodes for name, member in members.items()} == {"web": 2, "db": 1}
    assert sorted(member.number for member in members.values()) == [0, 1]
    assert {record.incident for record in desk.state.episodes.values()} == {kept}
    assert desk.state.incidents[kept].onset == START - SECOND
    assert membership_difference(desk.state) == 0


def test_the_archive_says_where_a_merged_incident_went() -> None:
    """Its last document names the incident that it is part of."""
    desk = Desk()
    kept, gone = desk.incident("web"), desk.incident("db")
    decision = desk.do(merge, kept, gone, why=WHY)
    (last,) = [w.body for w in decision.documents if (w.kind, w.key) == ("incident", gone) and hasattr(w, "body")]
    assert f'"merged_into":"{kept}"' in last
    assert '"state":"merged"' in last


def test_tickets_of_both_are_kept_once() -> None:
    """They are evidence for the one."""
    desk = Desk()
    kept, gone = desk.incident("web"), desk.incident("db")
    desk.change(kept, tickets=("t1", "t2"))
    desk.change(gone, tickets=("t2", "t3"))
    desk.do(merge, kept, gone, why=WHY)
    assert desk.state.incidents[kept].tickets == ("t1", "t2", "t3")


def test_an_incident_is_not_merged_with_itself_or_with_a_closed_one() -> None:
    """Each is refused as too late."""
    desk = Desk()
    web, closed = desk.incident("web"), desk.incident("db", state=IncidentState.RESOLVED)
    for pair in ((web, web), (closed, web), (web, closed)):
        assert desk.refused(merge, *pair, why=WHY).kind is RefusalKind.LATE


def test_an_incident_with_a_plan_under_way_is_not_taken() -> None:
    """Its plan would be nobody's."""
    desk = Desk()
    web = desk.incident("db")
    busy, _ = desk.begun("web")
    assert desk.refused(merge, web, busy, why=WHY).kind is RefusalKind.LATE
    desk.do(merge, busy, web, why=WHY)
    assert list(desk.state.incidents) == [busy]


# --------------------------------------------------------------------------------------------- closing, archiving


def test_a_closed_incident_wakes_nobody() -> None:
    """Its pages are not passed on, its plan waits no more, its diagnosis is not wanted."""
    desk = Desk()
    name = desk.incident("web")
    desk.do(diagnose, name, WHY)
    desk.work(name, proposed=desk.plan(name), approvals=("ann",))
    desk.do(close, name, Trigger.CLEARED, outcome=HEALED)
    assert desk.state.work[name].proposed is None
    assert desk.state.handoffs == {}
    assert list(desk.state.timers) == [f"settle/{name}"]
    assert desk.state.incidents[name].closed_at == desk.at


def test_a_reopened_incident_counts_and_remembers_when_it_was_calm() -> None:
    """Episodes that ended before are not shown to agents again."""
    desk = Desk()
    name = desk.incident("web", state=IncidentState.RESOLVED)
    desk.change(name, closed_at=START + 5)
    desk.do(reopen, name, Prose("web is abnormal again"))
    work = desk.state.work[name]
    assert (work.reopened, work.calm_at) == (1, START + 5)
    assert (desk.stated(name), desk.state.incidents[name].closed_at) == ("diagnosing", None)


def test_nothing_of_an_archived_incident_is_left() -> None:
    """No document, no timer, no handoff, no plan; the account says how many episodes went."""
    desk = Desk()
    name, _ = desk.begun()
    desk.at_rest(name, IncidentState.ESCALATED)
    desk.do(archive, name)
    left = {kind for kind, _, _ in desk.state.documents()}
    assert left == {"reign", "account"}
    assert desk.state.account.archived == 1
    assert [timer for timer in desk.state.timers if timer.startswith(("deadline", "settle", "ask", "slow"))] == []


def test_what_a_plan_asked_for_outlives_the_end_of_diagnosing() -> None:
    """Its verification is still wanted; the diagnosis is not."""
    desk = Desk()
    name = desk.incident("web")
    desk.do(diagnose, name, WHY)
    request = VerifyRequest(desk.plan(name), START, FleetAnswer("q", START, ()))
    desk.send(name, "judge", Role.RESOLUTION, intent=Intent.VERIFY, payload=request)
    desk.do(drop_chain, name)
    assert list(desk.state.handoffs) == ["judge"]


def test_a_forgotten_handoff_is_not_waited_for() -> None:
    """Its effect leaves the outbox and its timers go."""
    desk = Desk()
    name = desk.incident("web")
    desk.do(diagnose, name, WHY)

    def forget(draft: object) -> None:
        del draft
        drop_chain(desk.last, name)

    decision = desk.do(forget)
    assert decision.effects_done == ("INC-1/diagnose/1/1",)
    assert "handoff/INC-1/diagnose/1" in decision.timers_gone
    with pytest.raises(KeyError):
        forget_handoff(desk.draft(), "INC-1/diagnose/1")


def test_the_runtime_s_incidents_are_known_by_topic_or_by_member() -> None:
    """Reported by itself, or by an alert on it."""
    desk = Desk()
    names = desk.runtime_incident(), desk.incident(RUNTIME_ENTITY), desk.incident("web")
    assert [is_runtime(desk.state, name) for name in names] == [True, True, False]


def test_shadow_mode_is_written_on_the_incident_when_it_opens() -> None:
    """So a change of the setting does not make a decided incident act."""
    desk = Desk()
    desk.settings = desk.settings.model_copy(
        update={"control": desk.settings.control.model_copy(update={"shadow": True})}
    )
    desk.do(open_incident, START)
    assert desk.state.incidents["INC-1"].shadow
