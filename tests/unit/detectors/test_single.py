from __future__ import annotations

import math

import numpy as np
import pytest

from detectors.bank.series_bank import BankSettings
from detectors.single import BankDetector

SECOND = 1_000_000_000
START = 1_750_000_020 * SECOND


def fed(values: list[float], detector: BankDetector | None = None, first: int = 0) -> list[float]:
    """Scores of points, one each ten seconds."""
    found = detector or BankDetector()
    return [found.update(START + 10 * (first + n) * SECOND, value) for n, value in enumerate(values)]


def noise(count: int) -> list[float]:
    values: list[float] = np.random.default_rng(2).normal(100.0, 5.0, count).tolist()
    return values


def test_while_it_warms_up_the_score_is_0() -> None:
    """Whatever comes."""
    warm_up = BankSettings(capacity=1).warm_up_points
    assert set(fed([1.0, 1e9] * (warm_up // 2))) == {0.0}


def test_a_jump_scores_above_what_is_usual() -> None:
    """Beyond 0.5, the edge of what the series does by itself; the noise before it stays below."""
    scores = fed([*noise(1000), 300.0])
    assert max(scores[-100:-1]) < 0.5 < scores[-1] < 1.0


def test_a_repeated_or_broken_point_scores_0() -> None:
    """The same time again, a time long ago, and what is no number."""
    detector = BankDetector()
    fed(noise(200), detector)
    now = START + 1990 * SECOND
    assert [detector.update(now, 1e9), detector.update(START - 10**6 * SECOND, 1e9)] == [0.0, 0.0]
    assert detector.update(now + SECOND, math.nan) == 0.0


def test_it_goes_on_from_a_snapshot() -> None:
    """A restored detector gives the same scores as the one that went on."""
    one, other = BankDetector(), BankDetector()
    fed(noise(500), one)
    other.restore(one.snapshot())
    later = [*noise(50), 200.0, 250.0]
    assert fed(later, one, 500) == fed(later, other, 500)


def test_a_snapshot_of_a_larger_bank_does_not_fit() -> None:
    """The detector has room for one series."""
    detector = BankDetector()
    arrays = dict(detector.snapshot())
    arrays["head"] = arrays["head"].copy()
    arrays["head"][3] = 2
    with pytest.raises(ValueError, match="does not fit"):
        BankDetector().restore(arrays)


def test_settings_are_kept_over_a_restore() -> None:
    """A lower threshold scores higher, before and after."""
    low, usual = BankDetector(BankSettings(capacity=1, threshold=0.5)), BankDetector()
    for detector in (low, usual):
        fed(noise(500), detector)
        detector.restore(detector.snapshot())
    assert fed([115.0], low, 500)[0] > fed([115.0], usual, 500)[0]
