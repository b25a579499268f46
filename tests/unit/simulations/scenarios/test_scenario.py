"""Scenarios in YAML: the shipped ones, and errors that say where."""

from __future__ import annotations

from pathlib import Path

import pytest

from simulations.faults.registry import FAULTS
from simulations.scenarios.scenario import Scenario, ScenarioError, find, parse, shipped

GOOD = """\
name: story
title: A story
faults:
  - {name: crash, settings: {target: pricing}}
expected:
  endings: [escalated]
"""


@pytest.fixture(scope="module")
def all_shipped() -> dict[str, Scenario]:
    """Every shipped scenario, read and tried."""
    return {name: find(name) for name in shipped()}


def test_shipped_scenarios_cover_every_fault(all_shipped: dict[str, Scenario]) -> None:
    """At least twelve, each named like its file, and no fault of the registry is left out."""
    used = {spec.name for scenario in all_shipped.values() for spec in scenario.faults}
    used |= {"none"} if not all_shipped["none"].faults else set()
    assert len(all_shipped) >= 12
    assert {name for name, scenario in all_shipped.items() if scenario.name != name} == set()
    assert set(FAULTS) - used == set()


def test_expected_actions_are_answers_or_allowed(all_shipped: dict[str, Scenario]) -> None:
    """Nothing is expected and forbidden at once."""
    for scenario in all_shipped.values():
        assert not set(scenario.expected.actions) & set(scenario.expected.forbidden)


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("title: A story", "titel: A story", "f.yaml:1: title: Field required"),
        ("[escalated]", "[escalatedd]", "f.yaml:6: expected.endings.0"),
        ("name: crash", "name: crahs", "f.yaml:4: no fault 'crahs'"),
        ("target: pricing", "targets: pricing", "f.yaml:4: fault crash has no setting ['targets']"),
        ("target: pricing", "target: nobody", "f.yaml:4: fault crash cannot hit 'nobody'"),
        ("[escalated]", "[escalated", "f.yaml:7: is not YAML"),
        ("title: A story", "title: A story\nduration: -1", "f.yaml:3: duration"),
        ("title: A story", "title: A story\nstart: soon", "f.yaml:3: start: 'soon'"),
    ],
)
def test_errors_name_file_line_and_place(before: str, after: str, told: str) -> None:
    """Whatever is wrong, its line is told."""
    with pytest.raises(ScenarioError) as caught:
        parse(GOOD.replace(before, after), Path("f.yaml"))
    assert str(caught.value).startswith(told)


def test_unknown_names_are_told_with_the_known_ones() -> None:
    """One line, with what there is."""
    with pytest.raises(ScenarioError, match=r"no scenario 'nosuch'; known: .*crash"):
        find("nosuch")


def test_a_file_of_ones_own(tmp_path: Path) -> None:
    """A path works like a name."""
    path = tmp_path / "story.yaml"
    path.write_text(GOOD)
    assert find(str(path)).plot(tmp_path).faults[0].fault.target == "pricing"
    with pytest.raises(ScenarioError, match="cannot be read"):
        find(str(tmp_path / "none.yaml"))
