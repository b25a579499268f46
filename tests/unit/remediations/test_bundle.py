from __future__ import annotations

from remediations.bundle import Bundle
from remediations.policy import PolicySet
from remediations.runbooks import Catalogue
from remediations.windows import Windows


def test_problems_of_every_part_are_told() -> None:
    """Policies first, then runbooks, then calendars: each with its own file."""
    bundle = Bundle(
        PolicySet.of("policies", {}),
        Catalogue.of({"runbooks/own.yaml": b"id: [", "runbooks/new.yaml": b"id: new"}, {}),
        Windows.of({"windows/freeze.ics": b"\xff\x00 not a calendar"}),
    )
    files = [problem.file for problem in bundle.problems]
    assert files[:2] == ["policies", "policies"]
    assert sorted(files[2:-1]) == ["runbooks/new.yaml", "runbooks/own.yaml"]
    assert files[-1] == "windows/freeze.ics"


def test_a_bundle_without_problems_has_none() -> None:
    """An empty catalogue and no calendars are sound; nothing is told of them."""
    assert Bundle(PolicySet(), Catalogue.of({}, {}), Windows()).problems == ()
