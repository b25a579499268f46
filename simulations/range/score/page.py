"""The grades of a run as one HTML file with nothing outside it."""

from __future__ import annotations

from simulations.range.score.grades import Measured, RunGrade
from simulations.range.score.table import COLUMNS, cells, summary
from simulations.range.score.timeline import timeline
from simulations.scorecards.page import environment
from simulations.scorecards.timeline import WIDTH


def page(title: str, run: Measured, graded: RunGrade) -> str:
    """The HTML text of the page."""
    template = environment().get_template("range.html")
    return template.render(
        title=title,
        lines=summary(graded),
        columns=COLUMNS,
        rows=[cells(one) for one in graded.faults],
        shown=timeline(run),
        width=WIDTH,
    )
