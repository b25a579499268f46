"""Rules for every converter of recordings. The subject is a converter with a small data set and an empty folder."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from aiops.contracts.rule import BrokenContractError, require
from aiops.recordings.recording import Recording

Convert = Callable[[Path, Path], None]


@dataclass(frozen=True, slots=True)
class ConverterSubject:
    """A converter, a data set for it, and a folder for the rules' output."""

    convert: Convert
    source: Path
    work: Path


def a_recording_comes_out(subject: ConverterSubject) -> None:
    """The recording opens, is not empty, is in time order, and lies within its own period."""
    target = subject.work / "first"
    subject.convert(subject.source, target)
    opened = Recording(target)
    times = [record.at for record in opened.records()]
    require(times, "the recording is empty")
    require(times == sorted(times), "records are not in the order of their times")
    inside = opened.begin <= times[0] and times[-1] <= opened.end
    require(inside, f"records from {times[0]} to {times[-1]} lie outside {opened.begin} to {opened.end}")


def twice_gives_the_same(subject: ConverterSubject) -> None:
    """The same data set gives the same records: a converter uses no clock and no randomness."""
    targets = subject.work / "second", subject.work / "third"
    for target in targets:
        subject.convert(subject.source, target)
    one, two = ([(r.at, r.stream, r.value) for r in Recording(target).records()] for target in targets)
    require(one == two, "converting twice gives two different recordings")


def a_missing_data_set_is_an_error(subject: ConverterSubject) -> None:
    """A missing source folder raises an error, and no recording that opens is left behind."""
    target = subject.work / "none"
    try:
        subject.convert(subject.work / "is-not-there", target)
    except Exception:  # noqa: BLE001 (any exception is correct: the caller adds the package)
        opened = True
        try:
            Recording(target)
        except Exception:  # noqa: BLE001 (no recording, or one that does not open: both are correct)
            opened = False
        require(not opened, "a recording that opens is left behind after a failed conversion")
        return
    raise BrokenContractError("a missing data set is converted without an error")


RULES: Final = (a_recording_comes_out, twice_gives_the_same, a_missing_data_set_is_an_error)
