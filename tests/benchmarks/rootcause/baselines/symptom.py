"""What both methods that start from a symptom need: the symptom's series, and which entities are abnormal.

As in PetShop's baselines (Hardt et al., CLeaR 2024): a value is abnormal when its distance to the reference's median
is more than 5 times 1.4826 times the median absolute deviation; all entities are compared by the same metric as the
symptom's. PetShop states entity and metric of the symptom. Where a set does not, the symptom is the entity that nobody
calls (of several: the most deviating), and its metric the most deviating one, so that no truth is used.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from aiops.model.entities import EdgeKind
from tests.benchmarks.rootcause.baselines.protocol import BaselineQuestion
from tests.benchmarks.rootcause.evidence import halves

ABNORMAL = 5.0
"""Median absolute deviations from which a value is abnormal."""
CONSISTENT = 1.4826
LEAST_REFERENCE = 10
"""Values of reference below which an entity is not judged."""


@dataclass(frozen=True, slots=True)
class Symptom:
    """One series that shows the trouble, and the entities that are abnormal in the same metric with their scores."""

    entity: str
    metric: str
    abnormal: dict[str, float]


def symptom(question: BaselineQuestion) -> Symptom | None:
    """The symptom of a case with metrics and times; None where nothing can be judged."""
    if question.split is None or question.case.metrics.is_empty():
        return None
    judged = _judged(question, question.split)
    entity = question.case.symptom
    entry = judged.filter(pl.col("entity") == entity) if entity else _of_entries(question, judged)
    if question.symptom_metric:
        entry = entry.filter(pl.col("metric") == question.symptom_metric)
    if entry.is_empty():
        return None
    name, metric, _ = entry.sort(["score", "entity", "metric"], descending=[True, False, False]).row(0)
    alike = judged.filter((pl.col("metric") == metric) & (pl.col("score") > ABNORMAL))
    return Symptom(name, metric, dict(alike.select("entity", "score").rows()))


def _judged(question: BaselineQuestion, split: int) -> pl.DataFrame:
    """entity, metric, largest score after the split; a constant reference makes any other value abnormal."""
    before, after = halves(question.case, split)
    own = ["entity", "metric"]
    reference = (
        before.filter(pl.col("peer").is_null())
        .group_by(own)
        .agg(pl.col("value").median().alias("median"), pl.col("value"), pl.len().alias("known"))
        .filter(pl.col("known") >= LEAST_REFERENCE)
        .with_columns(
            (pl.col("value") - pl.col("median")).list.eval(pl.element().abs().median()).list.first().alias("mad")
        )
        .drop("value", "known")
    )
    joined = after.filter(pl.col("peer").is_null()).join(reference, on=own)
    size = (pl.col("value") - pl.col("median")).abs() / (CONSISTENT * pl.col("mad") + np.finfo(float).eps)
    return joined.group_by(own).agg(size.max().alias("score"))


def _of_entries(question: BaselineQuestion, judged: pl.DataFrame) -> pl.DataFrame:
    calls = [edge for edge in question.case.edges if edge.kind is EdgeKind.CALLS]
    entries = {edge.source for edge in calls} - {edge.target for edge in calls}
    among = judged.filter(pl.col("entity").is_in(sorted(entries)))
    return judged if among.is_empty() else among
