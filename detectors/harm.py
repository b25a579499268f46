"""From when anybody notices that a figure has changed, by what the figure means."""

from __future__ import annotations

from enum import IntEnum

import numpy as np
import numpy.typing as npt

from aiops.model.metric_semantics.semantics import MetricRole, MetricSemantics, Worse
from aiops.model.metric_semantics.units import Dimension


class Burden(IntEnum):
    """What kind of figure it is, for ``felt``."""

    PLAIN = 0
    """Errors, availability, silence, and whatever nobody described: each departure counts at once."""
    LOAD = 1
    """How much there is to do, and how much waits."""
    DURATION = 2
    SHARE = 3
    """How full something is that can be full."""


FELT_RATIO = 3.0
"""A load or duration is felt from this many times its usual value on, or from that fraction of it downwards."""
FELT_SECONDS = 0.1
"""Nobody notices a delay that grew by less than a tenth of a second (Miller 1968; Nielsen 1993)."""
FELT_SHARE = 0.8
"""Below this share something that can be full serves as well as ever."""
LEAST_COUNT = 1.0
"""A count or rate below one is compared with one."""

_WAITED_FOR = frozenset({MetricRole.LATENCY, MetricRole.QUEUE})
"""Roles whose times somebody waits for; processor time, pauses and ages are amounts."""


def burden(meaning: MetricSemantics) -> tuple[Burden, float]:
    """Kind of a figure, and what one of its unit is in seconds (durations) or wholes (shares); 0: not known."""
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


def felt(
    kinds: npt.NDArray[np.uint8],
    scales: npt.NDArray[np.float32],
    values: npt.NDArray[np.float64],
    *,
    expected: npt.NDArray[np.float64],
) -> npt.NDArray[np.bool_]:
    """(n,) whether what left its usual range can be felt by anybody, all arguments of shape (n,)."""
    least = np.where(kinds == Burden.LOAD, LEAST_COUNT, 0.0)
    now, usual = np.maximum(np.abs(values), least), np.maximum(np.abs(expected), least)
    far = (now >= FELT_RATIO * usual) | (now * FELT_RATIO <= usual)
    long = far & ((scales == 0.0) | ((values - expected) * scales >= FELT_SECONDS))
    full = values * scales >= FELT_SHARE
    by_kind = [kinds == Burden.LOAD, kinds == Burden.DURATION, kinds == Burden.SHARE]
    return np.select(by_kind, [far, long, full], default=True)
