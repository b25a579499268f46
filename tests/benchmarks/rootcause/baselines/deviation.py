"""Largest deviation from the reference: n-sigma with mean and standard deviation, BARO's scorer with median and IQR.

BARO: Pham, Ha and Zhang, "BARO: Robust Root Cause Analysis for Microservices via Multivariate Bayesian Online Change
Point Detection", FSE 2024. For each series a reference before the onset and the values after it:

    largest deviation   max |x - mean| / std
    n-sigma             max  (x - mean) / std
    BARO                max  (x - median) / IQR

An entity has the largest score of its series. A series that is constant before the onset is left out, and another
spread of zero counts as one. The last two follow the authors' package ``fse-baro``, which also leaves out a series that
is constant afterwards. The change point of BARO is not used: the split is stated.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from tests.benchmarks.rootcause.baselines.protocol import BaselineQuestion
from tests.benchmarks.rootcause.evidence import SERIES, halves

ROUNDING = 10 * float(np.finfo(float).eps)
"""A spread up to this counts as zero, as in scikit-learn's scalers, which the package uses."""

_VALUE = pl.col("value")
_VARIES = _VALUE.min() < _VALUE.max()


def deviations(question: BaselineQuestion, centre: pl.Expr, spread: pl.Expr, *, signed: bool) -> pl.DataFrame:
    """Score of each series: columns entity, metric, peer, score.

    Args:
        question: its case has metrics and its split is known.
        centre: of the reference's values.
        spread: of the reference's values; where it is zero, 1 is taken.
        signed: as in the package: only deviations upward count, and a series that is constant afterwards is left out.
    """
    assert question.split is not None
    before, after = halves(question.case, question.split)
    reference = before.group_by(SERIES).agg(centre.alias("centre"), spread.alias("spread"), _VARIES.alias("varies"))
    later = after.group_by(SERIES).agg(
        _VALUE.min().alias("least"), _VALUE.max().alias("most"), _VARIES.alias("varies after")
    )
    joined = reference.join(later, on=SERIES, nulls_equal=True)
    joined = joined.filter(pl.col("varies") & (pl.col("varies after") | (not signed)))
    up, down = pl.col("most") - pl.col("centre"), pl.col("centre") - pl.col("least")
    size = up if signed else pl.max_horizontal(up, down)
    unit = pl.when(pl.col("spread") > ROUNDING).then(pl.col("spread")).otherwise(1.0)
    return joined.select(*SERIES, (size / unit).alias("score"))


class Deviation:
    """The entity of the series that leaves its reference furthest."""

    def __init__(self, name: str, centre: pl.Expr, spread: pl.Expr, *, signed: bool) -> None:
        self.name = name
        self._centre, self._spread, self._signed = centre, spread, signed

    def scores(self, question: BaselineQuestion) -> dict[str, float] | None:
        """The largest score of each entity's series; None without metrics or times."""
        if question.split is None or question.case.metrics.is_empty():
            return None
        found = deviations(question, self._centre, self._spread, signed=self._signed)
        return dict(found.group_by("entity").agg(pl.col("score").max()).rows())


MEAN, STD = _VALUE.mean(), _VALUE.std(ddof=0)
MEDIAN = _VALUE.median()
IQR = _VALUE.quantile(0.75, "linear") - _VALUE.quantile(0.25, "linear")

LARGEST_DEVIATION = Deviation("largest-deviation", MEAN, STD, signed=False)
N_SIGMA = Deviation("n-sigma", MEAN, STD, signed=True)
BARO = Deviation("baro", MEDIAN, IQR, signed=True)
