from __future__ import annotations

import io
import json
from dataclasses import replace
from pathlib import Path

import pytest

from aiops.adapters.paging import text
from aiops.adapters.paging.channels import open_channel, open_levels
from aiops.adapters.paging.plain_notifiers import ConsoleNotifier
from aiops.model.codec import decode
from aiops.model.errors import PermanentError, TemporaryError
from aiops.model.pages import Page
from aiops.model.prose import Prose
from aiops.plugins import BUILT_INS
from tests.unit.adapters.paging.fakes import FixedClock, page


def test_the_text_says_everything_a_person_needs() -> None:
    """What is broken, why it matters, who is affected, causes, what was tried, what is asked, and the key."""
    told = text.body(page())
    for part in (page().broken, page().matters, page().asks, *page().affected, *page().causes, *page().tried):
        assert part in told
    assert page().key in told
    assert "2023-11-14T22:18:20Z" in told
    assert text.title(page()).endswith(page().title)


def test_names_from_outside_cannot_play_with_the_terminal() -> None:
    """Escape sequences and line breaks in names are taken out, and endless names are cut."""
    told = text.body(replace(page(), broken=Prose("a\x1b[2Jb\nAsks: nothing"), matters=Prose("x" * 10_000)))
    assert "\x1b" not in told
    assert "\nAsks: nothing" not in told
    assert len(told) < 3000


def test_a_long_list_is_cut_and_says_so() -> None:
    """A storm's list of a hundred services stays readable."""
    told = text.body(replace(page(), affected=tuple(Prose(f"service-{number}") for number in range(100))))
    assert "… and 90 more" in told


def test_the_console_prints_the_page() -> None:
    """The page goes to the stream as plain text."""
    stream = io.StringIO()
    assert ConsoleNotifier(FixedClock(), stream).send(page()).delivered
    assert page().title in stream.getvalue()
    assert "\x1b" not in stream.getvalue()


def test_a_closed_console_is_an_error_and_not_a_delivery() -> None:
    """A stream that is gone cannot have told anybody."""
    stream = io.StringIO()
    stream.close()
    with pytest.raises(TemporaryError):
        ConsoleNotifier(FixedClock(), stream).send(page())


def test_a_file_gets_one_json_line_a_page(tmp_path: Path) -> None:
    """Each page is one line that reads back as the same page."""
    file = tmp_path / "my pages.jsonl"
    channel = open_channel(file.as_uri(), FixedClock(), BUILT_INS)
    assert channel.send(page("a")).delivered
    assert channel.send(page("b")).delivered
    lines = file.read_text().splitlines()
    assert [decode(Page, line) for line in lines] == [page("a"), page("b")]
    assert all(json.loads(line) for line in lines)


def test_a_file_that_cannot_be_written_may_work_later(tmp_path: Path) -> None:
    """A folder that is missing is reported, with its name."""
    channel = open_channel((tmp_path / "missing" / "pages").as_uri(), FixedClock(), BUILT_INS)
    with pytest.raises(TemporaryError, match="missing"):
        channel.send(page())


@pytest.mark.parametrize("url", ["nonsense://secret-token", "file://host/path", "file:relative", "", "http//x"])
def test_a_url_that_nobody_knows_is_refused_without_showing_it(url: str) -> None:
    """A mistake in the settings is found at the start, and its token is not printed."""
    with pytest.raises(PermanentError, match=r"paging\.levels") as caught:
        open_channel(url, FixedClock(), BUILT_INS)
    assert "secret-token" not in str(caught.value)


def test_levels_keep_their_order(tmp_path: Path) -> None:
    """Levels come as the settings state them."""
    levels = open_levels((("console://",), ((tmp_path / "p").as_uri(), "json://localhost/hook")), FixedClock())
    assert [[channel.name for channel in level] for level in levels] == [["console"], ["file p", "JSON"]]
