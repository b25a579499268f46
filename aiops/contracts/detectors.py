"""Rules for every detector. The subject is a factory: a class without constructor arguments."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np

from aiops.contracts.rule import BrokenContractError, require
from aiops.model.durations import SECOND
from detectors.protocol import Detector

START: Final = 1_750_000_000 * SECOND
POINTS: Final = 1200
EDGE: Final = 0.5
Make = Callable[[], Detector]


def scores_lie_between_zero_and_one(make: Make) -> None:
    """Every score is a number in [0, 1], also for huge, tiny and constant values."""
    wild = [0.0, 1e300, -1e300, 1e-300, 5.0] * 60
    scores = _feed(make(), [(START + k * SECOND, value) for k, value in enumerate(wild)])
    require(all(0.0 <= score <= 1.0 for score in scores), f"scores from {min(scores)} to {max(scores)}")


def the_same_points_give_the_same_scores(make: Make) -> None:
    """Two instances give equal scores on the same points: scores depend on the points alone."""
    require(_feed(make(), _points()) == _feed(make(), _points()), "two new detectors differ on the same points")


def plain_noise_stays_below_the_edge(make: Make) -> None:
    """At most one point in two hundred of normal noise scores ``EDGE`` or more."""
    high = sum(score >= EDGE for score in _feed(make(), _points()))
    require(high <= POINTS / 200, f"{high} of {POINTS} points of normal noise score {EDGE} or more")


def a_step_far_out_is_called_abnormal(make: Make) -> None:
    """After 1,200 points of noise, ten points at twenty deviations score ``EDGE`` or more at least once."""
    target = make()
    _feed(target, _points())
    best = max(_feed(target, [(START + (POINTS + k) * 60 * SECOND, 90.0) for k in range(10)]))
    require(best >= EDGE, f"a step of twenty deviations scores {best}")


def a_restored_detector_goes_on_exactly(make: Make) -> None:
    """A detector restored at any point gives the same scores as one that never stopped."""
    for cut in (0, 1, 260, 700):
        running, restored = make(), make()
        _feed(running, _points()[:cut])
        restored.restore(running.snapshot())
        same = _feed(running, _points()[cut:]) == _feed(restored, _points()[cut:])
        require(same, f"a detector restored after {cut} points scores differently from one that never stopped")


def a_snapshot_is_not_touched_afterwards(make: Make) -> None:
    """Arrays of a snapshot are copies: later points do not change them."""
    target = make()
    _feed(target, _points()[:300])
    taken = target.snapshot()
    before = {name: array.tobytes() for name, array in taken.items()}
    _feed(target, _points()[300:600])
    require(before == {name: array.tobytes() for name, array in taken.items()}, "a snapshot changed after it was taken")


def a_foreign_snapshot_is_refused(make: Make) -> None:
    """A snapshot without the detector's arrays, or with empty ones, raises ``ValueError`` and no other error."""
    names = list(make().snapshot())
    for foreign in ({}, {name: np.zeros((3, 0, 7)) for name in names}):
        try:
            make().restore(foreign)
        except ValueError:
            continue
        except Exception as error:
            raise BrokenContractError(f"a foreign snapshot raises {error!r}, and must raise ValueError") from error
        raise BrokenContractError("a foreign snapshot is accepted without an error")


RULES: Final = (
    scores_lie_between_zero_and_one,
    the_same_points_give_the_same_scores,
    plain_noise_stays_below_the_edge,
    a_step_far_out_is_called_abnormal,
    a_restored_detector_goes_on_exactly,
    a_snapshot_is_not_touched_afterwards,
    a_foreign_snapshot_is_refused,
)


def _points() -> list[tuple[int, float]]:
    rng = np.random.default_rng(3)
    return [(START + k * 60 * SECOND, float(value)) for k, value in enumerate(rng.normal(50, 2, POINTS))]


def _feed(target: Detector, given: list[tuple[int, float]]) -> list[float]:
    return [target.update(at, value) for at, value in given]
