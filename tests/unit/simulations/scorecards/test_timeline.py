from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from aiops.model.incidents import Incident, IncidentState
from simulations.running.outside import Act
from simulations.running.simulation import Judged, Run, Who
from simulations.scorecards.timeline import LEFT, LEGEND, RIGHT, WIDTH, _Canvas, timeline
from simulations.world.layout import Layout
from simulations.world.truth import FaultRecord, Truth
from tests.unit.adapters.paging.fakes import page
from tests.unit.simulations.faults.worlds import ESTATE

S = 1_000_000_000
LAYOUT = Layout(ESTATE)
INCIDENT = Incident("INC-1", IncidentState.RESOLVED, 700 * S, 0, 0, ("web",), (), (), outcome="healed")
ACT = Act(800 * S, "k", "restart web", undo=False, accepted=True, plan="p")


def run(who: Who = Who.PRODUCT, lost: float = 0.0, **fields: Any) -> Run:
    """Twenty minutes from zero, graded after ten; ``lost`` a second in minute 12."""
    truth = Truth(LAYOUT)
    truth.ticks = 1200
    truth._lost[720:780, 0] = lost
    made = Run(who, 1, True, 0, 600 * S, 1200 * S, truth, (), (), ())
    return replace(made, **fields)


def titles(svg: str) -> list[str]:
    """Tooltips in order; the picture must be XML."""
    root = ET.fromstring(svg)
    return [found.text or "" for found in root.iter() if found.tag == "title"]


def test_no_runs_no_picture() -> None:
    """Nothing to draw."""
    assert timeline({}) == ""


@pytest.mark.parametrize(
    ("at", "x"), [(0, LEFT), (100, WIDTH - RIGHT), (50, (LEFT + WIDTH - RIGHT) / 2), (-7, LEFT), (999, WIDTH - RIGHT)]
)
def test_times_lie_between_the_margins(at: int, x: float) -> None:
    """Linearly; what lies outside is drawn at the edge."""
    assert _Canvas(0, 100).x(at) == pytest.approx(x)


def test_an_empty_span_does_not_divide_by_zero() -> None:
    """A run of no length."""
    assert _Canvas(5, 5).x(5) == LEFT


def test_a_fault_is_a_bar_with_its_end() -> None:
    """Named, with what ended it; one that lasts goes to the end of the run."""
    faults = (
        FaultRecord("crash", "web", "crash", 600 * S, 700 * S, "restart web"),
        FaultRecord("slow-disk", "orders-db", "slow-disk", 650 * S),
    )
    svg = timeline({Who.PRODUCT: run(faults=faults)})
    assert titles(svg)[:2] == ["crash web, ended by restart web", "slow-disk orders-db"]
    widths = [float(found) for found in re.findall(r'<rect x="[\d.]+" y="[\d.]+" width="([\d.]+)"', svg)]
    scale = (WIDTH - LEFT - RIGHT) / 900
    assert widths[:2] == pytest.approx([100 * scale, 550 * scale], abs=0.1)


def test_value_lost_is_a_bar_a_minute() -> None:
    """Minutes count from the end of the history; the sum stands beside it."""
    svg = timeline({Who.PRODUCT: run(lost=2.0)})
    assert titles(svg) == ["minute 2: 120"]
    assert ">lost 120<" in svg


def test_healers_share_one_scale() -> None:
    """Half the loss is half as high."""
    svg = timeline({Who.PRODUCT: run(lost=1.0), Who.NONE: run(Who.NONE, lost=2.0)})
    heights = [float(found) for found in re.findall(r'height="([\d.]+)" rx', svg)]
    assert heights[0] == pytest.approx(heights[1] / 2)


def test_nothing_lost_draws_no_bar() -> None:
    """And divides by nothing."""
    assert titles(timeline({Who.NONE: run(Who.NONE)})) == []


def test_incidents_and_pages_are_the_products() -> None:
    """Merged incidents are left out; beyond six they are counted."""
    merged = replace(INCIDENT, state=IncidentState.MERGED)
    many = (*(replace(INCIDENT, id=f"INC-{n}") for n in range(8)), merged)
    svg = timeline({Who.PRODUCT: run(incidents=many, pages=(page(),)), Who.NONE: run(Who.NONE, incidents=many)})
    assert titles(svg).count("healed") == 6
    assert ">2 more<" in svg
    assert page().title in titles(svg)
    assert svg.count(">INC-0<") == 1


def test_actions_are_coloured_by_what_they_were() -> None:
    """Unsafe ones red, those without effect grey, an undo upside down."""
    acts = (
        Judged(ACT, right=True, sick=True, effect=True, harm=0.0),
        Judged(ACT, right=False, sick=False, effect=True, harm=5.0),
        Judged(ACT, right=True, sick=True, effect=False, harm=0.0),
        Judged(replace(ACT, undo=True), right=False, sick=True, effect=True, harm=0.0),
    )
    svg = timeline({Who.PRODUCT: run(actions=acts)})
    assert titles(svg) == ["restart web", "restart web", "restart web (no effect)", "undo: restart web"]
    assert re.findall(r'<path d="(.{3}).*?fill="var\(--(\w+)\)"', svg) == [
        ("M-6", "act"), ("M-6", "bad"), ("M-6", "soft"), ("M-6", "act"),
    ]  # fmt: skip
    assert svg.count("M-6,-9L6,-9L0,0Z") == 1


def test_names_from_outside_cannot_break_the_picture() -> None:
    """Markup in names and outcomes is shown as text."""
    evil = '</title><script>alert("x")</script>&'
    fault = FaultRecord(evil, evil, "crash", 600 * S, 700 * S, evil)
    found = run(
        faults=(fault,), incidents=(replace(INCIDENT, id=evil, outcome=evil),), pages=(replace(page(), title=evil),)
    )
    svg = timeline({Who.PRODUCT: found})
    assert "<script>" not in svg
    assert evil in titles(svg)


def test_the_legend_names_every_colour_that_is_used() -> None:
    """Fault, incident, action, page and loss."""
    assert set(re.findall(r"--(\w+)", LEGEND)) == {"bad", "fault", "incident", "act", "page"}


def test_the_axis_counts_minutes_from_the_history() -> None:
    """Every five minutes from zero within the picture."""
    svg = timeline({Who.PRODUCT: run()})
    assert re.findall(r">(-?\d+) min<", svg) == ["-5", "0", "5", "10"]
    assert np.isfinite([float(x) for x in re.findall(r'x1="([\d.]+)"', svg)]).all()
