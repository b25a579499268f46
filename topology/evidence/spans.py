"""What spans say of entities: own time of operations, time on the network, shape of calls, and where errors begin."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import polars as pl

from aiops.model.series_evidence import EvidenceColumns, EvidenceKind, Floats
from topology.evidence.measure import NORMAL_IQR

Counts = npt.NDArray[np.generic]

LEAST_SPANS = 3
"""Spans on each side of the onset without which nothing is said."""
LEAST_SHARE = 0.02
"""Spread of a time is at least this share of the usual one."""
LEAST_TIME = 0.5e-3
"""Spread of a time is at least this, seconds: shorter differences are not noticed."""
WHOLE = 8.0
"""Spans on the thinner side at which a deviation counts a half of what it counts with very many."""
ERROR = r"(?i)error"


def of_spans(spans: pl.DataFrame, onset: int) -> list[EvidenceColumns]:
    """Rows of the four kinds of evidence in spans; spans from ``onset``, ns, on are compared with those before."""
    if spans.is_empty() or not onset:
        return []
    joined = _joined(spans, onset)
    remote = pl.col("caller").is_not_null() & (pl.col("caller") != pl.col("entity"))
    own = joined.filter(~pl.col("client")).select("after", "entity", "operation", pl.col("own").alias("value"))
    calls = joined.filter(remote).with_columns(
        ((pl.col("caller_duration") - pl.col("duration_ns")).clip(0) / 1e9).alias("value")
    )
    over = calls.select("after", "entity", pl.col("caller").alias("peer"), "value")
    return [
        *_times(own, ["entity", "operation"], EvidenceKind.OWN_TIME),
        *_times(over, ["entity", "peer"], EvidenceKind.NETWORK_TIME),
        *_shapes(joined),
        *_errors(joined),
    ]


def _joined(spans: pl.DataFrame, onset: int) -> pl.DataFrame:
    """Spans with their parent's entity, operation and duration, their own time in seconds, and what failed below."""
    spans = spans.unique(["trace_id", "span_id"], maintain_order=True).with_columns(
        (pl.col("ts") >= onset).alias("after"),
        pl.col("status").str.contains(ERROR).fill_null(value=False).alias("failed"),
    )
    parents = spans.select(
        "trace_id",
        pl.col("span_id").alias("parent_id"),
        pl.col("entity").alias("caller"),
        pl.col("operation").alias("caller_operation"),
        pl.col("duration_ns").alias("caller_duration"),
    )
    joined = spans.join(parents, on=["trace_id", "parent_id"], how="left")
    below = (
        joined.filter(pl.col("caller").is_not_null())
        .group_by("trace_id", pl.col("parent_id").alias("span_id"))
        .agg(
            pl.col("duration_ns").sum().alias("below"),
            pl.col("failed").any().alias("failed_below"),
            (pl.col("caller") != pl.col("entity")).any().alias("client"),
        )
    )
    return joined.join(below, on=["trace_id", "span_id"], how="left").with_columns(
        ((pl.col("duration_ns") - pl.col("below").fill_null(0)).clip(0) / 1e9).alias("own"),
        pl.col("client").fill_null(value=False),
        pl.col("failed_below").fill_null(value=False),
    )


def _times(table: pl.DataFrame, keys: list[str], kind: EvidenceKind) -> list[EvidenceColumns]:
    """Median times before and after, of groups with enough on both sides."""
    value = pl.col("value")
    held = table.group_by(keys).agg(
        value.filter(~pl.col("after")).median().alias("usual"),
        value.filter(pl.col("after")).median().alias("level"),
        (value.filter(~pl.col("after")).quantile(0.75) - value.filter(~pl.col("after")).quantile(0.25)).alias("middle"),
        pl.col("after").sum().alias("many_after"),
        (~pl.col("after")).sum().alias("many_before"),
    )
    held = held.filter((pl.col("many_after") >= LEAST_SPANS) & (pl.col("many_before") >= LEAST_SPANS)).sort(keys)
    if held.is_empty():
        return []
    usual, level = held["usual"].to_numpy(), held["level"].to_numpy()
    spread = np.maximum(held["middle"].to_numpy() / NORMAL_IQR, np.maximum(LEAST_SHARE * usual, LEAST_TIME))
    thin = np.minimum(held["many_before"].to_numpy(), held["many_after"].to_numpy()).astype(np.float64)
    last = held[keys[1]].to_list()
    calls = kind is EvidenceKind.NETWORK_TIME
    return [
        EvidenceColumns(
            entity=held["entity"].to_list(),
            kind=kind,
            series=[f"calls from {name}" for name in last] if calls else last,
            metric=["network time" if calls else "own time"] * len(held),
            usual=usual,
            spread=spread,
            level=level,
            deviation=(level - usual) / spread * np.sqrt(thin / (thin + WHOLE)),
            peer=last if calls else None,
        )
    ]


def _shapes(joined: pl.DataFrame) -> list[EvidenceColumns]:
    """How often an operation has a child operation; the entity is the parent's, the peer the child's if another.

    Counted by trace: the many spans of one trace are alike.
    """
    counts = [(~pl.col("after")).sum().alias("before"), pl.col("after").sum().alias("after")]
    parent = ["caller", "caller_operation"]
    callers = joined.select("trace_id", "after", pl.col("entity").alias("caller"), pl.col("operation").alias(parent[1]))
    all_of = callers.unique(["trace_id", *parent]).group_by(parent).agg(counts)
    keys = [*parent, "entity", "operation"]
    with_child = (
        joined.filter(pl.col("caller").is_not_null())
        .unique(["trace_id", *keys])
        .group_by(keys)
        .agg(counts)
        .rename({"before": "before_some", "after": "after_some"})
        .join(all_of.rename({"before": "before_all", "after": "after_all"}), on=parent)
        .filter((pl.col("before_all") >= LEAST_SPANS) & (pl.col("after_all") >= LEAST_SPANS))
        .sort(keys)
    )
    rows = with_child.rows(named=True)
    return _shares(
        with_child,
        entity=[row["caller"] for row in rows],
        series=[f"{row['caller_operation']} calls {row['operation']}" for row in rows],
        kind=EvidenceKind.CALL_SHAPE,
        peer=[row["entity"] if row["entity"] != row["caller"] else None for row in rows],
    )


def _errors(joined: pl.DataFrame) -> list[EvidenceColumns]:
    """How often an operation fails by itself: it failed, and nothing that it called did."""
    first = pl.col("failed") & ~pl.col("failed_below") & ~pl.col("client")
    counted = (
        joined.group_by("entity", "operation")
        .agg(
            (~pl.col("after")).sum().alias("before_all"),
            pl.col("after").sum().alias("after_all"),
            (first & ~pl.col("after")).sum().alias("before_some"),
            (first & pl.col("after")).sum().alias("after_some"),
        )
        .filter((pl.col("before_some") + pl.col("after_some") > 0) & (pl.col("after_all") >= LEAST_SPANS))
        .sort("entity", "operation")
    )
    names = counted["entity"].to_list()
    return _shares(counted, entity=names, series=counted["operation"].to_list(), kind=EvidenceKind.FIRST_ERROR)


def _shares(
    counted: pl.DataFrame,
    *,
    entity: list[str],
    series: list[str],
    kind: EvidenceKind,
    peer: list[str | None] | None = None,
) -> list[EvidenceColumns]:
    if not entity:
        return []
    some, whole = counted["before_some"].to_numpy(), counted["before_all"].to_numpy()
    some_after, whole_after = counted["after_some"].to_numpy(), counted["after_all"].to_numpy()
    usual, level = some / np.maximum(whole, 1), some_after / np.maximum(whole_after, 1)
    return [
        EvidenceColumns(
            entity=entity,
            kind=kind,
            series=series,
            metric=[kind.name.lower().replace("_", " ")] * len(entity),
            usual=usual,
            spread=np.sqrt(np.maximum(usual * (1 - usual), 1e-4)),
            level=level,
            deviation=likelihood_root((some, whole), (some_after, whole_after)),
            peer=peer,
        )
    ]


def likelihood_root(before: tuple[Counts, Counts], after: tuple[Counts, Counts]) -> Floats:
    """(n,) signed root of the likelihood ratio of two shares; about normal if nothing changed.

    Args:
        before: (n,) hits and trials before.
        after: (n,) hits and trials after.
    """
    some, whole = (np.asarray(column, np.float64) for column in before)
    some_after, whole_after = (np.asarray(column, np.float64) for column in after)
    whole, whole_after = np.maximum(whole, some), np.maximum(whole_after, some_after)
    both = (some + some_after) / np.maximum(whole + whole_after, 1.0)

    def log_likelihood(share: Floats, hits: Floats, all_of: Floats) -> Floats:
        inside = np.clip(share, 1e-12, 1 - 1e-12)
        found: Floats = hits * np.log(inside) + (all_of - hits) * np.log1p(-inside)
        return found

    share, share_after = some / np.maximum(whole, 1.0), some_after / np.maximum(whole_after, 1.0)
    gain = log_likelihood(share, some, whole) + log_likelihood(share_after, some_after, whole_after)
    gain -= log_likelihood(both, some, whole) + log_likelihood(both, some_after, whole_after)
    found: Floats = np.sign(share_after - share) * np.sqrt(np.maximum(2.0 * gain, 0.0))
    return found
