"""Text from outside becomes one line that moves neither the cursor nor the reader."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from aiops.model.display_text import visible_text


def test_white_space_is_spaces_and_what_steers_is_replaced() -> None:
    """Line ends would forge lines of a table; escapes move the cursor; direction marks turn the words around."""
    assert visible_text("a\nb\tc\u00a0d") == "a b c d"
    assert visible_text("a\x1b[2Jb\u202ec\x00") == "a\ufffd[2Jb\ufffdc\ufffd"
    assert visible_text("é 検索 <b>") == "é 検索 <b>"


@given(st.text())
def test_every_character_has_its_place_and_the_line_is_printable(text: str) -> None:
    """Nothing is dropped, and a second pass changes nothing."""
    shown = visible_text(text)

    assert len(shown) == len(text)
    assert shown.isprintable()
    assert visible_text(shown) == shown
