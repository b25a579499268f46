"""Converts RFC 3339 text in UTC to nanoseconds since 1970 and back, without loss."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

from pydantic_core import PydanticCustomError

from aiops.model.durations import SECOND

_TEXT = re.compile(r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:\d\d)(?:\.(\d{1,12}))?(?:([Zz])|([+-])(\d\d):(\d\d))", re.ASCII)
LATEST = 2**63 - 1


def nanoseconds(value: Any) -> int:
    """Ns UTC from an integer or from RFC 3339 text; raises a pydantic error of type ``bad_time`` otherwise."""
    if isinstance(value, int) and not isinstance(value, bool):
        found = value
    elif isinstance(value, str):
        found = parse(value)
    else:
        raise PydanticCustomError("bad_time", "a time is an RFC 3339 string or an integer in ns")
    if not 0 <= found <= LATEST:
        raise PydanticCustomError("bad_time", "a time lies between 1970 and 2262")
    return found


def parse(text: str) -> int:
    """Ns UTC of RFC 3339 text; -1 if the text is not RFC 3339."""
    match = _TEXT.fullmatch(text)
    if match is None:
        return -1
    day, clock, fraction, _, sign, hours, minutes = match.groups()
    try:
        moment = datetime.fromisoformat(f"{day}T{clock}+00:00")
    except ValueError:
        return -1
    seconds = int(moment.timestamp())
    if sign:
        offset = int(hours) * 3600 + int(minutes) * 60
        seconds += -offset if sign == "+" else offset
    return seconds * SECOND + int((fraction or "0").ljust(9, "0")[:9])


def rfc3339(at: int) -> str:
    """RFC 3339 text of ns UTC, with a fraction only if it is not 0; a time before 1970 is shown as 1970."""
    seconds, fraction = divmod(max(0, at), SECOND)
    text = datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return f"{text}.{fraction:09d}Z" if fraction else f"{text}Z"


def clock_time(at: int) -> str:
    """A time as people read it, UTC to the second; one before 1970 or after 2262 is shown as the nearest of these."""
    return datetime.fromtimestamp(min(max(at, 0), LATEST) / 1e9, UTC).strftime("%Y-%m-%d %H:%M:%S")


def span(nanoseconds: int) -> str:
    """A duration in its two largest units."""
    seconds = max(0, round(nanoseconds / 1e9))
    for size, unit, below, smaller in ((86_400, "d", 3600, "h"), (3600, "h", 60, "min"), (60, "min", 1, "s")):
        if seconds >= size:
            rest = seconds % size // below
            return f"{seconds // size} {unit}" + (f" {rest} {smaller}" if rest else "")
    return f"{seconds} s"
