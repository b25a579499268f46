from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from aiops.adapters.paging.pager import SpoolingPager
from aiops.adapters.paging.spool import Spool
from aiops.model.errors import PermanentError, TemporaryError
from aiops.model.pages import Delivery
from aiops.settings import Paging
from tests.unit.adapters.paging.fakes import AtOnce, FakeChannel, FakeLater, FixedClock, page

SETTINGS = Paging(retry_seconds=10, attempts=3)


def pager(spool: Spool, *levels: tuple[FakeChannel, ...], later: FakeLater | None = None) -> SpoolingPager:
    return SpoolingPager(SETTINGS, levels, spool, clock=FixedClock(), senders=AtOnce(), later=later or FakeLater())


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    return Spool(tmp_path)


def down(times: int) -> list[Exception]:
    return [TemporaryError("connection refused") for _ in range(times)]


def test_a_page_is_delivered_and_reported_once(spool: Spool) -> None:
    """The channel takes it: one report, delivered, and nothing is left in the spool."""
    channel, reports = FakeChannel(), list[Delivery]()
    pager(spool, (channel,)).page(page(), reports.append)
    assert channel.sent == [page().key]
    assert reports == [Delivery(page().key, "fake", delivered=True, at=7)]
    assert spool.undelivered() == []


def test_a_page_is_in_the_spool_before_it_is_sent(tmp_path: Path) -> None:
    """Whoever is killed while sending leaves the page behind for the next one."""
    seen: list[list[str]] = []

    class Looking(FakeChannel):
        def send(self, page: object) -> Delivery:
            seen.append([p.key for p in Spool(tmp_path).pending()])
            raise TemporaryError("killed")

    pager(Spool(tmp_path), (Looking(),)).page(page(), lambda _: None)
    assert seen == [[page().key]]


def test_a_channel_that_comes_back_is_retried(spool: Spool) -> None:
    """Two failures and a success: delivered at the third attempt, after the time between attempts."""
    channel, reports, later = FakeChannel(errors=down(2)), list[Delivery](), FakeLater()
    pager(spool, (channel,), later=later).page(page(), reports.append)
    assert reports == []
    later.go_on()
    assert later.waited == [10, 10]
    assert [(r.delivered, r.channel) for r in reports] == [(True, "fake")]


def test_a_level_that_gives_up_says_so(spool: Spool) -> None:
    """Every attempt fails: one report, not delivered, with the reason; the orchestrator pages the next level."""
    channel, reports, later = FakeChannel(errors=down(9)), list[Delivery](), FakeLater()
    pager(spool, (channel,), later=later).page(page(), reports.append)
    later.go_on()
    assert [(r.delivered, r.channel) for r in reports] == [(False, "level 1")]
    assert "connection refused" in reports[0].error
    assert len(channel.errors) == 6
    assert spool.pending() == []
    assert [p.key for p in spool.undelivered()] == [page().key]


def test_a_page_that_was_given_up_can_be_sent_again(spool: Spool) -> None:
    """The same key after a failure is a new try, and it may succeed."""
    channel, reports, later = FakeChannel(errors=down(3)), list[Delivery](), FakeLater()
    sender = pager(spool, (channel,), later=later)
    sender.page(page(), reports.append)
    later.go_on()
    sender.page(page(), reports.append)
    assert [r.delivered for r in reports] == [False, True]


def test_a_delivered_page_is_not_sent_again(spool: Spool) -> None:
    """After a restart the same page comes again: it is reported as delivered without waking anybody."""
    channel, reports = FakeChannel(), list[Delivery]()
    pager(spool, (channel,)).page(page(), reports.append)
    pager(spool, (channel,)).page(page(), reports.append)
    assert channel.sent == [page().key]
    assert [r.delivered for r in reports] == [True, True]


def test_any_channel_of_the_level_is_enough(spool: Spool) -> None:
    """One channel is down and one works: delivered, every channel was tried, no other level was."""
    broken, first, second, next_ = (
        FakeChannel("a", errors=down(1)),
        FakeChannel("b"),
        FakeChannel("c"),
        FakeChannel("d"),
    )
    reports: list[Delivery] = []
    pager(spool, (broken, first, second), (next_,)).page(page(), reports.append)
    assert [r.channel for r in reports] == ["b"]
    assert (first.sent, second.sent, next_.sent) == ([page().key], [page().key], [])


def test_each_level_has_its_channels(spool: Spool) -> None:
    """A page of the second level goes there; one past the last level goes to the last."""
    first, second = FakeChannel(), FakeChannel()
    sender = pager(spool, (first,), (second,))
    sender.page(page("k/1", level=1), lambda _: None)
    sender.page(page("k/7", level=7), lambda _: None)
    assert (first.sent, second.sent) == ([], ["k/1", "k/7"])


def test_a_channel_that_can_never_work_is_not_retried(spool: Spool) -> None:
    """A permanent error of the only channel ends the level at once, so that the next one is paged in time."""
    channel, reports, later = FakeChannel(errors=[PermanentError("bad token")]), list[Delivery](), FakeLater()
    pager(spool, (channel,), later=later).page(page(), reports.append)
    assert later.waiting == []
    assert [(r.delivered, r.error) for r in reports] == [(False, "fake: bad token")]


def test_a_channel_that_raises_anything_is_a_failure(spool: Spool) -> None:
    """A plug-in's unexpected error is retried like any other."""
    channel, reports, later = FakeChannel(errors=[ZeroDivisionError("oops")]), list[Delivery](), FakeLater()
    pager(spool, (channel,), later=later).page(page(), reports.append)
    later.go_on()
    assert [r.delivered for r in reports] == [True]


def test_no_channel_at_all_is_reported(spool: Spool) -> None:
    """Nobody can be reached by these settings: the report says where to look."""
    reports: list[Delivery] = []
    pager(spool, ()).page(page(), reports.append)
    pager(spool).page(page("other"), reports.append)
    assert [(r.delivered, "paging.levels" in r.error) for r in reports] == [(False, True), (False, True)]


def test_a_page_on_its_way_is_not_doubled(spool: Spool) -> None:
    """The same key while it is being retried joins the flight; both askers get the report."""
    channel, reports, later = FakeChannel(errors=down(1)), list[Delivery](), FakeLater()
    sender = pager(spool, (channel,), later=later)
    sender.page(page(), reports.append)
    sender.page(page(), reports.append)
    later.go_on()
    assert channel.sent == [page().key]
    assert [r.delivered for r in reports] == [True, True]


def test_resume_sends_what_a_killed_process_left(spool: Spool) -> None:
    """Spooled and never reported: sent at the next start, each once."""
    spool.add(page("a"))
    spool.add(page("b"))
    spool.add(page("c"))
    spool.end(Delivery("b", "fake", delivered=False, at=1))
    channel, reports = FakeChannel(), list[Delivery]()
    pager(spool, (channel,)).resume(reports.append)
    assert channel.sent == ["a", "c"]
    assert [r.key for r in reports] == ["a", "c"]


def test_a_failing_disk_keeps_no_page_back(tmp_path: Path) -> None:
    """The spool cannot be written: the page is sent all the same, and reported."""
    spool = Spool(tmp_path / "spool")
    (tmp_path / "spool" / "pages.lock").mkdir()
    channel, reports = FakeChannel(), list[Delivery]()
    pager(spool, (channel,)).page(replace(page(), key="k"), reports.append)
    assert channel.sent == ["k"]
    assert [r.delivered for r in reports] == [True]
