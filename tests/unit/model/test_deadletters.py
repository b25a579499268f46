from __future__ import annotations

from aiops.model.deadletters import kept_headers, kept_key


def test_headers_and_key_are_kept_up_to_the_stated_size() -> None:
    """A record that is nothing but headers must not make a dead letter that no topic takes."""
    small, large = ("from", b"a"), ("much", bytes(1000))
    assert kept_headers([small, small], 100) == (small, small)
    assert kept_headers([small, large, small], 100) == (small,)
    assert kept_headers([("n" * 101, b"")], 100) == ()
    assert (kept_key(b"k", 100), kept_key(None, 100), kept_key(bytes(101), 100)) == (b"k", None, None)
