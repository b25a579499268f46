from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from aiops.adapters.paging import text
from aiops.adapters.paging.apprise_notifier import AppriseNotifier
from aiops.model.errors import PermanentError, TemporaryError
from aiops.model.incidents import Priority
from aiops.model.pages import Delivery
from aiops.model.prose import Prose
from tests.unit.adapters.paging.fakes import FixedClock, page


class Hook(HTTPServer):
    """A webhook's receiver: what came, and the status that it answers."""

    def __init__(self) -> None:
        self.came: list[dict[str, object]] = []
        self.status = 200
        super().__init__(("127.0.0.1", 0), _Handler)

    @property
    def url(self) -> str:
        return f"json://127.0.0.1:{self.server_port}/token-123"


class _Handler(BaseHTTPRequestHandler):
    server: Hook

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.came.append(json.loads(body))
        self.send_response(self.server.status)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        return


@pytest.fixture
def hook() -> Iterator[Hook]:
    server = Hook()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_webhook_gets_the_page_and_its_identity(hook: Hook) -> None:
    """Title and text as a person reads them, and beside them what recognises a page that comes twice."""
    found = AppriseNotifier(hook.url, FixedClock(9)).send(page(level=1))
    assert found == Delivery(page().key, "JSON", delivered=True, at=9)
    (came,) = hook.came
    assert came["title"] == text.title(page(level=1))
    assert str(came["message"]).splitlines() == text.body(page(level=1)).splitlines()
    identity = {name: came[name] for name in ("key", "work_item", "level", "domain")}
    assert identity == {"key": page().key, "work_item": "incident-1", "level": 1, "domain": "main"}


@pytest.mark.parametrize(
    ("priority", "kind"),
    [(Priority.P1, "failure"), (Priority.P2, "failure"), (Priority.P3, "warning"), (Priority.P4, "warning")],
)
def test_the_two_highest_priorities_are_failures(hook: Hook, priority: Priority, kind: str) -> None:
    """Channels that know a type (colour, sound) get the stronger one for P1 and P2."""
    AppriseNotifier(hook.url, FixedClock()).send(replace(page(), priority=priority))
    assert hook.came[0]["type"] == kind


def test_each_page_has_its_own_identity(hook: Hook) -> None:
    """Nothing of the first page is in the second."""
    notifier = AppriseNotifier(hook.url, FixedClock())
    notifier.send(page("a/x/0"))
    notifier.send(page("b/x/0"))
    assert [came["key"] for came in hook.came] == ["a/x/0", "b/x/0"]


@pytest.mark.parametrize("status", [400, 403, 500, 503])
def test_a_refusal_is_temporary_and_shows_no_token(hook: Hook, status: int) -> None:
    """The pager tries again; the address with its token is in no error."""
    hook.status = status
    with pytest.raises(TemporaryError) as raised:
        AppriseNotifier(hook.url, FixedClock()).send(page())
    assert str(raised.value).startswith("JSON: ")
    assert "token-123" not in str(raised.value)
    assert len(str(raised.value)) <= 500


def test_a_receiver_that_is_gone_is_temporary(hook: Hook) -> None:
    """Nobody listens on port 1."""
    with pytest.raises(TemporaryError) as raised:
        AppriseNotifier("json://127.0.0.1:1/token-123", FixedClock()).send(page())
    assert "token-123" not in str(raised.value)


@pytest.mark.parametrize("url", ["nonsense://host/token-123", "token-123", "", "json://"])
def test_a_url_that_apprise_does_not_know_is_told_at_once(url: str) -> None:
    """When the channel is made, with the scheme and where it stands in the settings, but not the address."""
    with pytest.raises(PermanentError, match=r"paging\.levels") as raised:
        AppriseNotifier(url, FixedClock())
    assert "host" not in str(raised.value)


def test_control_characters_do_not_reach_the_channel(hook: Hook) -> None:
    """Names from outside may hold what a terminal obeys."""
    AppriseNotifier(hook.url, FixedClock()).send(replace(page(), title=Prose("cart\x1b[31m is abnormal")))
    assert "\x1b" not in json.dumps(hook.came[0], ensure_ascii=False)
