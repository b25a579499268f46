"""The console's web application: pages for people, an API for programs, and Alertmanager's webhook.

Reading needs no token on loopback, where every user of the machine can read the journal too; elsewhere it needs one.
Commands need a token everywhere. All answers come from the journal, so pages work while the orchestrator is down.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Awaitable, Callable
from typing import Final
from urllib.parse import quote, urlsplit

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse

from aiops.console import api, site
from aiops.console.command_inbox import NotNowError, UnknownError, WrongError
from aiops.console.html_pages import SECURITY, Frame, message_page
from aiops.console.parts import ConsoleParts
from aiops.console.visit import COOKIE, Visit
from aiops.model.errors import AiopsError, TemporaryError

_OPEN: Final = ("/sign-in", "/api/health")
"""Paths that need no token anywhere."""


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
    """Whether only this machine can reach the address."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


async def _guard(request: Request, go_on: Callable[[Request], Awaitable[Response]]) -> Response:
    """Reject requests of other sites and, where a token is needed, requests without one."""
    parts: ConsoleParts = request.app.state.parts
    if loopback(parts.host) and not loopback(_name(request.headers.get("host", ""))):
        # DNS rebinding: another site's name resolves to this machine.
        return _hardened(JSONResponse({"error": "use localhost or a loopback address in the URL"}, 421))
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
    """The status and the page or JSON body for an error of the product."""
    match error:
        case UnknownError():
            code, title = 404, "Not found"
        case NotNowError():
            code, title = 409, "Not possible now"
        case WrongError():
            code, title = 422, "Invalid request"
        case TemporaryError():
            code, title = 503, "Temporarily unavailable"
        case _:
            code, title = 500, "Internal error"
    headers = {"retry-after": "5"} if code == 503 else None
    if request.url.path.startswith(("/api/", "/hooks/")):
        return JSONResponse({"error": str(error)}, code, headers)
    visit: Visit = request.state.visit
    page = message_page(title, str(error), Frame(visit.now, visit.session))
    return Response(page, code, headers, "text/html")
