"""From URLs in the settings to channels."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from urllib.parse import unquote, urlsplit

from aiops.adapters.paging.apprise_notifier import AppriseNotifier
from aiops.adapters.paging.plain_notifiers import ConsoleNotifier, FileNotifier
from aiops.model.errors import PermanentError
from aiops.ports import Clock, Notifier

Levels = tuple[tuple[Notifier, ...], ...]


def open_channel(url: str, clock: Clock) -> Notifier:
    """The channel of one URL; ``PermanentError`` when there is none for it."""
    match urlsplit(url).scheme:
        case "console":
            return ConsoleNotifier(clock)
        case "file":
            path = Path(unquote(urlsplit(url).path))
            if not path.is_absolute() or urlsplit(url).netloc:
                raise PermanentError("a file in paging.levels is written as file:///absolute/path")
            return FileNotifier(path, clock)
        case _:
            return AppriseNotifier(url, clock)


def open_levels(levels: Iterable[Iterable[str]], clock: Clock) -> Levels:
    """The channels of each level of ``settings.paging.levels``, in order."""
    return tuple(tuple(open_channel(url, clock) for url in urls) for urls in levels)
