"""What a detector gets and gives in this benchmark."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol

import numpy as np
import numpy.typing as npt

from aiops.model.durations import SECOND

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Times = npt.NDArray[np.int64]
START = 1_770_000_000 * SECOND
"""Time of the first row where the data has no times, ns."""


@dataclass(frozen=True, slots=True)
class Rows:
    """Series over the same times: a wide table."""

    at: Times
    """(rows,) event time, ns UTC, rising."""
    values: Floats
    """(rows, columns); NaN: no value."""
    learned: int = 0
    """Number of first rows that are known as normal."""
    apart: bool = False
    """True: each column is an entity of its own. False: all columns are one entity."""

    def __len__(self) -> int:
        return len(self.at)

    @property
    def entities(self) -> int:
        """Number of entities, the columns of a result."""
        return self.values.shape[1] if self.apart else 1

    def until(self, rows: int) -> Rows:
        """The first rows alone."""
        return replace(self, at=self.at[:rows], values=self.values[:rows], learned=min(self.learned, rows))


@dataclass(frozen=True, slots=True)
class Scored:
    """Result of a detector, each array of shape (rows, entities)."""

    score: Floats
    """How abnormal the entity is now. Any finite scale; higher is more abnormal."""
    onset: Floats
    """Evidence that an episode begins at this row. The same scale in all series."""
    opened: Bools | None = None
    """Where the detector itself opened an episode; None: it leaves that to a threshold on ``onset``."""
    bars: Mapping[int, float] = field(default_factory=dict)
    """The detector's own thresholds on ``onset``: for a budget of false episodes a day per 1,000 series."""


class Detector(Protocol):
    """Scores rows in order. A row's result must depend on no later row."""

    def __call__(self, rows: Rows, /) -> Scored:
        """The result for all rows; what it gives for learned rows is not judged."""
        ...


def regular(values: Floats, seconds: float, *, learned: int = 0, apart: bool = False) -> Rows:
    """Rows at a fixed interval from ``START``."""
    at = START + (np.arange(len(values)) * (seconds * SECOND)).astype(np.int64)
    return Rows(at, values, learned, apart)


def worst(rows: Rows, series: Floats) -> Floats:
    """(rows, entities) from (rows, columns): an entity's score is the highest of its series."""
    return series if rows.apart else series.max(axis=1, keepdims=True)


def squashed(excess: Floats) -> Floats:
    """[0, inf) to [0, 1), for methods whose figure has no upper end."""
    result: Floats = excess / (1.0 + excess)
    return result
