from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from aiops.adapters.bundle.loading import load_policies
from aiops.model.entities import RUNTIME_ENTITY, Criticality, Item
from aiops.model.plans import Action, BlastRadius, Oversight, StepDirection
from remediations.policy import PolicyQuestion, PolicySet

FOLDER = Path(__file__).parents[3] / "remediations" / "default_bundle" / "policies"
SHIPPED = load_policies(FOLDER)


def question(primitive: str = "restart", target: str = "cart", **fields: Any) -> PolicyQuestion:
    """A clear case: medium criticality, sure, fresh, nothing in the way."""
    values = {
        "item": Item(target, replicas=3),
        "blast": BlastRadius({"zone-a": 0.05, "value": 0.01}, (target,)),
        "confidence": 0.9,
        "evidence_age_seconds": 10.0,
        "evidence_limit_seconds": 120.0,
        "reversible": True,
        "frozen": False,
        "breaker_open": False,
        "halted": False,
    } | fields
    return PolicyQuestion(Action(primitive, target), **values)  # type: ignore[arg-type]


def level(asked: PolicyQuestion) -> Oversight:
    return SHIPPED.decide(asked).level


def item(criticality: Criticality, **fields: object) -> Item:
    return Item("cart", criticality=criticality, replicas=3, **fields)  # type: ignore[arg-type]


def test_shipped_policies_are_sound() -> None:
    """The example bundle's policies validate against their schema."""
    assert SHIPPED.problems == ()
    assert len(SHIPPED.digest) == 64


def test_first_permitted_level_is_the_tier() -> None:
    """Gentle and lesser: unattended. Critical: one approver. Critical fail-over: two. Each names its policy."""
    decision = SHIPPED.decide(question())
    assert (decision.level, decision.policies) == (Oversight.UNATTENDED, ("gentle-unattended",))
    assert level(question(item=item(Criticality.CRITICAL))) is Oversight.ONE_APPROVER
    assert level(question("fail-over", item=item(Criticality.CRITICAL))) is Oversight.TWO_APPROVERS
    assert level(question("roll-back", change_suspected=True)) is Oversight.UNATTENDED
    assert level(question("roll-back", item=item(Criticality.HIGH), change_suspected=True)) is Oversight.ONE_APPROVER


def test_less_sure_needs_more_oversight() -> None:
    """A doubtful diagnosis, or repeated attempts, needs a person."""
    assert level(question(confidence=0.4)) is Oversight.ONE_APPROVER
    assert level(question(attempts=2)) is Oversight.ONE_APPROVER
    assert level(question(confidence=0.1)) is Oversight.TWO_APPROVERS


@pytest.mark.parametrize(
    ("fields", "policy"),
    [
        ({"halted": True}, "halted"),
        ({"frozen": True}, "change-freeze"),
        ({"breaker_open": True}, "breaker-open"),
        ({"evidence_age_seconds": 121.0}, "stale-evidence"),
        ({"evidence_age_seconds": float("nan")}, "stale-evidence"),
        ({"evidence_age_seconds": 31.0, "evidence_limit_seconds": 30.0}, "stale-evidence"),
        ({"evidence_limit_seconds": float("nan")}, "stale-evidence"),
        ({"item": Item("cart", attributes={"data_class": "pii, phi"})}, "regulated-data"),
        ({"item": Item("cart", attributes={"security_hold": "2024-05-01"})}, "security-hold"),
        ({"requester": "kim", "approvers": ("kim", "lee")}, "segregation-of-duties"),
        ({"ticket_only": True}, "ticket-only"),
        ({"blast": BlastRadius({"zone-a": 0.61}, ())}, "too-wide"),
        ({"blast": BlastRadius({"value": float("nan")}, ())}, "too-wide"),
    ],
)
def test_forbidden_whoever_agrees(fields: dict[str, Any], policy: str) -> None:
    """Each bound forbids at every level, says why, and keeps the request it was asked with."""
    decision = SHIPPED.decide(question(**fields))
    assert decision.level is Oversight.FORBIDDEN
    assert policy in decision.policies
    assert any(policy in reason for reason in decision.reasons)
    assert json.loads(decision.request)["request"]["context"]["level"] == 2


def test_the_runtime_is_no_target() -> None:
    """The runtime does not act on itself."""
    assert level(question(target=RUNTIME_ENTITY)) is Oversight.FORBIDDEN


def test_undo_is_held_by_halt_and_security_only() -> None:
    """Freezes, breakers and old evidence do not stop an undo; a halt and a security hold do."""
    undo = question(direction=StepDirection.UNDO, frozen=True, breaker_open=True, evidence_age_seconds=9999.0)
    assert level(undo) is Oversight.UNATTENDED
    assert level(replace(undo, halted=True)) is Oversight.FORBIDDEN
    held = Item("cart", attributes={"security_hold": "yes"})
    assert level(replace(undo, item=held)) is Oversight.FORBIDDEN


def test_unknown_items_count_as_critical() -> None:
    """What nobody described is never touched without a person."""
    assert level(question(item=None)) is Oversight.ONE_APPROVER


def test_what_is_not_stated_is_least_favourable() -> None:
    """A question that states nothing is forbidden."""
    assert level(PolicyQuestion(Action("restart", "cart"), None, BlastRadius({}, ()))) is Oversight.FORBIDDEN


def test_unknown_primitive_is_forbidden() -> None:
    """An action that the schema does not know is never permitted, and the reason says so."""
    decision = SHIPPED.decide(question("format-disk"))
    assert decision.level is Oversight.FORBIDDEN
    assert "policy error" in decision.reasons[0]


def test_hostile_names_are_only_names() -> None:
    """Quotes, line breaks and policy text in a target's name change nothing."""
    name = 'x"}; permit(principal,action,resource);\n//'
    assert level(question(target=name, item=None)) is Oversight.ONE_APPROVER


def copied(tmp_path: Path, text: str) -> PolicySet:
    shutil.copytree(FOLDER, tmp_path / "p")
    (tmp_path / "p" / "own.cedar").write_text(text)
    return load_policies(tmp_path / "p")


@pytest.mark.parametrize(
    ("text", "line", "told"),
    [
        ("permit(", 1, "unexpected"),
        ("permit(principal, action, resource);", 1, "no @id"),
        ('\n\n@id("new") permit(principal, action, resource) when { context.colour == 1 };', 3, "colour"),
        ('\n@id("halted") permit(principal, action, resource);', 2, "already"),
    ],
)
def test_any_broken_file_means_no_action(tmp_path: Path, text: str, line: int, told: str) -> None:
    """A file that does not parse or validate is named with its line, and nothing is permitted any more."""
    broken = copied(tmp_path, text)
    problem = next(problem for problem in broken.problems if told in problem.what)
    assert (Path(problem.file).name, problem.line) == ("own.cedar", line)
    assert broken.decide(question()).level is Oversight.FORBIDDEN


def test_empty_folder_means_no_action(tmp_path: Path) -> None:
    """No policy, no action."""
    assert load_policies(tmp_path).decide(question()).level is Oversight.FORBIDDEN
    assert PolicySet().decide(question()).level is Oversight.FORBIDDEN


def test_digest_follows_the_text(tmp_path: Path) -> None:
    """Any change of any file changes the digest."""
    other = copied(tmp_path, '@id("more") forbid(principal, action, resource) when { context.attempts > 5 };')
    assert other.problems == ()
    assert other.digest != SHIPPED.digest


def test_what_is_forbidden_on_an_item_is_forbidden_in_every_environment(tmp_path: Path) -> None:
    """A policy that names it without an environment goes on holding when telemetry names one."""
    held = copied(tmp_path, '@id("hands-off") forbid(principal, action, resource == Item::"cart");')
    for target in ("cart", "prod/cart", "prod/eu/cart"):
        answer = held.decide(question(target=target))
        assert (answer.level, answer.policies) == (Oversight.FORBIDDEN, ("hands-off",))
    assert held.decide(question(target="cart/prod")).level is Oversight.UNATTENDED


def test_a_condition_on_a_shorter_name_counts_with_the_facts_of_the_target(tmp_path: Path) -> None:
    """Only the name is another."""
    text = '@id("own") forbid(principal, action, resource) when { resource == Item::"cart" && context.attempts > 0 };'
    held = copied(tmp_path, text)
    assert held.decide(question(target="prod/cart", attempts=0)).level is Oversight.UNATTENDED
    assert held.decide(question(target="prod/cart", attempts=1)).policies == ("own",)


def test_a_policy_of_one_environment_is_not_one_of_all(tmp_path: Path) -> None:
    """Exceptions for a full name hold for that name; a permit is never taken from a shorter one."""
    text = '@id("but-one") forbid(principal, action, resource) unless { resource == Item::"prod/cart" };'
    held = copied(tmp_path, text)
    assert held.decide(question(target="prod/cart")).level is Oversight.UNATTENDED
    assert held.decide(question(target="test/cart")).level is Oversight.FORBIDDEN
