"""Channels without a library: the console and a file."""

from __future__ import annotations

import os
import sys
import threading
from pathlib import Path
from typing import TextIO
from urllib.parse import unquote, urlsplit

from aiops.adapters.paging import text
from aiops.model.codec import encode
from aiops.model.errors import PermanentError, TemporaryError
from aiops.model.pages import Delivery, Page
from aiops.ports import Clock

_ONE_AT_A_TIME = threading.Lock()


class ConsoleNotifier:
    """``console://``: prints to standard error; standard output stays unchanged."""

    name = "console"

    def __init__(self, clock: Clock, stream: TextIO | None = None) -> None:
        self._clock, self._stream = clock, stream

    def send(self, page: Page) -> Delivery:
        """Print the page between two rules."""
        rule = "─" * 78
        stream = self._stream or sys.stderr
        try:
            with _ONE_AT_A_TIME:
                stream.write(f"\n{rule}\nPAGE {text.title(page)}\n{text.body(page)}\n{rule}\n")
                stream.flush()
        except (OSError, ValueError) as error:
            raise TemporaryError(f"the console cannot be written: {error}") from error
        return Delivery(page.key, self.name, delivered=True, at=self._clock.now(), domain=page.domain)


class FileNotifier:
    """``file:///path``: appends the page as one JSON line; durable when ``send`` returns."""

    def __init__(self, path: Path, clock: Clock) -> None:
        self._path, self._clock = path, clock
        self.name = f"file {path.name}"

    def send(self, page: Page) -> Delivery:
        """Append the page. ``TemporaryError``: the file cannot be written now."""
        line = (encode(page) + "\n").encode()
        try:
            with _ONE_AT_A_TIME, self._path.open("ab") as file:
                file.write(line)
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise TemporaryError(f"{self._path} cannot be written: {error.strerror}") from error
        return Delivery(page.key, self.name, delivered=True, at=self._clock.now(), domain=page.domain)


def console(url: str, clock: Clock) -> ConsoleNotifier:
    """The channel of ``console://``."""
    del url
    return ConsoleNotifier(clock)


def file(url: str, clock: Clock) -> FileNotifier:
    """The channel of ``file:///absolute/path``; ``PermanentError`` for any other form."""
    path = Path(unquote(urlsplit(url).path))
    if not path.is_absolute() or urlsplit(url).netloc:
        raise PermanentError("a file in paging.levels is written as file:///absolute/path")
    return FileNotifier(path, clock)
