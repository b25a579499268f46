"""The spool: every page is on disk before it is sent, and so is the result of its delivery.

One file of JSON lines, to which the runtime and the watchdog append under a file lock. An incomplete line of a killed
process is skipped. A file above the rotation size is rewritten with the lines still needed.
"""

from __future__ import annotations

import fcntl
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from aiops.adapters.atomic_files import replace_file, sync_folder
from aiops.model.pages import Delivery, Page

_ROTATE_BYTES = 4 * 1024 * 1024
_REMEMBERED = 1000
"""Number of delivered pages that a rewritten spool keeps, to detect a page sent again."""


def spool_folder(state: Path) -> Path:
    """Folder of the spool shared by the runtime and the watchdog."""
    return state / "pages"


class _Paged(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")
    type: Literal["page"] = "page"
    page: Page


class _Ended(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")
    type: Literal["delivery"] = "delivery"
    delivery: Delivery


_LINE: TypeAdapter[_Paged | _Ended] = TypeAdapter(Annotated[_Paged | _Ended, Field(discriminator="type")])


class Spool:
    """Pages and deliveries in ``folder``; safe for threads and processes. ``OSError`` if the disk fails."""

    def __init__(self, folder: Path, rotate_bytes: int = _ROTATE_BYTES) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._file, self._lock_file = folder / "pages.jsonl", folder / "pages.lock"
        self._rotate_bytes = rotate_bytes
        self._thread_lock = threading.Lock()
        self._pages: dict[str, Page] = {}
        self._ended: dict[str, Delivery] = {}
        self._read = (0, 0)  # inode and offset up to which the file is known

    def add(self, page: Page) -> Delivery | None:
        """Make the page durable. If its key was delivered before, write nothing and return that delivery."""
        with self._locked():
            ended = self._ended.get(page.key)
            if ended is not None and ended.delivered:
                return ended
            self._append(_Paged(page=page))
            return None

    def end(self, delivery: Delivery) -> None:
        """Record the result of a page's delivery. A failure never overwrites a success."""
        with self._locked():
            before = self._ended.get(delivery.key)
            if before is None or not before.delivered:
                self._append(_Ended(delivery=delivery))

    def pending(self) -> list[Page]:
        """Pages without a recorded delivery result, oldest first."""
        with self._locked():
            return [page for key, page in self._pages.items() if key not in self._ended]

    def undelivered(self) -> list[Page]:
        """Undelivered pages, pending or given up, oldest first."""
        with self._locked():
            return [page for key, page in self._pages.items() if not self._delivered(key)]

    def _delivered(self, key: str) -> bool:
        ended = self._ended.get(key)
        return ended is not None and ended.delivered

    @contextmanager
    def _locked(self) -> Iterator[None]:
        with self._thread_lock, self._lock_file.open("ab") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            self._refresh()
            yield

    def _refresh(self) -> None:
        """Read the lines appended since the last read; all lines if the file was replaced."""
        if not self._file.exists():
            self._forget(0)
            return
        with self._file.open("rb") as file:
            inode = os.fstat(file.fileno()).st_ino
            if inode != self._read[0] or os.fstat(file.fileno()).st_size < self._read[1]:
                self._forget(inode)
            file.seek(self._read[1])
            read = file.read()
        whole = read[: read.rfind(b"\n") + 1]
        for line in whole.splitlines():
            self._take(line)
        self._read = inode, self._read[1] + len(whole)

    def _forget(self, inode: int) -> None:
        self._pages, self._ended, self._read = {}, {}, (inode, 0)

    def _take(self, line: bytes) -> None:
        try:
            match _LINE.validate_json(line):
                case _Paged(page=page):
                    self._pages.pop(page.key, None)
                    self._pages[page.key] = page
                    if not self._delivered(page.key):
                        self._ended.pop(page.key, None)
                case _Ended(delivery=delivery):
                    if not self._delivered(delivery.key):
                        self._ended[delivery.key] = delivery
        except ValidationError:
            return  # an incomplete line of a killed process

    def _append(self, record: _Paged | _Ended) -> None:
        if self._read[1] > self._rotate_bytes:
            self._rotate()
        line = record.model_dump_json().encode() + b"\n"
        new = not self._file.exists()
        with self._file.open("ab") as file:
            if file.tell() != self._read[1]:
                line = b"\n" + line  # end the incomplete line of a killed process
            file.write(line)
            file.flush()
            os.fsync(file.fileno())
        if new:
            sync_folder(self._file.parent)
        self._refresh()

    def _rotate(self) -> None:
        """Rewrite the file with the undelivered pages and the newest deliveries."""
        kept: list[_Paged | _Ended] = []
        for key, page in self._pages.items():
            if not self._delivered(key):
                kept.append(_Paged(page=page))
                if key in self._ended:
                    kept.append(_Ended(delivery=self._ended[key]))
        done = [delivery for delivery in self._ended.values() if delivery.delivered]
        kept += [_Ended(delivery=delivery) for delivery in done[-_REMEMBERED:]]
        replace_file(self._file, (record.model_dump_json().encode() + b"\n" for record in kept), durable=True)
        self._forget(0)
        self._refresh()
