"""The scorecard for a terminal."""

from __future__ import annotations

import math
from collections.abc import Sequence

from rich.table import Table

from simulations.running.simulation import Who
from simulations.scorecards.summary import Card, Middle

COLUMNS = (
    "scenario", "healing", "as expected", "precision", "recall", "top 1", "top 3", "detected s", "repaired s",
    "SLO min", "value lost", "actions", "unsafe", "pages",
)  # fmt: skip


def table(rows: Sequence[Card], currency: str) -> Table:
    """Table of all rows: medians over the seeds, with intervals if there are several seeds."""
    seeds = max((row.seeds for row in rows), default=0)
    made = Table(
        title=f"Medians over {seeds} seed{'s' * (seeds != 1)}; SLO: minutes broken, summed over services; {currency}",
        header_style="bold",
        pad_edge=False,
        collapse_padding=True,
    )
    for number, name in enumerate(COLUMNS):
        made.add_column(name, justify="left" if number < 2 else "right", no_wrap=number < 2)
    before = ""
    for row in rows:
        if before and row.scenario != before:
            made.add_section()
        made.add_row(*cells(row), style=None if row.who is Who.PRODUCT else "dim")
        before = row.scenario
    return made


def cells(row: Card) -> list[str]:
    """One row as text."""
    product = row.who is Who.PRODUCT
    return [
        row.scenario,
        row.who.value,
        f"{row.as_expected}/{row.seeds}" if product else "",
        percent(row.precision),
        percent(row.recall),
        percent(row.top1),
        percent(row.top3),
        figure(row.detect_seconds),
        figure(row.repair_seconds, "never broken"),
        figure(row.violated_minutes),
        figure(row.value_lost),
        figure(row.actions),
        str(row.unsafe),
        figure(row.pages) if product else "",
    ]


def percent(share: float | None) -> str:
    """A share in percent; empty for None."""
    return "" if share is None else f"{share:.0%}"


def figure(value: Middle | None, nothing: str = "") -> str:
    """``median [low, high]``; ``never`` if it did not happen in most runs."""
    if value is None:
        return nothing
    if value.low == value.high:
        return number(value.median)
    return f"{number(value.median)} [{number(value.low)}, {number(value.high)}]"


def number(value: float) -> str:
    """A number in short form."""
    if not math.isfinite(value):
        return "never"
    return f"{value:,.0f}" if abs(value) >= 100 or value == round(value) else f"{value:.1f}"
