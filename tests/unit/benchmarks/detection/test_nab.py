"""NAB's score on fixtures that were worked out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tests.benchmarks.detection import nab
from tests.benchmarks.detection.nab import LOW_FN, LOW_FP, STANDARD, Profile

FIRST = 2 / (1 + math.exp(-5)) - 1
"""S at the first row of a window: 0.98661."""


def scores(rows: int, **detected: float) -> np.ndarray:
    """Zeros but for ``row_N=score``."""
    result = np.zeros(rows)
    for name, score in detected.items():
        result[int(name.removeprefix("row_"))] = score
    return result


def total(found: np.ndarray, windows: list[tuple[int, int]], profile: Profile = STANDARD, bar: float = 1.0) -> float:
    return float(nab.curve(found, windows, profile).at(np.array([bar]))[0])


@pytest.mark.parametrize(("rows", "expected"), [(100, 15), (1243, 186), (4032, 604), (5000, 750), (22695, 750)])
def test_the_first_15_percent_are_not_judged_and_at_most_750_rows(rows: int, expected: int) -> None:
    """Rounded down."""
    assert nab.probation(rows) == expected


@pytest.mark.parametrize(
    ("position", "worth"), [(-1.0, 0.98661), (-0.5, 0.84828), (0.0, 0.0), (1.0, -0.98661), (3.0, -1.0), (9.0, -1.0)]
)
def test_the_worth_of_a_detection_falls_with_its_position(position: float, worth: float) -> None:
    """The values of the published definition."""
    assert nab.sigmoid(position) == pytest.approx(worth, abs=5e-6)


def test_a_window_is_worth_most_at_its_first_row() -> None:
    """Ten rows from 40 on: the first is worth A_TP, the sixth half-way in less, the last (y = -1/10) much less."""
    gain, member = nab.worths(100, [(40, 49)], STANDARD)
    assert gain[40] == pytest.approx(1.0)
    assert gain[45] == pytest.approx((2 / (1 + math.exp(-2.5)) - 1) / FIRST)
    assert gain[49] == pytest.approx((2 / (1 + math.exp(-0.5)) - 1) / FIRST)
    assert member.tolist() == [-1] * 40 + [0] * 10 + [-1] * 50


def test_a_false_detection_costs_less_just_behind_a_window() -> None:
    """Nine rows behind a window of ten is y = 1; before the first window and from y = 3 on it costs A_FP."""
    gain, _ = nab.worths(100, [(40, 49)], STANDARD)
    assert gain[39] == -0.11
    assert gain[58] == pytest.approx(-0.11 * FIRST)
    assert gain[50] == pytest.approx(0.11 * (2 / (1 + math.exp(5 / 9)) - 1))
    assert gain[76] == gain[99] == -0.11


def test_a_window_of_one_row_can_be_scored() -> None:
    """The definition divides by its width less one there; the row behind it counts as y = 1."""
    gain, _ = nab.worths(20, [(10, 10)], STANDARD)
    assert gain[10] == pytest.approx(1.0)
    assert gain[11] == pytest.approx(-0.11 * FIRST)


def test_a_window_counts_its_earliest_detection_only() -> None:
    """Two detections in a window are one; one outside is false; the other window is missed: 1 - 0.11 - 1."""
    found = scores(100, row_40=1.0, row_45=1.0, row_20=1.0)
    assert total(found, [(40, 49), (80, 89)]) == pytest.approx(1.0 - 0.11 - 1.0)


def test_profiles_weigh_false_detections_and_misses() -> None:
    """The same detections: a false one costs double in low FP, a miss double in low FN."""
    found = scores(100, row_40=1.0, row_20=1.0)
    assert total(found, [(40, 49), (80, 89)], LOW_FP) == pytest.approx(1.0 - 0.22 - 1.0)
    assert total(found, [(40, 49), (80, 89)], LOW_FN) == pytest.approx(1.0 - 0.11 - 2.0)


def test_detections_in_the_probation_do_not_count() -> None:
    """Neither as false nor, where a window begins there, as found."""
    assert total(scores(100, row_3=1.0, row_12=1.0), [(10, 19)]) == pytest.approx(-1.0)


def test_nothing_scores_0_and_a_perfect_detector_100() -> None:
    """In each profile; the best threshold of a constant score is above it."""
    windows = [(40, 49), (80, 89)]
    for profile in nab.PROFILES:
        perfect = nab.curve(scores(100, row_40=0.9, row_80=0.9), windows, profile)
        nothing = nab.curve(np.full(100, 0.5), windows, profile)
        assert nab.optimum([perfect], profile) == nab.Optimum(0.9, 100.0)
        assert nab.optimum([nothing], profile).score >= 0.0
        assert nab.normalised(-profile.miss * 2, 2, profile) == 0.0


def test_one_threshold_holds_for_all_files() -> None:
    """A file whose detection is right at 0.4 and one that is wrong 40 times above it: 0.9 is better than 0.4."""
    quiet = nab.curve(scores(100, row_40=0.4), [(40, 49)], STANDARD)
    noisy = nab.curve(np.where(np.arange(100) % 2 == 0, 0.6, 0.0) + scores(100, row_51=0.9), [(51, 60)], STANDARD)
    best = nab.optimum([quiet, noisy], STANDARD)
    assert best.threshold == 0.9
    assert best.score == pytest.approx(50.0)


def test_sums_of_equal_scores_change_together() -> None:
    """A threshold cannot part rows of the same score: the detection at 40 is had with the false one at 20 only."""
    part = nab.curve(scores(100, row_40=0.7, row_20=0.7), [(40, 49)], STANDARD)
    assert part.at(np.array([0.8, 0.7, 0.6])) == pytest.approx([-1.0, 0.89, 0.89])


@pytest.mark.parametrize(
    ("rows", "published"),
    [
        pytest.param(403, 0.8606718242697022, id="ec2_network_in_257a54, one window, found"),
        pytest.param(201, -0.13844919792440225 + 1.0, id="elb_request_count_8c0756, one of two windows found"),
    ],
)
def test_published_sums_are_those_of_a_row(rows: int, published: float) -> None:
    """NAB publishes these sums of its windowed Gaussian, which has no false detection in the file, to all digits."""
    gain, _ = nab.worths(4032, [(1500, 1500 + rows - 1)], STANDARD)
    assert np.abs(gain - published).min() < 1e-12


def test_drawing_files_again_gives_scores_around_the_score() -> None:
    """Two files of 100 and 0: the draws are 0, 50 and 100."""
    files = [
        nab.curve(scores(100, row_40=0.9), [(40, 49)], STANDARD),
        nab.curve(np.zeros(100), [(40, 49)], STANDARD),
    ]
    drawn = nab.resampled(files, STANDARD, times=200, seed=1)
    assert {round(float(one)) for one in drawn} == {0, 50, 100}
