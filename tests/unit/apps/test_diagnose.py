from __future__ import annotations

from pathlib import Path

import pytest

from aiops.adapters.cases import CaseError
from aiops.apps.diagnose import as_dict, diagnose_case
from aiops.model.diagnoses import ChangeSuspect, Diagnosis, Evidence, Hypothesis, Impact
from aiops.model.prose import Prose
from tests.unit.topology.test_cases import write
from topology.rankers.walk import WalkRanker

AT = 1_700_000_000_000_000_000
EVIDENCE = Evidence("e1", True, Prose("db: cpu rose"), "metric", AT, 0, 2.5)
FOUND = Diagnosis(
    "case-1", 1, AT, AT + 500_000_000, (Hypothesis("db", 0.75, "saturation", (EVIDENCE,)),), 0.2, 0.05,
    (Impact("shop", Prose("at risk"), 12.5, business_service=True),),
    (ChangeSuspect("c1", "db", 0.9, Prose("30 s before")),),
    unknown=False,
)  # fmt: skip


def test_the_answer_has_the_formats_fields() -> None:
    """Every figure as it is, times as RFC 3339, and null for a time that is not known."""
    assert as_dict(FOUND, 0.123456) == {
        "case": "case-1",
        "onset": "2023-11-14T22:13:20.500000000Z",
        "unknown": False,
        "p_unknown": 0.2,
        "p_rest": 0.05,
        "seconds": 0.1235,
        "hypotheses": [
            {
                "entity": "db",
                "probability": 0.75,
                "kind": "saturation",
                "evidence": [
                    {
                        "for": True,
                        "what": "db: cpu rose",
                        "source": "metric",
                        "from": "2023-11-14T22:13:20Z",
                        "to": None,
                        "weight": 2.5,
                    }
                ],
            }
        ],
        "impact": [{"entity": "shop", "how": "at risk", "value_per_minute": 12.5}],
        "changes": [{"id": "c1", "entity": "db", "suspicion": 0.9, "why": "30 s before"}],
    }


def test_an_onset_that_was_not_found_is_null() -> None:
    """Zero is not 1970."""
    nothing = Diagnosis("c", 1, AT, 0, (), 1.0, 0.0, (), (), unknown=True)
    told = as_dict(nothing, 0.0)
    assert (told["onset"], told["hypotheses"], told["unknown"]) == (None, [], True)


def test_a_case_is_diagnosed_from_its_folder(tmp_path: Path) -> None:
    """The entity whose metric moved is the cause, and the chances add up to 1."""
    found = diagnose_case(write(tmp_path), WalkRanker())
    assert found.hypotheses[0].entity == "b"
    chances = sum(h.probability for h in found.hypotheses)
    assert chances + found.p_unknown + found.p_rest == pytest.approx(1.0, abs=1e-6)


def test_a_stated_onset_wins(tmp_path: Path) -> None:
    """Over the one that case.json states or that is found."""
    folder = write(tmp_path)
    stated = 1_700_006_000_000_000_000
    assert diagnose_case(folder, WalkRanker(), stated).onset == stated
    assert diagnose_case(folder, WalkRanker()).onset != stated


@pytest.mark.parametrize("content", [None, "", "[]", "{", '{"id": 5}', '{"id": "c", "from": "x"}'])
def test_a_folder_that_is_no_case_is_named(tmp_path: Path, content: str | None) -> None:
    """Missing, empty or wrong: the error names case.json."""
    if content is not None:
        (tmp_path / "case.json").write_text(content)
    with pytest.raises(CaseError, match=r"case\.json"):
        diagnose_case(tmp_path, WalkRanker())
