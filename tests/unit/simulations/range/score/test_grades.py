"""Grades of runs that were worked by hand: what really happened, beside what the product said."""

from __future__ import annotations

import math

import pytest

from aiops.model.durations import SECOND
from simulations.range.faults.truth import FaultTruth
from simulations.range.score.controls import Control, ControlAlert, GoldenSignal
from simulations.range.score.grades import Acted, FaultGrade, Measured, Repair, RunGrade, acted, grade
from tests.unit.simulations.range.score.runs_graded import (
    NAMES,
    PLAN,
    ROOT,
    action,
    evidence,
    fault,
    incident,
    measured,
    requests,
)

OTHER = PLAN.services[-1].id
FAR = ("elsewhere", "nowhere")


def graded(run: Measured) -> RunGrade:
    return grade(run, NAMES)


def only(run: Measured) -> FaultGrade:
    """The grade of the only fault."""
    (one,) = graded(run).faults
    return one


def test_a_fault_is_detected_by_its_first_incident() -> None:
    """Opened 14 s after the onset; a second one is counted."""
    one = only(measured(fault(), evidence=evidence(incident(614), incident(650))))
    assert (one.detected, one.incidents) == (14.0, ("INC-614", "INC-650"))


def test_an_incident_before_the_onset_is_false() -> None:
    """It cannot be about what had not happened."""
    found = graded(measured(fault(), evidence=evidence(incident(599))))
    assert (found.faults[0].detected, found.false_incidents) == (None, 1)


@pytest.mark.parametrize(("at", "own"), [(779, True), (780, False)])
def test_an_incident_belongs_to_a_fault_until_a_minute_after_its_end(at: int, *, own: bool) -> None:
    """Undone at 720."""
    found = graded(measured(fault(), evidence=evidence(incident(at))))
    assert (found.faults[0].detected is not None, found.false_incidents) == (own, 1 - own)


def test_an_incident_while_users_still_suffer_belongs_to_the_fault() -> None:
    """It outlasted its trigger by two minutes, as a retry storm does."""
    failing = requests(lambda second: 610 <= second < 840)
    one = only(measured(fault(), requests=failing, evidence=evidence(incident(860))))
    assert (one.detected, one.repair, one.repair_seconds) == (260.0, Repair.NOT, 240.0)


def test_an_incident_about_something_else_is_false() -> None:
    """None of its members can be reached, and no cause is right."""
    found = graded(measured(fault(), evidence=evidence(incident(620, entities=FAR))))
    assert (found.faults[0].detected, found.false_incidents) == (None, 1)


def test_an_incident_that_names_the_root_is_true() -> None:
    """Whoever its members are."""
    assert only(measured(fault(), evidence=evidence(incident(620, (ROOT, 0.5), entities=FAR)))).detected == 20.0


def test_the_place_of_the_root_counts_services() -> None:
    """Two instances of one wrong service are one cause; probabilities of the right one are added."""
    instances = [one.id for one in PLAN.by_id[ROOT].instances]
    causes = ((OTHER, 0.4), (OTHER, 0.1), (instances[0], 0.2), (ROOT, 0.1))
    one = only(measured(fault(), evidence=evidence(incident(620, *causes))))
    assert one.rank == 2
    assert one.probability == pytest.approx(0.3)


def test_a_root_that_is_not_named_has_no_place_and_no_probability() -> None:
    """The incident is near enough to belong to the fault."""
    one = only(measured(fault(), evidence=evidence(incident(620, ("elsewhere", 0.9)))))
    assert (one.rank, one.probability) == (None, 0.0)


@pytest.mark.parametrize(("kind", "right"), [("crash", True), ("latency", False)])
def test_the_kind_is_that_of_the_first_cause(kind: str, *, right: bool) -> None:
    """In the words of the truth."""
    one = only(measured(fault(), evidence=evidence(incident(620, (ROOT, 0.9), kind=kind))))
    assert one.kind_right is right


def test_without_a_diagnosis_nothing_is_right_or_wrong() -> None:
    """It was not asked yet."""
    one = only(measured(fault(), evidence=evidence(incident(620))))
    assert (one.rank, one.probability, one.kind_right, one.runbook_right) == (None, None, None, None)


@pytest.mark.parametrize(("runbook", "right"), [("restart-crashed", True), ("roll-back-deploy", False)])
def test_a_runbook_is_right_for_its_kind_of_fault(runbook: str, *, right: bool) -> None:
    """Of the incidents that belong to the fault."""
    one = only(measured(fault(), evidence=evidence(incident(620), INC_620=(runbook,))))
    assert one.runbook_right is right


@pytest.mark.parametrize(
    ("name", "primitive", "target", "wanted"),
    [
        ("killed", "restart", ROOT, Acted.RIGHT),
        ("killed", "roll-back", ROOT, Acted.WRONG),
        ("killed", "restart", OTHER, Acted.UNSAFE),
        ("killed", "scale", OTHER, Acted.WRONG),
        ("slow-function", "roll-back", ROOT, Acted.RIGHT),
        ("slow-function", "restart", ROOT, Acted.WRONG),
        ("calm", "restart", ROOT, Acted.UNSAFE),
        ("calm", "scale", ROOT, Acted.WRONG),
        ("harmless-deployment", "roll-back", ROOT, Acted.UNSAFE),
    ],
)
def test_an_action_is_right_only_on_the_root(name: str, primitive: str, target: str, wanted: Acted) -> None:
    """What takes something from a target without a fault is unsafe."""
    assert acted(action(610, primitive, target), [fault(name)], NAMES) is wanted


def test_the_worst_action_is_the_grade() -> None:
    """A right restart does not make up for an unsafe one; an undo is no action of its own."""
    acts = (action(610), action(620, target=OTHER), action(630, "stop", undo=True))
    found = graded(measured(fault(), evidence=evidence(actions=acts)))
    assert (found.faults[0].acted, found.unsafe_actions) == (Acted.UNSAFE, 1)


def test_an_action_in_calm_is_unsafe() -> None:
    """No fault was there."""
    assert graded(measured(fault(), evidence=evidence(actions=(action(300),)))).unsafe_actions == 1


@pytest.mark.parametrize(
    ("last", "repair", "seconds"),
    [(660, Repair.REPAIRED, 60.0), (718, Repair.REPAIRED, 120.0), (735, Repair.NOT, 140.0)],
)
def test_a_repair_is_what_users_measure_before_the_fault_is_undone(last: int, repair: Repair, seconds: float) -> None:
    """Undone at 720. What the product says of it does not matter."""
    failing = requests(lambda second: 602 <= second < last)
    for said in (evidence(), evidence(incident(620, (ROOT, 1.0)), actions=(action(630),))):
        one = only(measured(fault(), requests=failing, evidence=said))
        assert (one.repair, one.repair_seconds) == (repair, seconds)


def test_a_fault_that_nobody_felt_has_no_repair() -> None:
    """All requests were served."""
    one = only(measured(fault()))
    assert (one.repair, one.repair_seconds, one.failed) == (Repair.NOT_FELT, None, {"client": 0, "visitor": 0})


def test_failed_requests_are_counted_from_the_onset_to_a_minute_after_the_end() -> None:
    """Seconds 600 to 779, one request of each kind of users a second."""
    failing = requests(lambda second: second % 10 == 0)
    assert only(measured(fault(), requests=failing)).failed == {"client": 18, "visitor": 18}
    assert graded(measured(fault(), requests=failing)).failed == {"client": 180, "visitor": 180}


def test_an_hour_of_calm_is_what_no_real_fault_takes() -> None:
    """1800 s without the 180 s of the fault; two incidents in it."""
    found = graded(measured(fault(), evidence=evidence(incident(100), incident(1500))))
    assert found.calm_hours == pytest.approx(0.45)
    assert found.false_an_hour == pytest.approx(2 / 0.45)


@pytest.mark.parametrize("name", ["calm", "harmless-deployment", "backup"])
def test_an_incident_of_a_harmless_event_is_false(name: str) -> None:
    """It is shown with the event, and the event takes nothing from the calm."""
    found = graded(measured(fault(name), evidence=evidence(incident(620, (ROOT, 0.9)))))
    assert (found.false_incidents, found.calm_hours) == (1, 0.5)
    assert (found.faults[0].incidents, found.faults[0].detected, found.faults[0].rank) == (("INC-620",), None, None)


def test_without_calm_there_is_no_rate() -> None:
    """One false incident in no time."""
    assert (
        RunGrade(
            faults=(), calm_hours=0.0, false_incidents=1, false_control_alerts={}, unsafe_actions=0, failed={}
        ).false_an_hour
        == math.inf
    )


def test_the_next_fault_ends_the_time_of_the_one_before() -> None:
    """The second begins 30 s after the first was undone; each has its own incident."""
    faults: tuple[FaultTruth, ...] = (fault(), fault("stopped", onset=750))
    found = graded(measured(*faults, evidence=evidence(incident(740), incident(760))))
    assert [one.incidents for one in found.faults] == [("INC-740",), ("INC-760",)]


def test_what_the_history_holds_is_not_graded() -> None:
    """Incidents and actions before the run began."""
    found = graded(measured(since=500 * SECOND, evidence=evidence(incident(100), actions=(action(100),))))
    assert (found.false_incidents, found.unsafe_actions) == (0, 0)


def test_controls_are_graded_by_the_same_truth() -> None:
    """The first alert on what the fault reaches; all others are false."""
    alerts = [
        ControlAlert(at * SECOND, entity, GoldenSignal.ERRORS, Control.STATIC)
        for at, entity in ((100, ROOT), (640, "elsewhere"), (661, ROOT), (670, ROOT))
    ]
    found = graded(measured(fault(), control_alerts=alerts))
    assert found.faults[0].controls == {Control.THREE_SIGMA: None, Control.STATIC: 61.0}
    assert found.false_control_alerts == {Control.THREE_SIGMA: 0, Control.STATIC: 2}


def test_without_recorded_metrics_no_control_is_graded() -> None:
    """None, not zero."""
    found = graded(measured(fault()))
    assert (found.faults[0].controls, found.false_control_alerts) == ({}, {})


def test_a_fault_whose_end_was_not_written_lasts_to_the_next() -> None:
    """The program that made it was killed."""
    one = only(measured(fault(), ends={}, evidence=evidence(incident(1700))))
    assert (one.detected, one.ended) == (1100.0, 1800 * SECOND)
