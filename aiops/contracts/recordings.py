"""What every converter of recordings must do. The subject is a converter with a small data set and an empty folder."""

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
    """A converter, a data set that it reads, and a folder that the rules may write into."""

    convert: Convert
    source: Path
    work: Path


def a_recording_comes_out(subject: ConverterSubject) -> None:
    """It opens, is in order of time, lies within its own period, and holds something."""
    target = subject.work / "first"
    subject.convert(subject.source, target)
    opened = Recording(target)
    times = [record.at for record in opened.records()]
    require(times, "the recording is empty")
    require(times == sorted(times), "records are not in the order of their times")
    inside = opened.begin <= times[0] and times[-1] <= opened.end
    require(inside, f"records from {times[0]} to {times[-1]} lie outside of {opened.begin} to {opened.end}")


def twice_gives_the_same(subject: ConverterSubject) -> None:
    """The same data set gives the same records: no clock, no chance."""
    targets = subject.work / "second", subject.work / "third"
    for target in targets:
        subject.convert(subject.source, target)
    one, two = ([(r.at, r.stream, r.value) for r in Recording(target).records()] for target in targets)
    require(one == two, "converting twice gives two recordings that differ")


def a_missing_data_set_is_an_error(subject: ConverterSubject) -> None:
    """Nothing is written for a folder that is not there, and no empty recording is left."""
    target = subject.work / "none"
    try:
        subject.convert(subject.work / "is-not-there", target)
    except Exception:  # noqa: BLE001 (any exception is right: the caller names package and text)
        opened = True
        try:
            Recording(target)
        except Exception:  # noqa: BLE001 (no recording, or none that opens: both are right)
            opened = False
        require(not opened, "a recording that opens is left behind although converting failed")
        return
    raise BrokenContractError("a data set that is not there is converted without an error")


RULES: Final = (a_recording_comes_out, twice_gives_the_same, a_missing_data_set_is_an_error)
