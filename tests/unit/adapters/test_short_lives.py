"""Processes that die soon after their start are counted over their deaths."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from aiops.adapters.short_lives import short_lives


def test_every_short_life_is_counted(tmp_path: Path) -> None:
    """The first process knows of none."""
    assert [short_lives(tmp_path / "main" / "shard-0.lives") for _ in range(4)] == [0, 1, 2, 3]


def test_a_long_life_ends_the_row(tmp_path: Path) -> None:
    """What it died of is not what it read first."""
    file = tmp_path / "lives"
    short_lives(file)
    before = set(threading.enumerate())
    assert short_lives(file, long_seconds=0.0) == 1
    for timer in set(threading.enumerate()) - before:
        timer.join(10)
    assert short_lives(file) == 0


@pytest.mark.parametrize("content", [b"", b"x", b"-7", b"\xff\xfe"])
def test_a_damaged_file_counts_as_none(content: bytes, tmp_path: Path) -> None:
    """It is written anew."""
    file = tmp_path / "lives"
    file.write_bytes(content)
    assert [short_lives(file), short_lives(file)] == [0, 1]


def test_a_folder_that_cannot_be_written_is_no_obstacle(tmp_path: Path) -> None:
    """Nothing is counted."""
    (tmp_path / "main").write_text("a file where the folder should be")
    assert [short_lives(tmp_path / "main" / "lives") for _ in range(2)] == [0, 0]
