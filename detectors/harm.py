"""From which size on a change of a figure is noticeable to users, by what the figure means."""

from __future__ import annotations

from enum import IntEnum

import numpy as np
import numpy.typing as npt

from aiops.model.metric_semantics.semantics import MetricRole, MetricSemantics, Worse
from aiops.model.metric_semantics.units import Dimension


class Burden(IntEnum):
    """Kind of a figure, for ``noticeable``."""

    PLAIN = 0
    """Errors, availability and undescribed figures: every departure is noticeable."""
    LOAD = 1
    """Amount of work, done or waiting."""
    DURATION = 2
    """Time that a user or caller waits."""
    SHARE = 3
    """Share in use of a limited resource."""


NOTICEABLE_RATIO = 3.0
"""A load or duration is noticeable at this many times its usual value or more, or at one third of it or less."""
NOTICEABLE_SECONDS = 0.1
"""Users do not notice a delay that grew by less than a tenth of a second (Miller 1968; Nielsen 1993)."""
NOTICEABLE_SHARE = 0.8
"""Below this share in use, a limited resource serves as usual."""
LEAST_COUNT = 1.0
"""A count or rate below one is compared as if it were one."""

_WAITED_FOR = frozenset({MetricRole.LATENCY, MetricRole.QUEUE})
"""Roles whose times a caller waits for. Processor time, pauses and ages are amounts."""


def burden(meaning: MetricSemantics) -> tuple[Burden, float]:
    """Kind of a figure, and its unit in seconds (durations) or as a share of its ceiling (shares); 0: not known."""
    if meaning.ceiling is not None and meaning.ceiling > 0:
        return Burden.SHARE, 1.0 / meaning.ceiling
    unit = meaning.unit
    if meaning.role in _WAITED_FOR and unit.dimension is Dimension.TIME:
        return Burden.DURATION, unit.factor
    match meaning.role:
        case MetricRole.ERRORS | MetricRole.AVAILABILITY:
            return Burden.PLAIN, 0.0
        case MetricRole.LATENCY:
            return Burden.DURATION, 0.0
        case MetricRole.OTHER:
            described = meaning.known or meaning.part is not None or meaning.worse is not Worse.NEITHER
            counted = described and unit.dimension is not Dimension.SHARE
            return Burden.LOAD if counted else Burden.PLAIN, 0.0
        case _:
            return Burden.LOAD, 0.0


def noticeable(
    kinds: npt.NDArray[np.uint8],
    scales: npt.NDArray[np.float32],
    values: npt.NDArray[np.float64],
    *,
    expected: npt.NDArray[np.float64],
) -> npt.NDArray[np.bool_]:
    """Whether values outside their usual range are noticeable to users.

    Args:
        kinds: (n,) ``Burden`` of each figure.
        scales: (n,) unit of each figure, from ``burden``; 0: not known.
        values: (n,) the values.
        expected: (n,) the usual values.

    Returns:
        (n,) mask. A fall of a duration with a known unit is not noticeable.
    """
    least = np.where(kinds == Burden.LOAD, LEAST_COUNT, 0.0)
    now, usual = np.maximum(np.abs(values), least), np.maximum(np.abs(expected), least)
    far = (now >= NOTICEABLE_RATIO * usual) | (now * NOTICEABLE_RATIO <= usual)
    long = far & ((scales == 0.0) | ((values - expected) * scales >= NOTICEABLE_SECONDS))
    full = values * scales >= NOTICEABLE_SHARE
    by_kind = [kinds == Burden.LOAD, kinds == Burden.DURATION, kinds == Burden.SHARE]
    return np.select(by_kind, [far, long, full], default=True)
