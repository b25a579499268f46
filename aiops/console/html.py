"""HTML that is escaped by construction: whatever is not made here is text, and texts come from hostile telemetry."""

from __future__ import annotations

import re
from collections.abc import Iterable
from html import escape

_NAME = re.compile(r"[a-z][a-z0-9-]*")
_VOID = frozenset({"meta", "input", "br"})


class Html(str):
    """Markup that may be sent as it is. Made by ``element`` and ``raw`` only."""

    __slots__ = ()


Child = str | int | float | Html | Iterable["Child"] | None


def element(tag: str, /, *children: Child, **attributes: str | int | bool | None) -> Html:
    """``<tag …>children</tag>``; text and attribute values are escaped.

    Attributes: a trailing ``_`` is dropped and ``_`` inside becomes ``-``; False and None leave one out.
    """
    if not _NAME.fullmatch(tag):
        raise ValueError(f"{tag!r} is no name of an element")
    given = "".join(_attribute(key, value) for key, value in attributes.items())
    inner = "".join(_markup(child) for child in children)
    return Html(f"<{tag}{given}>" if tag in _VOID else f"<{tag}{given}>{inner}</{tag}>")


def raw(trusted: str) -> Html:
    """Our own style sheet; never anything that came from outside."""
    return Html(trusted)


def _attribute(key: str, value: str | int | bool | None) -> str:  # noqa: FBT001 - True means the bare attribute
    name = key.removesuffix("_").replace("_", "-")
    if value is None or value is False:
        return ""
    return f" {name}" if value is True else f' {name}="{escape(str(value), quote=True)}"'


def _markup(child: Child) -> str:
    if child is None:
        return ""
    if isinstance(child, Html):
        return child
    if isinstance(child, str | int | float):
        return escape(str(child), quote=True)
    return "".join(_markup(one) for one in child)
