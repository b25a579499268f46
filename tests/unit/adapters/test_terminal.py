"""Warnings of commands go to standard error, where no program that reads the output meets them."""

from __future__ import annotations

import pytest

from aiops.adapters.terminal import warn


def test_a_warning_is_one_line_on_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    """With the program's name; standard output stays empty."""
    warn("data.detector is called data.detectors now")
    out, err = capsys.readouterr()
    assert (out, err) == ("", "aiops: warning: data.detector is called data.detectors now\n")


def test_each_warning_has_its_own_line(capsys: pytest.CaptureFixture[str]) -> None:
    """In their order."""
    for text in ("one", "two"):
        warn(text)
    assert capsys.readouterr().err.splitlines() == ["aiops: warning: one", "aiops: warning: two"]
