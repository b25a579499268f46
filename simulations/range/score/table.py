"""The grades of a run as rows, for a terminal, a page and JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, Final

from rich.table import Table

from simulations.range.score.controls import Control
from simulations.range.score.grades import Acted, FaultGrade, Repair, RunGrade

COLUMNS: Final = (
    "fault", "target", "detected s", "incidents", "root", "p", "kind", "runbook", "action", "users", "repaired s",
    "failed", "3 sigma s", "static s",
)  # fmt: skip


def table(graded: RunGrade) -> Table:
    """A row for each fault, in the order in which they happened."""
    made = Table(title="s: seconds from the onset", header_style="bold", pad_edge=False, collapse_padding=True)
    for number, name in enumerate(COLUMNS):
        made.add_column(name, justify="left" if number < 2 else "right", no_wrap=number < 2)
    for one in graded.faults:
        made.add_row(*cells(one), style="dim" if one.harmless else None)
    return made


def cells(one: FaultGrade) -> list[str]:
    """One row as text."""
    real = not one.harmless
    return [
        one.fault,
        one.target,
        _seconds(one.detected, "not" if real else ""),
        str(len(one.incidents)),
        ("-" if one.rank is None else str(one.rank)) if real else "",
        "" if one.probability is None else f"{one.probability:.2f}",
        _yes(one.kind_right),
        _yes(one.runbook_right),
        one.acted.value,
        one.repair.value,
        _seconds(one.repair_seconds, "not" if one.repair is Repair.NOT else ""),
        str(sum(one.failed.values())),
        *(_seconds(one.controls[control], "not" if real else "") if one.controls else "" for control in Control),
    ]


def summary(graded: RunGrade) -> list[str]:
    """Lines below the table."""
    real = [one for one in graded.faults if not one.harmless]
    felt = [one for one in real if one.repair is not Repair.NOT_FELT]
    ranks = [one.rank for one in real if one.rank is not None]
    false = "".join(f"; {control}: {count}" for control, count in graded.false_control_alerts.items())
    users = ", ".join(f"{user} {count}" for user, count in graded.failed.items())
    return [
        (
            f"detected          {sum(one.detected is not None for one in real)} of {len(real)}, "
            f"with one incident {sum(len(one.incidents) == 1 for one in real)}"
        ),
        f"root first        {ranks.count(1)} of {len(real)}, among three {sum(rank <= 3 for rank in ranks)}",
        (
            f"action right      {sum(one.acted is Acted.RIGHT for one in real)} of {len(real)}; "
            f"unsafe actions in the run: {graded.unsafe_actions}"
        ),
        f"repaired          {sum(one.repair is Repair.REPAIRED for one in felt)} of {len(felt)} that users felt",
        f"false incidents   {graded.false_incidents} in {graded.calm_hours:.2f} hours of calm{false}",
        f"failed requests   {users or 'no requests'}",
    ]


def as_json(graded: RunGrade) -> Mapping[str, Any]:
    """All figures as JSON values; ``false_an_hour`` is null without calm."""
    figures = asdict(graded)
    hours = graded.calm_hours
    return figures | {"false_an_hour": graded.false_an_hour if hours > 0 else None}


def _seconds(value: float | None, nothing: str) -> str:
    return nothing if value is None else f"{value:.0f}"


def _yes(value: bool | None) -> str:  # noqa: FBT001 (a value to show)
    return "" if value is None else "yes" if value else "no"
