"""Signs the record of decisions at intervals and publishes the checkpoints, in its own thread.

It signs only a continuation of the last checkpoint: every entry since is hashed again. A journal that was edited, cut
or rebuilt gets no new signature, and the status reports the error.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import structlog
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from aiops.adapters import checkpoint_signatures
from aiops.adapters.atomic_files import replace_file
from aiops.control.record.audit_chain import GENESIS, Checkpoint, follow, sign, signed
from aiops.model import codec
from aiops.model.errors import AiopsError, PermanentError
from aiops.model.journal import JournalRow
from aiops.ports import Clock, JournalReader, Producer

_LOG = structlog.get_logger(__name__)
LAST: Final = "checkpoint.json"
"""File name of the newest checkpoint in the state folder."""
_PAGE: Final = 256
"""Entries hashed at once; small, because the orchestrator shares the processor."""
_BREATH_SECONDS: Final = 0.02


@dataclass(frozen=True, slots=True)
class Signing:
    """Domain and key of the record, topic and folder of its checkpoints."""

    domain: str
    topic: str
    folder: Path
    """The state folder: the newest checkpoint is kept there."""
    key: Ed25519PrivateKey


class CheckpointPublisher:
    """Publishes a checkpoint per interval with new entries, and one at the end.

    Args:
        signing: domain, key, topic and folder.
        reader: the journal's reading side.
        producer: used by this thread only.
        clock: for the checkpoint's time.
    """

    def __init__(self, signing: Signing, reader: JournalReader, producer: Producer, *, clock: Clock) -> None:
        self._signing, self._reader, self._producer, self._clock = signing, reader, producer, clock
        self._ending = threading.Event()
        self._thread: threading.Thread | None = None
        self._last: Checkpoint | None = None
        self.number = 0
        """Number of the newest entry covered by a published checkpoint."""
        self.error = ""

    def start(self, seconds: float) -> None:
        """Publish every ``seconds`` from now on."""
        self._thread = threading.Thread(target=self._run, args=(seconds,), name="checkpoints", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Publish once more and stop."""
        self._ending.set()
        if self._thread is not None:
            self._thread.join(10)

    def publish(self) -> None:
        """Sign and publish the newest entry if there are new entries since the last checkpoint.

        Raises:
            PermanentError: the journal does not continue the last checkpoint; nothing is signed any more.
            TemporaryError: journal or broker cannot be reached; the next call tries again.
        """
        last = self._last or self._kept() or Checkpoint(self._signing.domain, 0, GENESIS, 0)
        number, digest = self._followed(last)
        if number > last.number:
            last = sign(Checkpoint(last.domain, number, digest, self._clock.now()), self._signing.key)
            self._producer.send([checkpoint_signatures.encode(last, self._signing.topic)])
            self._producer.flush()
            self._keep(last)
        self._last, self.number = last, last.number

    def _run(self, seconds: float) -> None:
        over = False
        while not over:
            over = self._ending.wait(seconds)
            try:
                self.publish()
                self.error = ""
            except AiopsError as error:
                self.error = f"no checkpoint: {error}"
                _LOG.warning("checkpoint_waits", reason=str(error))

    def _followed(self, last: Checkpoint) -> tuple[int, str]:
        """Number and digest of the newest entry of a chain that continues ``last``."""
        rows = self._pages(max(0, last.number - 1))
        if last.number:
            row = next(rows, None)
            if row is None or (row.number, row.digest) != (last.number, last.digest):
                raise PermanentError(_BROKEN.format(last.number, "it is not the one that was signed"))
        verdict = follow(rows, last)
        if verdict.fault is not None:
            raise PermanentError(_BROKEN.format(verdict.number, verdict.detail))
        return verdict.rows, verdict.digest

    def _pages(self, after: int) -> Iterator[JournalRow]:
        while rows := self._reader.rows(after, _PAGE, domain=self._signing.domain):
            yield from rows
            after = rows[-1].number
            if len(rows) < _PAGE:
                return
            self._ending.wait(_BREATH_SECONDS)

    def _kept(self) -> Checkpoint | None:
        """The newest checkpoint of an earlier process; None: there is none.

        Raises:
            PermanentError: the file cannot be read, or was signed with another key.
        """
        file = self._signing.folder / LAST
        if not file.exists():
            return None
        try:
            found = checkpoint_signatures.decode(file.read_bytes())
        except OSError as error:
            raise PermanentError(f"{file} cannot be read: {error.strerror}") from error
        if found.domain != self._signing.domain or not signed(found, self._signing.key.public_key()):
            raise PermanentError(f"{file} was not signed with the key beside it: bring the right one back")
        return found

    def _keep(self, checkpoint: Checkpoint) -> None:
        file = self._signing.folder / LAST
        try:
            replace_file(file, [codec.encode(checkpoint).encode()])
        except OSError as error:
            raise PermanentError(f"{file} cannot be written: {error.strerror}") from error


_BROKEN: Final = (
    "entry {} of the record of decisions: {}; nothing is signed until a person has looked: aiops audit verify"
)
