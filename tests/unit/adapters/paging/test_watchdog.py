from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from aiops.adapters.outage import Beat, Climbing, Now, OutageWatch
from aiops.adapters.paging.pager import SpoolingPager
from aiops.adapters.paging.spool import Spool
from aiops.adapters.watchdog import beat, rest
from aiops.model.errors import TemporaryError
from aiops.model.pages import Page
from aiops.settings import Paging
from tests.unit.adapters.paging.fakes import AtOnce, FakeChannel, FakeLater, FixedClock, page

BEGAN = 1_700_000_000
WATCH_SECONDS = 30.0


def now(seconds: float, jumped: float = 0.0) -> Now:
    return Now(1000.0 + seconds, round((BEGAN + seconds + jumped) * 1e9))


def beaten(seconds: float, *, resting: bool = False) -> Beat:
    return Beat(at=round((BEGAN + seconds) * 1e9), resting=resting)


def looked(watch: OutageWatch, beats: dict[float, Beat | None], until: float) -> list[tuple[float, Page]]:
    """Look every second while the heartbeat file changes as told; the pages with their times."""
    found: list[tuple[float, Page]] = []
    current: Beat | None = None
    for second in range(int(until) + 1):
        current = beats.get(second, current)
        told = watch.check(current, now(second))
        if told is not None:
            found.append((second, told))
    return found


def test_a_beating_heart_is_no_outage() -> None:
    """A beat every second for two minutes: nobody is paged."""
    assert looked(OutageWatch(now(0)), {second: beaten(second) for second in range(120)}, 120) == []


def test_an_outage_is_paged_once_and_ends_with_an_all_clear() -> None:
    """Silence after 10 s: one page after 30 s more, one all-clear at the next beat, each with a key of its own."""
    beats: dict[float, Beat | None] = {second: beaten(second) for second in (*range(11), *range(200, 210))}
    found = looked(OutageWatch(now(0)), beats, 209)
    assert [second for second, _ in found] == [41, 200]
    outage, clear = (told for _, told in found)
    assert outage.priority == "P1"
    assert "silent" in outage.title
    assert "back" in clear.title
    assert outage.key != clear.key


def test_the_same_outage_has_the_same_key_for_a_new_watchdog() -> None:
    """A watchdog that was restarted in mid-outage pages with the key that was used before."""
    beats: dict[float, Beat | None] = {0: beaten(0)}
    first = looked(OutageWatch(now(0)), beats, 60)[0][1]
    watch = OutageWatch(now(100))
    assert watch.check(beaten(0), now(100)) is None
    again = watch.check(beaten(0), now(131))
    assert again is not None
    assert again.key == first.key


def test_each_outage_is_paged() -> None:
    """Two outages are four pages with four keys."""
    beats: dict[float, Beat | None] = {0: beaten(0), 50: beaten(50), 120: beaten(120)}
    found = looked(OutageWatch(now(0)), beats, 121)
    assert len({told.key for _, told in found}) == len(found) == 4


def test_a_runtime_that_never_came_up_is_an_outage() -> None:
    """No heartbeat at all since the watchdog began."""
    assert [second for second, _ in looked(OutageWatch(now(0)), {}, 100)] == [31]


def test_a_runtime_that_was_stopped_on_purpose_is_none() -> None:
    """After ``rest`` silence is right; after the next beat it counts again."""
    beats: dict[float, Beat | None] = {0: beaten(0), 5: beaten(5, resting=True), 300: beaten(300)}
    assert [second for second, _ in looked(OutageWatch(now(0)), beats, 340)] == [331]


def test_a_wall_clock_that_jumps_is_no_outage() -> None:
    """The wall clock goes an hour forward and back while the heart beats: nobody is paged."""
    watch = OutageWatch(now(0))
    pages = [watch.check(beaten(second), now(second, jumped=3600 if second % 2 else -3600)) for second in range(1, 99)]
    assert pages == [None] * 98


def test_beats_are_whole_files(tmp_path: Path) -> None:
    """The file is replaced at once and says when, and whether it was on purpose."""
    beat(tmp_path, 5)
    assert Beat.model_validate_json((tmp_path / "heartbeat.json").read_bytes()) == Beat(at=5)
    rest(tmp_path, 6)
    assert Beat.model_validate_json((tmp_path / "heartbeat.json").read_bytes()) == Beat(at=6, resting=True)
    assert [file.name for file in tmp_path.iterdir()] == ["heartbeat.json"]


def climb(tmp_path: Path, *levels: FakeChannel) -> Climbing:
    later = FakeLater()
    pager = SpoolingPager(
        Paging(attempts=1),
        tuple((c,) for c in levels),
        Spool(tmp_path),
        clock=FixedClock(),
        senders=AtOnce(),
        later=later,
    )
    return Climbing(pager, len(levels), again_seconds=60)


def test_a_level_that_gives_up_is_followed_by_the_next(tmp_path: Path) -> None:
    """The first level's webhook is down: the second level gets the page, and nobody gets it twice."""
    first, second = FakeChannel(errors=[TemporaryError("down")]), FakeChannel()
    climbing = climb(tmp_path, first, second)
    climbing.send(page("k"), 0.0)
    climbing.send(page("k"), 1.0)
    climbing.send(page("k"), 100.0)
    assert (first.sent, second.sent) == ([], ["k"])


def test_after_the_last_level_it_begins_again_later(tmp_path: Path) -> None:
    """Everything is down: it is tried again from the first level after a minute, until somebody has it."""
    first = FakeChannel(errors=[TemporaryError("down")])
    second = FakeChannel(errors=[TemporaryError("down")])
    climbing = climb(tmp_path, first, second)
    climbing.send(page("k"), 0.0)
    climbing.send(replace(page("k"), level=1), 30.0)
    assert (first.sent, second.sent) == ([], [])
    climbing.send(replace(page("k"), level=1), 61.0)
    assert (first.sent, second.sent) == (["k"], [])
