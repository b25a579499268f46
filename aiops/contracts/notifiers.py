"""Rules for every notifier. The subject is a notifier with a reachable channel. The rules send test pages."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from aiops.contracts.rule import require
from aiops.model.incidents import Priority
from aiops.model.pages import Page
from aiops.model.prose import Prose
from aiops.ports import Notifier

PAGE: Final = Page(
    key="contract/0",
    work_item="contract",
    level=0,
    at=1_700_000_000_000_000_000,
    priority=Priority.P4,
    title=Prose("contract: this is a test"),
    broken=Prose("Nothing."),
    matters=Prose("A notifier is being tested."),
    affected=(),
    causes=(),
    tried=(),
    asks=Prose("Nothing is asked of you."),
)


def it_has_a_name_without_secrets(notifier: Notifier) -> None:
    """Logs and incidents show the name: it is one line without a URL."""
    name = notifier.name
    require(0 < len(name) <= 60 and name.isprintable(), f"{name!r} is not a name of 1 to 60 printable characters")
    require("://" not in name, f"{name!r} shows a URL, and with it a token")


def a_page_is_delivered_with_its_key(notifier: Notifier) -> None:
    """The report has the page's key and domain."""
    page = replace(PAGE, domain="contract")
    report = notifier.send(page)
    require(report.delivered, f"the page was not delivered: {report.error}")
    require(
        (report.key, report.domain) == (page.key, page.domain),
        f"the report has key {report.key} and domain {report.domain}",
    )


def odd_text_is_delivered(notifier: Notifier) -> None:
    """A page with long text, control characters or other scripts is delivered in some form."""
    wild = "ü 漢 \u202e \x00 \x1b[31m %s {x} <b> & " * 200
    report = notifier.send(
        replace(
            PAGE, key="contract/wild", title=Prose(wild[:300]), broken=Prose(wild), causes=(Prose(wild), Prose(wild))
        )
    )
    require(report.delivered, f"a page with odd text was not delivered: {report.error}")


def the_same_page_can_come_twice(notifier: Notifier) -> None:
    """Pages are sent at least once: a second delivery is not an error."""
    first, second = notifier.send(PAGE), notifier.send(PAGE)
    require(first.delivered and second.delivered, "a page sent twice was not delivered twice")


RULES: Final = (
    it_has_a_name_without_secrets,
    a_page_is_delivered_with_its_key,
    odd_text_is_delivered,
    the_same_page_can_come_twice,
)
