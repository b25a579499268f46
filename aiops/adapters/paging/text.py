"""A page as plain text: the request to the person first, evidence after it."""

from __future__ import annotations

from collections.abc import Iterable

from aiops.model.display_text import visible_text
from aiops.model.pages import Page
from aiops.model.times import rfc3339

SHOWN = 10
"""Most lines of one list; the incident has all."""
_LONGEST = 600
"""Most characters of one line."""


def title(page: Page) -> str:
    """One line: priority and title."""
    return _plain(f"[{page.priority.value}] {page.title}")


def body(page: Page) -> str:
    """The whole page. Control characters are made visible, because the text may go to a terminal."""
    lines = [
        f"Broken:  {_plain(page.broken)}",
        f"Matters: {_plain(page.matters)}",
        f"Asks:    {_plain(page.asks)}",
        *_list("Affected", page.affected),
        *_list("Likely causes", page.causes, numbered=True),
        *_list("Tried", page.tried),
        *([f"Agreed:  {_plain(page.agreement)}; repair by {rfc3339(page.repair_by)}"] if page.repair_by else ()),
        "",
        f"{_plain(page.work_item)} · {rfc3339(page.at)} · level {page.level + 1}"
        + (f" · next level is paged at {rfc3339(page.answer_by)}" if page.answer_by is not None else ""),
        f"key {_plain(page.key)}",
    ]
    return "\n".join(lines)


def _list(name: str, entries: Iterable[str], *, numbered: bool = False) -> list[str]:
    entries = list(entries)
    if not entries:
        return []
    shown = [f"  {f'{n}.' if numbered else '-'} {_plain(entry)}" for n, entry in enumerate(entries[:SHOWN], start=1)]
    more = [f"  … and {len(entries) - SHOWN} more"] if len(entries) > SHOWN else []
    return [f"{name}:", *shown, *more]


def _plain(text: str) -> str:
    line = visible_text(text)
    return line if len(line) <= _LONGEST else f"{line[: _LONGEST - 1]}…"
