"""What log lines say of entities: templates that appear, vanish or burst."""

from __future__ import annotations

import numpy as np
import polars as pl

from aiops.model.series_evidence import EvidenceColumns, EvidenceKind

LONGEST = 400
"""Characters of a line that make its template."""
MASKS = (
    (r'"[^"\\]{0,40}[Tt]ime(stamp)?\\*"\s*:\s*\\*"[^"]*"', ""),
    (r"\b[0-9a-fA-F]{8,}(-[0-9a-fA-F]{4,})*\b", "#"),
    (r"[A-Za-z0-9+/_-]{24,}", "#"),
    (r"\d+([.:]\d+)*", "#"),
    (r"\[#(, ?#)*\]", "[#]"),
)
"""(pattern, replacement) in order: times, identifiers, tokens, figures, lists of figures."""
LEAST_LINES = 3
"""Lines of a template, on both sides together, without which it says nothing."""
SWAY = 0.3
"""Usual changes of the mix of work move the lines of a template by this share."""
BAD = r"(?i)\b(error|fatal|critical|severe|panic|exception|traceback)\b"
"""A severity, or where there is none a template, of trouble."""
TROUBLE = "log errors"
"""Metric of templates of trouble; the others have ``PLAIN``."""
PLAIN = "log lines"


def of_logs(logs: pl.DataFrame, onset: int) -> list[EvidenceColumns]:
    """One row for each template of each entity: lines from ``onset``, ns, on, and lines expected from those before.

    Expected is the template's part of all lines before, times all lines since.
    """
    if logs.is_empty() or not onset:
        return []
    masked = pl.col("body").fill_null("").str.slice(0, LONGEST)
    for pattern, replacement in MASKS:
        masked = masked.str.replace_all(pattern, replacement)
    after = pl.col("ts") >= onset
    table = logs.select("entity", "severity", masked.alias("template"), after.alias("after"))
    stated = pl.when(pl.col("severity") != "").then(pl.col("severity"))
    words = pl.coalesce(stated, pl.col("template").str.slice(0, LONGEST // 4))
    table = table.with_columns(words.str.contains(BAD).alias("bad"))
    since, before = int(table["after"].sum()), int((~table["after"]).sum())
    if not before or not since:
        return []
    held = (
        table.group_by("entity", "template")
        .agg((~pl.col("after")).sum().alias("before"), pl.col("after").sum().alias("since"), pl.col("bad").any())
        .filter(pl.col("before") + pl.col("since") >= LEAST_LINES)
        .sort("entity", "template")
    )
    scale = since / before
    usual, level = held["before"].to_numpy() * scale, held["since"].to_numpy().astype(np.float64)
    spread = np.sqrt(usual * (1.0 + scale) + 1.0 + (SWAY * usual) ** 2)
    return [
        EvidenceColumns(
            entity=held["entity"].to_list(),
            kind=EvidenceKind.TEMPLATE,
            series=held["template"].to_list(),
            metric=[TROUBLE if bad else PLAIN for bad in held["bad"].to_list()],
            usual=usual,
            spread=spread,
            level=level,
            deviation=(level - usual) / spread,
        )
    ]
