"""The scorecard as one HTML file with nothing outside it: figures, and a timeline of each scenario's first seed.

The template is in ``templates``; Jinja2 escapes every value.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from jinja2 import Environment, PackageLoader, StrictUndefined

from simulations.scenarios.scenario import Scenario
from simulations.scorecards.suite import Results
from simulations.scorecards.summary import Card, cards
from simulations.scorecards.table import COLUMNS, cells
from simulations.scorecards.timeline import WIDTH, Picture, timeline


@dataclass(frozen=True, slots=True)
class _Section:
    """One scenario: its timeline, and the deviations from its expectations."""

    scenario: Scenario
    timeline: Picture | None
    remarks: tuple[str, ...]


def page(scenarios: Sequence[Scenario], results: Results, currency: str) -> str:
    """The HTML text of the page."""
    rows = cards(results.grades)
    return _TEMPLATES.get_template("scorecard.html").render(
        seeds=max((row.seeds for row in rows), default=0),
        currency=currency,
        rows=rows,
        sections=[_section(scenario, results, rows) for scenario in scenarios],
    )


def _section(scenario: Scenario, results: Results, rows: Sequence[Card]) -> _Section:
    remarks = tuple(
        f"{text} ({count} of {row.seeds})"
        for row in rows
        if row.scenario == scenario.name
        for text, count in row.remarks.items()
    )
    return _Section(scenario, timeline(results.shown.get(scenario.name, {})), remarks)


def _environment() -> Environment:
    made = environment()
    made.filters["cells"] = cells
    made.globals |= {"columns": COLUMNS, "unsafe_column": COLUMNS.index("unsafe"), "width": WIDTH}
    return made


def environment() -> Environment:
    """Jinja2 with the templates of scorecards; every value is escaped, and a missing one is an error."""
    return Environment(
        loader=PackageLoader("simulations.scorecards"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


_TEMPLATES: Final = _environment()
