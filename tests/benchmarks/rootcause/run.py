"""Asks the product and the baselines the same cases, and keeps what they answered."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice

from tests.benchmarks.rootcause import product
from tests.benchmarks.rootcause.baselines.protocol import Baseline, BaselineQuestion
from tests.benchmarks.rootcause.grading import Answer, by_service, place, wholes
from tests.benchmarks.rootcause.labelled import CaseSet, LabelledCase, Protocol


@dataclass(frozen=True, slots=True)
class Graded:
    """One answer and its place; None: the truth is not listed."""

    case: str
    kind: str
    answer: Answer
    place: int | None


@dataclass(slots=True)
class Results:
    """What every ranker answered on one set under one protocol, in the order of the cases."""

    set_name: str
    protocol: str
    product: str
    answers: dict[str, list[Graded]] = field(default_factory=dict)

    def places(self, ranker: str) -> list[int | None]:
        """Places of one ranker, a case each."""
        return [each.place for each in self.answers[ranker]]

    @property
    def baselines(self) -> list[str]:
        """Names of the baselines that apply to every case of the set."""
        cases = len(self.answers[self.product])
        return [name for name, held in self.answers.items() if name != self.product and len(held) == cases]


@dataclass(frozen=True, slots=True)
class AlertKinds:
    """How common each kind of alert is among the cases of a set."""

    cases: int
    occurs_in: Mapping[tuple[str, str], int]


def count_alert_kinds(cases: Iterable[LabelledCase]) -> AlertKinds:
    """Counts in how many cases each kind occurs."""
    many, found = 0, Counter[tuple[str, str]]()
    for labelled in cases:
        many += 1
        found.update(set(labelled.case.alerts.select("source", "name").rows()))
    return AlertKinds(many, found)


NO_ALERTS = AlertKinds(0, {})


def ask(
    labelled: LabelledCase,
    protocol: Protocol,
    *,
    ranker: str,
    baselines: Iterable[Baseline],
    kinds: AlertKinds = NO_ALERTS,
) -> dict[str, Answer]:
    """The answers of the product and of every baseline that applies."""
    case = protocol.apply(labelled)
    answers = {ranker: product.answer(case, ranker)}
    asked = BaselineQuestion(
        case, protocol.stated(labelled), labelled.symptom_metric, alert_kinds=kinds.occurs_in, cases=kinds.cases
    )
    for baseline in baselines:
        begin = time.perf_counter()
        scores = baseline.scores(asked)
        if scores is not None:
            answers[baseline.name] = Answer(scores, seconds=time.perf_counter() - begin)
    return answers


def run(cases: CaseSet, *, ranker: str, baselines: Sequence[Baseline], most: int | None = None) -> list[Results]:
    """The results of one set, a protocol each; ``most`` limits the cases to the first so many."""
    found = [Results(cases.name, protocol.name, ranker) for protocol in cases.protocols]
    kinds = count_alert_kinds(cases.cases()) if cases.alerts_only and baselines else NO_ALERTS
    for labelled in islice(cases.cases(), most):
        for protocol, results in zip(cases.protocols, found, strict=True):
            for name, answer in ask(labelled, protocol, ranker=ranker, baselines=baselines, kinds=kinds).items():
                results.answers.setdefault(name, []).append(grade(labelled, answer))
    return found


def grade(labelled: LabelledCase, answer: Answer) -> Graded:
    """The place of the truth; parts count as what they are part of."""
    mapped = by_service(answer, labelled.case.edges)
    whole = wholes(labelled.case.edges)
    truth = frozenset(whole.get(name, name) for name in labelled.truth)
    return Graded(labelled.case.id, labelled.kind, mapped, place(mapped.scores, truth))


def normal(cases: CaseSet, *, ranker: str, most: int | None = None) -> list[Answer]:
    """What the product says of windows without a fault, in which a detection is stated."""
    protocol = Protocol(cases.protocols[-1].source)
    return [product.answer(protocol.apply(window), ranker) for window in islice(cases.normal(), most)]
