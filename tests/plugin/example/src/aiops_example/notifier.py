"""A notifier: ``lines:///path`` appends a line a page."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote, urlsplit

from aiops.model.errors import TemporaryError
from aiops.model.pages import Delivery, Page
from aiops.ports import Clock


class LineNotifier:
    """One line: key, tab, title."""

    name = "lines"

    def __init__(self, path: Path, clock: Clock) -> None:
        self._path, self._clock = path, clock

    def send(self, page: Page) -> Delivery:
        """Append it."""
        title = " ".join(page.title.split())
        try:
            with self._path.open("a", encoding="utf-8") as file:
                file.write(f"{page.key}\t{title}\n")
        except OSError as error:
            raise TemporaryError(f"{self._path} cannot be written: {error.strerror}") from error
        return Delivery(page.key, self.name, delivered=True, at=self._clock.now(), domain=page.domain)


def from_url(url: str, clock: Clock) -> LineNotifier:
    """The channel of one URL."""
    return LineNotifier(Path(unquote(urlsplit(url).path)), clock)
