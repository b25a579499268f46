"""What the tests of commands share."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A state folder of its own, in a working folder without settings; no broker is named."""
    folder = tmp_path / "state"
    folder.mkdir()
    monkeypatch.setenv("AIOPS_STATE", str(folder))
    monkeypatch.delenv("AIOPS_KAFKA", raising=False)
    monkeypatch.chdir(tmp_path)
    return folder
