"""Permission by Cedar policies, evaluated at rising levels of oversight. The first permitted level is the tier.

Policies are in files (``*.cedar``) beside their schema (``*.cedarschema``) and are validated against it at load. Every
policy needs an ``@id``; people see its ``@reason``. A problem in any file means that nothing is permitted.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import cedarpy

from aiops.model.entities import RUNTIME_ENTITY, Criticality, Item
from aiops.model.entity_names import less_specific
from aiops.model.plans import Action, BlastRadius, Oversight, StepDirection
from aiops.model.prose import Prose
from remediations.policy_text import PolicyText, declared, file_name, problems_of, texts_of
from remediations.windows import Problem

RISING = (Oversight.UNATTENDED, Oversight.ONE_APPROVER, Oversight.TWO_APPROVERS)
"""Levels of oversight in the order of evaluation."""
VALUE_ACCOUNT = "value"
RESOLUTION = "resolution"
MOST_SECONDS = 10**9


@dataclass(frozen=True, slots=True)
class PolicyQuestion:
    """The facts of one action at one moment. The defaults are the least favourable values."""

    action: Action
    item: Item | None
    """None: no source described the target."""
    blast: BlastRadius
    direction: StepDirection = StepDirection.DO
    principal: str = RESOLUTION
    runbook: str = ""
    requester: str = RESOLUTION
    approvers: tuple[str, ...] = ()
    confidence: float = 0.0
    evidence_age_seconds: float = math.inf
    evidence_limit_seconds: float = 0.0
    attempts: int = 0
    reversible: bool = False
    change_suspected: bool = False
    ticket_only: bool = False
    frozen: bool = True
    breaker_open: bool = True
    halted: bool = True
    budget_reserved: bool = False


@dataclass(frozen=True, slots=True)
class PolicyDecision:
    """The tier, and the data to check the decision later."""

    level: Oversight
    reasons: tuple[Prose, ...]
    policies: tuple[str, ...]
    """Ids of the policies that decided: those that permitted, or those that forbade."""
    digest: str
    request: str
    """The evaluated request at ``level``, JSON; at the highest level of oversight if it is forbidden."""


@dataclass(frozen=True)
class PolicySet:
    """Policies in force. With problems, or without policies, it permits nothing."""

    problems: tuple[Problem, ...] = ()
    digest: str = ""
    texts: Mapping[str, PolicyText] = field(default_factory=dict)
    """By Cedar's own id of the policy (``policy0`` …)."""
    policies: Any = None
    schema: Any = None

    @classmethod
    def of(
        cls, folder: str, files: Mapping[str, str], problems: Iterable[Problem] = (), *, actions: Iterable[str] = ()
    ) -> PolicySet:
        """Parses and validates the policies and the schema of a folder.

        Args:
            folder: its path, for messages.
            files: path to text of every ``*.cedarschema`` and ``*.cedar``, in the order in which they are joined.
            problems: earlier problems, for example a file that could not be read.
            actions: names of all primitives. Names that the schema does not declare are added to it; this permits
                nothing.

        Returns:
            The policies; with ``problems`` set if there are any.
        """
        wrong = list(problems)
        schema = "\n".join(text for path, text in files.items() if path.endswith(".cedarschema"))
        policies = {path: text for path, text in files.items() if path.endswith(".cedar")}
        if not schema.strip():
            wrong.append(Problem(folder, 1, "no schema (*.cedarschema)"))
        if not policies:
            wrong.append(Problem(folder, 1, "no policies (*.cedar)"))
        added = declared(schema, actions) if not wrong else ""
        if not wrong:
            schema += added
            wrong = problems_of(folder, schema, policies)
        digest = hashlib.sha256()
        for path, text in files.items():
            digest.update(f"{file_name(path)}\0{len(text)}\0{text}".encode())
        digest.update(added.encode())
        if wrong:
            return cls(tuple(wrong), digest.hexdigest())
        whole = "\n".join(policies.values())
        return cls(
            (),
            digest.hexdigest(),
            texts_of(whole),
            cedarpy.PolicySet.from_str(whole),
            cedarpy.Schema.from_str(schema),
        )

    def decide(self, question: PolicyQuestion) -> PolicyDecision:
        """Evaluates at rising oversight. The first permitted level is the tier; without one the action is forbidden."""
        if self.policies is None:
            why = "; ".join(str(problem) for problem in self.problems[:3]) or "no policies are loaded"
            return PolicyDecision(Oversight.FORBIDDEN, (Prose(f"no policy is in force: {why}"),), (), self.digest, "")
        answer: PolicyDecision | None = None
        for rank, level in enumerate(RISING):
            answer, permitted = self._ask(question, level, rank)
            if permitted:
                return answer
        assert answer is not None
        return answer

    def _ask(self, question: PolicyQuestion, level: Oversight, rank: int) -> tuple[PolicyDecision, bool]:
        request = _request(question, rank)
        entities = [_entity(question)]
        result = cedarpy.is_authorized(request, self.policies, entities, self.schema)
        found = [self.texts[name] for name in sorted(result.diagnostics.reasons) if name in self.texts]
        errors = tuple(Prose(f"policy error: {error}") for error in result.diagnostics.errors)
        permitted = bool(result.allowed) and not errors
        if permitted and (forbids := self._of_short_names(question, request, entities[0])):
            found, permitted = forbids, False
        reasons = (*(Prose(f"{text.reason} [{text.id}]") for text in found), *errors)
        if not permitted:
            reasons = reasons or (Prose("no policy permits this at any level of oversight"),)
        evaluated = json.dumps({"request": request, "entities": entities}, sort_keys=True, separators=(",", ":"))
        tier = level if permitted else Oversight.FORBIDDEN
        return PolicyDecision(tier, reasons, tuple(text.id for text in found), self.digest, evaluated), permitted

    def _of_short_names(
        self, question: PolicyQuestion, request: dict[str, Any], entity: dict[str, Any]
    ) -> list[PolicyText]:
        """Forbids that name the target less specifically: what is forbidden on an item is so in every environment."""
        found: list[PolicyText] = []
        for short in list(less_specific(question.action.target))[1:]:
            naming = {name for name, text in self.texts.items() if short in text.items}
            if naming:
                resource = {"type": "Item", "id": short}
                again = {**request, "resource": resource}
                result = cedarpy.is_authorized(again, self.policies, [{**entity, "uid": resource}], self.schema)
                deciding = naming & set(result.diagnostics.reasons) if not result.allowed else ()
                found += [self.texts[name] for name in sorted(deciding)]
        return found


def _request(question: PolicyQuestion, rank: int) -> dict[str, Any]:
    shares = question.blast.shares
    widest = max((share for account, share in shares.items() if account != VALUE_ACCOUNT), default=0.0)
    context = {
        "level": rank,
        "direction": question.direction.value,
        "runbook": question.runbook,
        "requester": question.requester,
        "approvers": sorted(set(question.approvers)),
        "confidence": math.floor(100 * _clean(question.confidence, 0.0)),
        "evidence_age_seconds": math.ceil(_clean(question.evidence_age_seconds, MOST_SECONDS)),
        "evidence_limit_seconds": math.floor(_clean(question.evidence_limit_seconds, 0.0)),
        "attempts": question.attempts,
        "reversible": question.reversible,
        "blast_percent": math.ceil(100 * _clean(widest, 1.0) - 1e-9),
        "value_percent": math.ceil(100 * _clean(shares.get(VALUE_ACCOUNT, 0.0), 1.0) - 1e-9),
        "change_suspected": question.change_suspected,
        "ticket_only": question.ticket_only,
        "frozen": question.frozen,
        "breaker_open": question.breaker_open,
        "halted": question.halted,
        "budget_reserved": question.budget_reserved,
    }
    return {
        "principal": {"type": "Role", "id": question.principal},
        "action": {"type": "Action", "id": question.action.primitive},
        "resource": {"type": "Item", "id": question.action.target},
        "context": context,
    }


def _clean(value: float, worst: float) -> float:
    """A finite value clipped to [0, ``MOST_SECONDS``]; any other value becomes ``worst``."""
    return min(max(value, 0.0), float(MOST_SECONDS)) if math.isfinite(value) else worst


def _entity(question: PolicyQuestion) -> dict[str, Any]:
    target, item = question.action.target, question.item
    attributes = dict(item.attributes) if item else {}
    words = [*attributes.get("data_class", "").split(","), *attributes.get("tags", "").split(",")]
    return {
        "uid": {"type": "Item", "id": target},
        "attrs": {
            "kind": item.kind if item else "unknown",
            "known": item is not None,
            "criticality": (item.criticality if item else Criticality.CRITICAL).value,
            "owner": item.owner if item else "",
            "replicas": item.replicas if item else 1,
            "tags": sorted({word.strip() for word in words if word.strip()}),
            "security_hold": attributes.get("security_hold", "").lower() not in ("", "false", "no", "0"),
            "runtime": target == RUNTIME_ENTITY or target.startswith(f"{RUNTIME_ENTITY}/"),
        },
        "parents": [],
    }
