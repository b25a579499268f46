"""Text by code, with a count of uses."""

from __future__ import annotations

import numpy as np

from detectors.wire.interned import FULL, InternedTexts


def codes(*values: int) -> np.ndarray:
    return np.array(values, np.int32)


def used(*texts: str) -> InternedTexts:
    """Texts that are used once each."""
    made = InternedTexts()
    made.use(codes(*(made.code(text, full=False) for text in texts)))
    made.settle()
    return made


def test_the_lowest_free_code_is_given_first() -> None:
    """Which code a text gets follows from the state alone."""
    texts = used("a", "b", "c", "d")
    texts.leave(codes(2, 0))
    assert texts.forget_unused(codes(2, 0, 0, 1, -1)).tolist() == [0, 2]
    assert [texts.code(text, full=False) for text in ("e", "d", "f", "g")] == [0, 3, 2, 4]
    assert texts.find("a") == -1


def test_a_text_that_nobody_came_to_use_is_taken_back() -> None:
    """It belonged to a series that was refused; it is no change of the table."""
    texts = used("a")
    position = texts.changes.position
    assert texts.code("b", full=False) == 1
    texts.settle()
    assert (texts.find("b"), len(texts), texts.changes.position) == (-1, 1, position)


def test_a_full_table_gives_codes_of_known_texts_alone() -> None:
    """The empty text is one like others."""
    texts = used("", "a")
    assert [texts.code(text, full=True) for text in ("a", "", "b")] == [1, 0, FULL]


def test_a_text_stays_while_one_of_its_users_does() -> None:
    """Codes below 0 stand for no text."""
    texts = used("a")
    texts.use(codes(0, -1, -2))
    texts.leave(codes(0))
    assert texts.forget_unused(codes(0)).tolist() == []
    texts.leave(codes(0, -1))
    assert texts.forget_unused(codes(0)).tolist() == [0]


def test_increments_bring_a_copy_to_the_same_state() -> None:
    """Codes that were freed, given again, and an empty text that is in use."""
    texts, copy = used("a", "b", "", "ä"), InternedTexts()
    copy.extend(texts.since(0))
    position = texts.changes.position
    texts.leave(codes(0, 1))
    texts.forget_unused(codes(0, 1))
    texts.use(codes(texts.code("new", full=False)))
    texts.settle()
    part = texts.since(position)
    assert (part["codes"].tolist(), part["free"].tolist()) == ([0, 1], [False, True])
    copy.extend(part)
    assert copy.texts == texts.texts == ["new", "", "", "ä"]
    assert [copy.code(text, full=False) for text in ("", "next", "last")] == [2, 1, 4]
