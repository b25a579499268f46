"""What ``aiops doctor`` says of the snapshot store."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from aiops.adapters.snapshots.opening import open_snapshots
from aiops.apps.doctor_findings import Level
from aiops.apps.doctor_snapshots import check_snapshots
from aiops.settings import DataPlane, Settings
from tests.contracts.snapshots import snapshot


def placed(store: str | None, **options: str) -> Settings:
    return Settings(data=DataPlane(snapshot_store=store, snapshot_store_options=options))


def test_the_folder_of_the_state_needs_no_line() -> None:
    """``aiops up`` makes it."""
    assert list(check_snapshots(placed(None))) == []


def test_a_store_that_answers_is_named_with_what_it_holds(tmp_path: Path) -> None:
    """Slot 0 has none yet."""
    settings = placed(str(tmp_path))
    open_snapshots(settings).write(snapshot(1))
    (finding,) = check_snapshots(settings)
    assert (finding.level, finding.what) == (Level.OK, f"{tmp_path} answers, 0 snapshots of slot 0")


def test_a_store_that_does_not_answer_is_a_failure_that_says_what_follows() -> None:
    """Nothing listens on port 9."""
    settings = placed("s3://bucket/x", endpoint="http://127.0.0.1:9", skip_signature="true", region="here")
    (finding,) = check_snapshots(settings)
    assert finding.level is Level.FAIL
    assert "cannot list main/slot-0000" in finding.what
    assert "shards do not start" in finding.do


def test_a_wrong_option_is_a_failure_that_names_the_setting() -> None:
    """Before anything is connected to."""
    (finding,) = check_snapshots(placed("s3://bucket/x", secret_access_key="hunter2"))
    assert finding.level is Level.FAIL
    assert "secret_access_key is a secret" in finding.what
    assert "hunter2" not in finding.what


def test_a_file_in_the_place_of_the_folder_is_a_failure(tmp_path: Path) -> None:
    """Slots would start without snapshots and write none."""
    (tmp_path / "kept").write_text("")
    (finding,) = check_snapshots(placed(str(tmp_path / "kept" / "below")))
    assert (finding.level, finding.what) == (Level.FAIL, f"data.snapshot_store: {tmp_path / 'kept'} is not a folder")


def test_a_folder_that_may_not_be_written_is_a_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first folder that exists decides; the tests may run as root, whom no mode stops."""
    asked = []
    monkeypatch.setattr(os, "access", lambda place, _: asked.append(place))
    (finding,) = check_snapshots(placed(str(tmp_path / "new" / "below")))
    assert (finding.level, finding.what) == (Level.FAIL, f"data.snapshot_store: {tmp_path} cannot be written")
    assert asked == [tmp_path]


def test_a_folder_that_does_not_exist_yet_is_no_failure(tmp_path: Path) -> None:
    """The first snapshot creates it."""
    (finding,) = check_snapshots(placed(str(tmp_path / "new" / "below")))
    assert finding.level is Level.OK
