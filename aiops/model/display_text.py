"""Text from outside as one line that a terminal or a page can show: nothing in it moves the cursor or the reader."""

from __future__ import annotations


def visible_text(text: str) -> str:
    """White space as spaces; control characters and those that change the direction of writing as ``�``."""
    if text.isprintable():
        return text
    return "".join(letter if letter.isprintable() else " " if letter.isspace() else "\N{REPLACEMENT CHARACTER}"
                   for letter in text)  # fmt: skip
