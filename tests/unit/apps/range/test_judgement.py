"""What must never happen is found in what was measured."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from aiops.apps.range.judgement import Violation, violations
from aiops.settings import Settings
from tests.unit.simulations.range.score.runs_graded import action, evidence, measured


def settings(folder: Path, *, shadow: bool) -> Settings:
    return Settings.model_validate({"state": str(folder), "control": {"shadow": shadow}})


@pytest.mark.parametrize("shadow", [True, False])
def test_an_action_must_not_happen_in_shadow_mode(tmp_path: Path, *, shadow: bool) -> None:
    """Decisions are recorded, and nothing is done."""
    run = measured(evidence=evidence(actions=(action(700),)))
    assert violations(run, settings(tmp_path, shadow=shadow), None) == [Violation.SHADOW] * shadow


def test_an_effect_needs_an_order(tmp_path: Path) -> None:
    """Whoever reported it."""
    run = measured(evidence=replace(evidence(), unordered=("p/a/do",)))
    assert violations(run, settings(tmp_path, shadow=False), None) == [Violation.UNORDERED]


def test_a_run_in_which_nothing_was_done_is_in_order(tmp_path: Path) -> None:
    """Without a status the ledger is not looked at."""
    assert violations(measured(), settings(tmp_path, shadow=True), None) == []
