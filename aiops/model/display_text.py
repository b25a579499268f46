"""Makes external text safe to show as one line on a terminal or page: without control or direction characters."""

from __future__ import annotations


def visible_text(text: str) -> str:
    """The text with white space as spaces, and control and text direction characters as ``�``."""
    if text.isprintable():
        return text
    return "".join(letter if letter.isprintable() else " " if letter.isspace() else "\N{REPLACEMENT CHARACTER}"
                   for letter in text)  # fmt: skip
