"""One request: who it is from, and its body within bounds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from fastapi import HTTPException, Request

if TYPE_CHECKING:
    from aiops.console.app import ConsoleParts

COOKIE: Final = "aiops-session"
FORM_BYTES: Final = 16 * 1024


@dataclass(frozen=True, slots=True)
class Visit:
    """Who asks. A bearer token needs no form value; a cookie does, since browsers send it by themselves."""

    now: int
    bearer: str | None
    session: str | None
    cookie: str

    @property
    def who(self) -> str | None:
        """The person, if any."""
        return self.bearer or self.session


def visit_of(request: Request) -> Visit:
    """The visit that the guard recognised."""
    visit: Visit = request.state.visit
    return visit


def parts_of(request: Request) -> ConsoleParts:
    """What the console is made of."""
    parts: ConsoleParts = request.app.state.parts
    return parts


async def body_within(request: Request, most: int) -> bytes:
    """The body; 413 once it is larger than ``most`` bytes, without reading on."""
    got = bytearray()
    async for chunk in request.stream():
        got += chunk
        if len(got) > most:
            raise HTTPException(413, f"at most {most} bytes are taken")
    return bytes(got)
