"""One request: whom it is from, and how much of it is read."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any, cast

import pytest
from fastapi import HTTPException, Request
from hypothesis import given
from hypothesis import strategies as st

from aiops.console.visit import Visit, body_within, parts_of, visit_of


class Body:
    """A request whose body arrives in chunks, and which tells how many were read."""

    def __init__(self, chunks: list[bytes]) -> None:
        self.chunks, self.read = chunks, 0

    async def stream(self) -> AsyncIterator[bytes]:
        """One chunk after another."""
        for chunk in self.chunks:
            self.read += 1
            yield chunk


def read(body: Body, most: int) -> bytes:
    """The whole body, if it is small enough."""
    return asyncio.run(body_within(cast("Request", body), most))


@pytest.mark.parametrize(
    ("bearer", "session", "who"),
    [("ann", "bob", "ann"), (None, "bob", "bob"), ("ann", None, "ann"), (None, None, None)],
)
def test_a_token_says_more_than_a_cookie(bearer: str | None, session: str | None, who: str | None) -> None:
    """A program that has both is the one of its token."""
    assert Visit(0, bearer, session, "").who == who


def test_a_body_is_read_whole() -> None:
    """However it is cut."""
    assert read(Body([b"ab", b"", b"c"]), 3) == b"abc"
    assert read(Body([]), 0) == b""


@given(st.lists(st.binary(max_size=8), max_size=8), st.integers(0, 40))
def test_a_body_is_whole_or_refused(chunks: list[bytes], most: int) -> None:
    """It is never cut silently."""
    whole = b"".join(chunks)
    if len(whole) <= most:
        assert read(Body(chunks), most) == whole
    else:
        with pytest.raises(HTTPException, match=f"at most {most} bytes") as caught:
            read(Body(chunks), most)
        assert caught.value.status_code == 413


def test_reading_stops_as_soon_as_it_is_too_much() -> None:
    """A sender cannot fill the memory."""
    body = Body([b"x" * 10] * 1000)
    with pytest.raises(HTTPException):
        read(body, 25)
    assert body.read == 3


def test_visit_and_parts_are_those_of_the_request() -> None:
    """The guard stored one, the application the other."""
    visit, parts = Visit(7, None, None, ""), object()
    request: Any = SimpleNamespace(
        state=SimpleNamespace(visit=visit), app=SimpleNamespace(state=SimpleNamespace(parts=parts))
    )
    assert visit_of(request) is visit
    assert parts_of(request) is parts
