"""The check for look-ahead finds detectors that look ahead."""

from __future__ import annotations

import numpy as np
import pytest

from tests.benchmarks.detection.causality import LookAheadError, check
from tests.benchmarks.detection.protocol import Rows, Scored, regular


def rows(count: int = 60) -> Rows:
    return regular(np.random.default_rng(1).normal(size=(count, 2)), 60)


def causal(given: Rows) -> Scored:
    score = np.maximum.accumulate(given.values.max(axis=1, keepdims=True))
    return Scored(score, score, score > 1)


def scaled_by_the_whole(given: Rows) -> Scored:
    score = given.values.max(axis=1, keepdims=True)
    return Scored(score / np.abs(score).max(), score)


def opens_a_row_early(given: Rows) -> Scored:
    score = given.values.max(axis=1, keepdims=True)
    return Scored(score, score, np.roll(score > 0, -1))


def test_a_causal_detector_passes() -> None:
    """And the number of compared rows is told."""
    assert check(causal, rows(), (20, 40)) == 60


def test_scaling_by_the_whole_is_found() -> None:
    """The column and the row are named."""
    given = rows()
    given.values[50] = 100.0
    with pytest.raises(LookAheadError, match=r"^score of row 0: .* with 30 rows, .* with 60 rows"):
        check(scaled_by_the_whole, given, (30,))


def test_an_episode_that_opens_before_its_cause_is_found() -> None:
    """Its own openings are compared as well."""
    given = rows()
    given.values[29], given.values[30], given.values[0] = -1.0, 1.0, -1.0
    with pytest.raises(LookAheadError, match=r"^opened of row 29"):
        check(opens_a_row_early, given, (30,))
