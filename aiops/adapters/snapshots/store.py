"""``SnapshotStore`` over any store of named files: the order of snapshots, fencing, and what is deleted.

One file per snapshot. Names sort by age::

    main/slot-0003/00000002-00000000000017.full                     generation 2, sequence 17
    main/slot-0003/00000002-00000000000018-00000000000017.part      adds to 17
    main/slot-0003/00000002-00000000000077-00000000000018.part      18 to 77 hold everything

A chain begins with a full snapshot or with a part that a later one names, and goes on without a gap. What a slot no
longer needs is deleted when a chain begins, so the log of parts is compacted without reading it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import PurePosixPath
from typing import Final, NamedTuple, Protocol

from aiops.adapters.snapshots.encoding import DamagedSnapshotError, decode, encode
from aiops.model.entities import MAIN_DOMAIN
from aiops.model.errors import FencedOutError
from aiops.model.records import SlotSnapshot

_FORM: Final = re.compile(r"(\d+)-(\d+)(?:\.full|-(\d+)\.part)")
_KEPT_CHAINS: Final = 2
"""Number of kept chains: the newest, and one in case it is damaged."""


class SnapshotFiles(Protocol):
    """Named files; a name has the form ``domain/slot/file``. Any method may raise ``TemporaryError``."""

    def write(self, name: str, pieces: Iterable[bytes | memoryview]) -> None:
        """Make the file durable, then visible whole; an existing file of the name is replaced."""
        ...

    def read(self, name: str) -> bytes | None:
        """Its bytes; None: it does not exist or its medium is damaged."""
        ...

    def names(self, folder: str) -> list[str]:
        """Names of all whole files in ``domain/slot``, in any order; a folder that does not exist has none."""
        ...

    def delete(self, names: list[str]) -> None:
        """Delete files; names that do not exist are passed over."""
        ...


class _File(NamedTuple):
    generation: int
    sequence: int
    name: str

    begin: int
    """Sequence at which its chain begins."""

    @property
    def full(self) -> bool:
        return self.name.endswith(".full")


class ChainedSnapshotStore:
    """``SnapshotStore`` over files. Safe for one writer per slot; a writer of an older generation is refused."""

    def __init__(self, files: SnapshotFiles) -> None:
        self._files = files

    def write(self, snapshot: SlotSnapshot) -> None:
        """Write a snapshot durably, then make it visible.

        Raises:
            FencedOutError: the slot has a snapshot of a newer generation.
            TemporaryError: the disk refuses the write, or the object store does not answer.
        """
        folder = _folder(snapshot.slot, snapshot.domain)
        before = self._listed(folder)
        newest = max((file.generation for file in before), default=0)
        if snapshot.generation < newest:
            raise FencedOutError(
                f"slot {snapshot.slot}: generation {snapshot.generation} is over, the newest is {newest}"
            )
        name = _name(snapshot)
        self._files.write(name, encode(snapshot))
        begin = snapshot.sequence if snapshot.base is None else snapshot.base
        self._delete_old(sorted({*before, _File(snapshot.generation, snapshot.sequence, name, begin)}))

    def newest(self, slot: int, domain: str = MAIN_DOMAIN) -> list[SlotSnapshot]:
        """The newest snapshots that hold everything together, in order. The chain ends before a damaged file.

        Raises:
            TemporaryError: the object store does not answer.
        """
        files = self._listed(_folder(slot, domain))
        for start in reversed(_starts(files)):
            chain = self._chain(files[start:])
            if any(found.base in {None, chain[0].sequence} for found in chain):
                return chain
        return []

    def count(self, slot: int, domain: str = MAIN_DOMAIN) -> int:
        """Number of kept snapshots of a slot, damaged ones included.

        Raises:
            TemporaryError: the object store does not answer.
            PermanentError: it refuses, or the bucket does not exist.
        """
        return len(self._listed(_folder(slot, domain)))

    def _chain(self, files: list[_File]) -> list[SlotSnapshot]:
        chain: list[SlotSnapshot] = []
        for file in files:
            if file.full and chain:
                break
            if chain and file[:2] == (chain[-1].generation, chain[-1].sequence):
                continue  # a damaged part, which a restart replaced by this full snapshot
            data = self._files.read(file.name)
            try:
                snapshot = decode(data or b"")
            except DamagedSnapshotError:
                break
            if _name(snapshot) != file.name:  # a copy from another slot would mix up the state of both
                break
            if chain and snapshot.sequence != chain[-1].sequence + 1:
                break
            chain.append(snapshot)
        return chain

    def _listed(self, folder: str) -> list[_File]:
        """Oldest first; foreign files are ignored."""
        found = []
        for name in self._files.names(folder):
            if match := _FORM.fullmatch(PurePosixPath(name).name):
                generation, sequence, begin = match.groups()
                found.append(_File(int(generation), int(sequence), name, int(begin or sequence)))
        return sorted(found)

    def _delete_old(self, files: list[_File]) -> None:
        starts = _starts(files)
        if len(starts) > _KEPT_CHAINS and starts[-_KEPT_CHAINS]:
            self._files.delete([file.name for file in files[: starts[-_KEPT_CHAINS]]])


def _starts(files: list[_File]) -> list[int]:
    """Places of the files at which a chain begins, in order."""
    places = {file[:2]: place for place, file in enumerate(files)}
    begins = {(file.generation, file.begin) for file in files}
    return sorted(places[begin] for begin in begins if begin in places)


def _name(snapshot: SlotSnapshot) -> str:
    kind = ".full" if snapshot.base is None else f"-{snapshot.base:014d}.part"
    return f"{_folder(snapshot.slot, snapshot.domain)}/{snapshot.generation:08d}-{snapshot.sequence:014d}{kind}"


def _folder(slot: int, domain: str) -> str:
    return f"{domain}/slot-{slot:04d}"
