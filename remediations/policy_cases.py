"""Test cases of policies: expected decisions in a file beside the policies, checked by ``aiops policy test``.

A case describes one action. Facts that it does not state have favourable values: high confidence, fresh evidence,
reversible, no freeze, no open breaker, no halt.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from aiops.model.entities import Criticality, Item
from aiops.model.errors import PermanentError
from aiops.model.plans import Action, BlastRadius, Oversight, StepDirection
from aiops.model.yaml_text import read_yaml
from remediations.policy import PolicyDecision, PolicyQuestion, PolicySet


class PolicyCase(BaseModel):
    """One action on one item at one moment, and the expected level of oversight."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = ""
    primitive: str
    target: str = "item"
    known: bool = True
    kind: str = "service"
    criticality: Criticality = Criticality.MEDIUM
    replicas: int = Field(default=3, ge=0)
    attributes: dict[str, str] = Field(default_factory=dict)
    direction: StepDirection = StepDirection.DO
    confidence: float = Field(default=0.9, ge=0, le=1)
    evidence_age_seconds: float = Field(default=10.0, ge=0)
    evidence_limit_seconds: float = Field(default=120.0, ge=0)
    attempts: int = Field(default=0, ge=0)
    reversible: bool = True
    change_suspected: bool = False
    ticket_only: bool = False
    frozen: bool = False
    breaker_open: bool = False
    halted: bool = False
    blast: float = Field(default=0.05, ge=0, le=1)
    """Share of its failure domain that is at risk."""
    value: float = Field(default=0.05, ge=0, le=1)
    """Share of business value that is at risk."""
    requester: str = "resolution"
    approvers: tuple[str, ...] = ()
    expect: Oversight | None = None

    @property
    def question(self) -> PolicyQuestion:
        """The case as a question to the policies."""
        item = Item(
            self.target,
            kind=self.kind,
            criticality=self.criticality,
            replicas=self.replicas,
            attributes=self.attributes,
        )
        return PolicyQuestion(
            Action(self.primitive, self.target),
            item if self.known else None,
            BlastRadius({"domain": self.blast, "value": self.value}, (self.target,)),
            direction=self.direction,
            requester=self.requester,
            approvers=self.approvers,
            confidence=self.confidence,
            evidence_age_seconds=self.evidence_age_seconds,
            evidence_limit_seconds=self.evidence_limit_seconds,
            attempts=self.attempts,
            reversible=self.reversible,
            change_suspected=self.change_suspected,
            ticket_only=self.ticket_only,
            frozen=self.frozen,
            breaker_open=self.breaker_open,
            halted=self.halted,
        )


@dataclass(frozen=True, slots=True)
class Checked:
    """A case with the decision of the policies."""

    case: PolicyCase
    decision: PolicyDecision

    @property
    def right(self) -> bool:
        """Whether the decision is the expected one; a case without ``expect`` is right."""
        return self.case.expect in (None, self.decision.level)


def read_cases(text: str, file: str) -> list[PolicyCase]:
    """The cases of a ``cases.yaml``.

    Raises:
        PermanentError: the text is malformed; the message names file, case and field.
    """
    try:
        data = read_yaml(text)
    except yaml.YAMLError as error:
        raise PermanentError(f"{file}: {error}") from error
    if not isinstance(data, list):
        raise PermanentError(f"{file}: a list of cases is needed")
    cases = []
    for number, entry in enumerate(data, start=1):
        try:
            cases.append(PolicyCase.model_validate(entry))
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join(str(part) for part in first["loc"])
            raise PermanentError(f"{file}: case {number}: {place}: {first['msg']}") from error
    return cases


def check(policies: PolicySet, cases: Iterable[PolicyCase]) -> list[Checked]:
    """Evaluates every case."""
    return [Checked(case, policies.decide(case.question)) for case in cases]
