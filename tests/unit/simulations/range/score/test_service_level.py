"""When users suffer and when that is over, worked by hand on two requests a second."""

from __future__ import annotations

import pytest

from aiops.model.durations import SECOND
from simulations.range.score.requests import Requests, of_rows
from simulations.range.score.service_level import Suffering, suffering, unsatisfied
from tests.unit.simulations.range.score.runs_graded import requests


def found(measured: Requests, felt_by: int = 720, until: int = 1200) -> Suffering | None:
    """For a fault at second 600."""
    return suffering(measured, 600 * SECOND, felt_by=felt_by * SECOND, until=until * SECOND)


def seconds(begun: int, ended: int | None) -> Suffering:
    return Suffering(begun * SECOND, None if ended is None else ended * SECOND)


def test_users_who_are_served_suffer_nothing() -> None:
    """Not a single failure."""
    assert found(requests()) is None


def test_it_lasts_from_the_first_bad_span_to_the_last() -> None:
    """Seconds 615 to 648 fail: spans of ten seconds from 610 to 650."""
    assert found(requests(lambda second: 615 <= second < 648)) == seconds(610, 650)


def test_a_short_pause_does_not_end_it() -> None:
    """Two good spans, 640 and 650, between the bad ones are fewer than three."""
    failing = requests(lambda second: 610 <= second < 640 or 660 <= second < 680)
    assert found(failing) == seconds(610, 680)


def test_three_good_spans_end_it() -> None:
    """What fails again after them is another suffering."""
    failing = requests(lambda second: 610 <= second < 640 or 670 <= second < 700)
    assert found(failing) == seconds(610, 640)


def test_one_bad_span_is_chance() -> None:
    """The suffering that follows later counts."""
    assert found(requests(lambda second: second == 615)) is None
    assert found(requests(lambda second: second == 615 or 670 <= second < 700)) == seconds(670, 700)


def test_what_begins_too_late_has_another_cause() -> None:
    """The fault was undone at 720."""
    assert found(requests(lambda second: 730 <= second < 800)) is None


def test_it_has_no_end_if_nothing_shows_one() -> None:
    """It fails to the end of what was looked at, or only two good spans are left."""
    assert found(requests(lambda second: second >= 610)) == seconds(610, None)
    assert found(requests(lambda second: 610 <= second < 1180)) == seconds(610, None)


def test_spans_without_requests_show_neither_an_end_nor_a_fault() -> None:
    """The load generator stood still from 640 to 700, and all fail afterwards."""
    whole = requests(lambda second: 610 <= second < 640 or 700 <= second < 720)
    rows = [
        (int(at), 20.0, bool(failed), "/a", "client")
        for at, failed in zip(whole.at, whole.failed, strict=True)
        if not 640 <= at / SECOND < 700
    ]
    assert found(of_rows(rows)) == seconds(610, 720)


def test_what_failed_before_is_usual() -> None:
    """Every fifth second failed already; a share that is no higher is no fault."""
    assert found(requests(lambda second: second % 5 == 0)) is None


def slow(ms: float) -> Requests:
    """Requests of 50 ms, and of ``ms`` between 610 and 640."""
    times = ((second, ms if 610 <= second < 640 else 50.0) for second in range(1200))
    rows = [(second * SECOND + number, took, False, "/a", "client") for second, took in times for number in range(2)]
    return of_rows(rows)


@pytest.mark.parametrize(("ms", "wanted"), [(149.0, None), (151.0, seconds(610, 640))])
def test_a_request_is_slow_above_three_times_what_its_route_took(ms: float, wanted: Suffering | None) -> None:
    """The 95th percentile before was 50 ms."""
    assert found(slow(ms)) == wanted


def test_no_request_is_slow_below_100_ms() -> None:
    """Three times one millisecond hurts nobody."""
    rows = [(second * SECOND, 90.0 if second >= 60 else 1.0, False, "/a", "client") for second in range(120)]
    assert not unsatisfied(of_rows(rows), 60 * SECOND).any()


def test_a_route_that_nobody_asked_before_is_slow_never() -> None:
    """There is nothing to measure it by; a failure is one."""
    rows = [(second * SECOND, 5_000.0, second == 70, "/new", "client") for second in range(60, 120)]
    assert unsatisfied(of_rows(rows), 60 * SECOND).sum() == 1


def test_nothing_after_the_onset_decides_what_is_usual() -> None:
    """A release that makes a route slow for ever stays slow."""
    rows = [(second * SECOND, 400.0 if second >= 600 else 50.0, False, "/a", "c") for second in range(1200)]
    assert unsatisfied(of_rows(rows), 600 * SECOND)[600:].all()
