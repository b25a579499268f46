"""The web pages' addresses, signing in and out, and the forms."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final
from urllib.parse import parse_qs, quote

from fastapi import APIRouter, HTTPException, Request, Response
from fastapi.concurrency import run_in_threadpool

from aiops.console.access import SESSION_SECONDS
from aiops.console.command_inbox import CommandResult, UnknownError
from aiops.console.commands import Commands
from aiops.console.html_pages import Frame, list_page, message_page, sign_in_page, story_page
from aiops.console.stories import listed, story
from aiops.console.visit import COOKIE, FORM_BYTES, Visit, body_within, parts_of, visit_of

router: Final = APIRouter(include_in_schema=False)
_CLOSED: Final = 20


def frame(request: Request, visit: Visit) -> Frame:
    """What every page of this visit shows around its content."""
    parts = parts_of(request)
    halt = parts.inbox.halt_state(parts.domain)
    form = parts.access.form_value(visit.session, visit.cookie) if visit.session else ""
    return Frame(visit.now, visit.session, form, halt.halted, halt.who)


@router.get("/")
def index(request: Request) -> Response:
    """Open incidents."""
    parts = parts_of(request)
    found = listed(parts.reader, parts.domain, closed=_CLOSED)
    return _html(list_page(found, parts.status(), frame(request, visit_of(request))))


@router.get("/incidents/{name}")
def one(request: Request, name: str) -> Response:
    """One incident with everything that is known of it."""
    parts = parts_of(request)
    shown = story(parts.reader, name, parts.domain)
    if shown is None:
        raise UnknownError(f"There is no incident {name!r}.")
    return _html(story_page(shown, frame(request, visit_of(request))))


@router.get("/sign-in")
def sign_in(request: Request, back: str = "/") -> Response:
    """The page that asks for a token."""
    return _html(sign_in_page(Frame(visit_of(request).now), _here(back)))


@router.post("/sign-in")
async def signed_in(request: Request) -> Response:
    """Exchange a token for a session cookie."""
    form = await _form(request)
    parts, visit = parts_of(request), visit_of(request)
    who = parts.access.person(form.get("token", ""))
    if who is None:
        page = message_page("Unknown token", "Go back and enter the token again.", Frame(visit.now))
        return _html(page, 401)
    response = _see(_here(form.get("back", "/")))
    response.set_cookie(
        COOKIE,
        parts.access.cookie(who, visit.now),
        max_age=SESSION_SECONDS,
        httponly=True,
        samesite="strict",
        secure=request.url.scheme == "https",
    )
    return response


@router.post("/sign-out")
async def signed_out(request: Request) -> Response:
    """Delete the session cookie."""
    await _speaker(request)
    response = _see("/")
    response.delete_cookie(COOKIE, httponly=True, samesite="strict")
    return response


@router.post("/do/{word}")
@router.post("/do/{word}/{name}")
async def give_command(request: Request, word: str, name: str = "") -> Response:
    """Give the command of the button that was pressed."""
    who, form = await _speaker(request)
    command = _command(parts_of(request).commands, word, name, who=who, form=form)
    if command is None:
        raise HTTPException(404, "no such command")
    await run_in_threadpool(command)
    parts_of(request).wake()
    return _see(f"/incidents/{quote(name, safe='')}" if name else "/")


def _command(
    commands: Commands, word: str, name: str, *, who: str, form: Mapping[str, str]
) -> Callable[[], CommandResult] | None:
    reason = form.get("reason", "")
    match word, bool(name):
        case "approve", True:
            return lambda: commands.approve(name, who, form.get("seen", ""))
        case "reject", True:
            return lambda: commands.reject(name, who, reason)
        case "acknowledge", True:
            return lambda: commands.acknowledge(name, who)
        case "take-over", True:
            return lambda: commands.take_over(name, who)
        case "close", True:
            return lambda: commands.close(name, who)
        case "halt", False:
            return lambda: commands.switch.halt(who, reason)
        case "resume", False:
            return lambda: commands.switch.resume(who, reason)
        case _:
            return None


async def _speaker(request: Request) -> tuple[str, dict[str, str]]:
    """The signed-in person and the form's fields; 403 unless the form came from a page of this session."""
    form = await _form(request)
    visit = visit_of(request)
    ours = visit.session is not None and parts_of(request).access.form_is_ours(
        visit.session, visit.cookie, form.get("form", "")
    )
    if visit.session is None or not ours:
        raise HTTPException(403, "the form is not of this session: sign in, open the page again and use its button")
    return visit.session, form


async def _form(request: Request) -> dict[str, str]:
    body = await body_within(request, FORM_BYTES)
    try:
        fields = parse_qs(body.decode("utf-8", "replace"), max_num_fields=20)
    except ValueError as error:
        raise HTTPException(400, "not a form of this site") from error
    return {name: values[-1] for name, values in fields.items()}


def _here(back: str) -> str:
    """``back`` if it is a path of this site, else ``/``."""
    return back if back.startswith("/") and not back.startswith(("//", "/\\")) and back.isprintable() else "/"


def _see(place: str) -> Response:
    return Response(status_code=303, headers={"location": place})


def _html(page: str, code: int = 200) -> Response:
    return Response(page, code, media_type="text/html")
