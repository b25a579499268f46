"""The product: one ranker of the registry, asked through the same function as ``aiops diagnose``."""

from __future__ import annotations

import time

from aiops.plugins import BUILT_INS, ExtensionKind
from tests.benchmarks.rootcause.grading import Answer
from topology.cases.case import Case
from topology.cases.episodes import question
from topology.diagnosis import DiagnosisSubject, diagnose


def answer(case: Case, ranker: str) -> Answer:
    """Probabilities of the hypotheses, whether the cause is called unknown, and the seconds that it took."""
    made = BUILT_INS.make(ExtensionKind.RANKER, ranker)
    begin = time.perf_counter()
    found = diagnose(question(case), made, DiagnosisSubject(case.id, case.to_at))
    seconds = time.perf_counter() - begin
    return Answer({h.entity: h.probability for h in found.hypotheses}, found.unknown, seconds)
