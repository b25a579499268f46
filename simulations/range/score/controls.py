"""Alerts that stand beside the product: three sigma on each golden signal, and static thresholds.

Both see the recorded metrics of the same run, one sample after the other; no alert depends on a later sample.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray

from aiops.model.durations import SECOND


class GoldenSignal(StrEnum):
    """What a series measures; the four golden signals of the Google SRE book, chapter 6, and a full resource."""

    LATENCY = "latency"
    """Mean time of a request, ms."""
    TRAFFIC = "traffic"
    """Requests a second."""
    ERRORS = "errors"
    """Share of requests that failed, in [0, 1]."""
    SATURATION = "saturation"
    """Share of a resource in use, in [0, 1]."""


@dataclass(frozen=True, slots=True, eq=False)
class SignalSeries:
    """One golden signal of one entity."""

    entity: str
    signal: GoldenSignal
    at: NDArray[np.int64]
    """Times of the samples, ns, rising."""
    values: NDArray[np.float64]


class Control(StrEnum):
    """How the alerts of a control are made."""

    THREE_SIGMA = "three sigma"
    STATIC = "static thresholds"


@dataclass(frozen=True, slots=True, order=True)
class ControlAlert:
    """An alert of a control."""

    at: int
    """ns."""
    entity: str
    signal: GoldenSignal
    control: Control


WINDOW: Final = 300 * SECOND
"""Three sigma: mean and standard deviation are those of the samples of this time before, ns."""
_LEAST_SAMPLES: Final = 30
_SIGMAS: Final = 3.0
QUIET: Final = 60 * SECOND
"""A control alerts again after it has been quiet for this time, ns."""


@dataclass(frozen=True, slots=True)
class Threshold:
    """An alert when all samples of ``seconds`` are above a value, as people write it."""

    signal: GoldenSignal
    above: float
    seconds: float


THRESHOLDS: Final = (
    Threshold(GoldenSignal.LATENCY, 1_000.0, 60.0),
    Threshold(GoldenSignal.ERRORS, 0.05, 60.0),
    Threshold(GoldenSignal.SATURATION, 0.9, 120.0),
)
"""One second, 5 % and 90 %: the defaults of many collections of alert rules. Nobody writes one for traffic."""


def alerts(series: Iterable[SignalSeries]) -> list[ControlAlert]:
    """Alerts of both controls, oldest first."""
    found: list[ControlAlert] = []
    for one in series:
        found += _alerts(one, three_sigma(one), Control.THREE_SIGMA)
        for threshold in THRESHOLDS:
            if threshold.signal is one.signal:
                found += _alerts(one, above(one, threshold), Control.STATIC)
    return sorted(found)


def three_sigma(series: SignalSeries) -> NDArray[np.bool_]:
    """Whether each sample is more than 3 standard deviations from the mean of those of ``WINDOW`` before it."""
    values, places = series.values, np.arange(len(series.at))
    begin = np.searchsorted(series.at, series.at - WINDOW)
    count = places - begin
    # Sums of differences to the first value: a great constant part would cost the digits of the variance.
    shifted = values - (values[0] if len(values) else 0.0)
    sums = np.concatenate([[0.0], np.cumsum(shifted)])
    squares = np.concatenate([[0.0], np.cumsum(shifted**2)])
    divisor = np.maximum(count, 1)
    mean = (sums[places] - sums[begin]) / divisor
    variance = np.maximum((squares[places] - squares[begin]) / divisor - mean**2, 0.0)
    found: NDArray[np.bool_] = (count >= _LEAST_SAMPLES) & (np.abs(shifted - mean) > _SIGMAS * np.sqrt(variance) + 1e-9)
    return found


def above(series: SignalSeries, threshold: Threshold) -> NDArray[np.bool_]:
    """Whether the samples of the threshold's time up to each one are all above its value, and reach over that time."""
    high = series.values > threshold.above
    last_low = np.maximum.accumulate(np.where(high, -1, np.arange(len(high))))
    held = series.at - series.at[np.minimum(last_low + 1, len(high) - 1)] if len(high) else series.at
    found: NDArray[np.bool_] = high & (held >= threshold.seconds * SECOND)
    return found


def _alerts(series: SignalSeries, wrong: NDArray[np.bool_], control: Control) -> Sequence[ControlAlert]:
    found: list[ControlAlert] = []
    before: int | None = None
    for at in series.at[wrong].tolist():
        if before is None or at - before > QUIET:
            found.append(ControlAlert(at, series.entity, series.signal, control))
        before = at
    return found
