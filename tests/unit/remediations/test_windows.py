from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from aiops.adapters.bundle.loading import load_windows
from remediations.windows import Windows

NANOSECONDS = 1_000_000_000


def at(text: str) -> int:
    return round(dt.datetime.fromisoformat(text).timestamp()) * NANOSECONDS


def calendar(*events: str) -> str:
    body = "".join(
        f"BEGIN:VEVENT\nUID:{n}\nDTSTAMP:20240101T000000Z\n{event}\nEND:VEVENT\n" for n, event in enumerate(events)
    )
    return f"BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//t//t//EN\n{body}END:VCALENDAR\n"


NIGHTLY = "DTSTART:20240101T010000Z\nDTEND:20240101T030000Z\nRRULE:FREQ=DAILY\nSUMMARY:nightly\nCATEGORIES:window"
FREEZE = "DTSTART:20240510T000000Z\nDTEND:20240512T000000Z\nSUMMARY:release"


def load(folder: Path, *events: str) -> Windows:
    (folder / "a.ics").write_text(calendar(*events))
    return load_windows(folder)


def test_no_calendar_holds_nothing(tmp_path: Path) -> None:
    """Without calendars changes are always allowed."""
    assert load_windows(tmp_path).hold(at("2024-05-01T00:00:00Z")) is None


def test_freeze_holds_until_its_end(tmp_path: Path) -> None:
    """A freeze names itself and its end; its end is not in it."""
    windows = load(tmp_path, FREEZE)
    held = windows.hold(at("2024-05-11T12:00:00Z"))
    assert held is not None
    assert (held.reason, held.until) == ("freeze: release", at("2024-05-12T00:00:00Z"))
    assert windows.hold(at("2024-05-12T00:00:00Z")) is None


def test_windows_allow_only_inside(tmp_path: Path) -> None:
    """With windows, changes wait for the next one; a freeze over it makes them wait for the one after."""
    windows = load(tmp_path, NIGHTLY, FREEZE)
    assert windows.hold(at("2024-05-01T02:00:00Z")) is None
    outside = windows.hold(at("2024-05-01T12:00:00Z"))
    assert outside is not None
    assert outside.until == at("2024-05-02T01:00:00Z")
    frozen = windows.hold(at("2024-05-10T12:00:00Z"))
    assert frozen is not None
    assert frozen.until == at("2024-05-12T01:00:00Z")


@pytest.mark.parametrize("text", ["rubbish", "", "BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART:x\nEND:VEVENT\nEND:VCALENDAR"])
def test_broken_calendar_freezes_everything(tmp_path: Path, text: str) -> None:
    """A calendar that cannot be read fails closed and names its file."""
    (tmp_path / "bad.ics").write_text(text)
    windows = load_windows(tmp_path)
    assert "bad.ics" in str(windows.problems[0])
    held = windows.hold(at("2024-05-01T00:00:00Z"))
    assert held is not None
    assert held.until is None


def test_whole_days_are_utc(tmp_path: Path) -> None:
    """A freeze of whole days runs from midnight to midnight UTC."""
    windows = load(tmp_path, "DTSTART;VALUE=DATE:20240510\nDTEND;VALUE=DATE:20240511\nSUMMARY:day")
    assert windows.hold(at("2024-05-10T23:59:00Z")) is not None
    assert windows.hold(at("2024-05-11T00:00:00Z")) is None


def test_shipped_calendar_is_sound() -> None:
    """The example bundle's freeze holds at the turn of every year and at no other time."""
    windows = load_windows(Path(__file__).parents[3] / "remediations" / "default_bundle" / "windows")
    assert not windows.problems
    assert windows.hold(at("2031-12-31T23:00:00Z")) is not None
    assert windows.hold(at("2031-06-01T12:00:00Z")) is None
