from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from aiops.model.incidents import Incident, IncidentState
from simulations.running.outside import RecordedAction
from simulations.running.simulation import Judged, Run, Who
from simulations.scorecards.timeline import LEFT, RIGHT, WIDTH, Bar, Canvas, Label, Mark, Picture, Rule, timeline
from simulations.world.layout import Layout
from simulations.world.truth import FaultRecord, Truth
from tests.unit.adapters.paging.fakes import page
from tests.unit.simulations.faults.worlds import ESTATE

S = 1_000_000_000
LAYOUT = Layout(ESTATE)
INCIDENT = Incident("INC-1", IncidentState.RESOLVED, 700 * S, 0, 0, ("web",), (), ())
ACT = RecordedAction(800 * S, "k", "restart web", undo=False, accepted=True, plan="p")
SCALE = (WIDTH - LEFT - RIGHT) / 900
"""Pixels a second of ``run``: five minutes before the history's end to its own end."""


def run(who: Who = Who.PRODUCT, lost: float = 0.0, **fields: Any) -> Run:
    """Twenty minutes from zero, graded after ten; ``lost`` a second in minute 12."""
    truth = Truth(LAYOUT)
    truth.ticks = 1200
    truth._lost[720:780, 0] = lost
    made = Run(who, 1, True, 0, 600 * S, 1200 * S, truth, (), (), ())
    return replace(made, **fields)


def drawn(*runs: Run) -> Picture:
    """The picture of these runs."""
    picture = timeline({one.who: one for one in runs})
    assert picture is not None
    return picture


def bars(picture: Picture, colour: str) -> list[Bar]:
    """Bars of a colour, in order."""
    return [shape for shape in picture.shapes if isinstance(shape, Bar) and shape.colour == colour]


def marks(picture: Picture) -> list[Mark]:
    """All marks, in order."""
    return [shape for shape in picture.shapes if isinstance(shape, Mark)]


def words(picture: Picture) -> list[str]:
    """All texts, in order."""
    return [shape.words for shape in picture.shapes if isinstance(shape, Label)]


def test_no_runs_no_picture() -> None:
    """Nothing to draw."""
    assert timeline({}) is None


@pytest.mark.parametrize(
    ("at", "x"), [(0, LEFT), (100, WIDTH - RIGHT), (50, (LEFT + WIDTH - RIGHT) / 2), (-7, LEFT), (999, WIDTH - RIGHT)]
)
def test_times_lie_between_the_margins(at: int, x: float) -> None:
    """Linearly; what lies outside is drawn at the edge."""
    assert Canvas(0, 100).x(at) == pytest.approx(x)


def test_an_empty_span_does_not_divide_by_zero() -> None:
    """A run of no length."""
    assert Canvas(5, 5).x(5) == LEFT


def test_a_fault_is_a_bar_with_its_end() -> None:
    """Named, with what ended it; one that lasts goes to the end of the run."""
    faults = (
        FaultRecord("crash", "web", "crash", 600 * S, 700 * S, "restart web"),
        FaultRecord("slow-disk", "orders-db", "slow-disk", 650 * S),
    )
    first, second = bars(drawn(run(faults=faults)), "fault")
    assert (first.tip, second.tip) == ("crash web, ended by restart web", "slow-disk orders-db")
    assert (first.x, first.width) == pytest.approx((LEFT + 300 * SCALE, 100 * SCALE), abs=0.11)
    assert second.x + second.width == pytest.approx(WIDTH - RIGHT, abs=0.11)


def test_a_fault_of_a_moment_can_be_seen() -> None:
    """At least two wide."""
    (bar,) = bars(drawn(run(faults=(FaultRecord("crash", "web", "crash", 600 * S, 600 * S),))), "fault")
    assert bar.width == 2.0


def test_value_lost_is_a_bar_a_minute() -> None:
    """Minutes count from the end of the history; the sum stands beside it."""
    picture = drawn(run(lost=2.0))
    assert [bar.tip for bar in bars(picture, "bad")] == ["minute 2: 120"]
    assert "lost 120" in words(picture)


def test_healers_share_one_scale() -> None:
    """Half the loss is half as high."""
    small, large = bars(drawn(run(lost=1.0), run(Who.NONE, lost=2.0)), "bad")
    assert small.height == pytest.approx(large.height / 2)


def test_nothing_lost_draws_no_bar() -> None:
    """And divides by nothing."""
    assert bars(drawn(run(Who.NONE)), "bad") == []


def test_incidents_and_pages_are_the_products() -> None:
    """Merged incidents are left out; beyond six they are counted."""
    merged = replace(INCIDENT, state=IncidentState.MERGED)
    many = (*(replace(INCIDENT, id=f"INC-{n}") for n in range(8)), merged)
    picture = drawn(run(incidents=many, pages=(page(),)), run(Who.NONE, incidents=many))
    assert len(bars(picture, "incident")) == 6
    assert "2 more" in words(picture)
    assert words(picture).count("INC-0") == 1
    assert [(mark.colour, mark.tip) for mark in marks(picture)] == [("page", page().title)]


def test_a_late_incidents_words_stay_in_the_picture() -> None:
    """Near the right edge they end at it."""
    late = replace(INCIDENT, opened_at=1190 * S)
    texts = [shape for shape in drawn(run(incidents=(late,))).shapes if isinstance(shape, Label)]
    (told,) = [shape for shape in texts if shape.words.startswith("cause unknown: ")]
    assert (told.anchor, told.x) == ("end", WIDTH - RIGHT)


def test_actions_are_coloured_by_what_they_were() -> None:
    """Unsafe ones red, those without effect grey, an undo upside down."""
    acts = (
        Judged(ACT, right=True, faulty=True, effect=True, harm=0.0),
        Judged(ACT, right=False, faulty=False, effect=True, harm=5.0),
        Judged(ACT, right=True, faulty=True, effect=False, harm=0.0),
        Judged(replace(ACT, undo=True), right=False, faulty=True, effect=True, harm=0.0),
    )
    found = marks(drawn(run(actions=acts)))
    assert [mark.colour for mark in found] == ["act", "bad", "soft", "act"]
    assert [mark.tip for mark in found] == [
        "restart web", "restart web", "restart web (no effect)", "undo: restart web",
    ]  # fmt: skip
    assert len({mark.path for mark in found[:3]}) == 1
    assert found[3].path != found[0].path


def test_shapes_stay_within_the_height() -> None:
    """Whatever is drawn; rules of the axis go through and are cut by the picture."""
    fault = FaultRecord("crash", "web", "crash", 600 * S, 700 * S)
    picture = drawn(run(lost=2.0, faults=(fault,), incidents=(INCIDENT,), pages=(page(),)), run(Who.NONE, lost=2.0))
    for shape in picture.shapes:
        assert isinstance(shape, Rule) or 0 <= shape.y <= picture.height


def test_the_axis_counts_minutes_from_the_history() -> None:
    """Every five minutes from zero within the picture."""
    assert [text for text in words(drawn(run())) if text.endswith(" min")] == ["-5 min", "0 min", "5 min", "10 min"]
