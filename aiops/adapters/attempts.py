"""Notes on disk which records a shard is processing, so that its next process knows what it died of.

One small file a slot is overwritten before and after every batch, without a flush to disk: the page cache of the kernel
survives a killed process. The cost is about 5 µs a batch. The suspects of past deaths are in a second file, which is
replaced when they change. A file that cannot be read or written costs the notes, and never the data::

    deaths/main/slot-0003.now        checksum, begin, end, topic: what is in progress
    deaths/main/slot-0003.suspects   lines of JSON: topic, begin, end, number of deaths
"""

from __future__ import annotations

import json
import os
import struct
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Protocol
from zlib import crc32

import structlog

from aiops.adapters.atomic_files import replace_file
from aiops.adapters.suspects import Span, Suspects, Treatment
from aiops.model.entities import MAIN_DOMAIN
from aiops.model.errors import AiopsError
from aiops.model.records import FetchedRecords, TopicPartition

_LOG = structlog.get_logger(__name__)
_HEAD = struct.Struct("<IHqq")
"""Checksum of all that follows, bytes of the topic's name, begin and end offset."""
_NOTHING = bytes(_HEAD.size)
_MOST_FILES = 256
"""Files of slots that are kept open."""


class Attempts(Protocol):
    """What a shard notes of its attempts. One thread uses it."""

    def adopt(self, slot: int) -> None:
        """Learn what the slot's last process died of."""
        ...

    def parts(self, records: FetchedRecords) -> Iterator[tuple[FetchedRecords, Treatment]]:
        """The records in runs of one treatment."""
        ...

    def processing(self, records: FetchedRecords) -> AbstractContextManager[None]:
        """While it is open, the records are in progress."""
        ...

    def passed(self, slot: int, positions: Mapping[TopicPartition, int]) -> None:
        """A durable snapshot has these positions."""
        ...


class NoAttempts:
    """Notes nothing: for a shard whose process nobody replaces."""

    def adopt(self, slot: int) -> None:
        """Nothing is known."""

    def parts(self, records: FetchedRecords) -> Iterator[tuple[FetchedRecords, Treatment]]:
        """All records together."""
        yield records, Treatment.TOGETHER

    def processing(self, records: FetchedRecords) -> AbstractContextManager[None]:  # noqa: ARG002 - of the protocol
        """Nothing is noted."""
        return nullcontext()

    def passed(self, slot: int, positions: Mapping[TopicPartition, int]) -> None:
        """Nothing is kept."""


class FileAttempts:
    """``Attempts`` in a folder; the state folder survives the process.

    Args:
        folder: of the notes of all domains.
        domain: the shard's.
    """

    def __init__(self, folder: Path, domain: str = MAIN_DOMAIN) -> None:
        self._folder = folder / domain
        self._suspects: dict[int, Suspects] = {}
        self._files: dict[int, int] = {}
        self._unwritable = False
        """Whether a note could not be written; it is logged once."""

    def adopt(self, slot: int) -> None:
        """Learn what the slot's last process died of, and note it durably."""
        known = _suspects(self._path(slot, "suspects"))
        died = _in_progress(self._path(slot, "now"))
        self._suspects[slot] = known
        if died is not None:
            self._suspects[slot] = known.after_death(died)
            self._keep(slot)
            self._write(slot, _NOTHING)
            _LOG.warning("shard_died", slot=slot, topic=died.topic, begin=died.begin, end=died.end)

    def parts(self, records: FetchedRecords) -> Iterator[tuple[FetchedRecords, Treatment]]:
        """The records in runs of one treatment, by what the slot's processes died of."""
        return self._suspects.get(records.source.partition, Suspects()).parts(records)

    @contextmanager
    def processing(self, records: FetchedRecords) -> Iterator[None]:
        """Note the records as in progress. After an unexpected error the note stays: the process is about to end."""
        slot = records.source.partition
        self._write(slot, _noted(Span(records.source.topic, records.offsets[0], records.offsets[-1] + 1)))
        try:
            yield
        except AiopsError:
            self._write(slot, _NOTHING)
            raise
        self._write(slot, _NOTHING)

    def passed(self, slot: int, positions: Mapping[TopicPartition, int]) -> None:
        """Forget the suspects that no process will read again."""
        known = self._suspects.get(slot, Suspects())
        left = known.passed(positions)
        if left is not known:
            self._suspects[slot] = left
            self._keep(slot)

    def _path(self, slot: int, kind: str) -> Path:
        return self._folder / f"slot-{slot:04d}.{kind}"

    def _write(self, slot: int, note: bytes) -> None:
        try:
            os.pwrite(self._file(slot), note, 0)
        except OSError as error:
            if not self._unwritable:
                _LOG.warning("attempts_not_noted", slot=slot, reason=str(error))
            self._unwritable = True

    def _file(self, slot: int) -> int:
        if slot not in self._files:
            if len(self._files) >= _MOST_FILES:
                os.close(self._files.pop(next(iter(self._files))))
            self._folder.mkdir(parents=True, exist_ok=True)
            self._files[slot] = os.open(self._path(slot, "now"), os.O_RDWR | os.O_CREAT, 0o600)
        return self._files[slot]

    def _keep(self, slot: int) -> None:
        path = self._path(slot, "suspects")
        lines = [json.dumps([span.topic, span.begin, span.end, deaths]) for span, deaths in self._suspects[slot].spans]
        try:
            replace_file(path, ["".join(f"{line}\n" for line in lines).encode()])
        except OSError as error:
            _LOG.warning("suspects_not_noted", slot=slot, reason=str(error))


def _noted(span: Span) -> bytes:
    topic = span.topic.encode()
    head = _HEAD.pack(0, len(topic), span.begin, span.end)[4:]
    return crc32(head + topic).to_bytes(4, "little") + head + topic


def _in_progress(file: Path) -> Span | None:
    """What a file says is in progress; None: nothing, or the file is missing or damaged."""
    try:
        note = file.read_bytes()
        checksum, size, begin, end = _HEAD.unpack_from(note)
        topic = note[_HEAD.size : _HEAD.size + size]
        if len(topic) != size or crc32(note[4 : _HEAD.size] + topic) != checksum or not 0 <= begin < end:
            return None
        return Span(topic.decode(), begin, end)
    except (OSError, struct.error, UnicodeDecodeError):
        return None


def _suspects(file: Path) -> Suspects:
    try:
        rows = [json.loads(line) for line in file.read_text().splitlines()]
        return Suspects(
            tuple((Span(str(topic), int(begin), int(end)), int(deaths)) for topic, begin, end, deaths in rows)
        )
    except (OSError, ValueError, TypeError, OverflowError, RecursionError):
        return Suspects()
