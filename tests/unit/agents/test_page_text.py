"""What a page says, part by part."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aiops.agents.paging import SHOWN_AFFECTED, SHOWN_CAUSES, SHOWN_EVIDENCE, Ask, compose, page_key
from aiops.agents.view import Attempt
from aiops.model.diagnoses import Diagnosis, Evidence, Hypothesis, Impact
from aiops.model.entities import Item
from aiops.model.incidents import Priority
from aiops.model.pages import EscalationCause, PageReason
from aiops.model.plans import Plan, Verdict
from aiops.model.prose import Prose
from tests.unit.agents.faulty_estate import NOW, diagnosis, episode, view

ASK = Ask(PageReason(EscalationCause.NO_PLAN), Prose("No runbook applies."), Prose("Please look."))


def evidence(id_: str, weight: float, *, supports: bool = True) -> Evidence:
    return Evidence(id_, supports, Prose(f"{id_} says so"), "metric", 1, 2, weight)


def hypothesis(entity: str, probability: float, *reasons: Evidence, kind: str = "crash") -> Hypothesis:
    return Hypothesis(entity, probability, kind, reasons)


def found(*hypotheses: Hypothesis, **fields: Any) -> Diagnosis:
    return replace(diagnosis(), hypotheses=hypotheses, **fields)


def plan(name: str) -> Plan:
    return Plan(name, "inc-1", "restart-it", (), "cart", (), Prose("because"), Prose("better"))


def test_identity_is_incident_reason_and_level() -> None:
    """The same incident, reason and level is the same page; the next level is another."""
    assert page_key("inc-1", PageReason(EscalationCause.NO_PLAN)) == "inc-1/no-plan/0"
    assert compose(view(), ASK, level=2).key == "inc-1/no-plan/2"
    assert compose(view(), ASK).key == compose(view(), replace(ASK, because=Prose("In other words."))).key


def test_what_is_asked_is_reason_and_request() -> None:
    """Reason and request follow each other; one that is empty leaves no space."""
    assert compose(view(), ASK).asks == "No runbook applies. Please look."
    assert compose(view(), Ask(PageReason(EscalationCause.NO_PLAN), Prose(""), Prose("Look."))).asks == "Look."
    assert (
        compose(view(), Ask(PageReason(EscalationCause.NO_PLAN), Prose("Because."), Prose(""), answer_by=NOW)).answer_by
        == NOW
    )


def test_the_title_names_the_probable_cause() -> None:
    """One abnormal item with its kind of fault and probability, in whole per cent."""
    assert compose(view(), ASK).title == "cart is abnormal: probably crash of cart (80%)"


def test_the_title_counts_more_than_one_item() -> None:
    """With two members it says how many, not which."""
    both = view(episodes=(episode("cart"), episode("web")))
    assert compose(both, ASK).title == "2 items abnormal: probably crash of cart (80%)"


@pytest.mark.parametrize("known", [diagnosis(unknown=True), found(), None])
def test_an_unknown_cause_is_said(known: Diagnosis | None) -> None:
    """Unknown, without a hypothesis, or not diagnosed at all: no name is guessed."""
    assert compose(view(incident={"diagnosis": known}), ASK).title == "cart is abnormal, cause unknown"


def test_an_incident_without_members_has_a_title() -> None:
    """Nothing is known but that there is an incident."""
    page = compose(view(incident={"entities": (), "open_entities": (), "diagnosis": None}, episodes=()), ASK)
    assert page.title == "something is abnormal, cause unknown"
    assert page.broken == "nothing that is open now"


def test_what_is_broken_names_the_worst_open_episode() -> None:
    """The open episode of the highest severity counts; one that ended does not, however bad it was."""
    mild = replace(episode("web", "latency"), severity=0.4)
    over = replace(episode("search"), severity=1.0, ended_at=NOW)
    page = compose(view(episodes=(mild, episode("cart"), over)), ASK)
    assert page.broken == "web, cart, search; worst: errors of cart went up to 5 (usual 1)"


def test_many_broken_items_are_counted() -> None:
    """Five names, then how many more."""
    page = compose(view(episodes=tuple(episode(f"e{n}") for n in range(8))), ASK)
    assert page.broken.startswith("e0, e1, e2, e3, e4 and 3 more; worst: ")


def test_figures_have_four_digits() -> None:
    """A value of 1234567 is told as 1.235e+06, one of 0.123456 as 0.1235."""
    (signal,) = episode().signals
    one = replace(episode(), signals=(replace(signal, value=1_234_567.0, expected=0.123456),))
    assert compose(view(episodes=(one,)), ASK).broken.endswith("to 1.235e+06 (usual 0.1235)")


def test_business_services_that_are_hit_matter() -> None:
    """Their names in order and the sum of their value a minute; items between them are not counted."""
    impact = (
        Impact("shop", Prose("at risk"), 1000.0, business_service=True),
        Impact("billing", Prose("abnormal"), 234.6, business_service=True),
        Impact("web", Prose("abnormal"), 50.0),
    )
    page = compose(view(), ASK, diagnosis=replace(diagnosis(), impact=impact))
    assert page.matters == "billing, shop: 1,235 a minute at stake."


def test_a_business_service_without_a_value_matters() -> None:
    """No value in the CMDB is said, and not told as zero."""
    impact = (Impact("shop", Prose("at risk"), 0.0, business_service=True),)
    assert compose(view(), ASK, diagnosis=replace(diagnosis(), impact=impact)).matters == "shop: value not stated."


def test_without_business_services_the_items_own_value_counts() -> None:
    """A member with a value of its own is at stake."""
    priced = replace(view(), items={"cart": Item("cart", value_per_minute=12.0)})
    assert compose(priced, ASK).matters == "value of the items themselves: 12 a minute at stake."


def test_without_any_value_nothing_is_made_up() -> None:
    """No service, no value: said as such."""
    assert compose(view(), ASK).matters == "No business service is known to depend on it."


def test_the_affected_are_those_at_risk_and_those_unwell() -> None:
    """Impact first; an abnormal member that impact names already is not told twice."""
    impact = (Impact("web", Prose("at risk: web → cart"), 0.0), Impact("cart", Prose("abnormal"), 0.0))
    both = view(episodes=(episode("cart"), episode("search")))
    page = compose(both, ASK, diagnosis=replace(diagnosis(), impact=impact))
    assert page.affected == ("web: at risk: web → cart", "cart: abnormal", "search: abnormal")


def test_the_affected_are_cut() -> None:
    """A page stays readable: at most twenty."""
    assert len(compose(view(episodes=tuple(episode(f"e{n}") for n in range(50))), ASK).affected) == SHOWN_AFFECTED


def test_causes_carry_their_strongest_evidence() -> None:
    """The three heaviest reasons, for or against, each with its id."""
    reasons = (evidence("a", 0.1), evidence("b", -3.0, supports=False), evidence("c", 2.0), evidence("d", 1.0))
    page = compose(view(), ASK, diagnosis=found(hypothesis("cart", 0.625, *reasons), p_unknown=0.0))
    assert SHOWN_EVIDENCE == 3
    assert page.causes == ("cart, crash (62%): against: b says so [b]; for: c says so [c]; for: d says so [d]",)


def test_the_three_best_causes_and_the_unseen() -> None:
    """Three hypotheses at most, and the probability of something that nobody sees."""
    many = tuple(hypothesis(f"e{n}", 0.2) for n in range(5))
    page = compose(view(), ASK, diagnosis=found(*many, p_unknown=0.25))
    assert SHOWN_CAUSES == 3
    assert page.causes == ("e0, crash (20%)", "e1, crash (20%)", "e2, crash (20%)", "something not seen (25%)")


@pytest.mark.parametrize(("p_unknown", "shown"), [(0.004, False), (0.005, True)])
def test_the_unseen_is_left_out_below_half_a_per_cent(p_unknown: float, *, shown: bool) -> None:
    """It would be told as zero per cent."""
    causes = compose(view(), ASK, diagnosis=found(hypothesis("cart", 0.9), p_unknown=p_unknown)).causes
    assert (len(causes) == 2) is shown


def test_what_was_tried_comes_first_and_then_what_the_ask_adds() -> None:
    """Attempts of the view with their verdict, where they got as far, and then the exact half-way state."""
    attempts = (
        Attempt(plan("p1"), Verdict.UNHEALTHY, NOW, Prose("undone")),
        Attempt(plan("p2"), None, NOW, Prose("refused by the executor")),
    )
    page = compose(view(attempts=attempts), replace(ASK, tried=(Prose("step 2 of p3 may have happened"),)))
    assert page.tried == (
        "restart-it (p1): undone, unhealthy",
        "restart-it (p2): refused by the executor",
        "step 2 of p3 may have happened",
    )


def test_a_newer_diagnosis_and_priority_win_over_the_incidents_own() -> None:
    """Routing pages before the incident carries its priority."""
    page = compose(view(), ASK, diagnosis=diagnosis(root="web"), priority=Priority.P1)
    assert page.priority is Priority.P1
    assert "of web" in page.title
    assert compose(view(), ASK).priority is Priority.P3


def test_a_page_belongs_to_the_incidents_domain() -> None:
    """Time is the view's, the domain is the incident's."""
    page = compose(view(incident={"domain": "shop"}), ASK)
    assert (page.domain, page.at, page.work_item) == ("shop", NOW, "inc-1")


@settings(max_examples=50)
@given(st.text(max_size=30), st.text(max_size=30))
def test_any_words_of_an_ask_reach_the_person(because: str, asks: str) -> None:
    """Nothing of what is asked is lost but the space around it."""
    page = compose(view(), Ask(PageReason(EscalationCause.NO_PLAN), Prose(because), Prose(asks)))
    assert because.strip() in page.asks
    assert asks.strip() in page.asks
