"""The numeric series of a case, split at the stated time: what baselines that read series see."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import polars as pl

from tests.benchmarks.rootcause.grading import wholes
from topology.cases.case import Case

SERIES = ("entity", "metric", "peer")


def halves(case: Case, split: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Metrics before and from ``split``, ns; values that are not finite are left out."""
    table = case.metrics.filter(pl.col("value").is_finite() & pl.col("ts").is_between(case.from_at, case.to_at))
    return table.filter(pl.col("ts") < split), table.filter(pl.col("ts") >= split)


def of_wholes(case: Case) -> Case:
    """The case with the metrics of parts averaged into what they are part of, for methods that know services only."""
    whole = wholes(case.edges)
    if not whole:
        return case
    own = pl.col("entity").replace(whole)
    grouped = case.metrics.with_columns(own).group_by("ts", "entity", "metric", "peer", maintain_order=True)
    return replace(case, metrics=grouped.agg(pl.col("value").mean()).select(list(case.metrics.columns)))


def entities(case: Case) -> list[str]:
    """All entities that the case names, sorted."""
    tables = (case.metrics, case.logs, case.spans, case.alerts)
    named = {name for table in tables for name in table["entity"].unique().to_list()}
    named.update(item.id for item in case.items)
    named.update(name for edge in case.edges for name in (edge.source, edge.target))
    named.discard(None)
    return sorted(named)


def grid(table: pl.DataFrame, case: Case) -> tuple[list[tuple[str, str, str | None]], npt.NDArray[np.float64]]:
    """Series and their values (steps, series), NaN where there is none; the last value of a step counts."""
    placed = table.with_columns(((pl.col("ts") - case.from_at) // case.step).alias("step")).sort("ts")
    names = placed.select(SERIES).unique().sort(SERIES, nulls_last=False).with_row_index("number")
    placed = placed.join(names, on=SERIES, nulls_equal=True)
    first, last = placed["step"].min(), placed["step"].max()
    if not isinstance(first, int) or not isinstance(last, int):
        return [], np.empty((0, 0))
    values = np.full((last - first + 1, len(names)), np.nan)
    values[placed["step"].to_numpy() - first, placed["number"].to_numpy()] = placed["value"].to_numpy()
    return names.select(SERIES).rows(), values
