"""The keys that an executor has used, as files in a folder, for targets that keep no keys themselves.

A file is written, and flushed to disk, before its effect begins. So an effect whose answer was lost, or whose executor
died, is known afterwards together with the target's state before it. Processes that share the folder exclude each other
with a lock that ends with its process.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from aiops.adapters.atomic_files import replace_file, sync_folder
from aiops.model.errors import PermanentError


class KeyState(StrEnum):
    """How far the effect of a key is."""

    BEGUN = "begun"
    """It may be under way until its deadline."""
    IN_DOUBT = "in-doubt"
    """It ended, and it may or may not have happened."""
    DONE = "done"


class KeyEntry(BaseModel):
    """One key: what was ordered under it, and the target's state before."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    key: str
    state: KeyState
    deadline_at: int
    """Until then the effect may still be under way, ns."""
    before: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class OldEpoch:
    """An order whose epoch is over; ``newest`` is the newest that the ledger has seen."""

    newest: int


@dataclass(frozen=True, slots=True)
class Taken:
    """An order whose key another process began to use in the meantime."""


class KeyLedger:
    """Keys and epochs of all orders that came to the executors of one folder.

    Args:
        folder: made if it is missing. It must survive restarts: without it an effect can happen a second time.

    Raises:
        PermanentError: the folder cannot be used.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        with self._locked():
            pass

    def find(self, domain: str, key: str) -> KeyEntry | None:
        """The entry of a key; None: no effect with this key was ever begun, or it changed nothing.

        Raises:
            PermanentError: the entry cannot be read.
        """
        file = self._file(domain, key)
        try:
            return KeyEntry.model_validate_json(file.read_bytes())
        except FileNotFoundError:
            return None
        except (OSError, ValidationError) as error:
            raise PermanentError(f"{file} cannot be read, and says whether {key} happened: {error}") from error

    def epoch_is_over(self, domain: str, epoch: int) -> OldEpoch | None:
        """Remember the epoch if it is the newest; if a newer one was seen, say which."""
        with self._locked():
            return self._fenced(domain, epoch)

    def begin(self, domain: str, epoch: int, *, entry: KeyEntry, over: KeyEntry | None) -> OldEpoch | Taken | None:
        """Write that an effect begins; None: it may begin now.

        Args:
            domain: of the order.
            epoch: of the order.
            entry: what is written.
            over: the entry that was found before, whose effect did not happen; None: there was none.
        """
        with self._locked():
            old = self._fenced(domain, epoch)
            if old is not None:
                return old
            if self.find(domain, entry.key) != over:
                return Taken()
            self._write(self._file(domain, entry.key), entry.model_dump_json())
            return None

    def end(self, domain: str, entry: KeyEntry, state: KeyState = KeyState.DONE) -> None:
        """Write how the effect of an entry ended."""
        with self._locked():
            ended = entry.model_copy(update={"state": state})
            self._write(self._file(domain, entry.key), ended.model_dump_json())

    def forget(self, domain: str, key: str) -> None:
        """Remove a key whose effect changed nothing, so that it can be ordered again."""
        with self._locked():
            self._file(domain, key).unlink(missing_ok=True)
            sync_folder(self._folder)

    def _fenced(self, domain: str, epoch: int) -> OldEpoch | None:
        file = self._folder / f"epoch-{_digest(domain)}.json"
        newest = int(json.loads(file.read_bytes())) if file.exists() else 0
        if epoch < newest:
            return OldEpoch(newest)
        if epoch > newest:
            self._write(file, json.dumps(epoch))
        return None

    def _write(self, file: Path, text: str) -> None:
        replace_file(file, [text.encode()], durable=True)

    def _file(self, domain: str, key: str) -> Path:
        return self._folder / f"{_digest(domain, key)}.json"

    @contextmanager
    def _locked(self) -> Iterator[None]:
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with (self._folder / "lock").open("ab") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                yield
        except (OSError, ValueError) as error:
            raise PermanentError(f"keys: {self._folder} cannot be used: {error}") from error


def _digest(*parts: str) -> str:
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:40]
