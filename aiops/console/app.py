"""The console's web application: pages for people, an API for programs, and Alertmanager's webhook.

Reading is open on loopback, where everybody on the machine could read the journal too; elsewhere it needs a token.
Telling needs a token everywhere. All answers come from the journal, so the pages work while the orchestrator is down.
"""

from __future__ import annotations

import ipaddress
import threading
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import quote, urlsplit

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse

from aiops.console import api, site
from aiops.console.access import Access
from aiops.console.commands import Commands
from aiops.console.pages import SECURITY, Frame, message_page
from aiops.console.telling import NotNowError, UnknownError, WrongError
from aiops.console.visit import COOKIE, Visit
from aiops.model.entities import MAIN_DOMAIN
from aiops.model.errors import AiopsError, TemporaryError
from aiops.ports import Clock, Inbox, JournalReader, Producer

_OPEN: Final = ("/sign-in", "/api/health")
"""What may be read without a token everywhere."""


@dataclass(frozen=True, slots=True)
class ConsoleParts:
    """What the console is made of."""

    inbox: Inbox
    reader: JournalReader
    clock: Clock
    access: Access
    status: Callable[[], dict[str, Any] | None]
    """The runtime's last status; None: it never ran."""
    ledger: Callable[[], dict[str, Any]]
    """The ledger's report."""
    producer: Producer | None = None
    """For incoming webhooks; None: they are refused."""
    alerts_topic: str = "aiops.alerts"
    most_shards: int = 1
    host: str = "127.0.0.1"
    """Where it listens."""
    domain: str = MAIN_DOMAIN
    wake: Callable[[], None] = lambda: None
    """Called after something was written to the inbox; may be lost."""
    sending: threading.Lock = field(default_factory=threading.Lock)

    @property
    def commands(self) -> Commands:
        """The one implementation of what people may tell."""
        return Commands(self.inbox, self.reader, self.clock, self.domain)


def make_app(parts: ConsoleParts) -> FastAPI:
    """The application; ``uvicorn`` or a test client runs it."""
    app = FastAPI(title="aiops", docs_url=None, redoc_url=None, openapi_url="/api/openapi.json")
    app.state.parts = parts
    app.include_router(api.router)
    app.include_router(site.router)
    app.middleware("http")(_guard)
    app.exception_handler(AiopsError)(_refused)
    return app


def loopback(host: str) -> bool:
    """Whether only this machine can reach it."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


async def _guard(request: Request, go_on: Callable[[Request], Awaitable[Response]]) -> Response:
    """Who is asking, from where, and whether they may."""
    parts: ConsoleParts = request.app.state.parts
    if loopback(parts.host) and not loopback(_name(request.headers.get("host", ""))):
        # Another site's name that was made to point here (DNS rebinding).
        return _hardened(JSONResponse({"error": "ask for localhost"}, 421))
    now = parts.clock.now()
    cookie = request.cookies.get(COOKIE, "")
    bearer = parts.access.bearer(request.headers.get("authorization"))
    request.state.visit = Visit(now, bearer, parts.access.session(cookie, now), cookie)
    open_here = loopback(parts.host) or request.url.path in _OPEN
    reading = request.method in {"GET", "HEAD"}
    if reading and not open_here and request.state.visit.who is None:
        if request.url.path.startswith("/api/"):
            return _hardened(JSONResponse({"error": "a bearer token is needed"}, 401))
        place = f"/sign-in?back={quote(request.url.path)}"
        return _hardened(Response(status_code=303, headers={"location": place}))
    return _hardened(await go_on(request))


def _name(host: str) -> str:
    """The name in a Host header, without the port."""
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def _hardened(response: Response) -> Response:
    response.headers["content-security-policy"] = SECURITY
    response.headers["x-content-type-options"] = "nosniff"
    response.headers["referrer-policy"] = "same-origin"
    response.headers["cache-control"] = "no-store"
    return response


def _refused(request: Request, error: Exception) -> Response:
    """Errors of the product as a status and one sentence."""
    match error:
        case UnknownError():
            code = 404
        case NotNowError():
            code = 409
        case WrongError():
            code = 422
        case TemporaryError():
            code = 503
        case _:
            code = 500
    headers = {"retry-after": "5"} if code == 503 else None
    if request.url.path.startswith(("/api/", "/hooks/")):
        return JSONResponse({"error": str(error)}, code, headers)
    visit: Visit = request.state.visit
    page = message_page("That cannot be", str(error), Frame(visit.now, visit.session))
    return Response(page, code, headers, "text/html")
