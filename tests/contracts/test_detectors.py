"""One suite over every detector: ours and those of plug-ins are found by themselves."""

from __future__ import annotations

import numpy as np
import pytest

from detectors.registry import Detector, detector, names

SECOND = 1_000_000_000
START = 1_750_000_000 * SECOND
POINTS = 1200


def points(seed: int = 3) -> list[tuple[int, float]]:
    rng = np.random.default_rng(seed)
    return [(START + k * 60 * SECOND, float(value)) for k, value in enumerate(rng.normal(50, 2, POINTS))]


def feed(target: Detector, given: list[tuple[int, float]]) -> list[float]:
    return [target.update(at, value) for at, value in given]


@pytest.fixture(params=names())
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_scores_lie_between_zero_and_one(name: str) -> None:
    """Every score is a number in [0, 1], also for values that are huge, tiny or constant."""
    target = detector(name)()
    wild = [0.0, 1e300, -1e300, 1e-300, 5.0] * 60
    scores = feed(target, [(START + k * SECOND, value) for k, value in enumerate(wild)])
    assert all(0.0 <= score <= 1.0 for score in scores)


def test_the_same_points_give_the_same_scores(name: str) -> None:
    """Two instances agree exactly: nothing but the points matters."""
    assert feed(detector(name)(), points()) == feed(detector(name)(), points())


def test_plain_noise_stays_below_the_edge(name: str) -> None:
    """At most one point in two hundred of normal noise is called abnormal."""
    scores = feed(detector(name)(), points())
    assert sum(score >= 0.5 for score in scores) <= POINTS / 200


def test_a_step_far_out_is_called_abnormal(name: str) -> None:
    """After a day of noise, ten points twenty deviations away reach the edge at least once."""
    target = detector(name)()
    feed(target, points())
    step = [(START + (POINTS + k) * 60 * SECOND, 90.0) for k in range(10)]
    assert max(feed(target, step)) >= 0.5


@pytest.mark.parametrize("cut", [0, 1, 260, 700])
def test_a_restored_detector_goes_on_exactly(name: str, cut: int) -> None:
    """Score by score, the restored one equals the one that never stopped."""
    running, restored = detector(name)(), detector(name)()
    feed(running, points()[:cut])
    restored.restore(running.snapshot())
    assert feed(running, points()[cut:]) == feed(restored, points()[cut:])


def test_a_foreign_snapshot_is_refused(name: str) -> None:
    """A snapshot of another format raises ValueError and nothing else."""
    target = detector(name)()
    arrays = target.snapshot()
    arrays["head"] = arrays["head"] + 40
    with pytest.raises(ValueError, match="fit"):
        target.restore(arrays)
