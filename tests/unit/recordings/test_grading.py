"""Replays are judged by when incidents opened and what they blame."""

from __future__ import annotations

from pathlib import Path

import pytest

from aiops.apps.replay import InProcessReplay
from aiops.recordings.recording import Recording
from aiops.settings import Settings
from tests.benchmarks.replay_grades import (
    HOUR,
    SECOND,
    Fault,
    Found,
    Truth,
    counts,
    found_by_runtime,
    grade,
    rank,
    truth_of,
)
from tests.benchmarks.replay_naive import chance, three_sigma
from tests.unit.recordings.small import write

MINUTE = 60 * SECOND


def truth(*, appearance: bool = True) -> Truth:
    """One fault on a pod of cart in minute 100 to 103 of two hours; minutes 30 to 40 are left out."""
    return Truth(
        faults=(Fault("cart-1", "cpu", 100 * MINUTE, 103 * MINUTE),),
        left_out=((30 * MINUTE, 40 * MINUTE),),
        begin=0,
        end=120 * MINUTE,
        step=MINUTE,
        appearance=appearance,
        service={"cart-1": "cart"},
        entities=("cart", "web"),
    )


def opened(minute: float, *ranked: tuple[str, float], closed: float | None = None, seen: float | None = None) -> Found:
    """An incident with one signal, at its opening or at ``seen``."""
    at = round(minute * MINUTE)
    since = at if seen is None else round(seen * MINUTE)
    return Found(at, None if closed is None else round(closed * MINUTE), ranked, (since,))


@pytest.mark.parametrize(
    ("minute", "how"), [(99.9, "missed"), (100, "opened"), (102, "opened"), (104, "opened"), (104.1, "missed")]
)
def test_an_incident_is_of_a_fault_that_it_opens_in(minute: float, how: str) -> None:
    """Up to one step after its end; one that opened before and shows nothing of it is not."""
    (verdict,) = grade(truth(), [opened(minute, ("cart", 0.9), closed=minute + 0.05)]).verdicts
    assert verdict.how == how
    assert verdict.delay == (round((minute - 100) * MINUTE) if how == "opened" else None)


def test_an_open_incident_that_takes_the_fault_in_has_joined_it() -> None:
    """It is no opening, and its delay is not known."""
    (verdict,) = grade(truth(), [opened(90, ("cart", 0.9), closed=110, seen=101)]).verdicts
    assert (verdict.how, verdict.delay, verdict.rank) == ("joined", None, 1)


def test_the_first_incident_gives_the_rank_and_all_of_them_the_best() -> None:
    """A person is woken by the first."""
    (verdict,) = grade(truth(), [opened(102, ("cart", 0.9)), opened(101, ("web", 0.8), ("cart", 0.2))]).verdicts
    assert (verdict.delay, verdict.rank, verdict.best, verdict.incidents) == (MINUTE, 2, 1, 2)


@pytest.mark.parametrize(
    ("ranked", "expected"),
    [
        ([("cart-1", 0.9), ("web", 0.1)], 1),
        ([("web", 0.5), ("cart", 0.3), ("cart-1", 0.2)], 2),
        ([("web", 0.5), ("cart", 0.5)], 1.5),
        ([("web", 1.0)], None),
        ([], None),
    ],
)
def test_instances_count_for_their_service_and_ties_share_a_place(
    ranked: list[tuple[str, float]], expected: float | None
) -> None:
    """Each service by its best candidate."""
    assert rank(ranked, "cart-1", truth()) == expected


def test_false_incidents_are_counted_over_the_hours_that_count() -> None:
    """Neither faults nor left-out intervals; what opens in the latter is not counted at all."""
    graded = grade(truth(), [opened(10), opened(35), opened(102), opened(110)])
    assert graded.false == (10 * MINUTE, 110 * MINUTE)
    assert graded.hours == pytest.approx((120 - 10 - 4) * MINUTE / HOUR)
    assert graded.uncounted == 1


@pytest.mark.parametrize(
    ("source", "direction", "series", "expected"),
    [
        ("log", "new", "log.new{template=x}", False),
        ("log", "up", "log.count{template=x}", False),
        ("span", "down", "span.rate", False),
        ("span", "silent", "span.p50", False),
        ("span", "up", "span.p99", True),
        ("span", "up", "span.errors", True),
        ("metric", "new", "cpu", True),
        ("metric", "silent", "cpu", True),
    ],
)
def test_appearance_is_no_evidence_where_the_recording_says_so(
    source: str, direction: str, series: str, *, expected: bool
) -> None:
    """Latency and errors of spans are; elsewhere everything is."""
    signal = {"source": source, "direction": direction, "series": series}
    assert counts(signal, truth(appearance=False)) is expected
    assert counts(signal, truth())


def test_an_incident_of_appearance_alone_is_neither_found_nor_false() -> None:
    """It is listed as uncounted."""
    silent = Found(102 * MINUTE, None, (("cart", 1.0),), ())
    graded = grade(truth(), [silent])
    assert (graded.verdicts[0].how, graded.false, graded.uncounted) == ("missed", (), 1)


def test_a_replay_is_judged_from_its_folders(tmp_path: Path) -> None:
    """The small recording's trouble is opened, with the right root first; the naive rule finds it too."""
    recording = write(tmp_path / "small")
    InProcessReplay(Recording(recording), Settings(), tmp_path / "out").run()
    told = truth_of(recording)
    graded = grade(told, found_by_runtime(tmp_path / "out", told))
    assert [(one.how, one.rank) for one in graded.verdicts] == [("opened", 1)]
    naive = grade(told, three_sigma(recording, told))
    assert naive.verdicts[0].how in {"opened", "joined"}
    lucky = chance(told, graded, 2)
    assert 0 < lucky["top1"] < lucky["opened"] < 1
