"""Each method on an example that can be worked out by hand; none looks ahead, and gaps break none."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tests.benchmarks.detection.baselines import half_space, netdata, range_novelty, running_z, windowed_gaussian
from tests.benchmarks.detection.baselines.chance import random_scores
from tests.benchmarks.detection.baselines.pca_residual import pca_residual
from tests.benchmarks.detection.baselines.periodic import blind_alarm
from tests.benchmarks.detection.baselines.trained_range import trained_range
from tests.benchmarks.detection.causality import check
from tests.benchmarks.detection.protocol import Rows, Scored, regular, squashed
from tests.benchmarks.detection.registry import DETECTORS, by_name


def one(*values: float, learned: int = 0) -> Rows:
    return regular(np.array(values, dtype=float).reshape(-1, 1), 60, learned=learned)


def unsquashed(scored: Scored) -> np.ndarray:
    return np.asarray(scored.score[:, 0] / (1 - scored.score[:, 0]))


@pytest.mark.parametrize("name", DETECTORS)
@pytest.mark.parametrize("apart", [True, False])
def test_no_detector_looks_ahead_or_fails_at_gaps(name: str, apart: bool) -> None:  # noqa: FBT001 (a case)
    """The same scores for the first 1,300 rows, whether or not 200 follow; all scores are finite, one per entity."""
    values = np.random.default_rng(1).normal(size=(1500, 2))
    values[::7, 0] = np.nan
    values[700] += 30.0
    rows = regular(values, 60, learned=300, apart=apart)
    check(by_name(name), rows, (1300,))
    scored = by_name(name)(rows)
    assert scored.score.shape == scored.onset.shape == (1500, 2 if apart else 1)
    assert np.isfinite(scored.score).all()
    assert np.isfinite(scored.onset).all()


@pytest.mark.parametrize("name", set(DETECTORS) - {"random", "blind-alarm", "half-space-trees"})
def test_a_jump_of_30_spreads_scores_higher_than_noise(name: str) -> None:
    """At the row or within the seven that Netdata's features reach. Half-space trees have an example of their own."""
    values = np.random.default_rng(2).normal(size=(1500, 1))
    values[1400] += 30.0
    score = by_name(name)(regular(values, 60, learned=300)).score[:, 0]
    assert score[1400:1408].max() == score[1000:].max() > np.median(score)


def test_a_detector_of_another_module_can_be_named() -> None:
    """As package.module:callable; an unknown name is told."""
    assert by_name("tests.benchmarks.detection.baselines.periodic:blind_alarm") is blind_alarm
    with pytest.raises(ValueError, match="no detector 'nothing'"):
        by_name("nothing")


def test_random_scores_are_the_same_each_time() -> None:
    """And uniform."""
    rows = one(*[0.0] * 5000)
    assert np.array_equal(random_scores(rows).score, random_scores(rows).score)
    assert random_scores(rows).score.mean() == pytest.approx(0.5, abs=0.02)


def test_the_blind_alarm_rings_every_600_rows() -> None:
    """Counted from the first row that is not learned."""
    assert np.flatnonzero(blind_alarm(one(*[0.0] * 1900)).onset).tolist() == [600, 1200, 1800]
    assert np.flatnonzero(blind_alarm(one(*[0.0] * 1900, learned=100)).onset).tolist() == [700, 1300]


def test_running_z_is_the_distance_in_plain_standard_deviations_at_first() -> None:
    """-1 and 1 in turn have mean 0 and spread 1: 5 is five spreads out, whatever the sign."""
    values = [(-1.0) ** row for row in range(running_z.GRACE)]
    for last in (5.0, -5.0):
        assert unsquashed(running_z.running_z(one(*values, last)))[-1] == pytest.approx(5.0)


def test_running_z_forgets_with_its_memory() -> None:
    """A level that stays becomes the mean: after one memory the distance to it has shrunk by e."""
    count = 4 * running_z.MEMORY
    values = [(-1.0) ** row for row in range(count)] + [100.0 + (-1.0) ** row for row in range(count)]
    ratio = unsquashed(running_z.running_z(one(*values)))
    assert ratio[count] > 90
    assert ratio[-1] < 3


def test_range_novelty_weighs_the_excess_with_the_rarity_of_records() -> None:
    """0, 1, then 198 rows of a half, in which the range 0–1 closes in on it: one record in 200 rows, then 2."""
    ratio = unsquashed(range_novelty.range_novelty(one(0.0, 1.0, *[0.5] * 198, 2.0)))
    width = (1 - 1 / range_novelty.MEMORY) ** 198
    assert not ratio[:200].any()
    assert ratio[200] == pytest.approx((1.5 - width / 2) / width * -math.log(2 / 201), rel=1e-6)


def test_a_record_is_kept_and_what_follows_it_is_not() -> None:
    """Until it is older than the rows that are looked at."""
    score = np.array([[0.1], [0.5], [0.3], [0.5], [0.6], [0.0], [0.0], [0.0], [0.2]])
    assert range_novelty.records(score, 3)[:, 0].tolist() == [0.1, 0.5, 0, 0, 0.6, 0, 0, 0, 0.2]


def test_trained_range_adds_up_excess_over_series_and_never_learns() -> None:
    """Ranges 0–1 and 0–2: 2 and 6 lie 1 and 2 ranges beyond; the mean of 1/2 and 2/3, at once and 500 rows later."""
    values = np.concatenate([[[0.0, 0.0], [1.0, 2.0]], np.tile([2.0, 6.0], (500, 1)), [[0.5, 1.0]]])
    scored = trained_range(regular(values, 60, learned=2))
    assert scored.score[2, 0] == scored.score[501, 0] == pytest.approx((1 / 2 + 2 / 3) / 2)
    assert scored.score[-1, 0] == 0.0
    assert np.flatnonzero(scored.onset[:, 0]).tolist() == [2]


def test_fitted_methods_say_nothing_without_learned_rows() -> None:
    """They have nothing to compare with."""
    rows = one(*range(50))
    assert not trained_range(rows).score.any()
    assert not pca_residual(rows).score.any()


def test_pca_residual_is_what_breaks_the_learned_relation() -> None:
    """Two columns that are equal while learned: both at 3 is normal, one at 3 and one at -3 is not."""
    level = np.random.default_rng(3).normal(size=500)
    learned = np.stack([level, level], axis=1)
    values = np.concatenate([learned, [[3.0, 3.0], [3.0, -3.0]]])
    ratio = unsquashed(pca_residual(regular(values, 60, learned=500)))
    assert ratio[500] < 0.1
    assert ratio[501] == pytest.approx(18.0, rel=0.15)


def test_windowed_gaussian_is_the_probability_of_a_smaller_value() -> None:
    """0, 2 have mean 1 and spread 1: 3 is two spreads up, Φ(2) = 0.97725; 1 is the mean; -1 is two spreads down."""
    for last, expected in ((3.0, 0.97725), (1.0, 0.5), (-1.0, 0.02275)):
        assert windowed_gaussian.windowed_gaussian(one(0.0, 2.0, last)).score[2, 0] == pytest.approx(expected, abs=1e-5)


def test_half_space_trees_score_nothing_before_their_first_window() -> None:
    """River's default window has 250 rows; afterwards a value where none was scores higher than the usual one."""
    values = np.random.default_rng(4).normal(0.0, 0.01, 1000)
    score = half_space.half_space_trees(one(1.0, -1.0, *values, 0.9)).score[:, 0]
    assert not score[:250].any()
    assert score[-1] > score[-200:-1].mean()


def test_netdata_features_are_means_of_three_differences_over_six_rows() -> None:
    """0, 3, 3, 9: differences 3, 0, 6; their means over three rows, with zeros before, are 1, 1, 3."""
    found = netdata.features(np.array([[0.0], [3.0], [3.0], [9.0]]))
    assert found.shape == (4, 1, 6)
    assert found[3, 0].tolist() == [0.0, 0.0, 0.0, 1.0, 1.0, 3.0]


def test_netdata_model_of_two_groups() -> None:
    """Groups at 0 and 10: those are the centres; every sample has the mean distance 5, so nothing can score."""
    samples = np.zeros((10, 1, 6))
    samples[5:, 0, 0] = 10.0
    model = netdata.train(samples)
    assert sorted(model.centres[:, 0, 0].tolist()) == [0.0, 10.0]
    assert (model.least.tolist(), model.largest.tolist()) == ([5.0], [5.0])
    assert model.scores(np.full((1, 1, 6), 99.0)).tolist() == [[0.0]]


def test_netdata_score_is_the_distance_within_its_range_in_training() -> None:
    """Centres 0.5 and 10.5: training distances 5 at 0.5 … 10.5 and 5.5 at 11; 16 has 10.5: (10.5 - 5) / 0.5 = 11."""
    samples = np.zeros((4, 1, 6))
    samples[:, 0, 0] = 0.0, 1.0, 10.0, 11.0
    model = netdata.train(samples)
    far = np.zeros((1, 1, 6))
    far[0, 0, 0] = 16.0
    assert sorted(model.centres[:, 0, 0].tolist()) == [0.5, 10.5]
    assert (float(model.least[0]), float(model.largest[0])) == (5.0, 5.5)
    assert model.scores(far)[0, 0] == pytest.approx(11.0)


def test_netdata_needs_the_consent_of_all_models() -> None:
    """A kind of jump that one model was trained on scores about 1, a half when squashed, and the least decides."""
    quiet = np.random.default_rng(5).normal(size=3000)
    quiet[2900] += 40.0
    known = quiet.copy()
    known[460:1340:30] += 40.0
    unseen, score = (netdata.netdata(one(*values)).score[:, 0] for values in (quiet, known))
    assert unseen[2900:2908].max() > 0.8
    assert score[2900:2908].max() < 0.55
    assert not score[:900].any()


def test_squashing_keeps_the_order() -> None:
    """0 to 0, 1 to a half, and 9 to 0.9."""
    assert squashed(np.array([0.0, 1.0, 9.0])).tolist() == [0.0, 0.5, 0.9]
