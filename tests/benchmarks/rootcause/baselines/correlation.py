"""Ranked correlation: entities whose metric follows the symptom's during the trouble.

Baseline of PetShop (Hardt et al., "The PetShop Dataset", CLeaR 2024, PMLR v236): Pearson's correlation of each
abnormal entity's metric with the same metric of the symptom over the abnormal window, ranked by its p-value. The
window begins two steps before the split, as PetShop's issues do. With values that both series have:

    t = r sqrt((n - 2) / (1 - r^2)),   score = -log p,   p two-sided of Student's t with n - 2 degrees of freedom
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy import stats

from tests.benchmarks.rootcause.baselines.protocol import BaselineQuestion
from tests.benchmarks.rootcause.baselines.symptom import symptom
from tests.benchmarks.rootcause.evidence import grid, of_wholes

LEAD = 2
"""Steps of the window before the split."""


def surprise(one: npt.NDArray[np.float64], other: npt.NDArray[np.float64]) -> float | None:
    """-log of the p-value of Pearson's correlation; None where a side is constant or fewer than two values pair."""
    both = np.isfinite(one) & np.isfinite(other)
    x, y = one[both], other[both]
    if len(x) < 2 or np.ptp(x) == 0 or np.ptp(y) == 0:
        return None
    if len(x) == 2:
        return 0.0
    r = float(np.clip(np.corrcoef(x, y)[0, 1], -1.0, 1.0))
    t = abs(r) * np.sqrt((len(x) - 2) / max(1.0 - r * r, 1e-15))
    return -float(np.log(2.0) + stats.t.logsf(t, len(x) - 2))


class RankedCorrelation:
    """Abnormal entities by how surely they move with the symptom."""

    name = "ranked-correlation"

    def scores(self, question: BaselineQuestion) -> dict[str, float] | None:
        """-log p of each abnormal entity but the symptom; None without metrics or times."""
        split = question.split
        if split is None or question.case.metrics.is_empty():
            return None
        question = replace(question, case=of_wholes(question.case))
        start = symptom(question)
        if start is None or start.entity not in start.abnormal:
            return {}
        case = question.case
        window = case.metrics.filter(
            pl.col("ts").is_between(split - LEAD * case.step, case.to_at)
            & (pl.col("metric") == start.metric)
            & pl.col("peer").is_null()
        )
        names, values = grid(window, case)
        column = {entity: values[:, at] for at, (entity, _, _) in enumerate(names)}
        found = {
            name: surprise(column[start.entity], column[name])
            for name in start.abnormal
            if name != start.entity and name in column
        }
        return {name: score for name, score in found.items() if score is not None}
