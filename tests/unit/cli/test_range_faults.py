"""`aiops range fault` and `aiops range faults`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from aiops.apps.range.estate_files import write_release
from aiops.cli import range_faults
from aiops.model.errors import PermanentError
from simulations.range.faults.registry import KINDS
from simulations.range.profile import profile
from tests.unit.apps.range.faults.stage import PLAN, estate_in


def test_all_kinds_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    """Also without an estate."""
    range_faults.faults(None, as_json=True)
    rows = json.loads(capsys.readouterr().out)
    assert [row["name"] for row in rows] == list(KINDS)
    assert all(row["targets"] == [] for row in rows)


def test_each_kind_shows_what_it_can_happen_to(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Or why it cannot, in one line."""
    range_faults.faults(estate_in(tmp_path), as_json=False)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2 * len(KINDS)
    killed = next(number for number, words in enumerate(lines) if words.startswith("killed "))
    assert lines[killed + 1].split() == [service.id for service in PLAN.services]


def test_a_fault_of_no_kind_is_refused(tmp_path: Path) -> None:
    """Nothing happened, and no truth was written."""
    estate = estate_in(tmp_path)
    write_release(estate.folder, profile(PLAN, PLAN.services[0]))
    with pytest.raises(PermanentError, match="no fault 'song'"):
        range_faults.fault(estate, "song", "", seconds=1.0, config=None)
    assert not estate.folder.truth.exists()


def test_calm_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """When it began, where users feel it, and how it ended."""
    range_faults.fault(estate_in(tmp_path), "calm", "", seconds=0.0, config=None)
    begun, ended = capsys.readouterr().out.splitlines()
    assert begun.endswith(f"calm {PLAN.name}: for 0 s; users feel it at: nowhere")
    assert ended.endswith("over: nothing was left to undo")
