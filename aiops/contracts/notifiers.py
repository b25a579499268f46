"""What every notifier must do. The subject is a notifier whose channel can be reached. The rules send test pages."""

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
    """The name goes into logs and incidents: one line, no URL."""
    name = notifier.name
    require(0 < len(name) <= 60 and name.isprintable(), f"{name!r} is no name of 1 to 60 printable characters")
    require("://" not in name, f"{name!r} shows a URL, and with it a token")


def a_page_is_delivered_with_its_key(notifier: Notifier) -> None:
    """The report carries the page's key and domain, and who delivered it."""
    page = replace(PAGE, domain="contract")
    report = notifier.send(page)
    require(report.delivered, f"the page was not delivered: {report.error}")
    require((report.key, report.domain) == (page.key, page.domain), f"the report is of {report.key} in {report.domain}")


def odd_text_is_delivered(notifier: Notifier) -> None:
    """Long texts, controls and other scripts arrive in some form: a page is never lost for its characters."""
    wild = "ü 漢 \u202e \x00 \x1b[31m %s {x} <b> & " * 200
    report = notifier.send(
        replace(
            PAGE, key="contract/wild", title=Prose(wild[:300]), broken=Prose(wild), causes=(Prose(wild), Prose(wild))
        )
    )
    require(report.delivered, f"a page with odd text was not delivered: {report.error}")


def the_same_page_can_come_twice(notifier: Notifier) -> None:
    """Pages are sent at least once: the second delivery is no error."""
    first, second = notifier.send(PAGE), notifier.send(PAGE)
    require(first.delivered and second.delivered, "a page that came again was not delivered")


RULES: Final = (
    it_has_a_name_without_secrets,
    a_page_is_delivered_with_its_key,
    odd_text_is_delivered,
    the_same_page_can_come_twice,
)
