"""Detectors by name. Any other is given as ``package.module:callable``."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module

from tests.benchmarks.detection.baselines.chance import random_scores
from tests.benchmarks.detection.baselines.half_space import half_space_trees
from tests.benchmarks.detection.baselines.netdata import netdata
from tests.benchmarks.detection.baselines.pca_residual import pca_residual
from tests.benchmarks.detection.baselines.periodic import blind_alarm
from tests.benchmarks.detection.baselines.range_novelty import range_novelty
from tests.benchmarks.detection.baselines.running_z import running_z
from tests.benchmarks.detection.baselines.trained_range import trained_range
from tests.benchmarks.detection.baselines.windowed_gaussian import windowed_gaussian
from tests.benchmarks.detection.product import product
from tests.benchmarks.detection.protocol import Detector

DETECTORS: Mapping[str, Detector] = {
    "product": product,
    "random": random_scores,
    "blind-alarm": blind_alarm,
    "running-z": running_z,
    "windowed-gaussian": windowed_gaussian,
    "range-novelty": range_novelty,
    "trained-range": trained_range,
    "pca-residual": pca_residual,
    "half-space-trees": half_space_trees,
    "netdata": netdata,
}
SLOW: Mapping[str, int] = {"half-space-trees": 100, "netdata": 10, "windowed-gaussian": 10}
"""Detectors that get only one of so many synthetic series."""


def by_name(name: str) -> Detector:
    """A detector of the table, or the callable at ``package.module:name``.

    Raises:
        ValueError: there is no such detector.
    """
    if name in DETECTORS:
        return DETECTORS[name]
    module, separator, attribute = name.partition(":")
    if not separator:
        raise ValueError(f"no detector {name!r}: it is one of {', '.join(DETECTORS)}, or package.module:callable")
    found: Detector = getattr(import_module(module), attribute)
    return found
