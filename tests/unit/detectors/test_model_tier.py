"""The model tier: few series, the same words as the bank, exact restoring."""

from __future__ import annotations

import numpy as np
import pytest

from aiops.model.errors import PermanentError
from detectors.bank.layout import Phase, ValueKind, ViewCode
from detectors.half_space import HalfSpaceDetector
from detectors.model_tier import Batch, ModelTier

SECOND = 1_000_000_000
START = 1_750_000_000 * SECOND


def batch(values: np.ndarray, begin: int = 0, series: int = 4) -> Batch:
    count = len(values)
    at = START + (begin + np.arange(count, dtype=np.int64)) * 10 * SECOND
    return np.full(count, series, np.int32), at, values, np.zeros(count, np.int64)


def test_only_watched_series_are_modelled_and_a_step_is_told() -> None:
    """Points of others pass by; a lasting step of a watched one opens an episode of view MODEL."""
    rng = np.random.default_rng(4)
    tier = ModelTier(HalfSpaceDetector)
    tier.watch([4], [ValueKind.GAUGE])
    assert len(tier.update(batch(rng.normal(50, 2, 100), series=5))) == 0
    assert len(tier.update(batch(rng.normal(50, 2, 1000)))) == 0
    told = tier.update(batch(rng.uniform(60, 120, 30), 1000))
    assert (Phase(told[0]["phase"]), ViewCode(told[0]["view"]), int(told[0]["series"])) == (
        Phase.OPENED,
        ViewCode.MODEL,
        4,
    )


def test_a_restored_tier_goes_on_with_the_same_bytes() -> None:
    """State after further points is equal, array by array."""
    rng = np.random.default_rng(4)
    running = ModelTier(HalfSpaceDetector)
    running.watch([4], [ValueKind.GAUGE])
    running.update(batch(rng.normal(50, 2, 600)))
    restored = ModelTier.from_arrays(running.to_arrays(), HalfSpaceDetector)
    more = batch(rng.normal(50, 2, 300), 600)
    assert running.update(more).tobytes() == restored.update(more).tobytes()
    expected, actual = running.to_arrays(), restored.to_arrays()
    assert {name: array.tobytes() for name, array in expected.items()} == {
        name: array.tobytes() for name, array in actual.items()
    }


def test_the_number_of_models_is_bounded() -> None:
    """One more than the limit is an error; those watched already are no new ones."""
    tier = ModelTier(HalfSpaceDetector, limit=1)
    tier.watch([1, 1], [0, 0])
    with pytest.raises(PermanentError, match="holds 1"):
        tier.watch([2], [0])
