"""Protocols state the onset, or when the trouble was detected, and nothing else."""

from __future__ import annotations

from dataclasses import replace

from aiops.model.durations import SECOND
from tests.benchmarks.rootcause.labelled import GIVEN, shifted
from tests.unit.benchmarks.rootcause.small import ONSET, labelled


def test_protocols_are_named_by_their_shift() -> None:
    """The sign is always written."""
    assert [each.name for each in shifted(-60, 30)] == ["given", "found-60", "found+30"]


def test_a_given_onset_is_stated_in_the_case() -> None:
    """It is also when the trouble was detected."""
    asked = GIVEN.apply(labelled())
    assert (asked.onset, asked.detected_at) == (ONSET, ONSET)


def test_a_found_onset_is_not_in_the_case() -> None:
    """Only the shifted detection is."""
    late = shifted(120)[1]
    asked = late.apply(labelled())

    assert (asked.onset, asked.detected_at) == (None, ONSET + 120 * SECOND)
    assert late.stated(labelled()) == ONSET + 120 * SECOND


def test_a_set_without_times_states_none() -> None:
    """Neither onset nor detection."""
    asked = GIVEN.apply(replace(labelled(), onset=None))
    assert (asked.onset, asked.detected_at) == (None, None)
