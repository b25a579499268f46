"""One request: the person it is from, and its body within a size limit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from fastapi import HTTPException, Request

from aiops.console.parts import ConsoleParts

COOKIE: Final = "aiops-session"
FORM_BYTES: Final = 16 * 1024


@dataclass(frozen=True, slots=True)
class Visit:
    """Who sent the request. A cookie needs a form value beside it, since browsers send cookies by themselves."""

    now: int
    bearer: str | None
    session: str | None
    cookie: str

    @property
    def who(self) -> str | None:
        """The person; None: neither token nor cookie."""
        return self.bearer or self.session


def visit_of(request: Request) -> Visit:
    """The visit that the guard stored with the request."""
    visit: Visit = request.state.visit
    return visit


def parts_of(request: Request) -> ConsoleParts:
    """The parts of the application that serves the request."""
    parts: ConsoleParts = request.app.state.parts
    return parts


async def body_within(request: Request, most: int) -> bytes:
    """The body; 413 as soon as more than ``most`` bytes arrived."""
    got = bytearray()
    async for chunk in request.stream():
        got += chunk
        if len(got) > most:
            raise HTTPException(413, f"the body may have at most {most} bytes")
    return bytes(got)
