"""Pages through real HTTP: a webhook that is down, comes up, and answers with errors."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from queue import Queue
from typing import Any

import pytest

from aiops.adapters.paging.channels import open_levels
from aiops.adapters.paging.pager import SpoolingPager
from aiops.adapters.paging.spool import Spool
from aiops.model.incidents import Priority
from aiops.model.pages import Delivery, Page
from aiops.model.prose import Prose
from aiops.settings import Paging
from tests.servers import free_port


class Clock:
    def now(self) -> int:
        return 7


@dataclass
class Webhook:
    """A local HTTP server that can be down, and answers what it is told."""

    port: int = field(default_factory=free_port)
    answers: list[int] = field(default_factory=list)
    """Status codes to answer with first; then 200."""
    got: Queue[dict[str, Any]] = field(default_factory=Queue)
    server: ThreadingHTTPServer | None = None

    @property
    def url(self) -> str:
        return f"json://127.0.0.1:{self.port}/hook"

    def up(self) -> None:
        hook = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                hook.got.put(body)
                self.send_response(hook.answers.pop(0) if hook.answers else 200)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                return

        self.server = ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def down(self) -> None:
        if self.server is not None:
            self.server.shutdown()
            self.server.server_close()
            self.server = None


@pytest.fixture
def webhook() -> Iterator[Webhook]:
    hook = Webhook()
    yield hook
    hook.down()


def page(key: str = "incident-1/stuck/0", level: int = 0) -> Page:
    return Page(
        key=key,
        work_item="incident-1",
        level=level,
        at=0,
        priority=Priority.P1,
        title=Prose("checkout is abnormal"),
        broken=Prose("checkout"),
        matters=Prose("shop"),
        affected=(Prose("shop"),),
        causes=(Prose("cart (71%)"),),
        tried=(),
        asks=Prose("aiops approve plan-1"),
    )


def pager(folder: Path, *levels: tuple[str, ...], attempts: int = 3) -> SpoolingPager:
    settings = Paging(levels=levels, retry_seconds=0.2, attempts=attempts)
    return SpoolingPager(settings, open_levels(levels, Clock()), Spool(folder), clock=Clock())


def test_a_webhook_gets_the_page_with_its_key(webhook: Webhook, tmp_path: Path) -> None:
    """The receiver can read the page and recognise it by its key."""
    webhook.up()
    reports: Queue[Delivery] = Queue()
    pager(tmp_path, (webhook.url,)).page(page(), reports.put)
    report = reports.get(timeout=20)
    assert (report.delivered, report.channel, report.key) == (True, "JSON", page().key)
    got = webhook.got.get(timeout=5)
    assert (got["key"], got["work_item"], got["level"]) == (page().key, "incident-1", 0)
    assert "checkout is abnormal" in got["title"]
    assert "aiops approve plan-1" in got["message"]


def test_a_webhook_that_comes_up_in_time_is_reached(webhook: Webhook, tmp_path: Path) -> None:
    """Down at the first attempts, up at a later one: delivered once."""
    reports: Queue[Delivery] = Queue()
    pager(tmp_path, (webhook.url,), attempts=50).page(page(), reports.put)
    webhook.up()
    assert reports.get(timeout=30).delivered
    assert webhook.got.qsize() == 1


def test_a_webhook_that_answers_with_errors_is_retried(webhook: Webhook, tmp_path: Path) -> None:
    """503 and 500 are no delivery; the 200 after them is."""
    webhook.answers = [503, 500]
    webhook.up()
    reports: Queue[Delivery] = Queue()
    pager(tmp_path, (webhook.url,)).page(page(), reports.put)
    assert reports.get(timeout=30).delivered
    assert [webhook.got.get(timeout=5)["key"] for _ in range(3)] == [page().key] * 3


def test_a_webhook_that_stays_down_gives_the_page_up_for_the_next_level(webhook: Webhook, tmp_path: Path) -> None:
    """After its attempts the level reports failure with the reason, and the next level can be paged."""
    file = tmp_path / "second-level.jsonl"
    reports: Queue[Delivery] = Queue()
    sender = pager(tmp_path / "spool", (webhook.url,), (file.as_uri(),))
    sender.page(page(), reports.put)
    report = reports.get(timeout=30)
    assert not report.delivered
    assert "onnection" in report.error
    sender.page(page("incident-1/stuck/1", level=1), reports.put)
    assert reports.get(timeout=10).delivered
    assert json.loads(file.read_text())["key"] == "incident-1/stuck/1"


def test_many_pages_while_a_channel_is_down_do_not_hold_each_other_up(webhook: Webhook, tmp_path: Path) -> None:
    """Fifty pages to a dead webhook are given up about together, not one after another."""
    reports: Queue[Delivery] = Queue()
    sender = pager(tmp_path, (webhook.url,))
    for number in range(50):
        sender.page(page(f"k{number}"), reports.put)
    found = [reports.get(timeout=40) for _ in range(50)]
    assert {report.delivered for report in found} == {False}
    assert {report.key for report in found} == {f"k{number}" for number in range(50)}
