"""The interface of a detector of one series: every shipped one keeps it."""

from __future__ import annotations

import inspect

import numpy as np
import pytest

from aiops.plugins import BUILT_INS, ExtensionKind
from detectors.protocol import Detector

NAMES = sorted(BUILT_INS.names(ExtensionKind.DETECTOR))
SECOND = 1_000_000_000


def made(name: str) -> Detector:
    found = BUILT_INS.make(ExtensionKind.DETECTOR, name)
    assert isinstance(found, object)
    return found  # type: ignore[return-value]


def scores(detector: Detector, values: list[float], begin: int = 0) -> list[float]:
    return [detector.update((begin + place) * SECOND, value) for place, value in enumerate(values)]


def stream(size: int = 120) -> list[float]:
    values = np.random.default_rng(3).normal(100, 5, size)
    values[size // 2] = 1e6
    return [float(value) for value in values]


def test_there_are_detectors() -> None:
    """Else the tests below would test nothing."""
    assert NAMES


@pytest.mark.parametrize("name", NAMES)
def test_its_methods_are_those_of_the_interface(name: str) -> None:
    """With parameters of the same names."""
    detector = made(name)
    for method in ("update", "snapshot", "restore"):
        wanted = [each for each in inspect.signature(getattr(Detector, method)).parameters if each != "self"]
        assert list(inspect.signature(getattr(detector, method)).parameters) == wanted


@pytest.mark.parametrize("name", NAMES)
def test_scores_are_shares_and_the_same_for_the_same_points(name: str) -> None:
    """Neither clock nor chance, nor what another detector saw."""
    first = scores(made(name), stream())
    scores(made(name), [float(value) for value in range(50)])
    assert scores(made(name), stream()) == first
    assert all(0.0 <= score <= 1.0 for score in first)


@pytest.mark.parametrize("name", NAMES)
def test_a_restored_detector_goes_on_as_the_first_would(name: str) -> None:
    """Its snapshot is arrays and holds all state."""
    values = stream()
    one, other = made(name), made(name)
    scores(one, values[:70])
    arrays = one.snapshot()
    assert all(isinstance(array, np.ndarray) for array in arrays.values())
    other.restore(arrays)
    assert np.array_equal([one.expected], [other.expected], equal_nan=True)
    assert scores(other, values[70:], 70) == scores(one, values[70:], 70)


@pytest.mark.parametrize("name", NAMES)
def test_arrays_that_do_not_fit_are_refused(name: str) -> None:
    """A snapshot of something else."""
    with pytest.raises(ValueError):  # noqa: PT011 (the interface names no text)
        made(name).restore({"nobody": np.zeros(3)})
