from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from aiops.adapters.bundle.loading import load_runbooks
from aiops.agents.resolution import ResolutionAgent
from aiops.agents.situation import facts_of, situation_of
from aiops.agents.view import AgentView, Attempt
from aiops.model import codec
from aiops.model.diagnoses import Diagnosis
from aiops.model.findings import FindingKind
from aiops.model.handoffs import Escalated, Handoff, Intent, Planned, Role, Routed, Verified, VerifyRequest
from aiops.model.plans import Plan, Verdict
from aiops.model.prose import Prose
from aiops.model.telemetry import EntityReading, FleetAnswer, OpeningSignal, SeriesReading
from aiops.settings import Settings
from tests.unit.agents.faulty_estate import NOW, S, changed, diagnosis, episode, handoff, routed, view

CATALOGUE = load_runbooks(Path(__file__).parents[3] / "remediations" / "default_bundle" / "runbooks")
AGENT = ResolutionAgent(Settings(), CATALOGUE)


def answer(found: Diagnosis, seen: AgentView, *runbooks: str) -> Handoff:
    (one,) = AGENT.handle(routed(found, *(runbooks or tuple(CATALOGUE.runbooks))), seen)
    assert codec.decode(Handoff, codec.encode(one)) == one
    return one


def plan_of(found: Diagnosis, seen: AgentView, *runbooks: str) -> Plan:
    one = answer(found, seen, *runbooks)
    assert isinstance(one.payload, Planned), one.reasoning
    return one.payload.plan


def test_crash_is_restarted_with_everything_stated() -> None:
    """A plan names its steps, blast radius, symptom, neighbours and why; its ids come from the handoff."""
    one = answer(diagnosis(), view())
    assert (one.id, one.sender, one.to, one.intent) == (
        "h/route/plan/execute",
        Role.RESOLUTION,
        Role.ORCHESTRATOR,
        Intent.EXECUTE,
    )
    assert isinstance(one.payload, Planned)
    plan = one.payload.plan
    (step,) = plan.steps
    assert (plan.id, plan.runbook, plan.symptom, plan.confidence) == ("inc-1-p1", "restart-crashed", "cart", 0.8)
    assert (step.action.primitive, step.action.target, step.transient) == ("restart", "cart", True)
    assert step.blast.entities[0] == "cart"
    assert 0 < step.blast.shares["zone-a"] < 0.2
    assert set(plan.neighbours) == {"web", "orders-db", "cache"}
    assert "[cart@1]" in plan.reason


def test_same_input_same_answer() -> None:
    """Resolution keeps nothing."""
    assert answer(diagnosis(), view()) == answer(diagnosis(), view())


def test_bad_deploy_is_rolled_back_with_its_undo() -> None:
    """A suspected change is taken back; the version of now is the undo."""
    found, changes = changed(diagnosis("bad deploy"))
    step = plan_of(found, view(found, changes=changes)).steps[0]
    assert (step.action.primitive, step.undo and dict(step.undo.parameters)) == ("roll-back", {"version": "7"})


def test_irreversible_changes_are_not_taken_back() -> None:
    """A change that its reporter calls irreversible is no ground for a roll-back."""
    found, changes = changed(diagnosis("bad deploy"), reversible=False)
    assert answer(found, view(found, changes=changes)).intent is Intent.ESCALATE


def test_stampede_sheds_at_the_heaviest_caller_and_reverses() -> None:
    """A cold cache: load is shed at the one that uses it most, for a time."""
    found = diagnosis("latency", "cache")
    seen = view(found, (episode("cache", "redis.hit_ratio"), episode("web")))
    step = plan_of(found, seen, "shed-stampede").steps[0]
    assert (step.action.target, step.reverse_after_seconds) == ("cart", 240.0)
    assert step.undo is not None


def test_store_fails_over() -> None:
    """A database with a stand-by fails over; back to where it was is its undo."""
    found = diagnosis("disk", "orders-db")
    assert answer(found, view(found, (episode("orders-db", "io.await"),))).intent is Intent.ESCALATE  # nobody suffers
    step = plan_of(found, view(found, (episode("orders-db", "io.await"), episode("web")))).steps[0]
    assert step.action.primitive == "fail-over"
    assert step.undo is not None
    assert step.undo.parameters == {"to": "zone-b"}


def test_no_safe_action_asks_a_person_with_advice() -> None:
    """A certificate is renewed by people: the page says what is broken, why, what is asked."""
    one = answer(diagnosis("certificate"), view(diagnosis("certificate")))
    assert isinstance(one.payload, Escalated)
    page = one.payload.page
    assert page.broken
    assert page.causes
    assert "Renew the certificate" in page.asks
    assert one.intent is Intent.ESCALATE


@pytest.mark.parametrize("fields", [{"unknown": True}, {"hypotheses": ()}])
def test_unknown_cause_is_not_acted_on(fields: dict[str, Any]) -> None:
    """Without a cause there is no plan."""
    found = diagnosis()
    found = type(found)(**({name: getattr(found, name) for name in found.__slots__} | fields))
    assert answer(found, view(found)).intent is Intent.ESCALATE


def test_what_failed_is_not_repeated() -> None:
    """A runbook that did not help is left out; the page says so when nothing else is left."""
    tried = plan_of(diagnosis(), view())
    seen = view(attempts=(Attempt(tried, Verdict.UNHEALTHY, NOW - S, Prose("abnormal")),), incident={"attempts": 1})
    one = answer(diagnosis(), seen, "restart-crashed")
    assert isinstance(one.payload, Escalated)
    assert "tried before" in one.payload.reason


def test_attempts_are_bounded() -> None:
    """After so many plans a person is asked."""
    one = answer(diagnosis(), view(incident={"attempts": Settings().control.max_attempts}))
    assert isinstance(one.payload, Escalated)
    assert "were tried" in one.payload.reason


def test_open_breaker_leads_to_the_next_runbook_or_a_person() -> None:
    """An action whose breaker is open is not planned."""
    one = answer(diagnosis(), view(breakers_open=frozenset({"action:restart"})), "restart-crashed")
    assert isinstance(one.payload, Escalated)
    assert "breaker action:restart is open" in one.payload.reason


def test_only_routed_runbooks_are_used() -> None:
    """Resolution chooses among the candidates that routing named."""
    assert answer(diagnosis(), view(), "scale-saturated").intent is Intent.ESCALATE


def readings(*abnormal: str, at: int = NOW + 600 * S) -> FleetAnswer:
    series = SeriesReading("errors", "errors", 1.0, 1.0, 1.0, 0.1, 9, 0.0, None, 1)
    names = ("cart", "web", "orders-db", "cache")
    return FleetAnswer("q", at, tuple(EntityReading(name, at, name in abnormal, (series,)) for name in names))


def judge(seen: AgentView, fleet: FleetAnswer) -> Verified:
    plan = plan_of(diagnosis(), view())
    request = handoff(VerifyRequest(plan, NOW + 100 * S, fleet), Intent.VERIFY, id="q/judge")
    (one,) = AGENT.handle(request, seen)
    assert (one.intent, one.evidence) == (Intent.CONCLUDE, ("q/judge",))
    assert isinstance(one.payload, Verified)
    return one.payload


def test_verdicts() -> None:
    """Steady is healthy; still abnormal is not; newly abnormal neighbours are harm; older trouble of them is not."""
    assert judge(view(), readings()).verdict is Verdict.HEALTHY
    assert judge(view(), readings("cart")).verdict is Verdict.UNHEALTHY
    assert judge(view(), readings("web")).verdict is Verdict.HARMED
    ill = view(episodes=(episode(), episode("web")))
    assert judge(ill, readings("web")).verdict is Verdict.HEALTHY
    assert judge(view(), readings(at=NOW)).verdict is Verdict.INCONCLUSIVE


def test_a_verification_needs_the_signals_that_opened_the_incident() -> None:
    """They come with the request; without data on them nothing is proven."""
    plan = plan_of(diagnosis(), view())
    signal = OpeningSignal(plan.symptom, "latency", "latency", 1.0)
    request = VerifyRequest(plan, NOW + 100 * S, readings(), (signal,))
    (one,) = AGENT.handle(handoff(request, Intent.VERIFY, id="q/judge"), view())
    assert isinstance(one.payload, Verified)
    assert one.payload.verdict is Verdict.INCONCLUSIVE
    assert [finding.kind for finding in one.payload.findings] == [FindingKind.NO_SIGNAL]


def test_other_handoffs_are_nothing_to_it() -> None:
    """Resolution answers PLAN and VERIFY only."""
    assert AGENT.handle(handoff(Planned(plan_of(diagnosis(), view())), Intent.EXECUTE), view()) == ()


def test_the_plan_rests_on_the_situation_that_routing_saw() -> None:
    """A binding or metric that came up since does not change which runbook applies; one of 0.1.0 is built here."""
    found, seen = diagnosis("memory"), view()
    ask = routed(found, "restart-leaking")
    assert isinstance(ask.payload, Routed)
    leaking = replace(situation_of(seen, found), metrics=("process.memory.usage",))
    (planned,) = AGENT.handle(replace(ask, payload=replace(ask.payload, situation=leaking)), seen)
    (refused,) = AGENT.handle(ask, seen)
    assert (planned.intent, refused.intent) == (Intent.EXECUTE, Intent.ESCALATE)


def test_a_version_that_only_the_summary_names_is_not_known() -> None:
    """Whoever may write a change's text cannot choose what is rolled back to: the target's own notion holds."""
    found, changes = changed(diagnosis("bad deploy"), version="")
    assert "version 8" in changes[0].summary
    facts = facts_of(view(found, changes=changes), "cart", found)
    assert (facts.version, facts.previous) == ("", "")


def test_versions_come_from_deployments_newest_first() -> None:
    """Changes of other kinds name none."""
    found, (newest,) = changed(diagnosis("bad deploy"))
    older = replace(newest, id="c-1", at=newest.at - S, version="6")
    flag = replace(newest, id="c-0", kind="flag", version="9")
    facts = facts_of(view(found, changes=(flag, newest, older)), "cart", found)
    assert (facts.version, facts.previous) == ("7", "6")
