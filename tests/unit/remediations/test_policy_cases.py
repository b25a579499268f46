from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aiops.adapters.bundle.loading import SHIPPED, load_policies
from aiops.model.entities import Criticality
from aiops.model.errors import PermanentError
from aiops.model.plans import Oversight, StepDirection
from remediations.policy import PolicySet
from remediations.policy_cases import PolicyCase, check, read_cases
from remediations.windows import Problem

POLICIES = load_policies(SHIPPED / "policies")


def test_what_is_not_stated_is_the_calm_day() -> None:
    """A case with a primitive alone asks of a known, fresh, sure and reversible action with nothing in its way."""
    question = PolicyCase(primitive="restart").question
    assert question.item is not None
    assert (question.item.kind, question.item.replicas, question.item.criticality) == (
        "service",
        3,
        Criticality.MEDIUM,
    )
    assert question.evidence_age_seconds <= question.evidence_limit_seconds
    assert question.reversible
    assert not any((question.frozen, question.breaker_open, question.halted, question.ticket_only))


def test_every_fact_reaches_the_question() -> None:
    """What a case states is what the policies are asked."""
    text = """
    - name: worst
      primitive: scale
      target: web
      kind: worker
      criticality: critical
      replicas: 7
      attributes: {data_class: personal}
      direction: undo
      confidence: 0.25
      evidence_age_seconds: 90
      evidence_limit_seconds: 60
      attempts: 3
      reversible: false
      change_suspected: true
      ticket_only: true
      frozen: true
      breaker_open: true
      halted: true
      blast: 0.4
      value: 0.6
      requester: ann
      approvers: [bob, eve]
    """
    (case,) = read_cases(text, "cases.yaml")
    question = case.question
    assert question.item is not None
    assert (question.action.primitive, question.action.target, question.item.id) == ("scale", "web", "web")
    assert (question.item.kind, question.item.replicas) == ("worker", 7)
    assert question.item.criticality is Criticality.CRITICAL
    assert question.item.attributes == {"data_class": "personal"}
    assert question.direction is StepDirection.UNDO
    assert (question.confidence, question.evidence_age_seconds, question.evidence_limit_seconds) == (0.25, 90.0, 60.0)
    assert (question.attempts, question.requester, question.approvers) == (3, "ann", ("bob", "eve"))
    assert question.blast.shares == {"domain": 0.4, "value": 0.6}
    assert not question.reversible
    flags = (question.change_suspected, question.ticket_only, question.frozen, question.breaker_open, question.halted)
    assert all(flags)


def test_an_unknown_target_has_no_item() -> None:
    """``known: false`` asks as if nobody had described the target."""
    assert PolicyCase(primitive="restart", known=False).question.item is None


def test_cases_are_answered_by_the_policies() -> None:
    """A restart of a medium item is unattended; the same under a halt is forbidden."""
    calm, halted = check(POLICIES, [PolicyCase(primitive="restart"), PolicyCase(primitive="restart", halted=True)])
    assert calm.decision.level is Oversight.UNATTENDED
    assert halted.decision.level is Oversight.FORBIDDEN


@pytest.mark.parametrize(
    ("expect", "right"), [(None, True), (Oversight.UNATTENDED, True), (Oversight.ONE_APPROVER, False)]
)
def test_a_case_is_right_when_the_level_is_as_expected(expect: Oversight | None, *, right: bool) -> None:
    """Without an expectation a case only explains, and cannot be wrong."""
    (checked,) = check(POLICIES, [PolicyCase(primitive="restart", expect=expect)])
    assert checked.right is right


def test_broken_policies_forbid_every_case() -> None:
    """A policy set with a problem answers forbidden, with the problem as the reason."""
    broken = PolicySet((Problem("own.cedar", 3, "unexpected token"),))
    (checked,) = check(broken, [PolicyCase(primitive="restart", expect=Oversight.UNATTENDED)])
    assert checked.decision.level is Oversight.FORBIDDEN
    assert not checked.right
    assert "own.cedar:3: unexpected token" in checked.decision.reasons[0]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("- {primitive: restart", "cases.yaml: while parsing"),
        ("primitive: restart", "cases.yaml: a list of cases is needed"),
        ("", "cases.yaml: a list of cases is needed"),
        ("- {name: a}", "cases.yaml: case 1: primitive: Field required"),
        ("- {primitive: a}\n- {primitive: b, colour: red}", "cases.yaml: case 2: colour: Extra inputs"),
        ("- {primitive: a, confidence: 1.5}", "case 1: confidence: Input should be less than or equal to 1"),
        ("- {primitive: a, confidence: .nan}", "case 1: confidence: "),
        ("- {primitive: a, expect: maybe}", "case 1: expect: Input should be 'unattended', 'one-approver'"),
        ("- {primitive: a, replicas: -1}", "case 1: replicas: "),
        ("- {primitive: a, attributes: {x: 1}}", "case 1: attributes.x: "),
        ("- restart", "case 1: : "),
    ],
)
def test_what_is_wrong_is_told_with_its_place(text: str, told: str) -> None:
    """A broken file is an error that names the file, the number of the case and the field."""
    with pytest.raises(PermanentError) as raised:
        read_cases(text, "cases.yaml")
    assert told in str(raised.value)


@settings(max_examples=50)
@given(st.text(max_size=60))
def test_any_text_gives_cases_or_an_error_with_the_file(text: str) -> None:
    """Whatever a file holds: cases, or a ``PermanentError`` that starts with the file's name."""
    try:
        found = read_cases(text, "cases.yaml")
    except PermanentError as error:
        told = str(error)
    else:
        told = "" if all(isinstance(case, PolicyCase) for case in found) else "no cases"
    assert told == "" or told.startswith("cases.yaml: ")
