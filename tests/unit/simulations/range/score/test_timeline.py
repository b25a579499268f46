"""The picture of a run: what happened, and what was reported, at its time."""

from __future__ import annotations

from aiops.model.durations import SECOND
from simulations.range.score.controls import Control, ControlAlert, GoldenSignal
from simulations.range.score.grades import grade
from simulations.range.score.page import page
from simulations.range.score.timeline import failures_a_minute, timeline
from simulations.scorecards.timeline import LEFT, RIGHT, WIDTH, Bar, Label, Mark
from tests.unit.simulations.range.score.runs_graded import (
    NAMES,
    ROOT,
    action,
    evidence,
    fault,
    incident,
    measured,
    requests,
)

SCALE = (WIDTH - LEFT - RIGHT) / 1800
"""Pixels a second."""
ALERT = ControlAlert(640 * SECOND, ROOT, GoldenSignal.ERRORS, Control.STATIC)
RUN = measured(
    fault(),
    evidence=evidence(incident(614), actions=(action(630), action(700, undo=True))),
    requests=requests(lambda second: 602 <= second < 670),
    control_alerts=[ALERT],
)


def bars(colour: str) -> list[Bar]:
    return [shape for shape in timeline(RUN).shapes if isinstance(shape, Bar) and shape.colour == colour]


def test_a_fault_is_drawn_for_its_time() -> None:
    """120 s from second 600 on."""
    (bar,) = bars("fault")
    assert bar.x == round(LEFT + 600 * SCALE, 1)
    assert abs(bar.width - 120 * SCALE) < 0.2


def test_failed_requests_are_drawn_by_the_minute() -> None:
    """116 in minute 10, 20 in minute 11; the highest bar is the most."""
    assert list(failures_a_minute(RUN))[10:12] == [116, 20]
    assert [bar.tip for bar in bars("bad")] == ["minute 10: 116", "minute 11: 20"]
    assert bars("bad")[0].height > bars("bad")[1].height


def test_actions_and_alerts_are_marks() -> None:
    """The undo has a path of its own."""
    marks = [shape for shape in timeline(RUN).shapes if isinstance(shape, Mark)]
    assert [one.tip for one in marks] == [f"restart {ROOT}", f"undo: restart {ROOT}", f"{ROOT}: errors"]
    assert marks[0].path != marks[1].path


def test_controls_have_a_lane_only_if_metrics_were_recorded() -> None:
    """An empty lane would say that they were quiet."""
    shapes = timeline(measured(fault())).shapes
    assert "three sigma" not in {shape.words for shape in shapes if isinstance(shape, Label)}


def test_the_page_has_summary_table_and_picture_and_escapes_names() -> None:
    """One file; a name from outside cannot become markup."""
    text = page("Run of <b>7</b>", RUN, grade(RUN, NAMES))
    assert "Run of &lt;b&gt;7&lt;/b&gt;" in text
    assert "<td>killed</td>" in text
    assert "detected          1 of 1" in text
    assert text.count("<svg") == 1
    assert "minute 10: 116" in text
