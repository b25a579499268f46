"""A table can be looked at by detectors beside the bank."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from aiops.adapters.tables import read_table
from aiops.apps.detect import detect_in
from aiops.model.errors import PermanentError
from aiops.plugins import ExtensionKind
from detectors.detection import detect
from tests.plugin.example_package import example


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """A wave that jumps inside its own range for its last rows."""
    value = 100.0 * np.sin(2 * np.pi * np.arange(440) / 200)
    value[400:412] += np.where(np.arange(12) % 2, 40.0, -40.0)
    file = tmp_path / "wave.csv"
    file.write_text("time,level\n" + "".join(f"{1_750_000_000 + 60 * k},{v}\n" for k, v in enumerate(value)))
    return file


def test_a_detector_finds_what_the_bank_does_not(table: Path) -> None:
    """Its episode carries its name; without it there is none at these rows."""
    steps = example().load(ExtensionKind.DETECTOR, "steps")
    found = detect(read_table(table), detectors={"steps": steps}).episodes
    assert [one for one in found if one.from_row >= 400 and "steps" in {each.view for each in one.series.values()}]
    assert not [one for one in detect(read_table(table)).episodes if one.from_row >= 400]


def test_an_unknown_detector_is_told_with_the_known_ones(table: Path) -> None:
    """The command fails before it reads anything twice."""
    with pytest.raises(PermanentError, match="known are bank, half-space-trees"):
        detect_in(table, None, ("half-space",))
